//! From a pool as AKS shows it to the neutral one. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{health, labels, parts, profiles, wire};
use crate::duration::GoDuration;
use crate::nodepool::decimal::Decimal;
use crate::nodepool::labels::PROFILE_LABEL;
use crate::nodepool::spec::{CapacityType, NodeGpus, SharingSwitches, Taint, Upgrade};
use crate::nodepool::{NodePool, OptionValue, Options, PoolId};
use crate::slicing::{Catalogue, Cloud, MigProfile, Sharing};

/// A pool that this version cannot describe. Guessing would make Terraform change it back, or replace it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    /// A value for slicing that means nothing on these GPUs.
    #[error(
        "its GPUs are cut by {value:?}, and what that means on {machine_type} this version does not know; upgrade the \
         provider"
    )]
    Profile { value: String, machine_type: String },
    /// Slices of several sizes on one GPU.
    #[error("its GPUs are cut into slices of several sizes ({0}), which this version cannot manage")]
    Layout(String),
    /// Slices that only the preview of the API shows. Without them the pool would look uncut, and be replaced.
    #[error(
        "it was made with the preview of AKS's API, and only there the slices of {0} show that its label tells of; set \
         azure = {{ api_version = \"2026-08-02-preview\" }} in the provider block"
    )]
    Hidden(String),
}

/// The neutral pool.
pub(crate) fn pool(id: &PoolId, pool: &wire::AgentPool) -> Result<NodePool, Unreadable> {
    let it = &pool.properties;
    let machine_type = it.vm_size.clone().unwrap_or_default();
    let autoscaled = it.enable_auto_scaling == Some(true);
    let spot = is_spot(it);
    let mut taints: BTreeSet<Taint> =
        it.node_taints.iter().flatten().filter_map(|text| parts::from_taint(text)).collect();
    let gpu_taint = taints.remove(&Taint::gpu());
    taints.retain(|taint| !labels::is_system_taint(taint));
    let all_labels = it.node_labels.clone().unwrap_or_default();
    Ok(NodePool {
        id: PoolId { cluster: id.cluster.clone(), name: name(id, pool) },
        gpu: gpus(&machine_type),
        mig_profile: profile(it, &machine_type)?,
        // A device plugin's ConfigMap decides that, which is not a part of the pool.
        sharing: Sharing::None,
        switches: SharingSwitches::default(),
        node_count: it.count.filter(|_| !autoscaled),
        autoscaling: autoscaled.then(|| (it.min_count.unwrap_or(0), it.max_count.unwrap_or(0))),
        capacity_type: if spot { CapacityType::Spot } else { CapacityType::OnDemand },
        zones: it.availability_zones.iter().flatten().cloned().collect(),
        labels: all_labels
            .iter()
            .filter(|(key, _)| !labels::is_system_label(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        tags: it.tags.clone().unwrap_or_default(),
        taints,
        gpu_taint,
        disk_size_gb: it.os_disk_size_gb.filter(|size| *size > 0),
        disk_type: word(it.os_disk_type.as_ref()).cloned(),
        max_pods: it.max_pods,
        kubernetes_version: word(it.current_orchestrator_version.as_ref())
            .or(word(it.orchestrator_version.as_ref()))
            .cloned(),
        upgrade: upgrade(it.upgrade_settings.as_ref()),
        options: options(it, &all_labels),
        health: health::health(pool),
        machine_type,
    })
}

/// The name as Azure spells it, in whatever case it was asked for.
fn name(id: &PoolId, pool: &wire::AgentPool) -> String {
    if pool.name.eq_ignore_ascii_case(&id.name) { pool.name.clone() } else { id.name.clone() }
}

/// A text that says something.
fn word(text: Option<&String>) -> Option<&String> {
    text.filter(|text| !text.is_empty())
}

fn is_spot(it: &wire::Properties) -> bool {
    it.scale_set_priority.as_deref().is_some_and(|priority| priority.eq_ignore_ascii_case("Spot"))
}

fn gpus(machine_type: &str) -> Option<NodeGpus> {
    let machine = Catalogue::built_in().machine(Some(Cloud::Aks), machine_type)?;
    Some(NodeGpus {
        model: machine.gpu()?.id.clone(),
        accelerator_type: None,
        count: machine.gpu_count()?.devices(),
    })
}

/// The profile that every GPU is cut into, by either of the two ways in which AKS keeps it.
fn profile(it: &wire::Properties, machine_type: &str) -> Result<Option<MigProfile>, Unreadable> {
    let is_set = |text: &&String| !text.is_empty() && !text.eq_ignore_ascii_case("None");
    let nvidia = it.gpu_profile.as_ref().and_then(|it| it.nvidia.as_ref());
    let layout: Vec<&String> =
        nvidia.and_then(|it| it.mig_profiles.as_ref()).into_iter().flatten().filter(is_set).collect();
    let value = match layout.as_slice() {
        [] => it.gpu_instance_profile.as_ref().filter(is_set),
        // The strategy `Single` has one profile, of which a GPU holds as many as fit.
        [one] => Some(*one),
        several => {
            let all: Vec<&str> = several.iter().map(|text| text.as_str()).collect();
            return Err(Unreadable::Layout(all.join(", ")));
        }
    };
    let Some(value) = value else { return uncut(it) };
    let found = match parts::gpu(machine_type, "") {
        Some(gpu) => profiles::profile(&gpu, value),
        None => labelled(it, value),
    };
    found
        .map(Some)
        .ok_or_else(|| Unreadable::Profile { value: value.clone(), machine_type: machine_type.to_owned() })
}

/// A pool that shows no profile. One whose GPUs AKS manages may hide it from the stable API.
fn uncut(it: &wire::Properties) -> Result<Option<MigProfile>, Unreadable> {
    let label = it.node_labels.as_ref().and_then(|labels| labels.get(PROFILE_LABEL));
    match label.filter(|label| is_managed(it) && label.parse::<MigProfile>().is_ok()) {
        Some(label) => Err(Unreadable::Hidden(label.clone())),
        None => Ok(None),
    }
}

/// Whether AKS manages NVIDIA's stack on the nodes.
fn is_managed(it: &wire::Properties) -> bool {
    let nvidia = it.gpu_profile.as_ref().and_then(|it| it.nvidia.as_ref());
    let mode = nvidia.and_then(|it| it.management_mode.as_deref());
    mode.is_some_and(|mode| mode.eq_ignore_ascii_case("Managed"))
}

/// The profile of a machine type that the catalogue does not know, where the label of ours says it and AKS's value has
/// its width.
fn labelled(it: &wire::Properties, value: &str) -> Option<MigProfile> {
    let profile: MigProfile = it.node_labels.as_ref()?.get(PROFILE_LABEL)?.parse().ok()?;
    value.eq_ignore_ascii_case(&format!("MIG{}g", profile.slices)).then_some(profile)
}

fn upgrade(settings: Option<&wire::UpgradeSettings>) -> Upgrade {
    let amount = |text: Option<&String>| text.and_then(|text| text.parse().ok());
    settings.map_or_else(Upgrade::default, |it| Upgrade {
        max_surge: amount(it.max_surge.as_ref()),
        max_unavailable: amount(it.max_unavailable.as_ref()),
    })
}

fn options(it: &wire::Properties, all_labels: &BTreeMap<String, String>) -> Options {
    let text = |value: Option<&String>| word(value).map(|it| OptionValue::Text(it.clone()));
    let on = |value: Option<bool>| Some(OptionValue::Bool(value.unwrap_or(false)));
    let gpu_profile = it.gpu_profile.as_ref();
    let stack = labels::stack(is_managed(it), all_labels);
    let upgrade = it.upgrade_settings.clone().unwrap_or_default();
    let spot = is_spot(it);

    let mut options = Options::default();
    let mut put = |name: &str, value: Option<OptionValue>| options.set(name, value);
    put(super::options::GPU_STACK, Some(OptionValue::Text(stack.word().to_owned())));
    put("gpu_driver", text(gpu_profile.and_then(|it| it.driver.as_ref())));
    put("mode", text(it.mode.as_ref()));
    put("os_sku", text(it.os_sku.as_ref()));
    put("vnet_subnet_id", text(it.vnet_subnet_id.as_ref()));
    put("pod_subnet_id", text(it.pod_subnet_id.as_ref()));
    // AKS has been seen to show an eviction policy of pools that are not spot (source: issues of hashicorp/azurerm).
    put("eviction_policy", text(it.scale_set_eviction_policy.as_ref()).filter(|_| spot));
    let price = it.spot_max_price.and_then(Decimal::from_f64).filter(|_| spot);
    put("spot_max_price", price.map(OptionValue::Decimal));
    put("capacity_reservation_group_id", text(it.capacity_reservation_group_id.as_ref()));
    put("proximity_placement_group_id", text(it.proximity_placement_group_id.as_ref()));
    put("snapshot_id", text(it.creation_data.as_ref().and_then(|it| it.source_resource_id.as_ref())));
    put("host_encryption_enabled", on(it.enable_encryption_at_host));
    put("fips_enabled", on(it.enable_fips));
    put("node_public_ip_enabled", on(it.enable_node_public_ip));
    put("scale_down_mode", text(it.scale_down_mode.as_ref()));
    put("kubelet_config", it.kubelet_config.as_ref().map(kubelet_config));
    put("kubelet_disk_type", text(it.kubelet_disk_type.as_ref()));
    put("drain_timeout", upgrade.drain_timeout_in_minutes.map(minutes));
    put("node_soak", upgrade.node_soak_duration_in_minutes.map(minutes));
    put("undrainable_node_behavior", text(upgrade.undrainable_node_behavior.as_ref()));
    options
}

fn minutes(minutes: u32) -> OptionValue {
    OptionValue::Text(GoDuration(Duration::from_secs(u64::from(minutes) * 60)).to_string())
}

fn kubelet_config(it: &wire::KubeletConfig) -> OptionValue {
    let text = |value: Option<&String>| word(value).map(|it| OptionValue::Text(it.clone()));
    let number = |value: Option<i64>| value.map(OptionValue::Number);
    let mut object = Options::default();
    let mut put = |name: &str, value: Option<OptionValue>| object.set(name, value);
    put("cpu_manager_policy", text(it.cpu_manager_policy.as_ref()));
    put("cpu_cfs_quota_enabled", it.cpu_cfs_quota.map(OptionValue::Bool));
    put("cpu_cfs_quota_period", text(it.cpu_cfs_quota_period.as_ref()));
    put("image_gc_high_threshold", number(it.image_gc_high_threshold));
    put("image_gc_low_threshold", number(it.image_gc_low_threshold));
    put("topology_manager_policy", text(it.topology_manager_policy.as_ref()));
    let sysctls = it.allowed_unsafe_sysctls.as_ref().filter(|it| !it.is_empty());
    put("allowed_unsafe_sysctls", sysctls.map(|it| OptionValue::TextSet(it.iter().cloned().collect())));
    put("container_log_max_size_mb", number(it.container_log_max_size_mb));
    put("container_log_max_files", number(it.container_log_max_files));
    put("pod_max_pids", number(it.pod_max_pids));
    OptionValue::Object(object)
}

#[cfg(test)]
mod tests;
