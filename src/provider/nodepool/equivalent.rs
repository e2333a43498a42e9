//! Spellings that mean the same, so that changing one for the other is no change.

use crate::duration::GoDuration;
use crate::nodepool::{ClusterId, PoolId};
use crate::slicing::MigProfile;
use crate::tfplugin::Value;

/// Two spellings of one cluster.
pub(super) fn clusters(one: &Value, other: &Value) -> bool {
    parsed::<ClusterId>(one).is_some_and(|one| parsed(other) == Some(one))
}

/// Two spellings of one node pool's id. On AKS they may differ in case, like all of Azure's ids.
pub(in crate::provider) fn pools(one: &Value, other: &Value) -> bool {
    let (Some(one), Some(other)) = (parsed::<PoolId>(one), parsed::<PoolId>(other)) else { return false };
    let alike = match one.cluster {
        ClusterId::Aks { .. } => one.name.eq_ignore_ascii_case(&other.name),
        ClusterId::Gke { .. } | ClusterId::Eks { .. } => one.name == other.name,
    };
    alike && one.cluster == other.cluster
}

/// Two spellings of one machine type: Azure's names do not distinguish case, and no other cloud has capitals.
pub(super) fn machine_types(one: &Value, other: &Value) -> bool {
    matches!((one.as_str(), other.as_str()), (Some(one), Some(other)) if one.eq_ignore_ascii_case(other))
}

/// Two spellings of one MIG profile: NVIDIA's `1g.24gb+me` and the label's `1g.24gb.me`.
pub(super) fn mig_profiles(one: &Value, other: &Value) -> bool {
    parsed::<MigProfile>(one).is_some_and(|one| parsed(other) == Some(one))
}

/// Two spellings of one length of time: `90m` and `1h30m`.
pub(in crate::provider) fn durations(one: &Value, other: &Value) -> bool {
    parsed::<GoDuration>(one).is_some_and(|one| parsed(other) == Some(one))
}

/// Two spellings of one resource's id, such as Azure's, which do not distinguish case.
pub(super) fn resource_ids(one: &Value, other: &Value) -> bool {
    matches!((one.as_str(), other.as_str()), (Some(one), Some(other)) if one.eq_ignore_ascii_case(other))
}

fn parsed<T: std::str::FromStr>(value: &Value) -> Option<T> {
    value.as_str()?.parse().ok()
}
