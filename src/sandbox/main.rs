//! `gpuslice-sandbox`: the command line of the embedded clouds.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use gpuslice::duration::GoDuration;
use gpuslice::sandbox::{self, Options, Server};

/// Clouds in a box: node pools with GPUs cut into slices, without an account.
#[derive(Debug, Parser)]
#[command(name = "gpuslice-sandbox", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the clouds until SIGTERM or SIGINT.
    Serve {
        /// Loopback address to listen on; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:8642", value_name = "ADDRESS")]
        listen: SocketAddr,
        /// Keep the world in this file over restarts.
        #[arg(long, value_name = "FILE")]
        state: Option<PathBuf>,
        /// Append a JSON line for each exchange with a cloud to this file.
        #[arg(long, value_name = "FILE")]
        record: Option<PathBuf>,
        /// How long an operation takes.
        #[arg(long, default_value = "2s", value_name = "DURATION")]
        latency: GoDuration,
        /// How long each answer of a cloud takes.
        #[arg(long, default_value = "0", value_name = "DURATION")]
        answer_delay: GoDuration,
        /// A fault from the start on. GET /sandbox/faults lists the kinds and their keys.
        #[arg(long = "fault", value_name = "KIND:KEY=VALUE,...")]
        faults: Vec<String>,
        /// Makes names and ids; the same seed gives the same ones.
        #[arg(long, default_value_t = 1, value_name = "NUMBER")]
        seed: u64,
    },
    /// Print a kubeconfig for a cluster of a running sandbox.
    Kubeconfig {
        /// The cluster's id; GET /sandbox/clusters lists them.
        #[arg(long, value_name = "ID")]
        cluster: String,
        /// Where the sandbox listens.
        #[arg(long, default_value = "http://127.0.0.1:8642", value_name = "URL")]
        url: String,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Serve { listen, state, record, latency, answer_delay, faults, seed } => {
            let (latency, answer_delay) = (latency.0, answer_delay.0);
            serve(Options { listen, state, record, latency, answer_delay, faults, seed }).await
        }
        Command::Kubeconfig { cluster, url } => print_kubeconfig(&url, &cluster).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "gpuslice-sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn print_kubeconfig(url: &str, cluster: &str) -> Result<(), Box<dyn std::error::Error>> {
    let text = sandbox::kubeconfig(url, cluster).await?;
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

async fn serve(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    let end = end()?;
    let server = Server::start(options).await?;
    let mut out = std::io::stdout();
    writeln!(out, "gpuslice-sandbox listening on http://{}", server.address())?;
    out.flush()?;
    server.serve(end).await;
    Ok(())
}

/// Over when the process is asked to end.
#[cfg(unix)]
fn end() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Over when the process is asked to end.
#[cfg(not(unix))]
fn end() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a handler for Ctrl-C the system ends the process by itself.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
