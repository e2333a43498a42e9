//! A server on loopback that stands for Microsoft Entra ID and for everything else that is asked for tokens.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use azure_core::http::{AsyncRawResponse, HttpClient as Wire, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::super::chain::Means;
use super::super::command::Command;
use super::super::transport::Shared;
use super::super::{Auth, AzureSettings};
use crate::cloud::http::HttpClient;

/// What was asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) method: String,
    /// The address that was meant, before it was led here.
    pub(super) url: Url,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
}

impl Asked {
    /// A field of the form that was sent.
    pub(super) fn field(&self, name: &str) -> Option<String> {
        let mut fields = url::form_urlencoded::parse(self.body.as_bytes());
        fields.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }

    /// A parameter of the address.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        self.url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }
}

type Answers = dyn Fn(&Asked) -> (u16, String) + Send + Sync;

/// The server, while it is held.
#[derive(Clone)]
pub(super) struct Fake {
    pub(super) base: Url,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    /// Answers every request by `answer`: a status and a body.
    pub(super) async fn serve(answer: impl Fn(&Asked) -> (u16, String) + Send + Sync + 'static) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let fake = Fake { base, asked: Arc::default() };
        let (serving, answer) = (fake.clone(), Arc::new(answer) as Arc<Answers>);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (fake, answer) = (serving.clone(), Arc::clone(&answer));
                tokio::spawn(async move { fake.answer(stream, &*answer).await });
            }
        });
        fake
    }

    /// Gives out the token `t` for an hour.
    pub(super) async fn granting() -> Fake {
        Fake::serve(|_| (200, token("t", 3600))).await
    }

    async fn answer(&self, mut stream: TcpStream, answer: &Answers) {
        let mut bytes = Vec::new();
        let (head, length) = loop {
            let mut more = [0; 4096];
            let count = stream.read(&mut more).await.unwrap();
            assert!(count > 0, "a request without an end");
            bytes.extend_from_slice(&more[..count]);
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
                let length = header(&head, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
                if bytes.len() >= end + 4 + length {
                    bytes.drain(..end + 4);
                    break (head, length);
                }
            }
        };
        let mut lines = head.lines();
        let mut first = lines.next().unwrap().split(' ');
        let (method, path) = (first.next().unwrap().to_owned(), first.next().unwrap());
        let headers: BTreeMap<String, String> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let url = match headers.get(MEANT) {
            Some(meant) => Url::parse(meant).unwrap(),
            None => self.base.join(path).unwrap(),
        };
        let body = String::from_utf8(bytes[..length].to_vec()).unwrap();
        let asked = Asked { method, url, headers, body };
        self.asked.lock().unwrap().push(asked.clone());
        // What is asked for at once must not be answered before it is all there.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let (status, body) = answer(&asked);
        let text = format!(
            "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\nretry-after: 0\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(text.as_bytes()).await.unwrap();
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The only request.
    pub(super) fn only(&self) -> Asked {
        let asked = self.asked();
        let [only] = asked.as_slice() else { panic!("one request, and not {asked:?}") };
        only.clone()
    }

    /// Credentials by the settings, whose requests all come here.
    pub(super) fn auth(&self, settings: &AzureSettings) -> Auth {
        self.auth_with(settings, Command::default())
    }

    pub(super) fn auth_with(&self, settings: &AzureSettings, command: Command) -> Auth {
        let wire = Arc::new(Led { to: self.base.clone(), wire: Shared(HttpClient::new("test", true)) });
        let means = Means { wire: Arc::clone(&wire) as _, nearby: wire as _, executor: Arc::new(command) };
        Auth::with(settings, means)
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

/// The answer of Microsoft Entra ID with a token.
pub(super) fn token(text: &str, seconds: u32) -> String {
    serde_json::json!({"token_type": "Bearer", "expires_in": seconds, "access_token": text}).to_string()
}

/// The answer of a managed identity service with a token for an hour.
pub(super) fn identity_token(text: &str) -> String {
    let expires = crate::cloud::instant::now() + std::time::Duration::from_secs(3600);
    let seconds = expires.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    serde_json::json!({
        "access_token": text, "expires_on": seconds.to_string(), "token_type": "Bearer", "resource": "r",
    })
    .to_string()
}

/// The header that tells the server which address was meant.
const MEANT: &str = "x-meant";

/// Leads encrypted requests, which go to Microsoft, to the server. What is meant for this machine goes where it is
/// meant to.
#[derive(Debug)]
struct Led {
    to: Url,
    wire: Shared,
}

#[async_trait::async_trait]
impl Wire for Led {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let mut request = request.clone();
        if request.url().host_str() != self.to.host_str() {
            let meant = request.url().to_string();
            request.insert_header(MEANT, meant);
            *request.url_mut() = self.to.clone();
        }
        self.wire.execute_request(&request).await
    }
}
