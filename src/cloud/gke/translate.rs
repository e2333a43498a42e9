//! From the neutral pool to the body of a create. Pure.

use std::collections::BTreeMap;

use super::parts::{self, Place, Untranslatable};
use super::places;
use super::wire;
use crate::nodepool::NodePoolSpec;
use crate::nodepool::spec::{CapacityType, Size};

/// The one scope that lets IAM alone decide what nodes may do, as Google recommends (source: GKE documentation,
/// "Access scopes in GKE").
const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";

/// The label key by which a reservation is named (source: GKE API discovery document v1, `ReservationAffinity`).
pub(crate) const RESERVATION_NAME_KEY: &str = "compute.googleapis.com/reservation-name";

/// The body that creates `spec`.
pub(crate) fn create(spec: &NodePoolSpec) -> Result<wire::CreateNodePool, Untranslatable> {
    let place = parts::place(&spec.cluster)?;
    let zones = zones(spec, place)?;
    let options = &spec.options;
    let (initial_node_count, autoscaling) = match spec.size {
        Size::Fixed(count) => (parts::per_zone(count, zones.len())?, None),
        Size::Autoscaling { min, max, initial } => (
            parts::initial_per_zone(initial.unwrap_or(min), max, zones.len()),
            Some(autoscaling(min, max, options.text("location_policy"))),
        ),
    };
    let flex_start = options.bool("flex_start").filter(|on| *on);
    let node_pool = wire::NodePool {
        name: spec.name.clone(),
        config: Some(config(spec, flex_start)?),
        initial_node_count: Some(initial_node_count.into()),
        locations: zones,
        version: spec.kubernetes_version.clone(),
        autoscaling,
        management: Some(wire::Management {
            // Without this message GKE's own choice depends on the cluster; gcloud always sends both as on.
            auto_repair: options.bool("auto_repair").unwrap_or(flex_start.is_none()),
            auto_upgrade: options.bool("auto_upgrade").unwrap_or(true),
            extra: wire::Extra::new(),
        }),
        max_pods_constraint: spec.max_pods.map(|pods| wire::MaxPods { max_pods_per_node: pods.into() }),
        upgrade_settings: parts::upgrade_settings(&spec.upgrade, options)?,
        placement_policy: options
            .bool("compact_placement")
            .filter(|on| *on)
            .map(|_| wire::PlacementPolicy { kind: Some("COMPACT".to_owned()), extra: wire::Extra::new() }),
        network_config: network(options.text("pod_range"), options.bool("private_nodes")),
        queued_provisioning: options.bool("queued_provisioning").filter(|on| *on).map(enabled),
        node_drain_config: parts::node_drain(options, None)?,
        ..wire::NodePool::default()
    };
    Ok(wire::CreateNodePool { node_pool })
}

/// The zones that are sent: those written, else the one of a zonal cluster.
pub(crate) fn zones(spec: &NodePoolSpec, place: Place<'_>) -> Result<Vec<String>, Untranslatable> {
    match &spec.zones {
        Some(zones) if !zones.is_empty() => Ok(zones.iter().cloned().collect()),
        _ if places::is_zone(place.location) => Ok(vec![place.location.to_owned()]),
        _ => Err(Untranslatable::NoZones(place.location.to_owned())),
    }
}

/// Something that is on or off.
pub(crate) fn enabled(on: bool) -> wire::Enabled {
    wire::Enabled { enabled: on, extra: wire::Extra::new() }
}

/// Autoscaling with totals: GKE's other figures are per zone.
fn autoscaling(min: u32, max: u32, location_policy: Option<&str>) -> wire::Autoscaling {
    wire::Autoscaling {
        enabled: true,
        total_min_node_count: Some(min.into()),
        total_max_node_count: Some(max.into()),
        location_policy: location_policy.map(ToOwned::to_owned),
        ..wire::Autoscaling::default()
    }
}

fn network(pod_range: Option<&str>, private_nodes: Option<bool>) -> Option<wire::NetworkConfig> {
    (pod_range.is_some() || private_nodes.is_some()).then(|| wire::NetworkConfig {
        pod_range: pod_range.map(ToOwned::to_owned),
        enable_private_nodes: private_nodes,
        extra: wire::Extra::new(),
    })
}

fn config(spec: &NodePoolSpec, flex_start: Option<bool>) -> Result<wire::NodeConfig, Untranslatable> {
    let options = &spec.options;
    let text = |name: &str| options.text(name).map(ToOwned::to_owned);
    let set = |name: &str| options.set_of(name).map(|set| set.iter().cloned().collect::<Vec<_>>());
    let map = |name: &str| options.map_of(name).cloned();
    Ok(wire::NodeConfig {
        machine_type: Some(spec.machine_type.clone()),
        accelerators: vec![accelerator(spec)],
        disk_size_gb: spec.disk_size_gb.map(Into::into),
        disk_type: spec.disk_type.clone(),
        image_type: text("image_type"),
        labels: spec.labels.clone(),
        taints: parts::taints(&spec.taints, spec.gpu_taint).iter().map(parts::taint).collect(),
        tags: set("network_tags").unwrap_or_default(),
        metadata: map("metadata").map(metadata).unwrap_or_default(),
        resource_labels: spec.tags.clone(),
        resource_manager_tags: map("resource_manager_tags")
            .filter(|tags| !tags.is_empty())
            .map(|tags| wire::TagMap { tags }),
        service_account: text("service_account"),
        oauth_scopes: set("oauth_scopes").unwrap_or_else(|| vec![CLOUD_PLATFORM.to_owned()]),
        spot: (spec.capacity_type == CapacityType::Spot).then_some(true),
        flex_start,
        max_run_duration: options
            .text("max_run_duration")
            .map(|text| parts::seconds("max_run_duration", text))
            .transpose()?,
        reservation_affinity: options.object("reservation").map(|it| wire::ReservationAffinity {
            consume_reservation_type: it.text("type").map(ToOwned::to_owned),
            key: it.text("name").map(|_| RESERVATION_NAME_KEY.to_owned()),
            values: it.text("name").map(ToOwned::to_owned).into_iter().collect(),
        }),
        ephemeral_storage_local_ssd_config: options
            .number("local_ssd_count")
            .map(|count| wire::LocalSsd { local_ssd_count: Some(wire::Int(count)) }),
        gvnic: options.bool("gvnic").map(enabled),
        gcfs_config: options.bool("image_streaming").map(enabled),
        workload_metadata_config: text("workload_metadata_mode")
            .map(|mode| wire::WorkloadMetadata { mode: Some(mode) }),
        shielded_instance_config: options.bool("secure_boot").map(|on| wire::ShieldedInstance {
            enable_secure_boot: on,
            // On by default at Google, but off when this message is sent without it.
            enable_integrity_monitoring: true,
        }),
        boot_disk_kms_key: text("boot_disk_kms_key"),
        ..wire::NodeConfig::default()
    })
}

/// The GPUs of a node, and what they are cut into.
pub(crate) fn accelerator(spec: &NodePoolSpec) -> wire::Accelerator {
    let kind = spec.gpu.accelerator_type.as_ref().unwrap_or(&spec.gpu.model);
    wire::Accelerator {
        accelerator_count: Some(spec.gpu.count.into()),
        accelerator_type: Some(kind.clone()),
        // GKE turns this text into a label's value, which cannot hold the `+` of some profiles' names
        // [unverified that the API wants the dot].
        gpu_partition_size: spec.mig_profile.map(crate::slicing::MigProfile::label_value),
        gpu_sharing_config: parts::sharing(spec.sharing),
        gpu_driver_installation_config: parts::driver(&spec.options),
        extra: wire::Extra::new(),
    }
}

/// GKE switches the old metadata endpoints off by itself only where no metadata is sent.
fn metadata(mut written: BTreeMap<String, String>) -> BTreeMap<String, String> {
    if !written.is_empty() {
        written.entry(super::labels::LEGACY_ENDPOINTS.0.to_owned()).or_insert_with(|| "true".to_owned());
    }
    written
}

#[cfg(test)]
mod tests;
