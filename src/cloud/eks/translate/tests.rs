use serde_json::json;

use super::*;
use crate::cloud::eks::testing::{every_option, options, spec};
use crate::nodepool::spec::{Amount, CapacityType, Size, Taint, TaintEffect, Upgrade};
use crate::slicing::Sharing;

fn ours() -> wire::LaunchTemplate {
    wire::LaunchTemplate { id: "lt-0123456789abcdef0".into(), version: "1".into() }
}

/// Both requests of a create, as they are sent.
fn sent(spec: &NodePoolSpec) -> String {
    let data = template(spec, Some("sg-cluster")).unwrap();
    let parameters = data.parameters();
    let lines = parameters.iter().filter(|(name, _)| !name.ends_with("UserData"));
    let lines: Vec<String> = lines.map(|(name, value)| format!("{name}={value}")).collect();
    let body = create(spec, ours(), "token".into()).unwrap();
    format!(
        "{}\n\n{}\n{}",
        lines.join("\n"),
        data.user_data.unwrap_or_default(),
        serde_json::to_string_pretty(&body).unwrap()
    )
}

#[test]
fn the_least_that_is_sent() {
    insta::assert_snapshot!(sent(&spec()));
}

#[test]
fn every_option_that_is_sent() {
    let spec = NodePoolSpec {
        options: every_option(),
        size: Size::Autoscaling { min: 0, max: 6, initial: Some(3) },
        taints: [Taint { key: "team".into(), value: "ml".into(), effect: TaintEffect::NoExecute }].into(),
        disk_size_gb: Some(500),
        disk_type: Some("gp2".into()),
        max_pods: Some(64),
        kubernetes_version: Some("1.34".into()),
        upgrade: Upgrade { max_surge: Some(Amount::Nodes(0)), max_unavailable: Some(Amount::Percent(33)) },
        ..spec()
    };
    insta::assert_snapshot!(sent(&spec));
}

#[test]
fn the_stack_and_the_machine_choose_the_image() {
    let of = |stack: &str, machine_type: &str| {
        let spec = NodePoolSpec {
            machine_type: machine_type.into(),
            mig_profile: None,
            options: options(&json!({"gpu_stack": stack})),
            ..spec()
        };
        let image = create(&spec, ours(), String::new()).unwrap().ami_type.unwrap();
        (image, template(&spec, None).unwrap().device)
    };
    assert_eq!(of("bottlerocket", "p4d.24xlarge"), ("BOTTLEROCKET_x86_64_NVIDIA".into(), "/dev/xvdb"));
    assert_eq!(of("bottlerocket", "g5g.xlarge"), ("BOTTLEROCKET_ARM_64_NVIDIA".into(), "/dev/xvdb"));
    assert_eq!(of("gpu_operator", "p5.48xlarge"), ("AL2023_x86_64_NVIDIA".into(), "/dev/xvda"));
    assert_eq!(of("device_plugin", "g5g.xlarge"), ("AL2023_ARM_64_NVIDIA".into(), "/dev/xvda"));
}

#[test]
fn a_template_of_the_users_own_keeps_its_image() {
    let template = json!({"gpu_stack": "device_plugin", "launch_template": {"id": "lt-1", "version": 7}});
    let spec = NodePoolSpec { mig_profile: None, options: options(&template), ..spec() };
    let own = parts::own_template(&spec.options).unwrap();
    let body = serde_json::to_value(create(&spec, own, String::new()).unwrap()).unwrap();
    assert_eq!(body["launchTemplate"], json!({"id": "lt-1", "version": "7"}));
    assert_eq!(body.get("amiType"), None);
    assert_eq!(body["instanceTypes"], json!(["p4d.24xlarge"]));
}

#[test]
fn a_capacity_block_moves_the_machine_type_into_the_template() {
    let block = json!({"capacity_reservation_id": "cr-1", "capacity_block": true});
    let spec = NodePoolSpec { options: options(&block), ..spec() };
    let body = create(&spec, ours(), String::new()).unwrap();
    assert_eq!((body.instance_types, body.capacity_type.as_str()), (None, "CAPACITY_BLOCK"));
    assert_eq!(template(&spec, None).unwrap().instance_type.as_deref(), Some("p4d.24xlarge"));
    let spot = NodePoolSpec { capacity_type: CapacityType::Spot, ..super::tests::spec() };
    assert_eq!(create(&spot, ours(), String::new()).unwrap().capacity_type, "SPOT");
}

#[test]
fn security_groups_stand_beside_the_clusters_own() {
    let with = |groups: &serde_json::Value, own| {
        let more = json!({"launch_template": {"security_group_ids": groups}});
        template(&NodePoolSpec { options: options(&more), ..spec() }, own).map(|it| it.security_group_ids)
    };
    assert_eq!(with(&json!([]), None), Ok(vec![]), "EKS adds the cluster's own");
    assert_eq!(with(&json!(["sg-1"]), Some("sg-0")), Ok(vec!["sg-0".to_owned(), "sg-1".to_owned()]));
    assert_eq!(with(&json!(["sg-0"]), Some("sg-0")), Ok(vec!["sg-0".to_owned()]));
    assert_eq!(with(&json!(["sg-1"]), None), Err(Untranslatable::NoSecurityGroup));
}

#[test]
fn what_cannot_be_said_is_refused_with_its_attribute() {
    let attribute = |spec: &NodePoolSpec| {
        let error = template(spec, None)
            .map(drop)
            .and_then(|()| create(spec, ours(), String::new()).map(drop))
            .unwrap_err();
        error.attribute().unwrap().to_string()
    };
    let without = |name: &str| {
        let mut spec = spec();
        spec.options.set(name, None);
        spec
    };
    assert_eq!(attribute(&without("subnet_ids")), "eks.subnet_ids");
    assert_eq!(attribute(&without("node_role_arn")), "eks.node_role_arn");
    let unknown = NodePoolSpec { machine_type: "p9.48xlarge".into(), ..spec() };
    assert_eq!(attribute(&unknown), "eks.ami_type");
    let long = json!({"launch_template": {"extra_user_data": "x".repeat(17_000)}});
    let long = NodePoolSpec { options: options(&long), sharing: Sharing::None, ..spec() };
    assert_eq!(attribute(&long), "eks.launch_template.extra_user_data");
}
