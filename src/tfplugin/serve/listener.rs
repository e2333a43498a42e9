//! Where the host finds us: a unix socket in a folder that only this user may enter, or, where there are no unix
//! sockets, a port on the loopback interface.

use std::io;
use std::path::Path;

use super::handshake::Address;

/// Longest path of a socket: `sun_path` holds 104 bytes on macOS, 108 on Linux, and ends with a zero byte.
#[cfg(unix)]
const LONGEST_PATH: usize = 103;

/// A bound socket. Dropping it removes the socket's folder.
#[derive(Debug)]
pub(super) struct Listener {
    socket: Socket,
    address: Address,
    /// Holds the socket's folder for as long as the socket is there.
    #[cfg(unix)]
    _folder: Option<tempfile::TempDir>,
}

#[derive(Debug)]
enum Socket {
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
    #[cfg_attr(unix, allow(dead_code, reason = "made on Windows and in tests only"))]
    Tcp(tokio::net::TcpListener),
}

/// An accepted connection, before encryption.
#[derive(Debug)]
pub(super) enum Stream {
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
    Tcp(tokio::net::TcpStream),
}

impl Listener {
    /// Binds where this platform's hosts expect it. `folder` is the host's wish for the socket's place.
    #[cfg_attr(unix, allow(clippy::unused_async, reason = "a port is bound asynchronously, a path is not"))]
    pub(super) async fn bind(folder: Option<&Path>) -> io::Result<Self> {
        #[cfg(unix)]
        return Self::bind_unix(folder);
        #[cfg(not(unix))]
        {
            let _ = folder;
            Self::bind_tcp().await
        }
    }

    /// A unix socket, for this user alone.
    #[cfg(unix)]
    pub(super) fn bind_unix(folder: Option<&Path>) -> io::Result<Self> {
        let folder = private_folder(folder)?;
        let path = folder.path().join("s");
        let socket = tokio::net::UnixListener::bind(&path)?;
        Ok(Self { socket: Socket::Unix(socket), address: Address::Unix(path), _folder: Some(folder) })
    }

    /// A port on the loopback interface. Every local user can connect to it, so it is for encrypted use only.
    #[cfg_attr(unix, allow(dead_code, reason = "for Windows, and for tests of what Windows does"))]
    pub(super) async fn bind_tcp() -> io::Result<Self> {
        let socket = tokio::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let address = Address::Tcp(socket.local_addr()?);
        Ok(Self {
            socket: Socket::Tcp(socket),
            address,
            #[cfg(unix)]
            _folder: None,
        })
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    pub(super) async fn accept(&self) -> io::Result<Stream> {
        match &self.socket {
            #[cfg(unix)]
            Socket::Unix(socket) => socket.accept().await.map(|(stream, _)| Stream::Unix(stream)),
            Socket::Tcp(socket) => {
                let (stream, _) = socket.accept().await?;
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(stream))
            }
        }
    }
}

/// A new folder of mode 0700 with a path short enough for a socket: in the wished place, else in the system's
/// place for temporary files, else (a long `TMPDIR` is usual on macOS) in `/tmp`.
#[cfg(unix)]
fn private_folder(wish: Option<&Path>) -> io::Result<tempfile::TempDir> {
    use std::fs::Permissions;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::PermissionsExt as _;

    let temporary = std::env::temp_dir();
    let mut last = None;
    for place in [wish, Some(&temporary), Some(Path::new("/tmp"))].into_iter().flatten() {
        // "/tfp-" and eight random letters, "/s" inside.
        if place.as_os_str().as_bytes().len() + 15 > LONGEST_PATH {
            continue;
        }
        let made = tempfile::Builder::new()
            .prefix("tfp-")
            .rand_bytes(8)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(place);
        match made {
            Ok(folder) => return Ok(folder),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::other("the path of the folder for temporary files is too long")))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[tokio::test]
    async fn the_folder_is_private_and_goes_with_the_listener() {
        let listener = Listener::bind(None).await.unwrap();
        let Address::Unix(path) = listener.address().clone() else { panic!("a unix socket on unix") };
        let folder = path.parent().unwrap().to_owned();
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(path.as_os_str().len() <= LONGEST_PATH);
        drop(listener);
        assert!(!folder.exists());
    }

    #[tokio::test]
    async fn a_place_with_too_long_a_path_is_passed_over() {
        let base = tempfile::tempdir().unwrap();
        let long = base.path().join("x".repeat(100));
        std::fs::create_dir(&long).unwrap();
        let listener = Listener::bind(Some(&long)).await.unwrap();
        assert!(!listener.address().to_string().contains("xxx"));
        let short = Listener::bind(Some(base.path())).await.unwrap();
        assert!(short.address().to_string().starts_with(base.path().to_str().unwrap()));
    }

    #[tokio::test]
    async fn where_there_are_no_unix_sockets_only_this_machine_can_connect() {
        let listener = Listener::bind_tcp().await.unwrap();
        let Address::Tcp(address) = *listener.address() else { panic!("a port") };
        assert!(address.ip().is_loopback());
        let (client, server) = tokio::join!(tokio::net::TcpStream::connect(address), listener.accept());
        client.unwrap();
        assert!(matches!(server.unwrap(), Stream::Tcp(_)));
    }
}
