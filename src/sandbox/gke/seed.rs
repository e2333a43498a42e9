//! What exists at the start: a regional, a zonal and an Autopilot cluster.

use serde_json::{Value, json};

use super::model::{Cluster, Gke};
use super::{Context, versions};
use crate::sandbox::clock::Millis;
use crate::sandbox::faults::Faults;
use crate::sandbox::random::Random;

/// The project of everything that is seeded.
pub(super) const PROJECT: &str = "sandbox";

impl Gke {
    /// The seeded clusters. Each Standard cluster has a CPU pool and a GPU pool that somebody else made and nobody
    /// slices: both must outlive everything.
    pub(crate) fn seeded(now: Millis, random: &mut Random) -> Self {
        let mut gke = Self::default();
        for (location, name, channel, autopilot, note) in [
            ("us-central1", "sandbox", Some("REGULAR"), false, "regional, three zones"),
            ("us-central1-a", "zonal", None, false, "zonal"),
            ("us-central1", "autopilot", Some("REGULAR"), true, "Autopilot: no node pools of one's own"),
        ] {
            gke.add_cluster(location, name, channel, autopilot, note, now, random);
        }
        gke
    }

    /// A new cluster with its two first pools.
    #[expect(clippy::too_many_arguments, reason = "a row of the table above")]
    pub(super) fn add_cluster(
        &mut self,
        location: &str,
        name: &str,
        channel: Option<&str>,
        autopilot: bool,
        note: &str,
        now: Millis,
        random: &mut Random,
    ) {
        let zones = if super::model::is_zone(location) {
            vec![location.to_owned()]
        } else {
            ["a", "b", "c"].map(|letter| format!("{location}-{letter}")).to_vec()
        };
        let cluster = Cluster {
            project: PROJECT.to_owned(),
            location: location.to_owned(),
            name: name.to_owned(),
            note: note.to_owned(),
            autopilot,
            release_channel: channel.map(str::to_owned),
            zones: zones.clone(),
            version: versions::DEFAULT.to_owned(),
            created_at: now,
            revision: 1,
            pools: std::collections::BTreeMap::new(),
        };
        let id = cluster.id();
        self.clusters.insert(id.clone(), cluster);
        if autopilot {
            return;
        }
        let cpu = json!({"name": "default-pool", "initialNodeCount": 1, "config": {"machineType": "e2-standard-4"}});
        let gpu = json!({"name": "foreign-gpu", "initialNodeCount": 1, "locations": zones[..1], "config": {
            "machineType": "a2-highgpu-1g",
            "labels": {"team": "somebody-else"},
            "accelerators": [{"acceleratorType": "nvidia-tesla-a100", "acceleratorCount": "1"}],
        }});
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
            let gpus = &cluster.pools["foreign-gpu"].nodes[0].allocatable(1_000)["nvidia.com/gpu"];
            assert_eq!(gpus, "1", "whole GPUs");
        }
    }
}
