use serde_json::json;

use super::*;
use crate::cloud::aks::testing::{every_option, live, shown, spec};
use crate::cloud::settings::ApiVersion;

fn changed(change: impl FnOnce(&mut Value)) -> bool {
    let spec = NodePoolSpec { options: every_option(), ..spec() };
    let sent = serde_json::to_value(translate::create(&spec, ApiVersion::Stable).unwrap()).unwrap();
    let mut found = live(&spec);
    change(&mut found);
    equals_sent(&shown(&found), &sent)
}

#[test]
fn what_azure_fills_in_or_spells_in_another_case_makes_no_difference() {
    assert!(changed(|_| {}));
    assert!(changed(|it| {
        it["vmSize"] = json!("standard_nc24ads_a100_v4");
        it["tags"] = json!({"Cost": "research", "policy": "x"});
        it["nodeLabels"]["kubernetes.azure.com/x"] = json!("added");
        it["nodeTaints"].as_array_mut().unwrap().push(json!("added=x:NoSchedule"));
        it["vnetSubnetID"] = json!(it["vnetSubnetID"].as_str().unwrap().to_uppercase());
        it["availabilityZones"] = json!(["2", "1"]);
        it["spotMaxPrice"] = json!(0.123_450_0);
    }));
}

#[test]
fn what_says_nothing_may_be_left_out() {
    let plain = serde_json::to_value(translate::create(&spec(), ApiVersion::Stable).unwrap()).unwrap();
    let mut found = live(&spec());
    found["enableAutoScaling"] = json!(null);
    assert!(equals_sent(&shown(&found), &plain));
    found["count"] = json!(null);
    assert!(!equals_sent(&shown(&found), &plain), "a number says something");
}

#[test]
fn any_other_difference_means_somebody_elses_pool() {
    assert!(!changed(|it| it["count"] = json!(7)));
    assert!(!changed(|it| it["availabilityZones"] = json!(["1"])));
    assert!(!changed(|it| it["vmSize"] = json!("Standard_NC48ads_A100_v4")));
    assert!(!changed(|it| it["gpuInstanceProfile"] = json!("MIG1g")));
    assert!(!changed(|it| it["nodeLabels"]["gpuslice/profile"] = json!(null)));
    assert!(!changed(|it| it["nodeTaints"] = json!([])));
    assert!(!changed(|it| it["kubeletConfig"]["podMaxPids"] = json!(1)));
}

#[test]
fn a_minimum_version_is_met_by_its_patches_only() {
    let spec = NodePoolSpec { kubernetes_version: Some("1.33".into()), ..spec() };
    let sent = serde_json::to_value(translate::create(&spec, ApiVersion::Stable).unwrap()).unwrap();
    let at = |version: &str| {
        let mut found = live(&spec);
        found["orchestratorVersion"] = json!(version);
        equals_sent(&shown(&found), &sent)
    };
    assert!(at("1.33") && at("1.33.5"));
    assert!(!at("1.34.0") && !at("1.330"));
}

#[test]
fn a_pool_that_says_it_is_older_than_the_request_is_not_ours() {
    let at = |text: &str| instant::parse(text).unwrap();
    let created = |moment: Option<&str>| {
        let system_data = Some(wire::SystemData { created_at: moment.map(ToOwned::to_owned) });
        wire::AgentPool { system_data, ..wire::AgentPool::default() }
    };
    let pool = created(Some("2026-01-01T00:00:10.5Z"));
    assert!(is_fresh(&pool, at("2026-01-01T00:00:10Z")));
    assert!(is_fresh(&pool, at("2026-01-01T00:00:12Z")), "the clock tells whole seconds");
    assert!(!is_fresh(&pool, at("2026-01-01T00:00:20Z")));
    assert!(is_fresh(&created(None), at("2026-01-01T00:00:20Z")), "a look just before has shown that it is");
}
