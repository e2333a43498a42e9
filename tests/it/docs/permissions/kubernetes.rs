//! The calls to clusters' API servers, by the rules of RBAC that allow them.
//!
//! Everybody may ask what they may do (source: Kubernetes documentation, the role `system:basic-user`), so reviews need no
//! rule.

use serde_json::Value;

use super::super::tables::{RULE, row};

/// What one rule allows, and what for.
pub(super) struct Rule {
    group: &'static str,
    resource: &'static str,
    verbs: &'static [&'static str],
    when: &'static str,
    /// A pool on AKS makes these calls in its life; others depend on what is installed, or on trouble.
    usual: bool,
}

const RULES: &[Rule] = &[
    Rule {
        group: "",
        resource: "nodes",
        verbs: &["list", "watch"],
        when: "to look at slices; without it they are \"not verified\"",
        usual: true,
    },
    Rule {
        group: "",
        resource: "configmaps",
        verbs: &["get", "create", "patch"],
        when: "to keep a pool's key; in the namespace of the device plugin alone",
        usual: true,
    },
    Rule {
        group: "apps",
        resource: "daemonsets",
        verbs: &["list"],
        when: "to find the ConfigMap, where `device_plugin` does not name it, and the cause when slices do not come",
        usual: true,
    },
    Rule {
        group: "nvidia.com",
        resource: "clusterpolicies",
        verbs: &["list"],
        when: "the same, with the GPU operator; on EKS before it is to cut GPUs",
        usual: true,
    },
    Rule {
        group: "apps",
        resource: "deployments",
        verbs: &["list"],
        when: "the same, to find the operator's namespace",
        usual: false,
    },
    Rule {
        group: "",
        resource: "pods",
        verbs: &["list"],
        when: "to find the cause when slices do not come, and to drain nodes",
        usual: false,
    },
    Rule {
        group: "",
        resource: "nodes",
        verbs: &["patch"],
        when: "to cordon nodes that an EKS pool loses; not with `scale_down = \"immediate\"`",
        usual: false,
    },
    Rule { group: "", resource: "pods/eviction", verbs: &["create"], when: "to drain them", usual: false },
    Rule {
        group: "",
        resource: "namespaces",
        verbs: &["get", "create"],
        when: "where no device plugin is installed, and its namespace is not there yet",
        usual: false,
    },
];

/// The table of the guide.
pub(super) fn table() -> String {
    let mut text = row(["group", "resource", "verbs", "when"]) + &row([RULE; 4]);
    for rule in RULES {
        let verbs: Vec<_> = rule.verbs.iter().map(|verb| format!("`{verb}`")).collect();
        let group = format!("`{:?}`", rule.group);
        text += &row([&group, &format!("`{}`", rule.resource), &verbs.join(", "), rule.when]);
    }
    text.trim_end().to_owned()
}

/// The exchange was with a cluster's API server, not with a cloud.
pub(super) fn is_call(record: &Value) -> bool {
    record["url"].as_str().is_some_and(|url| url.starts_with("https://"))
}

/// A call that no rule allows is one that a reader of the guide is refused; a usual one that is never made is one too many.
#[track_caller]
pub(super) fn are_allowed(records: &[Value]) {
    let never: Vec<_> = no_others(records).iter().map(|rule| rule.resource).collect();
    assert!(never.is_empty(), "never asked: {never:?}");
}

/// Demands that every call is allowed by some rule. Gives the usual rules that none needed.
#[track_caller]
pub(super) fn no_others(records: &[Value]) -> Vec<&'static Rule> {
    let mut never: Vec<_> = RULES.iter().filter(|rule| rule.usual).collect();
    for record in records.iter().filter(|record| is_call(record)) {
        let (group, resource, verb) = asked(record);
        if resource.starts_with("selfsubject") {
            continue;
        }
        let allows = |rule: &Rule| {
            rule.group == group && rule.resource == resource && rule.verbs.contains(&verb.as_str())
        };
        assert!(RULES.iter().any(allows), "no rule allows to {verb} {resource} of the group {group:?}");
        never.retain(|rule| !allows(rule));
    }
    never
}

/// Group, resource and verb of a call (source: Kubernetes documentation, "Authorization", request verbs).
fn asked(record: &Value) -> (String, String, String) {
    let url = url::Url::parse(record["url"].as_str().expect("an address")).expect("a URL");
    let mut parts = url.path().split('/').skip(1);
    let group = if parts.next() == Some("apis") { parts.next().unwrap_or_default() } else { "" };
    let mut parts: Vec<_> = parts.skip(1).collect();
    if parts.first() == Some(&"namespaces") && parts.len() > 2 {
        parts.drain(..2);
    }
    let watches = url.query_pairs().any(|(name, value)| name == "watch" && (value == "true" || value == "1"));
    let verb = match (record["method"].as_str().expect("a method"), parts.len()) {
        ("GET", _) if watches => "watch",
        ("GET", 1) => "list",
        ("GET", _) => "get",
        ("POST", _) => "create",
        ("PATCH", _) => "patch",
        ("PUT", _) => "update",
        (other, _) => other,
    };
    let resource = match parts[..] {
        [resource, _, part, ..] => format!("{resource}/{part}"),
        [resource, ..] => resource.to_owned(),
        [] => String::new(),
    };
    (group.to_owned(), resource, verb.to_owned())
}
