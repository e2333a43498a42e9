//! Changes of a live node pool, and which of them replace its nodes.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::errors::Refusal;
use super::model::{Cluster, Gke, Pool, strings};
use super::operations::{Changes, Roll, Work};
use super::{Context, accelerators, autoscaling, rules, spec, versions};

/// Fields of `UpdateNodePoolRequest` that change live nodes or concern none: the field, where the value is in it, and
/// the place in the `NodePool` resource.
const IN_PLACE: &[(&str, &str, &str)] = &[
    ("labels", "/labels", "config.labels"),
    ("taints", "/taints", "config.taints"),
    ("tags", "/tags", "config.tags"),
    ("resourceLabels", "/labels", "config.resourceLabels"),
    ("resourceManagerTags", "", "config.resourceManagerTags"),
    ("upgradeSettings", "", "upgradeSettings"),
    ("nodeDrainConfig", "", "nodeDrainConfig"),
    ("queuedProvisioning", "", "queuedProvisioning"),
    ("maintenancePolicy", "", "maintenancePolicy"),
    ("locations", "", "locations"),
];

/// Fields whose change replaces every node.
const ROLLING: &[(&str, &str)] = &[
    ("accelerators", "config.accelerators"),
    ("bootDisk", "config.bootDisk"),
    ("confidentialNodes", "config.confidentialNodes"),
    ("consolidationDelay", "config.consolidationDelay"),
    ("containerdConfig", "config.containerdConfig"),
    ("diskSizeGb", "config.diskSizeGb"),
    ("diskType", "config.diskType"),
    ("fastSocket", "config.fastSocket"),
    ("flexStart", "config.flexStart"),
    ("gcfsConfig", "config.gcfsConfig"),
    ("gvnic", "config.gvnic"),
    ("imageType", "config.imageType"),
    ("kubeletConfig", "config.kubeletConfig"),
    ("linuxNodeConfig", "config.linuxNodeConfig"),
    ("loggingConfig", "config.loggingConfig"),
    ("machineType", "config.machineType"),
    ("maxRunDuration", "config.maxRunDuration"),
    ("nodeNetworkConfig", "networkConfig"),
    ("nodeVersion", "version"),
    ("storagePools", "config.storagePools"),
    ("taintConfig", "config.taintConfig"),
    ("windowsNodeConfig", "config.windowsNodeConfig"),
    ("workloadMetadataConfig", "config.workloadMetadataConfig"),
];

impl Gke {
    pub(super) fn update_pool(
        &mut self,
        context: &mut Context<'_>,
        cluster_id: &str,
        name: &str,
        request: &Map<String, Value>,
    ) -> Result<Value, Refusal> {
        self.standard_cluster(cluster_id)?;
        let (cluster, pool) = self.pool(cluster_id, name)?;
        if let Some(etag) = request.get("etag").and_then(Value::as_str).filter(|etag| *etag != pool.etag()) {
            return Err(Refusal::aborted(format!(
                "The etag \"{etag}\" does not match the current etag of node pool {name}."
            )));
        }
        let (changes, rolls) = changes(cluster, pool, request)?;
        self.check_idle(cluster, Some(name))?;
        let (kind, work) = if changes.contains_key("locations") {
            ("UPDATE_CLUSTER", relocate(pool, changes))
        } else if rolls && request.contains_key("nodeVersion") {
            ("UPGRADE_NODES", roll(pool, changes))
        } else if rolls {
            // Which operation type an update of the node configuration has is unverified.
            ("UPDATE_CLUSTER", roll(pool, changes))
        } else {
            ("UPDATE_CLUSTER", Work::Change(changes))
        };
        self.mark(cluster_id, name, "RECONCILING");
        Ok(self.start(context, kind, cluster_id, Some(name), work))
    }

    pub(super) fn set_size(
        &mut self,
        context: &mut Context<'_>,
        cluster_id: &str,
        name: &str,
        request: &Map<String, Value>,
    ) -> Result<Value, Refusal> {
        self.standard_cluster(cluster_id)?;
        let (cluster, pool) = self.pool(cluster_id, name)?;
        let count = request.get("nodeCount").and_then(Value::as_i64).unwrap_or(0);
        let Some(count) = u32::try_from(count).ok().filter(|count| *count <= 1000) else {
            return Err(Refusal::invalid(format!("Node count {count} is not between 0 and 1000.")));
        };
        self.check_idle(cluster, Some(name))?;
        // New zones get this many machines too (source: discovery document), so it is the initial count from now on.
        let changes = Changes::from([("initialNodeCount".to_owned(), json!(count))]);
        let work = Work::Resize { sizes: autoscaling::per_zone(&pool.zones(), count), changes };
        self.mark(cluster_id, name, "RECONCILING");
        Ok(self.start(context, "SET_NODE_POOL_SIZE", cluster_id, Some(name), work))
    }

    pub(super) fn set_autoscaling(
        &mut self,
        context: &mut Context<'_>,
        cluster_id: &str,
        name: &str,
        request: &Map<String, Value>,
    ) -> Result<Value, Refusal> {
        let scaling = autoscaling::checked(request.get("autoscaling").unwrap_or(&Value::Null))?;
        let changes = Changes::from([("autoscaling".to_owned(), scaling)]);
        self.change_pool(context, cluster_id, name, "UPDATE_CLUSTER", changes)
    }

    pub(super) fn set_management(
        &mut self,
        context: &mut Context<'_>,
        cluster_id: &str,
        name: &str,
        request: &Map<String, Value>,
    ) -> Result<Value, Refusal> {
        let management = request.get("management").cloned().unwrap_or_else(|| json!({}));
        rules::check_management(self.cluster(cluster_id)?, &management)?;
        let changes = Changes::from([("management".to_owned(), management)]);
        self.change_pool(context, cluster_id, name, "SET_NODE_POOL_MANAGEMENT", changes)
    }

    /// An operation that replaces nothing.
    pub(super) fn change_pool(
        &mut self,
        context: &mut Context<'_>,
        cluster_id: &str,
        name: &str,
        kind: &str,
        changes: Changes,
    ) -> Result<Value, Refusal> {
        self.standard_cluster(cluster_id)?;
        let (cluster, _) = self.pool(cluster_id, name)?;
        self.check_idle(cluster, Some(name))?;
        self.mark(cluster_id, name, "RECONCILING");
        Ok(self.start(context, kind, cluster_id, Some(name), Work::Change(changes)))
    }

    /// Another version or image for all nodes.
    pub(super) fn roll_pool(
        &mut self,
        context: &mut Context<'_>,
        cluster_id: &str,
        name: &str,
        kind: &str,
        changes: Changes,
    ) -> Result<Value, Refusal> {
        self.standard_cluster(cluster_id)?;
        let (cluster, pool) = self.pool(cluster_id, name)?;
        check_changed(cluster, pool, &changes)?;
        self.check_idle(cluster, Some(name))?;
        let work = roll(pool, changes);
        self.mark(cluster_id, name, "RECONCILING");
        Ok(self.start(context, kind, cluster_id, Some(name), work))
    }

    /// Back to what nodes ran before an upgrade that was cancelled or failed: here, the nodes that were already
    /// replaced are replaced again.
    pub(super) fn rollback(
        &mut self,
        context: &mut Context<'_>,
        cluster_id: &str,
        name: &str,
    ) -> Result<Value, Refusal> {
        self.standard_cluster(cluster_id)?;
        let (cluster, pool) = self.pool(cluster_id, name)?;
        self.check_idle(cluster, Some(name))?;
        let last =
            self.operations.iter().rfind(|op| op.cluster == cluster_id && op.pool.as_deref() == Some(name));
        if !last.is_some_and(|op| op.kind == "UPGRADE_NODES" && op.failure.is_some()) {
            return Err(Refusal::precondition(format!("Node pool {name} has no upgrade to roll back.")));
        }
        let mut work = roll(pool, Changes::new());
        if let Work::Roll(roll) = &mut work {
            let old = pool.spec["version"].as_str().unwrap_or_default();
            let kept = |uid: &String| pool.nodes.iter().any(|node| node.uid == *uid && node.version == old);
            roll.remaining.retain(|uid| !kept(uid));
        }
        self.mark(cluster_id, name, "RECONCILING");
        Ok(self.start(context, "UPGRADE_NODES", cluster_id, Some(name), work))
    }
}

/// The changes that a request means, checked; true when they replace the nodes.
fn changes(cluster: &Cluster, pool: &Pool, request: &Map<String, Value>) -> Result<(Changes, bool), Refusal> {
    let mut changes = Changes::new();
    let mut rolls = false;
    for (field, inside, place) in IN_PLACE {
        if let Some(value) = request.get(*field) {
            changes.insert((*place).to_owned(), value.pointer(inside).cloned().unwrap_or(Value::Null));
        }
    }
    if let Some(labels) = changes.get_mut("config.resourceLabels") {
        let mut all = labels.as_object().cloned().unwrap_or_default();
        let spot = pool.spec["config"]["spot"] == true;
        spec::system_labels(&mut all, if spot { "spot" } else { "on-demand" });
        *labels = Value::Object(all);
    }
    for (field, place) in ROLLING {
        let Some(value) = request.get(*field) else { continue };
        let value = match *field {
            // An empty list changes nothing (source: magic-modules PR 18493).
            "accelerators" if value.as_array().is_some_and(Vec::is_empty) => continue,
            "accelerators" => {
                accelerators::check_change(&pool.spec["config"]["accelerators"], value)?;
                let mut list = value.clone();
                list.as_array_mut().into_iter().flatten().for_each(spec::fill_accelerator);
                list
            }
            "diskSizeGb" => json!(value.as_str().and_then(|text| text.parse::<i64>().ok()).unwrap_or(0)),
            "imageType" => json!(value.as_str().unwrap_or_default().to_ascii_uppercase()),
            "nodeVersion" => version(cluster, value)?,
            _ => value.clone(),
        };
        let pointer = format!("/{}", place.replace('.', "/"));
        rolls |= pool.spec.pointer(&pointer) != Some(&value);
        changes.insert((*place).to_owned(), value);
    }
    check_changed(cluster, pool, &changes)?;
    Ok((changes, rolls))
}

/// The version a request means: an alias counts from the control plane's.
pub(super) fn version(cluster: &Cluster, asked: &Value) -> Result<Value, Refusal> {
    let asked = asked.as_str().unwrap_or_default();
    let version = versions::resolve(cluster, asked).unwrap_or_else(|| asked.to_owned());
    versions::check_node(cluster, &version)?;
    Ok(json!(version))
}

/// The rules on the resource as it would be.
fn check_changed(cluster: &Cluster, pool: &Pool, changes: &Changes) -> Result<(), Refusal> {
    let mut changed = pool.spec.clone();
    spec::apply(&mut changed, changes);
    if !changes.contains_key("version") {
        // A pool may be older than what could be asked for today.
        changed["version"] = json!(cluster.version);
    }
    rules::check(cluster, &changed)
}

/// Replaces the nodes in batches of what the upgrade settings allow.
fn roll(pool: &Pool, changes: Changes) -> Work {
    let settings = changes.get("upgradeSettings").unwrap_or(&pool.spec["upgradeSettings"]);
    let count = |key: &str| settings[key].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    let nodes = u32::try_from(pool.nodes.len()).unwrap_or(u32::MAX);
    let (surge, unavailable) = match settings["strategy"].as_str() {
        // A whole second pool beside the first; the soaking is left out.
        Some("BLUE_GREEN") => (nodes, 0),
        _ => (count("maxSurge"), count("maxUnavailable")),
    };
    let remaining = pool.nodes.iter().map(|node| node.uid.clone()).collect();
    Work::Roll(Roll::new(changes, remaining, surge, unavailable))
}

/// Other zones: machines in the new ones, none in those that are gone. Other changes of the same request reach only
/// the new nodes, which is why Google's documentation advises against the mix (source: discovery document).
fn relocate(pool: &Pool, changes: Changes) -> Work {
    let count = pool.spec["initialNodeCount"].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    let zones = strings(&changes["locations"]);
    let size = |zone: &String| pool.sizes.get(zone).copied().unwrap_or(count);
    let sizes: BTreeMap<_, _> = zones.iter().map(|zone| (zone.clone(), size(zone))).collect();
    Work::Resize { sizes, changes }
}
