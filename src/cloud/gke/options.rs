//! The options of the `gke` object, as data: name, shape, what a change does, whether GKE fills it in, and what
//! it is for.
//!
//! What an `UpdateNodePoolRequest` cannot carry replaces the pool (source: GKE API discovery document v1). Of what it
//! can carry, GKE documents for some fields that nodes are recreated; the rest of those that configure a machine is
//! classed as rolling too, since a warning too many is the smaller harm [unverified for `driver_version`,
//! `flex_start`, `max_run_duration`, `queued_provisioning`, `private_nodes`, `workload_metadata_mode`].

use crate::nodepool::{Change, OptionKind, OptionSpec};

const fn option(name: &'static str, kind: OptionKind, change: Change, about: &'static str) -> OptionSpec {
    OptionSpec { name, kind, change, computed: true, default: None, about }
}

/// The words of `gke.driver_version`.
pub(crate) const DRIVER_VERSIONS: &[&str] = &["INSTALLATION_DISABLED", "DEFAULT", "LATEST", "SPECIFIC"];
/// The words of `gke.reservation.type`.
pub(crate) const RESERVATION_TYPES: &[&str] =
    &["NO_RESERVATION", "ANY_RESERVATION", "SPECIFIC_RESERVATION", "ANY_RESERVATION_THEN_FAIL"];
const METADATA_MODES: &[&str] = &["GCE_METADATA", "GKE_METADATA"];
const LOCATION_POLICIES: &[&str] = &["BALANCED", "ANY"];

const RESERVATION: &[OptionSpec] = &[
    option(
        "type",
        OptionKind::Choice(RESERVATION_TYPES),
        Change::Replace,
        "Which reservations the machines may come from. Only SPECIFIC_RESERVATION takes a name.",
    ),
    option(
        "name",
        OptionKind::Text,
        Change::Replace,
        "The reservation's name; for a shared one `projects/<project>/reservations/<name>`.",
    ),
];

const BLUE_GREEN: &[OptionSpec] = &[
    option(
        "node_pool_soak",
        OptionKind::Duration,
        Change::InPlace,
        "How long the old nodes are kept after all of them are drained. At most 168h.",
    ),
    option(
        "batch_node_count",
        OptionKind::Number(1, 1000),
        Change::InPlace,
        "Old nodes drained at a time. Not with batch_percentage.",
    ),
    option(
        "batch_percentage",
        OptionKind::Number(1, 100),
        Change::InPlace,
        "The share of the old nodes drained at a time, in percent. Not with batch_node_count.",
    ),
    option(
        "batch_soak",
        OptionKind::Duration,
        Change::InPlace,
        "How long GKE waits after each batch before it drains the next.",
    ),
];

const NODE_DRAIN: &[OptionSpec] = &[
    option(
        "respect_pdb_during_deletion",
        OptionKind::Bool,
        Change::InPlace,
        "Whether PodDisruptionBudgets hold while the pool is deleted.",
    ),
    option(
        "grace_termination",
        OptionKind::Duration,
        Change::InPlace,
        "The longest grace period that a pod gets while its node is drained.",
    ),
    option(
        "pdb_timeout",
        OptionKind::Duration,
        Change::InPlace,
        "How long a drain waits for PodDisruptionBudgets.",
    ),
];

/// Every option of the `gke` object.
pub(crate) const OPTIONS: &[OptionSpec] = &[
    option(
        "driver_version",
        OptionKind::Choice(DRIVER_VERSIONS),
        Change::Rolls,
        "Which NVIDIA driver GKE installs. When unset GKE chooses DEFAULT. SPECIFIC needs driver_specific_version.",
    ),
    option(
        "driver_specific_version",
        OptionKind::Text,
        Change::Rolls,
        "The driver's version, such as `580.65.06`; with it driver_version is SPECIFIC. Only on Container-Optimized OS.",
    ),
    option(
        "image_type",
        OptionKind::Text,
        Change::Rolls,
        "The node image, such as COS_CONTAINERD or UBUNTU_CONTAINERD.",
    ),
    option(
        "service_account",
        OptionKind::Text,
        Change::Replace,
        "The e-mail address of the nodes' service account. When unset it is the project's default one.",
    ),
    option(
        "oauth_scopes",
        OptionKind::TextSet,
        Change::Replace,
        "The OAuth scopes of the nodes. When unset the one scope cloud-platform, so that IAM alone decides.",
    ),
    option(
        "network_tags",
        OptionKind::TextSet,
        Change::InPlace,
        "Tags of the machines for firewall rules. Labels of the cloud's resources are `tags`.",
    ),
    option(
        "metadata",
        OptionKind::TextMap,
        Change::Replace,
        "Entries of the machines' metadata. `disable-legacy-endpoints` is set by GKE.",
    ),
    option(
        "workload_metadata_mode",
        OptionKind::Choice(METADATA_MODES),
        Change::Rolls,
        "What pods see of the metadata server; GKE_METADATA is Workload Identity Federation.",
    ),
    option(
        "reservation",
        OptionKind::Object(RESERVATION),
        Change::Replace,
        "Which reservation the machines use.",
    ),
    option(
        "flex_start",
        OptionKind::Bool,
        Change::Rolls,
        "Whether machines come by flex-start, for at most seven days each. Not with spot.",
    ),
    option(
        "queued_provisioning",
        OptionKind::Bool,
        Change::Rolls,
        "Whether nodes come only by ProvisioningRequest. Needs autoscaling from 0.",
    ),
    option(
        "max_run_duration",
        OptionKind::Duration,
        Change::Rolls,
        "How long a node may exist, in whole seconds.",
    ),
    option(
        "location_policy",
        OptionKind::Choice(LOCATION_POLICIES),
        Change::InPlace,
        "How the autoscaler spreads nodes over zones. ANY finds scarce GPUs more easily than BALANCED.",
    ),
    option(
        "auto_repair",
        OptionKind::Bool,
        Change::InPlace,
        "Whether GKE repairs unhealthy nodes. When unset true, with flex_start false.",
    ),
    option("auto_upgrade", OptionKind::Bool, Change::InPlace, "Whether GKE upgrades nodes. When unset true."),
    OptionSpec {
        name: "blue_green",
        kind: OptionKind::Object(BLUE_GREEN),
        change: Change::InPlace,
        computed: false,
        default: None,
        about: "Replaces nodes by making a second set beside the first, which needs as many GPUs again. Without it \
                nodes are replaced as `upgrade` says.",
    },
    option("node_drain", OptionKind::Object(NODE_DRAIN), Change::InPlace, "How nodes are drained."),
    option(
        "local_ssd_count",
        OptionKind::Number(1, 64),
        Change::Replace,
        "Local SSDs that hold what pods write to their own disks. Machine types with built-in local SSDs have a \
         fixed number.",
    ),
    option("pod_range", OptionKind::Text, Change::Replace, "The secondary IP range of the pods, by name."),
    option(
        "private_nodes",
        OptionKind::Bool,
        Change::Rolls,
        "Whether nodes have internal IP addresses only. When unset as the cluster says.",
    ),
    option(
        "compact_placement",
        OptionKind::Bool,
        Change::Replace,
        "Whether machines stand close together. Needs a pool in one zone.",
    ),
    option(
        "secure_boot",
        OptionKind::Bool,
        Change::Replace,
        "Whether machines refuse unsigned boot components and kernel modules.",
    ),
    option("gvnic", OptionKind::Bool, Change::Rolls, "Whether machines use the Google Virtual NIC."),
    option("image_streaming", OptionKind::Bool, Change::Rolls, "Whether container images are streamed."),
    option(
        "boot_disk_kms_key",
        OptionKind::Text,
        Change::Replace,
        "The key of the boot disks: `projects/<project>/locations/<location>/keyRings/<ring>/cryptoKeys/<key>`.",
    ),
    option(
        "resource_manager_tags",
        OptionKind::TextMap,
        Change::InPlace,
        "Resource Manager tags for network firewall policies: `tagKeys/<id>` = `tagValues/<id>`.",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn each(specs: &'static [OptionSpec], prefix: &str, with: &mut dyn FnMut(String, &OptionSpec)) {
        for spec in specs {
            let name = format!("{prefix}{}", spec.name);
            with(name.clone(), spec);
            if let OptionKind::Object(inner) = spec.kind {
                each(inner, &format!("{name}."), with);
            }
        }
    }

    #[test]
    fn names_are_unique_and_every_option_is_documented() {
        let mut seen = BTreeSet::new();
        each(OPTIONS, "", &mut |name, spec| {
            assert!(spec.about.ends_with('.') && spec.about.len() > 20, "{name}");
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'.')), "{name}");
            assert!(seen.insert(name.clone()), "{name} twice");
        });
    }

    #[test]
    fn the_table_of_change_classes() {
        let mut lines = Vec::new();
        each(OPTIONS, "gke.", &mut |name, spec| {
            let filled = if spec.computed { ", filled in by GKE" } else { "" };
            lines.push(format!("{name}: {}{filled}", spec.change.word()));
        });
        insta::assert_snapshot!(lines.join("\n"));
    }
}
