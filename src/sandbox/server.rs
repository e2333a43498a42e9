//! The HTTP server: loopback only, with connections that can be cut where a cloud would answer.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{fmt, io};

use axum::Router;
use axum::body::Body as HttpBody;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use percent_encoding::percent_decode_str;
use tokio::net::{TcpListener, TcpStream};
use tower_service::Service as _;

use super::actors::Actors;
use super::clock::{self, millis};
use super::clouds::Cloud;
use super::control;
use super::exchange::{Answer, Call};
use super::faults::{FaultError, Faults};
use super::handling::{Inner, Reply, Sandbox};
use super::record::Recorder;
use super::state::{StateError, World};

/// Larger than any request of a node pool API.
const LARGEST_BODY: usize = 4 * 1024 * 1024;

/// How long requests under way may take after the end was asked for.
const FAREWELL: Duration = Duration::from_secs(1);

/// How a sandbox is to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Keeps the world over restarts.
    pub state: Option<PathBuf>,
    /// Gets a line for each exchange with a cloud.
    pub record: Option<PathBuf>,
    /// How long an operation takes.
    pub latency: Duration,
    /// How long each answer of a cloud takes.
    pub answer_delay: Duration,
    /// Faults from the start on, `kind:key=value,…`.
    pub faults: Vec<String>,
    /// Makes names and ids.
    pub seed: u64,
}

/// Why a sandbox does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It has no authentication, so nobody else may reach it: give a loopback address.
    #[error(
        "the sandbox checks nobody's credentials and listens on loopback addresses only, such as 127.0.0.1:8642; \
         not on {0}"
    )]
    NotLoopback(SocketAddr),
    /// The address is taken or not there: give another, or port 0.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The state file cannot be used; the text says why.
    #[error("{0}")]
    State(String),
    /// The record file cannot be opened: mend the path or its rights.
    #[error("record file {}: {source}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A fault of the command line is wrong; the text names the choices.
    #[error("--fault {spec}: {reason}")]
    Fault {
        /// As given.
        spec: String,
        /// What is wrong.
        reason: String,
    },
}

/// A sandbox that listens and can be told to serve.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    sandbox: Arc<Sandbox>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Server {
    /// Opens the files and the port.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(options: Options) -> Result<Self, StartError> {
        if !is_loopback(options.listen.ip()) {
            return Err(StartError::NotLoopback(options.listen));
        }
        let mut faults = Faults::default();
        for spec in &options.faults {
            faults.add_spec(spec).map_err(|error: FaultError| StartError::Fault {
                spec: spec.clone(),
                reason: error.to_string(),
            })?;
        }
        let broken = |error: StateError| StartError::State(error.to_string());
        let kept = options.state.as_ref().map_or(Ok(None), |path| World::load(path)).map_err(broken)?;
        let world = kept.unwrap_or_else(|| World::seeded(clock::now(), options.seed));
        if let Some(path) = &options.state {
            world.save(path).map_err(broken)?;
        }
        let failed = |source| StartError::Listen { address: options.listen, source };
        let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let recorder = match options.record {
            None => None,
            Some(path) => {
                let opened = Recorder::open(&path, &format!("http://{address}"));
                Some(opened.map_err(|source| StartError::Record { path, source })?)
            }
        };
        let sandbox = Arc::new(Sandbox {
            latency: millis(options.latency),
            answer_delay: options.answer_delay,
            seed: options.seed,
            state: options.state,
            recorder,
            inner: Mutex::new(Inner { world, faults, actors: Actors::default(), unsaved: false }),
        });
        Ok(Self { listener, address, sandbox })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `end` is over, then lets requests under way finish for a second.
    pub async fn serve(self, end: impl Future<Output = ()>) {
        let router = router(Arc::clone(&self.sandbox));
        let graceful = GracefulShutdown::new();
        let mut end = std::pin::pin!(end);
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = &mut end => break,
            };
            match accepted {
                Ok((stream, _)) => serve_connection(stream, router.clone(), &graceful),
                // Out of file descriptors, most likely: give connections time to close.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        let _ = tokio::time::timeout(FAREWELL, graceful.shutdown()).await;
    }
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

fn router(sandbox: Arc<Sandbox>) -> Router {
    control::routes().fallback(cloud).with_state(sandbox)
}

/// Marks an answer that must not be given: the connection is cut instead.
#[derive(Debug, Clone, Copy)]
struct CutHere;

/// Ends a connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("a fault cuts this connection")]
struct Cut;

fn serve_connection(stream: TcpStream, router: Router, graceful: &GracefulShutdown) {
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
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        // Ends in an error whenever a client goes away or a fault cuts it; neither concerns anybody here.
        let _ = connection.await;
    });
}

/// Everything that is not the sandbox's own API goes to a cloud.
async fn cloud(State(sandbox): State<Arc<Sandbox>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        return plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the request's body is cut short or larger than 4 MiB\n",
        );
    };
    // Clients differ in what they escape.
    let path = percent_decode_str(parts.uri.path()).decode_utf8_lossy().into_owned();
    let Some(cloud) = Cloud::at(&path) else {
        return plain(
            StatusCode::NOT_FOUND,
            "no cloud has this path. GKE is at /v1/, Compute Engine at /compute/v1/, Azure Resource Manager at \
             /subscriptions/, the sandbox's own API at /sandbox/\n",
        );
    };
    let call = Call {
        method: parts.method.as_str().to_owned(),
        target: parts.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        path,
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: body.to_vec(),
    };
    match sandbox.handle(cloud, call).await {
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
    }
}

/// Promises the whole body and sends half of it.
fn truncated(answer: &Answer) -> Response {
    let bytes = answer.body.bytes();
    let length = bytes.len().max(2);
    let half = bytes[..bytes.len() / 2].to_vec();
    let parts: Pin<Box<dyn futures_util::Stream<Item = io::Result<Vec<u8>>> + Send>> =
        Box::pin(futures_util::stream::iter([Ok(half), Err(io::Error::other(Cut))]));
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

fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(HttpBody::from(text));
    *response.status_mut() = status;
    response
}
