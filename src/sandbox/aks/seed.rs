//! What exists at the start: clusters in two groups and regions, and one that is stopped.

use serde_json::{Value, json};

use super::Context;
use super::api::ApiVersion;
use super::model::{Accounts, Aks, Cluster, Network};
use crate::sandbox::clock::Millis;
use crate::sandbox::exchange::Call;
use crate::sandbox::faults::Faults;
use crate::sandbox::kubernetes::Stack;
use crate::sandbox::random::Random;

/// The subscription of everything that is seeded.
pub(super) const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000000";

/// The tenant of everybody.
pub(super) const TENANT: &str = "00000000-0000-0000-0000-00000000000a";

/// Makes the ids of requests.
const REQUESTS: u64 = 0x52_4d;

/// A cluster to be.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) group: &'a str,
    pub(super) name: &'a str,
    pub(super) location: &'a str,
    pub(super) network: Network,
    pub(super) accounts: Accounts,
    pub(super) stack: Stack,
    pub(super) zones: &'a [&'a str],
    pub(super) note: &'a str,
}

impl Aks {
    /// The seeded clusters. Each has a CPU pool for the system and a GPU pool that somebody else made and nobody slices:
    /// both must outlive everything.
    pub(crate) fn seeded(now: Millis, random: &mut Random) -> Self {
        let mut aks = Self {
            clusters: std::collections::BTreeMap::new(),
            operations: Vec::new(),
            stock: std::collections::BTreeMap::new(),
            quota: std::collections::BTreeMap::new(),
            requests: Random::new(REQUESTS),
            buckets: super::buckets::Buckets::default(),
            occupied: crate::sandbox::nodes::Occupied::default(),
        };
        let zones = &["1", "2", "3"];
        let plan = |group, name, accounts, stack, note| Plan {
            group,
            name,
            location: "eastus",
            network: Network::Flat,
            accounts,
            stack,
            zones,
            note,
        };
        // Elsewhere, so that their machines take nothing of the others' stock and quota.
        let stack = |name, accounts, stack, note| Plan {
            location: "westeurope",
            ..plan("stacks", name, accounts, stack, note)
        };
        for plan in [
            plan(
                "sandbox",
                "sandbox",
                Accounts::Entra,
                Stack::PluginWithConfig,
                "three zones, 30 pods per node by default, device plugin with a ConfigMap, Entra ID",
            ),
            Plan {
                location: "westus",
                network: Network::Overlay,
                zones: &[],
                ..plan(
                    "platform",
                    "overlay",
                    Accounts::Local,
                    Stack::Nothing,
                    "another group, a region without zones, 250 pods per node by default, no device plugin, client \
                     certificates instead of Entra ID",
                )
            },
            plan(
                "sandbox",
                "stopped",
                Accounts::Entra,
                Stack::Nothing,
                "stopped: takes no work, and its API server does not answer",
            ),
            stack("plain", Accounts::Entra, Stack::Plugin, "device plugin without a ConfigMap"),
            stack("operator", Accounts::EntraOnly, Stack::Operator, "GPU operator, no local accounts"),
            stack(
                "two-plugins",
                Accounts::Local,
                Stack::TwoPlugins,
                "the device plugin twice, client certificates",
            ),
        ] {
            aks.add_cluster(&plan, now, random);
        }
        for cluster in aks.clusters.values_mut().filter(|cluster| cluster.name == "stopped") {
            cluster.stopped = true;
            cluster.pools.values_mut().for_each(|pool| pool.nodes.clear());
        }
        aks
    }

    /// A new cluster with its two first pools.
    pub(super) fn add_cluster(&mut self, plan: &Plan<'_>, now: Millis, random: &mut Random) {
        let cluster = Cluster {
            subscription: SUBSCRIPTION.to_owned(),
            group: plan.group.to_owned(),
            name: plan.name.to_owned(),
            location: plan.location.to_owned(),
            note: plan.note.to_owned(),
            network: plan.network,
            accounts: plan.accounts,
            stack: plan.stack,
            zones: plan.zones.iter().map(|zone| (*zone).to_owned()).collect(),
            version: super::versions::DEFAULT.to_owned(),
            stopped: false,
            created_at: now,
            etag: random.uuid(),
            hash: random.decimal(8),
            pools: std::collections::BTreeMap::new(),
        };
        let key = super::model::key(&cluster.id());
        self.clusters.insert(key.clone(), cluster);
        let system = json!({"count": 1, "mode": "System", "vmSize": "Standard_D4ds_v5"});
        let gpu = json!({
            "count": 1, "mode": "User", "vmSize": "Standard_NC24ads_A100_v4", "nodeLabels": {"team": "somebody-else", "nvidia.com/gpu.present": "true"},
        });
        for (name, pool) in [("system", &system), ("foreigngpu", &gpu)] {
            self.add_pool(&key, name, pool, now, random);
        }
        // Nobody saw these pools come.
        self.operations.retain(|operation| operation.cluster != key);
    }

    /// A pool made as every other pool is, only without waiting.
    fn add_pool(&mut self, cluster: &str, name: &str, properties: &Value, now: Millis, random: &mut Random) {
        let mut faults = Faults::default();
        let mut context = Context {
            now,
            latency: 0,
            random,
            faults: &mut faults,
            call: None,
            directory: None,
            applied: None,
        };
        let call = Call {
            method: "PUT".to_owned(),
            target: String::new(),
            path: String::new(),
            query: String::new(),
            headers: http::HeaderMap::new(),
            body: json!({"properties": properties}).to_string().into_bytes(),
        };
        let made = self.put_pool(&mut context, cluster, name, &call, ApiVersion::NEWEST);
        debug_assert!(made.is_ok(), "the seeded pool is refused: {made:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cluster_has_a_system_pool_and_a_foreign_gpu_pool() {
        let aks = Aks::seeded(1_000, &mut Random::new(1));
        let ids: Vec<_> = aks.clusters.values().map(Cluster::id).collect();
        let id = |group: &str, name: &str| {
            format!(
                "/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.ContainerService/\
                 managedClusters/{name}"
            )
        };
        let expected = [
            ("platform", "overlay"),
            ("sandbox", "sandbox"),
            ("sandbox", "stopped"),
            ("stacks", "operator"),
            ("stacks", "plain"),
            ("stacks", "two-plugins"),
        ];
        assert_eq!(ids, expected.map(|(group, name)| id(group, name)));
        for cluster in aks.clusters.values() {
            let nodes = usize::from(!cluster.stopped);
            let seen: Vec<_> = cluster
                .pools
                .values()
                .map(|pool| (pool.name.as_str(), pool.state.as_str(), pool.nodes.len()))
                .collect();
            assert_eq!(seen, [("foreigngpu", "Succeeded", nodes), ("system", "Succeeded", nodes)]);
        }
    }
}
