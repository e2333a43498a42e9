//! From a reply to HTTP: answers, answers that are cut short, connections that are cut, and watches.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body as HttpBody;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::Stream;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service as _;

use super::exchange::{Answer, Call};
use super::handling::{Reply, Sandbox};
use super::kubernetes::{Step, Watch};

/// Larger than any request of a node pool API, and than any object of Kubernetes.
const LARGEST_BODY: usize = 4 * 1024 * 1024;

/// How often an open watch looks for news.
const GLANCE: Duration = Duration::from_millis(25);

/// Marks an answer that must not be given: the connection is cut instead.
#[derive(Debug, Clone, Copy)]
struct CutHere;

/// Ends a connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("a fault cuts this connection")]
struct Cut;

type Chunks = Pin<Box<dyn Stream<Item = io::Result<Vec<u8>>> + Send>>;

/// Serves one connection until either side ends it.
pub(crate) async fn serve<S>(stream: S, router: Router, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let mut router = router.clone();
        async move {
            let answered: Result<Response, Infallible> = router.call(request.map(HttpBody::new)).await;
            match answered {
                Ok(response) if response.extensions().get::<CutHere>().is_some() => Err(Cut),
                Ok(response) => Ok(response),
                Err(never) => match never {},
            }
        }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    let connection = builder.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    // Ends in an error whenever a client goes away or a fault cuts it; neither concerns anybody here.
    let _ = watcher.watch(connection).await;
}

/// The call that an HTTP request is; a response where it cannot be one.
pub(crate) async fn call_of(request: Request) -> Result<Call, Response> {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        let text = "the request's body is cut short or larger than 4 MiB\n";
        return Err(plain(StatusCode::PAYLOAD_TOO_LARGE, text));
    };
    Ok(Call {
        method: parts.method.as_str().to_owned(),
        target: parts.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        // Clients differ in what they escape.
        path: percent_decode_str(parts.uri.path()).decode_utf8_lossy().into_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: body.to_vec(),
    })
}

/// What goes out for a reply.
pub(crate) fn respond(sandbox: &Arc<Sandbox>, reply: Reply) -> Response {
    match reply {
        Reply::Answer(answer) => {
            let bytes = answer.body.bytes();
            response(&answer, HttpBody::from(bytes))
        }
        Reply::Truncated(answer) => truncated(&answer),
        Reply::Cut => {
            let mut response = Response::new(HttpBody::empty());
            response.extensions_mut().insert(CutHere);
            response
        }
        Reply::Watch(watch) => {
            let mut response = Response::new(HttpBody::from_stream(lines(Arc::clone(sandbox), *watch)));
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
            response
        }
    }
}

/// A text of the sandbox itself.
pub(crate) fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(HttpBody::from(text));
    *response.status_mut() = status;
    response
}

/// The lines of a watch, as they come.
fn lines(sandbox: Arc<Sandbox>, watch: Watch) -> Chunks {
    Box::pin(futures_util::stream::unfold(Some((sandbox, watch)), |open| async move {
        let (sandbox, mut watch) = open?;
        loop {
            match sandbox.follow(&mut watch) {
                Step::Lines(lines) => return Some((Ok(lines), Some((sandbox, watch)))),
                Step::Nothing => tokio::time::sleep(GLANCE).await,
                Step::End => return None,
                Step::Cut => return Some((Err(io::Error::other(Cut)), None)),
            }
        }
    }))
}

/// Promises the whole body and sends half of it.
fn truncated(answer: &Answer) -> Response {
    let bytes = answer.body.bytes();
    let length = bytes.len().max(2);
    let half = bytes[..bytes.len() / 2].to_vec();
    let parts: Chunks = Box::pin(futures_util::stream::iter([Ok(half), Err(io::Error::other(Cut))]));
    let mut response = response(answer, HttpBody::from_stream(parts));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

fn response(answer: &Answer, body: HttpBody) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if let Some(kind) = answer.body.content_type() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    for (name, value) in &answer.headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response
}
