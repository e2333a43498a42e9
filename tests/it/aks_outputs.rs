//! What a pool on AKS says of itself: NVIDIA's figures, known at plan, and what was sent to Azure.

use serde_json::{Value, json};

use crate::mig_desk::Desk;
use crate::mig_pool::{POOL, Pool};
use crate::support::json;

/// A figure that need not be exact to the last binary place.
#[track_caller]
fn near(value: &Value, expected: f64) {
    let seen = value.as_f64().unwrap_or_else(|| panic!("{value} is no number"));
    assert!((seen - expected).abs() < 0.001, "{seen} instead of {expected}");
}

/// The planned values, which nothing later contradicts.
#[track_caller]
fn planned(desk: &Desk, pool: &Pool) -> Value {
    json::change(&desk.planned(pool), POOL)["after"].clone()
}

#[test]
fn seven_slices_of_an_a100_with_80_gb() {
    let desk = Desk::aks();
    let slices = planned(&desk, &Pool::aks().set("node_count", "3"))["slices"].clone();
    assert_eq!(
        (&slices["per_gpu"], &slices["per_node"], &slices["total"]),
        (&json!(7), &json!(7), &json!(21))
    );
    near(&slices["memory_gib"], 9.5);
    assert_eq!(slices["sm_count"], 14);
    near(&slices["compute_share"], 14.0 / 98.0);
    near(&slices["wasted_memory_gib"], 78.5 - 7.0 * 9.5);
    near(&slices["wasted_compute"], 0.0);
    assert_eq!(slices["resource_name"], "nvidia.com/gpu");
}

#[test]
fn a_4g_slice_leaves_half_of_the_gpu_idle() {
    let desk = Desk::aks();
    let slices = planned(&desk, &Pool::aks().text("mig_profile", "4g.40gb"))["slices"].clone();
    assert_eq!((&slices["per_gpu"], &slices["total"]), (&json!(1), &json!(1)));
    near(&slices["wasted_memory_gib"], 78.5 - 39.25);
    near(&slices["wasted_compute"], 42.0 / 98.0);
}

#[test]
fn an_h100_nvl_has_94_gb_and_so_have_its_slices() {
    let desk = Desk::aks();
    let nvl = Pool::aks().text("machine_type", "Standard_NC40ads_H100_v5").text("mig_profile", "1g.12gb");
    let slices = planned(&desk, &nvl)["slices"].clone();
    near(&slices["memory_gib"], 10.75);
    assert_eq!((&slices["per_gpu"], &slices["sm_count"]), (&json!(7), &json!(16)));
}

#[test]
fn what_is_sent_is_what_was_planned() {
    let provider = "provider \"gpuslice\" {\n default_labels = { tier = \"gpu\" }\n default_tags = { Owner = \"ml\" }\n}";
    for stack in ["device_plugin", "gpu_operator", "managed"] {
        let desk = Desk::aks();
        let pool = Pool::aks()
            .set("labels", r#"{ team = "ml" }"#)
            .set("tags", r#"{ Cost = "research" }"#)
            .options(&format!("gpu_stack = {stack:?}"))
            // No GPU operator is installed here.
            .text("slice_check", if stack == "gpu_operator" { "off" } else { "warn" })
            .beside(provider);
        let planned = planned(&desk, &pool);
        desk.settle(&pool);
        let (state, sent) = (desk.state(), desk.sent());
        assert_eq!(state["effective_labels"], sent["nodeLabels"], "{stack}");
        assert_eq!(state["effective_tags"], sent["tags"], "{stack}");
        assert_eq!(sent["tags"], json!({"Cost": "research", "Owner": "ml"}));
        assert_eq!(sent["nodeLabels"]["tier"], "gpu");
        assert_eq!(state["native"]["gpuInstanceProfile"], sent["gpuInstanceProfile"]);
        for (name, value) in state["native"].as_object().expect("a map") {
            let label = name.strip_prefix("nodeLabels.").and_then(|label| sent["nodeLabels"].get(label));
            let found = label.or_else(|| sent.get(name)).or_else(|| find(&sent, name));
            assert_eq!(found, Some(value), "{stack}: {name} in {sent:#}");
        }
        for name in ["native", "effective_labels", "effective_tags", "slices", "scheduling"] {
            assert_eq!(planned[name], state[name], "{name} was known at plan");
        }
    }
}

/// A property by its name, or by its path with dots.
fn find<'a>(sent: &'a Value, name: &str) -> Option<&'a Value> {
    sent.pointer(&format!("/{}", name.replace('.', "/"))).or_else(|| match sent {
        Value::Object(fields) => {
            fields.values().find_map(|value| value.get(name).or_else(|| find(value, name)))
        }
        _ => None,
    })
}

#[test]
fn the_gpu_taint_is_sent_once_and_is_not_the_users() {
    let desk = Desk::aks();
    desk.settle(&Pool::aks().set("taints", r#"[{ key = "team", value = "ml", effect = "NoSchedule" }]"#));
    let mut sent: Vec<String> = serde_json::from_value(desk.sent()["nodeTaints"].clone()).expect("taints");
    sent.sort();
    assert_eq!(sent, ["nvidia.com/gpu=present:NoSchedule", "team=ml:NoSchedule"]);
    let state = desk.state();
    assert_eq!(state["taints"], json!([{"key": "team", "value": "ml", "effect": "NoSchedule"}]));
    assert_eq!(state["gpu_taint"], true);
    let without = Desk::aks();
    without.settle(&Pool::aks().set("gpu_taint", "false"));
    assert!(without.sent()["nodeTaints"].as_array().is_none_or(Vec::is_empty));
}

#[test]
fn a_plan_needs_neither_cluster_nor_account() {
    let workspace = crate::mig_refusals::offline();
    workspace.write("main.tf", &Pool::real_aks().hcl());
    workspace
        .plan()
        .exits(2)
        .says("Plan: 1 to add")
        .says(r#"+ "gpuslice/profile" = "1g.10gb""#)
        .says(r#"+ "gpuInstanceProfile" = "MIG1g""#)
        .never_says("Warning: sandbox");
}
