//! Whether anything could announce a pool's slices. Pure.

use super::SliceCheck;
use crate::kubernetes::plugin::{Installed, Place, Vendor, helm, place};
use crate::kubernetes::suits;
use crate::nodepool::spec::Taint;
use crate::slicing::Sharing;

/// Whether every device plugin minds a taint that the pool's nodes have for good, so that none ever comes. The GPU
/// operator's plugin is the operator's to place.
pub(super) fn never_come(check: &SliceCheck, installed: &Installed) -> bool {
    let mut announcers =
        installed.plugins.iter().filter(|plugin| plugin.announces && plugin.vendor != Vendor::Gke).peekable();
    installed.policies.is_empty()
        && announcers.peek().is_some()
        && announcers.all(|plugin| !plugin.scheduling.minded(&check.taints).is_empty())
}

/// What is to be installed or set before anything can announce the slices of nodes with these taints; `None` where
/// something can.
pub(super) fn advice(
    check: &SliceCheck,
    place: Option<&Place>,
    installed: &Installed,
    taints: &[Taint],
) -> Option<String> {
    if let Some(cut) = check.mig_manager
        && !installed.may_be_operated()
    {
        return Some(format!("There is no GPU operator in the cluster. {}", suits::no_operator(cut)));
    }
    // The operator makes its plugin when it sees the first GPU node.
    let policies = !installed.policies.is_empty();
    let mut announcers =
        installed.plugins.iter().filter(|plugin| plugin.announces && plugin.vendor != Vendor::Gke).peekable();
    let any = policies || announcers.peek().is_some();
    let reads = |place: &Place| {
        installed.policies.iter().any(|policy| {
            policy.namespace == place.namespace && policy.config_map.as_ref() == Some(&place.config_map)
        }) || installed.plugins.iter().any(|plugin| {
            let mounts = plugin.mounted.as_ref().is_some_and(|it| it.config_map == place.config_map);
            plugin.announces && plugin.namespace == place.namespace && mounts
        })
    };
    // Without a key nothing is shared; MIG alone may be set in the installation itself.
    let needs_key = check.sharing != Sharing::None;
    let unread = place.filter(|place| needs_key && !reads(place));
    if any && unread.is_none() {
        return None;
    }
    let wanted = place::Wanted {
        namespace: place.map(|place| place.namespace.clone()),
        config_map: place.map(|place| place.config_map.clone()),
    };
    // With both names, or with nothing installed, there is one choice at most.
    let place = place::choose(&wanted, installed).ok()?;
    // Somebody may read the ConfigMap, and nobody announce.
    place.advice(taints).or_else(|| (!any).then(|| helm::install(&place, taints)))
}
