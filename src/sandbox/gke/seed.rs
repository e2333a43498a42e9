//! What exists at the start: a regional, a zonal and an Autopilot cluster, and two with components of NVIDIA's.

use serde_json::{Value, json};

use super::model::{Cluster, Gke};
use super::{Context, versions};
use crate::sandbox::clock::Millis;
use crate::sandbox::faults::Faults;
use crate::sandbox::kubernetes::Stack;
use crate::sandbox::random::Random;

/// The project of everything that is seeded.
pub(super) const PROJECT: &str = "sandbox";

/// A cluster to be.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) location: &'a str,
    pub(super) name: &'a str,
    pub(super) channel: Option<&'a str>,
    pub(super) autopilot: bool,
    pub(super) stack: Stack,
    pub(super) note: &'a str,
}

impl Gke {
    /// The seeded clusters. Each Standard cluster has a CPU pool and a GPU pool that somebody else made and nobody
    /// slices: both must outlive everything.
    pub(crate) fn seeded(now: Millis, random: &mut Random) -> Self {
        let mut gke = Self::default();
        let plan = |location, name, note| Plan {
            location,
            name,
            channel: None,
            autopilot: false,
            stack: Stack::Nothing,
            note,
        };
        // Elsewhere, so that their machines take nothing of the others' stock.
        let stack = |name, stack, note| Plan { stack, ..plan("europe-west4-a", name, note) };
        for plan in [
            Plan { channel: Some("REGULAR"), ..plan("us-central1", "sandbox", "regional, three zones") },
            plan("us-central1-a", "zonal", "zonal"),
            Plan {
                channel: Some("REGULAR"),
                autopilot: true,
                ..plan("us-central1", "autopilot", "Autopilot: no node pools of one's own")
            },
            stack(
                "operator",
                Stack::OperatorWithDriver,
                "zonal, GPU operator beside GKE's own device plugin",
            ),
            stack(
                "two-plugins",
                Stack::Manifest,
                "zonal, NVIDIA's device plugin on every node with GPUs, beside GKE's own",
            ),
        ] {
            gke.add_cluster(&plan, now, random);
        }
        gke
    }

    /// A new cluster with its two first pools.
    pub(super) fn add_cluster(&mut self, plan: &Plan<'_>, now: Millis, random: &mut Random) {
        let Plan { location, name, .. } = *plan;
        let zones = if super::model::is_zone(location) {
            vec![location.to_owned()]
        } else {
            ["a", "b", "c"].map(|letter| format!("{location}-{letter}")).to_vec()
        };
        let cluster = Cluster {
            project: PROJECT.to_owned(),
            location: location.to_owned(),
            name: name.to_owned(),
            note: plan.note.to_owned(),
            autopilot: plan.autopilot,
            stack: plan.stack,
            release_channel: plan.channel.map(str::to_owned),
            zones: zones.clone(),
            version: versions::DEFAULT.to_owned(),
            created_at: now,
            revision: 1,
            pools: std::collections::BTreeMap::new(),
        };
        let id = cluster.id();
        self.clusters.insert(id.clone(), cluster);
        if plan.autopilot {
            return;
        }
        let cpu = json!({"name": "default-pool", "initialNodeCount": 1, "config": {"machineType": "e2-standard-4"}});
        let mut gpu = json!({"name": "foreign-gpu", "initialNodeCount": 1, "locations": zones[..1], "config": {
            "machineType": "a2-highgpu-1g",
            "labels": {"team": "somebody-else"},
            "accelerators": [{"acceleratorType": "nvidia-tesla-a100", "acceleratorCount": "1"}],
        }});
        if plan.stack == Stack::OperatorWithDriver {
            // As NVIDIA's guide for the operator on GKE has it: neither GKE's plugin nor its driver on those nodes.
            gpu["config"]["labels"]["gke-no-default-nvidia-gpu-device-plugin"] = json!("true");
            gpu["config"]["accelerators"][0]["gpuDriverInstallationConfig"] =
                json!({"gpuDriverVersion": "INSTALLATION_DISABLED"});
        }
        for pool in [&cpu, &gpu] {
            self.add_pool(&id, pool, now, random);
        }
        // Nobody saw these pools come.
        self.operations.retain(|operation| operation.cluster != id);
    }

    /// A pool made as every other pool is, only without waiting.
    fn add_pool(&mut self, cluster: &str, pool: &Value, now: Millis, random: &mut Random) {
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
        let request = json!({"nodePool": pool}).as_object().cloned().unwrap_or_default();
        let made = self.create_pool(&mut context, cluster, request);
        debug_assert!(made.is_ok(), "the seeded pool is refused: {made:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_standard_cluster_has_a_cpu_pool_and_a_foreign_gpu_pool() {
        let gke = Gke::seeded(1_000, &mut Random::new(1));
        let ids: Vec<_> = gke.clusters.keys().map(String::as_str).collect();
        assert_eq!(
            ids,
            [
                "projects/sandbox/locations/europe-west4-a/clusters/operator",
                "projects/sandbox/locations/europe-west4-a/clusters/two-plugins",
                "projects/sandbox/locations/us-central1-a/clusters/zonal",
                "projects/sandbox/locations/us-central1/clusters/autopilot",
                "projects/sandbox/locations/us-central1/clusters/sandbox",
            ]
        );
        for cluster in gke.clusters.values().filter(|cluster| !cluster.autopilot) {
            let seen: Vec<_> = cluster
                .pools
                .values()
                .map(|pool| (pool.name.as_str(), pool.status.as_str(), pool.nodes.len()))
                .collect();
            assert_eq!(
                seen,
                [("default-pool", "RUNNING", cluster.zones.len()), ("foreign-gpu", "RUNNING", 1)]
            );
            let shown = cluster.pools["foreign-gpu"].nodes[0].allocatable(1_000).remove("nvidia.com/gpu");
            let whole = (cluster.stack != Stack::OperatorWithDriver).then(|| "1".to_owned());
            assert_eq!(shown, whole, "whole GPUs, where GKE's own plugin shows them");
        }
    }
}
