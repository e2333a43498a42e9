//! What exists at the start: a cluster for each kind of installation, and one in another region.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Context;
use super::amis;
use super::model::{Cluster, Eks};
use super::signature::{ACCOUNT, OTHER_ACCOUNT};
use crate::sandbox::clock::Millis;
use crate::sandbox::faults::Faults;
use crate::sandbox::kubernetes::Stack;
use crate::sandbox::nodes::Occupied;
use crate::sandbox::random::Random;

/// Makes the ids of requests.
const REQUESTS: u64 = 0x45_4b;

/// A cluster to be.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    pub(super) name: &'a str,
    pub(super) stack: Stack,
    pub(super) note: &'a str,
}

impl Eks {
    /// The seeded clusters. Each has a node group without GPUs and one with GPUs that somebody else made and nobody slices:
    /// both must outlive everything.
    pub(crate) fn seeded(now: Millis, random: &mut Random) -> Self {
        let mut eks = Self {
            clusters: BTreeMap::new(),
            templates: BTreeMap::new(),
            operations: Vec::new(),
            stock: BTreeMap::new(),
            tokens: BTreeMap::new(),
            sessions: BTreeMap::new(),
            lost_roles: BTreeSet::new(),
            occupied: Occupied::default(),
            requests: Random::new(REQUESTS),
        };
        let plan = |region, name, stack, note| Plan { account: ACCOUNT, region, name, stack, note };
        for plan in [
            plan(
                "us-east-1",
                "sandbox",
                Stack::Nothing,
                "three zones, nothing of NVIDIA's: for Bottlerocket",
            ),
            plan("us-west-2", "plugin", Stack::PluginWithConfig, "device plugin with a ConfigMap"),
            plan("us-west-2", "plain", Stack::Plugin, "device plugin without a ConfigMap"),
            plan("us-west-2", "operator", Stack::Operator, "GPU operator"),
            plan(
                "us-west-2",
                "restarts",
                Stack::OperatorWithReboot,
                "GPU operator, whose mig-manager may restart machines",
            ),
            plan("us-west-2", "two-plugins", Stack::TwoPlugins, "the device plugin twice"),
        ] {
            eks.add_cluster(&plan, now, random);
        }
        // Who mistakes the account works on the wrong cluster, and nobody tells.
        let note = "of another account, with the name of a cluster of this one";
        let foreign = Plan { account: OTHER_ACCOUNT, ..plan("us-east-1", "sandbox", Stack::Nothing, note) };
        eks.add_cluster(&foreign, now, random);
        eks
    }

    /// A new cluster with its two first node groups.
    pub(super) fn add_cluster(&mut self, plan: &Plan<'_>, now: Millis, random: &mut Random) {
        let zones = ["a", "b", "c"];
        // The ids are easy to write: a zone's letter at the end of zeros.
        let subnets = zones.iter().map(|zone| (subnet(zone), format!("{}{zone}", plan.region)));
        let mut cluster = Cluster {
            account: plan.account.to_owned(),
            region: plan.region.to_owned(),
            name: plan.name.to_owned(),
            note: plan.note.to_owned(),
            stack: plan.stack,
            version: amis::CURRENT.to_owned(),
            created_at: now,
            subnets: subnets.collect(),
            groups: BTreeMap::new(),
            access: BTreeMap::new(),
        };
        cluster.admit_creator(random.uuid());
        let arn = cluster.arn();
        let role =
            format!("arn:{}:iam::{}:role/node", super::signature::partition(plan.region), plan.account);
        self.clusters.insert(arn.clone(), cluster);
        // With Bottlerocket nobody needs a device plugin; elsewhere one is there.
        let image = match plan.stack {
            Stack::Nothing => "BOTTLEROCKET_x86_64_NVIDIA",
            _ => "AL2023_x86_64_NVIDIA",
        };
        let one = json!({"minSize": 1, "maxSize": 1, "desiredSize": 1});
        let group = |name: &str, image: &str, machine: &str, labels: Value| {
            json!({"nodegroupName": name, "nodeRole": role, "subnets": [subnet("a")], "scalingConfig": one,
                "amiType": image, "instanceTypes": [machine], "labels": labels})
        };
        let foreign = json!({"team": "somebody-else", "nvidia.com/gpu.present": "true"});
        for body in [
            group("system", "AL2023_x86_64_STANDARD", "m6i.xlarge", json!({})),
            group("foreigngpu", image, "g5.xlarge", foreign),
        ] {
            self.add_group(&arn, body, now, random);
        }
        // Nobody saw these groups come.
        self.operations.retain(|operation| operation.cluster != arn);
    }

    /// A group made as every other one is, only without waiting.
    fn add_group(&mut self, arn: &str, body: Value, now: Millis, random: &mut Random) {
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
        if let Value::Object(body) = body {
            let made = self.create_group(&mut context, arn, body);
            debug_assert!(made.is_ok(), "the seeded node group is refused: {made:?}");
        }
    }
}

/// The id of the subnet in a zone.
fn subnet(zone: &str) -> String {
    format!("subnet-0000000000000000{zone}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cluster_has_a_system_group_and_a_foreign_gpu_group() {
        let eks = Eks::seeded(1_000, &mut Random::new(1));
        assert_eq!(eks.clusters.len(), 7);
        for (arn, cluster) in &eks.clusters {
            assert!(
                arn.contains(":000000000000:cluster/") || arn.contains(":111111111111:cluster/"),
                "{arn}"
            );
            let seen: Vec<_> = cluster
                .groups
                .values()
                .map(|group| (group.name.as_str(), group.status.as_str(), group.nodes.len()))
                .collect();
            assert_eq!(seen, [("foreigngpu", "ACTIVE", 1), ("system", "ACTIVE", 1)]);
        }
        assert!(eks.operations.is_empty());
    }
}
