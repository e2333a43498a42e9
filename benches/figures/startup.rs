//! How fast the provider's process comes and goes. Terraform starts it several times for a single plan.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use gpuslice::tfplugin::proto::plugin::Empty;
use gpuslice::tfplugin::proto::tfplugin6::get_provider_schema;

use crate::host::{Identity, Plugin, plugin};
use crate::table::Figure;

const RUNS: usize = 21;

/// Milliseconds from exec to the handshake line, with a certificate made for mutual TLS.
pub(crate) fn handshake(_: &Path) -> Figure {
    let pem = Identity::new().certificate.pem();
    let sample = || {
        let mut command = plugin();
        command
            .env("PLUGIN_CLIENT_CERT", &pem)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let started = Instant::now();
        let mut child = command.spawn().expect("the provider starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped above")).read_line(&mut line).expect("a handshake");
        let taken = started.elapsed();
        assert!(line.starts_with("1|6|"), "no handshake: {line}");
        // It would go by itself, but only after it has waited for a client.
        child.kill().and_then(|()| child.wait()).expect("our own child");
        millis(taken)
    };
    Figure::new("exec to handshake, with mutual TLS", "ms", (0..RUNS).map(|_| sample()).collect(), 5.0)
}

/// Milliseconds of a process's first answer to `GetProviderSchema`, and from `Shutdown` to its end.
pub(crate) fn calls(_: &Path) -> Vec<Figure> {
    let (schema, shutdown) = (0..RUNS).map(|_| first_calls()).unzip();
    vec![
        Figure::new("GetProviderSchema", "ms", schema, 2.0),
        Figure::new("Shutdown to exit", "ms", shutdown, 3.0),
    ]
}

/// Asks a fresh process for its schema and then to end; how long each took.
fn first_calls() -> (f64, f64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut provider = Plugin::start();
        let connection = provider.connect().await;
        let request = get_provider_schema::Request {};
        let started = Instant::now();
        let answer: get_provider_schema::Response =
            connection.call("tfplugin6.Provider/GetProviderSchema", &request).await.expect("an answer");
        let schema = started.elapsed();
        assert!(!answer.resource_schemas.is_empty(), "an empty schema is no measurement");
        let started = Instant::now();
        let ended: Result<Empty, _> = connection.call("plugin.GRPCController/Shutdown", &Empty {}).await;
        // The process may be gone before its answer is read.
        drop(ended);
        while !provider.process.has_ended() {
            thread::sleep(Duration::from_micros(100));
        }
        (millis(schema), millis(started.elapsed()))
    })
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
