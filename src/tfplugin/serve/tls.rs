//! Mutual TLS between exactly two processes.
//!
//! A provider listens where other users of the machine may find it, and after `ConfigureProvider` it holds cloud
//! credentials. The host makes a key pair for every process it starts and hands over the certificate in
//! `PLUGIN_CLIENT_CERT`. So the server takes one client only: the one that shows exactly that certificate *and*
//! signs the handshake with its key. There is no chain to build and no authority to trust, which is why the usual
//! verifier is no help: it would refuse the host's self-signed certificate for being marked as an authority.

use std::sync::Arc;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, ServerConfig};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme,
    client::danger::HandshakeSignatureValid,
};

/// Why the server's side of the encryption could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    /// The text in the environment is no certificate: the host and this process disagree about the protocol.
    #[error("PLUGIN_CLIENT_CERT does not hold a PEM certificate: {0}")]
    ClientCertificate(rustls::pki_types::pem::Error),
    /// The system's generator or the signature failed: nothing that a setting could mend.
    #[error("making the server's certificate failed: {0}")]
    ServerCertificate(#[from] rcgen::Error),
    /// The TLS library refused our own key, certificate or versions: a defect of this build.
    #[error("setting up TLS failed: {0}")]
    Setup(#[from] rustls::Error),
}

/// The server's side: its configuration, and the certificate that the host is told on standard output.
pub(super) struct ServerTls {
    pub(super) config: Arc<ServerConfig>,
    pub(super) certificate: CertificateDer<'static>,
}

/// A fresh key and certificate, and a verifier that takes nobody but the holder of `client_pem`'s key.
pub(super) fn server(client_pem: &str) -> Result<ServerTls, TlsError> {
    let client =
        CertificateDer::from_pem_slice(client_pem.as_bytes()).map_err(TlsError::ClientCertificate)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let (certificate, key) = self_signed()?;
    let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(Arc::new(PinnedClient { certificate: client, provider }))
        .with_single_cert(vec![certificate.clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    // The host connects once; a resumed session would also skip the proof of the client's key.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(ServerTls { config: Arc::new(config), certificate })
}

/// P-256 because its keys are made in microseconds, and the host trusts this very certificate, not a strength class.
fn self_signed() -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new(["localhost".to_owned()])?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let now = time::OffsetDateTime::now_utc();
    params.not_before = now - time::Duration::minutes(5);
    params.not_after = now + time::Duration::days(3650);
    let certificate = params.self_signed(&key)?;
    Ok((certificate.der().clone(), PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()))))
}

/// Accepts one certificate, byte for byte, from the one who has its key.
#[derive(Debug)]
struct PinnedClient {
    certificate: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for PinnedClient {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if intermediates.is_empty() && end_entity.as_ref() == self.certificate.as_ref() {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_kind_of_signature_is_offered() {
        // Terraform's client key is P-521: without this scheme it would send no certificate at all.
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let (certificate, _) = self_signed().unwrap();
        let schemes = PinnedClient { certificate, provider }.supported_verify_schemes();
        assert!(schemes.contains(&SignatureScheme::ECDSA_NISTP521_SHA512));
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        let error = server("not a certificate").err().unwrap().to_string();
        assert!(error.contains("PLUGIN_CLIENT_CERT"), "{error}");
    }
}
