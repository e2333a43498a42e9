//! Clusters as the API shows them, subscriptions, and what the sandbox's own API tells.

use serde_json::{Value, json};

use super::api::ApiVersion;
use super::errors::Refusal;
use super::model::{Accounts, Aks, Cluster, Network, key};
use super::seed::{SUBSCRIPTION, TENANT};
use super::{spec, versions};
use crate::sandbox::clock::Millis;
use crate::sandbox::kubernetes::View;
use crate::sandbox::nodes::Node;

impl Aks {
    /// The cluster, or Resource Manager's 404.
    pub(super) fn cluster(&self, wanted: &str) -> Result<&Cluster, Refusal> {
        self.clusters.get(wanted).ok_or_else(|| {
            let part = |index: usize| wanted.split('/').nth(index).unwrap_or_default();
            Refusal::resource_not_found("managedClusters", part(8), part(4))
        })
    }

    pub(super) fn get_cluster(&self, key: &str, version: ApiVersion) -> Result<Value, Refusal> {
        Ok(self.show(key, self.cluster(key)?, version))
    }

    /// The clusters of a group, or of the whole subscription.
    pub(super) fn list_clusters(&self, group: Option<&str>, version: ApiVersion) -> Value {
        let here = |cluster: &&Cluster| group.is_none_or(|group| cluster.group.eq_ignore_ascii_case(group));
        let clusters = self.clusters.iter().filter(|(_, cluster)| here(cluster));
        json!({"value": clusters.map(|(key, cluster)| self.show(key, cluster, version)).collect::<Vec<_>>()})
    }

    fn show(&self, key: &str, cluster: &Cluster, version: ApiVersion) -> Value {
        let pools: Vec<_> = cluster
            .pools
            .values()
            .map(|pool| {
                let mut shown = spec::view(cluster, pool, version)["properties"].take();
                shown["name"] = json!(pool.name);
                shown
            })
            .collect();
        let busy = self.operations.iter().find(|op| op.active() && op.cluster == key && op.pool.is_none());
        let state = busy.map_or("Succeeded", |op| op.doing.as_str());
        let dns = format!("{}-dns-{}.hcp.{}.azmk8s.io", cluster.name, cluster.hash, cluster.location);
        let network = match cluster.network {
            Network::Flat => {
                json!({"networkPlugin": "azure", "networkPolicy": "none", "serviceCidr": "10.0.0.0/16"})
            }
            Network::Overlay => json!({
                "networkPlugin": "azure", "networkPluginMode": "overlay", "networkPolicy": "none",
                "podCidr": "10.244.0.0/16", "serviceCidr": "10.0.0.0/16",
            }),
        };
        let mut shown = json!({
            "id": cluster.shown_id(),
            "name": cluster.name,
            "type": "Microsoft.ContainerService/ManagedClusters",
            "location": cluster.location,
            "tags": {},
            "sku": {"name": "Base", "tier": "Standard"},
            "identity": {"type": "SystemAssigned", "tenantId": TENANT, "principalId": SUBSCRIPTION},
            "properties": {
                "provisioningState": state,
                "powerState": {"code": if cluster.stopped { "Stopped" } else { "Running" }},
                "kubernetesVersion": cluster.version,
                "currentKubernetesVersion": cluster.version,
                "dnsPrefix": format!("{}-dns", cluster.name),
                "fqdn": dns,
                "agentPoolProfiles": pools,
                "nodeResourceGroup": cluster.node_group(),
                "enableRBAC": true,
                "maxAgentPools": 100,
                "networkProfile": network,
            },
            // A pool has it among its properties, a cluster beside them.
            "eTag": cluster.etag,
        });
        cluster.show_accounts(&mut shown["properties"]);
        shown
    }

    /// Versions that new pools of the cluster may run.
    pub(super) fn available_versions(&self, key: &str, version: ApiVersion) -> Result<Value, Refusal> {
        let cluster = self.cluster(key)?;
        let usable =
            versions::VERSIONS.iter().filter(|asked| versions::checked(&cluster.version, asked).is_ok());
        let list: Vec<_> = usable
            .map(|found| json!({"kubernetesVersion": found, "default": **found == cluster.version}))
            .collect();
        let mut shown = json!({
            "id": format!("{}/availableAgentPoolVersions", cluster.shown_id()),
            "name": "default",
            "type": "Microsoft.ContainerService/managedClusters/availableAgentPoolVersions",
            "properties": {"agentPoolVersions": list},
        });
        if version.is_preview() {
            shown["properties"]["agentPoolVersions"]
                .as_array_mut()
                .into_iter()
                .flatten()
                .for_each(|found| found["isPreview"] = Value::Null);
        }
        Ok(shown)
    }

    /// Every cluster with what it is there for.
    pub(crate) fn overview(&self) -> Vec<Value> {
        let clusters = self.clusters.values();
        clusters
            .map(|cluster| json!({"cloud": "aks", "cluster_id": cluster.id(), "note": cluster.note}))
            .collect()
    }

    /// The cluster as Kubernetes begins from it; a stopped one has no API server.
    pub(crate) fn view(&self, id: &str) -> Option<View<'_>> {
        let cluster = self.clusters.get(&key(id)).filter(|cluster| !cluster.stopped)?;
        Some(View {
            id: cluster.id(),
            cloud: "aks",
            version: &cluster.version,
            created_at: cluster.created_at,
            tokens: cluster.accounts != Accounts::Local,
            certificates: cluster.accounts != Accounts::EntraOnly,
            stack: cluster.stack,
            workload: cluster.group == "stacks",
            door: None,
            nodes: cluster.pools.values().flat_map(|pool| &pool.nodes).collect(),
        })
    }

    /// All nodes of all clusters.
    pub(crate) fn nodes_mut(&mut self) -> impl Iterator<Item = &mut Node> {
        let pools = self.clusters.values_mut().flat_map(|cluster| cluster.pools.values_mut());
        pools.flat_map(|pool| &mut pool.nodes)
    }

    /// The ids of clusters with nodes that wait to be drained.
    pub(crate) fn draining(&self) -> Vec<String> {
        let waits = |cluster: &Cluster| {
            cluster.pools.values().any(|pool| pool.nodes.iter().any(|node| node.draining))
        };
        let clusters = self.clusters.values().filter(|cluster| waits(cluster));
        clusters.map(Cluster::id).collect()
    }

    /// The nodes of a cluster; a sentence where there is no such cluster.
    pub(crate) fn nodes_view(&self, id: &str, now: Millis) -> Result<Value, String> {
        let Some(cluster) = self.clusters.get(&key(id)) else {
            return Err(format!("there is no cluster {id:?}; there are {}", self.known()));
        };
        let nodes = cluster.pools.values().flat_map(|pool| &pool.nodes);
        Ok(nodes.map(|node| node.view(now)).collect())
    }

    /// The ids of all clusters, for people.
    pub(super) fn known(&self) -> String {
        let known: Vec<_> = self.clusters.values().map(Cluster::id).collect();
        known.join(", ")
    }
}

/// The subscription of everything here.
pub(super) fn subscription() -> Value {
    json!({
        "id": format!("/subscriptions/{SUBSCRIPTION}"),
        "subscriptionId": SUBSCRIPTION,
        "tenantId": TENANT,
        "displayName": "gpuslice sandbox",
        "state": "Enabled",
        "subscriptionPolicies": {"locationPlacementId": "Internal_2014-09-01", "quotaId": "Internal_2014-09-01", "spendingLimit": "Off"},
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
    })
}

/// The tenant of everybody here.
pub(super) fn tenant() -> Value {
    json!({"id": format!("/tenants/{TENANT}"), "tenantId": TENANT, "displayName": "gpuslice sandbox"})
}

/// `/metadata/endpoints`: one object, as az and the SDKs read it when the cloud is described by its Resource Manager.
pub(super) fn endpoints(base: &str) -> Value {
    json!({
        "name": "gpuslice-sandbox",
        "portal": base,
        "authentication": {
            "loginEndpoint": format!("{base}/"),
            "audiences": [format!("{base}/"), "https://management.azure.com/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "resourceManager": format!("{base}/"),
        "graph": format!("{base}/"),
        "graphAudience": format!("{base}/"),
        "gallery": format!("{base}/"),
        "batch": format!("{base}/"),
        "media": format!("{base}/"),
        "sqlManagement": format!("{base}/"),
        "vmImageAliasDoc": format!("{base}/aliases.json"),
        "suffixes": {
            "storage": "core.sandbox.invalid",
            "keyVaultDns": "vault.sandbox.invalid",
            "sqlServerHostname": "database.sandbox.invalid",
            "acrLoginServer": "azurecr.sandbox.invalid",
        },
    })
}
