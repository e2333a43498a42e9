use serde_json::{Value, json};

use super::*;
use crate::cloud::eks::testing::spec;

fn sent() -> wire::CreateNodegroup {
    let template = wire::LaunchTemplate { id: "lt-1".to_owned(), version: "1".to_owned() };
    translate::create(&spec(), template, "token".to_owned()).unwrap()
}

/// The node group that EKS makes of [`sent`], changed.
fn live(change: impl FnOnce(&mut Value)) -> wire::Nodegroup {
    let mut shown = serde_json::to_value(sent()).unwrap();
    shown["launchTemplate"]["name"] = json!("gpuslice-main-mig2g-abc123");
    shown["status"] = json!("CREATING");
    shown["version"] = json!("1.34");
    shown["releaseVersion"] = json!("1.52.0-5e8d3f52");
    shown["diskSize"] = json!(null);
    change(&mut shown);
    serde_json::from_value(shown).unwrap()
}

#[test]
fn what_eks_fills_in_or_lists_in_another_order_makes_no_difference() {
    assert!(equals_sent(&live(|_| {}), &sent()));
    assert!(equals_sent(
        &live(|it| {
            it["subnets"].as_array_mut().unwrap().reverse();
            it["labels"]["eks.amazonaws.com/x"] = json!("added");
            it["tags"]["policy"] = json!("x");
        }),
        &sent()
    ));
}

#[test]
fn any_other_difference_means_somebody_elses_node_group() {
    let differs = |change: fn(&mut Value)| !equals_sent(&live(change), &sent());
    assert!(differs(|it| it["launchTemplate"] = json!(null)));
    assert!(differs(|it| it["launchTemplate"]["id"] = json!("lt-2")));
    assert!(differs(|it| it["launchTemplate"]["version"] = json!("2")));
    assert!(differs(|it| it["nodeRole"] = json!("arn:aws:iam::123456789012:role/other")));
    assert!(differs(|it| it["subnets"] = json!(["subnet-0123abcd"])));
    assert!(differs(|it| it["instanceTypes"] = json!(["p4de.24xlarge"])));
    assert!(differs(|it| it["capacityType"] = json!("SPOT")));
    assert!(differs(|it| it["labels"]["gpuslice/profile"] = json!("1g.5gb")));
    assert!(differs(|it| it["taints"] = json!([])));
    assert!(differs(|it| it["tags"]["cost"] = json!("other")));
}

#[test]
fn a_node_group_that_says_it_is_older_than_the_request_is_not_ours() {
    let begun = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let fresh = |seconds: Value| is_fresh(&live(|it| it["createdAt"] = seconds), begun);
    assert!(fresh(json!(1_800_000_000.5)));
    assert!(fresh(json!(1_799_999_900)), "clocks differ");
    assert!(!fresh(json!(1_799_990_000)));
    assert!(fresh(json!(null)), "a look just before has shown that it is");
}
