//! What a user reads of a pool's key.

use std::time::Duration;

use crate::duration::GoDuration;
use crate::kubernetes::KubeError;
use crate::nodepool::pools::ErrorKind;
use crate::nodepool::{ClusterId, PoolError, PoolId};
use crate::tfplugin::{Diagnostic, Diagnostics};

use super::super::super::diagnostics;
use super::Held;
use super::release::Stay;

/// A key that could not be put into the ConfigMap, before anything was made or changed.
pub(super) fn before(error: &PoolError, key: &str) -> PoolError {
    if error.kind == ErrorKind::Interrupted {
        return error.clone();
    }
    let detail = format!(
        "{}\n\nThe cluster is asked because the device plugin on the pool's nodes follows the key {key} of a ConfigMap, \
         which has to be there before the nodes name it. Nothing was changed at the cloud. If something else writes that \
         key (GitOps), set device_plugin = {{ manage_config = false }} and give it config_key and config_yaml.",
        error.detail.trim_end()
    );
    PoolError { detail, ..error.clone() }
}

/// Nobody may see what is installed, and the configuration does not say it.
pub(super) fn cannot_look(error: KubeError) -> PoolError {
    let mut error = PoolError::from(error);
    error.detail.push_str(
        " It is asked to find the ConfigMap that the device plugin reads. Or name it: with device_plugin.namespace and \
         device_plugin.config_map nothing has to be looked for.",
    );
    error
}

/// A cluster that nobody knows the way to yet.
pub(in super::super) fn unknown_way() -> PoolError {
    PoolError {
        kind: ErrorKind::Unauthenticated,
        summary: "How to reach the cluster is not known".to_owned(),
        detail: "A part of the provider block (kubernetes, or the cloud's own) comes from something that does not exist \
                 yet. Apply that first (`terraform apply -target=…`), or use values that are known."
            .to_owned(),
        attribute: None,
    }
}

/// A cluster that took too long.
pub(in crate::provider) fn too_slow(cluster: &ClusterId, limit: Duration) -> PoolError {
    PoolError {
        kind: ErrorKind::TimedOut,
        summary: format!("The cluster {} gave no answer within {}", cluster.name(), GoDuration(limit)),
        detail: "Its Kubernetes API, or the way to it that the cloud or the provider's kubernetes block tells, does not \
                 answer. Run Terraform where the cluster's endpoint can be reached, or set the provider's kubernetes \
                 block to an address that can be reached."
            .to_owned(),
        attribute: None,
    }
}

/// A cluster that does not show the keys at a refresh.
pub(super) fn not_seen(cluster: &ClusterId, error: &PoolError) -> Diagnostic {
    Diagnostic::warning(
        format!("The device plugin's configuration in the cluster {} could not be read", cluster.name()),
        format!(
            "{}: {} What the state says of config_yaml is kept, for all pools of the cluster. Whether somebody has \
             changed or removed their keys is not known.",
            error.summary, error.detail
        ),
    )
}

/// Nobody reads the ConfigMap that the key is in.
pub(in super::super) fn unread(config_map: &str, key: &str, advice: &str) -> Diagnostic {
    Diagnostic::warning(
        format!("No device plugin reads the ConfigMap {config_map}"),
        format!(
            "The pool's nodes will offer no slices until one does: their label names its key {key}. {advice}"
        ),
    )
}

/// Keys that stay in a ConfigMap.
pub(super) fn stays(pool: &PoolId, held: &Held, why: &Stay) -> Diagnostic {
    let names = held.names.join(", ");
    let (keys, they) = if held.names.len() == 1 { ("key", "it") } else { ("keys", "them") };
    let summary = format!(
        "The {keys} {names} stay{} in the ConfigMap {}",
        if keys == "key" { "s" } else { "" },
        held.full_name()
    );
    let detail = match why {
        Stay::Failed(error) => format!(
            "No node of the pool {} names {they} any more, and the cluster {} could not be asked to remove {they}. {}: \
             {}\n\nThat harms nobody. To remove {they}, run:\n  {}",
            pool.name,
            pool.cluster.name(),
            error.summary,
            error.detail.trim_end(),
            command(held)
        ),
        Stay::InUse(released) => {
            let nodes: Vec<&str> = released.in_use.values().flatten().map(String::as_str).collect();
            format!(
                "Nodes that do not belong to the pool {} name {they} in their label nvidia.com/device-plugin.config, and \
                 would lose their configuration: {}. When they no longer do, run:\n  {}",
                pool.name,
                nodes.join(", "),
                command(held)
            )
        }
    };
    Diagnostic::warning(summary, detail)
}

/// How to remove keys by hand.
fn command(held: &Held) -> String {
    let removals: Vec<String> =
        held.names.iter().map(|name| format!(r#"{{"op":"remove","path":"/data/{name}"}}"#)).collect();
    format!(
        "kubectl patch configmap {} --namespace {} --type json --patch '[{}]'",
        held.config_map,
        held.namespace,
        removals.join(",")
    )
}

/// A deletion that was interrupted between the pool and its key.
pub(in super::super) fn key_left(pool: &PoolId, held: &[Held]) -> Diagnostics {
    Diagnostics::error(
        format!("Interrupted: the node pool {} is gone, its key is not", pool.name),
        format!(
            "{} may still be in the cluster's ConfigMap. The state keeps the pool until that is removed too: the next \
             `terraform destroy` or `terraform apply` does it.",
            Held::all_names(held)
        ),
    )
}

/// A pool that somebody else has deleted, in a cluster that does not show whether its key is left.
pub(in super::super) fn may_be_left(pool: &PoolId, held: &[Held], error: &PoolError) -> Diagnostic {
    let commands: Vec<String> = held.iter().map(|one| format!("  {}", command(one))).collect();
    Diagnostic::warning(
        format!("The node pool {} is gone, its key may be left", pool.name),
        format!(
            "Whether {} is still in the cluster's ConfigMap could not be seen. {}: {}\n\nA new pool of that name uses it \
             again. To remove it, run:\n{}",
            Held::all_names(held),
            error.summary,
            error.detail.trim_end(),
            commands.join("\n")
        ),
    )
}

/// An update that was interrupted after the pool was changed.
pub(in super::super) fn unsettled(pool: &PoolId, error: &PoolError) -> Diagnostics {
    let mut shown = error.clone();
    if error.kind == ErrorKind::Interrupted {
        shown.summary =
            format!("Interrupted: the node pool {} is changed, its old key is still there", pool.name);
        "The state says status = \"incomplete\", and the next `terraform apply` goes on."
            .clone_into(&mut shown.detail);
    }
    diagnostics::of_error(&shown)
}

/// A pool that has the name of one that is gone.
pub(in super::super) fn another(pool: &PoolId) -> Diagnostic {
    Diagnostic::warning(
        format!("There is a node pool {} again", pool.name),
        "The one of this resource was deleted before, and this one was made since. It is left alone, and so is what \
         belongs to it, such as its key in the device plugin's ConfigMap.",
    )
}
