//! What the server refuses of each kind, as far as people run into it.

use serde_json::Value;

use super::names;
use crate::sandbox::kubernetes::object::{list, map, text};
use crate::sandbox::kubernetes::resources::Resource;
use crate::sandbox::kubernetes::selectors::Selector;
use crate::sandbox::kubernetes::status::Cause;

/// Bytes that a `ConfigMap` or `Secret` may hold (source: Kubernetes' `MaxSecretSize`).
const LARGEST_DATA: usize = 1024 * 1024;

const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/// What is wrong with an object of this kind; `old` is none for a create.
pub(super) fn check(resource: &Resource, object: &Value, old: Option<&Value>) -> Vec<Cause> {
    match resource.id().as_str() {
        "configmaps" | "secrets" => data(object, old),
        "nodes" => taints(object),
        "pods" => pod(object, old),
        "daemonsets.apps" | "deployments.apps" | "replicasets.apps" => workload(object, old),
        "customresourcedefinitions.apiextensions.k8s.io" => definition(object),
        _ => Vec::new(),
    }
}

fn data(object: &Value, old: Option<&Value>) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut size = 0;
    for field in ["data", "binaryData", "stringData"] {
        for (key, value) in map(object, &format!("/{field}")).into_iter().flatten() {
            size += key.len() + value.as_str().map_or(0, str::len);
            let legal = !key.is_empty()
                && key.len() <= 253
                && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
                && key != "."
                && !key.starts_with("..");
            if !legal {
                causes.push(Cause::invalid(
                    &format!("{field}[{key}]"),
                    key,
                    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  \
                     or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
                ));
            }
        }
    }
    if size > LARGEST_DATA {
        causes.push(Cause::too_long("", LARGEST_DATA));
    }
    if let Some(old) = old.filter(|old| old["immutable"] == true) {
        if object["immutable"] != true {
            causes.push(Cause::forbidden("immutable", "field is immutable when `immutable` is set"));
        }
        for field in ["data", "binaryData"] {
            if old.get(field) != object.get(field) {
                causes.push(Cause::forbidden(field, "field is immutable when `immutable` is set"));
            }
        }
    }
    causes
}

fn taints(node: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let taints = list(node, "/spec/taints");
    for (index, taint) in taints.iter().enumerate() {
        let (key, value, effect) = (text(taint, "/key"), text(taint, "/value"), text(taint, "/effect"));
        let field = |name: &str| format!("spec.taints[{index}].{name}");
        if !names::is_qualified(key) {
            causes.push(Cause::invalid(&field("key"), key, "name part must be non-empty"));
        }
        if !names::is_label_value(value) {
            causes.push(Cause::invalid(&field("value"), value, "a valid label value is expected"));
        }
        if !EFFECTS.contains(&effect) {
            causes.push(Cause::unsupported(&field("effect"), effect, &EFFECTS));
        }
        let earlier = &taints[..index];
        if earlier.iter().any(|other| text(other, "/key") == key && text(other, "/effect") == effect) {
            causes.push(Cause::invalid(
                &format!("spec.taints[{index}]"),
                key,
                "taints must be unique by key and effect pair",
            ));
        }
    }
    causes
}

fn containers(spec: &Value, at: &str) -> Vec<Cause> {
    let containers = list(spec, "/containers");
    let mut causes = Vec::new();
    if containers.is_empty() {
        causes.push(Cause::required(&format!("{at}.containers"), ""));
    }
    for (index, container) in containers.iter().enumerate() {
        let field = |name: &str| format!("{at}.containers[{index}].{name}");
        for name in ["name", "image"] {
            if text(container, &format!("/{name}")).is_empty() {
                causes.push(Cause::required(&field(name), ""));
            }
        }
        for (name, limit) in map(container, "/resources/limits").into_iter().flatten() {
            let request = container.pointer("/resources/requests").and_then(|requests| requests.get(name));
            // Extended resources cannot be overcommitted.
            if name.contains('/') && request.is_some_and(|request| request != limit) {
                causes.push(Cause::invalid(
                    &field("resources.requests"),
                    &text_of(request),
                    &format!("must be equal to {name} limit of {}", text_of(Some(limit))),
                ));
            }
        }
    }
    causes
}

fn text_of(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

fn pod(object: &Value, old: Option<&Value>) -> Vec<Cause> {
    let Some(old) = old else { return containers(&object["spec"], "spec") };
    // Image, deadline, grace period and more tolerations may change; binding sets the node.
    let fixed = |pod: &Value| {
        let mut spec = pod["spec"].clone();
        if let Some(map) = spec.as_object_mut() {
            for free in [
                "activeDeadlineSeconds",
                "terminationGracePeriodSeconds",
                "tolerations",
                "schedulingGates",
                "nodeName",
            ] {
                map.remove(free);
            }
        }
        for container in spec["containers"].as_array_mut().into_iter().flatten() {
            if let Some(map) = container.as_object_mut() {
                map.remove("image");
            }
        }
        spec
    };
    if fixed(object) == fixed(old) {
        return Vec::new();
    }
    vec![Cause::forbidden(
        "spec",
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,\
         `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),\
         `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
    )]
}

fn workload(object: &Value, old: Option<&Value>) -> Vec<Cause> {
    let mut causes = containers(&object["spec"]["template"]["spec"], "spec.template.spec");
    let selector = &object["spec"]["selector"];
    if selector.is_null() {
        causes.push(Cause::required("spec.selector", ""));
    } else if !Selector::of(selector).matches(&object["spec"]["template"]) {
        causes.push(Cause::invalid(
            "spec.template.metadata.labels",
            &object["spec"]["template"]["metadata"]["labels"].to_string(),
            "`selector` does not match template `labels`",
        ));
    }
    if old.is_some_and(|old| old["spec"]["selector"] != *selector) {
        causes.push(Cause::invalid("spec.selector", &selector.to_string(), "field is immutable"));
    }
    causes
}

fn definition(object: &Value) -> Vec<Cause> {
    let (group, plural) = (text(object, "/spec/group"), text(object, "/spec/names/plural"));
    let mut causes = Vec::new();
    let wanted = format!("{plural}.{group}");
    if text(object, "/metadata/name") != wanted {
        causes.push(Cause::invalid(
            "metadata.name",
            text(object, "/metadata/name"),
            "must be spec.names.plural+\".\"+spec.group",
        ));
    }
    if list(object, "/spec/versions").is_empty() {
        causes.push(Cause::required(
            "spec.versions",
            "must have exactly one version marked as storage version",
        ));
    }
    causes
}
