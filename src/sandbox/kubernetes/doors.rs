//! The ports of the API servers: one for each cluster, opened when somebody first asks where the cluster is.
//!
//! A port of its own tells clusters apart for every client: GKE hands out a bare host, without a path.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc;

/// Ports beyond the first one that are tried.
const TRIES: u16 = 100;

/// A door that was opened: the cluster's id, and what listens for it.
pub(crate) type Opened = (String, TcpListener);

/// All doors.
#[derive(Debug)]
pub(crate) struct Doors {
    ip: IpAddr,
    /// The port to begin with; none takes what the system gives.
    first: Option<u16>,
    open: Mutex<BTreeMap<String, SocketAddr>>,
    opened: mpsc::UnboundedSender<Opened>,
}

impl Doors {
    /// Doors beside the sandbox's own address, and where the opened ones come out.
    pub(crate) fn new(asked: SocketAddr) -> (Self, mpsc::UnboundedReceiver<Opened>) {
        let (opened, doors) = mpsc::unbounded_channel();
        let first = asked.port().checked_add(1).filter(|_| asked.port() != 0);
        (Self { ip: asked.ip(), first, open: Mutex::default(), opened }, doors)
    }

    /// Where a cluster's API server listens, `127.0.0.1:8643`. Opened now if it was not.
    pub(crate) fn address(&self, cluster: &str) -> io::Result<SocketAddr> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(address) = open.get(cluster) {
            return Ok(*address);
        }
        let listener = self.bind()?;
        let address = listener.local_addr()?;
        open.insert(cluster.to_owned(), address);
        listener.set_nonblocking(true)?;
        // Nobody takes it when the sandbox is about to end; then nobody answers there either.
        let _ = self.opened.send((cluster.to_owned(), listener));
        Ok(address)
    }

    fn bind(&self) -> io::Result<TcpListener> {
        let wanted = self
            .first
            .into_iter()
            .flat_map(|first| (0..TRIES).filter_map(move |step| first.checked_add(step)));
        for port in wanted {
            if let Ok(listener) = TcpListener::bind((self.ip, port)) {
                return Ok(listener);
            }
        }
        TcpListener::bind((self.ip, 0))
    }
}
