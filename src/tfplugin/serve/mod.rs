//! From `exec` to exit: who started us, how they reach us safely, and when nobody wants us any more.
//!
//! A host starts a provider three times for one plan, so nothing is made before it is needed and nothing is waited
//! for at the end. The order of events: cookie and certificate (`handshake`), a socket (`listener`), mutual TLS
//! (`tls`), connections (`connection`) to the gRPC services (`control` and `crate::tfplugin::rpc`), and an exit
//! when the host asks for it or has died (`activity`).

mod about;
mod activity;
mod connection;
mod control;
mod handshake;
mod listener;
mod reattach;
mod signals;
mod tls;

use std::ffi::OsString;
use std::future::Future;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

pub use about::About;
pub(in crate::tfplugin) use activity::{Activity, Busy};

use crate::tfplugin::proto::plugin::grpc_broker_server::GrpcBrokerServer;
use crate::tfplugin::proto::plugin::grpc_controller_server::GrpcControllerServer;
use crate::tfplugin::proto::plugin::grpc_stdio_server::GrpcStdioServer;
use crate::tfplugin::proto::tfplugin6::provider_server::ProviderServer;
use crate::tfplugin::rpc::Service;
use crate::tfplugin::{Provider, log, panic};

use control::Control;
use handshake::Host;
use listener::Listener;

/// Requests hold whole configurations and states. gRPC's usual 4 MiB is little for a large one; this is the limit
/// that providers written in Go have.
const LARGEST_REQUEST: usize = 256 << 20;

/// A host that asked us to end kills us two seconds later: what still runs has until then to return.
const LAST_CALLS: Duration = Duration::from_millis(1500);

/// For the answer to `Shutdown` to reach a host that does not close its connection.
const LAST_BYTES: Duration = Duration::from_millis(100);

/// Why a provider could not serve. None of these is met by a person who uses it through a host as it comes.
#[derive(Debug, thiserror::Error)]
enum ServeError {
    /// The host was told to switch encryption off. Remedy: unset `TF_DISABLE_PLUGIN_TLS`.
    #[error(
        "the provider refuses to run unencrypted, because other users of this machine could then use its \
         credentials: unset TF_DISABLE_PLUGIN_TLS (no certificate in PLUGIN_CLIENT_CERT)"
    )]
    NoClientCertificate,
    /// See [`tls::TlsError`].
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    /// Debug mode has no encryption, so it needs a socket that only one user can reach.
    #[cfg(not(unix))]
    #[error("--debug needs unix sockets, which this system does not have")]
    NoDebugMode,
    /// No place for a socket, or none left in the system. Remedy: a writable, short `TMPDIR`.
    #[error(
        "making a socket for Terraform failed: {0} (is the folder for temporary files, TMPDIR, writable?)"
    )]
    Socket(io::Error),
    /// The system refused threads, timers or signal handlers.
    #[error("starting up failed: {0}")]
    Start(io::Error),
    /// The gRPC server ended by itself.
    #[error("serving failed: {0}")]
    Transport(#[from] tonic::transport::Error),
}

/// What the command line asks for.
enum Task {
    Serve,
    Debug,
    Version,
    Explain,
}

fn task(arguments: impl Iterator<Item = OsString>, host: &Host) -> Task {
    let arguments: Vec<_> = arguments.collect();
    match arguments.iter().map(|argument| argument.to_str()).collect::<Vec<_>>().as_slice() {
        [Some("--debug" | "-debug")] => Task::Debug,
        [Some("--version" | "-version" | "version")] => Task::Version,
        [] if host.is_host => Task::Serve,
        _ => Task::Explain,
    }
}

/// Runs the process of a provider: serves a host, or a debugger with `--debug`, or tells a person what this is.
///
/// `main` does nothing else. The exit code is 0 after serving and 1 when there was nobody to serve; the reason is
/// then on standard error.
pub fn serve<P: Provider + 'static>(about: About, provider: impl FnOnce() -> P) -> ExitCode {
    let host = Host::from_env();
    let served = match task(std::env::args_os().skip(1), &host) {
        Task::Serve => run(|| async { serve_host(about, &host, provider()).await }),
        Task::Debug => run(|| async { serve_debugger(about, provider()).await }),
        Task::Version => {
            let _ = writeln!(io::stdout(), "{}", about.version_line());
            return ExitCode::SUCCESS;
        }
        Task::Explain => {
            let _ = io::stderr().write_all(about.explanation().as_bytes());
            return ExitCode::FAILURE;
        }
    };
    let Err(error) = served else { return ExitCode::SUCCESS };
    let _ = writeln!(io::stderr(), "Error: {error}");
    if host.is_host {
        // A host shows standard error only in its logs, but the first line of standard output in its error message.
        let _ = writeln!(io::stdout(), "terraform-provider-{}: {error}", about.name);
    }
    ExitCode::FAILURE
}

/// Runs to the end, and does not wait for what is still running then.
fn run<F: Future<Output = Result<(), ServeError>>>(main: impl FnOnce() -> F) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 4)))
        .enable_all()
        .build()
        .map_err(ServeError::Start)?;
    let served = runtime.block_on(main());
    runtime.shutdown_background();
    served
}

async fn serve_host<P: Provider + 'static>(about: About, host: &Host, provider: P) -> Result<(), ServeError> {
    let client = host.client_certificate.as_deref().ok_or(ServeError::NoClientCertificate)?;
    panic::install_hook();
    log::install(about.name, about.log_targets);
    let tls = tls::server(client)?;
    let listener = Listener::bind(host.socket_dir.as_deref()).await.map_err(ServeError::Socket)?;

    let process = Process::new(provider, true);
    signals::leave_to_host(process.service.calls(), Arc::clone(&process.activity), process.shutdown.clone())
        .map_err(ServeError::Start)?;
    announce(&handshake::line(listener.address(), &tls.certificate)).map_err(ServeError::Start)?;
    process.serve(listener, Some(tls.config), true).await
}

async fn serve_debugger<P: Provider + 'static>(about: About, provider: P) -> Result<(), ServeError> {
    #[cfg(not(unix))]
    return Err(ServeError::NoDebugMode);
    #[cfg(unix)]
    {
        panic::install_hook();
        log::install(about.name, about.log_targets);
        let listener = Listener::bind_unix(None).map_err(ServeError::Socket)?;
        let process = Process::new(provider, false);
        signals::end_on_interrupt(process.shutdown.clone());
        announce(&reattach::instructions(about.address, listener.address())).map_err(ServeError::Start)?;
        process.serve(listener, None, false).await
    }
}

/// Standard output is the host's to read: one announcement, and never a word more.
fn announce(text: &str) -> io::Result<()> {
    let mut output = io::stdout();
    output.write_all(text.as_bytes())?;
    output.flush()
}

/// The parts that live as long as the process.
struct Process {
    service: Service,
    control: Control,
    activity: Arc<Activity>,
    shutdown: CancellationToken,
}

impl Process {
    fn new<P: Provider + 'static>(provider: P, ends_on_request: bool) -> Self {
        let activity = Arc::new(Activity::default());
        let shutdown = CancellationToken::new();
        Self {
            service: Service::with_activity(provider, Arc::clone(&activity)),
            control: Control::new(shutdown.clone(), ends_on_request),
            activity,
            shutdown,
        }
    }

    /// Serves until `Shutdown`, or until the host has gone, if there is `one_host` that may go.
    async fn serve(
        self,
        listener: Listener,
        tls: Option<Arc<rustls::ServerConfig>>,
        one_host: bool,
    ) -> Result<(), ServeError> {
        let Self { service, control, activity, shutdown } = self;
        let calls = service.calls();
        let (sender, connections) = mpsc::channel(16);
        let accepting = tokio::spawn(connection::accept(listener, tls, Arc::clone(&activity), sender));
        let server = Server::builder()
            .add_service(ProviderServer::new(service).max_decoding_message_size(LARGEST_REQUEST))
            .add_service(GrpcControllerServer::new(control.clone()))
            .add_service(GrpcStdioServer::new(control.clone()))
            .add_service(GrpcBrokerServer::new(control))
            .serve_with_incoming_shutdown(
                ReceiverStream::new(connections),
                shutdown.clone().cancelled_owned(),
            );
        let farewell = async {
            shutdown.cancelled().await;
            calls.stop();
            let _ = tokio::time::timeout(LAST_CALLS, activity.no_calls()).await;
            let _ = tokio::time::timeout(LAST_BYTES, activity.no_connections()).await;
        };
        let served = tokio::select! {
            served = server => {
                // The host has closed its connection. What still runs can tell it nothing, but may end in good order.
                calls.stop();
                let _ = tokio::time::timeout(LAST_CALLS, activity.no_calls()).await;
                served.map_err(ServeError::from)
            }
            () = farewell => Ok(()),
            () = activity.orphaned(), if one_host => Ok(()),
        };
        // The socket's folder goes with the listener, which the task holds.
        accepting.abort();
        let _ = accepting.await;
        served
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(arguments: &[&str], is_host: bool) -> Task {
        let host = Host { is_host, ..Host::default() };
        task(arguments.iter().map(OsString::from), &host)
    }

    #[test]
    fn only_a_host_is_served_without_being_asked() {
        assert!(matches!(asked(&[], true), Task::Serve));
        assert!(matches!(asked(&[], false), Task::Explain));
        assert!(matches!(asked(&["--debug"], false), Task::Debug));
        assert!(matches!(asked(&["-debug"], false), Task::Debug));
        assert!(matches!(asked(&["--version"], false), Task::Version));
        assert!(matches!(asked(&["plan"], false), Task::Explain));
        assert!(matches!(asked(&["--debug", "x"], true), Task::Explain));
    }
}
