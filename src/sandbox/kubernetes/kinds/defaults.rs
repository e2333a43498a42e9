//! What the server fills in.

use serde_json::{Value, json};

use crate::sandbox::kubernetes::object::text;
use crate::sandbox::kubernetes::resources::Resource;

/// Fields that are there after every write.
pub(super) fn fill(resource: &Resource, object: &mut Value) {
    match resource.id().as_str() {
        "pods" => pod_spec(&mut object["spec"]),
        "daemonsets.apps" => {
            let spec = &mut object["spec"];
            set(spec, "revisionHistoryLimit", &json!(10));
            let rolling =
                json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}});
            set(spec, "updateStrategy", &rolling);
            pod_spec(&mut spec["template"]["spec"]);
        }
        "deployments.apps" => {
            let spec = &mut object["spec"];
            set(spec, "replicas", &json!(1));
            set(spec, "revisionHistoryLimit", &json!(10));
            set(spec, "progressDeadlineSeconds", &json!(600));
            let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}});
            set(spec, "strategy", &rolling);
            pod_spec(&mut spec["template"]["spec"]);
        }
        "replicasets.apps" => {
            set(&mut object["spec"], "replicas", &json!(1));
            pod_spec(&mut object["spec"]["template"]["spec"]);
        }
        "secrets" => {
            set(object, "type", &json!("Opaque"));
            encode_strings(object);
        }
        _ => {}
    }
}

/// Fields that only a new object gets.
pub(super) fn at_birth(resource: &Resource, object: &mut Value) {
    match resource.id().as_str() {
        "namespaces" => {
            let name = text(object, "/metadata/name").to_owned();
            object["metadata"]["labels"]["kubernetes.io/metadata.name"] = json!(name);
            object["spec"]["finalizers"] = json!(["kubernetes"]);
            object["status"] = json!({"phase": "Active"});
        }
        "pods" => {
            let class = if has_resources(&object["spec"]) { "Burstable" } else { "BestEffort" };
            object["status"] = json!({"phase": "Pending", "qosClass": class});
        }
        "nodes" => {
            // The node controller takes it away when the node is ready.
            let taints = object["spec"]["taints"].as_array().cloned().unwrap_or_default();
            let fresh = json!({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"});
            let known =
                taints.iter().any(|taint| taint["key"] == fresh["key"] && taint["effect"] == fresh["effect"]);
            if !known {
                object["spec"]["taints"] = taints.into_iter().chain([fresh]).collect();
            }
        }
        "daemonsets.apps" => {
            object["status"] = json!({"currentNumberScheduled": 0, "desiredNumberScheduled": 0,
                "numberMisscheduled": 0, "numberReady": 0});
        }
        "customresourcedefinitions.apiextensions.k8s.io" => established(object),
        _ => {}
    }
}

/// Definitions are served at once.
fn established(definition: &mut Value) {
    let condition =
        |kind: &str, reason: &str| json!({"type": kind, "status": "True", "reason": reason, "message": ""});
    let stored: Vec<_> = definition["spec"]["versions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|version| version["storage"] == true)
        .map(|version| version["name"].clone())
        .collect();
    definition["status"] = json!({"acceptedNames": definition["spec"]["names"], "storedVersions": stored,
        "conditions": [condition("NamesAccepted", "NoConflicts"), condition("Established", "InitialNamesAccepted")]});
}

fn set(object: &mut Value, field: &str, value: &Value) {
    if let Some(map) = object.as_object_mut() {
        map.entry(field).or_insert_with(|| value.clone());
    }
}

fn pod_spec(spec: &mut Value) {
    if !spec.is_object() {
        return;
    }
    for (field, value) in [
        ("restartPolicy", json!("Always")),
        ("dnsPolicy", json!("ClusterFirst")),
        ("schedulerName", json!("default-scheduler")),
        ("securityContext", json!({})),
        ("terminationGracePeriodSeconds", json!(30)),
    ] {
        set(spec, field, &value);
    }
    for list in ["containers", "initContainers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let pull =
                match text(container, "/image").rsplit('/').next().and_then(|image| image.split_once(':')) {
                    None | Some((_, "latest")) => "Always",
                    Some(_) => "IfNotPresent",
                };
            set(container, "imagePullPolicy", &json!(pull));
            set(container, "resources", &json!({}));
            set(container, "terminationMessagePath", &json!("/dev/termination-log"));
            set(container, "terminationMessagePolicy", &json!("File"));
            quantities_are_texts(container);
            limits_are_requests(container);
            for port in container["ports"].as_array_mut().into_iter().flatten() {
                set(port, "protocol", &json!("TCP"));
            }
            if container["ports"].is_null()
                && let Some(map) = container.as_object_mut()
            {
                map.remove("ports");
            }
        }
    }
}

/// Quantities are texts, however they were written.
fn quantities_are_texts(container: &mut Value) {
    for part in ["limits", "requests"] {
        let amounts = container.pointer_mut(&format!("/resources/{part}")).and_then(Value::as_object_mut);
        for amount in
            amounts.into_iter().flatten().map(|(_, amount)| amount).filter(|amount| amount.is_number())
        {
            *amount = json!(amount.to_string());
        }
    }
}

/// A limit without a request is the request too.
fn limits_are_requests(container: &mut Value) {
    let limits =
        container.pointer("/resources/limits").and_then(Value::as_object).cloned().unwrap_or_default();
    for (name, limit) in limits {
        let requests = &mut container["resources"]["requests"];
        if requests.get(&name).is_none() {
            requests[&name] = limit;
        }
    }
}

fn has_resources(spec: &Value) -> bool {
    let containers = spec["containers"].as_array().into_iter().flatten();
    containers.into_iter().any(|container| {
        let asked = container.pointer("/resources/requests").and_then(Value::as_object);
        asked.is_some_and(|map| map.contains_key("cpu") || map.contains_key("memory"))
    })
}

/// `stringData` goes into `data`, encoded, and is not kept.
fn encode_strings(secret: &mut Value) {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let Some(Value::Object(plain)) = secret.as_object_mut().and_then(|map| map.remove("stringData")) else {
        return;
    };
    for (key, value) in plain {
        secret["data"][key] = json!(STANDARD.encode(value.as_str().unwrap_or_default()));
    }
}
