//! How a cluster is to be reached: as its cloud says, or as the provider's `kubernetes` block does.

use std::fmt;

use crate::nodepool::ClusterAccess;

/// The way to a cluster's Kubernetes API.
#[derive(Debug, Clone)]
pub enum Reach {
    /// As the cluster's cloud says, with the cloud's credentials.
    Cloud(ClusterAccess),
    /// As the configuration says.
    Settings(KubernetesSettings),
}

/// The provider's `kubernetes` block, without the cluster that it is bound to. Names and meanings are those of the
/// provider hashicorp/kubernetes; nothing is read from the environment. Its `Debug` output holds no secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct KubernetesSettings {
    /// The path of a kubeconfig; `~/` is the home folder. Its credential plugins are run.
    pub config_path: Option<String>,
    /// The context in it; its current one when unset.
    pub config_context: Option<String>,
    /// The address of the API, instead of a kubeconfig.
    pub host: Option<String>,
    /// The token that is shown there.
    pub token: Option<String>,
    /// The authority of the server's certificate, in PEM or in the base64 of that; this machine's when unset.
    pub cluster_ca_certificate: Option<String>,
}

impl fmt::Debug for KubernetesSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KubernetesSettings")
            .field("config_path", &self.config_path)
            .field("config_context", &self.config_context)
            .field("host", &self.host)
            .field("token", &self.token.as_ref().map(|_| "(hidden)"))
            .field("cluster_ca_certificate", &self.cluster_ca_certificate.as_ref().map(|_| "(a certificate)"))
            .finish()
    }
}
