//! How a cluster's Kubernetes API is reached, as its cloud tells it.

use std::fmt;
use std::sync::Arc;

use url::Url;

use super::PoolError;

/// Where a cluster's Kubernetes API is, how it proves to be that, and who asks.
#[derive(Debug, Clone)]
pub struct ClusterAccess {
    /// The API's address.
    pub server: Url,
    /// Who vouches for the server's certificate.
    pub trust: Trust,
    /// What proves who asks.
    pub credential: Credential,
    /// Who that is, for messages, such as `the Google credentials of the provider`.
    pub identity: String,
    /// How this identity is given rights in the cluster, in full sentences.
    pub grant: String,
}

/// Who vouches for a server's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// The authorities that this machine trusts.
    System,
    /// These authorities alone, in PEM.
    Authority(String),
}

/// What proves who asks.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A token, asked for anew with each request: the source remembers one as long as it is good.
    Bearer(Arc<dyn TokenSource>),
    /// A client's certificate.
    Certificate(ClientCertificate),
}

/// A certificate and its key. Its `Debug` output holds no secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate and those on the way to its authority, in PEM.
    pub certificate: String,
    /// The private key, in PEM.
    pub key: String,
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate").finish_non_exhaustive()
    }
}

/// Where tokens come from.
#[async_trait::async_trait]
pub trait TokenSource: Send + Sync + fmt::Debug {
    /// A token that is good now.
    ///
    /// # Errors
    /// When there is none, with how to log in.
    async fn token(&self) -> Result<String, PoolError>;
}
