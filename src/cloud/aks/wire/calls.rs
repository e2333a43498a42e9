//! The JSON types of what is answered around the node pool: lists, the cluster, and long operations of Azure Resource
//! Manager (source: the azure-mgmt-containerservice package 41.8.0; ARM documentation, "Track asynchronous
//! operations").

use serde::Deserialize;
use serde_json::Value;

use super::{PowerState, Shown};

/// A page of a list of pools.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AgentPools {
    pub value: Vec<Shown>,
    /// The address of the next page, to be asked as it is.
    pub next_link: Option<String>,
}

/// What is read of a cluster.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ManagedCluster {
    /// The whole ARM id, as Azure spells it.
    pub id: Option<String>,
    pub properties: ClusterProperties,
}

/// What is read of a cluster's properties.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ClusterProperties {
    pub provisioning_state: Option<String>,
    pub power_state: Option<PowerState>,
}

/// The kubeconfigs of a cluster.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CredentialResults {
    pub kubeconfigs: Vec<CredentialResult>,
}

/// One of them. Its `Debug` output holds no secrets.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CredentialResult {
    /// YAML, in base64.
    pub value: String,
}

impl std::fmt::Debug for CredentialResult {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CredentialResult").finish_non_exhaustive()
    }
}

/// How far a long operation is.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Operation {
    pub status: Option<String>,
    pub percent_complete: Option<f64>,
    /// An `ErrorDetail` of ARM, when it has failed.
    pub error: Option<Value>,
    /// In place of a status, where the address is that of the result.
    pub properties: Option<ResultProperties>,
}

/// What is read of the result of an operation.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ResultProperties {
    pub provisioning_state: Option<String>,
}
