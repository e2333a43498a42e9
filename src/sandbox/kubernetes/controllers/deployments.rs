//! `Deployment`s and `ReplicaSet`s: as many pods of a template as are wanted, made anew when some are gone.
//!
//! A changed template gets a `ReplicaSet` of its own, and the earlier one ends at once: there is no gradual replacement.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::sandbox::clock::rfc3339_seconds;
use crate::sandbox::kubernetes::cluster::{Cluster, Scene};
use crate::sandbox::kubernetes::object::{self, list, text};
use crate::sandbox::kubernetes::placement;

const DEPLOYMENTS: &str = "deployments.apps";
const REPLICA_SETS: &str = "replicasets.apps";

/// Tells which template a pod was made from.
const HASH: &str = "pod-template-hash";

impl Cluster {
    pub(super) fn run_deployments(&mut self, scene: &mut Scene<'_>) {
        for deployment in self.alive(DEPLOYMENTS) {
            let wanted = replica_set(&deployment);
            let current = object::key_of(&wanted);
            if self.store.get(REPLICA_SETS, &current).is_none() {
                self.install(scene, REPLICA_SETS, wanted, "kube-controller-manager");
            }
            for mut set in self.owned(REPLICA_SETS, &deployment) {
                let replicas = if object::key_of(&set) == current {
                    deployment["spec"]["replicas"].clone()
                } else {
                    json!(0)
                };
                set["spec"]["replicas"] = replicas;
                self.save(scene.now, REPLICA_SETS, set, "kube-controller-manager", "");
            }
        }
        for set in self.alive(REPLICA_SETS) {
            self.run_replica_set(scene, &set);
        }
        for deployment in self.alive(DEPLOYMENTS) {
            self.count_deployment(scene, deployment);
        }
    }

    fn run_replica_set(&mut self, scene: &mut Scene<'_>, set: &Value) {
        let pods = self.owned("pods", set);
        let alive: Vec<_> =
            pods.iter().filter(|pod| !object::terminating(pod) && placement::holds(pod)).collect();
        let wanted = usize::try_from(set["spec"]["replicas"].as_u64().unwrap_or(1)).unwrap_or(usize::MAX);
        for _ in alive.len()..wanted {
            let pod = member(set, scene);
            self.save(scene.now, "pods", pod, "kube-controller-manager", "");
        }
        for pod in alive.iter().skip(wanted) {
            self.end_pod(scene, pod);
        }
        let ready = alive.iter().filter(|pod| is_ready(pod)).count();
        let mut counted = set.clone();
        counted["status"] = json!({"replicas": alive.len().max(wanted), "fullyLabeledReplicas": alive.len().max(wanted),
            "readyReplicas": ready, "availableReplicas": ready, "observedGeneration": set["metadata"]["generation"]});
        self.save(scene.now, REPLICA_SETS, counted, "kube-controller-manager", "status");
    }

    fn count_deployment(&mut self, scene: &Scene<'_>, mut deployment: Value) {
        let current = object::key_of(&replica_set(&deployment));
        let Some(set) = self.store.get(REPLICA_SETS, &current) else { return };
        let count = |field: &str| set["status"][field].as_u64().unwrap_or(0);
        let wanted = deployment["spec"]["replicas"].as_u64().unwrap_or(1);
        let (replicas, ready) = (count("replicas"), count("readyReplicas"));
        let status = if ready >= wanted { "True" } else { "False" };
        let (reason, message) = if ready >= wanted {
            ("MinimumReplicasAvailable", "Deployment has minimum availability.")
        } else {
            ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        };
        let before = list(&deployment, "/status/conditions").first().cloned();
        let since = before
            .filter(|before| before["status"] == status)
            .map_or_else(|| json!(rfc3339_seconds(scene.now)), |before| before["lastTransitionTime"].clone());
        let mut shown = json!({"observedGeneration": deployment["metadata"]["generation"], "replicas": replicas,
            "updatedReplicas": replicas, "conditions": [{"type": "Available", "status": status, "reason": reason,
            "message": message, "lastUpdateTime": since, "lastTransitionTime": since}]});
        if ready > 0 {
            shown["readyReplicas"] = json!(ready);
            shown["availableReplicas"] = json!(ready);
        }
        if ready < wanted {
            shown["unavailableReplicas"] = json!(wanted - ready);
        }
        deployment["status"] = shown;
        self.save(scene.now, DEPLOYMENTS, deployment, "kube-controller-manager", "status");
    }

    fn alive(&self, resource: &str) -> Vec<Value> {
        self.store.all(resource).filter(|found| !object::terminating(found)).cloned().collect()
    }

    /// The objects of a resource that belong to another object.
    fn owned(&self, resource: &str, owner: &Value) -> Vec<Value> {
        let uid = object::uid(owner);
        let by = |found: &&Value| {
            list(found, "/metadata/ownerReferences").iter().any(|reference| text(reference, "/uid") == uid)
        };
        self.store.all(resource).filter(by).cloned().collect()
    }
}

fn owner(of: &Value, kind: &str) -> Value {
    json!([{"apiVersion": "apps/v1", "kind": kind, "name": object::name(of), "uid": object::uid(of), "controller": true,
        "blockOwnerDeletion": true}])
}

/// The set of a deployment's template as it is now.
fn replica_set(deployment: &Value) -> Value {
    let template = &deployment["spec"]["template"];
    let digest = Sha256::digest(template.to_string().as_bytes());
    let hash: String = digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
    let (mut template, mut selector) = (template.clone(), deployment["spec"]["selector"].clone());
    template["metadata"]["labels"][HASH] = json!(hash);
    selector["matchLabels"][HASH] = json!(hash);
    json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": format!("{}-{hash}", object::name(deployment)), "namespace": object::namespace(deployment),
            "labels": template["metadata"]["labels"], "ownerReferences": owner(deployment, "Deployment")},
        "spec": {"replicas": deployment["spec"]["replicas"], "selector": selector, "template": template},
    })
}

fn member(set: &Value, scene: &mut Scene<'_>) -> Value {
    let template = &set["spec"]["template"];
    let mut spec = template["spec"].clone();
    placement::tolerate_own_resources(&mut spec);
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": format!("{}-{}", object::name(set), scene.random.suffix(5)),
            "generateName": format!("{}-", object::name(set)),
            "namespace": object::namespace(set),
            "uid": scene.random.uuid(),
            "creationTimestamp": rfc3339_seconds(scene.now),
            "labels": template["metadata"]["labels"],
            "annotations": template["metadata"]["annotations"],
            "ownerReferences": owner(set, "ReplicaSet"),
        },
        "spec": spec,
        "status": {"phase": "Pending", "qosClass": "BestEffort"},
    })
}

/// True for a pod whose condition says so.
pub(super) fn is_ready(pod: &Value) -> bool {
    let mut conditions = list(pod, "/status/conditions").iter();
    conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}
