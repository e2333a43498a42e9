//! What others do to GKE clusters: the autoscaler, the automatic upgrade, colleagues in the console, the stock itself.

use serde_json::{Map, Value, json};

use super::model::{Gke, is_zone};
use super::operations::{Changes, Work};
use super::seed::Plan;
use super::{Context, autoscaling, nodes};
use crate::sandbox::actors::ActorError;
use crate::sandbox::kubernetes::Stack;
use crate::sandbox::parameters::Parameters;

/// kind, its fields, meaning.
const KINDS: &[(&str, &[&str], &str)] = &[
    ("delete_pool", &["cluster", "pool"], "the pool and its nodes are gone at once"),
    ("delete_cluster", &["cluster"], "the cluster is gone at once, with all pools"),
    ("add_cluster", &["cluster"], "a Standard cluster with its two first pools; cluster is the new id"),
    ("resize", &["cluster", "pool", "node_count"], "the autoscaler moves the pool to that many nodes in all"),
    (
        "edit_labels",
        &["cluster", "pool", "set", "remove"],
        "set: object of labels, remove: list of keys; at once",
    ),
    (
        "add_taint",
        &["cluster", "pool", "key", "value", "effect"],
        "effect is NO_SCHEDULE, PREFER_NO_SCHEDULE or NO_EXECUTE",
    ),
    ("remove_taint", &["cluster", "pool", "key"], "every taint with that key"),
    ("edit_autoscaling", &["cluster", "pool", "autoscaling"], "autoscaling as in the API"),
    (
        "auto_upgrade",
        &["cluster", "pool", "version"],
        "an operation that replaces the nodes; version by default the control plane's",
    ),
    (
        "occupy",
        &["cluster", "pool"],
        "somebody else's operation on the pool, or on the whole cluster without pool",
    ),
    (
        "set_stock",
        &["zone", "accelerator", "count"],
        "GPUs of that type that exist in the zone, those in use included",
    ),
    ("reboot_nodes", &["cluster", "pool"], "every node of the pool restarts: another boot id, the same uid"),
];

/// Something to do, checked as far as it can be before it is done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Act {
    DeletePool { cluster: String, pool: String },
    DeleteCluster { cluster: String },
    AddCluster { location: String, name: String },
    Resize { cluster: String, pool: String, count: u32 },
    EditLabels { cluster: String, pool: String, set: Map<String, Value>, remove: Vec<String> },
    AddTaint { cluster: String, pool: String, taint: Value },
    RemoveTaint { cluster: String, pool: String, key: String },
    EditAutoscaling { cluster: String, pool: String, autoscaling: Value },
    AutoUpgrade { cluster: String, pool: String, version: Option<String> },
    Occupy { cluster: String, pool: Option<String> },
    SetStock { zone: String, accelerator: String, count: u32 },
    RebootNodes { cluster: String, pool: String },
}

impl Act {
    /// All kinds with their fields.
    pub(crate) fn kinds() -> Vec<Value> {
        let kinds = KINDS.iter();
        kinds
            .map(|(kind, fields, meaning)| json!({"cloud": "gke", "kind": kind, "fields": fields, "meaning": meaning}))
            .collect()
    }

    /// An act from its JSON fields.
    pub(crate) fn read(kind: &str, given: &Map<String, Value>) -> Result<Self, ActorError> {
        let Some((kind, fields, _)) = KINDS.iter().find(|(known, ..)| *known == kind) else {
            let known: Vec<_> = KINDS.iter().map(|(kind, ..)| *kind).collect();
            return Err(ActorError::Kind { given: kind.to_owned(), known: known.join(", ") });
        };
        let fields = Parameters::of(kind, given, fields)?;
        let text = |name: &str| fields.needed(name).map(str::to_owned);
        let impossible = |text: String| ActorError::Impossible(text);
        if *kind == "set_stock" {
            let (zone, accelerator) = (text("zone")?, text("accelerator")?);
            if super::hardware::accelerator_named(&accelerator).is_none() {
                return Err(impossible(format!("there is no accelerator {accelerator:?}")));
            }
            return Ok(Self::SetStock { zone, accelerator, count: fields.count("count")? });
        }
        let cluster = text("cluster")?;
        Ok(match *kind {
            "delete_cluster" => Self::DeleteCluster { cluster },
            "add_cluster" => {
                let parts: Vec<_> = cluster.split('/').collect();
                let ["projects", super::seed::PROJECT, "locations", location, "clusters", name] =
                    parts.as_slice()
                else {
                    return Err(impossible(format!(
                        "{cluster:?} is not projects/{}/locations/LOCATION/clusters/NAME",
                        super::seed::PROJECT
                    )));
                };
                Self::AddCluster { location: (*location).to_owned(), name: (*name).to_owned() }
            }
            "occupy" => Self::Occupy { cluster, pool: fields.text("pool")?.map(str::to_owned) },
            "resize" => Self::Resize { cluster, pool: text("pool")?, count: fields.count("node_count")? },
            "edit_labels" => {
                let object = |value: &Value| value.as_object().cloned();
                let set = fields.value("set").map_or(Some(Map::new()), object);
                let set = set.ok_or_else(|| impossible("set is an object of labels".to_owned()))?;
                let remove = fields.value("remove").map(super::model::strings).unwrap_or_default();
                Self::EditLabels { cluster, pool: text("pool")?, set, remove }
            }
            "add_taint" => {
                let effect = fields.choice("effect", &["NO_SCHEDULE", "PREFER_NO_SCHEDULE", "NO_EXECUTE"])?;
                let taint = json!({"key": text("key")?, "value": fields.text("value")?, "effect": effect});
                Self::AddTaint { cluster, pool: text("pool")?, taint }
            }
            "remove_taint" => Self::RemoveTaint { cluster, pool: text("pool")?, key: text("key")? },
            "edit_autoscaling" => {
                let given = fields.value("autoscaling").cloned().unwrap_or(Value::Null);
                let message = super::fields::read("NodePoolAutoscaling", &given);
                let message = message.map_err(|error| impossible(error.to_string()))?;
                let autoscaling = autoscaling::checked(&Value::Object(message));
                let autoscaling = autoscaling.map_err(|refusal| impossible(refusal.message().to_owned()))?;
                Self::EditAutoscaling { cluster, pool: text("pool")?, autoscaling }
            }
            "auto_upgrade" => {
                let version = fields.text("version")?.map(str::to_owned);
                Self::AutoUpgrade { cluster, pool: text("pool")?, version }
            }
            "reboot_nodes" => Self::RebootNodes { cluster, pool: text("pool")? },
            _ => Self::DeletePool { cluster, pool: text("pool")? },
        })
    }

    fn target(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::SetStock { .. } | Self::AddCluster { .. } => (None, None),
            Self::DeleteCluster { cluster } => (Some(cluster), None),
            Self::Occupy { cluster, pool } => (Some(cluster), pool.as_deref()),
            Self::DeletePool { cluster, pool }
            | Self::Resize { cluster, pool, .. }
            | Self::EditLabels { cluster, pool, .. }
            | Self::AddTaint { cluster, pool, .. }
            | Self::RemoveTaint { cluster, pool, .. }
            | Self::EditAutoscaling { cluster, pool, .. }
            | Self::AutoUpgrade { cluster, pool, .. }
            | Self::RebootNodes { cluster, pool } => (Some(cluster), Some(pool)),
        }
    }
}

impl Gke {
    /// Does it. What it should act on may be gone by then, which is an error for those who ask for it to be done now.
    pub(crate) fn act(&mut self, context: &mut Context<'_>, act: &Act) -> Result<(), ActorError> {
        let (cluster, pool) = act.target();
        if let Some(id) = cluster {
            let impossible = |what: String| Err(ActorError::Impossible(what));
            let Some(cluster) = self.clusters.get(id) else {
                let known: Vec<_> = self.clusters.keys().map(String::as_str).collect();
                return impossible(format!("there is no cluster {id:?}; there are {}", known.join(", ")));
            };
            if let Some(pool) = pool.filter(|pool| !cluster.pools.contains_key(*pool)) {
                let known: Vec<_> = cluster.pools.keys().map(String::as_str).collect();
                return impossible(format!(
                    "there is no pool {pool:?} in {id}; there are {}",
                    known.join(", ")
                ));
            }
        }
        self.carry_out(context, act)
    }

    fn carry_out(&mut self, context: &mut Context<'_>, act: &Act) -> Result<(), ActorError> {
        match act {
            Act::DeletePool { cluster, pool } => {
                self.clusters.get_mut(cluster).map(|cluster| cluster.pools.remove(pool));
            }
            Act::DeleteCluster { cluster } => {
                self.clusters.remove(cluster);
            }
            Act::AddCluster { location, name } => {
                let channel = (!is_zone(location)).then_some("REGULAR");
                let (autopilot, stack, note) = (false, Stack::Nothing, "added");
                let plan = Plan { location, name, channel, autopilot, stack, note };
                self.add_cluster(&plan, context.now, context.random);
            }
            Act::Resize { cluster, pool, count } => {
                if let Some(pool) = self.pool_mut(cluster, pool) {
                    pool.sizes = autoscaling::spread(&pool.zones(), *count);
                    nodes::shrink(pool);
                    pool.revision += 1;
                }
                self.advance(context.now, context.latency, context.random);
            }
            Act::EditLabels { cluster, pool, set, remove } => {
                self.edit(cluster, pool, "config.labels", |labels| {
                    let mut edited = labels.as_object().cloned().unwrap_or_default();
                    edited.extend(set.clone());
                    remove.iter().for_each(|key| {
                        edited.remove(key);
                    });
                    Value::Object(edited)
                });
            }
            Act::AddTaint { cluster, pool, taint } => {
                self.edit(cluster, pool, "config.taints", |taints| {
                    let mut edited = taints.as_array().cloned().unwrap_or_default();
                    edited.push(taint.clone());
                    Value::Array(edited)
                });
            }
            Act::RemoveTaint { cluster, pool, key } => {
                self.edit(cluster, pool, "config.taints", |taints| {
                    let mut edited = taints.as_array().cloned().unwrap_or_default();
                    edited.retain(|taint| taint["key"] != *key);
                    Value::Array(edited)
                });
            }
            Act::EditAutoscaling { cluster, pool, autoscaling } => {
                self.edit(cluster, pool, "autoscaling", |_| autoscaling.clone());
            }
            Act::AutoUpgrade { cluster, pool, version } => {
                let wanted = json!(version.as_deref().unwrap_or("-"));
                let refused = |refusal: super::Refusal| ActorError::Impossible(refusal.message().to_owned());
                let parent = self.cluster(cluster).map_err(refused)?;
                let version = super::update::version(parent, &wanted).map_err(refused)?;
                let changes = Changes::from([("version".to_owned(), version)]);
                self.roll_pool(context, cluster, pool, "AUTO_UPGRADE_NODES", changes).map_err(refused)?;
            }
            Act::Occupy { cluster, pool } => {
                self.start(context, "UPDATE_CLUSTER", cluster, pool.as_deref(), Work::Occupy);
            }
            Act::SetStock { zone, accelerator, count } => {
                self.stock.entry(zone.clone()).or_default().insert(accelerator.clone(), *count);
                self.advance(context.now, context.latency, context.random);
            }
            Act::RebootNodes { cluster, pool } => {
                let (now, length) = (context.now, context.latency / 4);
                let boots: Vec<_> = (0..self.pool_mut(cluster, pool).map_or(0, |pool| pool.nodes.len()))
                    .map(|_| context.random.uuid())
                    .collect();
                if let Some(pool) = self.pool_mut(cluster, pool) {
                    nodes::reboot(pool, now, length, boots);
                }
            }
        }
        Ok(())
    }

    /// A change at once, on the resource and on the live nodes, past all rules and operations.
    fn edit(&mut self, cluster: &str, pool: &str, place: &str, edited: impl Fn(&Value) -> Value) {
        if let Some(pool) = self.pool_mut(cluster, pool) {
            let now =
                pool.spec.pointer(&format!("/{}", place.replace('.', "/"))).cloned().unwrap_or(Value::Null);
            pool.change(&Changes::from([(place.to_owned(), edited(&now))]));
            nodes::refresh(pool);
        }
    }
}
