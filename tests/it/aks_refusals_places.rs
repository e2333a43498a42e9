//! Wrong names, places, sizes, labels, taints, times and ids on AKS fail at plan, at their attribute.

use crate::aks_pool::REAL_AKS;
use crate::mig_pool::{POOL, Pool};
use crate::mig_refusals::{offline, refused};
use crate::support::Checked;

#[track_caller]
fn refused_inside(pool: &Pool, attribute: &str) -> Checked {
    let workspace = offline();
    workspace.write("main.tf", &pool.hcl());
    workspace.plan().exits(1).says(POOL).says(attribute)
}

#[test]
fn names_follow_azures_rule() {
    for wrong in ["Mig", "1mig", "mig-1", "mig_1", "", "thirteenchars"] {
        refused(&Pool::real_aks().text("name", wrong), "name").says("12");
    }
    let prefixed = |prefix: &str| Pool::real_aks().unset("name").text("name_prefix", prefix);
    refused(&prefixed("ninechars"), "name_prefix").says("8");
    refused(&prefixed("mig-"), "name_prefix");
    refused(&prefixed("1mig"), "name_prefix");
    let workspace = offline();
    workspace.write("main.tf", &prefixed("eightchr").hcl());
    let name = workspace.plan_json()["resource_changes"][0]["change"]["after"]["name"].clone();
    assert_eq!(name.as_str().map(str::len), Some(12), "{name}");
}

#[test]
fn zones_are_numbers_of_azure() {
    for wrong in [r#"["eastus-1"]"#, r#"["4"]"#, r#"["a"]"#, "[]"] {
        refused(&Pool::real_aks().set("zones", wrong), "zones");
    }
    refused(&Pool::real_aks().set("zones", r#"["eastus-1"]"#), "zones").says(r#""1""#);
}

#[test]
fn sizes_exclude_each_other_and_make_sense() {
    let scaled = |limits: &str| Pool::real_aks().set("autoscaling", limits);
    refused(&scaled("{ min_nodes = 0, max_nodes = 2 }").set("node_count", "1"), "node_count")
        .says("autoscaling");
    refused_inside(&scaled("{ min_nodes = 3, max_nodes = 2 }"), "max_nodes");
    refused_inside(&scaled("{ min_nodes = 1, max_nodes = 2, initial_nodes = 5 }"), "initial_nodes");
    refused_inside(&scaled("{ min_nodes = 1, max_nodes = 1001 }"), "max_nodes").says("1000");
    refused(&Pool::real_aks().set("node_count", "1001"), "node_count").says("1000");
    refused(&Pool::real_aks().set("node_count", "-1"), "node_count");
}

#[test]
fn labels_of_kubernetes_and_azure_are_reserved() {
    for key in ["kubernetes.azure.com/scalesetpriority", "kubernetes.io/role", "node-role.kubernetes.io/gpu"]
    {
        let labels = format!("{{ \"{key}\" = \"x\" }}");
        refused(&Pool::real_aks().set("labels", &labels), "labels").says(key).says("reserved");
    }
}

#[test]
fn our_own_labels_are_ours() {
    for key in [
        "gpuslice/profile",
        "gpuslice/other",
        "nvidia.com/gpu.present",
        "nvidia.com/gpu.deploy.mig-manager",
        "nvidia.com/mig.config",
    ] {
        let labels = format!("{{ \"{key}\" = \"x\" }}");
        refused(&Pool::real_aks().set("labels", &labels), "labels").says(key);
    }
    let managed = Pool::real_aks().options(r#"gpu_stack = "managed""#);
    let labels = r#"{ "nvidia.com/gpu.deploy.operands" = "true" }"#;
    refused(&managed.set("labels", labels), "labels").says("nvidia.com/gpu.deploy.operands");
}

#[test]
fn the_providers_defaults_follow_the_same_rules() {
    let workspace = offline();
    for (wrong, key) in [
        (r#"default_labels = { "a b" = "x" }"#, "a b"),
        (r#"default_labels = { "kubernetes.azure.com/x" = "x" }"#, "kubernetes.azure.com/x"),
        (r#"default_tags = { "a<b" = "x" }"#, "a<b"),
    ] {
        let provider = format!("provider \"gpuslice\" {{\n {wrong}\n}}");
        workspace.write("main.tf", &Pool::real_aks().beside(&provider).hcl());
        workspace.plan().exits(1).says(key);
    }
}

#[test]
fn tags_follow_azures_rules() {
    for wrong in [r#"{ "a<b" = "x" }"#, r#"{ "a%b" = "x" }"#, r#"{ "a&b" = "x" }"#, r#"{ "a/b" = "x" }"#] {
        refused(&Pool::real_aks().set("tags", wrong), "tags");
    }
    // Azure takes both for one key.
    refused(&Pool::real_aks().set("tags", r#"{ Cost = "a", cost = "b" }"#), "tags").says("cost");
    let long = format!("{{ a = \"{}\" }}", "x".repeat(257));
    refused(&Pool::real_aks().set("tags", &long), "tags").says("256");
}

#[test]
fn taints_of_azure_and_of_ours_are_not_written_by_hand() {
    let with = |taint: &str| Pool::real_aks().set("taints", taint);
    let gpu = r#"[{ key = "nvidia.com/gpu", value = "present", effect = "NoSchedule" }]"#;
    refused(&with(gpu), "taints").says("gpu_taint");
    let spot =
        r#"[{ key = "kubernetes.azure.com/scalesetpriority", value = "spot", effect = "NoSchedule" }]"#;
    refused(&with(spot).text("capacity_type", "spot"), "taints")
        .says("kubernetes.azure.com/scalesetpriority");
    refused(&with(r#"[{ key = "a", effect = "NO_SCHEDULE" }]"#), "taints").says("NoSchedule");
}

#[test]
fn times_are_whole_minutes_within_azures_limits() {
    for (option, wrong) in [
        ("drain_timeout", "90s"),
        ("drain_timeout", "30"),
        ("drain_timeout", "25h"),
        ("node_soak", "31m"),
        ("node_soak", "10s"),
    ] {
        refused_inside(&Pool::real_aks().options(&format!("{option} = {wrong:?}")), option);
    }
}

#[test]
fn ids_are_ids_of_azure() {
    for option in [
        "vnet_subnet_id",
        "pod_subnet_id",
        "capacity_reservation_group_id",
        "proximity_placement_group_id",
        "snapshot_id",
    ] {
        for wrong in ["gpu", "/subscriptions/x", REAL_AKS] {
            let pool = Pool::real_aks().options(&format!("{option} = {wrong:?}"));
            refused_inside(&pool, option).says("/subscriptions/");
        }
    }
}

#[test]
fn words_that_are_a_choice_are_refused_with_the_choice() {
    for (option, wrong, choice) in [
        ("gpu_stack", "operator", "gpu_operator"),
        ("mode", "user", "User"),
        ("os_sku", "Windows2022", "AzureLinux"),
        ("scale_down_mode", "delete", "Deallocate"),
        ("undrainable_node_behavior", "Drain", "Cordon"),
        ("kubelet_disk_type", "Os", "Temporary"),
    ] {
        refused_inside(&Pool::real_aks().options(&format!("{option} = {wrong:?}")), option).says(choice);
    }
    refused(&Pool::real_aks().text("disk_type", "Premium_LRS"), "disk_type")
        .says("Ephemeral")
        .says("Managed");
}

#[test]
fn upgrades_must_be_able_to_go_on() {
    let with = |upgrade: &str| Pool::real_aks().set("upgrade", upgrade);
    refused_inside(&with(r#"{ max_surge = "0", max_unavailable = "0" }"#), "max_unavailable");
    for wrong in [r#"{ max_surge = "some" }"#, r#"{ max_surge = "101%" }"#, r#"{ max_surge = "0%" }"#] {
        refused_inside(&with(wrong), "max_surge");
    }
    let workspace = offline();
    workspace.write("main.tf", &with(r#"{ max_surge = "33%" }"#).hcl());
    workspace.plan().exits(2);
}

#[test]
fn a_version_is_one_of_kubernetes() {
    for wrong in ["latest", "1", "v1.34"] {
        refused(&Pool::real_aks().text("kubernetes_version", wrong), "kubernetes_version").says("1.3");
    }
}

#[test]
fn a_tag_that_makes_a_pool_a_managed_one_is_refused() {
    let tag = r#"{ EnableManagedGPUExperience = "true" }"#;
    refused(&Pool::real_aks().set("tags", tag), "tags").says("gpu_stack");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let pool = Pool::real_aks()
        .text("mig_profile", "9g.5gb")
        .text("name", "Mig-1")
        .set("zones", r#"["9"]"#)
        .options(r#"mode = "user""#);
    refused(&pool, "mig_profile").says(": name =").says(": zones =").says("aks.mode");
}
