//! A server on loopback that stands for all of AWS.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::Client;
use crate::cloud::eks::parts::Place;
use crate::cloud::settings::{AwsEndpoints, AwsSettings, Settings};

/// The cluster of the tests.
pub(crate) const PLACE: Place<'_> =
    Place { partition: "aws", region: "us-east-1", account: "123456789012", cluster: "main" };

/// What was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) url: Url,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Asked {
    /// A field of the form that was sent.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let mut fields = url::form_urlencoded::parse(self.body.as_bytes());
        fields.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }

    /// The action of the form, else the path.
    pub(crate) fn what(&self) -> String {
        self.field("Action").unwrap_or_else(|| self.url.path().to_owned())
    }

    /// The id of the key that signed it.
    pub(crate) fn key(&self) -> String {
        let scope = self.headers["authorization"].split_once("Credential=").unwrap().1;
        scope.split('/').next().unwrap().to_owned()
    }
}

type Answers = dyn Fn(&Asked) -> (u16, String) + Send + Sync;

/// The server.
#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) base: Url,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// What STS says of a caller of this account.
pub(crate) fn caller(account: &str) -> String {
    format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::{account}:user/ann</Arn><UserId>AIDA</UserId><Account>{account}</Account>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>\
         </GetCallerIdentityResponse>"
    )
}

impl Fake {
    /// Answers every request by `answer`: a status and a body. Who calls is told first, as of the cluster's account.
    pub(crate) async fn serve(answer: impl Fn(&Asked) -> (u16, String) + Send + Sync + 'static) -> Fake {
        Fake::bare(move |asked| match asked.what().as_str() {
            "GetCallerIdentity" => (200, caller(PLACE.account)),
            _ => answer(asked),
        })
        .await
    }

    /// Answers every request by `answer`.
    pub(crate) async fn bare(answer: impl Fn(&Asked) -> (u16, String) + Send + Sync + 'static) -> Fake {
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

    async fn answer(&self, mut stream: TcpStream, answer: &Answers) {
        let mut bytes = Vec::new();
        let (head, body) = loop {
            let mut more = [0; 4096];
            let count = stream.read(&mut more).await.unwrap();
            assert!(count > 0, "a request without an end");
            bytes.extend_from_slice(&more[..count]);
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
                let lengths = head.lines().filter_map(|line| line.split_once(':'));
                let length = lengths
                    .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                    .find_map(|(_, length)| length.trim().parse().ok())
                    .unwrap_or(0);
                if bytes.len() >= end + 4 + length {
                    break (head, String::from_utf8(bytes[end + 4..end + 4 + length].to_vec()).unwrap());
                }
            }
        };
        let mut lines = head.lines();
        let mut first = lines.next().unwrap().split(' ');
        let (method, path) = (first.next().unwrap().to_owned(), first.next().unwrap());
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let asked = Asked { method, url: self.base.join(path).unwrap(), headers, body };
        self.asked.lock().unwrap().push(asked.clone());
        // What is asked for at once must not be answered before it is all there.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let (status, body) = answer(&asked);
        let text = format!(
            "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\nx-amzn-requestid: r1\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// What was asked, in this order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// What each request was about.
    pub(crate) fn actions(&self) -> Vec<String> {
        self.asked().iter().map(Asked::what).collect()
    }

    /// The last request.
    pub(crate) fn last(&self) -> Asked {
        self.asked().pop().unwrap()
    }

    /// Everything of AWS here, with a key that nobody knows, and no second attempt.
    pub(crate) fn settings(&self) -> AwsSettings {
        let at = |service: &str| Some(format!("{}{service}", self.base));
        AwsSettings {
            access_key: Some("AKIDEXAMPLE".to_owned()),
            secret_key: Some("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned()),
            region: Some("us-east-1".to_owned()),
            endpoints: AwsEndpoints {
                eks: at("eks"),
                ec2: at("ec2"),
                sts: at("sts"),
                autoscaling: at("autoscaling"),
            },
            max_retries: Some(0),
            ..AwsSettings::default()
        }
    }

    /// A client that asks here.
    pub(crate) fn client(&self) -> Client {
        client(self.settings())
    }
}

/// A client with these settings.
pub(crate) fn client(aws: AwsSettings) -> Client {
    Client::new(&Settings { aws, user_agent: "gpuslice/test".to_owned(), ..Settings::default() })
}
