//! From a pool as GKE shows it to the neutral one. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::labels;
use super::wire::{self, Int};
use super::{health, parts};
use crate::nodepool::spec::{Amount, CapacityType, NodeGpus, SharingSwitches, Taint, TaintEffect, Upgrade};
use crate::nodepool::{NodePool, OptionValue, Options, PoolId};
use crate::slicing::{Catalogue, Cloud, MigProfile, Sharing};

/// A pool that this version cannot describe. Guessing would make Terraform change it back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    /// A partition size that is no MIG profile.
    #[error("it is cut into partitions of {0:?}, which this version does not know; upgrade the provider")]
    Partition(String),
    /// A sharing strategy that is neither time-sharing nor MPS.
    #[error("its GPUs are shared by {0:?}, which this version does not know; upgrade the provider")]
    Sharing(String),
    /// A taint effect that Kubernetes did not have when this was written.
    #[error(
        "its taint {key} has the effect {effect:?}, which this version does not know; upgrade the provider"
    )]
    Taint { key: String, effect: String },
    /// A pool that GKE's own machinery makes and removes.
    #[error(
        "it is managed by GKE (Autopilot or a ComputeClass), which makes and removes such pools by itself"
    )]
    Managed,
}

/// The neutral pool. `node_count` comes from Compute Engine, since GKE does not show it.
pub(crate) fn pool(
    id: &PoolId,
    pool: &wire::NodePool,
    node_count: Option<u32>,
) -> Result<NodePool, Unreadable> {
    if pool.autopilot_config.as_ref().is_some_and(|it| it.enabled) {
        return Err(Unreadable::Managed);
    }
    let config = pool.config.clone().unwrap_or_default();
    let accelerator = config.accelerators.first();
    let machine_type = config.machine_type.clone().unwrap_or_default();
    let mut taints = taints(&config.taints)?;
    let gpu_taint = taints.remove(&Taint::gpu());
    taints.retain(|taint| !labels::is_system_taint(taint));
    let (disk_size_gb, disk_type) = disk(&config);
    Ok(NodePool {
        id: id.clone(),
        gpu: accelerator.and_then(|it| gpus(&machine_type, it)),
        mig_profile: accelerator.map(profile).transpose()?.flatten(),
        sharing: accelerator.map(sharing).transpose()?.unwrap_or_default(),
        switches: SharingSwitches::default(),
        machine_type,
        node_count,
        autoscaling: autoscaling(pool),
        capacity_type: if config.spot == Some(true) || config.preemptible == Some(true) {
            CapacityType::Spot
        } else {
            CapacityType::OnDemand
        },
        zones: pool.locations.iter().cloned().collect(),
        labels: without(&config.labels, labels::is_system_label),
        tags: without(&config.resource_labels, labels::is_system_tag),
        taints,
        gpu_taint,
        disk_size_gb,
        disk_type,
        max_pods: pool.max_pods_constraint.as_ref().and_then(|it| it.max_pods_per_node.count()),
        kubernetes_version: pool.version.clone(),
        upgrade: upgrade(pool.upgrade_settings.as_ref()),
        options: options(pool, &config),
        health: health::health(pool),
    })
}

fn without(all: &BTreeMap<String, String>, hidden: fn(&str) -> bool) -> BTreeMap<String, String> {
    all.iter().filter(|(key, _)| !hidden(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn gpus(machine_type: &str, accelerator: &wire::Accelerator) -> Option<NodeGpus> {
    let accelerator_type = accelerator.accelerator_type.clone()?;
    let count = accelerator.accelerator_count?.count().filter(|count| *count > 0)?;
    let catalogue = Catalogue::built_in();
    let of_machine = catalogue
        .machine(Some(Cloud::Gke), machine_type)
        .and_then(|machine| machine.gpu().map(|gpu| gpu.id.clone()));
    let model = of_machine
        .or_else(|| catalogue.gpu(&accelerator_type).map(|gpu| gpu.id.clone()))
        .unwrap_or_else(|| accelerator_type.clone());
    Some(NodeGpus { model, accelerator_type: Some(accelerator_type), count })
}

fn profile(accelerator: &wire::Accelerator) -> Result<Option<MigProfile>, Unreadable> {
    match accelerator.gpu_partition_size.as_deref() {
        None | Some("") => Ok(None),
        Some(size) => size.parse().map(Some).map_err(|_| Unreadable::Partition(size.to_owned())),
    }
}

fn sharing(accelerator: &wire::Accelerator) -> Result<Sharing, Unreadable> {
    let Some(config) = &accelerator.gpu_sharing_config else { return Ok(Sharing::None) };
    let replicas = config.max_shared_clients_per_gpu.and_then(wire::Long::count).unwrap_or(1);
    match config.gpu_sharing_strategy.as_deref().unwrap_or_default() {
        "" | "GPU_SHARING_STRATEGY_UNSPECIFIED" => Ok(Sharing::None),
        "TIME_SHARING" => Ok(Sharing::TimeSlicing { replicas }),
        "MPS" => Ok(Sharing::Mps { replicas }),
        other => Err(Unreadable::Sharing(other.to_owned())),
    }
}

fn taints(taints: &[wire::Taint]) -> Result<BTreeSet<Taint>, Unreadable> {
    taints
        .iter()
        .map(|taint| {
            let effect = TaintEffect::ALL
                .into_iter()
                .find(|effect| parts::effect(*effect) == taint.effect)
                .ok_or_else(|| Unreadable::Taint {
                key: taint.key.clone(),
                effect: taint.effect.clone(),
            })?;
            Ok(Taint { key: taint.key.clone(), value: taint.value.clone(), effect })
        })
        .collect()
}

/// The boot disk's size in GB and its type, whichever way they are kept.
pub(crate) fn disk(config: &wire::NodeConfig) -> (Option<u32>, Option<String>) {
    let boot_disk = config.boot_disk.as_ref();
    let size = config.disk_size_gb.and_then(Int::count).or_else(|| boot_disk?.size_gb?.count());
    let kind = config.disk_type.clone().or_else(|| boot_disk?.disk_type.clone());
    (size.filter(|size| *size > 0), kind)
}

/// The autoscaler's limits for the whole pool, whichever way they are kept.
fn autoscaling(pool: &wire::NodePool) -> Option<(u32, u32)> {
    let limits = pool.autoscaling.as_ref().filter(|limits| limits.enabled)?;
    let count = |number: Option<Int>| number.and_then(Int::count).unwrap_or(0);
    if limits.max_node_count.is_some_and(|max| max.0 > 0) {
        let zones = u32::try_from(pool.locations.len()).unwrap_or(u32::MAX).max(1);
        return Some((
            count(limits.min_node_count).saturating_mul(zones),
            count(limits.max_node_count).saturating_mul(zones),
        ));
    }
    Some((count(limits.total_min_node_count), count(limits.total_max_node_count)))
}

fn upgrade(settings: Option<&wire::UpgradeSettings>) -> Upgrade {
    let Some(settings) = settings else { return Upgrade::default() };
    if !matches!(settings.strategy.as_deref(), None | Some("SURGE" | "NODE_POOL_UPDATE_STRATEGY_UNSPECIFIED"))
    {
        return Upgrade::default();
    }
    // A number that is left out is zero.
    let nodes = |number: Option<Int>| Some(Amount::Nodes(number.and_then(Int::count).unwrap_or(0)));
    Upgrade { max_surge: nodes(settings.max_surge), max_unavailable: nodes(settings.max_unavailable) }
}

pub(crate) fn options(pool: &wire::NodePool, config: &wire::NodeConfig) -> Options {
    let text = |value: Option<&str>| value.filter(|it| !it.is_empty()).map(|it| OptionValue::Text(it.into()));
    let word =
        |value: Option<&String>| text(value.map(String::as_str).filter(|it| !it.ends_with("UNSPECIFIED")));
    let on = |value: bool| Some(OptionValue::Bool(value));
    let enabled = |value: &Option<wire::Enabled>| on(value.as_ref().is_some_and(|it| it.enabled));
    let set = |values: &[String]| Some(OptionValue::TextSet(values.iter().cloned().collect()));
    let driver = config.accelerators.first().and_then(|it| it.gpu_driver_installation_config.as_ref());
    let network = pool.network_config.as_ref();
    let management = pool.management.clone().unwrap_or_default();
    let autoscaling = pool.autoscaling.as_ref();
    let shielded = config.shielded_instance_config.as_ref();
    let placement = pool.placement_policy.as_ref().and_then(|it| it.kind.as_deref());

    let mut options = Options::default();
    let mut put = |name: &str, value: Option<OptionValue>| options.set(name, value);
    put("driver_version", word(driver.and_then(|it| it.gpu_driver_version.as_ref())));
    put("driver_specific_version", text(driver.and_then(|it| it.specific_version.as_deref())));
    put("image_type", text(config.image_type.as_deref()));
    put("service_account", text(config.service_account.as_deref()));
    put("oauth_scopes", set(&config.oauth_scopes));
    put("network_tags", set(&config.tags));
    put("metadata", Some(OptionValue::TextMap(metadata(&config.metadata))));
    put(
        "workload_metadata_mode",
        word(config.workload_metadata_config.as_ref().and_then(|it| it.mode.as_ref())),
    );
    put("reservation", config.reservation_affinity.as_ref().and_then(reservation));
    put("flex_start", on(config.flex_start.unwrap_or(false)));
    put("queued_provisioning", enabled(&pool.queued_provisioning));
    put("max_run_duration", duration(config.max_run_duration.as_deref()));
    put("location_policy", word(autoscaling.and_then(|it| it.location_policy.as_ref())));
    put("auto_repair", on(management.auto_repair));
    put("auto_upgrade", on(management.auto_upgrade));
    put("blue_green", pool.upgrade_settings.as_ref().and_then(blue_green));
    put("node_drain", pool.node_drain_config.as_ref().map(node_drain));
    let ssds = config.ephemeral_storage_local_ssd_config.as_ref().and_then(|it| it.local_ssd_count);
    put("local_ssd_count", ssds.filter(|it| it.0 > 0).map(|it| OptionValue::Number(it.0)));
    put("pod_range", text(network.and_then(|it| it.pod_range.as_deref())));
    put("private_nodes", on(network.and_then(|it| it.enable_private_nodes).unwrap_or(false)));
    put("compact_placement", on(placement == Some("COMPACT")));
    put("secure_boot", on(shielded.is_some_and(|it| it.enable_secure_boot)));
    put("gvnic", enabled(&config.gvnic));
    put("image_streaming", enabled(&config.gcfs_config));
    put("boot_disk_kms_key", text(config.boot_disk_kms_key.as_deref()));
    let tags = config.resource_manager_tags.clone().unwrap_or_default().tags;
    put("resource_manager_tags", Some(OptionValue::TextMap(tags)));
    options
}

fn metadata(all: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let (key, value) = labels::LEGACY_ENDPOINTS;
    let mut shown = all.clone();
    if shown.get(key).is_some_and(|found| found == value) {
        shown.remove(key);
    }
    shown
}

fn duration(text: Option<&str>) -> Option<OptionValue> {
    text.and_then(parts::from_seconds).map(OptionValue::Text)
}

fn reservation(affinity: &wire::ReservationAffinity) -> Option<OptionValue> {
    let kind = affinity.consume_reservation_type.as_deref().filter(|it| *it != "UNSPECIFIED")?;
    let mut object = Options::default();
    object.set("type", Some(OptionValue::Text(kind.to_owned())));
    object.set("name", affinity.values.first().map(|name| OptionValue::Text(name.clone())));
    Some(OptionValue::Object(object))
}

fn blue_green(settings: &wire::UpgradeSettings) -> Option<OptionValue> {
    if settings.strategy.as_deref() != Some("BLUE_GREEN") {
        return None;
    }
    let shown = settings.blue_green_settings.clone().unwrap_or_default();
    let rollout = shown.standard_rollout_policy.unwrap_or_default();
    let mut object = Options::default();
    object.set("node_pool_soak", duration(shown.node_pool_soak_duration.as_deref()));
    let nodes = rollout.batch_node_count.filter(|it| it.0 > 0);
    object.set("batch_node_count", nodes.map(|it| OptionValue::Number(it.0)));
    let share = rollout.batch_percentage.filter(|share| *share > 0.0 && *share <= 1.0);
    object.set("batch_percentage", share.map(|share| OptionValue::Number((share * 100.0).round() as i64)));
    object.set("batch_soak", duration(rollout.batch_soak_duration.as_deref()));
    Some(OptionValue::Object(object))
}

fn node_drain(drain: &wire::NodeDrain) -> OptionValue {
    let mut object = Options::default();
    let respect = drain.respect_pdb_during_node_pool_deletion.unwrap_or(false);
    object.set("respect_pdb_during_deletion", Some(OptionValue::Bool(respect)));
    object.set("grace_termination", duration(drain.grace_termination_duration.as_deref()));
    object.set("pdb_timeout", duration(drain.pdb_timeout_duration.as_deref()));
    OptionValue::Object(object)
}

#[cfg(test)]
mod tests;
