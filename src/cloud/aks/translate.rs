//! From the neutral pool to the body of a create. Pure.

use super::parts::{self, Untranslatable};
use super::wire;
use crate::cloud::settings::ApiVersion;
use crate::nodepool::spec::{CapacityType, Size};
use crate::nodepool::{NodePoolSpec, Options};

/// The body that creates `spec`.
pub(crate) fn create(spec: &NodePoolSpec, version: ApiVersion) -> Result<wire::AgentPool, Untranslatable> {
    let options = &spec.options;
    let text = |name: &str| options.text(name).map(ToOwned::to_owned);
    let (gpu_instance_profile, gpu_profile) = parts::slicing(spec, version)?;
    let upgrade_settings = parts::upgrade_settings(&parts::first_upgrade(spec), options)?;
    let (count, limits) = match spec.size {
        Size::Fixed(count) => (count, None),
        // AKS wants a count beside the limits; the autoscaler starts from it.
        Size::Autoscaling { min, max, initial } => {
            (initial.unwrap_or(min).clamp(min, max.max(min)), Some((min, max)))
        }
    };
    let properties = wire::Properties {
        count: Some(count),
        enable_auto_scaling: Some(limits.is_some()),
        min_count: limits.map(|(min, _)| min),
        max_count: limits.map(|(_, max)| max),
        vm_size: Some(spec.machine_type.clone()),
        os_type: Some("Linux".to_owned()),
        os_sku: text("os_sku"),
        kind: Some("VirtualMachineScaleSets".to_owned()),
        // The API's own default is System where a pool is the cluster's first.
        mode: Some(text("mode").unwrap_or_else(|| "User".to_owned())),
        os_disk_size_gb: spec.disk_size_gb,
        os_disk_type: spec.disk_type.clone(),
        kubelet_disk_type: text("kubelet_disk_type"),
        max_pods: spec.max_pods,
        vnet_subnet_id: text("vnet_subnet_id"),
        pod_subnet_id: text("pod_subnet_id"),
        availability_zones: spec
            .zones
            .as_ref()
            .filter(|it| !it.is_empty())
            .map(|it| it.iter().cloned().collect()),
        orchestrator_version: spec.kubernetes_version.clone(),
        upgrade_settings: (upgrade_settings != wire::UpgradeSettings::default()).then_some(upgrade_settings),
        scale_down_mode: text("scale_down_mode"),
        scale_set_priority: (spec.capacity_type == CapacityType::Spot).then(|| "Spot".to_owned()),
        scale_set_eviction_policy: text("eviction_policy"),
        spot_max_price: options.decimal("spot_max_price").map(crate::nodepool::decimal::Decimal::to_f64),
        node_labels: Some(spec.labels.clone()).filter(|it| !it.is_empty()),
        node_taints: Some(parts::taints(spec).iter().map(parts::taint).collect::<Vec<_>>())
            .filter(|it| !it.is_empty()),
        tags: Some(spec.tags.clone()).filter(|it| !it.is_empty()),
        enable_node_public_ip: options.bool("node_public_ip_enabled"),
        enable_encryption_at_host: options.bool("host_encryption_enabled"),
        enable_fips: options.bool("fips_enabled"),
        proximity_placement_group_id: text("proximity_placement_group_id"),
        capacity_reservation_group_id: text("capacity_reservation_group_id"),
        creation_data: text("snapshot_id").map(|id| wire::CreationData { source_resource_id: Some(id) }),
        kubelet_config: options.object("kubelet_config").map(kubelet_config),
        gpu_instance_profile,
        gpu_profile,
        ..wire::Properties::default()
    };
    Ok(wire::AgentPool { properties, ..wire::AgentPool::default() })
}

fn kubelet_config(options: &Options) -> wire::KubeletConfig {
    let text = |name: &str| options.text(name).map(ToOwned::to_owned);
    wire::KubeletConfig {
        cpu_manager_policy: text("cpu_manager_policy"),
        cpu_cfs_quota: options.bool("cpu_cfs_quota_enabled"),
        cpu_cfs_quota_period: text("cpu_cfs_quota_period"),
        image_gc_high_threshold: options.number("image_gc_high_threshold"),
        image_gc_low_threshold: options.number("image_gc_low_threshold"),
        topology_manager_policy: text("topology_manager_policy"),
        allowed_unsafe_sysctls: options
            .set_of("allowed_unsafe_sysctls")
            .map(|set| set.iter().cloned().collect()),
        container_log_max_size_mb: options.number("container_log_max_size_mb"),
        container_log_max_files: options.number("container_log_max_files"),
        pod_max_pids: options.number("pod_max_pids"),
    }
}

#[cfg(test)]
mod tests;
