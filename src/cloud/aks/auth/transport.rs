//! The shared HTTP client under the library that speaks to Microsoft Entra ID.

use std::sync::Arc;

use azure_core::Error;
use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::error::ErrorKind;
use azure_core::http::headers::Headers;
use azure_core::http::{
    AsyncRawResponse, Body, ClientOptions, ExponentialRetryOptions, HttpClient as Wire, Method, Pipeline,
    Request, RetryOptions, Transport,
};
use azure_core::time::Duration;
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::cloud::http::{Answer, HttpClient, NoAnswer};

/// How often, and how long, the library tries again by itself. A managed identity's service has its own, longer times.
const RETRIES: u32 = 4;
const RETRYING: Duration = Duration::seconds(20);

/// The length of what is quoted of an answer that is not understood, in characters.
const QUOTE: usize = 200;

/// What a request for a token goes over.
pub(super) type Transported = Arc<dyn Wire>;

/// The shared client, as the library takes it.
#[derive(Debug)]
pub(super) struct Shared(pub(super) HttpClient);

#[async_trait::async_trait]
impl Wire for Shared {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let url = request.url().clone();
        let method = method(request.method())?;
        let form = method == http::Method::POST;
        let answer =
            self.0.send(method, url.clone(), headers(request)?, body(request)?).await.map_err(failed)?;
        understandable(&url, &answer, form)?;
        let mut headers = Headers::new();
        for (name, value) in &answer.headers {
            if let Ok(value) = value.to_str() {
                headers.insert(name.as_str().to_owned(), value.to_owned());
            }
        }
        Ok(AsyncRawResponse::from_bytes(answer.status.as_u16().into(), headers, answer.body))
    }
}

fn method(method: Method) -> azure_core::Result<http::Method> {
    match method {
        Method::Get => Ok(http::Method::GET),
        Method::Post => Ok(http::Method::POST),
        other => Err(Error::with_message(
            ErrorKind::Other,
            format!("a request for a token is a GET or a POST, and not a {other}"),
        )),
    }
}

fn headers(request: &Request) -> azure_core::Result<HeaderMap> {
    let unsendable = |name: &str| {
        Error::with_message(ErrorKind::Credential, format!("the value of the header {name} cannot be sent"))
    };
    let mut headers = HeaderMap::new();
    for (name, value) in request.headers().iter() {
        let mut sent = HeaderValue::from_str(value.as_str()).map_err(|_| unsendable(name.as_str()))?;
        sent.set_sensitive(true);
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).map_err(|_| unsendable(name.as_str()))?;
        headers.insert(name, sent);
    }
    Ok(headers)
}

fn body(request: &Request) -> azure_core::Result<Option<Vec<u8>>> {
    match request.body() {
        Body::Bytes(bytes) if bytes.is_empty() => Ok(None),
        Body::Bytes(bytes) => Ok(Some(bytes.to_vec())),
        // No request for a token has such a body.
        Body::SeekableStream(_) => {
            Err(Error::with_message(ErrorKind::Other, "a request for a token cannot be a stream"))
        }
    }
}

/// Both kinds are tried again by the library: asking for a token changes nothing.
fn failed(error: NoAnswer) -> Error {
    let kind = match error {
        NoAnswer::NotSent { .. } => ErrorKind::Connection,
        NoAnswer::Lost { .. } => ErrorKind::Io,
    };
    Error::new(kind, error)
}

/// Microsoft Entra ID answers in JSON. A page of a proxy on the way must not end as "expected value at line 1".
fn understandable(url: &Url, answer: &Answer, form: bool) -> azure_core::Result<()> {
    if !form
        || answer.status.is_success()
        || serde_json::from_slice::<serde_json::Value>(&answer.body).is_ok()
    {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&answer.body);
    let quote: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(QUOTE).collect();
    let host = url.host_str().unwrap_or_default();
    let message = format!("{host} answered HTTP {} without saying why: {quote:?}", answer.status.as_u16());
    let kind = if answer.status.is_server_error() { ErrorKind::Io } else { ErrorKind::Other };
    Err(Error::with_message(kind, message))
}

/// How the library reaches the authority: over our client, with its own retries. The environment variable
/// `AZURE_AUTHORITY_HOST`, which the library would read, is none of azurerm's.
pub(super) fn options(wire: &Transported, authority: Option<&Url>) -> ClientOptions {
    let mut options = ClientOptions {
        transport: Some(Transport::new(Arc::clone(wire))),
        retry: RetryOptions::exponential(ExponentialRetryOptions {
            max_retries: RETRIES,
            max_total_elapsed: RETRYING,
            ..ExponentialRetryOptions::default()
        }),
        ..ClientOptions::default()
    };
    if let Some(authority) = authority {
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = authority.to_string();
        options.cloud = Some(Arc::new(CloudConfiguration::from(cloud)));
    }
    options
}

/// For requests of our own.
pub(super) fn pipeline(wire: &Transported) -> Pipeline {
    Pipeline::new(
        option_env!("CARGO_PKG_NAME"),
        option_env!("CARGO_PKG_VERSION"),
        options(wire, None),
        Vec::new(),
        Vec::new(),
        None,
    )
}

/// The address of the managed identity service that `msi_endpoint` and `msi_api_version` put in place of the one that
/// the library finds.
#[derive(Debug)]
pub(super) struct Diverted {
    pub(super) wire: Transported,
    pub(super) endpoint: Option<Url>,
    pub(super) api_version: Option<String>,
}

#[async_trait::async_trait]
impl Wire for Diverted {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let mut request = request.clone();
        let asked: Vec<(String, String)> = request.url().query_pairs().into_owned().collect();
        let mut url = self.endpoint.clone().unwrap_or_else(|| {
            let mut bare = request.url().clone();
            bare.set_query(None);
            bare
        });
        {
            let mut pairs = url.query_pairs_mut();
            for (name, value) in &asked {
                let version = self.api_version.as_ref().filter(|_| name == "api-version");
                pairs.append_pair(name, version.unwrap_or(value));
            }
        }
        *request.url_mut() = url;
        self.wire.execute_request(&request).await
    }
}
