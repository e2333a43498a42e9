//! What is looked at when slices are not as planned. Each part may be missing: rights may not reach so far.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::Api;
use kube::api::ListParams;

use super::judge::{has_failed, is_right};
use super::{Announcer, SliceCheck};
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::nodes::{NodeSeen, is_slice, whole};
use crate::kubernetes::plugin::Installed;
use crate::kubernetes::rights::{Right, Verb};
use crate::nodepool::Call;

/// Nodes whose pods are looked at. What is wrong with a pool is mostly wrong with each of its nodes.
const LOOKED_INTO: usize = 3;

/// What was seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    /// The pool's nodes, without those that are leaving.
    pub nodes: Vec<NodeSeen>,
    /// What is installed; `None` is unknown.
    pub installed: Option<Installed>,
    /// The ConfigMap's data; `None` is unknown.
    pub config: Option<ConfigSeen>,
    /// Pods on nodes that are not as planned.
    pub pods: Vec<PodSeen>,
}

/// The ConfigMap of the pool's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigSeen {
    /// There is none.
    Absent,
    /// Its data.
    Data(BTreeMap<String, String>),
}

/// A pod.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodSeen {
    /// `namespace/name`.
    pub name: String,
    /// The node it is on.
    pub node: String,
    /// The DaemonSet it belongs to, as `namespace/name`.
    pub daemon_set: Option<String>,
    /// The GPUs and slices that it holds.
    pub holds: BTreeMap<String, u64>,
    /// Why one of its containers does not run, such as `CrashLoopBackOff: …`.
    pub trouble: Option<String>,
}

impl PodSeen {
    /// What matters of a pod; `None` for one that has ended.
    pub fn of(pod: Pod) -> Option<Self> {
        let (metadata, spec, status) =
            (pod.metadata, pod.spec.unwrap_or_default(), pod.status.unwrap_or_default());
        if matches!(status.phase.as_deref(), Some("Succeeded" | "Failed")) {
            return None;
        }
        let namespace = metadata.namespace.unwrap_or_default();
        let owners = metadata.owner_references.unwrap_or_default();
        let owner = owners.into_iter().find(|owner| owner.kind == "DaemonSet");
        let mut holds: BTreeMap<String, u64> = BTreeMap::new();
        for container in &spec.containers {
            let limits = container.resources.as_ref().and_then(|it| it.limits.as_ref());
            for (name, amount) in limits.into_iter().flatten().filter(|(name, _)| is_slice(name)) {
                *holds.entry(name.clone()).or_default() += whole(amount);
            }
        }
        holds.retain(|_, amount| *amount > 0);
        let init = status.init_container_statuses.into_iter().flatten();
        let mut containers = init.chain(status.container_statuses.into_iter().flatten());
        Some(PodSeen {
            name: format!("{namespace}/{}", metadata.name.unwrap_or_default()),
            node: spec.node_name.unwrap_or_default(),
            daemon_set: owner.map(|owner| format!("{namespace}/{}", owner.name)),
            holds,
            trouble: containers.find_map(trouble),
        })
    }
}

fn trouble(container: ContainerStatus) -> Option<String> {
    let waiting = container.state?.waiting?;
    let reason = waiting.reason.unwrap_or_default();
    // Every container waits for a moment before it runs.
    if matches!(reason.as_str(), "" | "ContainerCreating" | "PodInitializing") {
        return None;
    }
    // What it said when it last ended tells more than how long it is held back now.
    let last = container.last_state.and_then(|state| state.terminated).and_then(|ended| ended.message);
    let said = last.or(waiting.message).unwrap_or_default();
    let said = said.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let said: String = said.chars().take(300).collect();
    let container = container.name;
    Some(if said.is_empty() {
        format!("{container}: {reason}")
    } else {
        format!("{container}: {reason}: {said}")
    })
}

/// Looks at everything that may explain what the nodes offer. Nothing that fails is an error.
pub(super) async fn collect(
    cluster: &Cluster,
    call: &Call,
    check: &SliceCheck,
    nodes: Vec<NodeSeen>,
) -> Evidence {
    let config = async {
        let Announcer::DevicePlugin { key: Some((place, _)) } = &check.announcer else { return None };
        let found = cluster.keys(call, place).await.ok()?;
        Some(found.map_or(ConfigSeen::Absent, ConfigSeen::Data))
    };
    let mut wrong: Vec<&NodeSeen> = nodes.iter().filter(|node| !is_right(check, node)).collect();
    wrong.sort_by_key(|node| !has_failed(check, node));
    let pods = join_all(wrong.into_iter().take(LOOKED_INTO).map(|node| pods_on(cluster, call, &node.name)));
    let (installed, config, pods) = tokio::join!(cluster.installed(call), config, pods);
    if let Err(error) = &installed {
        tracing::debug!(%error, "what is installed could not be seen");
    }
    Evidence { installed: installed.ok(), config, pods: pods.into_iter().flatten().collect(), nodes }
}

async fn pods_on(cluster: &Cluster, call: &Call, node: &str) -> Vec<PodSeen> {
    let (api, options): (Api<Pod>, _) =
        (cluster.all(), ListParams::default().fields(&format!("spec.nodeName={node}")));
    let right = Right::everywhere(Verb::List, "", "pods");
    match cluster.ask(call, &right, || api.list(&options)).await {
        Ok(found) => found.items.into_iter().filter_map(PodSeen::of).collect(),
        Err(error) => {
            tracing::debug!(%error, "the pods of a node could not be seen");
            Vec::new()
        }
    }
}
