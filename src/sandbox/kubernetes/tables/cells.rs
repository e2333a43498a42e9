//! The columns of each resource, as `kubectl get` shows them (source: Kubernetes' own printers).

use serde_json::{Value, json};

use super::{Column, age};
use crate::sandbox::clock::Millis;
use crate::sandbox::kubernetes::object::{self, text};
use crate::sandbox::kubernetes::resources::Resource;

const NAME: Column = ("Name", false, |object, _| json!(object::name(object)));
const AGE: Column =
    ("Age", false, |object, now| json!(age(text(object, "/metadata/creationTimestamp"), now)));

const NODES: &[Column] = &[
    NAME,
    ("Status", false, node_status),
    ("Roles", false, |_, _| json!("<none>")),
    AGE,
    ("Version", false, |node, _| json!(text(node, "/status/nodeInfo/kubeletVersion"))),
    ("Internal-IP", true, |node, _| json!(address(node))),
    ("External-IP", true, |_, _| json!("<none>")),
    ("OS-Image", true, |node, _| json!(text(node, "/status/nodeInfo/osImage"))),
    ("Kernel-Version", true, |node, _| json!(text(node, "/status/nodeInfo/kernelVersion"))),
    ("Container-Runtime", true, |node, _| json!(text(node, "/status/nodeInfo/containerRuntimeVersion"))),
];

const PODS: &[Column] = &[
    NAME,
    ("Ready", false, |pod, _| {
        let containers = object::list(pod, "/spec/containers").len();
        let statuses = object::list(pod, "/status/containerStatuses").iter();
        let ready = statuses.filter(|status| status["ready"] == true).count();
        json!(format!("{ready}/{containers}"))
    }),
    ("Status", false, |pod, _| json!(pod_status(pod))),
    ("Restarts", false, |pod, _| {
        let statuses = object::list(pod, "/status/containerStatuses").iter();
        let restarts: u64 = statuses.filter_map(|status| status["restartCount"].as_u64()).sum();
        json!(restarts.to_string())
    }),
    AGE,
    ("IP", true, |pod, _| json!(or_none(text(pod, "/status/podIP")))),
    ("Node", true, |pod, _| json!(or_none(text(pod, "/spec/nodeName")))),
    ("Nominated Node", true, |_, _| json!("<none>")),
    ("Readiness Gates", true, |_, _| json!("<none>")),
];

const CONFIG_MAPS: &[Column] = &[
    NAME,
    ("Data", false, |config_map, _| {
        let count = |field| object::map(config_map, field).map_or(0, serde_json::Map::len);
        json!(count("/data") + count("/binaryData"))
    }),
    AGE,
];

const NAMESPACES: &[Column] =
    &[NAME, ("Status", false, |namespace, _| json!(text(namespace, "/status/phase"))), AGE];

const DAEMON_SETS: &[Column] = &[
    NAME,
    ("Desired", false, |set, _| count(set, "desiredNumberScheduled")),
    ("Current", false, |set, _| count(set, "currentNumberScheduled")),
    ("Ready", false, |set, _| count(set, "numberReady")),
    ("Up-to-date", false, |set, _| count(set, "updatedNumberScheduled")),
    ("Available", false, |set, _| count(set, "numberAvailable")),
    ("Node Selector", false, |set, _| {
        let selector = object::map(set, "/spec/template/spec/nodeSelector");
        let pairs = selector.into_iter().flatten();
        let pairs: Vec<_> =
            pairs.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
        json!(or_none(&pairs.join(",")))
    }),
    AGE,
    ("Containers", true, |set, _| json!(containers(set, "/name"))),
    ("Images", true, |set, _| json!(containers(set, "/image"))),
];

const DEPLOYMENTS: &[Column] = &[
    NAME,
    ("Ready", false, |deployment, _| {
        let wanted = deployment.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(0);
        json!(format!("{}/{wanted}", count(deployment, "readyReplicas")))
    }),
    ("Up-to-date", false, |deployment, _| count(deployment, "updatedReplicas")),
    ("Available", false, |deployment, _| count(deployment, "availableReplicas")),
    AGE,
    ("Containers", true, |deployment, _| json!(containers(deployment, "/name"))),
    ("Images", true, |deployment, _| json!(containers(deployment, "/image"))),
];

const EVENTS: &[Column] = &[
    ("Last Seen", false, |event, now| json!(age(text(event, "/lastTimestamp"), now))),
    ("Type", false, |event, _| json!(text(event, "/type"))),
    ("Reason", false, |event, _| json!(text(event, "/reason"))),
    ("Object", false, |event, _| {
        let kind = text(event, "/involvedObject/kind").to_ascii_lowercase();
        json!(format!("{kind}/{}", text(event, "/involvedObject/name")))
    }),
    ("Message", false, |event, _| json!(text(event, "/message"))),
];

const SECRETS: &[Column] = &[
    NAME,
    ("Type", false, |secret, _| json!(text(secret, "/type"))),
    ("Data", false, |secret, _| json!(object::map(secret, "/data").map_or(0, serde_json::Map::len))),
    AGE,
];

const BUDGETS: &[Column] = &[
    NAME,
    ("Min Available", false, |budget, _| json!(or_na(budget.pointer("/spec/minAvailable")))),
    ("Max Unavailable", false, |budget, _| json!(or_na(budget.pointer("/spec/maxUnavailable")))),
    ("Allowed Disruptions", false, |budget, _| count(budget, "disruptionsAllowed")),
    AGE,
];

const DEFINITIONS: &[Column] =
    &[NAME, ("Created At", false, |definition, _| json!(text(definition, "/metadata/creationTimestamp")))];

const OTHERS: &[Column] = &[NAME, AGE];

pub(super) fn columns(resource: &Resource) -> &'static [Column] {
    match resource.id().as_str() {
        "nodes" => NODES,
        "pods" => PODS,
        "configmaps" => CONFIG_MAPS,
        "namespaces" => NAMESPACES,
        "daemonsets.apps" => DAEMON_SETS,
        "deployments.apps" => DEPLOYMENTS,
        "events" => EVENTS,
        "secrets" => SECRETS,
        "poddisruptionbudgets.policy" => BUDGETS,
        "customresourcedefinitions.apiextensions.k8s.io" => DEFINITIONS,
        _ => OTHERS,
    }
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "<none>" } else { text }
}

fn or_na(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "N/A".to_owned(),
    }
}

/// A figure of the status, zero where there is none.
fn count(object: &Value, field: &str) -> Value {
    object["status"].get(field).cloned().unwrap_or(json!(0))
}

fn containers(object: &Value, field: &str) -> String {
    let containers = object::list(object, "/spec/template/spec/containers").iter();
    containers.map(|container| text(container, field)).collect::<Vec<_>>().join(",")
}

fn address(node: &Value) -> &str {
    let addresses = object::list(node, "/status/addresses").iter();
    let internal = addresses.into_iter().find(|address| address["type"] == "InternalIP");
    internal.map_or("<none>", |address| text(address, "/address"))
}

fn node_status(node: &Value, _: Millis) -> Value {
    let conditions = object::list(node, "/status/conditions").iter();
    let ready = conditions.into_iter().find(|condition| condition["type"] == "Ready");
    let mut words = vec![match ready.map(|condition| text(condition, "/status")) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }];
    if node.pointer("/spec/unschedulable") == Some(&json!(true)) {
        words.push("SchedulingDisabled");
    }
    json!(words.join(","))
}

/// The phase, or the reason why a container does not run.
fn pod_status(pod: &Value) -> String {
    if object::terminating(pod) {
        return "Terminating".to_owned();
    }
    let waiting = |list: &str| {
        let statuses = object::list(pod, list).iter();
        statuses.map(|status| text(status, "/state/waiting/reason")).find(|reason| !reason.is_empty())
    };
    if let Some(reason) = waiting("/status/initContainerStatuses") {
        return format!("Init:{reason}");
    }
    let reason = waiting("/status/containerStatuses").unwrap_or_else(|| text(pod, "/status/reason"));
    if reason.is_empty() { text(pod, "/status/phase").to_owned() } else { reason.to_owned() }
}
