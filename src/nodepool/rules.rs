//! What a cloud demands of a configuration, before any credentials exist.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use super::change::Ground;
use super::spec::{CapacityType, SharingSwitches, Taint};
use super::{NodePoolConfig, NodePoolSpec, OptionSpec, Options, Problems};
use crate::slicing::{Arch, Cloud, Gpu, MigProfile, MigStrategy, Sharing};

/// A cloud's plan-time rules: pure and offline. Every method gives the same answer for the same input.
pub trait CloudRules: Send + Sync + Debug {
    /// The cloud.
    fn cloud(&self) -> Cloud;

    /// How long a create, an update or a delete may take where the configuration does not say it.
    fn patience(&self) -> Duration;

    /// The options that only this cloud has.
    fn options(&self) -> &'static [OptionSpec];

    /// The column of the [table of change classes](super::change::COMMON) that a pool with these options is in.
    fn ground(&self, options: &Options) -> Ground;

    /// Adds every rule of this cloud that the known part of `config` breaks. Unknown parts break nothing.
    ///
    /// Rules that hold on every cloud (label syntax, counts, profile against GPU) are not repeated here.
    fn check(&self, config: &NodePoolConfig, problems: &mut Problems);

    /// Whether this cloud cuts `gpu` by `profile`, which the GPU itself supports.
    fn profile(&self, gpu: &Gpu, accelerator_type: Option<&str>, profile: &MigProfile) -> ProfileVerdict;

    /// Whether, of the profiles that the cloud as a whole cuts `gpu` by, `options` leave this one to choose from: what
    /// messages list. Unknown options leave them all.
    fn leaves(&self, options: Option<&Options>, gpu: &Gpu, profile: &MigProfile) -> bool;

    /// The extended resource a slice is requested by, such as `nvidia.com/gpu`.
    fn resource_name(&self, strategy: MigStrategy, profile: Option<&MigProfile>) -> String;

    /// The labels that we give a pool at creation so that the right components come and the wrong ones stay
    /// away, beyond `gpuslice/profile`, `gpuslice/sharing` and those that name the device plugin's key. `None` while what decides them is not known.
    ///
    /// Of `config` they depend on the profile and the [options that decide](CloudRules::deciding_options), and on
    /// nothing else.
    fn own_labels(&self, config: &NodePoolConfig) -> Option<BTreeMap<String, String>>;

    /// The options, as dotted paths, that [`CloudRules::own_labels`], [`CloudRules::native`],
    /// [`CloudRules::plugin_config`] and [`CloudRules::ground`] depend on.
    fn deciding_options(&self) -> &'static [&'static str];

    /// Whether a pool with the option `name` as `prior` says may look as `live` says, because the cloud shows it only
    /// by things that change on their own, such as labels. What the state says is then kept.
    fn may_show_as(&self, name: &str, prior: &str, live: &str) -> bool;

    /// Whether the cloud takes two tag keys for one when they differ in upper and lower case only. It may then show a
    /// key in another case than it was written in.
    fn tag_keys_ignore_case(&self) -> bool;

    /// Label keys that the user may not write, with the reason; called for each known key.
    fn reserved_label(&self, key: &str) -> Option<String>;

    /// What is sent for slicing, in the cloud's own names.
    fn native(&self, slicing: &SlicingChoice<'_>) -> BTreeMap<String, String>;

    /// Pairs of attributes, dotted: when the first comes, goes or becomes another one, and the second is not written,
    /// the second is the cloud's to choose anew. What was there before would contradict the first.
    fn unsettled(&self) -> &'static [(&'static str, &'static str)];

    /// What keeps a pool that exists with these options from being told anew what its nodes are made with; `None` where
    /// nothing does.
    fn fixed_nodes(&self, _options: &Options) -> Option<FixedNodes> {
        None
    }

    /// The taints that the cloud itself puts on nodes of this architecture and capacity type, and that pods must
    /// tolerate too.
    fn system_taints(&self, arch: Option<Arch>, capacity_type: CapacityType) -> Vec<Taint>;

    /// What a device plugin in the cluster has to be told of such a pool; `None` while what decides it is not known.
    fn plugin_config(&self, config: &NodePoolConfig) -> Option<PluginUse>;

    /// What such a pool demands of NVIDIA's software in its cluster; `None` while what decides it is not known.
    fn demand(&self, _config: &NodePoolConfig) -> Option<Demand> {
        Some(Demand::Nothing)
    }

    /// The labels that the cloud and its kubelets put on nodes of such a pool by themselves, as far as they are known
    /// before there are any.
    fn node_labels(&self, _spec: &NodePoolSpec) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// The option, dotted, and the value with which nodes that a pool loses are ended as they are; `None` where the
    /// cloud drains them itself.
    fn undrained(&self) -> Option<(&'static str, &'static str)> {
        None
    }

    /// Whether a machine with this GPU restarts once before its MIG slices are there. Where nobody knows, it may.
    fn mig_restarts(&self, _gpu: &Gpu) -> bool {
        true
    }
}

/// Why a pool that exists cannot be told anew what its nodes are made with, such as by an import of one that the provider
/// would have made in another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedNodes {
    /// The reason, in a full sentence.
    pub why: &'static str,
    /// What to do, in full sentences, where somebody else could tell it; `None` where only a new pool helps.
    pub instead: Option<&'static str>,
    /// The attributes, dotted, that roll the nodes and are told in another way.
    pub besides: &'static [&'static str],
}

impl PluginUse {
    /// Whether it is a device plugin in the cluster that announces the slices, told by its ConfigMap.
    pub fn is_by_config(self) -> bool {
        matches!(self, PluginUse::Always | PluginUse::ForSharing)
    }
}

/// Whether a cloud takes a profile that the GPU supports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileVerdict {
    /// It does.
    Allowed,
    /// It may; the sentence says what is not certain.
    Doubtful(String),
    /// It does not; the sentence says why.
    Refused(String),
}

/// What a pool's slices need of the configuration of a device plugin in the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PluginUse {
    /// Nothing: the cloud itself announces slices.
    Never,
    /// Nothing, by a ConfigMap: what announces the slices is built into the pool's nodes, and learns of its
    /// [switches](super::spec::SharingSwitches) as it learns of the slices.
    BuiltIn,
    /// Every pool has a key, cut or shared.
    Always,
    /// Only pools whose GPUs are shared have one.
    ForSharing,
}

/// What a pool demands of NVIDIA's software in its cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// Nothing that could be wrong before there are nodes.
    Nothing,
    /// The GPU operator's mig-manager cuts the GPUs: the operator has to be set for that.
    MigManager,
    /// The nodes announce their GPUs themselves: no device plugin of the cluster may come to them.
    NoDevicePlugin,
}

/// What a pool's GPUs are cut into.
#[derive(Debug, Clone)]
pub struct SlicingChoice<'a> {
    /// The GPU.
    pub gpu: &'a Gpu,
    /// The cloud's accelerator type, where it has one.
    pub accelerator_type: Option<&'a str>,
    /// GPUs per node.
    pub gpus_per_node: u32,
    /// The MIG profile.
    pub profile: Option<&'a MigProfile>,
    /// Sharing on top.
    pub sharing: &'a Sharing,
    /// How shared slices meet pods.
    pub switches: SharingSwitches,
    /// The key of the device plugin's ConfigMap, where one tells it.
    pub config_key: Option<&'a str>,
    /// The options of the pool's cloud, as far as [`CloudRules::deciding_options`] names them.
    pub options: &'a Options,
}
