//! The warnings before a change of how GPUs are shared: what it does to the pods that run.

use crate::nodepool::change::Ground;
use crate::nodepool::labels::{PROFILE_LABEL, SHARING_LABEL};
use crate::nodepool::{Change, Problems, change};
use crate::tfplugin::{Plan, Value};

use super::private::Shared;

/// Warns of slices that go away, and of pods that no longer find the pool. `foreign` is sharing that the update takes
/// away because the resource has none.
pub(super) fn warn(plan: &Plan<'_>, ground: Ground, foreign: Option<Shared>, problems: &mut Problems) {
    if let Some(shared) = foreign {
        let sharing = shared.sharing();
        problems.warning(
            "mig_profile",
            format!("The slices of the pool are shared by {sharing}, and will no longer be"),
            format!(
                "{} containers share each slice now, which this resource does not provide for. The update takes the \
                 sharing away, and the cloud may replace every node for it: pods are evicted, and those that find no \
                 slice of their own wait for one. To keep the sharing, use gpuslice_timeslice_nodepool with a moved \
                 block.",
                sharing.replicas()
            ),
        );
    }
    let stays = change::of("replicas", ground) == Some(Change::InPlace);
    fewer(plan, stays, problems);
    selector(plan, stays, problems);
    handed_over(plan, problems);
}

/// Fewer containers per GPU: some of the pods that run have no place any more.
fn fewer(plan: &Plan<'_>, stays: bool, problems: &mut Problems) {
    let before = |path: &str| plan.prior.and_then(|prior| prior.lookup(path).as_u64());
    let (Some(was), Some(is)) = (before("replicas"), plan.get("replicas").as_u64()) else { return };
    if is >= was {
        return;
    }
    let slices = match (before("slices.per_node"), plan.get("slices.per_node").as_u64()) {
        (Some(was), Some(is)) => format!("A node gives {is} slices instead of {was}. "),
        _ => String::new(),
    };
    problems.warning(
        "replicas",
        format!("Fewer containers share each GPU: {is} instead of {was}"),
        format!(
            "{slices}{}",
            if stays {
                format!(
                    "No node is replaced and no pod is stopped: a node goes on running the pods that it has, and takes \
                     new ones only when fewer than {is} per GPU are left."
                )
            } else {
                format!(
                    "Pods are evicted from every node that the cloud replaces, and those that find no slice on the \
                     new nodes stay pending until there are more nodes. A node that is not replaced goes on running \
                     the pods that it has, and takes new ones only when fewer than {is} per GPU are left."
                )
            }
        ),
    );
}

/// The labels that pods select by say what a node's GPUs are divided into.
fn selector(plan: &Plan<'_>, stays: bool, problems: &mut Problems) {
    let Some(prior) = plan.prior else { return };
    for (label, attribute) in [(PROFILE_LABEL, "mig_profile"), (SHARING_LABEL, "sharing_strategy")] {
        let word = |value: &Value| Some(value.as_map()?.get(label)?.as_str()?.to_owned());
        let was = word(prior.lookup("scheduling.node_selector"));
        let is = word(plan.get("scheduling.node_selector"));
        let (Some(was), Some(is)) = (was, is) else { continue };
        if was != is {
            problems.warning(
                attribute,
                format!("Nodes get the label {label} = {is} instead of {was}"),
                format!(
                    "Pods that select {label} = {was}, as scheduling.node_selector has said so far, find no node here \
                     any more. {} Apply the new scheduling.node_selector to the workloads too.",
                    if stays {
                        "Those that run stay."
                    } else {
                        "Those that run are evicted where the cloud replaces their node, and stay where it does not."
                    }
                ),
            );
        }
    }
}

/// The key is somebody else's from now on.
fn handed_over(plan: &Plan<'_>, problems: &mut Problems) {
    const MANAGES: &str = "device_plugin.manage_config";
    let managed = |value: &Value| value.as_bool() != Some(false);
    let was = plan.prior.is_some_and(|prior| managed(prior.lookup(MANAGES)));
    if was && !managed(plan.get(MANAGES)) && !plan.get("config_key").is_null() {
        problems.warning(
            MANAGES,
            "The device plugin's key is left to others",
            "What the ConfigMap holds under config_key stays there, and the provider neither mends nor removes it any \
             more. Whatever manages it from now on has to keep config_yaml under that key as long as the pool exists.",
        );
    }
}
