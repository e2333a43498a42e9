//! The `aks` object: each option under the name that Azure gives it, and what omitting and removing it means.

use serde_json::{Value, json};

use crate::aks_pool::AKS;
use crate::mig_desk::Desk;
use crate::mig_pool::{POOL, Pool};

const RESOURCES: &str =
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/sandbox/providers";

/// Every option that goes together with the others, with values that are not the defaults.
pub(crate) fn everything() -> String {
    format!(
        r#"{{
    gpu_stack                     = "gpu_operator"
    gpu_driver                    = "Install"
    mode                          = "User"
    os_sku                        = "Ubuntu2404"
    vnet_subnet_id                = "{RESOURCES}/Microsoft.Network/virtualNetworks/v/subnets/nodes"
    pod_subnet_id                 = "{RESOURCES}/Microsoft.Network/virtualNetworks/v/subnets/pods"
    capacity_reservation_group_id = "{RESOURCES}/Microsoft.Compute/capacityReservationGroups/c"
    proximity_placement_group_id  = "{RESOURCES}/Microsoft.Compute/proximityPlacementGroups/p"
    snapshot_id                   = "{RESOURCES}/Microsoft.ContainerService/snapshots/s"
    host_encryption_enabled       = true
    fips_enabled                  = true
    node_public_ip_enabled        = true
    scale_down_mode               = "Deallocate"
    kubelet_disk_type             = "Temporary"
    drain_timeout                 = "45m"
    node_soak                     = "3m"
    undrainable_node_behavior     = "Cordon"
    ignore_pod_disruption_budget  = false
    kubelet_config = {{
      cpu_manager_policy        = "static"
      cpu_cfs_quota_enabled     = false
      cpu_cfs_quota_period      = "200ms"
      image_gc_high_threshold   = 90
      image_gc_low_threshold    = 70
      topology_manager_policy   = "single-numa-node"
      allowed_unsafe_sysctls    = ["kernel.msg*", "net.core.somaxconn"]
      container_log_max_size_mb = 20
      container_log_max_files   = 4
      pod_max_pids              = 1000
    }}
  }}"#
    )
}

fn pool() -> Pool {
    Pool::aks()
        .set("aks", &everything())
        .set("disk_size_gb", "256")
        .text("disk_type", "Managed")
        .set("max_pods", "64")
        .set("upgrade", r#"{ max_surge = "50%", max_unavailable = "0" }"#)
        // No GPU operator is installed here, so nobody waits for its slices.
        .text("slice_check", "off")
}

#[test]
fn every_option_arrives_under_azures_name() {
    let desk = Desk::aks();
    desk.settle(&pool());
    let sent = desk.sent();
    for (pointer, expected) in [
        ("/gpuProfile/driver", json!("Install")),
        ("/mode", json!("User")),
        ("/osSKU", json!("Ubuntu2404")),
        ("/vnetSubnetID", json!(format!("{RESOURCES}/Microsoft.Network/virtualNetworks/v/subnets/nodes"))),
        ("/podSubnetID", json!(format!("{RESOURCES}/Microsoft.Network/virtualNetworks/v/subnets/pods"))),
        (
            "/capacityReservationGroupID",
            json!(format!("{RESOURCES}/Microsoft.Compute/capacityReservationGroups/c")),
        ),
        (
            "/proximityPlacementGroupID",
            json!(format!("{RESOURCES}/Microsoft.Compute/proximityPlacementGroups/p")),
        ),
        (
            "/creationData/sourceResourceId",
            json!(format!("{RESOURCES}/Microsoft.ContainerService/snapshots/s")),
        ),
        ("/enableEncryptionAtHost", json!(true)),
        ("/enableFIPS", json!(true)),
        ("/enableNodePublicIP", json!(true)),
        ("/scaleDownMode", json!("Deallocate")),
        ("/kubeletDiskType", json!("Temporary")),
        ("/osDiskSizeGB", json!(256)),
        ("/osDiskType", json!("Managed")),
        ("/maxPods", json!(64)),
        ("/upgradeSettings/drainTimeoutInMinutes", json!(45)),
        ("/upgradeSettings/nodeSoakDurationInMinutes", json!(3)),
        ("/upgradeSettings/undrainableNodeBehavior", json!("Cordon")),
        ("/upgradeSettings/maxSurge", json!("50%")),
        ("/kubeletConfig/cpuManagerPolicy", json!("static")),
        ("/kubeletConfig/cpuCfsQuota", json!(false)),
        ("/kubeletConfig/cpuCfsQuotaPeriod", json!("200ms")),
        ("/kubeletConfig/imageGcHighThreshold", json!(90)),
        ("/kubeletConfig/imageGcLowThreshold", json!(70)),
        ("/kubeletConfig/topologyManagerPolicy", json!("single-numa-node")),
        ("/kubeletConfig/containerLogMaxSizeMB", json!(20)),
        ("/kubeletConfig/containerLogMaxFiles", json!(4)),
        ("/kubeletConfig/podMaxPids", json!(1000)),
    ] {
        assert_eq!(sent.pointer(pointer), Some(&expected), "{pointer} in {sent:#}");
    }
    let sysctls = &sent["kubeletConfig"]["allowedUnsafeSysctls"];
    assert!(sysctls.as_array().is_some_and(|list| list.len() == 2 && list.contains(&json!("kernel.msg*"))));

    let state = desk.state()["aks"].clone();
    assert_eq!(state["kubelet_config"]["cpu_cfs_quota_period"], "200ms");
    assert_eq!((&state["drain_timeout"], &state["fips_enabled"]), (&json!("45m"), &json!(true)));
    // An update keeps all of it.
    desk.update(&pool().set("labels", r#"{ team = "ml" }"#)).keeps_nodes();
    let live = desk.properties();
    assert_eq!(live["kubeletConfig"], sent["kubeletConfig"]);
    assert_eq!(live["creationData"], sent["creationData"]);
}

#[test]
fn every_option_that_is_removed_stays_as_it_is() {
    let desk = Desk::aks();
    desk.settle(&pool());
    let bare = Pool::aks().options(r#"gpu_stack = "gpu_operator""#);
    desk.write(&bare);
    desk.workspace.apply().success();
    desk.workspace.assert_empty_plan();
    let state = desk.state();
    for (option, value) in [
        ("os_sku", json!("Ubuntu2404")),
        ("host_encryption_enabled", json!(true)),
        ("kubelet_disk_type", json!("Temporary")),
        ("scale_down_mode", json!("Deallocate")),
        ("drain_timeout", json!("45m")),
    ] {
        assert_eq!(state["aks"][option], value, "{option}");
    }
    assert_eq!((&state["disk_size_gb"], &state["max_pods"]), (&json!(256), &json!(64)));
    assert_eq!(desk.changes(0).len(), 1, "nothing was asked of AKS after the creation");
    // One of them may be written again, and the others still stay.
    desk.update(&bare.options(r#"gpu_stack = "gpu_operator", scale_down_mode = "Delete""#)).keeps_nodes();
    assert_eq!(desk.properties()["kubeletDiskType"], "Temporary");
}

#[test]
fn options_that_are_omitted_are_what_aks_made_of_them() {
    let desk = Desk::aks();
    desk.settle(&Pool::aks());
    let (state, live) = (desk.state(), desk.properties());
    for (option, property) in [("os_sku", "osSKU"), ("mode", "mode"), ("scale_down_mode", "scaleDownMode")] {
        assert!(live[property].is_string(), "AKS fills it in: {live:#}");
        assert_eq!(state["aks"][option], live[property], "{option}");
    }
    assert_eq!(state["aks"]["gpu_driver"], "Install");
    assert_eq!(state["aks"]["host_encryption_enabled"], false);
    assert!(
        state["aks"]["vnet_subnet_id"].is_null() && state["aks"]["spot_max_price"].is_null(),
        "{state:#}"
    );
    for (attribute, property) in
        [("disk_size_gb", "osDiskSizeGB"), ("disk_type", "osDiskType"), ("max_pods", "maxPods")]
    {
        assert!(!live[property].is_null(), "AKS fills it in: {live:#}");
        assert_eq!(state[attribute], live[property], "{attribute}");
    }
    // Writing what is there already is no change.
    let written = Pool::aks()
        .options(r#"mode = "User", os_sku = "Ubuntu", scale_down_mode = "Delete", gpu_driver = "Install", fips_enabled = false"#)
        .set("disk_size_gb", &live["osDiskSizeGB"].to_string())
        .set("disk_type", &live["osDiskType"].to_string())
        .set("max_pods", &live["maxPods"].to_string());
    desk.write(&written);
    desk.workspace.assert_empty_plan();
}

#[test]
fn an_empty_object_is_as_good_as_none() {
    let desk = Desk::aks();
    desk.settle(&Pool::aks().set("aks", "{}"));
    for aks in
        ["null", "{ gpu_stack = null, kubelet_config = null, drain_timeout = null, spot_max_price = null }"]
    {
        desk.write(&Pool::aks().set("aks", aks));
        desk.workspace.assert_empty_plan();
    }
    desk.write(&Pool::aks());
    desk.workspace.assert_empty_plan();
}

#[test]
fn one_spelling_of_a_duration_is_as_good_as_another() {
    let desk = Desk::aks();
    let drain = |text: &str| Pool::aks().options(&format!("drain_timeout = \"{text}\""));
    desk.settle(&drain("90m"));
    let before = desk.changes(0).len();
    desk.write(&drain("1h30m"));
    desk.workspace.apply().success();
    assert_eq!(desk.changes(before), Vec::<Value>::new());
    desk.workspace.assert_empty_plan();
}

#[test]
fn a_kubelet_is_configured_in_part() {
    let desk = Desk::aks();
    let with = |kubelet: &str| Pool::aks().options(&format!("kubelet_config = {{ {kubelet} }}"));
    desk.settle(&with(r#"topology_manager_policy = "single-numa-node""#));
    assert_eq!(desk.sent()["kubeletConfig"], json!({"topologyManagerPolicy": "single-numa-node"}));
    // Half of the object removed, and the other half, is nothing to do; another value is another pool.
    desk.write(&with(""));
    desk.workspace.assert_empty_plan();
    let plan = desk.planned(&with(r#"topology_manager_policy = "restricted""#));
    assert_eq!(crate::support::json::actions(&plan, POOL), ["delete", "create"]);
}

#[test]
fn a_pool_of_the_system_is_one_when_it_is_said() {
    let desk = Desk::aks();
    let system = Pool::aks().options(r#"mode = "System""#).set("gpu_taint", "false");
    desk.settle(&system);
    assert_eq!(desk.sent()["mode"], "System");
    assert!(desk.sent()["nodeTaints"].as_array().is_none_or(Vec::is_empty));
    assert_eq!(desk.state()["scheduling"]["tolerations"], json!([]));
    assert!(desk.exists(AKS));
}
