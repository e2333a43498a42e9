//! A tiny scheduler: a pod goes to the node with the most room of those that may and can take it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::sandbox::clock::rfc3339_seconds;
use crate::sandbox::kubernetes::cluster::{Cluster, Scene};
use crate::sandbox::kubernetes::object::{self, list, map, text};
use crate::sandbox::kubernetes::placement;
use crate::sandbox::kubernetes::quantity::thousandths;

impl Cluster {
    pub(super) fn schedule(&mut self, scene: &mut Scene<'_>) {
        let waiting: Vec<_> = self
            .store
            .all("pods")
            .filter(|pod| {
                text(pod, "/spec/nodeName").is_empty() && !object::terminating(pod) && placement::holds(pod)
            })
            .filter(|pod| text(pod, "/spec/schedulerName") == "default-scheduler")
            .cloned()
            .collect();
        for pod in waiting {
            match self.place(&pod["spec"]) {
                Ok(node) => self.bind(scene, pod, &node),
                Err(reasons) => self.leave_pending(scene, pod, &reasons),
            }
        }
    }

    /// The best node, or how often each reason kept the pod away.
    fn place(&self, spec: &Value) -> Result<String, BTreeMap<String, usize>> {
        let asked = placement::requests(spec);
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        let mut best: Option<(i128, &str)> = None;
        for node in self.store.all("nodes") {
            let mut note = |reason: String| *reasons.entry(reason).or_default() += 1;
            if node.pointer("/spec/unschedulable") == Some(&json!(true)) {
                note("node(s) were unschedulable".to_owned());
                continue;
            }
            if let Some(taint) = placement::untolerated(spec, node) {
                let (key, value) = (text(taint, "/key"), text(taint, "/value"));
                note(format!("node(s) had untolerated taint {{{key}: {value}}}"));
                continue;
            }
            if !placement::selects(spec, node) {
                note("node(s) didn't match Pod's node affinity/selector".to_owned());
                continue;
            }
            let free = self.free(node);
            let lacking: Vec<_> = asked
                .iter()
                .filter(|(name, amount)| free.get(*name).copied().unwrap_or(0) < **amount)
                .map(|(name, _)| name)
                .collect();
            if lacking.is_empty() {
                let room = free.get("pods").copied().unwrap_or(0);
                if best.is_none_or(|(most, _)| room > most) {
                    best = Some((room, object::name(node)));
                }
            }
            for name in lacking {
                let words =
                    if name == "pods" { "Too many pods".to_owned() } else { format!("Insufficient {name}") };
                note(words);
            }
        }
        best.map(|(_, name)| name.to_owned()).ok_or(reasons)
    }

    /// Allocatable less what the node's pods ask for, in thousandths.
    pub(crate) fn free(&self, node: &Value) -> BTreeMap<String, i128> {
        let allocatable = map(node, "/status/allocatable").into_iter().flatten();
        let mut free: BTreeMap<String, i128> =
            allocatable.filter_map(|(name, value)| Some((name.clone(), thousandths(value)?))).collect();
        let here = |pod: &&Value| text(pod, "/spec/nodeName") == object::name(node) && placement::holds(pod);
        for pod in self.store.all("pods").filter(here) {
            for (name, amount) in placement::requests(&pod["spec"]) {
                *free.entry(name).or_default() -= amount;
            }
        }
        free
    }

    fn bind(&mut self, scene: &mut Scene<'_>, mut pod: Value, node: &str) {
        pod["spec"]["nodeName"] = json!(node);
        condition(&mut pod, "PodScheduled", "True", "", "", &rfc3339_seconds(scene.now));
        let name = object::name(&pod).to_owned();
        let message = format!("Successfully assigned {}/{name} to {node}", object::namespace(&pod));
        self.save(scene.now, "pods", pod.clone(), "kube-scheduler", "");
        self.tell(scene, &pod, "Normal", "Scheduled", &message);
    }

    fn leave_pending(&mut self, scene: &mut Scene<'_>, mut pod: Value, reasons: &BTreeMap<String, usize>) {
        let count = self.store.all("nodes").count();
        let reasons: Vec<_> = reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        let message = if count == 0 {
            "no nodes available to schedule pods".to_owned()
        } else {
            format!("0/{count} nodes are available: {}.", reasons.join(", "))
        };
        let known = list(&pod, "/status/conditions")
            .iter()
            .any(|known| known["type"] == "PodScheduled" && known["message"] == *message);
        if known {
            return;
        }
        condition(&mut pod, "PodScheduled", "False", "Unschedulable", &message, &rfc3339_seconds(scene.now));
        self.save(scene.now, "pods", pod.clone(), "kube-scheduler", "status");
        self.tell(scene, &pod, "Warning", "FailedScheduling", &message);
    }
}

/// Sets a condition of a pod; its transition is now where the status changes.
pub(super) fn condition(pod: &mut Value, kind: &str, status: &str, reason: &str, message: &str, now: &str) {
    let mut conditions = list(pod, "/status/conditions").to_vec();
    let before = conditions.iter().find(|known| known["type"] == kind).cloned();
    let since =
        before.filter(|before| before["status"] == status).map(|before| before["lastTransitionTime"].clone());
    conditions.retain(|known| known["type"] != kind);
    let mut fresh = json!({"type": kind, "status": status, "lastProbeTime": null,
        "lastTransitionTime": since.unwrap_or_else(|| json!(now))});
    if !reason.is_empty() {
        fresh["reason"] = json!(reason);
        fresh["message"] = json!(message);
    }
    conditions.push(fresh);
    pod["status"]["conditions"] = json!(conditions);
}
