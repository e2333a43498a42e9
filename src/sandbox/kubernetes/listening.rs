//! The API servers' TLS: who knocks at a cluster's port, and who does not get in.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use hyper_util::server::graceful::Watcher;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::access::User;
use super::doors::Opened;
use super::serving::Visitor;
use crate::sandbox::answering;
use crate::sandbox::handling::Sandbox;
use crate::sandbox::matching::Asked;

/// How long a client may take for its part of the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Takes connections to one cluster's API server for as long as the sandbox runs.
pub(crate) async fn listen(
    sandbox: Arc<Sandbox>,
    tls: Arc<ServerConfig>,
    (cluster, listener): Opened,
    connection: impl Fn() -> Watcher,
) -> std::io::Result<Infallible> {
    let listener = TcpListener::from_std(listener)?;
    let acceptor = TlsAcceptor::from(tls);
    let address = listener.local_addr().ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let visit = visit(
                    Arc::clone(&sandbox),
                    acceptor.clone(),
                    cluster.clone(),
                    address,
                    stream,
                    connection(),
                );
                tokio::spawn(visit);
            }
            // Out of file descriptors, most likely: give connections time to close.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn visit(
    sandbox: Arc<Sandbox>,
    acceptor: TlsAcceptor,
    cluster: String,
    address: Option<SocketAddr>,
    stream: TcpStream,
    watcher: Watcher,
) {
    match sandbox.unreachable(&cluster) {
        None => {}
        Some(false) => return,
        Some(true) => {
            // Nothing is said until the client gives up.
            let mut buffer = [0; 1024];
            while stream.readable().await.is_ok() && stream.try_read(&mut buffer).is_ok_and(|read| read > 0) {
            }
            return;
        }
    }
    // A client that does not trust the authority says so and leaves.
    let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await else { return };
    let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first).cloned();
    let user = certificate.and_then(|certificate| sandbox.user_of(&certificate));
    let root = address.map_or_else(String::new, |address| format!("https://{address}"));
    let door = Door { sandbox, visitor: Visitor { cluster, root, user } };
    let router = Router::new().fallback(answer).with_state(door);
    answering::serve(stream, router, watcher).await;
}

/// Behind a connection: the sandbox, and who came in.
#[derive(Debug, Clone)]
struct Door {
    sandbox: Arc<Sandbox>,
    visitor: Visitor,
}

async fn answer(State(door): State<Door>, request: Request) -> Response {
    let call = match answering::call_of(request).await {
        Ok(call) => call,
        Err(response) => return response,
    };
    let reply = door.sandbox.handle_kubernetes(&door.visitor, call).await;
    answering::respond(&door.sandbox, reply)
}

impl Sandbox {
    /// Whether nobody answers at a cluster, and whether in silence.
    fn unreachable(&self, cluster: &str) -> Option<bool> {
        let (mut inner, _) = self.present();
        let asked = Asked {
            cloud: crate::sandbox::matching::KUBERNETES,
            method: "",
            path: "",
            cluster: Some(cluster),
            verb: None,
            resource: None,
            namespace: None,
        };
        inner.faults.unreachable(&asked)
    }

    fn user_of(&self, certificate: &rustls::pki_types::CertificateDer<'_>) -> Option<User> {
        let (inner, _) = self.present();
        inner.world.authority.user(certificate)
    }
}
