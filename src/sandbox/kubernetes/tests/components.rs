//! NVIDIA's components on machines: what becomes allocatable, when, and what takes it away again.

use super::*;
use crate::sandbox::nodes::{Advertised, Cut, Gpus, Restart};

const CONFIGS: &str = "/api/v1/namespaces/nvidia-device-plugin/configmaps/nvidia-device-plugin-configs";
const OPERATOR_CONFIGS: &str = "/api/v1/namespaces/gpu-operator/configmaps/device-plugin-config";
const LABEL: &str = "nvidia.com/device-plugin.config";

/// A machine that the charts take for one with GPUs, with these labels besides.
fn gpu(name: &str, more: &[(&str, &str)]) -> Node {
    let mut node = machine(name);
    node.labels.insert("nvidia.com/gpu.present".to_owned(), "true".to_owned());
    node.labels.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    node
}

/// As [`gpu`], cut by the cloud into seven slices.
fn cut(name: &str, more: &[(&str, &str)]) -> Node {
    let mut node = gpu(name, more);
    node.cut = Some(Cut { slices: vec![("1g.10gb".to_owned(), 7)], from: 0 });
    node
}

/// As [`gpu`], with a GPU that switches MIG on without a restart.
fn hopper(name: &str, more: &[(&str, &str)]) -> Node {
    let mut node = gpu(name, more);
    node.gpus = Some(Gpus { kind: "H100-80GB".to_owned(), count: 1 });
    node
}

fn desk(stack: Stack, nodes: Vec<Node>) -> Desk {
    let mut desk = Desk::with(stack, nodes);
    desk.settle();
    desk
}

impl Desk {
    /// Lets time pass until nothing is under way any more.
    fn settle(&mut self) {
        for _ in 0..6 {
            self.pass(LATENCY);
            self.get("/api/v1/nodes");
        }
    }

    /// Extended resources of a node, as `name=count`.
    fn shows(&mut self, node: &str) -> String {
        let node = self.node(node);
        let resources = node["status"]["allocatable"].as_object().unwrap();
        let extended = resources.iter().filter(|(name, _)| name.starts_with("nvidia.com/"));
        extended
            .map(|(name, count)| format!("{}={}", &name[11..], count.as_str().unwrap()))
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn label(&mut self, node: &str, key: &str, value: &Value) {
        let patch = json!({"metadata": {"labels": {key: value}}});
        let (code, answer) = self.patch("merge-patch+json", &format!("/api/v1/nodes/{node}"), &patch);
        assert_eq!(code, 200, "{answer}");
    }

    fn configure(&mut self, map: &str, key: &str, text: Option<&str>) {
        let (code, answer) = self.patch("merge-patch+json", map, &json!({"data": {key: text}}));
        assert_eq!(code, 200, "{answer}");
    }

    /// The status that `kubectl get pods` shows of the plugin's pod.
    fn plugin(&mut self, namespace: &str) -> String {
        let mut list = call("GET", &format!("/api/v1/namespaces/{namespace}/pods"), &Value::Null);
        list.headers.insert("accept", "application/json;as=Table;v=v1;g=meta.k8s.io".parse().unwrap());
        let (_, table, _) = self.send(&list);
        table["rows"][0]["cells"][2].as_str().unwrap().to_owned()
    }

    /// All plugins start anew.
    fn restart(&mut self, namespace: &str) {
        let restart =
            json!({"spec": {"template": {"metadata": {"annotations": {"at": self.now.to_string()}}}}});
        let path = format!("/apis/apps/v1/namespaces/{namespace}/daemonsets/nvidia-device-plugin");
        assert_eq!(self.patch("strategic-merge-patch+json", &path, &restart).0, 200);
    }
}

fn slicing(replicas: u32) -> String {
    format!(
        "version: v1\nflags: {{migStrategy: single}}\nsharing:\n  timeSlicing:\n    failRequestsGreaterThanOne: true\n    \
         resources:\n    - {{name: nvidia.com/gpu, replicas: {replicas}}}\n"
    )
}

#[test]
fn what_was_seeded_has_long_since_settled() {
    for stack in [Stack::Plugin, Stack::PluginWithConfig, Stack::TwoPlugins, Stack::Operator] {
        let mut node = gpu("n1", &[]);
        node.ready_at = node.created_at;
        let mut desk = Desk::with(stack, vec![node]);
        let first = desk.node("n1");
        desk.settle();
        let later = desk.node("n1");
        assert_eq!(desk.shows("n1"), "gpu=1", "{stack:?}");
        assert_eq!(first["status"]["allocatable"], later["status"]["allocatable"], "{stack:?}");
        assert_eq!(labels(&first), labels(&later), "{stack:?}");
    }
}

#[test]
fn without_a_plugin_nothing_is_shown() {
    let mut desk = desk(Stack::Nothing, vec![gpu("n1", &[])]);
    assert_eq!(desk.shows("n1"), "");
}

#[test]
fn a_plain_plugin_shows_whole_gpus_whatever_the_label_and_slices() {
    let mut desk = desk(Stack::Plugin, vec![gpu("n1", &[(LABEL, "ts4")]), cut("n2", &[]), machine("n3")]);
    assert_eq!([desk.shows("n1"), desk.shows("n2")], ["gpu=1", "gpu=1"]);
    assert_eq!(desk.shows("n3"), "", "the chart goes only where a label says that there are GPUs");
}

#[test]
fn a_taint_that_the_chart_does_not_tolerate_keeps_it_away() {
    let mut node = gpu("n1", &[]);
    node.taints.push(Taint { key: "team".into(), value: "a".into(), effect: "NoSchedule".into() });
    assert_eq!(desk(Stack::Plugin, vec![node]).shows("n1"), "");
}

#[test]
fn an_only_key_is_everybodys_and_a_second_one_takes_the_gpus_away_at_the_next_start() {
    let mut desk = desk(Stack::PluginWithConfig, vec![gpu("foreign", &[])]);
    assert_eq!(desk.shows("foreign"), "gpu=1");
    desk.configure(CONFIGS, "ts4", Some(&slicing(4)));
    desk.settle();
    assert_eq!(desk.shows("foreign"), "gpu=1", "a running plugin does not look");
    desk.restart("nvidia-device-plugin");
    desk.settle();
    assert_eq!(desk.shows("foreign"), "gpu=0", "two keys, none of them default");
    assert_eq!(desk.plugin("nvidia-device-plugin"), "Init:CrashLoopBackOff");
    desk.configure(CONFIGS, "default", Some("version: v1"));
    desk.settle();
    assert_eq!(desk.shows("foreign"), "gpu=1");
}

#[test]
fn a_label_chooses_a_key_and_a_new_key_is_there_after_the_kubelets_sync() {
    let mut desk = desk(Stack::PluginWithConfig, vec![gpu("n1", &[])]);
    desk.configure(CONFIGS, "ts4", Some(&slicing(4)));
    desk.label("n1", LABEL, &json!("ts4"));
    desk.pass(LATENCY / 4);
    assert_eq!(desk.shows("n1"), "gpu=1", "the mount does not have the key yet");
    assert_eq!(desk.plugin("nvidia-device-plugin"), "CrashLoopBackOff");
    desk.settle();
    assert_eq!(desk.shows("n1"), "gpu=4");
    assert_eq!(desk.plugin("nvidia-device-plugin"), "Running");
    desk.configure(CONFIGS, "ts4", Some(&slicing(8)));
    desk.settle();
    assert_eq!(desk.shows("n1"), "gpu=4", "another text under the same key does nothing");
    desk.configure(CONFIGS, "ts8", Some(&slicing(8)));
    desk.settle();
    desk.label("n1", LABEL, &json!("ts8"));
    desk.settle();
    assert_eq!(desk.shows("n1"), "gpu=8");
    desk.configure(CONFIGS, "ts8", None);
    desk.settle();
    assert_eq!(desk.shows("n1"), "gpu=8", "a running plugin keeps what it read");
    desk.restart("nvidia-device-plugin");
    desk.settle();
    assert_eq!(desk.shows("n1"), "gpu=0");
}

#[test]
fn a_pod_that_asks_for_two_of_what_is_shared_is_refused() {
    let mut desk = desk(Stack::PluginWithConfig, vec![gpu("n1", &[])]);
    desk.configure(CONFIGS, "ts4", Some(&slicing(4)));
    desk.settle();
    desk.label("n1", LABEL, &json!("ts4"));
    desk.settle();
    let pod = json!({"metadata": {"name": "p"}, "spec": {"tolerations": [{"operator": "Exists"}], "containers": [
        {"name": "c", "image": "i:1", "resources": {"limits": {"nvidia.com/gpu": "2"}}}]}});
    desk.ok("POST", "/api/v1/namespaces/default/pods", &pod);
    desk.settle();
    let status = desk.get("/api/v1/namespaces/default/pods/p")["status"].clone();
    assert_eq!((&status["phase"], &status["reason"]), (&json!("Failed"), &json!("UnexpectedAdmissionError")));
    assert!(
        status["message"]
            .as_str()
            .unwrap()
            .contains("maximum request size for shared resources is 1; found 2")
    );
}

#[test]
fn slices_are_seen_through_the_strategy_in_the_key() {
    let mut desk = desk(Stack::PluginWithConfig, vec![cut("n1", &[]), cut("n2", &[]), cut("n3", &[])]);
    desk.configure(CONFIGS, "default", Some("version: v1"));
    desk.configure(CONFIGS, "single", Some("flags: {migStrategy: single}"));
    desk.configure(CONFIGS, "mixed", Some("flags: {migStrategy: mixed}"));
    desk.configure(CONFIGS, "both", Some(&slicing(2)));
    desk.settle();
    desk.label("n1", LABEL, &json!("single"));
    desk.label("n2", LABEL, &json!("mixed"));
    desk.label("n3", LABEL, &json!("both"));
    desk.settle();
    assert_eq!(
        [desk.shows("n1"), desk.shows("n2"), desk.shows("n3")],
        ["gpu=7", "gpu=0 mig-1g.10gb=7", "gpu=14"]
    );
    let found = labels(&desk.node("n1"));
    assert_eq!(found["nvidia.com/gpu.product"], "NVIDIA-A100-80GB-PCIe-MIG-1g.10gb");
    assert_eq!(
        (found["nvidia.com/mig.strategy"].as_str(), found["nvidia.com/gpu.count"].as_str()),
        ("single", "7")
    );
    assert_eq!(labels(&desk.node("n3"))["nvidia.com/gpu.sharing-strategy"], "time-slicing");
}

#[test]
fn a_configuration_with_a_mistake_shows_nothing_and_a_mended_one_does() {
    let mut desk = desk(Stack::PluginWithConfig, vec![gpu("n1", &[])]);
    desk.configure(CONFIGS, "bad", Some(&slicing(1)));
    desk.settle();
    desk.label("n1", LABEL, &json!("bad"));
    desk.settle();
    assert_eq!(desk.shows("n1"), "gpu=0");
    assert_eq!(desk.plugin("nvidia-device-plugin"), "CrashLoopBackOff");
    desk.configure(CONFIGS, "bad", Some(&slicing(2)));
    desk.settle();
    assert_eq!(desk.shows("n1"), "gpu=2", "a plugin that crashes reads its file at every start");
}

#[test]
fn mps_needs_its_daemon() {
    let mps = slicing(3).replace("timeSlicing", "mps");
    let nodes = vec![gpu("n1", &[]), gpu("n2", &[("nvidia.com/mps.capable", "true")])];
    let mut desk = desk(Stack::PluginWithConfig, nodes);
    desk.configure(CONFIGS, "mps", Some(&mps));
    desk.settle();
    desk.label("n1", LABEL, &json!("mps"));
    desk.label("n2", LABEL, &json!("mps"));
    desk.settle();
    assert_eq!([desk.shows("n1"), desk.shows("n2")], ["gpu=0", "gpu=3"]);
}

#[test]
fn slices_appear_after_the_clouds_restart_of_the_machine() {
    let mut desk = desk(Stack::PluginWithConfig, Vec::new());
    desk.configure(CONFIGS, "default", Some("version: v1"));
    desk.configure(CONFIGS, "single", Some("flags: {migStrategy: single}"));
    desk.settle();
    let mut node = cut("n1", &[(LABEL, "single")]);
    let now = desk.now;
    (node.created_at, node.ready_at) = (now, now + 500);
    node.restart = Some(Restart { at: now + 800, ready_at: now + 1000, boot_id: "second".to_owned() });
    node.cut.as_mut().unwrap().from = now + 1000;
    desk.nodes.push(node);
    desk.pass(700);
    assert_eq!(desk.shows("n1"), "gpu=1", "whole GPUs before the restart");
    desk.pass(200);
    desk.get("/api/v1/nodes");
    desk.pass(LATENCY);
    assert_eq!(desk.shows("n1"), "gpu=7");
}

#[test]
fn of_two_plugins_the_last_to_register_counts() {
    let mut desk = desk(Stack::TwoPlugins, vec![gpu("n1", &[])]);
    assert_eq!(desk.shows("n1"), "gpu=1");
    desk.configure(CONFIGS, "ts4", Some(&slicing(4)));
    desk.settle();
    desk.label("n1", LABEL, &json!("ts4"));
    desk.settle();
    assert_eq!(desk.shows("n1"), "gpu=4");
    let path = "/apis/apps/v1/namespaces/kube-system/daemonsets/nvidia-device-plugin-daemonset";
    let restart = json!({"spec": {"template": {"metadata": {"annotations": {"at": "x"}}}}});
    desk.patch("strategic-merge-patch+json", path, &restart);
    desk.settle();
    assert_eq!(desk.shows("n1"), "gpu=1", "the plain one came last");
}

#[test]
fn the_clouds_own_plugin_is_registered_like_any_other() {
    let mut node = gpu("n1", &[]);
    node.advertised = vec![Advertised { resource: "nvidia.com/gpu".into(), count: 7, from: 0 }];
    let mut desk = Desk::with(Stack::Nothing, vec![node.clone()]);
    assert_eq!(desk.shows("n1"), "gpu=7");
    let mut both = self::desk(Stack::Plugin, vec![node]);
    assert_eq!(both.shows("n1"), "gpu=1", "a plugin beside it takes over");
}

#[test]
fn the_operator_labels_its_nodes_and_knows_no_sharing_without_a_label() {
    let mut desk = desk(Stack::Operator, vec![machine("n1")]);
    let found = labels(&desk.node("n1"));
    assert_eq!(found["nvidia.com/gpu.deploy.device-plugin"], "true");
    assert_eq!(
        (found["nvidia.com/mig.config"].as_str(), found["nvidia.com/mig.config.state"].as_str()),
        ("all-disabled", "success")
    );
    assert_eq!(desk.shows("n1"), "gpu=1");
    assert_eq!(desk.get("/apis/nvidia.com/v1/clusterpolicies/cluster-policy")["status"]["state"], "ready");
    desk.configure(OPERATOR_CONFIGS, "ts4", Some(&slicing(4)));
    desk.settle();
    desk.label("n1", LABEL, &json!("ts4"));
    desk.settle();
    assert_eq!(desk.shows("n1"), "gpu=4");
    desk.label("n1", LABEL, &Value::Null);
    desk.settle();
    assert_eq!(desk.shows("n1"), "gpu=1", "no label and no default: no sharing");
}

#[test]
fn the_operator_wipes_slices_unless_it_is_kept_away() {
    let keep = &[("nvidia.com/gpu.deploy.mig-manager", "false")];
    let mut desk = desk(Stack::Operator, vec![cut("wiped", &[]), cut("kept", keep)]);
    assert_eq!(
        [desk.shows("wiped"), desk.shows("kept")],
        ["gpu=1", "gpu=7"],
        "the policy's strategy is single"
    );
    assert_eq!(labels(&desk.node("kept")).get("nvidia.com/mig.config.state"), None);
}

#[test]
fn nodes_without_operands_are_left_alone() {
    let mut desk = desk(Stack::Operator, vec![cut("n1", &[("nvidia.com/gpu.deploy.operands", "false")])]);
    assert_eq!(desk.shows("n1"), "");
    assert!(!labels(&desk.node("n1")).contains_key("nvidia.com/gpu.deploy.device-plugin"));
}

#[test]
fn mig_manager_makes_what_the_label_says_or_fails() {
    let config = "nvidia.com/mig.config";
    let mut desk = desk(Stack::Operator, vec![hopper("n1", &[(config, "all-2g.20gb")])]);
    assert_eq!(desk.shows("n1"), "gpu=3");
    desk.label("n1", config, &json!("all-1g.10gb"));
    let pending = labels(&desk.node("n1"));
    assert_eq!(pending["nvidia.com/mig.config.state"], "pending");
    assert_eq!(pending["nvidia.com/gpu.deploy.device-plugin"], "paused-for-mig-change");
    desk.settle();
    assert_eq!(
        (desk.shows("n1").as_str(), labels(&desk.node("n1"))["nvidia.com/mig.config.state"].as_str()),
        ("gpu=7", "success")
    );
    desk.label("n1", config, &json!("all-1g.5gb"));
    desk.settle();
    assert_eq!(
        labels(&desk.node("n1"))["nvidia.com/mig.config.state"],
        "failed",
        "no such profile on this GPU"
    );
    let pod = json!({"metadata": {"name": "p"}, "spec": {"tolerations": [{"operator": "Exists"}], "containers": [
        {"name": "c", "image": "i:1", "resources": {"limits": {"nvidia.com/gpu": "1"}}}]}});
    desk.ok("POST", "/api/v1/namespaces/default/pods", &pod);
    desk.settle();
    desk.label("n1", config, &json!("all-7g.80gb"));
    desk.settle();
    assert_eq!(labels(&desk.node("n1"))["nvidia.com/mig.config.state"], "failed", "a pod holds the GPU");
    assert_eq!(desk.shows("n1"), "gpu=7");
}

#[test]
fn a_missing_map_keeps_new_plugins_from_starting_and_old_ones_running() {
    let mut desk = desk(Stack::PluginWithConfig, vec![gpu("n1", &[])]);
    desk.ok("DELETE", CONFIGS, &Value::Null);
    desk.settle();
    assert_eq!(desk.shows("n1"), "gpu=1");
    desk.nodes.push(gpu("n2", &[]));
    desk.settle();
    assert_eq!(desk.shows("n2"), "");
    let events =
        desk.get("/api/v1/namespaces/nvidia-device-plugin/events?fieldSelector=reason%3DFailedMount");
    assert!(!events["items"].as_array().unwrap().is_empty());
}

#[test]
fn a_broken_plugin_is_mended_again() {
    use crate::sandbox::actors::ActorError;
    use crate::sandbox::kubernetes::Act;
    let act = |desk: &mut Desk, kind: &str, how: &str| -> Result<(), ActorError> {
        let mut fields = json!({"cluster": "cluster"}).as_object().cloned().unwrap();
        if !how.is_empty() {
            fields.insert("how".to_owned(), json!(how));
        }
        let (_, act) = Act::read(kind, &fields).unwrap()?;
        desk.on(|cluster, scene, _| cluster.act(scene, &act))
    };
    for (stack, how, broken) in [
        (Stack::PluginWithConfig, "image", "gpu=0"),
        (Stack::PluginWithConfig, "selector", "gpu=0"),
        (Stack::Manifest, "image", "gpu=0"),
    ] {
        let mut desk = desk(stack, vec![gpu("n1", &[])]);
        assert_eq!(desk.shows("n1"), "gpu=1", "{stack:?} {how}");
        act(&mut desk, "break_plugin", how).unwrap();
        desk.settle();
        assert_eq!(desk.shows("n1"), broken, "{stack:?} {how}");
        act(&mut desk, "mend_plugin", "").unwrap();
        desk.settle();
        assert_eq!(desk.shows("n1"), "gpu=1", "{stack:?} {how}");
        assert!(act(&mut desk, "mend_plugin", "").unwrap_err().to_string().contains("broke nothing"));
    }
    // The file says single, and a variable says none: seven slices are one GPU.
    let single = "version: v1\nflags:\n  migStrategy: single\n";
    let mut desk = desk(Stack::PluginWithConfig, vec![cut("n1", &[(LABEL, "single")])]);
    desk.configure(CONFIGS, "single", Some(single));
    desk.settle();
    assert_eq!(desk.shows("n1"), "gpu=7");
    act(&mut desk, "break_plugin", "environment").unwrap();
    desk.settle();
    assert_eq!(desk.shows("n1"), "gpu=1");
}

#[test]
fn a_broken_template_takes_one_node_at_a_time() {
    let mut desk = desk(Stack::Plugin, vec![gpu("n1", &[]), gpu("n2", &[]), gpu("n3", &[])]);
    let broken = json!({"spec": {"template": {"spec": {"containers":
        [{"name": "nvidia-device-plugin-ctr", "image": "registry.invalid/nvidia/k8s-device-plugin:v0.20.0"}]}}}});
    let path = "/apis/apps/v1/namespaces/nvidia-device-plugin/daemonsets/nvidia-device-plugin";
    assert_eq!(desk.patch("strategic-merge-patch+json", path, &broken).0, 200);
    desk.settle();
    let shown = ["n1", "n2", "n3"].map(|name| desk.shows(name));
    assert_eq!(shown.iter().filter(|shown| *shown == "gpu=1").count(), 2, "{shown:?}");
    desk.nodes.push(gpu("n4", &[]));
    desk.settle();
    assert_eq!(desk.shows("n4"), "", "and every new one");
}

#[test]
fn somebody_works_on_the_foreign_pool() {
    let mut desk = Desk::with(Stack::Plugin, vec![gpu("n1", &[("team", "somebody-else")])]);
    desk.workload = true;
    desk.settle();
    let pods = desk.get("/api/v1/namespaces/somebody-else/pods");
    let pod = &pods["items"][0];
    assert_eq!((&pod["spec"]["nodeName"], &pod["status"]["phase"]), (&json!("n1"), &json!("Running")));
}

#[test]
fn mig_manager_restarts_what_needs_it_if_it_may() {
    let config = "nvidia.com/mig.config";
    let state = |desk: &mut Desk| labels(&desk.node("n1"))["nvidia.com/mig.config.state"].clone();
    let made = || vec![gpu("n1", &[(config, "all-2g.20gb")])];
    let mut without = desk(Stack::Operator, made());
    assert_eq!((state(&mut without), without.shows("n1").as_str()), ("failed".to_owned(), "gpu=1"));
    let mut with = desk(Stack::OperatorWithReboot, made());
    assert_eq!((state(&mut with), with.shows("n1").as_str()), ("rebooting".to_owned(), "gpu=1"));
    assert_eq!(with.kubernetes.take_reboots(), [with.nodes[0].uid.clone()]);
    let now = with.now;
    with.nodes[0].reboot(now, LATENCY / 4, "second".to_owned());
    with.settle();
    assert_eq!((state(&mut with), with.shows("n1").as_str()), ("success".to_owned(), "gpu=3"));
    // Once MIG is on, other slices need no restart.
    with.label("n1", config, &json!("all-1g.10gb"));
    with.settle();
    assert_eq!((state(&mut with), with.shows("n1").as_str()), ("success".to_owned(), "gpu=7"));
    assert!(with.kubernetes.take_reboots().is_empty());
}
