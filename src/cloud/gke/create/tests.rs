use serde_json::json;

use super::*;
use crate::cloud::gke::testing::{every_option, live, spec};

fn changed(change: impl FnOnce(&mut wire::NodePool)) -> bool {
    let spec = NodePoolSpec { options: every_option(), ..spec() };
    let sent = translate::create(&spec).unwrap().node_pool;
    let mut found = live(&spec);
    change(&mut found);
    equals_sent(&found, &sent)
}

#[test]
fn what_gke_fills_in_makes_no_difference() {
    assert!(changed(|_| {}));
    assert!(changed(|it| {
        it.version = Some("1.33.5-gke.1".into());
        let config = it.config.as_mut().unwrap();
        config.disk_type = Some("pd-balanced".into());
        config.labels.insert("added".into(), "x".into());
        config.resource_labels.insert("goog-gke-node".into(), String::new());
        config.taints.push(wire::Taint { key: "added".into(), ..wire::Taint::default() });
    }));
}

#[test]
fn what_is_left_out_because_it_is_zero_makes_no_difference() {
    let spec = NodePoolSpec { size: crate::nodepool::spec::Size::Fixed(0), ..spec() };
    let sent = translate::create(&spec).unwrap().node_pool;
    let mut found = live(&spec);
    found.initial_node_count = None;
    assert!(equals_sent(&found, &sent));
}

#[test]
fn any_other_difference_means_somebody_elses_pool() {
    assert!(!changed(|it| it.initial_node_count = Some(7.into())));
    assert!(!changed(|it| it.locations = vec!["us-central1-f".into()]));
    assert!(!changed(|it| it.config.as_mut().unwrap().machine_type = Some("a2-highgpu-2g".into())));
    assert!(!changed(
        |it| it.config.as_mut().unwrap().accelerators[0].gpu_partition_size = Some("2g.10gb".into())
    ));
    assert!(!changed(|it| {
        it.config.as_mut().unwrap().labels.remove("team");
    }));
    assert!(!changed(|it| it.config.as_mut().unwrap().taints.clear()));
}

#[test]
fn a_minimum_version_is_met_by_its_patches_only() {
    let spec = NodePoolSpec { kubernetes_version: Some("1.33".into()), ..spec() };
    let sent = translate::create(&spec).unwrap().node_pool;
    let at = |version: &str| {
        let mut found = live(&spec);
        found.version = Some(version.into());
        equals_sent(&found, &sent)
    };
    assert!(at("1.33.5-gke.1080000"));
    assert!(!at("1.34.0-gke.1"));
}

#[test]
fn only_a_create_of_this_pool_begun_after_the_request_is_ours() {
    let place = Place { project: "p", location: "us-central1", cluster: "c" };
    let operation = |kind: &str, target: &str, start: &str| -> wire::Operation {
        serde_json::from_value(json!({
            "name": "operation-1", "operationType": kind, "targetLink": target, "startTime": start,
        }))
        .unwrap()
    };
    let link =
        "https://container.googleapis.com/v1/projects/123/locations/us-central1/clusters/c/nodePools/mig1g";
    let create = operation("CREATE_NODE_POOL", link, "2026-01-01T00:00:10.5Z");
    assert!(creates(&create, place, "mig1g"));
    assert!(!creates(&create, place, "1g"));
    assert!(!creates(&operation("DELETE_NODE_POOL", link, ""), place, "mig1g"));
    assert!(!creates(&create, Place { cluster: "other", ..place }, "mig1g"));

    let at = |text: &str| crate::cloud::instant::parse(text).unwrap();
    assert!(began_after(&create, at("2026-01-01T00:00:10Z")));
    assert!(began_after(&create, at("2026-01-01T00:00:12Z")), "the clock tells whole seconds");
    assert!(!began_after(&create, at("2026-01-01T00:00:20Z")));
    assert!(!began_after(&operation("CREATE_NODE_POOL", link, ""), at("2026-01-01T00:00:20Z")));
}
