//! A plugin host made of parts that can be taken away: the cookie, the certificate, the key.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::{Request, Uri};
use prost::Message;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, PKCS_ECDSA_P521_SHA512};
use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::{self, sign::any_supported_type};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;

use super::probe_binary;
use crate::support::command::{self, Running};

const COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");

/// For what should happen at once, on a machine that may be busy.
pub(super) const SOON: Duration = Duration::from_secs(20);

/// A certificate of the kind that Terraform makes for each provider process, and its key.
pub(super) struct Identity {
    key: KeyPair,
    pub(super) certificate: rcgen::Certificate,
}

impl Identity {
    pub(super) fn new() -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self { key, certificate }
    }

    /// This certificate with somebody else's key: what a thief has who read the environment of the provider.
    pub(super) fn with_key_of(&self, other: &Identity) -> Shown {
        Shown::Certificate(self.certificate.der().clone(), other.key.serialize_der())
    }

    pub(super) fn shown(&self) -> Shown {
        self.with_key_of(self)
    }
}

/// What a client shows to the provider.
pub(super) enum Shown {
    Nothing,
    Certificate(CertificateDer<'static>, Vec<u8>),
}

/// A command that starts the probe provider with the cookie, and with nothing else of this test's environment.
pub(super) fn plugin() -> Command {
    let mut command = Command::new(probe_binary());
    command.env_clear().env(COOKIE.0, COOKIE.1);
    command
}

/// A running probe provider and the host that started it.
pub(super) struct Plugin {
    pub(super) process: Running,
    pub(super) host: Identity,
    pub(super) socket: PathBuf,
    certificate: CertificateDer<'static>,
    /// A provider that a test kills leaves its socket behind: here, where it goes with the test.
    _temporary: tempfile::TempDir,
}

impl Plugin {
    pub(super) fn start() -> Self {
        Self::start_as(plugin())
    }

    pub(super) fn start_as(mut command: Command) -> Self {
        let host = Identity::new();
        let temporary = tempfile::tempdir().unwrap();
        command.env("TMPDIR", temporary.path());
        command.env("PLUGIN_CLIENT_CERT", host.certificate.pem());
        let mut process = command::spawn(command);
        process.wait_until_said("\n", SOON);
        let said = process.said();
        let fields: Vec<_> = said.trim_end().split('|').collect();
        assert_eq!(&fields[..3], ["1", "6", "unix"], "{said}");
        assert_eq!(fields[4], "grpc", "{said}");
        assert_eq!(fields.len(), 6, "{said}");
        let socket = PathBuf::from(fields[3]);
        let certificate = CertificateDer::from(STANDARD_NO_PAD.decode(fields[5]).unwrap());
        Self { process, host, socket, certificate, _temporary: temporary }
    }

    /// Connects as the host does.
    pub(super) async fn connect(&self) -> Connection {
        self.connect_showing(self.host.shown()).await.unwrap()
    }

    /// Connects with whatever one has. In TLS 1.3 a client learns only from the first answer that it was refused,
    /// so an error may also come with the first call.
    pub(super) async fn connect_showing(&self, shown: Shown) -> Result<Connection, String> {
        let stream = UnixStream::connect(&self.socket).await.map_err(|error| error.to_string())?;
        let connector = TlsConnector::from(Arc::new(client_config(self.certificate.clone(), shown)));
        let name = ServerName::try_from("localhost").unwrap();
        let stream = connector.connect(name, stream).await.map_err(|error| error.to_string())?;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        Connection::over(stream).await
    }

    /// Connects without encryption.
    pub(super) async fn connect_plainly(&self) -> Result<Connection, String> {
        plainly(&self.socket).await
    }
}

/// Connects to a socket without encryption.
pub(super) async fn plainly(socket: &std::path::Path) -> Result<Connection, String> {
    Connection::over(UnixStream::connect(socket).await.map_err(|error| error.to_string())?).await
}

/// An HTTP/2 connection on which gRPC is spoken.
pub(super) struct Connection {
    requests: h2::client::SendRequest<bytes::Bytes>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Ends the connection as soon as the runtime gets to it, as a host's death does.
        self.task.abort();
    }
}

/// What a gRPC call came to, if not to an answer: the status code, or no answer at all.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    Status(i32, String),
    Connection(String),
}

impl Connection {
    async fn over(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<Self, String> {
        let (requests, connection) =
            h2::client::Builder::new().handshake(stream).await.map_err(|error| error.to_string())?;
        let task = tokio::spawn(async move {
            // The calls tell their own errors.
            let _ = connection.await;
        });
        Ok(Self { requests, task })
    }

    /// Closes the connection, and returns when it is closed.
    pub(super) async fn close(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }

    /// Calls `/package.Service/Method`.
    pub(super) async fn call<Q: Message, A: Message + Default>(
        &self,
        method: &str,
        request: &Q,
    ) -> Result<A, Failure> {
        let call = self.send(method, request.encode_to_vec());
        let body = tokio::time::timeout(SOON, call).await.expect("an answer in time")?;
        Ok(A::decode(body.as_slice()).expect("an answer of the right type"))
    }

    /// As [`call`](Self::call), with a body of any bytes. Waits as long as it takes.
    pub(super) async fn send(&self, method: &str, message: Vec<u8>) -> Result<Vec<u8>, Failure> {
        let broken = |error: h2::Error| Failure::Connection(error.to_string());
        let uri: Uri = format!("https://localhost/{method}").parse().unwrap();
        let request =
            Request::post(uri).header("content-type", "application/grpc").header("te", "trailers").body(());
        let mut requests = self.requests.clone().ready().await.map_err(broken)?;
        let (answer, mut body) = requests.send_request(request.unwrap(), false).map_err(broken)?;
        let mut frame = vec![0];
        frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        frame.extend(message);
        body.send_data(frame.into(), true).map_err(broken)?;
        let answer = answer.await.map_err(broken)?;
        let early = status(answer.headers());
        let mut answer = answer.into_body();
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.data().await {
            let chunk = chunk.map_err(broken)?;
            answer.flow_control().release_capacity(chunk.len()).map_err(broken)?;
            bytes.extend(chunk);
        }
        let late = answer.trailers().await.map_err(broken)?.and_then(|trailers| status(&trailers));
        match late.or(early) {
            // A stream may end without a message.
            Some((0, _)) => Ok(bytes.split_off(bytes.len().min(5))),
            Some((code, message)) => Err(Failure::Status(code, message)),
            None => Err(Failure::Connection("no status".to_owned())),
        }
    }
}

fn status(headers: &http::HeaderMap) -> Option<(i32, String)> {
    let code = headers.get("grpc-status")?.to_str().ok()?.parse().ok()?;
    let message = headers.get("grpc-message").and_then(|message| message.to_str().ok()).unwrap_or_default();
    Some((code, message.to_owned()))
}

fn client_config(server: CertificateDer<'static>, shown: Shown) -> ClientConfig {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(OneServer { certificate: server, provider }));
    let mut config = match shown {
        Shown::Nothing => builder.with_no_client_auth(),
        Shown::Certificate(certificate, key) => {
            let key = any_supported_type(&PrivateKeyDer::try_from(key).unwrap()).unwrap();
            builder.with_client_cert_resolver(Arc::new(Show(Arc::new(CertifiedKey::new(
                vec![certificate],
                key,
            )))))
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

/// Shows a certificate and signs with a key, whether they belong together or not.
#[derive(Debug)]
struct Show(Arc<CertifiedKey>);

impl ResolvesClientCert for Show {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Expects the very certificate of the handshake line.
#[derive(Debug)]
struct OneServer {
    certificate: CertificateDer<'static>,
    provider: Arc<rustls::crypto::CryptoProvider>,
}

impl ServerCertVerifier for OneServer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        assert_eq!(end_entity.as_ref(), self.certificate.as_ref());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.2 was not expected".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
