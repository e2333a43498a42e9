//! Where a pod may run: node selectors, affinity, taints and tolerations, and what it asks for.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::object::{self, list, map, text};
use super::quantity::thousandths;
use super::selectors::Selector;

/// Tolerations that the controller adds to the pods of a `DaemonSet`: key and effect (source: Kubernetes documentation
/// on `DaemonSet`s).
pub(crate) const DAEMON_TOLERATIONS: &[(&str, &str)] = &[
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];

/// A pod's spec wants this node: selector and required affinity.
pub(crate) fn selects(spec: &Value, node: &Value) -> bool {
    let chosen = map(spec, "/nodeSelector").into_iter().flatten();
    let mut chosen = chosen.map(|(key, value)| (key, value.as_str().unwrap_or_default()));
    if !chosen.all(|(key, value)| object::label(node, key) == Some(value)) {
        return false;
    }
    let terms = spec
        .pointer("/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms");
    let Some(terms) = terms.and_then(Value::as_array) else { return true };
    // A term that chooses nothing chooses no node.
    terms.iter().any(|term| {
        let by_label = list(term, "/matchExpressions");
        let by_field = list(term, "/matchFields");
        let named = by_field.iter().all(|field| {
            text(field, "/key") == "metadata.name"
                && list(field, "/values").contains(&node["metadata"]["name"])
        });
        !(by_label.is_empty() && by_field.is_empty()) && named && Selector::of(term).matches(node)
    })
}

/// The first taint that keeps the pod away.
pub(crate) fn untolerated<'a>(spec: &Value, node: &'a Value) -> Option<&'a Value> {
    let tolerations = list(spec, "/tolerations");
    list(node, "/spec/taints")
        .iter()
        .filter(|taint| text(taint, "/effect") != "PreferNoSchedule")
        .find(|taint| !tolerations.iter().any(|toleration| tolerates(toleration, taint)))
}

fn tolerates(toleration: &Value, taint: &Value) -> bool {
    let (effect, key) = (text(toleration, "/effect"), text(toleration, "/key"));
    let exists = text(toleration, "/operator") == "Exists";
    (effect.is_empty() || effect == text(taint, "/effect"))
        && (key == text(taint, "/key") || (key.is_empty() && exists))
        && (exists || text(toleration, "/value") == text(taint, "/value"))
}

/// What a pod asks for, in thousandths: the larger of the sum of its containers and each init container; and one pod.
pub(crate) fn requests(spec: &Value) -> BTreeMap<String, i128> {
    let asked = |container: &Value| {
        let requests = map(container, "/resources/requests").into_iter().flatten();
        requests.filter_map(|(name, value)| Some((name.clone(), thousandths(value)?))).collect::<Vec<_>>()
    };
    let mut total: BTreeMap<String, i128> = BTreeMap::new();
    for (name, value) in list(spec, "/containers").iter().flat_map(asked) {
        *total.entry(name).or_default() += value;
    }
    for (name, value) in list(spec, "/initContainers").iter().flat_map(asked) {
        let so_far = total.entry(name).or_default();
        *so_far = (*so_far).max(value);
    }
    total.insert("pods".to_owned(), 1_000);
    total
}

/// The admission plugin `ExtendedResourceToleration`, which GKE and AKS run: who asks for an extended resource tolerates
/// the taint whose key is that resource's name (sources: GKE documentation on GPUs, AKS FAQ on admission controllers).
pub(crate) fn tolerate_own_resources(spec: &mut Value) {
    let mut names: Vec<String> = Vec::new();
    for list_name in ["containers", "initContainers"] {
        for container in list(spec, &format!("/{list_name}")) {
            for part in ["requests", "limits"] {
                let asked = map(container, &format!("/resources/{part}")).into_iter().flatten();
                names.extend(asked.map(|(name, _)| name.clone()).filter(|name| is_extended(name)));
            }
        }
    }
    names.sort();
    names.dedup();
    if names.is_empty() {
        return;
    }
    let mut tolerations = list(spec, "/tolerations").to_vec();
    tolerations.extend(names.iter().map(|name| json!({"key": name, "operator": "Exists"})));
    spec["tolerations"] = json!(tolerations);
}

/// Outside of Kubernetes' own domain.
fn is_extended(name: &str) -> bool {
    name.split_once('/')
        .is_some_and(|(domain, _)| domain != "kubernetes.io" && !domain.ends_with(".kubernetes.io"))
}

/// True for a pod that still holds what it asked for.
pub(crate) fn holds(pod: &Value) -> bool {
    !matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_affinity_and_taints() {
        let node = json!({"metadata": {"name": "n", "labels": {"gpu": "yes"}},
            "spec": {"taints": [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}]}});
        let term = |expression: Value| {
            json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
            {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}}})
        };
        assert!(selects(&term(json!({"key": "gpu", "operator": "In", "values": ["yes"]})), &node));
        assert!(!selects(&term(json!({"key": "gpu", "operator": "DoesNotExist"})), &node));
        assert!(!selects(&json!({"nodeSelector": {"gpu": "no"}}), &node));
        assert!(untolerated(&json!({}), &node).is_some());
        for toleration in [
            json!({"operator": "Exists"}),
            json!({"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}),
            json!({"key": "nvidia.com/gpu", "value": "present"}),
        ] {
            assert!(untolerated(&json!({"tolerations": [toleration]}), &node).is_none());
        }
        let other = json!({"tolerations": [{"key": "nvidia.com/gpu", "value": "other"}]});
        assert!(untolerated(&other, &node).is_some());
    }

    #[test]
    fn who_asks_for_a_gpu_tolerates_its_taint() {
        let mut spec = json!({"containers": [{"resources": {"limits": {"nvidia.com/gpu": 1, "cpu": 1}}}]});
        tolerate_own_resources(&mut spec);
        assert_eq!(spec["tolerations"], json!([{"key": "nvidia.com/gpu", "operator": "Exists"}]));
        let mut plain = json!({"containers": [{"resources": {"limits": {"cpu": 1}}}]});
        tolerate_own_resources(&mut plain);
        assert_eq!(plain.get("tolerations"), None);
    }

    #[test]
    fn requests_are_summed() {
        let spec = json!({"containers": [{"resources": {"requests": {"cpu": "1", "nvidia.com/gpu": "1"}}},
            {"resources": {"requests": {"cpu": "500m"}}}], "initContainers": [{"resources": {"requests": {"cpu": "3"}}}]});
        let found = requests(&spec);
        assert_eq!((found["cpu"], found["nvidia.com/gpu"], found["pods"]), (3_000, 1_000, 1_000));
    }
}
