use super::*;
use crate::kubernetes::plugin::fixtures::{chart, gke, operator, seen};
use crate::nodepool::spec::TaintEffect;

fn policy() -> ClusterPolicy {
    ClusterPolicy {
        name: "cluster-policy".to_owned(),
        namespace: "gpu-operator".to_owned(),
        config_map: None,
        default: None,
        mig_strategy: "single".to_owned(),
        mig_manager: MigManager::default(),
    }
}

const SINGLE: Cut = Cut { strategy: MigStrategy::Single, restarts: false };
const MIXED: Cut = Cut { strategy: MigStrategy::Mixed, restarts: false };
const AMPERE: Cut = Cut { strategy: MigStrategy::Single, restarts: true };

#[test]
fn a_policy_that_suits_is_not_told_of() {
    assert_eq!(uncut(&[policy()], SINGLE), None);
    let env = vec![json!({"name": "WITH_REBOOT", "value": "true"})];
    let reboots = ClusterPolicy { mig_manager: MigManager { enabled: true, env }, ..policy() };
    assert_eq!(uncut(&[reboots], AMPERE), None);
    assert_eq!(uncut(&[], SINGLE), None, "that there is none is told otherwise");
}

#[test]
fn everything_that_is_wrong_is_mended_at_once() {
    let env = vec![
        json!({"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}),
        json!({"name": "WITH_REBOOT", "value": "false"}),
    ];
    let mig_manager = MigManager { enabled: false, env };
    let wrong = ClusterPolicy { mig_strategy: "none".to_owned(), mig_manager, ..policy() };
    let found = uncut(&[wrong], AMPERE).unwrap();
    assert!(!found.by_strategy, "there is no mig_strategy \"none\"");
    insta::assert_snapshot!(format!("{}\n{}", found.summary, found.detail));
}

#[test]
fn the_other_strategy_is_a_way_out_too() {
    let found = uncut(&[policy()], MIXED).unwrap();
    assert!(found.by_strategy);
    insta::assert_snapshot!(format!("{}\n{}", found.summary, found.detail));
    let unset = ClusterPolicy { mig_strategy: String::new(), ..policy() };
    assert!(uncut(&[unset], SINGLE).unwrap().detail.contains("mig.strategy is not set"));
}

#[test]
fn of_several_policies_each_has_to_suit() {
    let other = ClusterPolicy { name: "other".to_owned(), mig_strategy: "mixed".to_owned(), ..policy() };
    assert!(uncut(&[policy(), other], SINGLE).unwrap().summary.contains("ClusterPolicy other"));
}

#[test]
fn without_an_operator_its_values_are_told() {
    insta::assert_snapshot!(no_operator(Cut { strategy: MigStrategy::Mixed, restarts: true }));
    assert!(!no_operator(SINGLE).contains("WITH_REBOOT"));
}

fn prospect(more: &[(&str, &str)]) -> Prospect {
    let labels = [(NO_OPERANDS, "false"), ("kubernetes.io/os", "linux")];
    let labels = labels.iter().chain(more).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Prospect { labels: labels.collect(), taints: vec![Taint::gpu()] }
}

fn with(set: &Value) -> Installed {
    Installed { plugins: vec![seen(set)], ..Installed::default() }
}

/// A stand-alone plugin with other rules than the chart's.
fn scheduled(rules: &Value) -> Value {
    let mut set = chart(None);
    let pod = &mut set["spec"]["template"]["spec"];
    for field in ["affinity", "nodeSelector", "tolerations"] {
        pod[field] = rules[field].clone();
    }
    set
}

#[test]
fn the_chart_comes_only_to_labelled_nodes() {
    assert_eq!(intruder(&prospect(&[]), &with(&chart(None))), None);
    let labelled = prospect(&[("nvidia.com/gpu.present", "true")]);
    let found = intruder(&labelled, &with(&chart(None))).unwrap();
    insta::assert_snapshot!(format!("{}\n{}", found.summary, found.detail));
    assert_eq!(intruder(&labelled, &with(&gke())), None);
}

#[test]
fn node_feature_discovery_labels_the_nodes_it_comes_to() {
    let everywhere = scheduled(&json!({
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": DISCOVERED[0], "operator": "In", "values": ["true"]}]},
        ]}}},
        "tolerations": [{"operator": "Exists"}],
    }));
    let plugin = with(&everywhere);
    assert_eq!(intruder(&prospect(&[]), &plugin), None);
    let tolerant = seen(&scheduled(&json!({"tolerations": [{"operator": "Exists"}]}))).scheduling;
    let discovers = Installed { discovery: vec![tolerant], ..plugin.clone() };
    assert!(intruder(&prospect(&[]), &discovers).is_some());
    let shy = Installed {
        discovery: vec![crate::kubernetes::plugin::scheduling::Scheduling::default()],
        ..plugin.clone()
    };
    assert_eq!(intruder(&prospect(&[]), &shy), None, "it does not tolerate the GPU taint");
    let operated = Installed { policies: vec![policy()], ..plugin };
    assert!(intruder(&prospect(&[]), &operated).is_some());
}

#[test]
fn selectors_affinity_and_taints_keep_plugins_away() {
    let chosen = |rules: Value| intruder(&prospect(&[]), &with(&scheduled(&rules)));
    assert!(chosen(json!({"tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}]})).is_some());
    assert_eq!(chosen(json!({})), None, "the taint");
    let tolerations = json!([{"operator": "Exists"}]);
    assert_eq!(chosen(json!({"tolerations": tolerations, "nodeSelector": {"gpu": "yes"}})), None);
    let except = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": NO_OPERANDS, "operator": "NotIn", "values": ["false"]}]},
    ]}}});
    assert_eq!(chosen(json!({"tolerations": tolerations, "affinity": except})), None, "what the advice says");
    let elsewhere = Taint { key: "team".to_owned(), value: "ml".to_owned(), effect: TaintEffect::NoSchedule };
    let tainted = Prospect { taints: vec![elsewhere], ..prospect(&[("nvidia.com/gpu.present", "true")]) };
    assert_eq!(intruder(&tainted, &with(&chart(None))), None);
}

#[test]
fn a_plugin_without_affinity_gets_one() {
    let found =
        intruder(&prospect(&[]), &with(&scheduled(&json!({"tolerations": [{"operator": "Exists"}]}))))
            .unwrap();
    let terms = found.detail.lines().filter(|line| line.contains("matchExpressions")).count();
    assert_eq!(terms, 1, "{}", found.detail);
}

#[test]
fn the_operators_plugin_comes_where_a_label_sends_it() {
    let installed = Installed { policies: vec![policy()], ..with(&operator(None)) };
    assert_eq!(intruder(&prospect(&[]), &installed), None);
    let sent = prospect(&[("nvidia.com/gpu.deploy.device-plugin", "true")]);
    assert!(intruder(&sent, &installed).unwrap().detail.contains("leave out those"));
}
