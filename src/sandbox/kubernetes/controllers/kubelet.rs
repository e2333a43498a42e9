//! The kubelets: pods of a node start, run, and end.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::images::unpullable;
use super::ready_since;
use super::scheduler::condition;
use crate::sandbox::clock::{Millis, rfc3339_seconds};
use crate::sandbox::kubernetes::cluster::{Cluster, Scene, View};
use crate::sandbox::kubernetes::delete::Options;
use crate::sandbox::kubernetes::object::{self, list, text};
use crate::sandbox::kubernetes::placement;
use crate::sandbox::kubernetes::resources;

/// What is remembered of a pod on a node, by its uid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// When its containers were started, or will be.
    pub(crate) started_at: Millis,
    /// The node's boot in which that was.
    pub(crate) boot: String,
    pub(crate) restarts: u32,
    /// When it is gone, once somebody asked for that.
    pub(crate) gone_at: Option<Millis>,
    /// Why a container does not run: whether in an init container, the reason, a sentence.
    pub(crate) trouble: Option<(bool, String, String)>,
}

impl Cluster {
    pub(super) fn run_pods(&mut self, scene: &mut Scene<'_>, view: &View<'_>) {
        let ready = ready_since(view, scene.now);
        let bound: Vec<_> =
            self.store.all("pods").filter(|pod| !text(pod, "/spec/nodeName").is_empty()).cloned().collect();
        self.runs.retain(|uid, _| bound.iter().any(|pod| object::uid(pod) == uid));
        for pod in bound {
            let node = text(&pod, "/spec/nodeName").to_owned();
            let Some(machine) = view.nodes.iter().find(|machine| machine.name == node) else { continue };
            let boot = machine.boot_id(scene.now).to_owned();
            let up = ready.get(&node).copied();
            let uid = object::uid(&pod).to_owned();
            let created = crate::sandbox::clock::from_rfc3339(text(&pod, "/metadata/creationTimestamp"));
            let fresh = !self.runs.contains_key(&uid);
            // Whole seconds lose up to one; what was bound since the last look was not bound before it.
            let bound_at = created.unwrap_or(scene.now).clamp(self.settled_at.min(scene.now), scene.now);
            let run = self.runs.entry(uid.clone()).or_insert_with(|| Run {
                started_at: bound_at + scene.latency / 20,
                boot: boot.clone(),
                restarts: 0,
                gone_at: None,
                trouble: None,
            });
            if let Some(up) = up
                && (run.boot != boot || run.started_at < up)
            {
                // The machine restarted, and its containers with it; or they had to wait until it was up.
                run.restarts += u32::from(!fresh && run.boot != boot);
                run.boot.clone_from(&boot);
                run.started_at = up + scene.latency / 20;
            }
            if object::terminating(&pod) {
                let grace =
                    pod.pointer("/metadata/deletionGracePeriodSeconds").and_then(Value::as_u64).unwrap_or(0);
                let gone_at = *run.gone_at.get_or_insert(scene.now + (grace * 1000).min(scene.latency / 20));
                if scene.now >= gone_at {
                    self.store.remove("pods", &object::key_of(&pod));
                    self.runs.remove(&uid);
                }
                continue;
            }
            if let Some(trouble) = unpullable(&pod) {
                run.trouble = Some(trouble);
            }
            let run = run.clone();
            if !placement::holds(&pod) {
                continue;
            }
            if let Some(message) = self.inadmissible(&pod, machine) {
                let mut refused = pod.clone();
                refused["status"] =
                    json!({"phase": "Failed", "reason": "UnexpectedAdmissionError", "message": message});
                self.save(scene.now, "pods", refused, "kubelet", "status");
                self.tell(scene, &pod, "Warning", "UnexpectedAdmissionError", &message);
                continue;
            }
            let running = up.is_some() && scene.now >= run.started_at;
            let shown = shown(&pod, &run, running, scene.now, machine.name.as_str());
            if running && text(&pod, "/status/phase") == "Pending" && run.trouble.is_none() {
                self.tell(scene, &pod, "Normal", "Started", "Started containers");
            }
            self.save(scene.now, "pods", shown, "kubelet", "status");
        }
    }

    /// Ends a pod as its controller does: in good order, within its grace period.
    pub(crate) fn end_pod(&mut self, scene: &Scene<'_>, pod: &Value) {
        let known = resources::all(&self.store).into_iter().find(|resource| resource.id() == "pods");
        if let Some(resource) = known {
            // Without preconditions a deletion cannot be refused.
            let _ = self.delete_object(scene, &resource, pod, &Options::default());
        }
    }
}

/// The pod with its status.
fn shown(pod: &Value, run: &Run, running: bool, now: Millis, node: &str) -> Value {
    let mut shown = pod.clone();
    let fine = running && run.trouble.is_none();
    let at = rfc3339_seconds(now);
    let word = |flag: bool| if flag { "True" } else { "False" };
    let (broken_init, waiting) = match &run.trouble {
        Some((init, reason, message)) => (*init, Some((reason.as_str(), message.as_str()))),
        None if !running => (false, Some(("ContainerCreating", ""))),
        None => (false, None),
    };
    let initialized = !broken_init && (running || list(pod, "/spec/initContainers").is_empty());
    condition(&mut shown, "PodScheduled", "True", "", "", &at);
    condition(&mut shown, "Initialized", word(initialized), "", "", &at);
    let names: Vec<_> =
        list(pod, "/spec/containers").iter().map(|container| text(container, "/name")).collect();
    let (reason, message) = if fine {
        ("", String::new())
    } else {
        ("ContainersNotReady", format!("containers with unready status: [{}]", names.join(" ")))
    };
    condition(&mut shown, "ContainersReady", word(fine), reason, &message, &at);
    condition(&mut shown, "Ready", word(fine), reason, &message, &at);
    let statuses = |list_name: &str, trouble: Option<(&str, &str)>, ready: bool| {
        let containers = list(pod, &format!("/spec/{list_name}")).iter();
        let statuses = containers.map(|container| {
            let state = match trouble {
                Some((reason, "")) => json!({"waiting": {"reason": reason}}),
                Some((reason, message)) => json!({"waiting": {"reason": reason, "message": message}}),
                None => json!({"running": {"startedAt": rfc3339_seconds(run.started_at)}}),
            };
            json!({"name": container["name"], "image": container["image"], "imageID": "", "ready": ready,
                "restartCount": run.restarts, "started": ready, "state": state})
        });
        statuses.collect::<Vec<_>>()
    };
    let status = &mut shown["status"];
    // Without its image no container has ever run.
    let pulled = waiting.is_none_or(|(reason, _)| reason != "ImagePullBackOff");
    status["phase"] = json!(if running && !broken_init && pulled { "Running" } else { "Pending" });
    status["startTime"] = pod["metadata"]["creationTimestamp"].clone();
    status["hostIP"] = json!("10.224.0.1");
    if running {
        status["podIP"] = json!(address(object::uid(pod)));
        status["podIPs"] = json!([{"ip": address(object::uid(pod))}]);
    }
    if broken_init {
        status["initContainerStatuses"] = json!(statuses("initContainers", waiting, false));
        status["containerStatuses"] = json!(statuses("containers", Some(("PodInitializing", "")), false));
    } else {
        status["containerStatuses"] = json!(statuses("containers", waiting, fine));
        if let Some(map) = status.as_object_mut() {
            map.remove("initContainerStatuses");
        }
    }
    debug_assert_eq!(text(&shown, "/spec/nodeName"), node);
    shown
}

/// An address made of the pod's uid: stable, and different enough.
fn address(uid: &str) -> String {
    let number = uid.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    format!("10.244.{}.{}", number / 256 % 250, number % 250 + 2)
}
