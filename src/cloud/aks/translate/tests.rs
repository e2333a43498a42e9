use serde_json::{Value, json};

use super::*;
use crate::cloud::aks::testing::{every_option, options, spec};
use crate::nodepool::spec::{Amount, Taint, TaintEffect, Upgrade};

fn sent(spec: &NodePoolSpec) -> Value {
    serde_json::to_value(create(spec, ApiVersion::Stable).unwrap()).unwrap()
}

#[test]
fn the_least_that_is_sent() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&sent(&spec())).unwrap());
}

#[test]
fn every_option_that_is_sent() {
    let spec = NodePoolSpec {
        options: every_option(),
        size: Size::Autoscaling { min: 1, max: 6, initial: Some(3) },
        capacity_type: CapacityType::Spot,
        taints: [Taint { key: "team".into(), value: "ml".into(), effect: TaintEffect::NoExecute }].into(),
        disk_size_gb: Some(200),
        disk_type: Some("Managed".into()),
        max_pods: Some(64),
        kubernetes_version: Some("1.33".into()),
        upgrade: Upgrade { max_surge: Some(Amount::Percent(33)), max_unavailable: Some(Amount::Nodes(1)) },
        ..spec()
    };
    insta::assert_snapshot!(serde_json::to_string_pretty(&sent(&spec)).unwrap());
}

/// Each stack in each version of the API, as what is sent for slicing.
#[test]
fn every_stack_in_every_version() {
    let of = |stack: &str, driver: Option<&str>, version| {
        let mut spec = NodePoolSpec { options: options(&json!({"gpu_stack": stack})), ..spec() };
        spec.options
            .set("gpu_driver", driver.map(|driver| crate::nodepool::OptionValue::Text(driver.to_owned())));
        let body = serde_json::to_value(create(&spec, version).unwrap()).unwrap();
        (body["properties"]["gpuInstanceProfile"].clone(), body["properties"]["gpuProfile"].clone())
    };
    for version in [ApiVersion::Stable, ApiVersion::Preview] {
        for stack in ["device_plugin", "gpu_operator"] {
            assert_eq!(of(stack, None, version), (json!("MIG2g"), json!(null)), "unset is not sent");
            assert_eq!(of(stack, Some("Install"), version), (json!("MIG2g"), json!({"driver": "Install"})));
        }
    }
    let managed = json!({"driver": "Install", "nvidia": {"managementMode": "Managed"}});
    assert_eq!(of("managed", None, ApiVersion::Stable), (json!("MIG2g"), managed));
    let managed = json!({"driver": "Install", "nvidia": {
        "managementMode": "Managed", "migStrategy": "Single", "migProfiles": ["MIG2g"],
    }});
    assert_eq!(of("managed", None, ApiVersion::Preview), (json!(null), managed));
}

#[test]
fn the_count_under_autoscaling_is_the_initial_one_within_the_limits() {
    let count = |min, max, initial| {
        sent(&NodePoolSpec { size: Size::Autoscaling { min, max, initial }, ..spec() })["properties"]["count"]
            .clone()
    };
    assert_eq!(count(0, 4, None), 0);
    assert_eq!(count(1, 4, Some(3)), 3);
    assert_eq!(count(2, 4, Some(9)), 4);
}

#[test]
fn reserved_machines_leave_none_to_spare() {
    let group = json!({"capacity_reservation_group_id": "/subscriptions/s"});
    let reserved = NodePoolSpec { options: options(&group), ..spec() };
    let settings = sent(&reserved)["properties"]["upgradeSettings"].clone();
    assert_eq!(settings, json!({"maxSurge": "0", "maxUnavailable": "1"}));
    let upgrade = Upgrade { max_surge: Some(Amount::Nodes(1)), max_unavailable: None };
    let settings = sent(&NodePoolSpec { upgrade, ..reserved })["properties"]["upgradeSettings"].clone();
    assert_eq!(settings, json!({"maxSurge": "1"}), "what is written wins");
}

#[test]
fn what_has_no_word_is_refused() {
    let spec = |profile: &str| NodePoolSpec { mig_profile: Some(profile.parse().unwrap()), ..spec() };
    let refused = create(&spec("1g.20gb"), ApiVersion::Stable).unwrap_err();
    assert_eq!(refused.attribute().unwrap().to_string(), "mig_profile");
    // A machine type of tomorrow, with a GPU that is known.
    let new = NodePoolSpec { machine_type: "Standard_NC25ads_A100_v9".into(), ..spec("1g.10gb") };
    assert_eq!(sent(&new)["properties"]["gpuInstanceProfile"], "MIG1g");
}
