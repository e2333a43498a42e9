//! The parts of a node pool that both a create and an update send, each from neutral to wire.

use std::sync::Arc;

use super::wire;
use super::{options::GpuStack, profiles};
use crate::cloud::settings::ApiVersion;
use crate::duration::GoDuration;
use crate::nodepool::spec::{Amount, Taint, TaintEffect, Upgrade};
use crate::nodepool::{ClusterId, NodePoolSpec, Options, Path};
use crate::slicing::{Catalogue, Cloud, Gpu, MigProfile};

/// A wanted pool that cannot be said in AKS's words. The plan-time rules refuse each of these first, so a user sees
/// one only where a value was not known at plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Untranslatable {
    /// The cluster is on another cloud. Remedy: none for the user; the provider asked the wrong cloud.
    #[error("the cluster {0} is not on AKS")]
    NotAks(String),
    /// A profile that none of AKS's values means on this GPU. Remedy: another profile.
    #[error("AKS has no word for the profile {profile} on the GPU {gpu}")]
    Profile { profile: MigProfile, gpu: String },
    /// Not a duration of whole minutes. Remedy: such as `30m`.
    #[error("{text:?} is not a duration in whole minutes, such as \"1h30m\"")]
    Minutes { option: &'static str, text: String },
}

impl Untranslatable {
    /// The attribute to change.
    pub(crate) fn attribute(&self) -> Option<Path> {
        Some(match self {
            Untranslatable::NotAks(_) => Path::of("cluster_id"),
            Untranslatable::Profile { .. } => Path::of("mig_profile"),
            Untranslatable::Minutes { option, .. } => Path::of(&format!("aks.{option}")),
        })
    }
}

/// Where a cluster is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    pub subscription: &'a str,
    pub resource_group: &'a str,
    pub cluster: &'a str,
}

/// The parts of an AKS cluster's id.
pub(crate) fn place(cluster: &ClusterId) -> Result<Place<'_>, Untranslatable> {
    match cluster {
        ClusterId::Aks { subscription, resource_group, cluster } => {
            Ok(Place { subscription, resource_group, cluster })
        }
        other => Err(Untranslatable::NotAks(other.to_string())),
    }
}

/// A duration as whole minutes.
pub(crate) fn minutes(option: &'static str, text: &str) -> Result<u32, Untranslatable> {
    let refused = || Untranslatable::Minutes { option, text: text.to_owned() };
    let GoDuration(length) = text.parse().map_err(|_| refused())?;
    let whole = length.subsec_nanos() == 0 && length.as_secs().is_multiple_of(60);
    let minutes = u32::try_from(length.as_secs() / 60).ok();
    minutes.filter(|_| whole).ok_or_else(refused)
}

/// A taint as AKS writes it: `key=value:effect`, with an empty value for one without [unverified that AKS takes the
/// shorter `key:effect` too].
pub(crate) fn taint(taint: &Taint) -> String {
    format!("{}={}:{}", taint.key, taint.value, taint.effect.word())
}

/// The taint that a text of AKS means; `None` for an effect that Kubernetes did not have when this was written.
pub(crate) fn from_taint(text: &str) -> Option<Taint> {
    let (pair, effect) = text.rsplit_once(':')?;
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    let effect = TaintEffect::from_word(effect)?;
    Some(Taint { key: key.to_owned(), value: value.to_owned(), effect })
}

/// The user's taints and, if wanted, the GPU taint, which AKS does not add by itself.
pub(crate) fn taints(spec: &NodePoolSpec) -> Vec<Taint> {
    let mut all = spec.taints.clone();
    if spec.gpu_taint {
        all.insert(Taint::gpu());
    }
    all.into_iter().collect()
}

/// The GPU that a pool's machines have, as the catalogue knows it.
pub(crate) fn gpu(machine_type: &str, model: &str) -> Option<Arc<Gpu>> {
    let catalogue = Catalogue::built_in();
    let of_machine =
        catalogue.machine(Some(Cloud::Aks), machine_type).and_then(|machine| machine.gpu().cloned());
    of_machine.or_else(|| catalogue.gpu(model).cloned())
}

/// AKS's value for the pool's profile.
fn value(spec: &NodePoolSpec) -> Result<Option<&'static str>, Untranslatable> {
    let Some(profile) = spec.mig_profile else { return Ok(None) };
    let gpu = gpu(&spec.machine_type, &spec.gpu.model);
    let value = gpu.and_then(|gpu| profiles::value(&gpu, profile));
    match value {
        Some(value) => Ok(Some(value)),
        None => Err(Untranslatable::Profile { profile, gpu: spec.gpu.model.clone() }),
    }
}

/// How GPUs are cut, and what AKS puts on their nodes: `gpuInstanceProfile` and `gpuProfile`.
///
/// Only a pool whose GPUs AKS manages is cut in another way in the preview: the strategy and the profiles are then
/// part of what is managed.
pub(crate) fn slicing(
    spec: &NodePoolSpec,
    version: ApiVersion,
) -> Result<(Option<String>, Option<wire::GpuProfile>), Untranslatable> {
    let value = value(spec)?.map(ToOwned::to_owned);
    let driver = spec.options.text("gpu_driver").map(ToOwned::to_owned);
    if GpuStack::of(&spec.options) != Some(GpuStack::Managed) {
        return Ok((value, driver.map(|driver| wire::GpuProfile { driver: Some(driver), nvidia: None })));
    }
    let mut nvidia =
        wire::NvidiaProfile { management_mode: Some("Managed".to_owned()), ..wire::NvidiaProfile::default() };
    let mut instance_profile = value;
    if version == ApiVersion::Preview
        && let Some(value) = instance_profile.take()
    {
        nvidia.mig_strategy = Some("Single".to_owned());
        nvidia.mig_profiles = Some(vec![value]);
    }
    let driver = driver.unwrap_or_else(|| "Install".to_owned());
    Ok((instance_profile, Some(wire::GpuProfile { driver: Some(driver), nvidia: Some(nvidia) })))
}

/// How nodes are replaced where reserved machines leave none to spare for a surge.
const RESERVED: Upgrade =
    Upgrade { max_surge: Some(Amount::Nodes(0)), max_unavailable: Some(Amount::Nodes(1)) };

/// How nodes are replaced; parts that are absent are left to AKS.
pub(crate) fn upgrade_settings(
    upgrade: &Upgrade,
    options: &Options,
) -> Result<wire::UpgradeSettings, Untranslatable> {
    let minutes_of = |name: &'static str| options.text(name).map(|text| minutes(name, text)).transpose();
    let text = |amount: Option<Amount>| amount.map(|amount| amount.to_string());
    Ok(wire::UpgradeSettings {
        max_surge: text(upgrade.max_surge),
        max_unavailable: text(upgrade.max_unavailable),
        drain_timeout_in_minutes: minutes_of("drain_timeout")?,
        node_soak_duration_in_minutes: minutes_of("node_soak")?,
        undrainable_node_behavior: options.text("undrainable_node_behavior").map(ToOwned::to_owned),
    })
}

/// How the nodes of a new pool are replaced.
pub(crate) fn first_upgrade(spec: &NodePoolSpec) -> Upgrade {
    let unset = spec.upgrade == Upgrade::default();
    let reserved = spec.options.text("capacity_reservation_group_id").is_some();
    if unset && reserved { RESERVED } else { spec.upgrade }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taints_go_both_ways() {
        for text in ["nvidia.com/gpu=present:NoSchedule", "team=ml:NoExecute", "alone=:PreferNoSchedule"] {
            assert_eq!(taint(&from_taint(text).unwrap()), text);
        }
        assert_eq!(from_taint("nvidia.com/gpu=present:NoSchedule"), Some(Taint::gpu()));
        assert_eq!(from_taint("alone:NoSchedule"), from_taint("alone=:NoSchedule"));
        for text in ["", "a", "a=b", "a=b:Never"] {
            assert_eq!(from_taint(text), None, "{text}");
        }
    }

    #[test]
    fn minutes_are_whole() {
        assert_eq!(minutes("drain_timeout", "1h30m"), Ok(90));
        assert_eq!(minutes("node_soak", "0"), Ok(0));
        for text in ["90s", "1m500ms", "soon", "9999999999m"] {
            assert!(minutes("drain_timeout", text).is_err(), "{text}");
        }
    }
}
