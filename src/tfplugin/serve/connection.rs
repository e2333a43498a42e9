//! Accepted connections on their way to the gRPC server: encrypted, counted, and never in each other's way.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

use super::activity::{Activity, Busy};
use super::listener::{Listener, Stream};

/// A client that connects and then says nothing is not the host.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A connection that may speak gRPC.
#[derive(Debug)]
pub(super) struct Connection {
    io: Io,
    _open: Busy,
}

#[derive(Debug)]
enum Io {
    Encrypted(Box<TlsStream<Stream>>),
    /// Debug mode only, on a private socket.
    Plain(Stream),
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

/// Accepts for as long as anybody takes connections from `connections`. Each handshake runs on its own, so that a
/// stranger who says nothing keeps nobody waiting. Without `tls` connections are taken as they come.
pub(super) async fn accept(
    listener: Listener,
    tls: Option<Arc<ServerConfig>>,
    activity: Arc<Activity>,
    connections: mpsc::Sender<io::Result<Connection>>,
) {
    let acceptor = tls.map(TlsAcceptor::from);
    loop {
        let stream = match listener.accept().await {
            Ok(stream) => stream,
            Err(error) => {
                // Out of file descriptors, mostly: worth another try, but not at once.
                tracing::warn!(%error, "accepting a connection failed");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Some(acceptor) = acceptor.clone() else {
            let connection = Connection { io: Io::Plain(stream), _open: activity.connection() };
            if connections.send(Ok(connection)).await.is_err() {
                return;
            }
            continue;
        };
        let (activity, connections) = (Arc::clone(&activity), connections.clone());
        tokio::spawn(async move {
            match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => {
                    let connection =
                        Connection { io: Io::Encrypted(Box::new(stream)), _open: activity.connection() };
                    // The receiver is gone only when the server has ended.
                    let _ = connections.send(Ok(connection)).await;
                }
                Ok(Err(error)) => tracing::warn!(%error, "refused a client that is not the host"),
                Err(_) => tracing::warn!("refused a client that did not finish its handshake"),
            }
        });
    }
}

/// Forwards the byte stream traits to the variants, which are all `Unpin`.
macro_rules! forward {
    ($type:ty, |$this:ident| $inner:expr) => {
        impl AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                let $this = self.get_mut();
                $inner.poll_read(cx, buf)
            }
        }

        impl AsyncWrite for $type {
            fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
                let $this = self.get_mut();
                $inner.poll_write(cx, buf)
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                let $this = self.get_mut();
                $inner.poll_flush(cx)
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                let $this = self.get_mut();
                $inner.poll_shutdown(cx)
            }
        }
    };
}

trait Bytes: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Bytes for T {}

impl Stream {
    fn bytes(&mut self) -> Pin<&mut (dyn Bytes + '_)> {
        match self {
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream),
            Self::Tcp(stream) => Pin::new(stream),
        }
    }
}

impl Connection {
    fn bytes(&mut self) -> Pin<&mut (dyn Bytes + '_)> {
        match &mut self.io {
            Io::Encrypted(stream) => Pin::new(stream.as_mut()),
            Io::Plain(stream) => stream.bytes(),
        }
    }
}

forward!(Stream, |this| this.bytes());
forward!(Connection, |this| this.bytes());
