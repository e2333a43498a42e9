//! What exists at AWS: clusters, their node groups, launch templates, and who uses how many machines.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::access::AccessEntry;
use super::hardware::{self, Machine};
use super::operations::Operation;
use super::sessions::Session;
use super::signature::partition;
use crate::sandbox::clock::Millis;
use crate::sandbox::kubernetes::Stack;
use crate::sandbox::nodes::{Node, Occupied};
use crate::sandbox::random::Random;

/// Machines of one type in one zone, unless an actor set another number: enough for any test that is not about stock.
const GENEROUS_STOCK: u32 = 1024;

/// All of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Eks {
    /// By ARN.
    pub(super) clusters: BTreeMap<String, Cluster>,
    /// Launch templates by id.
    pub(super) templates: BTreeMap<String, Template>,
    /// In the order in which they were started.
    pub(super) operations: Vec<Operation>,
    /// Machines that exist, by zone and instance type; absent means plenty.
    pub(super) stock: BTreeMap<String, BTreeMap<String, u32>>,
    /// What was asked for with which idempotency token, and what came of it.
    pub(super) tokens: BTreeMap<String, Done>,
    /// By the id of their access key.
    pub(super) sessions: BTreeMap<String, Session>,
    /// Roles that somebody deleted, by ARN.
    pub(super) lost_roles: BTreeSet<String>,
    /// Where pods run, which a drain has to wait for.
    #[serde(skip)]
    pub(crate) occupied: Occupied,
    /// Makes the ids of requests, apart from all others: how often somebody looks changes nothing else.
    pub(super) requests: Random,
}

/// A request that was carried out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Done {
    pub(super) request: Value,
    /// The id of what came of it.
    pub(super) result: String,
}

/// One cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Cluster {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) name: String,
    /// What the cluster is there for, shown by `GET /sandbox/clusters`.
    pub(super) note: String,
    pub(super) stack: Stack,
    pub(super) version: String,
    pub(super) created_at: Millis,
    /// Zones by the ids of their subnets.
    pub(super) subnets: BTreeMap<String, String>,
    pub(super) groups: BTreeMap<String, NodeGroup>,
    /// Who may come to its API server, by the ARN of the principal.
    pub(super) access: BTreeMap<String, AccessEntry>,
}

/// A reason why a node group or an update is not well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Issue {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) resources: Vec<String>,
}

/// How the machines of a node group are made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Recipe {
    pub(super) machine_type: String,
    pub(super) ami_type: String,
    /// Of the launch template, decoded.
    pub(super) user_data: String,
    /// Id and version of the launch template.
    pub(super) template: Option<(String, u64)>,
    /// The Kubernetes version.
    pub(super) version: String,
    pub(super) release: String,
}

/// One node group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct NodeGroup {
    pub(super) name: String,
    /// The last part of its ARN and of the name of its Auto Scaling group.
    pub(super) uuid: String,
    /// The `Nodegroup` as wanted, with all defaults, without what the service writes.
    pub(super) spec: Value,
    pub(super) status: String,
    pub(super) issues: Vec<Issue>,
    pub(super) recipe: Recipe,
    /// Tags of its Auto Scaling group: value and whether machines get it, by key.
    pub(super) scaling_tags: BTreeMap<String, (String, bool)>,
    pub(super) nodes: Vec<Node>,
    pub(super) created_at: Millis,
    pub(super) modified_at: Millis,
    /// Machines cannot be had, whatever the stock says: until then, or for ever.
    pub(super) drought: Option<Drought>,
}

/// Machines cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Drought {
    /// None: never again.
    pub(super) until: Option<Millis>,
    /// The code of the issue.
    pub(super) code: String,
}

/// A launch template.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Template {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) created_at: Millis,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) default: u64,
    /// The number of the newest version ever made.
    pub(super) latest: u64,
    pub(super) versions: BTreeMap<u64, TemplateVersion>,
}

/// A version of a launch template.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct TemplateVersion {
    /// `RequestLaunchTemplateData` by the names of the model.
    pub(super) data: Value,
    pub(super) description: Option<String>,
    pub(super) created_at: Millis,
}

impl Cluster {
    pub(super) fn arn(&self) -> String {
        arn(&self.account, &self.region, &self.name)
    }

    /// The ARN of one of its node groups.
    pub(super) fn group_arn(&self, group: &NodeGroup) -> String {
        let (partition, region, account) = (partition(&self.region), &self.region, &self.account);
        format!(
            "arn:{partition}:eks:{region}:{account}:nodegroup/{}/{}/{}",
            self.name, group.name, group.uuid
        )
    }

    /// Zones of a node group's subnets.
    pub(super) fn zones(&self, spec: &Value) -> Vec<String> {
        let subnets = strings(&spec["subnets"]);
        let mut zones: Vec<String> = subnets.iter().filter_map(|id| self.subnets.get(id).cloned()).collect();
        zones.sort();
        zones.dedup();
        zones
    }
}

impl NodeGroup {
    /// Machines wanted.
    pub(super) fn desired(&self) -> usize {
        usize::try_from(self.spec["scalingConfig"]["desiredSize"].as_u64().unwrap_or(0)).unwrap_or(usize::MAX)
    }

    /// The ARN of its node role.
    pub(super) fn role(&self) -> &str {
        self.spec["nodeRole"].as_str().unwrap_or_default()
    }

    pub(super) fn incomplete(&self) -> bool {
        self.nodes.len() < self.desired()
    }

    /// The name of its Auto Scaling group.
    pub(super) fn scaling_group(&self) -> String {
        format!("eks-{}-{}", self.name, self.uuid)
    }

    /// Machines cannot be had at that time.
    pub(super) fn dry(&self, at: Millis) -> bool {
        self.drought.as_ref().is_some_and(|drought| drought.until.is_none_or(|until| at < until))
    }

    /// Why machines do not come. The text is EC2's.
    pub(super) fn capacity_issue(&self, zone: &str) -> Issue {
        let code = self
            .drought
            .as_ref()
            .map_or("AsgInstanceLaunchFailures", |drought| drought.code.as_str())
            .to_owned();
        let message = match code.as_str() {
            "InstanceLimitExceeded" => "Could not launch On-Demand Instances. VcpuLimitExceeded - You have requested \
                 more vCPU capacity than your current vCPU limit of 0 allows for the instance bucket that the specified \
                 instance type belongs to. Launching EC2 instance failed."
                .to_owned(),
            "InsufficientFreeAddresses" => {
                "One or more of the subnets associated with your node group does not have enough available IP \
                 addresses for new nodes."
                    .to_owned()
            }
            _ => format!(
                "Could not launch On-Demand Instances. InsufficientInstanceCapacity - We currently do not have \
                 sufficient {} capacity in the Availability Zone you requested ({zone}). Our system will be working on \
                 provisioning additional capacity. Launching EC2 instance failed.",
                self.recipe.machine_type
            ),
        };
        Issue { code, message, resources: vec![self.scaling_group()] }
    }

    /// A status, with what is wrong in it.
    pub(super) fn settle(&mut self, status: &str, issues: Vec<Issue>, at: Millis) {
        status.clone_into(&mut self.status);
        self.issues = issues;
        self.modified_at = at;
    }
}

impl Issue {
    pub(super) fn new(code: &str, message: impl Into<String>, resource: &str) -> Self {
        Self { code: code.to_owned(), message: message.into(), resources: vec![resource.to_owned()] }
    }

    /// As a health issue of a node group.
    pub(super) fn view(&self) -> Value {
        json!({"code": self.code, "message": self.message, "resourceIds": self.resources})
    }

    /// As an error of an update.
    pub(super) fn error(&self) -> Value {
        json!({"errorCode": self.code, "errorMessage": self.message, "resourceIds": self.resources})
    }
}

impl Recipe {
    pub(super) fn machine(&self) -> Option<Machine> {
        hardware::machine(&self.machine_type)
    }
}

impl Eks {
    pub(super) fn group_mut(&mut self, cluster: &str, name: &str) -> Option<&mut NodeGroup> {
        self.clusters.get_mut(cluster)?.groups.get_mut(name)
    }

    /// The group's role is gone: its machines cannot join.
    pub(super) fn roleless(&self, group: &NodeGroup) -> bool {
        self.lost_roles.contains(group.role())
    }

    /// Machines of a type that can still be had in a zone.
    pub(super) fn free(&self, zone: &str, machine_type: &str) -> u32 {
        let groups = self.clusters.values().flat_map(|cluster| cluster.groups.values());
        let used = groups
            .flat_map(|group| &group.nodes)
            .filter(|node| node.zone == zone && node.machine_type == machine_type)
            .count();
        let exist = self.stock.get(zone).and_then(|types| types.get(machine_type)).copied();
        exist.unwrap_or(GENEROUS_STOCK).saturating_sub(u32::try_from(used).unwrap_or(u32::MAX))
    }
}

/// The ARN of a cluster.
pub(super) fn arn(account: &str, region: &str, name: &str) -> String {
    format!("arn:{}:eks:{region}:{account}:cluster/{name}", partition(region))
}

/// The strings of a JSON list; anything else counts as none.
pub(super) fn strings(list: &Value) -> Vec<String> {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Seconds since the epoch, with a fraction, as AWS writes instants in JSON.
pub(super) fn epoch(at: Millis) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a few thousand years")]
    let seconds = at as f64 / 1000.0;
    json!(seconds)
}
