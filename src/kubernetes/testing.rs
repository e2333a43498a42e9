//! Clusters for the tests of this module: one whose answers a closure makes up, and a real TLS server.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::{Request, Response};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::BoxError;

use super::Cluster;
use crate::nodepool::Call;
use crate::nodepool::pools::{Checkpoint, Progress};

struct Nowhere;

impl Progress for Nowhere {
    fn checkpoint(&self, _: Checkpoint) {}
    fn warn(&self, _: String, _: String) {}
}

/// A call that may take so long.
pub(super) fn call(timeout: Duration) -> Call {
    Call {
        cancelled: CancellationToken::new(),
        deadline: Instant::now() + timeout,
        timeout,
        progress: Box::new(Nowhere),
        nodes: None,
    }
}

/// A request as a cluster sees it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    /// The verb and the path with its query, such as `GET /api/v1/nodes?limit=1`.
    pub(super) line: String,
    /// The body; null when there is none.
    pub(super) body: Value,
}

/// What a cluster has seen.
pub(super) type Log = Arc<Mutex<Vec<Seen>>>;

/// A cluster that answers with this closure's status and body. A list of bodies is a stream of lines.
pub(super) fn cluster(answer: impl Fn(&Seen) -> (u16, Value) + Send + Sync + 'static) -> (Cluster, Log) {
    let log = Log::default();
    let kept = Arc::clone(&log);
    let answer = Arc::new(answer);
    let service = tower::service_fn(move |request: Request<Body>| {
        let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
        async move {
            let (parts, body) = request.into_parts();
            let bytes = body.collect_bytes().await?;
            let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? };
            let address = parts.uri.to_string();
            let seen = Seen { line: format!("{} {}", parts.method, address.trim_end_matches('?')), body };
            log.lock().unwrap().push(seen.clone());
            let (status, body) = answer(&seen);
            let body = match body {
                Value::Array(lines) => lines.iter().map(|line| format!("{line}\n")).collect::<String>(),
                body => body.to_string(),
            };
            Ok::<_, BoxError>(Response::builder().status(status).body(Body::from(body.into_bytes()))?)
        }
    });
    (Cluster::scripted(Client::new(service, "default")), kept)
}

/// A refusal in Kubernetes' form.
pub(super) fn refusal(code: u16, reason: &str, message: &str) -> (u16, Value) {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    });
    (code, body)
}

/// A TLS server on this machine that gives every request this answer, and the PEM of its authority. It notes the
/// requests' heads.
pub(super) async fn tls_server(answer: &'static str) -> (String, String, Arc<Mutex<Vec<String>>>) {
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&heads);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, heads) = (acceptor.clone(), Arc::clone(&heads));
            tokio::spawn(async move {
                // A client that does not trust this server breaks off here.
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut request = vec![0; 16 * 1024];
                let length = stream.read(&mut request).await.unwrap_or(0);
                heads.lock().unwrap().push(String::from_utf8_lossy(&request[..length]).into_owned());
                if answer.is_empty() {
                    std::future::pending::<()>().await;
                }
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    (format!("https://{address}"), certified.cert.pem(), kept)
}
