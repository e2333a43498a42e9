//! What happens by itself in a cluster: controllers, the scheduler, the kubelets.
//!
//! Nothing runs in the background. When somebody looks, all of them take their turns until nothing moves any more; what
//! has a cause with a known time happens at that time, whoever looks later.

mod daemonsets;
mod deployments;
mod drains;
mod garbage;
mod images;
mod kubelet;
mod scheduler;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::cluster::{Cluster, Scene, View};
use super::object;
use crate::sandbox::clock::{Millis, rfc3339_seconds};

pub(crate) use images::unpullable;
pub(crate) use kubelet::Run;

/// Rounds after which the rest waits for the next look. Each round moves something one step; chains are short.
const ROUNDS: usize = 12;

impl Cluster {
    /// Lets everybody take turns until nothing moves.
    pub(super) fn take_turns(&mut self, scene: &mut Scene<'_>, view: &View<'_>) {
        for _ in 0..ROUNDS {
            let before = self.store.revision();
            self.sync_nodes(scene, view);
            self.collect_garbage(scene);
            self.run_daemons(scene, view);
            self.run_deployments(scene);
            self.drain(scene, view);
            self.schedule(scene);
            self.run_pods(scene, view);
            self.run_components(scene, view);
            if self.store.revision() == before {
                break;
            }
        }
        self.settled_at = scene.now;
    }

    /// An event about an object; one that was told before with the same reason and text is counted.
    pub(super) fn tell(
        &mut self,
        scene: &mut Scene<'_>,
        about: &Value,
        kind: &str,
        reason: &str,
        message: &str,
    ) {
        let namespace = match object::namespace(about) {
            "" => "default",
            namespace => namespace,
        };
        let now = rfc3339_seconds(scene.now);
        let same = self.store.all("events").find(|event| {
            event["involvedObject"]["uid"] == about["metadata"]["uid"]
                && event["reason"] == reason
                && event["message"] == message
        });
        let event = match same.cloned() {
            Some(mut event) => {
                if event["lastTimestamp"] == now {
                    return;
                }
                event["lastTimestamp"] = json!(now);
                event["count"] = json!(event["count"].as_u64().unwrap_or(1) + 1);
                event
            }
            None => json!({
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {
                    "name": format!("{}.{}", object::name(about), scene.random.hex(16)),
                    "namespace": namespace,
                    "uid": scene.random.uuid(),
                    "creationTimestamp": now,
                },
                "involvedObject": {"kind": about["kind"], "apiVersion": about["apiVersion"],
                    "name": object::name(about), "namespace": object::namespace(about), "uid": object::uid(about)},
                "type": kind,
                "reason": reason,
                "message": message,
                "firstTimestamp": now,
                "lastTimestamp": now,
                "count": 1,
                "source": {"component": "sandbox"},
            }),
        };
        self.save(scene.now, "events", event, "sandbox", "");
    }
}

/// When each node became ready for the last time.
fn ready_since(view: &View<'_>, now: Millis) -> BTreeMap<String, Millis> {
    let since = |node: &&crate::sandbox::nodes::Node| match &node.restart {
        Some(restart) if restart.ready_at <= now => restart.ready_at,
        _ => node.ready_at,
    };
    let ready = view.nodes.iter().copied().filter(|node| node.ready(now));
    ready.map(|node| (node.name.clone(), since(&node))).collect()
}
