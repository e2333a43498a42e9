//! Pools on AKS come, stand and go: with each stack, each way of counting nodes, in zones, as spot machines.

use serde_json::{Value, json};

use crate::aks_pool::{AKS, MACHINE};
use crate::mig_desk::{Desk, slices};
use crate::mig_pool::{NAME, POOL, Pool};
use crate::support::json;

#[test]
fn a_pool_is_asked_for_in_azures_words() {
    let desk = Desk::aks();
    desk.settle(&Pool::aks().set("node_count", "2"));
    let creates = desk.creates();
    assert_eq!(creates.len(), 1);
    assert!(
        creates[0]["url"].as_str().is_some_and(|url| url.ends_with("/agentPools/mig?api-version=2026-08-01"))
    );
    let sent = desk.sent();
    for (name, value) in [
        ("count", json!(2)),
        ("vmSize", json!(MACHINE)),
        ("gpuInstanceProfile", json!("MIG1g")),
        ("mode", json!("User")),
        ("osType", json!("Linux")),
        ("type", json!("VirtualMachineScaleSets")),
        ("nodeTaints", json!(["nvidia.com/gpu=present:NoSchedule"])),
    ] {
        assert_eq!(sent[name], value, "{name}");
    }
    // What nobody asked for is left to AKS.
    for name in
        ["gpuProfile", "maxPods", "osDiskSizeGB", "osSKU", "scaleSetPriority", "spotMaxPrice", "minCount"]
    {
        assert!(sent[name].is_null(), "{name}: {sent:#}");
    }
    // What only AKS writes is not sent.
    for name in ["eTag", "provisioningState", "currentOrchestratorVersion", "nodeImageVersion", "status"] {
        assert!(sent[name].is_null(), "{name}: {sent:#}");
    }
}

#[test]
fn each_stack_gets_its_labels_and_stands() {
    let present = ("nvidia.com/gpu.present", "true");
    let no_mig_manager = ("nvidia.com/gpu.deploy.mig-manager", "false");
    let no_operands = ("nvidia.com/gpu.deploy.operands", "false");
    let all = [present, no_mig_manager, no_operands];
    for (stack, expected) in [
        ("null", vec![present, no_mig_manager]),
        (r#""device_plugin""#, vec![present, no_mig_manager]),
        (r#""gpu_operator""#, vec![no_mig_manager]),
        (r#""managed""#, vec![no_operands]),
    ] {
        let desk = Desk::aks();
        // No GPU operator is installed here, so nobody waits for its slices.
        let operated = stack.contains("operator");
        let look = if operated { "off" } else { "warn" };
        desk.settle(&Pool::aks().options(&format!("gpu_stack = {stack}")).text("slice_check", look));
        let sent = desk.sent();
        for (key, value) in all {
            let wanted = if expected.contains(&(key, value)) { json!(value) } else { Value::Null };
            assert_eq!(sent["nodeLabels"][key], wanted, "{stack} {key}");
        }
        assert_eq!(sent["nodeLabels"]["gpuslice/profile"], "1g.10gb");
        assert_eq!(sent["nodeLabels"]["gpuslice/sharing"], "none");
        assert_eq!(sent["gpuInstanceProfile"], "MIG1g");
        let managed = stack.contains("managed");
        let gpu_profile = json!({"driver": "Install", "nvidia": {"managementMode": "Managed"}});
        assert_eq!(sent["gpuProfile"], if managed { gpu_profile } else { Value::Null }, "{stack}");
        let shown = if stack == "null" { "device_plugin" } else { stack.trim_matches('"') };
        assert_eq!(desk.state()["aks"]["gpu_stack"], shown);
        if !operated {
            desk.await_slices(7);
        }
        desk.workspace.destroy().success();
        assert!(!desk.exists(AKS));
    }
}

#[test]
fn a_managed_pool_offers_what_was_planned_after_its_restart() {
    for (profile, count) in [("1g.10gb", 7), ("2g.20gb", 3), ("3g.40gb", 2), ("4g.40gb", 1), ("7g.80gb", 1)] {
        let desk = Desk::aks();
        let pool = Pool::aks().text("mig_profile", profile).options(r#"gpu_stack = "managed""#);
        desk.settle(&pool);
        assert_eq!(desk.state()["slices"]["total"], count, "{profile}");
        desk.await_slices(count);
        assert!(desk.nodes().iter().all(|node| slices(node) == count));
    }
}

#[test]
fn mixed_names_slices_by_their_profile() {
    let desk = Desk::aks();
    desk.settle(&Pool::aks().text("mig_strategy", "mixed").text("mig_profile", "2g.20gb"));
    let state = desk.state();
    assert_eq!(state["slices"]["resource_name"], "nvidia.com/mig-2g.20gb");
    assert_eq!(state["scheduling"]["resource_limits"], json!({"nvidia.com/mig-2g.20gb": "1"}));
    assert_eq!(desk.sent()["gpuInstanceProfile"], "MIG2g");
    // The strategy is the device plugin's, not the cloud's.
    let single = Pool::aks().text("mig_profile", "2g.20gb");
    let changed = desk.update(&single).keeps_nodes();
    assert!(
        changed.requests.iter().all(|put| put["request_body"]["properties"]["gpuInstanceProfile"] == "MIG2g")
    );
    assert_eq!(desk.state()["slices"]["resource_name"], "nvidia.com/gpu");
}

#[test]
fn spot_machines_come_with_their_conditions_and_no_drift() {
    let desk = Desk::aks();
    let pool = Pool::aks()
        .text("capacity_type", "spot")
        .options(r#"eviction_policy = "Deallocate", spot_max_price = 1.23456"#);
    desk.settle(&pool);
    let sent = desk.sent();
    assert_eq!(
        (&sent["scaleSetPriority"], &sent["scaleSetEvictionPolicy"], &sent["spotMaxPrice"]),
        (&json!("Spot"), &json!("Deallocate"), &json!(1.23456))
    );
    // AKS adds a label and a taint of its own, which are nobody's difference.
    let node = desk.nodes()[0].clone();
    assert_eq!(node["labels"]["kubernetes.azure.com/scalesetpriority"], "spot");
    assert_eq!(node["taints"].as_array().map(Vec::len), Some(2), "{node:#}");
    let state = desk.state();
    assert!(state["taints"].is_null() && state["labels"].is_null(), "{state:#}");
    let spot = json!({"key": "kubernetes.azure.com/scalesetpriority", "operator": "Equal", "value": "spot",
        "effect": "NoSchedule"});
    assert!(
        state["scheduling"]["tolerations"].as_array().is_some_and(|list| list.contains(&spot)),
        "{state:#}"
    );
    // Whoever writes nothing gets what AKS chose, and an update keeps all of it.
    let bare = Pool::aks().text("capacity_type", "spot");
    desk.write(&bare);
    desk.workspace.assert_empty_plan();
    desk.update(&bare.set("labels", r#"{ team = "ml" }"#)).keeps_nodes();
    let live = desk.properties();
    assert_eq!((&live["scaleSetPriority"], &live["spotMaxPrice"]), (&json!("Spot"), &json!(1.23456)));
    assert_eq!(live["scaleSetEvictionPolicy"], "Deallocate");
}

#[test]
fn a_spot_pool_without_conditions_and_any_price_stands() {
    let desk = Desk::aks();
    desk.settle(&Pool::aks().text("capacity_type", "spot"));
    assert_eq!(desk.state()["aks"]["spot_max_price"], -1);
    assert_eq!(desk.state()["aks"]["eviction_policy"], "Delete");
    desk.write(&Pool::aks().text("capacity_type", "spot").options("spot_max_price = -1"));
    desk.workspace.assert_empty_plan();
}

#[test]
fn an_autoscaled_pool_begins_with_initial_nodes_or_the_fewest() {
    let desk = Desk::aks();
    let scaling = "{ min_nodes = 0, max_nodes = 4, initial_nodes = 2 }";
    let pool = Pool::aks().set("autoscaling", scaling);
    desk.write(&pool);
    // From zero, the autoscaler starts a node for each pending pod before it sees how many slices one has.
    desk.workspace.plan().exits(2).says("Warning").says("min_nodes");
    desk.settle(&pool);
    let sent = desk.sent();
    for (name, value) in [
        ("enableAutoScaling", json!(true)),
        ("minCount", json!(0)),
        ("maxCount", json!(4)),
        ("count", json!(2)),
    ] {
        assert_eq!(sent[name], value, "{name}");
    }
    let state = desk.state();
    assert!(state["node_count"].is_null() && state["slices"]["total"].is_null(), "{state:#}");
    desk.replace(
        &pool.set("autoscaling", "{ min_nodes = 1, max_nodes = 4 }").text("name", "other"),
        &["name"],
    );
    assert_eq!(desk.creates()[1]["request_body"]["properties"]["count"], 1);
}

#[test]
fn zones_are_sent_and_machines_stand_in_them() {
    let desk = Desk::aks();
    let zoned = Pool::aks().set("zones", r#"["2", "1"]"#).set("node_count", "3");
    desk.settle(&zoned);
    let mut sent: Vec<String> =
        serde_json::from_value(desk.sent()["availabilityZones"].clone()).expect("zones");
    sent.sort();
    assert_eq!(sent, ["1", "2"]);
    let zones: std::collections::BTreeSet<_> =
        desk.nodes().iter().map(|node| node["zone"].to_string()).collect();
    assert_eq!((desk.nodes().len(), zones.len()), (3, 2), "a count needs no multiple of the zones on AKS");
    let plan = desk.planned(&zoned.set("zones", r#"["1", "2", "3"]"#));
    crate::mig_change::assert_replaces(&plan, &["zones"]);
}

#[test]
fn without_zones_none_are_asked_for() {
    let desk = Desk::aks();
    desk.settle(&Pool::aks());
    assert!(desk.sent()["availabilityZones"].is_null());
    assert!(desk.state()["zones"].is_null());
}

#[test]
fn tags_come_back_as_planned_in_whatever_case_azure_shows_them() {
    let desk = Desk::aks();
    let pool =
        |team: &str| Pool::aks().set("tags", &format!("{{ CostCenter = \"R&D\", \"team\" = \"{team}\" }}"));
    desk.settle(&pool("ml"));
    let sent = desk.sent()["tags"].clone();
    assert_eq!(sent, json!({"CostCenter": "R&D", "team": "ml"}));
    // Somebody, or Azure itself, writes them in another case.
    desk.az_update(|properties| properties["tags"] = json!({"costcenter": "R&D", "TEAM": "ml"}));
    desk.workspace.assert_empty_plan();
    assert_eq!(desk.state()["tags"], json!({"CostCenter": "R&D", "team": "ml"}));
    // A changed value is one change, and does not make a second key.
    desk.update(&pool("infra")).keeps_nodes();
    assert_eq!(desk.live_tags(), json!({"costcenter": "R&D", "team": "infra"}));
    assert_eq!(desk.properties()["tags"].as_object().map(serde_json::Map::len), Some(2));
    desk.update(&Pool::aks()).keeps_nodes();
    assert_eq!(desk.live_tags(), json!({}));
}

#[test]
fn vm_sizes_and_ids_are_the_same_in_any_case() {
    let desk = Desk::aks();
    desk.settle(&Pool::aks());
    let odd = AKS
        .replace("resourceGroups/sandbox", "resourcegroups/SANDBOX")
        .replace("managedClusters", "managedclusters");
    for pool in [
        Pool::aks().text("machine_type", "standard_nc24ADS_a100_V4"),
        Pool::aks().text("cluster_id", &odd),
        Pool::aks().text("cluster_id", &AKS.to_uppercase()),
    ] {
        desk.write(&pool);
        desk.workspace.assert_empty_plan();
    }
    let odd = Pool::aks().text("cluster_id", &odd).text("machine_type", "standard_nc24ads_a100_v4");
    let other = Desk::aks();
    other.settle(&odd);
    other.write(&Pool::aks());
    other.workspace.assert_empty_plan();
    other.workspace.destroy().success();
    assert!(!other.exists(AKS));
}

#[test]
fn every_vm_size_is_cut_by_the_value_that_means_its_profile() {
    for (machine_type, profile, value, per_node) in [
        ("Standard_NC48ads_A100_v4", "3g.40gb", "MIG3g", 4),
        ("Standard_ND96asr_v4", "1g.5gb", "MIG1g", 56),
        ("Standard_NC40ads_H100_v5", "1g.12gb", "MIG1g", 7),
        ("Standard_ND96isr_H100_v5", "2g.20gb", "MIG2g", 24),
        ("Standard_ND96isr_H200_v5", "7g.141gb", "MIG7g", 8),
    ] {
        let desk = Desk::aks();
        let pool = Pool::aks()
            .text("machine_type", machine_type)
            .text("mig_profile", profile)
            .set("max_pods", "110");
        let planned = json::change(&desk.planned(&pool), POOL)["after"].clone();
        assert_eq!(planned["native"]["gpuInstanceProfile"], value, "{machine_type} {profile}");
        assert_eq!(planned["slices"]["per_node"], per_node, "{machine_type} {profile}");
        desk.settle(&pool);
        assert_eq!(desk.sent()["gpuInstanceProfile"], value);
        desk.await_slices(per_node);
        assert_eq!(desk.state()["slices"], planned["slices"]);
    }
}

#[test]
fn pools_stand_side_by_side_and_one_goes_alone() {
    let desk = Desk::aks();
    let many = |names: &str| Pool::aks().set("for_each", &format!("toset({names})")).set("name", "each.key");
    desk.settle(&many(r#"["a", "b", "c"]"#));
    desk.settle(&many(r#"["a", "c", "d"]"#)).says("1 added, 0 changed, 1 destroyed");
    let known = json::addresses(&desk.workspace.show_json());
    assert_eq!(known.len(), 3);
    assert!(desk.sandbox.nodes_of(AKS, "b").is_empty() && !desk.sandbox.nodes_of(AKS, "d").is_empty());
    assert!(desk.sandbox.nodes_of(AKS, NAME).is_empty());
}
