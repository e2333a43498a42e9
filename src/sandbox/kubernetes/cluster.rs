//! One cluster: its objects, and what its machines are doing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::access::Doorkeeper;
use super::components::{Cutting, Plugin};
use super::controllers::Run;
use super::nodes::Machine;
use super::store::Store;
use crate::sandbox::clock::Millis;
use crate::sandbox::nodes::Node;
use crate::sandbox::random::Random;

/// When something happens, and what names and ids are made of.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) now: Millis,
    /// The length of a cloud's operation; everything in a cluster takes a part of it.
    pub(crate) latency: Millis,
    pub(crate) random: &'a mut Random,
}

/// What of NVIDIA's somebody installed in a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum Stack {
    #[default]
    Nothing,
    /// The device plugin's chart, with nothing set.
    Plugin,
    /// The device plugin's chart, with a `ConfigMap` of configurations.
    PluginWithConfig,
    /// The GPU operator's chart, driver and container toolkit left to the cloud.
    Operator,
    /// As [`Stack::Operator`], and its mig-manager may restart machines (`WITH_REBOOT`).
    OperatorWithReboot,
    /// The GPU operator's chart, which brings driver and container toolkit itself.
    OperatorWithDriver,
    /// The chart twice: once plain, once with a `ConfigMap`.
    TwoPlugins,
    /// The device plugin by its manifest, which asks no node for a label: on every one with GPUs.
    Manifest,
}

/// A cluster as its cloud knows it.
#[derive(Debug, Clone)]
pub(crate) struct View<'a> {
    /// In the usual spelling.
    pub(crate) id: String,
    /// The cloud's name in the sandbox, `gke`.
    pub(crate) cloud: &'static str,
    /// The control plane's version in the cloud's spelling.
    pub(crate) version: &'a str,
    pub(crate) created_at: Millis,
    /// It takes bearer tokens of its cloud's identities.
    pub(crate) tokens: bool,
    /// It takes client certificates.
    pub(crate) certificates: bool,
    /// What somebody installed before anybody looked.
    pub(crate) stack: Stack,
    /// Somebody works on the GPU pool that is there.
    pub(crate) workload: bool,
    /// Who knows the visitors; none: everybody is let in.
    pub(crate) door: Option<&'a dyn Doorkeeper>,
    pub(crate) nodes: Vec<&'a Node>,
}

/// One cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Cluster {
    /// The cloud's name in the sandbox.
    pub(crate) cloud: String,
    pub(crate) version: String,
    pub(crate) created_at: Millis,
    pub(crate) store: Store,
    /// What is remembered of each node beyond its object, by name.
    pub(crate) machines: BTreeMap<String, Machine>,
    /// What is remembered of each pod on a node, by uid.
    pub(crate) runs: BTreeMap<String, Run>,
    /// The device plugins, by the uid of their pod.
    pub(crate) plugins: BTreeMap<String, Plugin>,
    /// What mig-manager did, by the uid of the node.
    pub(crate) cuttings: BTreeMap<String, Cutting>,
    /// Uids of the nodes that somebody in the cluster wants to restart.
    #[serde(default)]
    pub(crate) reboots: BTreeSet<String>,
    /// Templates of `DaemonSet`s as they were before somebody broke them, by namespace and name.
    pub(crate) broken: BTreeMap<String, Value>,
    /// When everybody last took a turn.
    pub(crate) settled_at: Millis,
}

impl Cluster {
    /// The version as Kubernetes writes it, with a `v`.
    pub(crate) fn git_version(&self) -> String {
        format!("v{}", self.version.trim_start_matches('v'))
    }

    /// Brings the cluster up to the present. True: something changed.
    pub(crate) fn settle(&mut self, scene: &mut Scene<'_>, view: &View<'_>) -> bool {
        let before = self.store.revision();
        view.version.clone_into(&mut self.version);
        self.take_turns(scene, view);
        self.store.revision() != before
    }
}
