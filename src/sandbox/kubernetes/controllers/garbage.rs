//! What goes when something else is gone: the content of namespaces, what owners leave behind, pods without a node.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::resources;
use crate::sandbox::kubernetes::cluster::{Cluster, Scene};
use crate::sandbox::kubernetes::object::{self, list, text};

impl Cluster {
    pub(super) fn collect_garbage(&mut self, scene: &Scene<'_>) {
        let known = resources::all(&self.store);
        let kept: Vec<_> = known.iter().filter(|resource| !resource.review).collect();
        let uids: BTreeSet<String> = kept
            .iter()
            .flat_map(|resource| self.store.all(&resource.id()))
            .map(|found| object::uid(found).to_owned())
            .collect();
        let ending: Vec<_> =
            self.store.all("namespaces").filter(|found| object::terminating(found)).cloned().collect();
        for resource in kept {
            let abandoned = |found: &&Value| {
                let owners = list(found, "/metadata/ownerReferences");
                !owners.is_empty() && owners.iter().all(|owner| !uids.contains(text(owner, "/uid")))
            };
            let homeless = |found: &&Value| {
                resource.namespaced
                    && ending.iter().any(|ended| object::name(ended) == object::namespace(found))
            };
            let stranded = |found: &&Value| {
                let node = text(found, "/spec/nodeName");
                resource.id() == "pods" && !node.is_empty() && self.store.get("nodes", node).is_none()
            };
            let gone: Vec<(Value, bool)> = self
                .store
                .all(&resource.id())
                .filter(|found| abandoned(found) || homeless(found) || stranded(found))
                .map(|found| (found.clone(), stranded(&found)))
                .collect();
            for (found, stranded) in gone {
                if stranded {
                    // Nobody is there any more to end it in good order.
                    self.store.remove("pods", &object::key_of(&found));
                } else if !object::terminating(&found) {
                    // Deleting has no preconditions here, so it cannot be refused.
                    let _ = self.delete_object(
                        scene,
                        resource,
                        &found,
                        &super::super::delete::Options::default(),
                    );
                }
            }
        }
        for namespace in ending {
            let name = object::name(&namespace).to_owned();
            let empty = known.iter().filter(|resource| resource.namespaced).all(|resource| {
                !self.store.all(&resource.id()).any(|found| object::namespace(found) == name)
            });
            // Its content goes first, then the namespace, a moment later.
            let since = text(&namespace, "/metadata/deletionTimestamp");
            let at = crate::sandbox::clock::from_rfc3339(since).unwrap_or(scene.now);
            if empty && scene.now >= at + scene.latency / 20 {
                self.store.remove("namespaces", &name);
            }
        }
    }
}
