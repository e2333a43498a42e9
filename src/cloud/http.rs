//! The HTTP client that all clouds share: time-outs, user agent, and what is known when no answer comes.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use http::header::{CONTENT_TYPE, DATE};
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use super::instant;
use super::words::causes;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer may be silent.
const SILENCE: Duration = Duration::from_secs(30);
/// How long one request may take in all. A list of a thousand pools takes far less.
const TOTAL: Duration = Duration::from_secs(60);

/// A client, connected when first used.
#[derive(Debug)]
pub(crate) struct HttpClient {
    user_agent: String,
    way: Way,
    client: OnceLock<reqwest::Client>,
    /// How far the server's clock is ahead of ours, in milliseconds, by its last answer.
    ahead: AtomicI64,
}

/// By which way servers are reached.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    /// Whether a proxy of the environment is passed by: a sandbox is on this machine.
    pub direct: bool,
    /// Proxies in place of those of the environment.
    pub proxies: Option<Proxies>,
    /// Certificate authorities in place of the system's.
    pub authorities: Option<Vec<reqwest::Certificate>>,
    /// How long a connection may take to be made.
    pub connect: Duration,
    /// How long an answer may be silent.
    pub silence: Duration,
}

impl Way {
    /// As this machine reaches servers, with the common time-outs.
    pub(crate) fn new(direct: bool) -> Self {
        Way { direct, proxies: None, authorities: None, connect: CONNECT, silence: SILENCE }
    }
}

/// Proxies by the scheme of the address.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proxies {
    pub http: Option<reqwest::Proxy>,
    pub https: Option<reqwest::Proxy>,
}

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// No answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// The server never saw the request: no address, no connection, no TLS. Remedy: mend the network.
    #[error("no connection to {host}: {why}")]
    NotSent { host: String, why: String },
    /// The request was sent, and it is open what the server did with it.
    #[error("the connection to {host} broke before an answer came: {why}")]
    Lost { host: String, why: String },
}

impl HttpClient {
    /// A client that connects to nothing yet.
    pub(crate) fn new(user_agent: &str, direct: bool) -> Self {
        HttpClient::by(user_agent, Way::new(direct))
    }

    /// A client that goes this way, and connects to nothing yet.
    pub(crate) fn by(user_agent: &str, way: Way) -> Self {
        HttpClient {
            user_agent: user_agent.to_owned(),
            way,
            client: OnceLock::new(),
            ahead: AtomicI64::new(0),
        }
    }

    fn client(&self, host: &str) -> Result<&reqwest::Client, NoAnswer> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(&self.user_agent)
            .connect_timeout(self.way.connect)
            .read_timeout(self.way.silence)
            .timeout(TOTAL)
            .redirect(reqwest::redirect::Policy::none());
        if self.way.direct {
            builder = builder.no_proxy();
        }
        if let Some(proxies) = &self.way.proxies {
            builder = [&proxies.http, &proxies.https]
                .into_iter()
                .flatten()
                .fold(builder.no_proxy(), |builder, proxy| builder.proxy(proxy.clone()));
        }
        if let Some(authorities) = &self.way.authorities {
            builder = builder.tls_certs_only(authorities.iter().cloned());
        }
        let client = builder
            .build()
            .map_err(|error| NoAnswer::NotSent { host: host.to_owned(), why: describe(error) })?;
        Ok(self.client.get_or_init(|| client))
    }

    /// Sends a request and reads the whole answer. A body is JSON unless the headers say otherwise.
    pub(crate) async fn send(
        &self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, NoAnswer> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let begun = Instant::now();
        let json = body.is_some() && !headers.contains_key(CONTENT_TYPE);
        let mut request = self.client(&host)?.request(method.clone(), url.clone()).headers(headers);
        if json {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return Err(failed(host, error, &method, &url)),
        };
        let (status, headers) = (answer.status(), answer.headers().clone());
        self.set_clock(&headers);
        let body = match answer.bytes().await {
            Ok(body) => body.to_vec(),
            Err(error) => return Err(failed(host, error, &method, &url)),
        };
        tracing::debug!(%method, %url, status = status.as_u16(), ms = begun.elapsed().as_millis(), "answered");
        Ok(Answer { status, headers, body })
    }

    fn set_clock(&self, headers: &HeaderMap) {
        let Some(date) = headers.get(DATE).and_then(|date| date.to_str().ok()) else { return };
        let Ok(theirs) = httpdate::parse_http_date(date) else { return };
        let ours = instant::now();
        let millis = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        let ahead = match theirs.duration_since(ours) {
            Ok(ahead) => millis(ahead),
            Err(behind) => -millis(behind.duration()),
        };
        self.ahead.store(ahead, Ordering::Relaxed);
    }

    /// The time by the server's clock, as far as its answers have told it; to a second.
    pub(crate) fn server_time(&self) -> SystemTime {
        let ahead = self.ahead.load(Ordering::Relaxed);
        let span = Duration::from_millis(ahead.unsigned_abs());
        let now = instant::now();
        if ahead >= 0 { now + span } else { now - span }
    }
}

fn failed(host: String, error: reqwest::Error, method: &Method, url: &Url) -> NoAnswer {
    let not_sent = error.is_connect() || error.is_builder();
    let why = describe(error);
    tracing::debug!(%method, %url, %why, "no answer");
    if not_sent { NoAnswer::NotSent { host, why } } else { NoAnswer::Lost { host, why } }
}

/// The whole chain of causes, without the URL, which the message around it names better.
fn describe(error: reqwest::Error) -> String {
    let timed_out = error.is_timeout();
    let mut text = causes(&error.without_url());
    if timed_out && !text.contains("timed out") {
        text.push_str(" (timed out)");
    }
    text
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    async fn get(url: &str) -> (HttpClient, Result<Answer, NoAnswer>) {
        let client = HttpClient::new("test", true);
        let answer = client.send(Method::GET, Url::parse(url).unwrap(), HeaderMap::new(), None).await;
        (client, answer)
    }

    /// Serves one connection with these bytes, then closes it.
    async fn serve(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        format!("http://{address}/")
    }

    #[tokio::test]
    async fn a_refused_connection_was_not_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let (_, answer) = get(&format!("http://{address}/")).await;
        assert!(matches!(answer, Err(NoAnswer::NotSent { .. })), "{answer:?}");
    }

    #[tokio::test]
    async fn a_connection_cut_before_or_within_the_answer_is_lost() {
        for cut in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"] {
            let url = serve(cut).await;
            let (_, answer) = get(&url).await;
            assert!(matches!(answer, Err(NoAnswer::Lost { .. })), "{answer:?}");
        }
    }

    #[tokio::test]
    async fn the_servers_clock_is_kept() {
        let url =
            serve("HTTP/1.1 200 OK\r\ndate: Fri, 01 Jan 2100 00:00:00 GMT\r\ncontent-length: 2\r\n\r\n{}")
                .await;
        let (client, answer) = get(&url).await;
        assert_eq!(answer.unwrap().body, b"{}");
        let expected = httpdate::parse_http_date("Fri, 01 Jan 2100 00:00:00 GMT").unwrap();
        let difference = client.server_time().duration_since(expected).unwrap_or_default();
        assert!(difference < Duration::from_secs(5), "{difference:?}");
    }
}
