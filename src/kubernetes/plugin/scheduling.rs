//! Whether a DaemonSet's pods come to a node: its selector, its affinity, its tolerations.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{NodeSelectorRequirement, NodeSelectorTerm, PodSpec, Toleration};

use crate::nodepool::spec::{Taint, TaintEffect};

/// Which nodes a DaemonSet's pods come to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scheduling {
    /// Labels that a node must have.
    selector: BTreeMap<String, String>,
    /// Alternatives of which a node must meet one; none demands nothing.
    terms: Vec<NodeSelectorTerm>,
    /// Taints that do not keep the pods away.
    tolerations: Vec<Toleration>,
}

/// Why a DaemonSet's pods do not come to a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// A taint that they do not tolerate.
    Taint(Taint),
    /// A label that the selector wants, as `key=value`.
    Selector(String),
    /// None of these alternatives is met.
    Affinity(Vec<String>),
}

impl Scheduling {
    /// The rules of a pod.
    pub fn of(pod: &PodSpec) -> Self {
        let affinity = pod.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
        let required =
            affinity.and_then(|it| it.required_during_scheduling_ignored_during_execution.as_ref());
        Scheduling {
            selector: pod.node_selector.clone().unwrap_or_default(),
            terms: required.map(|selector| selector.node_selector_terms.clone()).unwrap_or_default(),
            tolerations: pod.tolerations.clone().unwrap_or_default(),
        }
    }

    /// What keeps the pods away from a node with these labels and taints.
    pub fn obstacles(&self, labels: &BTreeMap<String, String>, taints: &[Taint]) -> Vec<Obstacle> {
        let mut found = Vec::new();
        for (key, value) in &self.selector {
            if labels.get(key) != Some(value) {
                found.push(Obstacle::Selector(format!("{key}={value}")));
            }
        }
        if !self.terms.is_empty() && !self.terms.iter().any(|term| meets(term, labels)) {
            found.push(Obstacle::Affinity(self.terms.iter().map(in_words).collect()));
        }
        found.extend(self.minded(taints).into_iter().cloned().map(Obstacle::Taint));
        found
    }

    /// What the affinity demands of labels, as the API writes it: the alternatives, each with its expressions; an empty one
    /// where nothing is demanded.
    pub fn alternatives(&self) -> Vec<Vec<serde_json::Value>> {
        let written = |term: &NodeSelectorTerm| {
            let expressions = term.match_expressions.iter().flatten();
            // What was read as JSON can be written as JSON.
            expressions.map(|one| serde_json::to_value(one).unwrap_or_default()).collect()
        };
        if self.terms.is_empty() { vec![Vec::new()] } else { self.terms.iter().map(written).collect() }
    }

    /// Those of the taints that keep the pods away.
    pub fn minded<'a>(&self, taints: &'a [Taint]) -> Vec<&'a Taint> {
        taints.iter().filter(|taint| self.minds(taint)).collect()
    }

    fn minds(&self, taint: &Taint) -> bool {
        // A DaemonSet's pods are given tolerations for the states that Kubernetes marks by taints of its own
        // (source: Kubernetes documentation, "DaemonSet", taints and tolerations).
        let is_state = taint.key.starts_with("node.kubernetes.io/");
        let keeps_away = taint.effect != TaintEffect::PreferNoSchedule;
        keeps_away && !is_state && !self.tolerations.iter().any(|toleration| tolerates(toleration, taint))
    }
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let any = |text: &Option<String>| text.as_deref().is_none_or(str::is_empty);
    let effect = any(&toleration.effect) || toleration.effect.as_deref() == Some(taint.effect.word());
    let key = any(&toleration.key) || toleration.key.as_ref() == Some(&taint.key);
    let value = match toleration.operator.as_deref() {
        Some("Exists") => true,
        // Without a key only `Exists` is valid.
        _ => !any(&toleration.key) && toleration.value.as_deref().unwrap_or_default() == taint.value,
    };
    effect && key && value
}

fn meets(term: &NodeSelectorTerm, labels: &BTreeMap<String, String>) -> bool {
    let expressions = term.match_expressions.as_deref().unwrap_or_default();
    // Fields (a node's name) pick single nodes, which no installation of a device plugin does; they are taken as met.
    let is_empty = expressions.is_empty() && term.match_fields.as_deref().unwrap_or_default().is_empty();
    !is_empty && expressions.iter().all(|expression| holds(expression, labels))
}

fn holds(expression: &NodeSelectorRequirement, labels: &BTreeMap<String, String>) -> bool {
    let found = labels.get(&expression.key);
    let values = expression.values.as_deref().unwrap_or_default();
    let compared = |wanted: std::cmp::Ordering| {
        let number = |text: &String| text.parse::<i64>().ok();
        let both = found.and_then(number).zip(values.first().and_then(number));
        both.is_some_and(|(found, value)| found.cmp(&value) == wanted)
    };
    match expression.operator.as_str() {
        "In" => found.is_some_and(|found| values.contains(found)),
        "NotIn" => !found.is_some_and(|found| values.contains(found)),
        "Exists" => found.is_some(),
        "DoesNotExist" => found.is_none(),
        "Gt" => compared(std::cmp::Ordering::Greater),
        "Lt" => compared(std::cmp::Ordering::Less),
        _ => false,
    }
}

fn in_words(term: &NodeSelectorTerm) -> String {
    let expressions = term.match_expressions.as_deref().unwrap_or_default();
    let words = expressions.iter().map(|expression| {
        let values = expression.values.as_deref().unwrap_or_default().join(", ");
        match expression.operator.as_str() {
            "In" if expression.values.as_ref().is_some_and(|values| values.len() == 1) => {
                format!("{}={values}", expression.key)
            }
            "Exists" => expression.key.clone(),
            "DoesNotExist" => format!("no {}", expression.key),
            operator => format!("{} {operator} {values}", expression.key),
        }
    });
    words.collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rules(pod: serde_json::Value) -> Scheduling {
        let mut pod = pod;
        pod["containers"] = json!([]);
        Scheduling::of(&serde_json::from_value(pod).unwrap())
    }

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn taint(key: &str, value: &str, effect: TaintEffect) -> Taint {
        Taint { key: key.to_owned(), value: value.to_owned(), effect }
    }

    #[test]
    fn nothing_demanded_is_met() {
        assert_eq!(rules(json!({})).obstacles(&labels(&[]), &[]), []);
    }

    #[test]
    fn taints_need_tolerations() {
        let chart = rules(json!({"tolerations": [
            {"key": "CriticalAddonsOnly", "operator": "Exists"},
            {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
            {"key": "team", "value": "ml"},
        ]}));
        let spot = taint("kubernetes.azure.com/scalesetpriority", "spot", TaintEffect::NoSchedule);
        let taints = [
            Taint::gpu(),
            spot.clone(),
            taint("team", "ml", TaintEffect::NoExecute),
            taint("soft", "", TaintEffect::PreferNoSchedule),
            taint("node.kubernetes.io/not-ready", "", TaintEffect::NoExecute),
        ];
        assert_eq!(chart.obstacles(&labels(&[]), &taints), [Obstacle::Taint(spot)]);
        let evicting = taint("nvidia.com/gpu", "present", TaintEffect::NoExecute);
        assert_eq!(
            chart.obstacles(&labels(&[]), std::slice::from_ref(&evicting)),
            [Obstacle::Taint(evicting)]
        );
        let other = taint("team", "web", TaintEffect::NoSchedule);
        assert_eq!(chart.obstacles(&labels(&[]), std::slice::from_ref(&other)), [Obstacle::Taint(other)]);
        assert_eq!(
            rules(json!({"tolerations": [{"operator": "Exists"}]})).obstacles(&labels(&[]), &taints),
            []
        );
    }

    #[test]
    fn one_alternative_is_enough() {
        let chart = rules(
            json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [
                    {"matchExpressions": [{"key": "feature.node.kubernetes.io/pci-10de.present", "operator": "In", "values": ["true"]}]},
                    {"matchExpressions": [
                        {"key": "nvidia.com/gpu.present", "operator": "In", "values": ["true"]},
                        {"key": "cpu", "operator": "DoesNotExist"},
                    ]},
                ],
            }}}}),
        );
        assert_eq!(chart.obstacles(&labels(&[("nvidia.com/gpu.present", "true")]), &[]), []);
        let wanted = vec![
            "feature.node.kubernetes.io/pci-10de.present=true".to_owned(),
            "nvidia.com/gpu.present=true and no cpu".to_owned(),
        ];
        assert_eq!(
            chart.obstacles(&labels(&[("nvidia.com/gpu.present", "false")]), &[]),
            [Obstacle::Affinity(wanted)]
        );
    }

    #[test]
    fn all_labels_of_the_selector_are_wanted() {
        let operator = rules(json!({"nodeSelector": {"nvidia.com/gpu.deploy.device-plugin": "true"}}));
        assert_eq!(operator.obstacles(&labels(&[("nvidia.com/gpu.deploy.device-plugin", "true")]), &[]), []);
        let missing = Obstacle::Selector("nvidia.com/gpu.deploy.device-plugin=true".to_owned());
        assert_eq!(operator.obstacles(&labels(&[]), &[]), [missing]);
    }

    #[test]
    fn every_operator_is_understood() {
        let holds = |operator: &str, values: &[&str], found: Option<&str>| {
            let expression = NodeSelectorRequirement {
                key: "k".to_owned(),
                operator: operator.to_owned(),
                values: Some(values.iter().map(|value| (*value).to_owned()).collect()),
            };
            let labels = found.map(|found| labels(&[("k", found)])).unwrap_or_default();
            super::holds(&expression, &labels)
        };
        assert!(holds("In", &["a", "b"], Some("b")) && !holds("In", &["a"], None));
        assert!(holds("NotIn", &["a"], None) && !holds("NotIn", &["a"], Some("a")));
        assert!(holds("Exists", &[], Some("")) && holds("DoesNotExist", &[], None));
        assert!(holds("Gt", &["3"], Some("4")) && !holds("Gt", &["3"], Some("3")));
        assert!(holds("Lt", &["3"], Some("2")) && !holds("Lt", &["3"], Some("x")));
        assert!(!holds("Like", &["a"], Some("a")));
    }
}
