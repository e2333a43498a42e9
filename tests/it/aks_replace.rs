//! Changes on AKS for which there has to be a new pool, and those that only look so.

use crate::aks_pool::AKS;
use crate::clouds::Cloud;
use crate::mig_change::assert_replaces;
use crate::mig_desk::Desk;
use crate::mig_pool::Pool;
use crate::mig_replace::replaced;

const SUBNET: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/sandbox/providers/\
                      Microsoft.Network/virtualNetworks/v/subnets/gpu";

#[test]
fn what_aks_refuses_to_change_is_planned_as_another_pool() {
    let desk = Desk::aks();
    desk.settle(&Pool::aks());
    let group = |kind: &str| {
        format!(
            "\"/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/sandbox/providers/{kind}/g\""
        )
    };
    for (option, value) in [
        ("gpu_stack", r#""managed""#.to_owned()),
        ("gpu_stack", r#""gpu_operator""#.to_owned()),
        ("vnet_subnet_id", format!("{SUBNET:?}")),
        ("pod_subnet_id", format!("{SUBNET:?}")),
        ("capacity_reservation_group_id", group("Microsoft.Compute/capacityReservationGroups")),
        ("proximity_placement_group_id", group("Microsoft.Compute/proximityPlacementGroups")),
        ("snapshot_id", group("Microsoft.ContainerService/snapshots")),
        ("host_encryption_enabled", "true".to_owned()),
        ("fips_enabled", "true".to_owned()),
        ("node_public_ip_enabled", "true".to_owned()),
        ("kubelet_disk_type", r#""Temporary""#.to_owned()),
    ] {
        let plan = desk.planned(&Pool::aks().options(&format!("{option} = {value}")));
        assert_replaces(&plan, &[&format!("aks.{option}")]);
    }
    let kubelet = desk.actions(&Pool::aks().options(r#"kubelet_config = { cpu_manager_policy = "static" }"#));
    assert_eq!(kubelet, ["delete", "create"]);
    for (attribute, value) in
        [("disk_size_gb", "300"), ("disk_type", r#""Managed""#), ("max_pods", "110"), ("zones", r#"["1"]"#)]
    {
        assert_replaces(&desk.planned(&Pool::aks().set(attribute, value)), &[attribute]);
    }
}

#[test]
fn other_conditions_of_spot_machines_are_another_pool() {
    let desk = Desk::aks();
    let spot = |options: &str| Pool::aks().text("capacity_type", "spot").options(options);
    desk.settle(&spot("spot_max_price = 2.5"));
    assert_replaces(&desk.planned(&spot("spot_max_price = 3")), &["aks.spot_max_price"]);
    assert_replaces(
        &desk.planned(&spot(r#"spot_max_price = 2.5, eviction_policy = "Deallocate""#)),
        &["aks.eviction_policy"],
    );
    desk.write(&spot("spot_max_price = 2.50"));
    desk.workspace.assert_empty_plan();
}

#[test]
fn another_stack_is_another_pool_with_other_labels() {
    let desk = replaced(Cloud::Aks, &Pool::aks().options(r#"gpu_stack = "managed""#), "aks.gpu_stack");
    let labels = desk.live_labels();
    assert!(labels["nvidia.com/gpu.present"].is_null(), "{labels:#}");
    assert_eq!(labels["nvidia.com/gpu.deploy.operands"], "false");
    desk.await_slices(7);
}

#[test]
fn a_driver_that_aks_filled_in_is_no_other_pool() {
    let desk = Desk::aks();
    desk.settle(&Pool::aks());
    for options in [r#"gpu_driver = "Install""#, r#"gpu_stack = "device_plugin""#, "gpu_driver = null", ""] {
        desk.write(&Pool::aks().options(options));
        desk.workspace.assert_empty_plan();
    }
    // Written at first and left out later.
    let desk = Desk::aks();
    desk.settle(&Pool::aks().options(r#"gpu_driver = "Install""#));
    assert_eq!(desk.sent()["gpuProfile"]["driver"], "Install");
    desk.write(&Pool::aks());
    desk.workspace.assert_empty_plan();
}

#[test]
fn ids_of_azure_are_the_same_in_any_case() {
    let desk = Desk::aks();
    let with = |subnet: &str| Pool::aks().options(&format!("vnet_subnet_id = {subnet:?}"));
    desk.settle(&with(SUBNET));
    assert_eq!(desk.state()["aks"]["vnet_subnet_id"], SUBNET);
    let odd =
        SUBNET.replace("resourceGroups", "resourcegroups").replace("virtualNetworks/v", "virtualnetworks/V");
    desk.write(&with(&odd));
    desk.workspace.assert_empty_plan();
    // AKS is known to answer in another case than it was asked in.
    desk.az_update(|pool| pool["vnetSubnetID"] = serde_json::json!(odd));
    desk.write(&with(SUBNET));
    desk.workspace.assert_empty_plan();
    assert_eq!(desk.state()["aks"]["vnet_subnet_id"], SUBNET);
}

#[test]
fn another_cluster_is_another_pool() {
    let desk = Desk::aks();
    let other = Cloud::Aks.other_cluster();
    desk.sandbox.actor(serde_json::json!({"kind": "add_cluster", "cluster": other, "when": "now"}));
    desk.settle(&Pool::aks());
    let moved = Pool::aks().text("cluster_id", &other);
    assert_replaces(&desk.planned(&moved), &["cluster_id"]);
    desk.settle(&moved);
    assert!(!desk.exists(AKS) && desk.exists(&other));
}
