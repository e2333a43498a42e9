//! The certificate authority of all clusters, the servers' certificate, and client certificates.
//!
//! Made once for a world and kept with it, so that a kubeconfig outlives a restart with `--state`. The keys protect
//! nothing: the sandbox takes any token, and is reached from this machine only.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde::{Deserialize, Serialize};

use super::access::{Rights, User};

/// The names under which a server of the sandbox is reached.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The administrator whose certificate AKS hands out where there is no Entra ID, under the name that AKS gives it.
const ADMINISTRATOR: &str = "masterclient";

/// Members may do everything.
const MASTERS: &str = "system:masters";

/// A certificate cannot be made or read. Nothing that a user does leads here but a state file changed by hand.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthorityError {
    /// The library made none.
    #[error("the sandbox's certificates cannot be made: {0}")]
    Make(#[from] rcgen::Error),
    /// TLS does not take them.
    #[error("the sandbox's certificates cannot be used: {0}")]
    Use(#[from] rustls::Error),
    /// As above, for clients.
    #[error("the sandbox's certificates cannot be used for clients: {0}")]
    Clients(#[from] rustls::server::VerifierBuilderError),
    /// The state file's copy is damaged: remove the file to start anew.
    #[error("the certificates in the state file are damaged ({0}); remove the file to start anew")]
    Damaged(#[from] rustls::pki_types::pem::Error),
}

/// A certificate and its key, PEM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// The authority and what it has signed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Authority {
    /// Its own certificate, PEM. Its key is not kept: everything that it signs is made with it.
    own: String,
    server: Identity,
    administrator: Identity,
}

impl Authority {
    /// A new authority with a certificate for the servers.
    pub(crate) fn new() -> Result<Self, AuthorityError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.distinguished_name = named("gpuslice-sandbox", &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let own = params.self_signed(&key)?.pem();
        let issuer = Issuer::from_params(&params, &key);
        let server = sign(&issuer, "kube-apiserver", &[], ExtendedKeyUsagePurpose::ServerAuth)?;
        let administrator = sign(&issuer, ADMINISTRATOR, &[MASTERS], ExtendedKeyUsagePurpose::ClientAuth)?;
        Ok(Self { own, server, administrator })
    }

    /// The authority's certificate, PEM.
    pub(crate) fn certificate(&self) -> &str {
        &self.own
    }

    /// The client certificate of the clusters' administrator.
    pub(crate) fn administrator(&self) -> &Identity {
        &self.administrator
    }

    /// The user whose client certificate this is.
    pub(crate) fn user(&self, certificate: &CertificateDer<'_>) -> Option<User> {
        let own = CertificateDer::from_pem_slice(self.administrator.certificate.as_bytes()).ok()?;
        let groups = [MASTERS, "system:authenticated"].map(str::to_owned).to_vec();
        (own == *certificate).then(|| User { name: ADMINISTRATOR.to_owned(), groups, rights: Rights::All })
    }

    /// TLS for the servers: client certificates of this authority count, and none is fine.
    pub(crate) fn tls(&self) -> Result<Arc<ServerConfig>, AuthorityError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.own.as_bytes())?)?;
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()?;
        let chain = vec![CertificateDer::from_pem_slice(self.server.certificate.as_bytes())?];
        let key = PrivateKeyDer::from_pem_slice(self.server.key.as_bytes())?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(clients)
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn named(common: &str, organizations: &[&str]) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    for organization in organizations {
        name.push(DnType::OrganizationName, *organization);
    }
    name.push(DnType::CommonName, common);
    name
}

fn sign(
    issuer: &Issuer<'_, &KeyPair>,
    common: &str,
    organizations: &[&str],
    purpose: ExtendedKeyUsagePurpose,
) -> Result<Identity, AuthorityError> {
    let key = KeyPair::generate()?;
    let names = if purpose == ExtendedKeyUsagePurpose::ServerAuth { &NAMES[..] } else { &[] };
    let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())?;
    params.distinguished_name = named(common, organizations);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![purpose];
    let certificate = params.signed_by(&key, issuer)?.pem();
    Ok(Identity { certificate, key: key.serialize_pem() })
}
