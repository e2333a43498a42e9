use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::kubernetes::check::evidence::PodSeen;
use crate::kubernetes::config::{ConfigKey, PluginConfig};
use crate::kubernetes::plugin::fixtures::{chart, gke, operator, seen};
use crate::kubernetes::plugin::{Installed, Place, Wanted, place};
use crate::nodepool::spec::{Taint, TaintEffect};

fn key() -> ConfigKey {
    ConfigKey::of(&PluginConfig {
        mig_strategy: None,
        sharing: Sharing::TimeSlicing { replicas: 4 },
        resource: "nvidia.com/gpu".to_owned(),
        rename: false,
        fail_requests_greater_than_one: true,
    })
    .unwrap()
}

fn slices_in_gpu() -> Place {
    let all = Installed { plugins: vec![seen(&chart(Some("slices")))], ..Installed::default() };
    place::choose(&Wanted::default(), &all).unwrap()
}

/// One GPU for four, by the chart's plugin and the ConfigMap gpu/slices.
fn check() -> SliceCheck {
    SliceCheck {
        pool: "projects/p/locations/l/clusters/c/nodePools/n".parse().unwrap(),
        resource: "nvidia.com/gpu".to_owned(),
        per_node: 4,
        gpus: 1,
        nodes: Some(1),
        mig: None,
        sharing: Sharing::TimeSlicing { replicas: 4 },
        mig_manager: None,
        announcer: Announcer::DevicePlugin { key: Some((slices_in_gpu(), key())) },
        taints: Vec::new(),
        timeout: Duration::from_secs(900),
    }
}

fn mig() -> SliceCheck {
    SliceCheck {
        per_node: 7,
        mig: Some(MigStrategy::Single),
        sharing: Sharing::None,
        announcer: Announcer::DevicePlugin { key: None },
        ..check()
    }
}

fn by_cloud() -> SliceCheck {
    SliceCheck { announcer: Announcer::Cloud, ..check() }
}

/// A node of that pool that offers one whole GPU.
fn node() -> NodeSeen {
    NodeSeen {
        name: "n1".to_owned(),
        ready: true,
        labels: BTreeMap::from([
            (CONFIG_LABEL.to_owned(), key().name),
            ("nvidia.com/gpu.present".to_owned(), "true".to_owned()),
        ]),
        taints: vec![Taint::gpu()],
        slices: BTreeMap::from([("nvidia.com/gpu".to_owned(), 1)]),
        ..NodeSeen::default()
    }
}

fn labelled(more: &[(&str, &str)]) -> NodeSeen {
    let mut node = node();
    node.labels.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    node
}

/// Everything in order but for what the node offers.
fn evidence() -> Evidence {
    Evidence {
        nodes: vec![node()],
        installed: Some(Installed { plugins: vec![seen(&chart(Some("slices")))], ..Installed::default() }),
        config: Some(ConfigSeen::Data(BTreeMap::from([(key().name, key().yaml)]))),
        pods: Vec::new(),
    }
}

fn installed(sets: &[Value]) -> Option<Installed> {
    Some(Installed { plugins: sets.iter().map(seen).collect(), ..Installed::default() })
}

fn n1() -> Vec<String> {
    vec!["n1".to_owned()]
}

#[track_caller]
fn only(check: &SliceCheck, evidence: &Evidence) -> Finding {
    let found = diagnose(check, evidence);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.into_iter().next().unwrap()
}

#[test]
fn what_is_right_needs_no_diagnosis() {
    let right = NodeSeen { slices: BTreeMap::from([("nvidia.com/gpu".to_owned(), 4)]), ..node() };
    assert_eq!(
        diagnose(&check(), &Evidence { nodes: vec![right], installed: installed(&[]), ..evidence() }),
        []
    );
}

#[test]
fn no_plugin_at_all() {
    let found = only(&check(), &Evidence { installed: installed(&[gke()]), ..evidence() });
    let Finding::NoPlugin { advice } = found else { panic!("{found:?}") };
    assert!(advice.contains("name: slices") && advice.contains("namespace gpu"), "{advice}");
    let found = only(&mig(), &Evidence { installed: installed(&[]), ..evidence() });
    assert!(
        matches!(&found, Finding::NoPlugin { advice } if advice.contains("gpuslice-device-plugin")),
        "{found:?}"
    );
}

#[test]
fn taints_and_selectors_keep_a_plugin_away() {
    let spot = Taint { key: "spot".to_owned(), value: "true".to_owned(), effect: TaintEffect::NoSchedule };
    let tainted = NodeSeen { taints: vec![Taint::gpu(), spot.clone()], ..node() };
    let obstacles = vec![Obstacle::Taint(spot)];
    let plugin = "gpu/nvdp-nvidia-device-plugin".to_owned();
    let found = only(&check(), &Evidence { nodes: vec![tainted], ..evidence() });
    assert_eq!(found, Finding::KeptAway { plugin: plugin.clone(), obstacles, nodes: n1() });
    let mut unmarked = node();
    unmarked.labels.remove("nvidia.com/gpu.present");
    let found = only(&check(), &Evidence { nodes: vec![unmarked], ..evidence() });
    let obstacles = vec![Obstacle::Affinity(vec!["nvidia.com/gpu.present=true".to_owned()])];
    assert_eq!(found, Finding::KeptAway { plugin, obstacles, nodes: n1() });
}

#[test]
fn two_plugins_fight() {
    let two = installed(&[chart(Some("slices")), operator(Some("slices"))]);
    let both = labelled(&[("nvidia.com/gpu.deploy.device-plugin", "true")]);
    let plugins = vec![
        "gpu/nvdp-nvidia-device-plugin".to_owned(),
        "gpu-operator/nvidia-device-plugin-daemonset".to_owned(),
    ];
    let found = only(&check(), &Evidence { nodes: vec![both], installed: two.clone(), ..evidence() });
    assert_eq!(found, Finding::TwoPlugins { plugins, nodes: n1() });
    // The operator's selector keeps it away from a node without its label.
    let found = only(&check(), &Evidence { installed: two, ..evidence() });
    assert!(matches!(found, Finding::WholeGpus { .. }));
    let found = only(&by_cloud(), &evidence());
    assert!(
        matches!(&found, Finding::TwoPlugins { plugins, .. } if plugins[0] == "the cloud's own"),
        "{found:?}"
    );
}

#[test]
fn another_label_than_the_pools() {
    let other = labelled(&[(CONFIG_LABEL, "default")]);
    let mut data = BTreeMap::from([(key().name, key().yaml)]);
    data.insert("default".to_owned(), "version: v1\n".to_owned());
    let evidence = Evidence { nodes: vec![other], config: Some(ConfigSeen::Data(data)), ..evidence() };
    let found = diagnose(&check(), &evidence);
    let wrong = Finding::WrongLabel { found: Some("default".to_owned()), wanted: key().name, nodes: n1() };
    assert_eq!(found[0], wrong);
    let mut bare = node();
    bare.labels.remove(CONFIG_LABEL);
    let found = only(&check(), &Evidence { nodes: vec![bare], ..evidence });
    assert_eq!(found, Finding::WrongLabel { found: None, wanted: key().name, nodes: n1() });
}

#[test]
fn a_plugin_without_our_config_map() {
    let plugin = "gpu/nvdp-nvidia-device-plugin".to_owned();
    let found = only(&check(), &Evidence { installed: installed(&[chart(None)]), ..evidence() });
    let Finding::Unconfigured { plugin: named, advice } = found else { panic!("{found:?}") };
    assert!(named == plugin && advice.contains("name: slices"), "{advice}");
    let found = only(&check(), &Evidence { installed: installed(&[chart(Some("other"))]), ..evidence() });
    let reads = "gpu/other".to_owned();
    let ours = "gpu/slices".to_owned();
    assert_eq!(found, Finding::OtherConfigMap { plugin: plugin.clone(), reads, ours });
    let mut set = chart(Some("slices"));
    let env = &mut set["spec"]["template"]["spec"]["containers"][1]["env"];
    env.as_array_mut().unwrap().retain(|one| one["name"] != "NODE_LABEL");
    env.as_array_mut().unwrap().push(json!({"name": "NODE_LABEL", "value": "team/gpu"}));
    let found = only(&check(), &Evidence { installed: installed(&[set]), ..evidence() });
    assert_eq!(found, Finding::OtherLabel { plugin, label: "team/gpu".to_owned() });
}

#[test]
fn a_key_that_is_not_there_or_not_ours() {
    let config_map = "gpu/slices".to_owned();
    let found = only(&check(), &Evidence { config: Some(ConfigSeen::Absent), ..evidence() });
    assert_eq!(found, Finding::NoConfigMap { config_map: config_map.clone() });
    let found = only(&check(), &Evidence { config: Some(ConfigSeen::Data(BTreeMap::new())), ..evidence() });
    assert_eq!(found, Finding::UnknownKey { key: key().name, config_map: config_map.clone() });
    let edited = BTreeMap::from([(key().name, "flags: {renameByDefault: true}".to_owned())]);
    let found = only(&check(), &Evidence { config: Some(ConfigSeen::Data(edited)), ..evidence() });
    let Finding::OtherText { key: named, faults, .. } = &found else { panic!("{found:?}") };
    assert!(*named == key().name && faults[0].contains("sharing.timeSlicing.renameByDefault"), "{faults:?}");
}

#[test]
fn a_variable_beats_the_file() {
    let mixed = |set: &mut Value| {
        let env = &mut set["spec"]["template"]["spec"]["containers"][0]["env"];
        *env = json!([{"name": "MIG_STRATEGY", "value": "mixed"}]);
    };
    let mut set = chart(None);
    mixed(&mut set);
    let evidence = |set: &Value| Evidence { installed: installed(std::slice::from_ref(set)), ..evidence() };
    let wins = |found: Finding, wanted_value: &str| matches!(&found, Finding::VariableWins { value, wanted, .. } if value == "mixed" && wanted == wanted_value);
    assert!(wins(only(&mig(), &evidence(&set)), "single"));
    let found = diagnose(&SliceCheck { mig: Some(MigStrategy::Mixed), ..mig() }, &evidence(&set));
    assert!(!found.iter().any(|found| matches!(found, Finding::VariableWins { .. })));
    let mut set = chart(Some("slices"));
    mixed(&mut set);
    let mps = SliceCheck { sharing: Sharing::Mps { replicas: 4 }, ..check() };
    let capable = labelled(&[("nvidia.com/mps.capable", "true")]);
    assert!(wins(only(&mps, &Evidence { nodes: vec![capable], ..evidence(&set) }), "none"));
}

#[test]
fn a_plugins_pod_that_does_not_run_is_quoted() {
    let pod = |set: &str| PodSeen {
        name: "gpu/p".to_owned(),
        node: "n1".to_owned(),
        daemon_set: Some(set.to_owned()),
        trouble: Some("nvidia-device-plugin-init: CrashLoopBackOff".to_owned()),
        ..PodSeen::default()
    };
    let pods = vec![pod("gpu/nvdp-nvidia-device-plugin"), pod("gpu/something-else")];
    let found = only(&check(), &Evidence { pods, ..evidence() });
    let quoted = vec!["gpu/p on n1: nvidia-device-plugin-init: CrashLoopBackOff".to_owned()];
    assert_eq!(found, Finding::FailingPods { pods: quoted });
}

#[test]
fn mig_manager_is_at_work() {
    let manager = |config: &str, state: &str| {
        let node = labelled(&[("nvidia.com/mig.config", config), ("nvidia.com/mig.config.state", state)]);
        Evidence { nodes: vec![node], installed: None, ..evidence() }
    };
    let found = |config: &str, state: &str| only(&mig(), &manager(config, state));
    let wanted = |config: &str, state: &str, disables| Finding::MigManager {
        config: config.to_owned(),
        state: state.to_owned(),
        disables,
        nodes: n1(),
    };
    assert_eq!(found("all-1g.10gb", "pending"), wanted("all-1g.10gb", "pending", false));
    assert_eq!(found("all-1g.10gb", "failed"), wanted("all-1g.10gb", "failed", false));
    assert_eq!(found("all-disabled", "success"), wanted("all-disabled", "success", true));
    assert!(matches!(found("all-1g.10gb", "success"), Finding::WholeGpus { cut: true, .. }));
}

#[test]
fn slices_of_different_sizes_are_known_by_feature_discovery() {
    let invalid = labelled(&[("nvidia.com/gpu.product", "NVIDIA-A100-SXM4-40GB-MIG-INVALID")]);
    let found = only(&mig(), &Evidence { nodes: vec![invalid], installed: None, ..evidence() });
    assert_eq!(found, Finding::MigInvalid { nodes: n1() });
}

#[test]
fn pods_that_hold_gpus_are_named_where_gpus_are_to_be_cut() {
    let pod = PodSeen {
        name: "team/train".to_owned(),
        node: "n1".to_owned(),
        holds: BTreeMap::from([("nvidia.com/gpu".to_owned(), 1)]),
        ..PodSeen::default()
    };
    let evidence = Evidence { pods: vec![pod], installed: None, ..evidence() };
    assert_eq!(only(&mig(), &evidence), Finding::HeldGpus { pods: vec!["team/train on n1".to_owned()] });
    assert!(matches!(only(&check(), &evidence), Finding::WholeGpus { cut: false, .. }));
}

#[test]
fn leftovers_are_named() {
    let mut both = node();
    both.slices = BTreeMap::from([("nvidia.com/gpu".to_owned(), 4), ("nvidia.com/gpu.shared".to_owned(), 4)]);
    let found = only(&check(), &Evidence { nodes: vec![both], ..evidence() });
    let resources = vec!["nvidia.com/gpu.shared".to_owned()];
    assert_eq!(found, Finding::Leftovers { resources, wanted: "nvidia.com/gpu".to_owned(), nodes: n1() });
}

#[test]
fn mps_needs_a_label() {
    let mps = SliceCheck { sharing: Sharing::Mps { replicas: 4 }, ..check() };
    assert_eq!(only(&mps, &evidence()), Finding::NoMpsLabel { nodes: n1() });
}

#[test]
fn the_clouds_own_plugin_may_be_off_or_unwell() {
    let off = labelled(&[("gke-no-default-nvidia-gpu-device-plugin", "true")]);
    let found = only(&by_cloud(), &Evidence { nodes: vec![off], installed: None, ..evidence() });
    assert_eq!(found, Finding::GkePluginOff { nodes: n1() });
    let condition = "UnhealthyNvidiaDevicePlugin".to_owned();
    let unwell = NodeSeen { conditions: vec!["MemoryPressure".to_owned(), condition.clone()], ..node() };
    let found = only(&by_cloud(), &Evidence { nodes: vec![unwell], installed: None, ..evidence() });
    assert_eq!(found, Finding::Condition { condition, nodes: n1() });
}

#[test]
fn whole_gpus_and_nodes_that_are_not_ready_are_told() {
    assert_eq!(only(&check(), &evidence()), Finding::WholeGpus { cut: false, gpus: 1, nodes: n1() });
    let slow = NodeSeen { ready: false, slices: BTreeMap::new(), ..node() };
    let found = only(&check(), &Evidence { nodes: vec![slow], ..evidence() });
    assert_eq!(found, Finding::NotReady { nodes: n1() });
}

#[test]
fn without_any_rights_nothing_is_made_up() {
    let blind = Evidence { nodes: vec![node()], ..Evidence::default() };
    assert!(matches!(only(&check(), &blind), Finding::WholeGpus { .. }));
}

/// The sentences, each once.
#[test]
fn causes_say_what_why_and_how_to_mend_it() {
    let nodes = || vec!["n1".to_owned(), "n2".to_owned(), "n3".to_owned(), "n4".to_owned()];
    let plugin = || "gpu/nvdp".to_owned();
    let taint = Taint { key: "spot".to_owned(), value: "true".to_owned(), effect: TaintEffect::NoSchedule };
    let manager = |config: &str, state: &str, disables| Finding::MigManager {
        config: config.to_owned(),
        state: state.to_owned(),
        disables,
        nodes: nodes(),
    };
    let variable = |by_operator| Finding::VariableWins {
        plugin: plugin(),
        by_operator,
        variable: "MIG_STRATEGY".to_owned(),
        value: "mixed".to_owned(),
        wanted: "single".to_owned(),
    };
    let config_map = || "gpu/slices".to_owned();
    let all = [
        Finding::NoPlugin { advice: "Install one.".to_owned() },
        Finding::KeptAway {
            plugin: plugin(),
            obstacles: vec![
                Obstacle::Taint(taint),
                Obstacle::Selector("a=b".to_owned()),
                Obstacle::Affinity(vec!["c=d and e".to_owned(), "f".to_owned()]),
            ],
            nodes: nodes(),
        },
        Finding::TwoPlugins { plugins: vec![plugin(), "kube-system/other".to_owned()], nodes: nodes() },
        Finding::WrongLabel { found: None, wanted: "ts4-3f9c01ab".to_owned(), nodes: nodes() },
        Finding::WrongLabel {
            found: Some("x".to_owned()),
            wanted: "ts4-3f9c01ab".to_owned(),
            nodes: nodes(),
        },
        Finding::Unconfigured { plugin: plugin(), advice: "Set it.".to_owned() },
        Finding::OtherConfigMap { plugin: plugin(), reads: "gpu/other".to_owned(), ours: config_map() },
        Finding::OtherLabel { plugin: plugin(), label: "team/gpu".to_owned() },
        Finding::NoConfigMap { config_map: config_map() },
        Finding::UnknownKey { key: "ts4-3f9c01ab".to_owned(), config_map: config_map() },
        Finding::OtherText {
            key: "ts4-3f9c01ab".to_owned(),
            config_map: config_map(),
            faults: lint("flags: {speed: 1}").iter().map(ToString::to_string).collect(),
        },
        variable(false),
        variable(true),
        Finding::FailingPods { pods: vec!["gpu/p on n1: init: CrashLoopBackOff".to_owned()] },
        manager("all-disabled", "success", true),
        manager("all-1g.10gb", "failed", false),
        manager("all-1g.10gb", "pending", false),
        Finding::MigInvalid { nodes: nodes() },
        Finding::HeldGpus { pods: vec!["team/train on n1".to_owned()] },
        Finding::Leftovers {
            resources: vec!["nvidia.com/gpu.shared".to_owned()],
            wanted: "nvidia.com/gpu".to_owned(),
            nodes: nodes(),
        },
        Finding::NoMpsLabel { nodes: nodes() },
        Finding::GkePluginOff { nodes: nodes() },
        Finding::Condition { condition: "UnhealthyNvidiaDevicePlugin".to_owned(), nodes: nodes() },
        Finding::WholeGpus { cut: true, gpus: 1, nodes: nodes() },
        Finding::WholeGpus { cut: false, gpus: 2, nodes: nodes() },
        Finding::NotReady { nodes: nodes() },
    ];
    insta::assert_snapshot!(all.map(|finding| finding.to_string()).join("\n"));
}

/// A pool that mig-manager cuts.
fn by_manager() -> SliceCheck {
    let cut = crate::kubernetes::suits::Cut { strategy: MigStrategy::Single, restarts: false };
    SliceCheck { mig_manager: Some(cut), ..mig() }
}

#[test]
fn whole_gpus_that_are_as_many_as_slices_wait_for_mig_manager() {
    let node = |state: &str| {
        let mut node =
            labelled(&[("nvidia.com/mig.config", "all-7g.80gb"), ("nvidia.com/mig.config.state", state)]);
        node.slices = BTreeMap::from([("nvidia.com/gpu".to_owned(), 7)]);
        node
    };
    assert!(is_right(&by_manager(), &node("success")));
    for state in ["", "pending", "rebooting", "failed"] {
        assert!(!is_right(&by_manager(), &node(state)), "{state}");
        assert!(is_right(&mig(), &node(state)), "who is cut by a cloud does not ask mig-manager");
        let found =
            only(&by_manager(), &Evidence { nodes: vec![node(state)], installed: None, ..evidence() });
        let wanted = if state.is_empty() { "none" } else { state };
        assert!(
            matches!(&found, Finding::MigManager { state, disables: false, .. } if state == wanted),
            "{found:?}"
        );
    }
}

#[test]
fn a_label_that_leaves_gpus_whole_is_told_of() {
    for labels in
        [&[][..], &[("nvidia.com/mig.config", "all-disabled"), ("nvidia.com/mig.config.state", "success")]]
    {
        let found =
            only(&by_manager(), &Evidence { nodes: vec![labelled(labels)], installed: None, ..evidence() });
        assert_eq!(found, Finding::NotToBeCut { nodes: n1() });
    }
}
