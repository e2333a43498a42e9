//! The HTTP server: loopback only, with connections that can be cut where a cloud would answer.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{fmt, io};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use hyper_util::server::graceful::GracefulShutdown;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

use super::actors::Actors;
use super::clock::{self, millis};
use super::clouds::Cloud;
use super::faults::{FaultError, Faults};
use super::handling::{Inner, Sandbox};
use super::kubernetes::{self, Authority, AuthorityError, Doors, Opened};
use super::record::Recorder;
use super::state::{StateError, World};
use super::{answering, control};

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
    /// The clusters' certificates cannot be made, or those of the state file are damaged; the text says which.
    #[error("{0}")]
    Certificates(String),
    /// A fault of the command line is wrong; the text names the choices.
    #[error("--fault {spec}: {reason}")]
    Fault {
        /// As given.
        spec: String,
        /// What is wrong.
        reason: String,
    },
}

impl From<AuthorityError> for StartError {
    fn from(error: AuthorityError) -> Self {
        Self::Certificates(error.to_string())
    }
}

/// A sandbox that listens and can be told to serve.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    sandbox: Arc<Sandbox>,
    tls: Arc<ServerConfig>,
    /// API servers whose ports have just been opened.
    opened: UnboundedReceiver<Opened>,
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
        let world = match kept {
            Some(world) => world,
            None => World::seeded(clock::now(), options.seed, Authority::new()?),
        };
        let tls = world.authority.tls()?;
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
        let (doors, opened) = Doors::new(options.listen);
        let sandbox = Arc::new(Sandbox {
            latency: millis(options.latency),
            answer_delay: options.answer_delay,
            seed: options.seed,
            state: options.state,
            recorder,
            doors,
            inner: Mutex::new(Inner { world, faults, actors: Actors::default(), unsaved: false }),
        });
        Ok(Self { listener, address, sandbox, tls, opened })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `end` is over, then lets requests under way finish for a second.
    pub async fn serve(mut self, end: impl Future<Output = ()>) {
        let router = router(Arc::clone(&self.sandbox));
        let graceful = Arc::new(GracefulShutdown::new());
        let mut end = std::pin::pin!(end);
        // Ends with this function, and the API servers with it.
        let mut clusters = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                Some(door) = self.opened.recv() => {
                    let (sandbox, tls) = (Arc::clone(&self.sandbox), Arc::clone(&self.tls));
                    let graceful = Arc::clone(&graceful);
                    clusters.spawn(kubernetes::listen(sandbox, tls, door, move || graceful.watcher()));
                    continue;
                }
                () = &mut end => break,
            };
            match accepted {
                Ok((stream, _)) => {
                    tokio::spawn(answering::serve(stream, router.clone(), graceful.watcher()));
                }
                // Out of file descriptors, most likely: give connections time to close.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        clusters.shutdown().await;
        if let Some(graceful) = Arc::into_inner(graceful) {
            let _ = tokio::time::timeout(FAREWELL, graceful.shutdown()).await;
        }
    }
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

fn router(sandbox: Arc<Sandbox>) -> Router {
    control::routes().fallback(cloud).with_state(sandbox)
}

/// Everything that is not the sandbox's own API goes to a cloud.
async fn cloud(State(sandbox): State<Arc<Sandbox>>, request: Request) -> Response {
    let mut call = match answering::call_of(request).await {
        Ok(call) => call,
        Err(response) => return response,
    };
    let Some(cloud) = Cloud::at(&mut call) else {
        return answering::plain(
            StatusCode::NOT_FOUND,
            "no cloud has this path. GKE is at /v1/, Compute Engine at /compute/v1/, Azure Resource Manager at \
             /subscriptions/, AWS at /eks, /ec2, /sts and /autoscaling, the sandbox's own API at /sandbox/\n",
        );
    };
    let reply = sandbox.handle(cloud, call).await;
    answering::respond(&sandbox, reply)
}
