//! What was sent for a new pool: the node group, and the launch template that its machines are made from.

use serde_json::{Value, json};

use super::home::{Home, OUR_TAGS};
use crate::eks_pool::EKS;
use crate::mig_pool::{NAME, Pool};

/// The disk at a device.
#[track_caller]
fn disk(recipe: &Value, device: &str) -> Value {
    let disks = recipe["blockDeviceMappingSet"].as_array().expect("disks").clone();
    let found = disks.iter().find(|disk| disk["deviceName"] == device);
    found.unwrap_or_else(|| panic!("nothing at {device}: {disks:#?}"))["ebs"].clone()
}

/// What every pool has unless it says otherwise: tokens for the metadata, two hops, a large encrypted disk.
#[track_caller]
fn assert_defaults(recipe: &Value, device: &str) {
    let metadata = &recipe["metadataOptions"];
    assert_eq!(metadata["httpTokens"], "required", "{recipe:#}");
    assert_eq!(metadata["httpPutResponseHopLimit"], "2");
    let disk = disk(recipe, device);
    assert_eq!((&disk["volumeSize"], &disk["volumeType"]), (&json!("200"), &json!("gp3")), "{disk:#}");
    assert_eq!(disk["encrypted"], "true");
}

#[test]
fn a_pool_of_bottlerocket() {
    let home = Home::cut();
    home.settle(&Pool::eks().set("tags", "{ cost = \"research\" }"));
    assert_defaults(&home.recipe(), "/dev/xvdb");
    let sent = home.sent();
    assert_eq!(
        (&sent["amiType"], &sent["nodegroupName"]),
        (&json!("BOTTLEROCKET_x86_64_NVIDIA"), &json!(NAME))
    );
    assert_eq!(sent["instanceTypes"], json!(["p5.4xlarge"]));
    assert_eq!(sent["scalingConfig"], json!({"minSize": 1, "maxSize": 1, "desiredSize": 1}));
    for refused in ["diskSize", "remoteAccess", "version", "releaseVersion"] {
        assert!(sent[refused].is_null(), "{refused}: {sent:#}");
    }
    assert!(
        sent["launchTemplate"]["version"].as_str().is_some_and(|it| it.parse::<u64>().is_ok()),
        "{sent:#}"
    );
    assert!(sent["clientRequestToken"].is_string(), "{sent:#}");
    assert_eq!(sent["tags"]["cost"], "research");
    let taint = json!({"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"});
    assert_eq!(sent["taints"], json!([taint]));
    assert_eq!(sent["labels"]["nvidia.com/gpu.deploy.operands"], "false");
    assert_eq!(sent["labels"]["gpuslice/profile"], "1g.10gb");
}

#[test]
fn the_template_is_ours_by_its_tags_and_says_whose_it_is_by_its_name() {
    let home = Home::cut();
    home.settle(&Pool::eks().set("tags", "{ cost = \"research\" }"));
    let ours = home.our_template();
    assert_eq!(ours.tags[OUR_TAGS[0]], EKS);
    assert_eq!(ours.tags[OUR_TAGS[1]], NAME);
    assert_eq!(ours.tags["cost"], "research");
    assert!(ours.name.starts_with("gpuslice-sandbox-mig-"), "{}", ours.name);
    let first = &home.forms("CreateLaunchTemplate")[0];
    assert!(first.get("ClientToken").is_some_and(|token| !token.is_empty()), "{first:#?}");
    // It is nowhere in the configuration, so nothing of it is in what the user wrote.
    let shown = home.state()["eks"]["launch_template"].clone();
    assert!(shown["id"].is_null() && shown["version"].is_null(), "{shown:#}");
}

#[test]
fn bottlerocket_is_told_of_slices_in_plain_toml_with_both_switches() {
    let home = Home::shared();
    home.settle(&Pool::eks_shared());
    let text = home.user_data();
    for line in [
        "[settings.kubelet-device-plugins.nvidia]",
        "device-sharing-strategy = \"time-slicing\"",
        "[settings.kubelet-device-plugins.nvidia.time-slicing]",
        "replicas = 4",
        "rename-by-default = false",
        "fail-requests-greater-than-one = true",
    ] {
        assert!(text.lines().any(|it| it.trim() == line), "{line} is not in {text}");
    }
    // EKS's merge takes neither quoted keys in headers nor escaped quotes.
    assert!(text.lines().filter(|it| it.starts_with('[')).all(|it| !it.contains('"')), "{text}");
    assert!(text.parse::<toml::Table>().is_ok(), "{text}");
}

#[test]
fn a_pool_of_amazon_linux() {
    let home = Home::plugin();
    home.settle(&Pool::eks_plugin());
    assert_defaults(&home.recipe(), "/dev/xvda");
    let sent = home.sent();
    assert_eq!(sent["amiType"], "AL2023_x86_64_NVIDIA");
    assert_eq!(sent["labels"]["nvidia.com/gpu.present"], "true");
    assert_eq!(sent["labels"]["nvidia.com/gpu.deploy.mig-manager"], "false");
}

#[test]
fn machines_of_arm_get_images_of_arm() {
    let home = Home::shared();
    home.settle(&Pool::eks_shared().text("machine_type", "g5g.xlarge"));
    assert_eq!(home.sent()["amiType"], "BOTTLEROCKET_ARM_64_NVIDIA");
}

#[test]
fn every_option_of_the_template_reaches_it() {
    let home = Home::cut();
    let template = r#"launch_template = {
        security_group_ids = ["sg-00000000000000001"], key_name = "ops", imds_hop_limit = 3,
        kms_key_id = "arn:aws:kms:us-east-1:000000000000:key/k", instance_tags = { owner = "ml" },
        placement_group = "close", extra_user_data = "[settings.host-containers.admin]\nenabled = true\n" },
        capacity_reservation_id = "cr-00000000000000001""#;
    home.settle(
        &Pool::eks().set("disk_size_gb", "500").text("disk_type", "gp2").set("max_pods", "64").with(template),
    );
    let recipe = home.recipe();
    let groups = recipe["securityGroupIdSet"].as_array().expect("groups").clone();
    assert!(
        groups.len() == 2 && groups.contains(&json!("sg-00000000000000001")),
        "with the cluster's: {groups:?}"
    );
    assert_eq!(recipe["keyName"], "ops");
    assert_eq!(recipe["metadataOptions"]["httpPutResponseHopLimit"], "3");
    assert_eq!(recipe["metadataOptions"]["httpTokens"], "required");
    let disk = disk(&recipe, "/dev/xvdb");
    assert_eq!((&disk["volumeSize"], &disk["volumeType"]), (&json!("500"), &json!("gp2")));
    assert_eq!(disk["kmsKeyId"], "arn:aws:kms:us-east-1:000000000000:key/k");
    assert_eq!(recipe["placement"]["groupName"], "close");
    let reserved =
        recipe.pointer("/capacityReservationSpecification/capacityReservationTarget/capacityReservationId");
    assert_eq!(reserved, Some(&json!("cr-00000000000000001")), "{recipe:#}");
    let tagged: Vec<_> = recipe["tagSpecificationSet"].as_array().expect("tags").iter().collect();
    for kind in ["instance", "volume"] {
        let of =
            tagged.iter().find(|tags| tags["resourceType"] == kind).unwrap_or_else(|| panic!("{recipe:#}"));
        let owner = json!({"key": "owner", "value": "ml"});
        assert!(of["tagSet"].as_array().is_some_and(|tags| tags.contains(&owner)), "{of:#}");
    }
    let text = home.user_data();
    let settings: toml::Table = text.parse().unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(settings["settings"]["host-containers"]["admin"]["enabled"].as_bool(), Some(true));
    assert_eq!(settings["settings"]["kubernetes"]["max-pods"].as_integer(), Some(64));
    // A reservation has no machine to spare: old ones go first.
    assert_eq!(home.sent()["updateConfig"]["updateStrategy"], "MINIMAL");
}

#[test]
fn amazon_linux_gets_extra_user_data_as_a_part_of_its_kind() {
    let home = Home::plugin();
    let script = r##"gpu_stack = "device_plugin", launch_template = { extra_user_data = "#!/bin/bash\necho hello\n" }"##;
    home.settle(&Pool::eks_plugin().with(script).set("max_pods", "64"));
    let text = home.user_data();
    assert!(text.starts_with("MIME-Version: 1.0") || text.contains("multipart/mixed"), "{text}");
    for part in [
        "text/x-shellscript",
        "echo hello",
        "application/node.eks.aws",
        "node.eks.aws/v1alpha1",
        "maxPods: 64",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn a_capacity_block() {
    let home = Home::cut();
    let block = "capacity_block = true, capacity_reservation_id = \"cr-00000000000000001\"";
    home.settle(&Pool::eks().with(block).set("node_count", "1"));
    let (sent, recipe) = (home.sent(), home.recipe());
    assert_eq!(sent["capacityType"], "CAPACITY_BLOCK");
    assert!(sent["instanceTypes"].is_null(), "the type is in the template: {sent:#}");
    assert_eq!(recipe["instanceType"], "p5.4xlarge");
    assert_eq!(recipe["instanceMarketOptions"]["marketType"], "capacity-block");
    home.workspace.destroy().success();
    home.assert_gone();
}

#[test]
fn a_template_of_the_users_own_is_used_and_left_alone() {
    let home = Home::operator();
    let parameters = [("LaunchTemplateName", "mine"), ("LaunchTemplateData.KeyName", "ops")];
    let made = home.aws(home.cluster).query("ec2", "CreateLaunchTemplate", &parameters);
    let id = made["launchTemplate"]["launchTemplateId"].as_str().expect("an id").to_owned();
    let own = format!("gpu_stack = \"gpu_operator\", launch_template = {{ id = {id:?}, version = 1 }}");
    home.settle(&Pool::eks_operator().with(&own));
    assert_eq!(home.group()["launchTemplate"]["id"], id);
    assert_eq!(home.our_templates().len(), 0);
    assert_eq!(home.state()["allocatable_slices"], 7);
    home.workspace.destroy().success();
    assert!(!home.stands());
    let left = home.templates();
    assert!(left.len() == 1 && left[0].id == id, "{left:#?}");
}
