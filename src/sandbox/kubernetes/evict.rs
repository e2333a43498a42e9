//! Evictions: deleting a pod unless a disruption budget forbids it.

use serde_json::{Value, json};

use super::cluster::{Cluster, Scene};
use super::delete::Options;
use super::object::{self, text};
use super::read;
use super::request::{self, Place};
use super::resources::Resource;
use super::selectors::Selector;
use super::status::Refusal;
use super::write::Done;
use crate::sandbox::exchange::Call;

impl Cluster {
    /// POST of an `Eviction`.
    pub(crate) fn evict(
        &mut self,
        scene: &Scene<'_>,
        resource: &Resource,
        place: &Place,
        call: &Call,
    ) -> Result<Done, Refusal> {
        let pod = read::object(&self.store, resource, place)?.clone();
        let body = request::body(call).map_err(Refusal::bad_request)?;
        let name = text(&body, "/metadata/name");
        if !name.is_empty() && name != object::name(&pod) {
            return Err(Refusal::bad_request("name in URL does not match name in Eviction object"));
        }
        if let Some(budget) = self.forbids_eviction(&pod) {
            let pods = self.pods_of(budget);
            return Err(Refusal::budget(format!(
                "Cannot evict pod as it would violate the pod's disruption budget. The disruption budget {} needs {} \
                 healthy pods and has {} currently",
                object::name(budget),
                needed(pods.len(), budget),
                healthy(&pods)
            )));
        }
        let options = Options::read(&body["deleteOptions"]);
        self.delete_object(scene, resource, &pod, &options)?;
        Ok(Done {
            status: 201,
            body: json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}),
            warnings: Vec::new(),
        })
    }

    /// The disruption budget that does not allow a pod to be evicted now.
    pub(crate) fn forbids_eviction(&self, pod: &Value) -> Option<&Value> {
        self.budgets_of(pod).find(|budget| disruptions(&self.pods_of(budget), budget) == 0)
    }

    fn budgets_of(&self, pod: &Value) -> impl Iterator<Item = &Value> {
        let namespace = object::namespace(pod);
        self.store.all("poddisruptionbudgets.policy").filter(move |budget| {
            object::namespace(budget) == namespace && Selector::of(&budget["spec"]["selector"]).matches(pod)
        })
    }

    fn pods_of(&self, budget: &Value) -> Vec<&Value> {
        let selector = Selector::of(&budget["spec"]["selector"]);
        let here =
            |pod: &&Value| object::namespace(pod) == object::namespace(budget) && selector.matches(pod);
        self.store.all("pods").filter(here).collect()
    }
}

fn healthy(pods: &[&Value]) -> usize {
    let ready = |pod: &&&Value| {
        let conditions = object::list(pod, "/status/conditions").iter();
        conditions.into_iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
            && !object::terminating(pod)
    };
    pods.iter().filter(ready).count()
}

/// Pods that must stay healthy: `minAvailable`, or all but `maxUnavailable`; numbers or percentages.
fn needed(pods: usize, budget: &Value) -> usize {
    let count = |value: &Value| match value {
        Value::String(text) => {
            let percent: usize = text.trim_end_matches('%').parse().unwrap_or(0);
            (pods * percent).div_ceil(100)
        }
        other => other.as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or(0),
    };
    match (&budget["spec"]["minAvailable"], &budget["spec"]["maxUnavailable"]) {
        (Value::Null, Value::Null) => pods.saturating_sub(1),
        (Value::Null, most) => pods.saturating_sub(count(most)),
        (least, _) => count(least),
    }
}

fn disruptions(pods: &[&Value], budget: &Value) -> usize {
    healthy(pods).saturating_sub(needed(pods.len(), budget))
}
