//! From the way to a cluster to a client for it. Nothing is asked of the cluster yet; a credential plugin may run.
//!
//! - `settings`: the provider's `kubernetes` block, and kubeconfigs.
//! - `exec`: credential plugins.
//! - `bearer`: a token with each request.
//! - `proxy`: the proxies of the environment.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{HeaderValue, USER_AGENT};
use kube::client::ClientBuilder;
use kube::{Client, Config};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::error::KubeError;
use super::identity::Identity;
use super::reach::Reach;
use crate::nodepool::ClusterAccess;
use crate::nodepool::access::{Credential, Trust};

mod bearer;
mod exec;
mod proxy;
mod settings;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// How long an answer may be silent. A watch hears something at least this often: it is asked to end sooner.
const SILENCE: Duration = Duration::from_secs(60);

/// A client, and whom it speaks for to whom.
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) server: String,
    pub(super) identity: Identity,
}

/// A client for the cluster.
///
/// # Errors
/// When what is set cannot be used, or a credential plugin gives nothing.
pub(super) async fn connect(reach: &Reach, user_agent: &str) -> Result<Connection, KubeError> {
    let target = match reach {
        Reach::Cloud(access) => of_cloud(access)?,
        Reach::Settings(settings) => settings::target(settings).await?,
    };
    let Target { mut config, tokens, identity, names } = target;
    config.connect_timeout = Some(CONNECT);
    config.read_timeout = Some(SILENCE);
    config.reset_reader_on_write = true;
    // Its retries take minutes and pass over no kind of request; `Cluster::ask` has its own.
    config.default_retry = false;
    if let Ok(value) = HeaderValue::from_str(user_agent) {
        config.headers.push((USER_AGENT, value));
    }
    if config.proxy_url.is_none() {
        config.proxy_url = proxy::of_environment(&config.cluster_url);
    }
    let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    let builder = ClientBuilder::try_from(config)
        .map_err(|error| KubeError::Settings { setting: names.credentials, why: unusable(&error) })?;
    let mut client = builder.build();
    if let Some(source) = tokens {
        client = bearer::with_tokens(client, source, identity.clone());
    }
    Ok(Connection { client, server, identity })
}

/// What a client is made of.
struct Target {
    config: Config,
    /// Where tokens come from, when not from `config`.
    tokens: Option<std::sync::Arc<dyn crate::nodepool::TokenSource>>,
    identity: Identity,
    names: Names,
}

/// What the parts are called in messages: the settings that they come from.
#[derive(Debug, Clone, Copy)]
struct Names {
    server: &'static str,
    authority: &'static str,
    credentials: &'static str,
}

/// What a cloud says is nobody's setting.
const BY_CLOUD: Names = Names {
    server: "The address of the cluster's Kubernetes API",
    authority: "The certificate authority of the cluster",
    credentials: "The cluster's credentials",
};

fn of_cloud(access: &ClusterAccess) -> Result<Target, KubeError> {
    let mut config = Config::new(address(access.server.as_str(), BY_CLOUD)?);
    if let Trust::Authority(pem) = &access.trust {
        config.root_cert = Some(authorities(pem, BY_CLOUD)?);
    }
    let tokens = match &access.credential {
        Credential::Bearer(source) => Some(std::sync::Arc::clone(source)),
        Credential::Certificate(pair) => {
            config.auth_info.client_certificate_data = Some(STANDARD.encode(&pair.certificate));
            config.auth_info.client_key_data = Some(STANDARD.encode(&pair.key).into());
            None
        }
    };
    let identity = Identity::new(&access.identity, &access.grant);
    Ok(Target { config, tokens, identity, names: BY_CLOUD })
}

/// The address of an API: credentials go nowhere unencrypted but to this machine.
fn address(text: &str, names: Names) -> Result<http::Uri, KubeError> {
    let wrong = |why: &str| KubeError::Settings { setting: names.server, why: format!("{text:?} {why}") };
    let uri: http::Uri = text.parse().map_err(|_| wrong("is no URL such as \"https://10.0.0.1:6443\""))?;
    let host = uri.host().unwrap_or_default();
    match uri.scheme_str() {
        Some("https") if !host.is_empty() => Ok(uri),
        Some("http") if proxy::is_this_machine(host) => Ok(uri),
        Some("http") => Err(wrong("is not encrypted, and credentials would be sent there: use https")),
        _ => Err(wrong("is no URL such as \"https://10.0.0.1:6443\"")),
    }
}

/// The certificates of a PEM text, as the client takes them.
fn authorities(pem: &str, names: Names) -> Result<Vec<Vec<u8>>, KubeError> {
    let wrong = |why: String| KubeError::Settings { setting: names.authority, why };
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found.into_iter().map(|one| one.to_vec()).collect()),
        Ok(_) => Err(wrong("It holds no certificate in PEM (-----BEGIN CERTIFICATE-----).".to_owned())),
        Err(error) => Err(wrong(format!("It is no PEM: {error}."))),
    }
}

/// Why no client could be made, with all causes.
fn unusable(error: &kube::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests;
