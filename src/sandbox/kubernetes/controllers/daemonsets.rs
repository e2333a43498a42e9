//! `DaemonSet`s: one pod on every node that wants it, replaced when the template changes.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::deployments::is_ready;
use super::ready_since;
use crate::sandbox::clock::{Millis, rfc3339_seconds};
use crate::sandbox::kubernetes::cluster::{Cluster, Scene, View};
use crate::sandbox::kubernetes::object::{self, list, text};
use crate::sandbox::kubernetes::placement::{self, DAEMON_TOLERATIONS};

/// Tells which template a pod was made from.
const REVISION: &str = "controller-revision-hash";

impl Cluster {
    pub(super) fn run_daemons(&mut self, scene: &mut Scene<'_>, view: &View<'_>) {
        let ready = ready_since(view, scene.now);
        let sets: Vec<_> =
            self.store.all("daemonsets.apps").filter(|set| !object::terminating(set)).cloned().collect();
        for set in sets {
            let spec = daemon_spec(&set["spec"]["template"]["spec"]);
            let revision = revision(&set);
            let nodes: Vec<_> = self.store.all("nodes").cloned().collect();
            let wanted: Vec<_> = nodes
                .iter()
                .filter(|node| {
                    placement::selects(&spec, node) && placement::untolerated(&spec, node).is_none()
                })
                .map(|node| object::name(node).to_owned())
                .collect();
            let pods = self.pods_of_set(&set);
            let fits = |pod: &Value| {
                wanted.iter().any(|node| node == text(pod, "/spec/nodeName"))
                    && object::label(pod, REVISION) == Some(revision.as_str())
            };
            let there = |pod: &&Value| !object::terminating(pod);
            let misplaced = |pod: &Value| !wanted.iter().any(|node| node == text(pod, "/spec/nodeName"));
            for pod in pods.iter().filter(there).filter(|pod| misplaced(pod) || failed(pod)) {
                self.end_pod(scene, pod);
            }
            // Those of another template go one after the other; one that does not work is no loss.
            let mut working =
                pods.iter().filter(there).filter(|pod| !misplaced(pod) && is_ready(pod)).count();
            let kept = wanted.len().saturating_sub(most_unavailable(&set, wanted.len()));
            for pod in pods.iter().filter(there).filter(|pod| !misplaced(pod) && !failed(pod) && !fits(pod)) {
                if set["spec"]["updateStrategy"]["type"] == "OnDelete" {
                    break;
                }
                if is_ready(pod) {
                    if working <= kept {
                        continue;
                    }
                    working -= 1;
                }
                self.end_pod(scene, pod);
            }
            for node in &wanted {
                if pods.iter().any(|pod| text(pod, "/spec/nodeName") == node) {
                    continue;
                }
                // A node that became ready since the last look has had its pod from then on.
                let at =
                    ready.get(node).copied().filter(|since| *since > self.settled_at).unwrap_or(scene.now);
                let pod = daemon(&set, &spec, &revision, node, at, scene);
                self.save(at, "pods", pod, "kube-controller-manager", "");
            }
            self.count_daemons(scene.now, &set, &revision, wanted.len());
        }
    }

    fn pods_of_set(&self, set: &Value) -> Vec<Value> {
        let owned = |pod: &&Value| {
            list(pod, "/metadata/ownerReferences").iter().any(|owner| owner["uid"] == set["metadata"]["uid"])
        };
        self.store.all("pods").filter(owned).cloned().collect()
    }

    fn count_daemons(&mut self, now: Millis, set: &Value, revision: &str, desired: usize) {
        let pods = self.pods_of_set(set);
        let there = pods.iter().filter(|pod| !object::terminating(pod)).count();
        let ready = pods.iter().filter(|pod| is_ready(pod)).count();
        let updated = pods.iter().filter(|pod| object::label(pod, REVISION) == Some(revision)).count();
        let mut counted = set.clone();
        counted["status"] = json!({
            "currentNumberScheduled": there.min(desired),
            "desiredNumberScheduled": desired,
            "numberMisscheduled": 0,
            "numberReady": ready,
            "observedGeneration": set["metadata"]["generation"],
            "updatedNumberScheduled": updated.min(desired),
        });
        if ready > 0 {
            counted["status"]["numberAvailable"] = json!(ready);
        }
        if ready < desired {
            counted["status"]["numberUnavailable"] = json!(desired - ready);
        }
        self.save(now, "daemonsets.apps", counted, "kube-controller-manager", "status");
    }
}

/// Pods that may be missing while they are replaced: a number, or a share that is rounded up.
fn most_unavailable(set: &Value, nodes: usize) -> usize {
    match &set["spec"]["updateStrategy"]["rollingUpdate"]["maxUnavailable"] {
        Value::String(share) => {
            let percent: usize = share.trim_end_matches('%').parse().unwrap_or(0);
            (nodes * percent).div_ceil(100)
        }
        count => count.as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or(1),
    }
}

fn failed(pod: &Value) -> bool {
    text(pod, "/status/phase") == "Failed"
}

/// The template's spec with the tolerations that every daemon has.
fn daemon_spec(template: &Value) -> Value {
    let mut spec = template.clone();
    let own = list(template, "/tolerations").to_vec();
    let added = DAEMON_TOLERATIONS
        .iter()
        .map(|(key, effect)| json!({"key": key, "operator": "Exists", "effect": effect}));
    spec["tolerations"] = own.into_iter().chain(added).collect();
    spec
}

fn revision(set: &Value) -> String {
    let digest = Sha256::digest(set["spec"]["template"].to_string().as_bytes());
    digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect()
}

fn daemon(set: &Value, spec: &Value, revision: &str, node: &str, at: Millis, scene: &mut Scene<'_>) -> Value {
    let mut spec = spec.clone();
    spec["nodeName"] = json!(node);
    let mut labels = set["spec"]["template"]["metadata"]["labels"].clone();
    labels[REVISION] = json!(revision);
    let annotations = &set["spec"]["template"]["metadata"]["annotations"];
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": format!("{}-{}", object::name(set), scene.random.suffix(5)),
            "generateName": format!("{}-", object::name(set)),
            "namespace": object::namespace(set),
            "uid": scene.random.uuid(),
            "creationTimestamp": rfc3339_seconds(at),
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": object::name(set),
                "uid": object::uid(set), "controller": true, "blockOwnerDeletion": true}],
        },
        "spec": spec,
        "status": {"phase": "Pending", "qosClass": "BestEffort"},
    })
}
