//! Discovery: which groups, versions and resources there are, in the plain and in the aggregated form.

use serde_json::{Value, json};

use super::resources::Resource;
use crate::sandbox::exchange::{Answer, Call};

/// The content type of aggregated discovery.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Answers a path of discovery; none where there is no such group or version.
pub(crate) fn answer(
    resources: &[Resource],
    call: &Call,
    core: bool,
    group: Option<&str>,
    version: Option<&str>,
) -> Option<Answer> {
    match (group, version) {
        (None, _) if wants_aggregated(call) => {
            let mut answer = Answer::ok(aggregated(resources, core));
            answer.headers.push(("content-type", AGGREGATED.to_owned()));
            Some(answer)
        }
        (None, _) if core => Some(Answer::ok(json!({"kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": []}))),
        (None, _) => {
            let groups: Vec<_> = groups(resources).iter().map(|group| group_of(resources, group)).collect();
            Some(Answer::ok(json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})))
        }
        (Some(group), None) => groups(resources).contains(&group.to_owned()).then(|| {
            let mut shown = group_of(resources, group);
            shown["kind"] = json!("APIGroup");
            shown["apiVersion"] = json!("v1");
            Answer::ok(shown)
        }),
        (Some(group), Some(version)) => {
            let here: Vec<_> =
                resources.iter().filter(|found| found.group == group && found.version == version).collect();
            let first = here.first()?;
            let listed: Vec<_> = here.iter().flat_map(|resource| listed(resource)).collect();
            Some(Answer::ok(json!({"kind": "APIResourceList", "apiVersion": "v1",
                "groupVersion": first.api_version(), "resources": listed})))
        }
    }
}

fn wants_aggregated(call: &Call) -> bool {
    call.header("accept").is_some_and(|accepted| {
        accepted.split(',').any(|part| {
            part.contains("as=APIGroupDiscoveryList")
                && part.contains("g=apidiscovery.k8s.io")
                && part.contains("v=v2")
                && !part.contains("v2beta1")
        })
    })
}

/// The named groups, in the order in which they appear.
fn groups(resources: &[Resource]) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    for resource in resources.iter().filter(|resource| !resource.group.is_empty()) {
        if !groups.contains(&resource.group) {
            groups.push(resource.group.clone());
        }
    }
    groups
}

fn versions(resources: &[Resource], group: &str) -> Vec<String> {
    let mut versions: Vec<_> =
        resources.iter().filter(|found| found.group == group).map(|found| found.version.clone()).collect();
    versions.dedup();
    versions
}

fn group_of(resources: &[Resource], group: &str) -> Value {
    let versions: Vec<_> = versions(resources, group)
        .into_iter()
        .map(|version| json!({"groupVersion": format!("{group}/{version}"), "version": version}))
        .collect();
    json!({"name": group, "versions": versions, "preferredVersion": versions.first()})
}

/// A resource and its subresources in a plain list.
fn listed(resource: &Resource) -> Vec<Value> {
    let mut whole = json!({"name": resource.plural, "singularName": resource.singular, "namespaced": resource.namespaced,
        "kind": resource.kind, "verbs": resource.verbs()});
    if !resource.short.is_empty() {
        whole["shortNames"] = json!(resource.short);
    }
    if !resource.categories.is_empty() {
        whole["categories"] = json!(resource.categories);
    }
    let subresources = resource.subresources.iter().map(|name| {
        let (kind, verbs) = subresource(resource, name);
        let mut shown = json!({"name": format!("{}/{name}", resource.plural), "singularName": "",
            "namespaced": resource.namespaced, "kind": kind["kind"], "verbs": verbs});
        if name == "eviction" {
            shown["group"] = json!("policy");
            shown["version"] = json!("v1");
        }
        shown
    });
    [whole].into_iter().chain(subresources).collect()
}

/// Group, version and kind of a subresource, and its verbs.
fn subresource(resource: &Resource, name: &str) -> (Value, &'static [&'static str]) {
    match name {
        "eviction" => (json!({"group": "policy", "version": "v1", "kind": "Eviction"}), &["create"]),
        "binding" => (json!({"group": "", "version": "v1", "kind": "Binding"}), &["create"]),
        "finalize" => (json!({"group": "", "version": "v1", "kind": resource.kind}), &["update"]),
        _ => (
            json!({"group": resource.group, "version": resource.version, "kind": resource.kind}),
            &["get", "patch", "update"],
        ),
    }
}

fn aggregated(resources: &[Resource], core: bool) -> Value {
    let names = if core { vec![String::new()] } else { groups(resources) };
    let items: Vec<_> = names
        .iter()
        .map(|group| {
            let versions: Vec<_> = versions(resources, group)
                .into_iter()
                .map(|version| {
                    let here =
                        resources.iter().filter(|found| found.group == *group && found.version == version);
                    let shown: Vec<_> = here.map(shown).collect();
                    json!({"version": version, "freshness": "Current", "resources": shown})
                })
                .collect();
            let mut item = json!({"metadata": {"creationTimestamp": null}, "versions": versions});
            if !group.is_empty() {
                item["metadata"]["name"] = json!(group);
            }
            item
        })
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
}

fn shown(resource: &Resource) -> Value {
    let kind = json!({"group": resource.group, "version": resource.version, "kind": resource.kind});
    let mut shown = json!({"resource": resource.plural, "responseKind": kind, "singularResource": resource.singular,
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" }, "verbs": resource.verbs()});
    if !resource.short.is_empty() {
        shown["shortNames"] = json!(resource.short);
    }
    if !resource.categories.is_empty() {
        shown["categories"] = json!(resource.categories);
    }
    let subresources: Vec<_> = resource
        .subresources
        .iter()
        .map(|name| {
            let (kind, verbs) = subresource(resource, name);
            json!({"subresource": name, "responseKind": kind, "verbs": verbs})
        })
        .collect();
    if !subresources.is_empty() {
        shown["subresources"] = json!(subresources);
    }
    shown
}
