//! The SDK's requests through the HTTP client that all clouds share: one TLS set-up, one choice of proxies, one log of
//! what was asked, and one way to tell a request that was never sent from one whose answer was lost.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient as SdkHttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http::header::USER_AGENT;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use url::Url;

use crate::cloud::http::{Answer, HttpClient, NoAnswer, Way};

/// HTTP clients by the time-outs that the SDK asks for: those of machine identities are much shorter than the others.
#[derive(Debug, Clone)]
pub(crate) struct Transport {
    user_agent: Arc<str>,
    way: Way,
    clients: Arc<Mutex<Clients>>,
}

/// Clients by how long they wait for a connection, and for anything on it.
type Clients = BTreeMap<(Duration, Duration), Arc<HttpClient>>;

impl Transport {
    /// Servers reached by this way. Connects to nothing.
    pub(crate) fn new(user_agent: &str, way: Way) -> Self {
        Transport { user_agent: user_agent.into(), way, clients: Arc::default() }
    }

    /// By which way servers are reached.
    pub(crate) fn way(&self) -> &Way {
        &self.way
    }

    /// The client with the common time-outs.
    pub(crate) fn http(&self) -> Arc<HttpClient> {
        self.with(self.way.connect, self.way.silence)
    }

    fn with(&self, connect: Duration, silence: Duration) -> Arc<HttpClient> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let made = clients.entry((connect, silence)).or_insert_with(|| {
            Arc::new(HttpClient::by(&self.user_agent, Way { connect, silence, ..self.way.clone() }))
        });
        Arc::clone(made)
    }
}

impl SdkHttpClient for Transport {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let connect = settings.connect_timeout().unwrap_or(self.way.connect);
        let silence = settings.read_timeout().unwrap_or(self.way.silence);
        let http = self.with(connect, silence);
        SharedHttpConnector::new(Connector { http, user_agent: Arc::clone(&self.user_agent) })
    }
}

#[derive(Debug)]
struct Connector {
    http: Arc<HttpClient>,
    user_agent: Arc<str>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let http = Arc::clone(&self.http);
        let user_agent = Arc::clone(&self.user_agent);
        HttpConnectorFuture::new(async move {
            let (method, url, headers, body) =
                parts(&request, &user_agent).map_err(|why| ConnectorError::user(why.into()))?;
            let answer = http.send(method, url, headers, body).await.map_err(|error| {
                let never_sent = matches!(error, NoAnswer::NotSent { .. });
                let error = ConnectorError::io(error.into());
                if never_sent { error.never_connected() } else { error }
            })?;
            response(answer).map_err(|why| ConnectorError::other(why.into(), None))
        })
    }
}

type Parts = (Method, Url, HeaderMap, Option<Vec<u8>>);

fn parts(request: &HttpRequest, user_agent: &str) -> Result<Parts, String> {
    let method = Method::from_bytes(request.method().as_bytes()).map_err(|error| error.to_string())?;
    let url = Url::parse(request.uri()).map_err(|error| format!("{error}: {:?}", request.uri()))?;
    let mut headers = HeaderMap::new();
    for (name, value) in request.headers() {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| error.to_string())?;
        headers.append(name, HeaderValue::from_str(value).map_err(|error| error.to_string())?);
    }
    // Who calls is not part of the signature.
    let sdk = headers.get(USER_AGENT).and_then(|sdk| sdk.to_str().ok()).unwrap_or_default();
    if let Ok(both) = HeaderValue::from_str(format!("{user_agent} {sdk}").trim()) {
        headers.insert(USER_AGENT, both);
    }
    // No request of ours streams.
    let body = request.body().bytes().ok_or("the body of the request is a stream")?;
    Ok((method, url, headers, (!body.is_empty()).then(|| body.to_vec())))
}

fn response(answer: Answer) -> Result<HttpResponse, String> {
    let status = answer.status.as_u16().try_into().map_err(|_| format!("the status is {}", answer.status))?;
    let mut response = HttpResponse::new(status, SdkBody::from(answer.body));
    for (name, value) in &answer.headers {
        if let Ok(value) = value.to_str() {
            response.headers_mut().append(name.as_str().to_owned(), value.to_owned());
        }
    }
    Ok(response)
}
