//! What exists at Google: clusters, their node pools, and who uses how many GPUs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::operations::{Changes, Failure, Operation};
use super::{autoscaling, spec};
use crate::sandbox::clock::Millis;
use crate::sandbox::kubernetes::Stack;
use crate::sandbox::nodes::{Node, Occupied};

/// The number of `google.rpc.Code` `RESOURCE_EXHAUSTED`.
const RESOURCE_EXHAUSTED: i32 = 8;

/// GPUs of one kind in one zone, unless an actor set another number: enough for any test that is not about stock.
const GENEROUS_STOCK: u32 = 4096;

/// All of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Gke {
    /// By `projects/P/locations/L/clusters/C`.
    pub(crate) clusters: BTreeMap<String, Cluster>,
    /// In the order in which they were started.
    pub(crate) operations: Vec<Operation>,
    /// GPUs that exist, by zone and accelerator; absent means plenty.
    pub(crate) stock: BTreeMap<String, BTreeMap<String, u32>>,
    /// Where pods run, when Kubernetes last told.
    #[serde(skip)]
    pub(crate) occupied: Occupied,
}

/// One cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Cluster {
    pub(crate) project: String,
    /// A region or a zone.
    pub(crate) location: String,
    pub(crate) name: String,
    /// What the cluster is there for, shown by `GET /sandbox/clusters`.
    pub(crate) note: String,
    pub(crate) autopilot: bool,
    /// What of NVIDIA's somebody installed beside GKE's own.
    pub(crate) stack: Stack,
    /// `RAPID`, `REGULAR`, `STABLE`; none where the cluster is in no channel.
    pub(crate) release_channel: Option<String>,
    pub(crate) zones: Vec<String>,
    pub(crate) version: String,
    pub(crate) created_at: Millis,
    pub(crate) revision: u64,
    pub(crate) pools: BTreeMap<String, Pool>,
}

/// A pool whose machines cannot be had, whatever the zone's stock says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Drought {
    /// When machines can be had again; none: never.
    pub(crate) until: Option<Millis>,
}

/// One node pool.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Pool {
    pub(crate) name: String,
    /// The `NodePool` resource with all defaults, without the fields that the service writes.
    pub(crate) spec: Value,
    /// The part of instance group names that tells pools of one name apart.
    pub(crate) hash: String,
    pub(crate) status: String,
    pub(crate) status_message: String,
    pub(crate) conditions: Vec<Value>,
    /// Wanted machines per zone: the `targetSize` of its instance groups.
    pub(crate) sizes: BTreeMap<String, u32>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) created_at: Millis,
    /// Goes up with every change of the resource; the etag is made of it.
    pub(crate) revision: u64,
    pub(crate) drought: Option<Drought>,
}

impl Cluster {
    /// `projects/P/locations/L/clusters/C`.
    pub(crate) fn id(&self) -> String {
        format!("projects/{}/locations/{}/clusters/{}", self.project, self.location, self.name)
    }

    /// The region that the location is or is in.
    pub(crate) fn region(&self) -> &str {
        region_of(&self.location)
    }

    /// `zones/Z` or `regions/R`, as some of Google's links have it; GKE itself writes `locations` for regions.
    pub(crate) fn place(&self) -> String {
        if is_zone(&self.location) {
            format!("zones/{}", self.location)
        } else {
            format!("locations/{}", self.location)
        }
    }
}

impl Pool {
    /// The pool's zones.
    pub(crate) fn zones(&self) -> Vec<String> {
        strings(&self.spec["locations"])
    }

    /// Changes with every change of the resource.
    pub(crate) fn etag(&self) -> String {
        format!("{}{:08x}", self.hash, self.revision)
    }

    /// Machines wanted and not there.
    pub(crate) fn missing(&self, zone: &str) -> u32 {
        let there = self.nodes.iter().filter(|node| node.zone == zone).count();
        let wanted = self.sizes.get(zone).copied().unwrap_or(0);
        wanted.saturating_sub(u32::try_from(there).unwrap_or(u32::MAX))
    }

    /// Something is wanted and not there.
    pub(crate) fn incomplete(&self) -> bool {
        self.sizes.keys().any(|zone| self.missing(zone) > 0)
    }

    /// The name of the instance group manager in a zone.
    pub(crate) fn group_name(&self, cluster: &str, zone: &str) -> String {
        // Compute names hold 63 characters, so GKE cuts the cluster's and the pool's name (lengths unverified).
        let cut = |text: &str| text.chars().take(20).collect::<String>();
        // Groups of one pool have hashes of their own; here they differ in the zone's letter.
        let letter = zone.rsplit('-').next().unwrap_or_default();
        format!("gke-{}-{}-{}{letter}-grp", cut(cluster), cut(&self.name), &self.hash[..7])
    }

    /// Machines cannot be had at that time.
    pub(crate) fn dry(&self, at: Millis) -> bool {
        self.drought.as_ref().is_some_and(|drought| drought.until.is_none_or(|until| at < until))
    }

    /// Changes of the resource, which gets another etag.
    pub(crate) fn change(&mut self, changes: &Changes) {
        spec::apply(&mut self.spec, changes);
        self.revision += 1;
        if changes.contains_key("autoscaling") {
            autoscaling::keep_minimum(self);
        }
    }

    /// The end of work on machines: running, or in error with the reason, which is the operation's failure too.
    pub(crate) fn finish(&mut self) -> Option<Failure> {
        if !self.incomplete() {
            self.settle();
            return None;
        }
        let message = self.stockout_message();
        self.status_message.clone_from(&message);
        self.conditions =
            vec![json!({"code": "GCE_STOCKOUT", "canonicalCode": "RESOURCE_EXHAUSTED", "message": message})];
        self.settle();
        Some(Failure { code: RESOURCE_EXHAUSTED, message })
    }

    /// The status at rest: running once nothing is missing, else in error for the reason already known.
    pub(crate) fn settle(&mut self) {
        self.revision += 1;
        if self.incomplete() {
            self.status = if self.nodes.is_empty() { "ERROR" } else { "RUNNING_WITH_ERROR" }.to_owned();
        } else {
            "RUNNING".clone_into(&mut self.status);
            self.drought = None;
            self.status_message.clear();
            self.conditions.clear();
        }
    }

    /// Google's words for machines that do not come.
    fn stockout_message(&self) -> String {
        let expected: u32 = self.sizes.values().sum();
        let missing: u32 = self.sizes.keys().map(|zone| self.missing(zone)).sum();
        let zone = self.sizes.keys().find(|zone| self.missing(zone) > 0).map_or("", String::as_str);
        format!(
            "Google Compute Engine: Not all instances running in IGM after 1m6s. Expected {expected}, running {}, \
             transitioning {missing}. Current errors: [GCE_STOCKOUT]: Instance creation failed: The zone '{zone}' \
             does not have enough resources available to fulfill the request.",
            expected.saturating_sub(missing),
        )
    }
}

impl Gke {
    /// A pool by its cluster's id and its name.
    pub(crate) fn pool_mut(&mut self, cluster: &str, name: &str) -> Option<&mut Pool> {
        self.clusters.get_mut(cluster)?.pools.get_mut(name)
    }

    /// GPUs of a kind that can still be had in a zone.
    pub(crate) fn free(&self, zone: &str, accelerator: &str) -> u32 {
        let pools = self.clusters.values().flat_map(|cluster| cluster.pools.values());
        let used: u32 = pools
            .flat_map(|pool| &pool.nodes)
            .filter(|node| node.zone == zone)
            .filter_map(|node| node.gpus.as_ref())
            .filter(|gpus| gpus.kind == accelerator)
            .map(|gpus| gpus.count)
            .sum();
        let exist = self.stock.get(zone).and_then(|kinds| kinds.get(accelerator)).copied();
        exist.unwrap_or(GENEROUS_STOCK).saturating_sub(used)
    }
}

/// A zone ends in `-` and one letter; everything else is a region.
pub(crate) fn is_zone(location: &str) -> bool {
    let end = location.rsplit('-').next().unwrap_or_default();
    end.len() == 1 && end.chars().all(|c| c.is_ascii_lowercase())
}

/// The region of a zone; a region is its own.
pub(crate) fn region_of(location: &str) -> &str {
    if is_zone(location) {
        location.rsplit_once('-').map_or(location, |(region, _)| region)
    } else {
        location
    }
}

/// The strings of a JSON list; anything else counts as none.
pub(crate) fn strings(list: &Value) -> Vec<String> {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_and_regions_are_told_apart() {
        assert!(is_zone("us-central1-a") && is_zone("europe-west4-c"));
        assert!(!is_zone("us-central1") && !is_zone("-"));
        assert_eq!(region_of("us-central1-a"), "us-central1");
        assert_eq!(region_of("us-central1"), "us-central1");
    }
}
