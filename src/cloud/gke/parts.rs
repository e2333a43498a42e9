//! The parts of a node pool that both a create and an update send, each from neutral to wire.

use std::collections::BTreeSet;
use std::time::Duration;

use super::wire;
use crate::duration::GoDuration;
use crate::nodepool::spec::{Amount, Taint, TaintEffect, Upgrade};
use crate::nodepool::{ClusterId, OptionValue, Options, Path};
use crate::slicing::Sharing;

/// A wanted pool that cannot be said in GKE's words. The plan-time rules refuse each of these first, so a user sees
/// one only where a value was not known at plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Untranslatable {
    /// The cluster is on another cloud. Remedy: none for the user; the provider asked the wrong cloud.
    #[error("the cluster {0} is not on GKE")]
    NotGke(String),
    /// A pool of a regional cluster without zones. Remedy: `zones`.
    #[error(
        "the cluster is in the region {0}, and how many nodes a pool has there depends on its zones: set zones"
    )]
    NoZones(String),
    /// A count that GKE cannot spread evenly. Remedy: a multiple.
    #[error(
        "GKE gives every zone the same number of nodes, and {count} is not a multiple of {zones} zones: \
         use {below} or {above}"
    )]
    Uneven { count: u32, zones: u32, below: u32, above: u32 },
    /// A percentage. Remedy: a number.
    #[error("GKE takes a number of nodes here, not the percentage {0}")]
    Percent(Amount),
    /// Not a duration of whole seconds. Remedy: such as `90s`.
    #[error("{text:?} is not a duration in whole seconds, such as \"1h30m\"")]
    Duration { option: &'static str, text: String },
}

impl Untranslatable {
    /// The attribute to change.
    pub(crate) fn attribute(&self) -> Option<Path> {
        let dotted = match self {
            Untranslatable::NotGke(_) => "cluster_id",
            Untranslatable::NoZones(_) => "zones",
            Untranslatable::Uneven { .. } => "node_count",
            Untranslatable::Percent(_) => "upgrade",
            Untranslatable::Duration { option, .. } => return Some(Path::of(&format!("gke.{option}"))),
        };
        Some(Path::of(dotted))
    }
}

/// Where a cluster is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    pub project: &'a str,
    /// A region or a zone.
    pub location: &'a str,
    pub cluster: &'a str,
}

/// The parts of a GKE cluster's id.
pub(crate) fn place(cluster: &ClusterId) -> Result<Place<'_>, Untranslatable> {
    match cluster {
        ClusterId::Gke { project, location, cluster } => Ok(Place { project, location, cluster }),
        ClusterId::Aks { .. } | ClusterId::Eks { .. } => Err(Untranslatable::NotGke(cluster.to_string())),
    }
}

/// The nodes of each zone.
pub(crate) fn per_zone(count: u32, zones: usize) -> Result<u32, Untranslatable> {
    let zones = u32::try_from(zones).unwrap_or(u32::MAX).max(1);
    if count.is_multiple_of(zones) {
        return Ok(count / zones);
    }
    let below = count / zones * zones;
    Err(Untranslatable::Uneven { count, zones, below, above: below.saturating_add(zones) })
}

/// The nodes that each zone starts with under autoscaling: enough for the wanted number, but never more than the
/// ceiling in all.
pub(crate) fn initial_per_zone(wanted: u32, max: u32, zones: usize) -> u32 {
    let zones = u32::try_from(zones).unwrap_or(u32::MAX).max(1);
    wanted.div_ceil(zones).min(max / zones)
}

/// A duration of whole seconds, such as `5400s`.
pub(crate) fn seconds(option: &'static str, text: &str) -> Result<String, Untranslatable> {
    match text.parse::<GoDuration>() {
        Ok(GoDuration(length)) if length.subsec_nanos() == 0 => Ok(format!("{}s", length.as_secs())),
        _ => Err(Untranslatable::Duration { option, text: text.to_owned() }),
    }
}

/// A duration of an answer in Go's syntax; `None` when it cannot be read.
pub(crate) fn from_seconds(text: &str) -> Option<String> {
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    Some(GoDuration(Duration::try_from_secs_f64(seconds).ok()?).to_string())
}

/// The effect in the API's spelling.
pub(crate) fn effect(effect: TaintEffect) -> &'static str {
    match effect {
        TaintEffect::NoSchedule => "NO_SCHEDULE",
        TaintEffect::PreferNoSchedule => "PREFER_NO_SCHEDULE",
        TaintEffect::NoExecute => "NO_EXECUTE",
    }
}

/// A taint.
pub(crate) fn taint(taint: &Taint) -> wire::Taint {
    wire::Taint {
        key: taint.key.clone(),
        value: taint.value.clone(),
        effect: effect(taint.effect).to_owned(),
        extra: wire::Extra::new(),
    }
}

/// The user's taints and, if wanted, the GPU taint: once, since GKE refuses a list that has it twice.
pub(crate) fn taints(taints: &BTreeSet<Taint>, gpu_taint: bool) -> Vec<Taint> {
    let mut all = taints.clone();
    if gpu_taint {
        all.insert(Taint::gpu());
    }
    all.into_iter().collect()
}

/// How containers share a GPU or partition; `None` for one container each.
pub(crate) fn sharing(sharing: Sharing) -> Option<wire::GpuSharing> {
    let strategy = match sharing {
        Sharing::None => return None,
        Sharing::TimeSlicing { .. } => "TIME_SHARING",
        Sharing::Mps { .. } => "MPS",
    };
    Some(wire::GpuSharing {
        gpu_sharing_strategy: Some(strategy.to_owned()),
        max_shared_clients_per_gpu: Some(sharing.replicas().into()),
        extra: wire::Extra::new(),
    })
}

/// The driver that GKE installs; `None` where the options say nothing.
pub(crate) fn driver(options: &Options) -> Option<wire::GpuDriver> {
    let specific = options.text("driver_specific_version");
    let version = options.text("driver_version").or(specific.map(|_| "SPECIFIC"))?;
    Some(wire::GpuDriver {
        gpu_driver_version: Some(version.to_owned()),
        specific_version: specific.filter(|_| version == "SPECIFIC").map(ToOwned::to_owned),
        extra: wire::Extra::new(),
    })
}

/// Surge upgrades as GKE has them by default (source: gcloud, `container node-pools create`).
const DEFAULT_SURGE: (u32, u32) = (1, 0);
/// Where a reservation holds exactly the pool's machines, there is none to spare for a surge.
const RESERVED_SURGE: (u32, u32) = (0, 1);

/// Whether the machines come out of one named reservation.
fn is_reserved(options: &Options) -> bool {
    options.object("reservation").and_then(|it| it.text("type")) == Some("SPECIFIC_RESERVATION")
}

/// How nodes are replaced. `None` leaves it to GKE.
pub(crate) fn upgrade_settings(
    upgrade: &Upgrade,
    options: &Options,
) -> Result<Option<wire::UpgradeSettings>, Untranslatable> {
    if let Some(blue_green) = options.object("blue_green") {
        return Ok(Some(wire::UpgradeSettings {
            strategy: Some("BLUE_GREEN".to_owned()),
            blue_green_settings: Some(self::blue_green(blue_green)?),
            ..wire::UpgradeSettings::default()
        }));
    }
    let unset = upgrade.max_surge.is_none() && upgrade.max_unavailable.is_none();
    if unset && !is_reserved(options) {
        return Ok(None);
    }
    let default = if unset { RESERVED_SURGE } else { DEFAULT_SURGE };
    surge(upgrade, default).map(Some)
}

/// Surge upgrades, with `default` for what is not written.
pub(crate) fn surge(upgrade: &Upgrade, default: (u32, u32)) -> Result<wire::UpgradeSettings, Untranslatable> {
    let nodes = |amount: Option<Amount>, default: u32| match amount {
        None => Ok(default),
        Some(Amount::Nodes(number)) => Ok(number),
        Some(percent @ Amount::Percent(_)) => Err(Untranslatable::Percent(percent)),
    };
    Ok(wire::UpgradeSettings {
        strategy: Some("SURGE".to_owned()),
        max_surge: Some(nodes(upgrade.max_surge, default.0)?.into()),
        max_unavailable: Some(nodes(upgrade.max_unavailable, default.1)?.into()),
        ..wire::UpgradeSettings::default()
    })
}

/// The surge figures of a pool without blue-green upgrades, when nothing is written.
pub(crate) fn default_surge(options: &Options) -> (u32, u32) {
    if is_reserved(options) { RESERVED_SURGE } else { DEFAULT_SURGE }
}

fn blue_green(options: &Options) -> Result<wire::BlueGreen, Untranslatable> {
    let soak = |name: &str, option| options.text(name).map(|text| seconds(option, text)).transpose();
    let rollout = wire::Rollout {
        batch_node_count: options.number("batch_node_count").map(wire::Int),
        batch_percentage: options.number("batch_percentage").map(|percent| percent as f64 / 100.0),
        batch_soak_duration: soak("batch_soak", "blue_green.batch_soak")?,
        extra: wire::Extra::new(),
    };
    Ok(wire::BlueGreen {
        node_pool_soak_duration: soak("node_pool_soak", "blue_green.node_pool_soak")?,
        standard_rollout_policy: (rollout != wire::Rollout::default()).then_some(rollout),
        extra: wire::Extra::new(),
    })
}

/// How nodes are drained, over what is there already.
pub(crate) fn node_drain(
    options: &Options,
    live: Option<&wire::NodeDrain>,
) -> Result<Option<wire::NodeDrain>, Untranslatable> {
    let Some(wanted) = options.object("node_drain") else { return Ok(None) };
    let mut drain = live.cloned().unwrap_or_default();
    if let Some(respect) = wanted.bool("respect_pdb_during_deletion") {
        drain.respect_pdb_during_node_pool_deletion = Some(respect);
    }
    if let Some(text) = wanted.text("grace_termination") {
        drain.grace_termination_duration = Some(seconds("node_drain.grace_termination", text)?);
    }
    if let Some(text) = wanted.text("pdb_timeout") {
        drain.pdb_timeout_duration = Some(seconds("node_drain.pdb_timeout", text)?);
    }
    Ok(Some(drain))
}

/// Whether an option that is there has everything that is wanted of it. An object may have more, which GKE has filled
/// in; a length of time may be written in other words.
pub(crate) fn holds(there: &OptionValue, wanted: &OptionValue) -> bool {
    match (there, wanted) {
        (OptionValue::Object(there), OptionValue::Object(wanted)) => {
            wanted.0.iter().all(|(name, wanted)| there.get(name).is_some_and(|there| holds(there, wanted)))
        }
        (OptionValue::Text(there), OptionValue::Text(wanted)) => {
            let length = |text: &str| text.parse::<GoDuration>().ok();
            there == wanted || length(there).is_some() && length(there) == length(wanted)
        }
        _ => there == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_spread_evenly_or_refused_with_the_nearest() {
        assert_eq!(per_zone(6, 3), Ok(2));
        assert_eq!(per_zone(0, 3), Ok(0));
        assert_eq!(per_zone(4, 3), Err(Untranslatable::Uneven { count: 4, zones: 3, below: 3, above: 6 }));
    }

    #[test]
    fn a_pool_never_starts_above_its_ceiling() {
        assert_eq!(initial_per_zone(1, 9, 3), 1);
        assert_eq!(initial_per_zone(1, 2, 3), 0);
        assert_eq!(initial_per_zone(4, 6, 3), 2);
        assert_eq!(initial_per_zone(0, 6, 3), 0);
    }

    #[test]
    fn durations_go_both_ways() {
        assert_eq!(seconds("max_run_duration", "1h30m"), Ok("5400s".to_owned()));
        assert!(seconds("max_run_duration", "1500ms").is_err());
        assert!(seconds("max_run_duration", "soon").is_err());
        assert_eq!(from_seconds("5400s").as_deref(), Some("1h30m"));
        assert_eq!(from_seconds("0.5s").as_deref(), Some("500ms"));
        assert_eq!(from_seconds("-1s"), None);
        assert_eq!(from_seconds("later"), None);
    }
}
