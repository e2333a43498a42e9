//! What exists at Azure: clusters, their node pools, and who uses how many GPUs and vCPUs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::buckets::Buckets;
use super::hardware::{self, Size};
use super::operations::{Failure, Operation};
use crate::sandbox::clock::Millis;
use crate::sandbox::kubernetes::Stack;
use crate::sandbox::nodes::{Node, Occupied};
use crate::sandbox::random::Random;

/// GPUs of one kind in one place, unless an actor set another number: enough for any test that is not about stock.
const GENEROUS_STOCK: u32 = 4096;

/// vCPUs of one family in one region, unless an actor set another number.
const GENEROUS_QUOTA: u32 = 100_000;

/// All of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Aks {
    /// By [`key`].
    pub(crate) clusters: BTreeMap<String, Cluster>,
    /// In the order in which they were started.
    pub(crate) operations: Vec<Operation>,
    /// GPUs that exist, by place and GPU; absent means plenty.
    pub(crate) stock: BTreeMap<String, BTreeMap<String, u32>>,
    /// vCPUs that may be used, by location and VM family; absent means plenty.
    pub(crate) quota: BTreeMap<String, BTreeMap<String, u32>>,
    /// Makes the ids of requests, apart from all others: how often somebody looks changes nothing else.
    pub(crate) requests: Random,
    #[serde(skip)]
    pub(crate) buckets: Buckets,
    /// Where pods run, when Kubernetes last told.
    #[serde(skip)]
    pub(crate) occupied: Occupied,
}

/// How pods get their addresses, which decides how many a node takes by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Network {
    /// Azure CNI with addresses of the subnet.
    Flat,
    /// Azure CNI Overlay.
    Overlay,
}

impl Network {
    /// Pods per node when none are asked for (source: AKS documentation, maximum pods per node).
    pub(crate) fn max_pods(self) -> u32 {
        match self {
            Self::Flat => 30,
            Self::Overlay => 250,
        }
    }
}

/// Who may come in to the API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Accounts {
    /// The administrator's client certificate, which AKS hands out to every user; no Entra ID.
    Local,
    /// Entra ID, and the administrator's certificate for those who may ask for it.
    Entra,
    /// Entra ID alone.
    EntraOnly,
}

/// One cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Cluster {
    pub(crate) subscription: String,
    pub(crate) group: String,
    pub(crate) name: String,
    pub(crate) location: String,
    /// What the cluster is there for, shown by `GET /sandbox/clusters`.
    pub(crate) note: String,
    pub(crate) network: Network,
    pub(crate) accounts: Accounts,
    pub(crate) stack: Stack,
    /// Availability zones of the location, such as `1`; none where it has none.
    pub(crate) zones: Vec<String>,
    pub(crate) version: String,
    pub(crate) stopped: bool,
    pub(crate) created_at: Millis,
    pub(crate) etag: String,
    /// Eight digits in the names of its machines.
    pub(crate) hash: String,
    pub(crate) pools: BTreeMap<String, Pool>,
}

/// A pool whose machines cannot be had, whatever the stock says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Drought {
    /// When machines can be had again; none: never.
    pub(crate) until: Option<Millis>,
    /// The error's code; none: the usual one.
    pub(crate) code: Option<String>,
    /// The code is wrapped into one of AKS's own.
    pub(crate) wrapped: bool,
}

/// One node pool.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Pool {
    pub(crate) name: String,
    /// `properties` as wanted, with all defaults, without what the service writes.
    pub(crate) spec: Value,
    /// `provisioningState`.
    pub(crate) state: String,
    /// `status.provisioningError`.
    pub(crate) error: Option<Failure>,
    pub(crate) etag: String,
    /// The Kubernetes version that `orchestratorVersion` stands for.
    pub(crate) version: String,
    /// Which node image.
    pub(crate) image: usize,
    pub(crate) nodes: Vec<Node>,
    /// The number of the next machine.
    pub(crate) serial: u32,
    pub(crate) created_at: Millis,
    pub(crate) drought: Option<Drought>,
}

impl Cluster {
    /// The id in the usual spelling.
    pub(crate) fn id(&self) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.ContainerService/managedClusters/{}",
            self.subscription, self.group, self.name
        )
    }

    /// The id as AKS itself spells it, with `resourcegroups` in lower case.
    pub(crate) fn shown_id(&self) -> String {
        self.id().replace("/resourceGroups/", "/resourcegroups/")
    }

    /// The group that AKS keeps the machines in.
    pub(crate) fn node_group(&self) -> String {
        format!("MC_{}_{}_{}", self.group, self.name, self.location)
    }

    /// Where machines of the pool stand: `eastus-1` for a zone, `eastus` without zones.
    pub(crate) fn places(&self, spec: &Value) -> Vec<String> {
        let zones = strings(&spec["availabilityZones"]);
        if zones.is_empty() {
            vec![self.location.clone()]
        } else {
            zones.iter().map(|zone| format!("{}-{zone}", self.location)).collect()
        }
    }

    /// How many machines the pool is to have in each place.
    pub(crate) fn sizes(&self, pool: &Pool) -> BTreeMap<String, u32> {
        let places = self.places(&pool.spec);
        let total = if pool.stopped() || self.stopped { 0 } else { pool.count() };
        let number = u32::try_from(places.len()).unwrap_or(u32::MAX).max(1);
        let extra = total % number;
        places.into_iter().zip(0..).map(|(place, i)| (place, total / number + u32::from(i < extra))).collect()
    }
}

impl Pool {
    /// Machines wanted.
    pub(crate) fn count(&self) -> u32 {
        number(&self.spec["count"])
    }

    pub(crate) fn stopped(&self) -> bool {
        self.spec["powerState"]["code"] == "Stopped"
    }

    pub(crate) fn size(&self) -> Option<&'static Size> {
        hardware::size(self.spec["vmSize"].as_str().unwrap_or_default())
    }

    /// Machines cannot be had at that time.
    pub(crate) fn dry(&self, at: Millis) -> bool {
        self.drought.as_ref().is_some_and(|drought| drought.until.is_none_or(|until| at < until))
    }

    /// The resource has changed.
    pub(crate) fn touch(&mut self, random: &mut Random) {
        self.etag = random.uuid();
    }

    /// Uids of nodes of another version, image or operating system than the pool is to have.
    pub(crate) fn stale(&self) -> Vec<String> {
        let image = self.image_name();
        let fresh = |node: &Node| {
            node.version == self.version
                && node.labels.get(super::nodes::IMAGE_LABEL).is_some_and(|found| *found == image)
        };
        self.nodes.iter().filter(|node| !fresh(node)).map(|node| node.uid.clone()).collect()
    }

    pub(crate) fn image_name(&self) -> String {
        super::versions::image(self.spec["osSKU"].as_str().unwrap_or_default(), self.image)
    }

    /// At rest, and how: `provisioningState` with its reason.
    pub(crate) fn settle(&mut self, state: &str, error: Option<Failure>, random: &mut Random) {
        state.clone_into(&mut self.state);
        self.error = error;
        self.touch(random);
    }

    /// Azure's words for machines that do not come. The codes are those of Azure Compute (source: AKS blog of December
    /// 2025); the texts are shortened.
    pub(crate) fn capacity_failure(&self, location: &str) -> Failure {
        let size = self.spec["vmSize"].as_str().unwrap_or_default();
        let zonal = !strings(&self.spec["availabilityZones"]).is_empty();
        let usual = if zonal { "ZonalAllocationFailed" } else { "AllocationFailed" };
        let code = self.drought.as_ref().and_then(|drought| drought.code.as_deref()).unwrap_or(usual);
        let message = match code {
            "SkuNotAvailable" => format!(
                "The requested VM size for resource 'Following SKUs have failed for Capacity Restrictions: {size}' is \
                 currently not available in location '{location}'. Please try another size or deploy to a different \
                 location or different zone. See https://aka.ms/azureskunotavailable for details."
            ),
            _ if code.starts_with("Overconstrained") => {
                let zone = if zonal { "\n  - Availability Zone" } else { "" };
                format!(
                    "Allocation failed. VM(s) with the following constraints cannot be allocated, because the condition \
                     is too restrictive. Please remove some constraints and try again. Constraints applied are:{zone}\n  \
                     - VM Size\n"
                )
            }
            _ => {
                let place = if zonal { "zone" } else { "region" };
                format!(
                    "Allocation failed. We do not have sufficient capacity for the requested VM size in this {place}. \
                     Read more about improving likelihood of allocation success at \
                     http://aka.ms/allocation-guidance"
                )
            }
        };
        let cause = Failure { code: code.to_owned(), message, details: Vec::new() };
        if !self.drought.as_ref().is_some_and(|drought| drought.wrapped) {
            return cause;
        }
        let wrapper =
            if self.nodes.is_empty() { "CreateVMSSAgentPoolFailed" } else { "ReconcileVMSSAgentPoolFailed" };
        let message =
            format!("AKS encountered an internal error: Code=\"{code}\" Message=\"{}\"", cause.message);
        Failure {
            code: wrapper.to_owned(),
            message,
            details: vec![json!({"code": code, "message": cause.message})],
        }
    }
}

impl Aks {
    pub(crate) fn pool_mut(&mut self, cluster: &str, name: &str) -> Option<&mut Pool> {
        self.clusters.get_mut(cluster)?.pools.get_mut(name)
    }

    fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.clusters.values().flat_map(|cluster| cluster.pools.values()).flat_map(|pool| &pool.nodes)
    }

    /// Machines of a size that can still be had in a place.
    pub(crate) fn free_machines(&self, place: &str, size: &Size) -> u32 {
        let Some(gpu) = size.gpu else { return u32::MAX };
        let here = self.nodes().filter(|node| node.zone == place).filter_map(|node| node.gpus.as_ref());
        let used: u32 = here.filter(|gpus| gpus.kind == gpu.name).map(|gpus| gpus.count).sum();
        let exist = self.stock.get(place).and_then(|kinds| kinds.get(gpu.name)).copied();
        exist.unwrap_or(GENEROUS_STOCK).saturating_sub(used) / size.gpus.max(1)
    }

    /// vCPUs of a family that may still be used in a location.
    pub(crate) fn free_vcpus(&self, location: &str, family: &str) -> u32 {
        let here = self.clusters.values().filter(|cluster| cluster.location == location);
        let nodes = here.flat_map(|cluster| cluster.pools.values()).flat_map(|pool| &pool.nodes);
        let used: u32 = nodes
            .filter(|node| hardware::size(&node.machine_type).is_some_and(|size| size.family == family))
            .map(|node| node.vcpus)
            .sum();
        let limit = self.quota.get(location).and_then(|families| families.get(family)).copied();
        limit.unwrap_or(GENEROUS_QUOTA).saturating_sub(used)
    }
}

/// The key of a cluster: its id without a difference between cases.
pub(crate) fn key(id: &str) -> String {
    id.trim_end_matches('/').to_ascii_lowercase()
}

/// The strings of a JSON list; anything else counts as none.
pub(crate) fn strings(list: &Value) -> Vec<String> {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A count; anything that is none counts as zero.
pub(crate) fn number(value: &Value) -> u32 {
    value.as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(0)
}
