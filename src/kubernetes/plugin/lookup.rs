//! Asking a cluster what is installed.

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment};
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, ListParams};
use serde_json::Value;

use super::installed::{ClusterPolicy, DevicePlugin, Installed, discovery};
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::error::KubeError;
use crate::kubernetes::rights::{Right, Verb};
use crate::nodepool::Call;

/// Where the GPU operator is when it is not found elsewhere: the namespace of NVIDIA's documentation.
const OPERATOR_NAMESPACE: &str = "gpu-operator";

/// What every Deployment of the GPU operator is labelled with (source: NVIDIA gpu-operator v26.7.0, its chart).
const OPERATOR: &str = "app.kubernetes.io/component=gpu-operator";

impl Cluster {
    /// What is installed that announces GPUs.
    ///
    /// # Errors
    /// When DaemonSets may not be listed, or the cluster does not answer. ClusterPolicies that may not be seen are
    /// taken as not there: the operator's DaemonSets show as well. So are those that the operator ignores.
    pub async fn installed(&self, call: &Call) -> Result<Installed, KubeError> {
        let right = Right::everywhere(Verb::List, "apps", "daemonsets");
        let (api, options) = (self.all::<DaemonSet>(), ListParams::default());
        let sets = self.ask(call, &right, || api.list(&options)).await?;
        let mut plugins: Vec<DevicePlugin> = sets.items.iter().filter_map(DevicePlugin::of).collect();
        plugins.sort_by_key(DevicePlugin::full_name);
        let discovery = sets.items.iter().filter_map(discovery).collect();
        let (policies, hides_policies) = match self.policies(call).await {
            Err(KubeError::Forbidden { .. }) => {
                tracing::debug!("ClusterPolicies may not be listed; only DaemonSets tell what is installed");
                (Vec::new(), true)
            }
            found => (found?, false),
        };
        let policies = if policies.is_empty() {
            Vec::new()
        } else {
            let namespace = self.operator_namespace(call, &plugins).await?;
            policies.iter().map(|policy| ClusterPolicy::of(policy, &namespace)).collect()
        };
        Ok(Installed { plugins, policies, hides_policies, discovery })
    }

    /// The ClusterPolicies of the GPU operator that count; none without the operator. Their namespace is not looked for.
    ///
    /// # Errors
    /// When they may not be listed, or the cluster does not answer.
    pub async fn operator_policies(&self, call: &Call) -> Result<Vec<ClusterPolicy>, KubeError> {
        let found = self.policies(call).await?;
        Ok(found.iter().map(|policy| ClusterPolicy::of(policy, OPERATOR_NAMESPACE)).collect())
    }

    async fn policies(&self, call: &Call) -> Result<Vec<Value>, KubeError> {
        let right = Right::everywhere(Verb::List, "nvidia.com", "clusterpolicies");
        let kind = GroupVersionKind::gvk("nvidia.com", "v1", "ClusterPolicy");
        let resource = ApiResource::from_gvk_with_plural(&kind, "clusterpolicies");
        let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &resource);
        let options = ListParams::default();
        let found = match self.ask(call, &right, || api.list(&options)).await {
            Ok(found) => found.items,
            // Without the operator the kind does not exist.
            Err(KubeError::Missing { .. }) => Vec::new(),
            Err(error) => return Err(error),
        };
        // An object that was read as JSON can be written as JSON.
        let policies = found.iter().map(|policy| serde_json::to_value(policy).unwrap_or_default());
        Ok(policies.filter(|policy| !ClusterPolicy::is_ignored(policy)).collect())
    }

    async fn operator_namespace(&self, call: &Call, plugins: &[DevicePlugin]) -> Result<String, KubeError> {
        use super::installed::Vendor;
        if let Some(own) = plugins.iter().find(|plugin| plugin.vendor == Vendor::Operator) {
            return Ok(own.namespace.clone());
        }
        let right = Right::everywhere(Verb::List, "apps", "deployments");
        let (api, options) = (self.all::<Deployment>(), ListParams::default().labels(OPERATOR));
        match self.ask(call, &right, || api.list(&options)).await {
            Ok(found) => {
                let namespace = found.items.into_iter().find_map(|one| one.metadata.namespace);
                Ok(namespace.unwrap_or_else(|| OPERATOR_NAMESPACE.to_owned()))
            }
            Err(KubeError::Forbidden { .. } | KubeError::Missing { .. }) => Ok(OPERATOR_NAMESPACE.to_owned()),
            Err(error) => Err(error),
        }
    }
}
