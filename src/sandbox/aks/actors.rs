//! What others do to AKS clusters: the autoscaler, automatic upgrades, policies, colleagues, the stock itself.

use serde_json::{Map, Value, json};

use super::Context;
use super::fields;
use super::model::{Aks, Network, Pool, key, strings};
use super::operations::{Roll, Work};
use super::seed::{Plan, SUBSCRIPTION};
use super::{hardware, nodes, versions};
use crate::sandbox::actors::ActorError;
use crate::sandbox::parameters::Parameters;

/// kind, its fields, meaning.
const KINDS: &[(&str, &[&str], &str)] = &[
    ("delete_pool", &["cluster", "pool"], "the pool and its nodes are gone at once"),
    ("delete_cluster", &["cluster"], "the cluster is gone at once, with all pools"),
    ("add_cluster", &["cluster", "location"], "a cluster with its two first pools; cluster is the new id"),
    ("resize", &["cluster", "pool", "node_count"], "the autoscaler moves the pool to that many nodes"),
    (
        "edit_labels",
        &["cluster", "pool", "set", "remove"],
        "set: object of labels, remove: list of keys; at once",
    ),
    ("edit_tags", &["cluster", "pool", "set", "remove"], "a policy sets or removes tags; at once"),
    (
        "add_taint",
        &["cluster", "pool", "key", "value", "effect"],
        "effect is NoSchedule, PreferNoSchedule or NoExecute",
    ),
    ("remove_taint", &["cluster", "pool", "key"], "every taint with that key"),
    (
        "set_property",
        &["cluster", "pool", "property", "value"],
        "somebody sets a property of the API, such as messageOfTheDay, past all rules; null removes it",
    ),
    (
        "auto_upgrade",
        &["cluster", "pool", "version"],
        "an operation that replaces the nodes; version by default the control plane's",
    ),
    (
        "auto_upgrade_image",
        &["cluster", "pool"],
        "an operation that replaces the nodes by such with the newest image",
    ),
    (
        "stop_pool",
        &["cluster", "pool"],
        "the pool is stopped at once: its machines are gone, its count stays",
    ),
    (
        "occupy",
        &["cluster", "pool"],
        "somebody else's operation on the pool, or on the whole cluster without pool",
    ),
    (
        "set_stock",
        &["location", "zone", "vm_size", "count"],
        "GPUs of the size's kind that exist in the zone, those in use included; without zone, outside of zones",
    ),
    (
        "set_quota",
        &["location", "vm_size", "count"],
        "vCPUs of the size's family that may be used in the location, those in use included",
    ),
    ("reboot_nodes", &["cluster", "pool"], "every node of the pool restarts: another boot id, the same uid"),
];

/// Something to do, checked as far as it can be before it is done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Act {
    AddCluster { group: String, name: String, location: String },
    DeleteCluster { cluster: String },
    OccupyCluster { cluster: String },
    SetStock { place: String, gpu: &'static str, count: u32 },
    SetQuota { location: String, family: &'static str, count: u32 },
    Pool { cluster: String, pool: String, deed: Deed },
}

/// Something to do with a pool.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Deed {
    Delete,
    Resize(u32),
    Edit { property: &'static str, set: Map<String, Value>, remove: Vec<String> },
    AddTaint(String),
    RemoveTaint(String),
    SetProperty(String, Value),
    Upgrade(Option<String>),
    UpgradeImage,
    Stop,
    Occupy,
    Reboot,
}

impl Act {
    /// All kinds with their fields.
    pub(crate) fn kinds() -> Vec<Value> {
        let kinds = KINDS.iter();
        kinds
            .map(|(kind, fields, meaning)| json!({"cloud": "aks", "kind": kind, "fields": fields, "meaning": meaning}))
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
        if matches!(*kind, "set_stock" | "set_quota") {
            let (location, asked) = (text("location")?, text("vm_size")?);
            let size =
                hardware::size(&asked).ok_or_else(|| impossible(format!("there is no VM size {asked:?}")))?;
            let count = fields.count("count")?;
            if *kind == "set_quota" {
                return Ok(Self::SetQuota { location, family: size.family, count });
            }
            let gpu = size.gpu.ok_or_else(|| impossible(format!("{} has no GPU", size.name)))?;
            let zone = fields.text("zone")?;
            let place = zone.map_or_else(|| location.clone(), |zone| format!("{location}-{zone}"));
            return Ok(Self::SetStock { place, gpu: gpu.name, count });
        }
        let cluster = text("cluster")?;
        match *kind {
            "delete_cluster" => return Ok(Self::DeleteCluster { cluster }),
            "add_cluster" => return new_cluster(&cluster, fields.text("location")?.unwrap_or("eastus")),
            "occupy" if fields.text("pool")?.is_none() => return Ok(Self::OccupyCluster { cluster }),
            _ => {}
        }
        let deed = Deed::read(kind, &fields)?;
        Ok(Self::Pool { cluster, pool: text("pool")?, deed })
    }
}

impl Deed {
    fn read(kind: &str, fields: &Parameters<'_>) -> Result<Self, ActorError> {
        let text = |name: &str| fields.needed(name).map(str::to_owned);
        Ok(match kind {
            "resize" => Self::Resize(fields.count("node_count")?),
            "edit_labels" | "edit_tags" => {
                let object = |value: &Value| value.as_object().cloned();
                let set = fields.value("set").map_or(Some(Map::new()), object);
                let set = set.ok_or_else(|| impossible("set is an object of texts".to_owned()))?;
                let remove = fields.value("remove").map(strings).unwrap_or_default();
                Self::Edit { property: if kind == "edit_tags" { "tags" } else { "nodeLabels" }, set, remove }
            }
            "add_taint" => {
                let effect = fields.choice("effect", &["NoSchedule", "PreferNoSchedule", "NoExecute"])?;
                Self::AddTaint(format!(
                    "{}={}:{effect}",
                    text("key")?,
                    fields.text("value")?.unwrap_or_default()
                ))
            }
            "remove_taint" => Self::RemoveTaint(text("key")?),
            "set_property" => {
                let property = text("property")?;
                let value = fields.value("value").cloned().unwrap_or(Value::Null);
                let body = json!({property.as_str(): value});
                fields::read(fields::PROPERTIES, &body, super::ApiVersion::NEWEST).map_err(|violation| {
                    impossible(super::Refusal::unreadable(&violation).message().to_owned())
                })?;
                Self::SetProperty(property, value)
            }
            "auto_upgrade" => Self::Upgrade(fields.text("version")?.map(str::to_owned)),
            "auto_upgrade_image" => Self::UpgradeImage,
            "stop_pool" => Self::Stop,
            "occupy" => Self::Occupy,
            "reboot_nodes" => Self::Reboot,
            _ => Self::Delete,
        })
    }
}

fn impossible(text: String) -> ActorError {
    ActorError::Impossible(text)
}

fn new_cluster(id: &str, location: &str) -> Result<Act, ActorError> {
    let lower = key(id);
    let words: Vec<_> = lower.split('/').collect();
    let original: Vec<_> = id.split('/').collect();
    let [
        "",
        "subscriptions",
        SUBSCRIPTION,
        "resourcegroups",
        _,
        "providers",
        "microsoft.containerservice",
        "managedclusters",
        _,
    ] = words.as_slice()
    else {
        return Err(impossible(format!(
            "{id:?} is not /subscriptions/{SUBSCRIPTION}/resourceGroups/GROUP/providers/Microsoft.ContainerService/\
             managedClusters/NAME"
        )));
    };
    Ok(Act::AddCluster {
        group: original[4].to_owned(),
        name: original[8].to_owned(),
        location: location.to_owned(),
    })
}

impl Aks {
    /// Does it. What it should act on may be gone by then, which is an error for those who ask for it to be done now.
    pub(crate) fn act(&mut self, context: &mut Context<'_>, act: &Act) -> Result<(), ActorError> {
        match act {
            Act::AddCluster { group, name, location } => {
                let plan = Plan {
                    accounts: super::model::Accounts::Entra,
                    stack: crate::sandbox::kubernetes::Stack::Nothing,
                    group,
                    name,
                    location,
                    network: Network::Flat,
                    zones: &["1", "2", "3"],
                    note: "added",
                };
                self.add_cluster(&plan, context.now, context.random);
            }
            Act::DeleteCluster { cluster } => {
                let key = self.found(cluster)?;
                self.clusters.remove(&key);
            }
            Act::OccupyCluster { cluster } => {
                let key = self.found(cluster)?;
                self.start(context, "Updating", &key, None, Work::Occupy);
            }
            Act::SetStock { place, gpu, count } => {
                self.stock.entry(place.clone()).or_default().insert((*gpu).to_owned(), *count);
                self.advance(context.now, context.random);
            }
            Act::SetQuota { location, family, count } => {
                self.quota.entry(location.clone()).or_default().insert((*family).to_owned(), *count);
            }
            Act::Pool { cluster, pool, deed } => {
                let key = self.found(cluster)?;
                let pools = self.clusters.get(&key).map(|cluster| &cluster.pools);
                if let Some(pools) = pools.filter(|pools| !pools.contains_key(pool)) {
                    let known: Vec<_> = pools.keys().map(String::as_str).collect();
                    return Err(impossible(format!(
                        "there is no pool {pool:?} in {cluster}; there are {}",
                        known.join(", ")
                    )));
                }
                self.carry_out_deed(context, &key, pool, deed)?;
            }
        }
        Ok(())
    }

    /// The key of a cluster that is there.
    fn found(&self, cluster: &str) -> Result<String, ActorError> {
        let key = key(cluster);
        if self.clusters.contains_key(&key) {
            return Ok(key);
        }
        Err(impossible(format!("there is no cluster {cluster:?}; there are {}", self.known())))
    }

    fn carry_out_deed(
        &mut self,
        context: &mut Context<'_>,
        key: &str,
        name: &str,
        deed: &Deed,
    ) -> Result<(), ActorError> {
        match deed {
            Deed::Delete => {
                self.clusters.get_mut(key).map(|cluster| cluster.pools.remove(name));
            }
            // That the autoscaler gives the pool another etag is unverified.
            Deed::Resize(count) => {
                self.edit(context, key, name, |pool| pool.spec["count"] = json!(count));
                self.fill(key, name, context.now, context.latency, context.random);
            }
            Deed::Edit { property, set, remove } => self.edit(context, key, name, |pool| {
                let mut edited = pool.spec[*property].as_object().cloned().unwrap_or_default();
                // Tags do not distinguish case; labels do, and are spelled as they are.
                edited.retain(|key, _| {
                    let same = |other: &String| {
                        key == other || (*property == "tags" && key.eq_ignore_ascii_case(other))
                    };
                    !remove.iter().any(same) && !set.keys().any(same)
                });
                edited.extend(set.clone());
                pool.spec[*property] = Value::Object(edited);
            }),
            Deed::AddTaint(taint) => self.edit(context, key, name, |pool| {
                let mut edited = strings(&pool.spec["nodeTaints"]);
                edited.push(taint.clone());
                pool.spec["nodeTaints"] = json!(edited);
            }),
            Deed::RemoveTaint(taint) => self.edit(context, key, name, |pool| {
                let mut edited = strings(&pool.spec["nodeTaints"]);
                edited.retain(|other| other.split(['=', ':']).next() != Some(taint.as_str()));
                pool.spec["nodeTaints"] = json!(edited);
            }),
            Deed::SetProperty(property, value) => {
                self.edit(context, key, name, |pool| pool.spec[property.as_str()] = value.clone());
            }
            Deed::Stop => {
                self.edit(context, key, name, |pool| pool.spec["powerState"] = json!({"code": "Stopped"}));
            }
            Deed::Upgrade(version) => {
                let cluster =
                    self.clusters.get(key).map(|cluster| cluster.version.clone()).unwrap_or_default();
                let asked = version.as_deref().unwrap_or(&cluster);
                let version = versions::checked(&cluster, asked)
                    .map_err(|refusal| impossible(refusal.message().to_owned()))?;
                self.edit(context, key, name, |pool| {
                    version.clone_into(&mut pool.version);
                    pool.spec["orchestratorVersion"] = json!(version);
                });
                self.roll_pool(context, key, name, "Upgrading");
            }
            Deed::UpgradeImage => {
                self.edit(context, key, name, |pool| pool.image = versions::LAST_IMAGE);
                self.roll_pool(context, key, name, "UpgradingNodeImageVersion");
            }
            Deed::Occupy => {
                self.start(context, "Updating", key, Some(name), Work::Occupy);
            }
            Deed::Reboot => {
                let (now, length) = (context.now, context.latency / 4);
                let count = self.pool_mut(key, name).map_or(0, |pool| pool.nodes.len());
                let boots: Vec<_> = (0..count).map(|_| context.random.uuid()).collect();
                if let Some(pool) = self.pool_mut(key, name) {
                    nodes::reboot(pool, now, length, boots);
                }
            }
        }
        Ok(())
    }

    fn roll_pool(&mut self, context: &mut Context<'_>, key: &str, name: &str, doing: &str) {
        let stale = self.pool_mut(key, name).map(|pool| pool.stale()).unwrap_or_default();
        self.start(context, doing, key, Some(name), Work::Update(Some(Roll::new(stale, 1, 0))));
    }

    /// A change at once, on the resource and on the live nodes, past all rules and operations.
    fn edit(&mut self, context: &mut Context<'_>, key: &str, name: &str, edit: impl Fn(&mut Pool)) {
        let Some(cluster) = self.clusters.get_mut(key) else { return };
        let group = cluster.node_group();
        if let Some(pool) = cluster.pools.get_mut(name) {
            edit(pool);
            pool.touch(context.random);
            nodes::refresh(&group, pool);
        }
        let Some(sizes) = cluster.pools.get(name).map(|pool| cluster.sizes(pool)) else { return };
        if let Some(pool) = cluster.pools.get_mut(name) {
            nodes::shrink(pool, &sizes);
        }
    }
}
