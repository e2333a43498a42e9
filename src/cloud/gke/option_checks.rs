//! GKE's rules about the `gke` object: which options need each other, and which exclude each other.
//!
//! Sources: GKE API discovery document v1; the preconditions of Google's cluster toolkit, GKE node pool module; the
//! documentation of `google_container_node_pool`; GKE documentation, "About GPU consumption options" and
//! "Node upgrade strategies".

use super::checks::zone_count;
use super::{labels, machines, parts};
use crate::nodepool::spec::CapacityType;
use crate::nodepool::{Field, NodePoolConfig, OptionValue, Options, Path, Problems, Severity};

/// Metadata entries that GKE writes itself (source: GKE API discovery document v1, NodeConfig.metadata).
const RESERVED_METADATA: &[&str] = &[
    "cluster-location",
    "cluster-name",
    "cluster-uid",
    "configure-sh",
    "containerd-configure-sh",
    "enable-os-login",
    "gci-ensure-gke-docker",
    "gci-metrics-enabled",
    "gci-update-strategy",
    "instance-template",
    "kube-env",
    "startup-script",
    "user-data",
    "disable-address-manager",
    "windows-startup-script-ps1",
    "common-psm1",
    "k8s-node-setup-psm1",
    "install-ssh-psm1",
    "user-profile-psm1",
];

/// The longest time that flex-start gives a machine, and the longest soak of a blue-green upgrade.
const WEEK_SECONDS: u64 = 7 * 24 * 60 * 60;

/// Adds what breaks a rule.
pub(crate) fn check(config: &NodePoolConfig, problems: &mut Problems) {
    let Some(options) = config.options.known() else { return };
    let wish = Wish { config, options };
    wish.driver(problems);
    wish.reservation(problems);
    wish.flex_start(problems);
    wish.queued_provisioning(problems);
    wish.upgrades(problems);
    wish.placement(problems);
    wish.durations(problems);
    wish.texts(problems);
    wish.network_tags(problems);
    wish.metadata(problems);
}

/// A configuration with known options.
struct Wish<'a> {
    config: &'a NodePoolConfig,
    options: &'a Options,
}

impl Wish<'_> {
    fn on(&self, name: &str) -> bool {
        self.options.bool(name) == Some(true)
    }

    fn is_spot(&self) -> bool {
        self.config.capacity_type.known() == Some(&CapacityType::Spot)
    }

    /// Whether a reservation is asked for.
    fn reserves(&self) -> bool {
        let kind = self.options.object("reservation").and_then(|it| it.text("type"));
        kind.is_some_and(|kind| kind != "NO_RESERVATION")
    }

    fn driver(&self, problems: &mut Problems) {
        let version = self.options.text("driver_version");
        let specific = self.options.get("driver_specific_version");
        if version == Some("SPECIFIC") && specific.is_none() {
            problems.error(
                "gke.driver_version",
                "Which driver version?",
                "driver_version = \"SPECIFIC\" needs driver_specific_version, such as \"580.65.06\".",
            );
        }
        // The version alone means the word.
        let other = version.is_some_and(|version| version != "SPECIFIC");
        if specific.is_some() && other {
            problems.error(
                "gke.driver_specific_version",
                "driver_specific_version counts only with driver_version = \"SPECIFIC\"",
                "Set driver_version to \"SPECIFIC\", or remove driver_specific_version.",
            );
        }
        let image = self.options.text("image_type");
        if specific.is_some() && image.is_some_and(|image| !image.to_uppercase().starts_with("COS")) {
            problems.error(
                "gke.image_type",
                "A specific driver needs Container-Optimized OS",
                "GKE installs a specific driver version on Container-Optimized OS only: use COS_CONTAINERD, or \
                 another driver_version.",
            );
        }
        if version == Some("INSTALLATION_DISABLED") && self.config.mig_profile.is_written() {
            problems.warning(
                "gke.driver_version",
                "No driver is installed",
                "The slices appear only once you install a driver on the nodes yourself, such as with Google's driver \
                 installer DaemonSet.",
            );
        }
    }

    fn reservation(&self, problems: &mut Problems) {
        let Some(reservation) = self.options.object("reservation") else { return };
        let name = reservation.get("name");
        match reservation.get("type") {
            None => problems.error(
                "gke.reservation.type",
                "The reservation has no type",
                "Set type to \"SPECIFIC_RESERVATION\" for the reservation that name says, or to \"ANY_RESERVATION\".",
            ),
            Some(OptionValue::Text(kind)) if kind == "SPECIFIC_RESERVATION" => {
                if name.is_none() {
                    problems.error(
                        "gke.reservation.name",
                        "Which reservation?",
                        "SPECIFIC_RESERVATION needs the reservation's name.",
                    );
                }
            }
            Some(OptionValue::Text(kind)) if name.is_some() => problems.error(
                "gke.reservation.name",
                format!("A name does not go with {kind}"),
                "Only SPECIFIC_RESERVATION takes a name. Change type, or remove name.",
            ),
            Some(_) => {}
        }
        if self.reserves() {
            for (other, path, on) in [
                ("spot machines", "capacity_type", self.is_spot()),
                ("flex-start", "gke.flex_start", self.on("flex_start")),
                ("queued provisioning", "gke.queued_provisioning", self.on("queued_provisioning")),
            ] {
                if on {
                    problems.error(
                        path,
                        format!("A reservation does not go with {other}"),
                        "Reserved machines are had on demand. Remove one of the two.",
                    );
                }
            }
        }
    }

    fn flex_start(&self, problems: &mut Problems) {
        if !self.on("flex_start") {
            return;
        }
        if self.is_spot() {
            problems.error(
                "gke.flex_start",
                "Flex-start does not go with spot",
                "They are two ways to buy a machine. Remove flex_start, or set capacity_type to \"on_demand\".",
            );
        }
        if self.config.node_count.known().is_some_and(|count| *count > 0) {
            problems.error(
                "node_count",
                "Flex-start needs autoscaling",
                "Machines come by flex-start when pods ask for them. Replace node_count by autoscaling with min_nodes \
                 = 0.",
            );
        }
        if self.on("auto_repair") {
            problems.error(
                "gke.auto_repair",
                "Flex-start does not go with auto-repair",
                "Set auto_repair = false, or leave it out.",
            );
        }
    }

    fn queued_provisioning(&self, problems: &mut Problems) {
        if !self.on("queued_provisioning") {
            return;
        }
        let least = self.config.autoscaling.known().and_then(|limits| limits.min_nodes.known());
        if self.config.autoscaling.is_null() || least.is_some_and(|min| *min > 0) {
            problems.error(
                "gke.queued_provisioning",
                "Queued provisioning needs autoscaling from 0",
                "Nodes come only by ProvisioningRequest, so the pool must be empty otherwise: autoscaling = { \
                 min_nodes = 0, max_nodes = … }.",
            );
        }
        if self.is_spot() {
            problems.error(
                "gke.queued_provisioning",
                "Queued provisioning does not go with spot",
                "Set capacity_type to \"on_demand\", or remove queued_provisioning.",
            );
        }
        if self.on("compact_placement") {
            problems.error(
                "gke.compact_placement",
                "Compact placement does not go with queued provisioning",
                "GKE places queued machines itself. Remove one of the two.",
            );
        }
    }

    fn upgrades(&self, problems: &mut Problems) {
        let Some(blue_green) = self.options.object("blue_green") else { return };
        let surge = self.config.upgrade.known();
        if surge.is_some_and(|it| it.max_surge.is_written() || it.max_unavailable.is_written()) {
            problems.error(
                "gke.blue_green",
                "blue_green does not go with upgrade",
                "max_surge and max_unavailable replace nodes a few at a time, blue_green makes a second set of all. \
                 Remove one of the two.",
            );
        }
        if blue_green.get("batch_node_count").is_some() && blue_green.get("batch_percentage").is_some() {
            problems.error(
                "gke.blue_green.batch_percentage",
                "Two sizes of a batch",
                "Set batch_node_count or batch_percentage, not both.",
            );
        }
        if self.on("flex_start") {
            problems.error(
                "gke.blue_green",
                "blue_green does not go with flex-start",
                "GKE replaces flex-start nodes in its own way. Remove blue_green.",
            );
        }
        if self.on("compact_placement") {
            problems.error(
                "gke.blue_green",
                "blue_green does not go with compact placement",
                "A second set of nodes does not fit beside the first. Remove one of the two.",
            );
        }
    }

    fn placement(&self, problems: &mut Problems) {
        if self.options.get("location_policy").is_some()
            && self.config.autoscaling.is_null()
            && self.config.node_count.is_written()
        {
            problems.warning(
                "gke.location_policy",
                "location_policy has no effect",
                "It says how the autoscaler spreads nodes, and the pool has a fixed number of them.",
            );
        }
        if !self.on("compact_placement") {
            return;
        }
        if zone_count(self.config).is_some_and(|zones| zones > 1) {
            problems.error(
                "gke.compact_placement",
                "Compact placement needs one zone",
                "Machines in several zones cannot stand close together. Give the pool one zone.",
            );
        }
        let machine_type = self.config.machine_type.known();
        if self.on("flex_start") && machine_type.is_some_and(|it| !machines::packs_with_flex_start(it)) {
            problems.warning(
                "gke.compact_placement",
                "Compact placement may not go with flex-start here",
                "It is known to work with flex-start on A3 Ultra and A4 machines only.",
            );
        }
    }

    fn durations(&self, problems: &mut Problems) {
        let inner = |object: &str, name: &str| {
            self.options.object(object).and_then(|it| it.text(name)).map(ToOwned::to_owned)
        };
        let all = [
            ("max_run_duration", self.options.text("max_run_duration").map(ToOwned::to_owned)),
            ("blue_green.node_pool_soak", inner("blue_green", "node_pool_soak")),
            ("blue_green.batch_soak", inner("blue_green", "batch_soak")),
            ("node_drain.grace_termination", inner("node_drain", "grace_termination")),
            ("node_drain.pdb_timeout", inner("node_drain", "pdb_timeout")),
        ];
        for (option, text) in all {
            let Some(length) = text.and_then(|it| it.parse::<crate::duration::GoDuration>().ok()) else {
                continue;
            };
            let path = format!("gke.{option}");
            if parts::seconds(option, &length.to_string()).is_err() {
                problems.error(&path, "GKE counts in whole seconds", "Leave the fraction of a second out.");
            }
            let bounded = option == "blue_green.node_pool_soak"
                || option == "max_run_duration" && self.on("flex_start");
            if bounded && length.0.as_secs() > WEEK_SECONDS {
                problems.error(&path, "GKE allows at most seven days here", "Write at most \"168h\".");
            }
        }
    }

    fn texts(&self, problems: &mut Problems) {
        if let Some(account) = self.options.text("service_account")
            && account != "default"
            && !account.contains('@')
        {
            problems.error(
                "gke.service_account",
                format!("{account:?} is no service account"),
                "Write its e-mail address, such as google_service_account.nodes.email.",
            );
        }
        if let Some(key) = self.options.text("boot_disk_kms_key") {
            let parts: Vec<&str> = key.split('/').collect();
            let words: Vec<&str> = parts.iter().step_by(2).copied().collect();
            if words != ["projects", "locations", "keyRings", "cryptoKeys"] || parts.len() != 8 {
                problems.error(
                    "gke.boot_disk_kms_key",
                    format!("{key:?} is no key"),
                    "Write projects/<project>/locations/<location>/keyRings/<ring>/cryptoKeys/<key>, such as \
                     google_kms_crypto_key.disks.id.",
                );
            }
        }
        if self.config.gpu_taint == Field::Known(false) {
            problems.warning(
                "gpu_taint",
                "GKE adds the GPU taint itself",
                "GKE gives nvidia.com/gpu=present:NoSchedule to a new GPU pool unless every pool of the cluster has \
                 GPUs. It is taken off again once the pool is there.",
            );
        }
    }

    /// Names by RFC 1035 (source: GKE API discovery document v1, NodeConfig.tags).
    fn network_tags(&self, problems: &mut Problems) {
        let Some(tags) = self.options.set_of("network_tags") else { return };
        for tag in tags {
            let inner = tag.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            let begins = tag.starts_with(|c: char| c.is_ascii_lowercase());
            if tag.len() > 63 || !inner || !begins || tag.ends_with('-') {
                problems.error(
                    "gke.network_tags",
                    format!("{tag:?} is no network tag"),
                    "A network tag has 1 to 63 characters: lower-case letters, digits and dashes, first a letter, last \
                     a letter or a digit.",
                );
            }
        }
    }

    fn metadata(&self, problems: &mut Problems) {
        let Some(metadata) = self.options.map_of("metadata") else { return };
        for (key, value) in metadata {
            let mut refuse = |what: String, why: &str| {
                problems.push(Severity::Error, Path::of("gke.metadata").key(key), what, why.to_owned());
            };
            let inner = key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
            if key.is_empty() || key.len() >= 128 || !inner {
                refuse(
                    format!("{key:?} is no metadata key"),
                    "A key has 1 to 127 characters: letters, digits, '-' and '_'.",
                );
            } else if RESERVED_METADATA.contains(&key.as_str()) {
                refuse(format!("The metadata key {key:?} is reserved"), "GKE writes it itself. Remove it.");
            } else if (key.as_str(), value.as_str()) == labels::LEGACY_ENDPOINTS {
                refuse(format!("GKE sets {key} = \"{value}\" itself"), "Leave it out.");
            }
        }
    }
}

#[cfg(test)]
mod tests;
