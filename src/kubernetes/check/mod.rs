//! The slice check: whether a pool's nodes offer the slices that were planned, and if not, why.
//!
//! In reading order:
//! - this file: what is expected, and how it ended.
//! - `announcers`: whether anything could announce slices. Pure.
//! - `judge`: whether the nodes offer it. Pure.
//! - `follow`: watching the nodes until they do, or time is up.
//! - [`evidence`]: what is looked at when they do not; [`diagnosis`]: what follows from that. Pure.

use std::time::Duration;

use super::config::ConfigKey;
use super::error::KubeError;
use super::plugin::Place;
use super::suits::Cut;
use crate::duration::GoDuration;
use crate::nodepool::PoolId;
use crate::nodepool::spec::Taint;
use crate::slicing::{MigStrategy, Sharing};

mod announcers;
pub mod diagnosis;
pub mod evidence;
mod follow;
mod judge;

pub use diagnosis::{Finding, diagnose};
pub use evidence::Evidence;
pub use follow::rights;

/// What a pool's nodes are to offer.
#[derive(Debug, Clone, PartialEq)]
pub struct SliceCheck {
    /// The pool.
    pub pool: PoolId,
    /// The extended resource.
    pub resource: String,
    /// How many of it each node is to offer.
    pub per_node: u64,
    /// The GPUs of each node.
    pub gpus: u32,
    /// How many nodes the pool has; `None` where an autoscaler decides.
    pub nodes: Option<u32>,
    /// How MIG slices are named; `None` where GPUs are whole.
    pub mig: Option<MigStrategy>,
    /// How GPUs or slices are shared.
    pub sharing: Sharing,
    /// What the GPU operator's mig-manager is to do on the nodes; `None` where they come cut, or GPUs stay whole.
    pub mig_manager: Option<Cut>,
    /// Who announces them.
    pub announcer: Announcer,
    /// The taints that the pool's nodes have for good: what does not tolerate them never comes.
    pub taints: Vec<Taint>,
    /// How long to wait, from now: the pool is ready.
    pub timeout: Duration,
}

/// Who announces a pool's GPUs to the kubelet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Announcer {
    /// Something that the cloud puts on the node and manages: GKE's plugin, AKS's managed GPU stack, Bottlerocket's.
    Cloud,
    /// A device plugin in the cluster.
    DevicePlugin {
        /// The key that configures it for this pool's nodes; `None` where none does.
        key: Option<(Place, ConfigKey)>,
    },
}

/// How a check ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Every node offers what was planned.
    Verified {
        /// What they offer together.
        allocatable: u64,
    },
    /// Nobody knows.
    NotVerified(NotVerified),
    /// A node offers something else, and time is up.
    Mismatch(Mismatch),
}

/// Why nothing is known of the slices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotVerified {
    /// Nothing on the cluster could announce them yet.
    NothingAnnounces {
        /// What is to be installed or set, in full sentences.
        advice: String,
    },
    /// The cluster could not be asked.
    NotAsked(Box<KubeError>),
    /// There is no node.
    NoNodes,
    /// The nodes publish `ResourceSlice`s for dynamic resource allocation and no extended resource.
    DynamicAllocation,
    /// The user interrupted.
    Interrupted,
}

/// Slices that are not as planned.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    /// The extended resource.
    pub resource: String,
    /// How many of it each node was to offer.
    pub per_node: u64,
    /// What each node offers, by name.
    pub nodes: Vec<NodeReport>,
    /// Nodes that the pool has and the cluster has not seen.
    pub missing: u32,
    /// What all nodes offer together.
    pub allocatable: u64,
    /// How long they were waited for.
    pub waited: Duration,
    /// Why, the surest first; empty where nothing was found.
    pub findings: Vec<Finding>,
}

/// What one node offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeReport {
    /// The node's name.
    pub name: String,
    /// Whether it is ready.
    pub ready: bool,
    /// Whether it offers what was planned.
    pub right: bool,
    /// How many of the planned resource it offers.
    pub offers: u64,
    /// What it offers under other names, as `name: amount`.
    pub others: Vec<String>,
}

impl NotVerified {
    /// Why, in full sentences.
    pub fn detail(&self) -> String {
        match self {
            NotVerified::NothingAnnounces { advice } => {
                format!("Nothing on the cluster announces them yet. {advice}")
            }
            NotVerified::NotAsked(error) => {
                format!("The cluster could not be asked: {}. {}", error.summary(), error.detail())
            }
            NotVerified::NoNodes => "The pool has no nodes now.".to_owned(),
            NotVerified::DynamicAllocation => "The nodes offer their GPUs by dynamic resource allocation \
                                               (ResourceSlices), and no extended resource that could be compared."
                .to_owned(),
            NotVerified::Interrupted => "The check was interrupted.".to_owned(),
        }
    }
}

/// Nodes that are told one by one; the others are counted.
const TOLD: usize = 10;

impl Mismatch {
    /// What is wrong, in one line without a full stop.
    pub fn summary(&self) -> String {
        let right = self.nodes.iter().filter(|node| node.right).count();
        let all = self.nodes.len() + self.missing as usize;
        format!("{right} of {all} nodes offer the planned {} {}", self.per_node, self.resource)
    }

    /// What each node offers, and why, in full sentences.
    pub fn detail(&self) -> String {
        let mut lines = vec![format!("After {}:", GoDuration(self.waited))];
        let wrong: Vec<&NodeReport> = self.nodes.iter().filter(|node| !node.right).collect();
        for node in wrong.iter().take(TOLD) {
            let ready = if node.ready { "" } else { " (not ready)" };
            let mut line = format!("  - {}{ready}: {} {}", node.name, node.offers, self.resource);
            if !node.others.is_empty() {
                line.push_str(&format!(", and {}", node.others.join(", ")));
            }
            lines.push(line);
        }
        if wrong.len() > TOLD {
            lines.push(format!("  - and {} more nodes", wrong.len() - TOLD));
        }
        match self.missing {
            0 => {}
            1 => lines.push("  - 1 node has not joined the cluster".to_owned()),
            more => lines.push(format!("  - {more} nodes have not joined the cluster")),
        }
        if self.findings.is_empty() {
            lines.push(
                "Nothing that was looked at explains it. The log of the device plugin's pod on such a node tells more."
                    .to_owned(),
            );
        }
        lines.extend(self.findings.iter().map(ToString::to_string));
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests;
