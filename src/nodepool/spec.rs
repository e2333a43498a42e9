//! The node pool as wanted: resolved and valid.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use super::config::DevicePluginConfig;
use super::{ClusterId, Field, Options};
use crate::slicing::{MigProfile, MigStrategy, Sharing};

/// A node pool, wholly known and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct NodePoolSpec {
    /// The cluster it belongs to.
    pub cluster: ClusterId,
    /// Its name, suffix included.
    pub name: String,
    /// The cloud's machine type.
    pub machine_type: String,
    /// The GPUs of a node.
    pub gpu: NodeGpus,
    /// The MIG profile that every GPU is cut into; `None` leaves GPUs whole.
    pub mig_profile: Option<MigProfile>,
    /// How slices are named as extended resources.
    pub mig_strategy: MigStrategy,
    /// Sharing on top.
    pub sharing: Sharing,
    /// How shared slices meet pods, where it is the cloud that announces them.
    pub switches: SharingSwitches,
    /// How many nodes.
    pub size: Size,
    /// On demand or spot.
    pub capacity_type: CapacityType,
    /// Zones; `None` leaves the choice to the cloud.
    pub zones: Option<BTreeSet<String>>,
    /// All node labels that are sent: the provider's defaults, the resource's and our own.
    pub labels: BTreeMap<String, String>,
    /// All cloud tags that are sent.
    pub tags: BTreeMap<String, String>,
    /// The taints written on the resource, without the GPU taint.
    pub taints: BTreeSet<Taint>,
    /// Whether the GPU taint is wanted.
    pub gpu_taint: bool,
    /// Boot disk in GB; `None` is the cloud's default.
    pub disk_size_gb: Option<u32>,
    /// Boot disk type; `None` is the cloud's default.
    pub disk_type: Option<String>,
    /// Pods per node; `None` is the cloud's default.
    pub max_pods: Option<u32>,
    /// The lowest Kubernetes version; `None` follows the cluster.
    pub kubernetes_version: Option<String>,
    /// How nodes are replaced; absent parts are the cloud's default.
    pub upgrade: Upgrade,
    /// The options of the pool's cloud. An absent option is left to the cloud at create and unchanged at update.
    pub options: Options,
}

/// How shared slices meet the pods that ask for them: `device_plugin.rename_resource` and
/// `device_plugin.fail_requests_greater_than_one`.
///
/// The defaults are ours and hold on every cloud, whatever those of the component that announces the slices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharingSwitches {
    /// Whether their resource's name ends with `.shared`.
    pub rename_resource: bool,
    /// Whether a pod that asks for more than one of them fails.
    pub fail_requests_greater_than_one: bool,
}

impl Default for SharingSwitches {
    fn default() -> Self {
        SharingSwitches { rename_resource: false, fail_requests_greater_than_one: true }
    }
}

impl SharingSwitches {
    /// The switches that are written, each by its default where it is not; `None` while one is not known.
    pub fn of(plugin: &Field<DevicePluginConfig>) -> Option<Self> {
        let default = SharingSwitches::default();
        let plugin = plugin.known_or(DevicePluginConfig::default())?;
        Some(SharingSwitches {
            rename_resource: plugin.rename_resource.known_or(default.rename_resource)?,
            fail_requests_greater_than_one: plugin
                .fail_requests_greater_than_one
                .known_or(default.fail_requests_greater_than_one)?,
        })
    }

    /// The name under which slices are announced that would be `resource` if nobody shared them.
    pub fn announced(self, resource: String, sharing: Sharing) -> String {
        if self.rename_resource && sharing != Sharing::None { format!("{resource}.shared") } else { resource }
    }
}

/// The GPUs of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeGpus {
    /// The catalogue's id, such as `a100-40gb`; the user's own word for a GPU the catalogue does not know.
    pub model: String,
    /// The cloud's accelerator type, where it has one.
    pub accelerator_type: Option<String>,
    /// GPUs per node.
    pub count: u32,
}

/// How many nodes, in the whole pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// A fixed number.
    Fixed(u32),
    /// The cluster autoscaler decides within these limits.
    Autoscaling {
        /// Fewest nodes.
        min: u32,
        /// Most nodes.
        max: u32,
        /// Nodes at creation; `None` is `min`.
        initial: Option<u32>,
    },
}

/// How the cloud sells the machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CapacityType {
    /// At the list price, until deleted.
    #[default]
    OnDemand,
    /// Cheaper, and taken away when the cloud needs them.
    Spot,
}

impl CapacityType {
    /// The word in HCL.
    pub fn word(self) -> &'static str {
        match self {
            CapacityType::OnDemand => "on_demand",
            CapacityType::Spot => "spot",
        }
    }

    /// The capacity type of a word in HCL.
    pub fn from_word(word: &str) -> Option<Self> {
        [CapacityType::OnDemand, CapacityType::Spot].into_iter().find(|one| one.word() == word)
    }
}

/// A Kubernetes taint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Taint {
    /// The key, with its prefix.
    pub key: String,
    /// The value; empty when the taint has none.
    pub value: String,
    /// What it does to pods.
    pub effect: TaintEffect,
}

impl Taint {
    /// The taint that keeps pods without GPUs off GPU nodes: `nvidia.com/gpu=present:NoSchedule`.
    pub fn gpu() -> Self {
        Taint {
            key: "nvidia.com/gpu".to_owned(),
            value: "present".to_owned(),
            effect: TaintEffect::NoSchedule,
        }
    }
}

impl fmt::Display for Taint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}:{}", self.key, self.value, self.effect.word())
    }
}

/// What a taint does to pods that do not tolerate it, in Kubernetes' spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaintEffect {
    /// New pods stay away.
    NoSchedule,
    /// New pods stay away if they can.
    PreferNoSchedule,
    /// Running pods are evicted too.
    NoExecute,
}

impl TaintEffect {
    /// All of them.
    pub const ALL: [TaintEffect; 3] =
        [TaintEffect::NoSchedule, TaintEffect::PreferNoSchedule, TaintEffect::NoExecute];

    /// Kubernetes' word.
    pub fn word(self) -> &'static str {
        match self {
            TaintEffect::NoSchedule => "NoSchedule",
            TaintEffect::PreferNoSchedule => "PreferNoSchedule",
            TaintEffect::NoExecute => "NoExecute",
        }
    }

    /// The effect of Kubernetes' word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effect| effect.word() == word)
    }
}

/// How nodes are replaced when a pool rolls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Upgrade {
    /// Nodes made beyond the pool's size.
    pub max_surge: Option<Amount>,
    /// Nodes that may be missing.
    pub max_unavailable: Option<Amount>,
}

/// A number of nodes, or a share of the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// So many nodes.
    Nodes(u32),
    /// So many in a hundred.
    Percent(u32),
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (digits, percent) = match text.strip_suffix('%') {
            Some(digits) => (digits, true),
            None => (text, false),
        };
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        match digits.parse() {
            Ok(number) if plain && percent => Ok(Amount::Percent(number)),
            Ok(number) if plain => Ok(Amount::Nodes(number)),
            _ => Err(AmountError { text: text.to_owned() }),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Amount::Nodes(number) => write!(f, "{number}"),
            Amount::Percent(number) => write!(f, "{number}%"),
        }
    }
}

/// A text that is neither a number of nodes nor a percentage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is neither a number of nodes such as \"1\" nor a percentage such as \"33%\"")]
pub struct AmountError {
    text: String,
}
