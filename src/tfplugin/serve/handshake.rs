//! The first line of a plugin's life: who started us, what they gave us, and what we answer on standard output.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Proves nothing; it only tells a plugin host from a person at a prompt. Source: Terraform's plugin protocol.
const COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");

/// What the host put into our environment.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Host {
    /// Whether a plugin host started us.
    pub(super) is_host: bool,
    /// The host's certificate, PEM. Absent when the host switched encryption off.
    pub(super) client_certificate: Option<String>,
    /// Where the host wants sockets to be made, if it cares.
    pub(super) socket_dir: Option<PathBuf>,
}

impl Host {
    /// Reads the process's environment.
    pub(super) fn from_env() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the handshake comes by variables; this is the one reader"
        )]
        let read = |name: &str| std::env::var_os(name);
        Self::from(read)
    }

    fn from(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        Self {
            is_host: set(COOKIE.0).is_some_and(|value| value == COOKIE.1),
            client_certificate: set("PLUGIN_CLIENT_CERT").map(|pem| pem.to_string_lossy().into_owned()),
            socket_dir: set("PLUGIN_UNIX_SOCKET_DIR").map(PathBuf::from),
        }
    }
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// A unix socket's path.
    Unix(PathBuf),
    /// An address on the loopback interface, where there are no unix sockets.
    Tcp(std::net::SocketAddr),
}

impl Address {
    /// The network's name in the handshake and in `TF_REATTACH_PROVIDERS`.
    pub(super) fn network(&self) -> &'static str {
        match self {
            Self::Unix(_) => "unix",
            Self::Tcp(_) => "tcp",
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => Path::display(path).fmt(f),
            Self::Tcp(address) => address.fmt(f),
        }
    }
}

/// The line that tells the host where to connect and whom to expect there: go-plugin's protocol 1, Terraform's
/// protocol 6. `certificate` is the server's, DER. The host speaks first if 6 is not what it wants, and names both.
pub(super) fn line(address: &Address, certificate: &[u8]) -> String {
    format!("1|6|{}|{address}|grpc|{}\n", address.network(), STANDARD_NO_PAD.encode(certificate))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(variables: &[(&str, &str)]) -> Host {
        Host::from(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn a_host_is_known_by_its_cookie() {
        assert!(host(&[COOKIE]).is_host);
        assert!(!host(&[(COOKIE.0, "something else")]).is_host);
        assert_eq!(host(&[]), Host::default());
    }

    #[test]
    fn an_empty_certificate_is_none() {
        assert_eq!(host(&[COOKIE, ("PLUGIN_CLIENT_CERT", "")]).client_certificate, None);
        assert_eq!(host(&[("PLUGIN_CLIENT_CERT", "pem")]).client_certificate.as_deref(), Some("pem"));
    }

    #[test]
    fn the_line_has_six_fields_and_unpadded_base64() {
        let unix = line(&Address::Unix("/tmp/tfp/s".into()), &[1, 2, 3, 4]);
        assert_eq!(unix, "1|6|unix|/tmp/tfp/s|grpc|AQIDBA\n");
        let tcp = line(&Address::Tcp(([127, 0, 0, 1], 10_000).into()), b"abc");
        assert_eq!(tcp, "1|6|tcp|127.0.0.1:10000|grpc|YWJj\n");
    }
}
