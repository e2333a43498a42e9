//! Wrong names, places, sizes, labels and taints fail at plan, at the attribute and with the way out.

use crate::mig_pool::{POOL, Pool};
use crate::mig_refusals::{offline, refused};

/// The refusal of a configuration at plan for something that is missing, or that is inside a nested attribute: there
/// Terraform quotes no line but the resource's first.
#[track_caller]
fn refused_as_a_whole(pool: &Pool) -> crate::support::Checked {
    let workspace = offline();
    workspace.write("main.tf", &pool.hcl());
    workspace.plan().exits(1).says(POOL)
}

#[test]
fn a_bare_name_of_a_cluster_is_refused_with_the_attribute_that_is_meant() {
    let pool = Pool::real().text("cluster_id", "main").text("machine_type", "p4d.24xlarge");
    refused(&pool, "cluster_id").says(".arn");
}

#[test]
fn what_is_no_cluster_is_refused_with_the_form_of_one() {
    for wrong in ["projects/p/clusters/c", "https://example.com/", "arn:aws:eks:us-east-1:1:cluster/c", ""] {
        refused(&Pool::real().text("cluster_id", wrong), "cluster_id").says("projects/");
    }
}

#[test]
fn a_pool_has_one_name_and_only_one() {
    refused_as_a_whole(&Pool::real().unset("name")).says("name_prefix");
    refused(&Pool::real().text("name_prefix", "mig-"), "name_prefix").says("name");
}

#[test]
fn names_follow_gkes_rule() {
    let long = "a".repeat(41);
    for wrong in ["Mig", "1mig", "mig_1", "mig-", "", long.as_str()] {
        refused(&Pool::real().text("name", wrong), "name").says("name");
    }
    let prefix = "a".repeat(37);
    refused(&Pool::real().unset("name").text("name_prefix", &prefix), "name_prefix").says("36");
    refused(&Pool::real().unset("name").text("name_prefix", "-mig"), "name_prefix");
}

fn regional() -> Pool {
    Pool::real().text("cluster_id", "projects/acme-prod/locations/us-central1/clusters/main")
}

#[test]
fn a_region_needs_its_zones_told() {
    refused_as_a_whole(&regional()).says("zones").says("us-central1");
}

#[test]
fn a_count_is_a_multiple_of_the_zones() {
    let pool = regional().set("zones", r#"["us-central1-a", "us-central1-b", "us-central1-c"]"#);
    let refused = refused(&pool.clone().set("node_count", "4"), "node_count").says("3 zones");
    refused.says("multiple");
    refused_as_a_whole(&pool).says("node_count").says("multiple");
}

#[test]
fn zones_belong_to_the_region() {
    let pool = regional().set("node_count", "1").set("zones", r#"["europe-west4-a"]"#);
    refused(&pool, "zones").says("europe-west4-a").says("us-central1");
    let pool = regional().set("node_count", "1").set("zones", r#"["us-central1"]"#);
    refused(&pool, "zones").says("us-central1");
    refused(&Pool::real().set("zones", "[]"), "zones");
}

#[test]
fn sizes_exclude_each_other_and_make_sense() {
    let scaled = |limits: &str| Pool::real().set("autoscaling", limits);
    let both = scaled("{ min_nodes = 0, max_nodes = 2 }").set("node_count", "1");
    refused(&both, "node_count").says("autoscaling");
    refused_as_a_whole(&scaled("{ min_nodes = 3, max_nodes = 2 }")).says("max_nodes");
    refused_as_a_whole(&scaled("{ min_nodes = 0, max_nodes = 0 }"));
    refused_as_a_whole(&scaled("{ min_nodes = 1, max_nodes = 2, initial_nodes = 5 }"));
    refused(&Pool::real().set("node_count", "-1"), "node_count");
    refused(&Pool::real().set("node_count", "1.5"), "node_count");
}

#[test]
fn labels_keep_kubernetes_syntax() {
    for wrong in
        [r#"{ "a b" = "x" }"#, r#"{ "-a" = "x" }"#, r#"{ "Example.com/a" = "x" }"#, r#"{ a = "x y" }"#]
    {
        refused(&Pool::real().set("labels", wrong), "labels").says("label");
    }
    let long = format!("{{ a = \"{}\" }}", "x".repeat(64));
    refused(&Pool::real().set("labels", &long), "labels").says("63");
}

#[test]
fn labels_of_kubernetes_and_gke_are_reserved() {
    for key in ["kubernetes.io/role", "x.k8s.io/y", "cloud.google.com/gke-accelerator"] {
        let labels = format!("{{ \"{key}\" = \"x\" }}");
        refused(&Pool::real().set("labels", &labels), "labels").says(key).says("reserved");
    }
}

#[test]
fn our_own_labels_are_ours() {
    for key in ["gpuslice/profile", "gpuslice/sharing", "gpuslice/other", "nvidia.com/gpu.deploy.operands"] {
        let labels = format!("{{ \"{key}\" = \"x\" }}");
        refused(&Pool::real().set("labels", &labels), "labels").says(key);
    }
    let workspace = offline();
    let provider = "provider \"gpuslice\" {\n default_labels = { \"gpuslice/profile\" = \"x\" }\n}";
    workspace.write("main.tf", &Pool::real().beside(provider).hcl());
    workspace.plan().exits(1).says("default_labels").says("gpuslice/profile");
}

#[test]
fn a_label_that_takes_gkes_device_plugin_away_is_a_conflict() {
    let labels = r#"{ "gke-no-default-nvidia-gpu-device-plugin" = "true" }"#;
    refused(&Pool::real().set("labels", labels), "labels").says("device plugin");
}

#[test]
fn tags_follow_googles_rule() {
    for wrong in [r#"{ Cost = "x" }"#, r#"{ cost = "Research Dept" }"#, r#"{ "goog-gke-x" = "y" }"#] {
        refused(&Pool::real().set("tags", wrong), "tags");
    }
}

#[test]
fn the_gpu_taint_is_not_written_by_hand() {
    let taint = r#"[{ key = "nvidia.com/gpu", value = "present", effect = "NoSchedule" }]"#;
    refused(&Pool::real().set("taints", taint), "taints").says("gpu_taint");
}

#[test]
fn taints_are_kubernetes_taints() {
    let with = |taint: &str| Pool::real().set("taints", taint);
    refused(&with(r#"[{ key = "a", effect = "NO_SCHEDULE" }]"#), "taints").says("NoSchedule");
    refused(&with(r#"[{ key = "a b", effect = "NoSchedule" }]"#), "taints");
    let twice = r#"[{ key = "a", value = "x", effect = "NoSchedule" }, { key = "a", value = "y", effect = "NoSchedule" }]"#;
    refused(&with(twice), "taints").says("twice");
}

#[test]
fn words_that_are_a_choice_are_refused_with_the_choice() {
    refused(&Pool::real().text("capacity_type", "Spot"), "capacity_type").says("on_demand").says("spot");
    refused(&Pool::real().text("on_incomplete", "ignore"), "on_incomplete").says("keep").says("fail");
    let driver = Pool::real().set("gke", r#"{ driver_version = "newest" }"#);
    refused_as_a_whole(&driver).says("LATEST");
}

#[test]
fn durations_have_a_unit() {
    for wrong in ["90", "1 hour", "-5m", ""] {
        let pool = Pool::real().timeouts(&format!("create = {wrong:?}"));
        refused(&pool, "create").says("1h30m");
    }
    let soak = Pool::real().set("gke", r#"{ blue_green = { node_pool_soak = "3600" } }"#);
    refused_as_a_whole(&soak);
}

#[test]
fn upgrades_must_be_able_to_go_on() {
    let with = |upgrade: &str| Pool::real().set("upgrade", upgrade);
    refused_as_a_whole(&with(r#"{ max_surge = "0", max_unavailable = "0" }"#));
    refused_as_a_whole(&with(r#"{ max_surge = "some" }"#));
    // GKE counts in nodes.
    refused_as_a_whole(&with(r#"{ max_surge = "33%" }"#)).says("GKE");
    refused_as_a_whole(&with(r#"{ max_surge = "15", max_unavailable = "10" }"#)).says("20");
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    let with = |gke: &str| Pool::real().set("gke", gke);
    refused_as_a_whole(&with(r#"{ driver_version = "SPECIFIC" }"#)).says("driver_specific_version");
    let both = r#"{ driver_version = "LATEST", driver_specific_version = "580.95.05" }"#;
    refused_as_a_whole(&with(both)).says("SPECIFIC");
    refused_as_a_whole(&with(r#"{ reservation = { type = "SPECIFIC_RESERVATION" } }"#)).says("name");
    let flex = with("{ flex_start = true }").text("capacity_type", "spot");
    refused_as_a_whole(&flex).says("spot");
    let both = r#"{ blue_green = { batch_node_count = 1, batch_percentage = 50 } }"#;
    refused_as_a_whole(&with(both)).says("batch_percentage");
}

#[test]
fn limits_of_pods_and_disks_are_gkes() {
    refused(&Pool::real().set("max_pods", "300"), "max_pods").says("256");
    refused(&Pool::real().set("max_pods", "4"), "max_pods").says("8");
    refused(&Pool::real().set("disk_size_gb", "5"), "disk_size_gb");
}

#[test]
fn fewer_pods_than_slices_are_warned_of_with_the_number_to_set() {
    let workspace = offline();
    let pool = Pool::real().text("machine_type", "a2-highgpu-8g").set("max_pods", "32");
    workspace.write("main.tf", &pool.hcl());
    workspace.plan().exits(2).says("56 slices").says("66");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let pool =
        Pool::real().text("mig_profile", "9g.5gb").text("name", "Mig").set("labels", r#"{ "a b" = "x" }"#);
    refused(&pool, "mig_profile").says(": name =").says(": labels =");
}
