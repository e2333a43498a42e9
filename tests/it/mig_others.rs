//! What somebody else sees of the pool, and does to it, through the cloud's own API.

use std::thread;
use std::time::Instant;

use serde_json::{Map, Value, json};

use crate::clouds::Cloud;
use crate::mig_desk::{Desk, SOON, accepted, path};
use crate::mig_pool::NAME;

impl Desk {
    /// The labels of the pool at the cloud.
    #[track_caller]
    pub(crate) fn live_labels(&self) -> Value {
        let live = self.live(self.cloud.home());
        match self.cloud {
            Cloud::Aks => live["properties"]["nodeLabels"].clone(),
            Cloud::Gke => live["config"]["labels"].clone(),
            Cloud::Eks => live["labels"].clone(),
        }
    }

    /// The tags of the pool at the cloud. Azure may have changed the case of keys, so they come in lower case.
    #[track_caller]
    pub(crate) fn live_tags(&self) -> Value {
        let live = self.live(self.cloud.home());
        let tags = match self.cloud {
            Cloud::Aks => &live["properties"]["tags"],
            Cloud::Gke => &live["config"]["resourceLabels"],
            Cloud::Eks => &live["tags"],
        };
        tags.as_object().into_iter().flatten().map(|(key, tag)| (key.to_lowercase(), tag.clone())).collect()
    }

    /// The autoscaler's limits at the cloud; none: it is off.
    #[track_caller]
    pub(crate) fn live_limits(&self) -> Option<(u64, u64)> {
        let live = self.live(self.cloud.home());
        let (on, min, max) = match self.cloud {
            Cloud::Aks => {
                let pool = &live["properties"];
                (&pool["enableAutoScaling"], &pool["minCount"], &pool["maxCount"])
            }
            Cloud::Gke => {
                let pool = &live["autoscaling"];
                (&pool["enabled"], &pool["totalMinNodeCount"], &pool["totalMaxNodeCount"])
            }
            // There is no switch: without autoscaling the limits leave no choice.
            Cloud::Eks => {
                let scaling = &live["scalingConfig"];
                let (min, max) = (&scaling["minSize"], &scaling["maxSize"]);
                return (min != max).then(|| (min.as_u64().expect("a size"), max.as_u64().expect("a size")));
            }
        };
        // What is zero may be left out of an answer.
        (*on == true).then(|| (min.as_u64().unwrap_or(0), max.as_u64().unwrap_or(0)))
    }

    /// Whether the pool is one of spot machines at the cloud.
    #[track_caller]
    pub(crate) fn live_spot(&self) -> bool {
        let live = self.live(self.cloud.home());
        match self.cloud {
            Cloud::Aks => live["properties"]["scaleSetPriority"] == "Spot",
            Cloud::Gke => live["config"]["spot"] == true,
            Cloud::Eks => live["capacityType"] == "SPOT",
        }
    }

    /// Lets somebody else do something to the pool just before a call: `fields` are those of the sandbox's actor.
    #[track_caller]
    pub(crate) fn actor_before(&self, kind: &str, before: &Value, fields: &Value) {
        self.actor_at(kind, self.cloud.home(), fields, &json!({ "before": before }));
    }

    /// Sets a fault for the next calls that match.
    #[track_caller]
    pub(crate) fn fault_on(&self, matching: &Value, kind: &str, times: u32, params: &Value) {
        self.sandbox.fault(json!({"kind": kind, "match": matching, "times": times, "params": params}));
    }

    /// How many recorded calls match, answered or not.
    #[track_caller]
    pub(crate) fn met(&self, matching: &Value) -> usize {
        let part = |name: &str| matching[name].as_str().unwrap_or_default();
        self.sandbox.count(part("method"), part("path"))
    }

    /// Whether the cloud has been asked how far it is with what it was asked for last.
    #[track_caller]
    pub(crate) fn is_polled(&self) -> bool {
        match self.cloud {
            Cloud::Aks | Cloud::Gke => self.sandbox.count("GET", "/operations/") > 0,
            // A creation and a deletion show in the node group alone.
            Cloud::Eks => {
                let records = self.sandbox.records();
                let change = |record: &Value| {
                    record["method"] != "GET" && accepted(record) && path(record).contains(self.cloud.pools())
                };
                let changed = records.iter().rposition(change);
                changed.is_some_and(|changed| records[changed..].iter().any(|record| self.is_poll(record)))
            }
        }
    }

    fn is_poll(&self, record: &Value) -> bool {
        let path = path(record);
        record["method"] == "GET"
            && match self.cloud {
                Cloud::Aks | Cloud::Gke => path.contains("/operations/"),
                Cloud::Eks => path.contains("/updates/") || path.contains("/node-groups/"),
            }
    }

    /// The name of the operation that was polled last: the last part of the polled path. On EKS only updates have one;
    /// otherwise it is the pool's.
    #[track_caller]
    pub(crate) fn last_operation(&self) -> String {
        let polls: Vec<_> =
            self.sandbox.records().into_iter().filter(|record| self.is_poll(record)).collect();
        let last =
            polls.last().unwrap_or_else(|| panic!("nothing was polled: {:#?}", self.sandbox.records()));
        path(last).rsplit('/').next().expect("a path").to_owned()
    }

    /// Waits until the pool is ready at the cloud.
    #[track_caller]
    pub(crate) fn await_ready(&self) {
        match self.cloud {
            Cloud::Aks => self.await_state("Succeeded"),
            Cloud::Gke => self.await_status(self.cloud.home(), "RUNNING"),
            Cloud::Eks => self.await_status(self.cloud.home(), "ACTIVE"),
        }
    }

    /// Waits until AKS shows this provisioning state.
    #[track_caller]
    pub(crate) fn await_state(&self, state: &str) {
        let deadline = Instant::now() + SOON;
        let cluster = self.cloud.home();
        while self.live(cluster)["properties"]["provisioningState"] != state {
            assert!(Instant::now() < deadline, "not {state}: {:#}", self.live(cluster));
            thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// Somebody changes labels of the pool.
    #[track_caller]
    pub(crate) fn edit_labels(&self, set: &Value, remove: &[&str]) {
        match self.cloud {
            Cloud::Aks => self.az_update(|pool| edit(&mut pool["nodeLabels"], set, remove)),
            Cloud::Gke | Cloud::Eks => {
                self.actor("edit_labels", self.cloud.home(), &json!({"set": set, "remove": remove}));
            }
        }
    }

    /// Somebody changes tags of the pool.
    #[track_caller]
    pub(crate) fn edit_tags(&self, set: &Value) {
        match self.cloud {
            Cloud::Aks | Cloud::Eks => {
                self.actor("edit_tags", self.cloud.home(), &json!({ "set": set }));
            }
            Cloud::Gke => {
                let mut labels = self.live(self.cloud.home())["config"]["resourceLabels"].clone();
                edit(&mut labels, set, &[]);
                self.meddle("PUT", self.cloud.home(), "", &json!({"resourceLabels": {"labels": labels}}));
            }
        }
    }

    /// Somebody adds a taint to the pool; the effect is Kubernetes' word.
    #[track_caller]
    pub(crate) fn add_taint(&self, key: &str, value: &str, effect: &str) {
        match self.cloud {
            Cloud::Aks => self.az_update(|pool| {
                let mut taints = pool["nodeTaints"].as_array().cloned().unwrap_or_default();
                taints.push(json!(format!("{key}={value}:{effect}")));
                pool["nodeTaints"] = json!(taints);
            }),
            Cloud::Gke => {
                let taint = json!({"key": key, "value": value, "effect": self.cloud.effect(effect)});
                self.actor("add_taint", self.cloud.home(), &taint);
            }
            Cloud::Eks => {
                let taint = json!({"key": key, "value": value, "effect": self.cloud.effect(effect)});
                self.update_config(&json!({"taints": {"addOrUpdateTaints": [taint]}}));
            }
        }
    }

    /// Somebody removes every taint with this key.
    #[track_caller]
    pub(crate) fn remove_taint(&self, key: &str) {
        match self.cloud {
            Cloud::Aks => self.az_update(|pool| {
                let mut taints = pool["nodeTaints"].as_array().cloned().unwrap_or_default();
                taints.retain(|taint| !taint.as_str().is_some_and(|taint| taint.starts_with(key)));
                pool["nodeTaints"] = json!(taints);
            }),
            Cloud::Gke => self.actor("remove_taint", self.cloud.home(), &json!({ "key": key })),
            Cloud::Eks => {
                let taints = self.live(self.cloud.home())["taints"].clone();
                let mut taints = taints.as_array().expect("taints").clone();
                taints.retain(|taint| taint["key"] == key);
                self.update_config(&json!({"taints": {"removeTaints": taints}}));
            }
        }
    }

    /// Somebody makes a pool without GPUs under the test's name.
    #[track_caller]
    pub(crate) fn plain_pool(&self) {
        match self.cloud {
            Cloud::Aks => {
                let plain = json!({"count": 1, "mode": "User", "vmSize": "Standard_D4s_v5"});
                self.az_put(NAME, &plain);
            }
            Cloud::Gke => {
                let config = json!({"machineType": "e2-standard-4"});
                let plain = json!({"name": NAME, "initialNodeCount": 1, "config": config});
                self.foreign_pool(self.cloud.home(), &plain);
            }
            Cloud::Eks => self.create_group(self.cloud.home(), &json!({"instanceTypes": ["m6i.xlarge"]})),
        }
    }

    /// Somebody sets the size of the pool.
    #[track_caller]
    pub(crate) fn set_size(&self, nodes: u32) {
        match self.cloud {
            Cloud::Aks => self.az_update(|pool| pool["count"] = json!(nodes)),
            Cloud::Gke => self.meddle("POST", self.cloud.home(), ":setSize", &json!({"nodeCount": nodes})),
            Cloud::Eks => self.update_config(&json!({
                "scalingConfig": {"minSize": nodes, "maxSize": nodes, "desiredSize": nodes}
            })),
        }
    }

    /// Somebody switches the autoscaler on, or moves its limits.
    #[track_caller]
    pub(crate) fn set_limits(&self, min: u32, max: u32) {
        match self.cloud {
            Cloud::Aks => self.az_update(|pool| {
                pool["enableAutoScaling"] = json!(true);
                pool["minCount"] = json!(min);
                pool["maxCount"] = json!(max);
            }),
            Cloud::Gke => {
                let limits = json!({"enabled": true, "totalMinNodeCount": min, "totalMaxNodeCount": max});
                self.actor("edit_autoscaling", self.cloud.home(), &json!({ "autoscaling": limits }));
            }
            Cloud::Eks => self.update_config(&json!({"scalingConfig": {"minSize": min, "maxSize": max}})),
        }
    }
}

/// Sets and removes keys of an object, which may be missing.
fn edit(object: &mut Value, set: &Value, remove: &[&str]) {
    let mut edited: Map<_, _> = object.as_object().cloned().unwrap_or_default();
    edited.extend(set.as_object().expect("an object").clone());
    edited.retain(|key, _| !remove.contains(&key.as_str()));
    *object = Value::Object(edited);
}
