//! Which nodes are to be emptied, and which of their pods have to leave. Pure.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Node, Pod};

use crate::kubernetes::nodes::{is_slice, whole};
use crate::nodepool::pools::DrainedNode;

/// What marks a pod that the kubelet runs from a file: the API server shows it and cannot end it (source: Kubernetes
/// documentation, "Create static Pods").
const MIRROR: &str = "kubernetes.io/config.mirror";

/// The taint of a node that the cluster autoscaler is about to delete (source: kubernetes/autoscaler).
const LEAVING: &str = "ToBeDeletedByClusterAutoscaler";

/// How long a pod may take to end where it does not say it (source: Kubernetes API reference, `PodSpec`).
const GRACE: Duration = Duration::from_secs(30);

/// A node that may be emptied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// What the caller is told of it.
    pub(super) node: DrainedNode,
    /// Whether it takes no new pods.
    pub(super) cordoned: bool,
    /// Whether its kubelet answers.
    pub(super) ready: bool,
    /// The pods that have to leave.
    pub(super) tenants: Vec<Tenant>,
}

/// A pod that has to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tenant {
    pub(super) namespace: String,
    pub(super) name: String,
    /// Tells it from one of the same name that comes later.
    pub(super) uid: String,
    /// The GPUs and slices that it holds.
    pub(super) slices: u64,
    /// How long it may still take, once it was asked to leave.
    pub(super) leaving: Option<Duration>,
    /// Whether something makes it anew elsewhere.
    pub(super) managed: bool,
}

impl Candidate {
    /// A node whose pods have not been looked at.
    pub(super) fn of(node: Node) -> Self {
        let (spec, status) = (node.spec.unwrap_or_default(), node.status.unwrap_or_default());
        let ready =
            status.conditions.into_iter().flatten().any(|it| it.type_ == "Ready" && it.status == "True");
        let goes = node.metadata.deletion_timestamp.is_some()
            || spec.taints.into_iter().flatten().any(|taint| taint.key == LEAVING);
        Candidate {
            node: DrainedNode {
                name: node.metadata.name.unwrap_or_default(),
                provider_id: spec.provider_id.unwrap_or_default(),
            },
            cordoned: goes || spec.unschedulable == Some(true),
            ready,
            tenants: Vec::new(),
        }
    }
}

impl Tenant {
    /// A pod; `None` for one that stays: a DaemonSet makes it anew at once, or the API server cannot end it.
    pub(super) fn of(pod: Pod) -> Option<Self> {
        let (metadata, spec) = (pod.metadata, pod.spec.unwrap_or_default());
        if metadata.annotations.iter().flatten().any(|(key, _)| key == MIRROR) {
            return None;
        }
        let controller = metadata.owner_references.iter().flatten().find(|it| it.controller == Some(true));
        if controller.is_some_and(|owner| owner.kind == "DaemonSet") {
            return None;
        }
        let ended = matches!(pod.status.and_then(|it| it.phase).as_deref(), Some("Succeeded" | "Failed"));
        let limits = spec.containers.iter().filter_map(|it| it.resources.as_ref()?.limits.as_ref()).flatten();
        let slices = limits.filter(|(name, _)| is_slice(name)).map(|(_, amount)| whole(amount)).sum();
        let grace = metadata
            .deletion_grace_period_seconds
            .map_or(GRACE, |seconds| Duration::from_secs(u64::try_from(seconds).unwrap_or_default()));
        Some(Tenant {
            namespace: metadata.namespace.unwrap_or_default(),
            name: metadata.name.unwrap_or_default(),
            uid: metadata.uid.unwrap_or_default(),
            slices: if ended { 0 } else { slices },
            leaving: metadata.deletion_timestamp.map(|_| grace),
            managed: ended || controller.is_some(),
        })
    }

    /// `namespace/name`.
    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

/// The nodes that are emptied: those that take no new pods anyway, then those whose kubelet does not answer, then those
/// that hold the fewest slices, and the fewest pods among them.
pub(super) fn choose(mut candidates: Vec<Candidate>, count: usize) -> Vec<Candidate> {
    candidates.sort_by_cached_key(|it| {
        let slices: u64 = it.tenants.iter().map(|tenant| tenant.slices).sum();
        (!it.cordoned, it.ready, slices, it.tenants.len(), it.node.name.clone())
    });
    candidates.truncate(count);
    candidates
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(more: &Value) -> Option<Tenant> {
        let mut pod = json!({
            "metadata": {"name": "web", "namespace": "team", "uid": "u"},
            "spec": {"containers": [
                {"name": "a", "resources": {"limits": {"nvidia.com/gpu": "2", "cpu": "4"}}},
                {"name": "b", "resources": {"limits": {"nvidia.com/mig-1g.5gb": "1"}}},
            ]},
        });
        for (key, value) in more.as_object().unwrap() {
            pod["metadata"][key] = value.clone();
        }
        Tenant::of(serde_json::from_value(pod).unwrap())
    }

    fn owned(kind: &str, controller: bool) -> Value {
        json!({"ownerReferences": [{"apiVersion": "v1", "kind": kind, "name": "x", "uid": "o", "controller": controller}]})
    }

    #[test]
    fn pods_of_daemon_sets_and_of_the_kubelet_stay() {
        assert_eq!(pod(&owned("DaemonSet", true)), None);
        assert_eq!(pod(&json!({"annotations": {MIRROR: "abc"}})), None);
        let web = pod(&owned("ReplicaSet", true)).unwrap();
        assert_eq!(
            (web.full_name().as_str(), web.slices, web.managed, web.leaving),
            ("team/web", 3, true, None)
        );
        assert!(!pod(&owned("ReplicaSet", false)).unwrap().managed, "an owner that makes no pods");
        assert!(!pod(&json!({})).unwrap().managed);
    }

    #[test]
    fn a_pod_on_its_way_out_says_how_long_it_may_take() {
        let leaving = |grace: Value| {
            pod(&json!({"deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": grace}))
                .unwrap()
                .leaving
        };
        assert_eq!(leaving(json!(600)), Some(Duration::from_secs(600)));
        assert_eq!(leaving(Value::Null), Some(GRACE));
    }

    #[test]
    fn an_ended_pod_holds_nothing_and_goes() {
        let mut ended = serde_json::to_value(json!({"metadata": {"name": "job"}, "spec": {"containers": [
            {"name": "a", "resources": {"limits": {"nvidia.com/gpu": "1"}}}]}}))
        .unwrap();
        ended["status"]["phase"] = json!("Succeeded");
        let ended = Tenant::of(serde_json::from_value(ended).unwrap()).unwrap();
        assert_eq!((ended.slices, ended.managed), (0, true));
    }

    #[test]
    fn the_least_disturbing_nodes_go_first() {
        let node = |name: &str, cordoned: bool, ready: bool, slices: &[u64]| Candidate {
            node: DrainedNode { name: name.to_owned(), provider_id: String::new() },
            cordoned,
            ready,
            tenants: slices
                .iter()
                .map(|slices| Tenant { slices: *slices, ..pod(&json!({})).unwrap() })
                .collect(),
        };
        let all = vec![
            node("busy", false, true, &[4]),
            node("web", false, true, &[0, 0, 0]),
            node("idle-b", false, true, &[]),
            node("idle-a", false, true, &[]),
            node("lost", false, false, &[7]),
            node("cordoned", true, true, &[7, 7]),
        ];
        let chosen = |count| -> Vec<String> {
            choose(all.clone(), count).into_iter().map(|it| it.node.name).collect()
        };
        assert_eq!(chosen(10), ["cordoned", "lost", "idle-a", "idle-b", "web", "busy"]);
        assert_eq!(chosen(2), ["cordoned", "lost"]);
    }

    #[test]
    fn what_a_node_says_of_itself_is_read() {
        let node = |spec: Value, ready: &str| {
            let node = json!({"metadata": {"name": "n"}, "spec": spec,
                "status": {"conditions": [{"type": "Ready", "status": ready}]}});
            Candidate::of(serde_json::from_value(node).unwrap())
        };
        let fine = node(json!({"providerID": "aws:///us-east-1a/i-0a"}), "True");
        assert_eq!(fine.node.provider_id, "aws:///us-east-1a/i-0a");
        assert!(fine.ready && !fine.cordoned);
        assert!(node(json!({"unschedulable": true}), "True").cordoned);
        assert!(node(json!({"taints": [{"key": LEAVING, "effect": "NoSchedule"}]}), "True").cordoned);
        assert!(!node(json!({}), "Unknown").ready);
    }
}
