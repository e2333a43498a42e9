//! Updates for which EKS replaces the nodes of the same node group: what they are made from, and by which image.

use serde_json::json;

use super::home::Home;
use crate::mig_pool::{POOL, Pool};
use crate::support::json;

/// Two nodes, so that one goes after the other.
fn pool() -> Pool {
    Pool::eks().set("node_count", "2")
}

/// Changes the pool to `to`, which rolls the nodes and is warned of at plan, by a version of its template.
#[track_caller]
fn rolls(home: &Home, to: &Pool, attribute: &str) {
    let before = home.our_template();
    home.write(to);
    home.workspace.plan().exits(2).says(&format!("Changing {attribute} rolls all 2 nodes"));
    home.update(to).rolls_nodes();
    let after = home.our_template();
    assert_eq!(
        (&after.id, after.latest),
        (&before.id, before.latest + 1),
        "one version of the same template"
    );
    assert_eq!(home.group()["launchTemplate"]["version"], after.latest.to_string());
    assert_eq!(home.state()["allocatable_slices"], 14);
}

#[test]
fn disks() {
    let home = Home::cut();
    home.settle(&pool());
    rolls(&home, &pool().set("disk_size_gb", "300"), "disk_size_gb");
    rolls(&home, &pool().set("disk_size_gb", "300").text("disk_type", "gp2"), "disk_type");
    let disks = home.recipe()["blockDeviceMappingSet"].clone();
    let ours = disks.as_array().into_iter().flatten().find(|disk| disk["deviceName"] == "/dev/xvdb");
    let ebs = ours.unwrap_or_else(|| panic!("{disks:#}"))["ebs"].clone();
    assert_eq!((&ebs["volumeSize"], &ebs["volumeType"]), (&json!("300"), &json!("gp2")));
    // Unset means unchanged.
    home.write(&pool());
    home.workspace.assert_empty_plan();
}

#[test]
fn options_of_the_template() {
    let home = Home::cut();
    home.settle(&pool());
    let with = |inside: &str| pool().with(&format!("launch_template = {{ {inside} }}"));
    rolls(&home, &with("imds_hop_limit = 3"), "eks.launch_template");
    assert_eq!(home.recipe()["metadataOptions"]["httpPutResponseHopLimit"], "3");
    let groups = "security_group_ids = [\"sg-00000000000000001\"]";
    rolls(&home, &with(groups), "eks.launch_template");
    assert_eq!(home.recipe()["securityGroupIdSet"].as_array().map(Vec::len), Some(2));
    let tags = format!("{groups}, instance_tags = {{ owner = \"ml\" }}");
    rolls(&home, &with(&tags), "eks.launch_template");
    assert_eq!(home.recipe()["metadataOptions"]["httpPutResponseHopLimit"], "3", "unset means unchanged");
}

#[test]
fn user_data() {
    let home = Home::cut();
    home.settle(&pool());
    let extra =
        "launch_template = { extra_user_data = \"[settings.host-containers.admin]\\nenabled = true\\n\" }";
    rolls(&home, &pool().with(extra), "eks.launch_template");
    assert!(home.user_data().contains("[settings.host-containers.admin]"));
    rolls(&home, &pool().with(extra).set("max_pods", "64"), "max_pods");
    let text = home.user_data();
    assert!(text.contains("max-pods = 64") && text.contains("[settings.host-containers.admin]"), "{text}");
    assert!(text.contains("\"h100.80gb\" = \"1g.10gb\""), "the slices stay: {text}");
}

#[test]
fn another_profile_on_bottlerocket() {
    let home = Home::cut();
    home.settle(&pool());
    let to = pool().text("mig_profile", "2g.20gb");
    let change = json::change(&home.planned(&to), POOL).clone();
    assert_eq!(change["actions"], json!(["update"]));
    assert_eq!(change["after"]["slices"]["total"], 6);
    home.workspace.plan().exits(2).says("mig_profile").says("rolls all 2 nodes");
    home.update(&to).rolls_nodes();
    assert_eq!(home.state()["allocatable_slices"], 6);
    for node in home.machines() {
        assert_eq!(node["labels"]["gpuslice/profile"], "2g.20gb", "new nodes say what they are: {node:#}");
    }
    assert!(home.user_data().contains("\"h100.80gb\" = \"2g.20gb\""), "{}", home.user_data());
}

#[test]
fn another_number_of_replicas_or_strategy_on_bottlerocket() {
    let home = Home::shared();
    let shared = Pool::eks_shared();
    home.settle(&shared);
    home.write(&shared.clone().set("replicas", "8"));
    home.workspace.plan().exits(2).says("replicas").says("rolls");
    home.update(&shared.clone().set("replicas", "8")).rolls_nodes();
    assert_eq!((home.state()["allocatable_slices"].clone(), home.offered("nvidia.com/gpu")), (json!(8), 8));
    home.update(&shared.clone().text("sharing_strategy", "mps")).rolls_nodes();
    assert_eq!(home.state()["allocatable_slices"], 4);
    let text = home.user_data();
    assert!(text.contains("\"mps\"") && !text.contains("time-slicing"), "{text}");
    assert_eq!(home.machines()[0]["labels"]["gpuslice/sharing"], "mps");
}

#[test]
fn a_newer_version_of_kubernetes() {
    let home = Home::cut();
    home.settle(&pool().text("kubernetes_version", "1.35"));
    assert_eq!(home.group()["version"], "1.35");
    let to = pool().text("kubernetes_version", "1.36");
    home.write(&to);
    home.workspace.plan().exits(2).says("kubernetes_version").says("rolls all 2 nodes");
    home.update(&to).rolls_nodes();
    assert_eq!(home.group()["version"], "1.36");
    assert_eq!(home.forms("CreateLaunchTemplateVersion").len(), 0, "the template is the same");
    // A minimum: a lower one asks for nothing.
    home.update(&pool().text("kubernetes_version", "1.34")).keeps_nodes().calls_nothing();
}

#[test]
fn a_newer_release_of_the_image() {
    let home = Home::cut();
    let release = |version: &str| pool().with(&format!("release_version = {version:?}"));
    home.settle(&release("1.66.0-3c0d9e57"));
    assert_eq!(home.group()["releaseVersion"], "1.66.0-3c0d9e57");
    home.write(&release("1.68.0-5d93c8e4"));
    home.workspace.plan().exits(2).says("eks.release_version").says("rolls all 2 nodes");
    home.update(&release("1.68.0-5d93c8e4")).rolls_nodes();
    assert_eq!(home.group()["releaseVersion"], "1.68.0-5d93c8e4");
    home.update(&release("1.67.0-b41f7a20")).keeps_nodes().calls_nothing();
    assert_eq!(home.group()["releaseVersion"], "1.68.0-5d93c8e4");
}

/// The nodes are replaced once, not twice.
#[test]
fn a_version_and_the_template_in_one_roll() {
    let home = Home::cut();
    home.settle(&pool().text("kubernetes_version", "1.35"));
    let to = pool()
        .text("kubernetes_version", "1.36")
        .set("disk_size_gb", "300")
        .set("labels", "{ team = \"ml\" }");
    let update = home.update(&to).rolls_nodes();
    assert_eq!(update.bodies("/update-version").len(), 1, "{:#?}", update.requests);
    assert_eq!(update.bodies("/update-config").len(), 1, "{:#?}", update.requests);
    assert_eq!(home.group()["version"], "1.36");
    assert_eq!(home.machines()[0]["labels"]["team"], "ml");
}

#[test]
fn the_last_five_versions_are_kept() {
    let home = Home::cut();
    home.settle(&Pool::eks());
    for size in 301..308 {
        home.write(&Pool::eks().set("disk_size_gb", &size.to_string()).text("slice_check", "off"));
        home.workspace.apply().success();
    }
    home.workspace.assert_empty_plan();
    let ours = home.our_template();
    let versions = home.versions(&ours.id);
    // EC2 does not let the default one go, which is the first.
    assert_eq!(versions, [8, 7, 6, 5, 4, 1], "{ours:#?}");
    assert_eq!(home.group()["launchTemplate"]["version"], "8");
}

/// No spare machine: old nodes go first where the pool says so.
#[test]
fn a_roll_without_a_spare_machine() {
    let home = Home::cut();
    let minimal = pool().set("upgrade", "{ max_surge = \"0\" }");
    home.settle(&minimal);
    let stock = json!({"cloud": "eks", "kind": "set_stock", "zone": "us-east-1a", "machine_type": "p5.4xlarge", "count": 2});
    home.sandbox.actor(stock);
    home.update(&minimal.set("disk_size_gb", "300")).rolls_nodes();
    assert_eq!(home.state()["allocatable_slices"], 14);
}

/// Nodes that cannot be emptied stop a roll, and the error tells what goes on without asking.
#[test]
fn pods_that_may_not_be_evicted_stop_a_roll_until_it_is_forced() {
    let home = Home::cut();
    home.settle(&Pool::eks());
    let nodes = home.uids();
    let refused = json!({"code": "PodEvictionFailure", "message": "Reached max retries while trying to evict pods from nodes"});
    home.on("POST", "/update-version", "failed_operation", 1, &refused);
    let to = Pool::eks().set("disk_size_gb", "300");
    home.write(&to);
    home.workspace.apply().failure().says("PodEvictionFailure").says("force_update");
    assert!(!home.workspace.is_tainted(POOL));
    assert_eq!(home.uids(), nodes);
    let forced = to.with("force_update = true");
    home.write(&forced);
    home.workspace.apply().success();
    home.workspace.assert_empty_plan();
    assert!(home.uids().is_disjoint(&nodes));
    let last = home.calls("POST", "/update-version").pop().expect("a roll")["request_body"].clone();
    assert_eq!(last["force"], true, "{last:#}");
    let ours = home.our_template();
    assert_eq!(ours.latest, 2, "what was made for the first try is used for the second");
}
