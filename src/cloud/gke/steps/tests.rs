use serde_json::{Value, json};

use super::*;
use crate::cloud::gke::testing::{live, map, options, set, spec};
use crate::nodepool::spec::{Amount, TaintEffect, Upgrade};
use crate::slicing::Sharing;

/// The requests of a change, in order, as route and body; each group is asked once, against the same live pool.
fn requests(prior: &NodePoolSpec, wanted: &NodePoolSpec) -> Vec<(Group, Value)> {
    requests_on(prior, wanted, &live(prior), None)
}

fn requests_on(
    prior: &NodePoolSpec,
    wanted: &NodePoolSpec,
    live: &wire::NodePool,
    nodes: Option<u32>,
) -> Vec<(Group, Value)> {
    let change = Change { prior, wanted, live, nodes };
    ORDER
        .into_iter()
        .filter_map(|group| {
            let body = match change.request(group).unwrap()? {
                Request::Put(body) => serde_json::to_value(*body).unwrap(),
                Request::Size(body) => serde_json::to_value(body).unwrap(),
                Request::Autoscaling(body) => serde_json::to_value(body).unwrap(),
                Request::Management(body) => serde_json::to_value(body).unwrap(),
            };
            Some((group, body))
        })
        .collect()
}

fn with(change: impl FnOnce(&mut NodePoolSpec)) -> NodePoolSpec {
    let mut wanted = spec();
    change(&mut wanted);
    wanted
}

fn with_options(json: &Value) -> NodePoolSpec {
    with(|it| it.options = options(json))
}

#[test]
fn no_change_no_request() {
    assert_eq!(requests(&spec(), &spec()), []);
    let full = with(|it| it.options = crate::cloud::gke::testing::every_option());
    assert_eq!(requests(&full, &full), []);
}

#[test]
fn the_order_has_every_group_once() {
    for (position, group) in ORDER.iter().enumerate() {
        assert!(!ORDER[..position].contains(group), "{group:?} twice");
        assert!(!group.noun().is_empty());
    }
}

#[test]
fn labels_are_replaced_as_a_whole_without_losing_foreign_ones() {
    let mut found = live(&spec());
    found.config.as_mut().unwrap().labels.insert("foreign".into(), "stays".into());
    let wanted = with(|it| it.labels = map(&[("gpuslice/profile", "1g.5gb"), ("owner", "x")]));
    assert_eq!(
        requests_on(&spec(), &wanted, &found, None),
        [(
            Group::Labels,
            json!({
                "labels": {"labels": {"foreign": "stays", "gpuslice/profile": "1g.5gb", "owner": "x"}},
                "etag": "e1",
            })
        )]
    );
}

#[test]
fn the_last_label_can_go() {
    let prior = with(|it| it.labels = map(&[("a", "b")]));
    let wanted = with(|it| it.labels = map(&[]));
    assert_eq!(requests(&prior, &wanted), [(Group::Labels, json!({"labels": {"labels": {}}, "etag": "e1"}))]);
}

#[test]
fn taints_are_replaced_as_a_whole_without_losing_foreign_ones() {
    let taint = |key: &str, value: &str| Taint {
        key: key.into(),
        value: value.into(),
        effect: TaintEffect::NoSchedule,
    };
    let prior = with(|it| it.taints = [taint("old", "1"), taint("kept", "1")].into());
    let mut found = live(&prior);
    found.config.as_mut().unwrap().taints.push(parts::taint(&taint("foreign", "x")));
    let wanted = with(|it| {
        it.taints = [taint("kept", "2"), taint("new", "")].into();
        it.gpu_taint = false;
    });
    assert_eq!(
        requests_on(&prior, &wanted, &found, None),
        [(
            Group::Taints,
            json!({
                "taints": {"taints": [
                    {"key": "foreign", "value": "x", "effect": "NO_SCHEDULE"},
                    {"key": "kept", "value": "2", "effect": "NO_SCHEDULE"},
                    {"key": "new", "effect": "NO_SCHEDULE"},
                ]},
                "etag": "e1",
            })
        )]
    );
}

#[test]
fn a_taint_that_is_already_there_is_not_sent_again() {
    let taint = Taint { key: "new".into(), value: "1".into(), effect: TaintEffect::NoSchedule };
    let wanted = with(|it| it.taints = [taint].into());
    assert_eq!(requests_on(&spec(), &wanted, &live(&wanted), None), []);
}

#[test]
fn tags_keep_what_google_adds() {
    let mut found = live(&spec());
    found.config.as_mut().unwrap().resource_labels.insert("goog-gke-node".into(), String::new());
    let wanted = with(|it| it.tags = map(&[("cost", "other")]));
    assert_eq!(
        requests_on(&spec(), &wanted, &found, None),
        [(
            Group::ResourceLabels,
            json!({"resourceLabels": {"labels": {"cost": "other", "goog-gke-node": ""}}, "etag": "e1"})
        )]
    );
}

#[test]
fn network_and_manager_tags() {
    let prior = with_options(
        &json!({"network_tags": ["a", "b"], "resource_manager_tags": {"tagKeys/1": "tagValues/1"}}),
    );
    let mut found = live(&prior);
    found.config.as_mut().unwrap().tags.push("foreign".into());
    let wanted = with_options(
        &json!({"network_tags": ["b", "c"], "resource_manager_tags": {"tagKeys/2": "tagValues/2"}}),
    );
    assert_eq!(
        requests_on(&prior, &wanted, &found, None),
        [
            (Group::NetworkTags, json!({"tags": {"tags": ["b", "c", "foreign"]}, "etag": "e1"})),
            (
                Group::ManagerTags,
                json!({"resourceManagerTags": {"tags": {"tagKeys/2": "tagValues/2"}}, "etag": "e1"})
            ),
        ]
    );
}

#[test]
fn an_option_that_is_no_longer_written_stays() {
    let prior = with(|it| {
        it.options = crate::cloud::gke::testing::every_option();
        it.options.set("blue_green", None);
    });
    assert_eq!(requests(&prior, &spec()), []);
}

#[test]
fn sizes_are_per_zone_and_shrink_first() {
    let sized = |count| with(|it| it.size = Size::Fixed(count));
    assert_eq!(requests(&sized(4), &sized(8)), [(Group::Grow, json!({"nodeCount": 4}))]);
    assert_eq!(requests(&sized(4), &sized(0)), [(Group::Shrink, json!({"nodeCount": 0}))]);
    // Somebody has done it already.
    assert_eq!(requests_on(&sized(4), &sized(8), &live(&sized(4)), Some(8)), []);
    // An uneven number, as an autoscaler leaves it.
    let uneven = requests_on(&sized(4), &sized(6), &live(&sized(4)), Some(5));
    assert_eq!(uneven, [(Group::Grow, json!({"nodeCount": 3}))]);
}

#[test]
fn more_zones_with_the_same_total_shrink_the_old_ones_first() {
    let prior = with(|it| it.size = Size::Fixed(6));
    let zones = set(&["us-central1-a", "us-central1-b", "us-central1-c"]);
    let wanted = with(|it| {
        it.size = Size::Fixed(6);
        it.zones = Some(zones);
    });
    assert_eq!(
        requests_on(&prior, &wanted, &live(&prior), Some(6)),
        [
            (Group::Shrink, json!({"nodeCount": 2})),
            (Group::Zones, json!({"locations": ["us-central1-a", "us-central1-b", "us-central1-c"]})),
        ]
    );
}

#[test]
fn the_autoscaler_counts_totals() {
    let fixed = spec();
    let scaled = |min, max| with(|it| it.size = Size::Autoscaling { min, max, initial: None });
    assert_eq!(
        requests(&fixed, &scaled(0, 6)),
        [(
            Group::Autoscaling,
            json!({"autoscaling": {"enabled": true, "totalMinNodeCount": 0, "totalMaxNodeCount": 6}})
        )]
    );
    assert_eq!(
        requests_on(&scaled(0, 6), &fixed, &live(&scaled(0, 6)), Some(2)),
        [
            (Group::Autoscaling, json!({"autoscaling": {"enabled": false}})),
            (Group::Grow, json!({"nodeCount": 2}))
        ]
    );
    // Limits per zone, as another tool has set them, make way; what is not modelled stays.
    let mut found = live(&scaled(0, 6));
    found.autoscaling = serde_json::from_value(json!({
        "enabled": true, "maxNodeCount": 3, "locationPolicy": "ANY", "autoprovisioned": true,
    }))
    .unwrap();
    assert_eq!(
        requests_on(&scaled(0, 6), &scaled(0, 8), &found, None),
        [(
            Group::Autoscaling,
            json!({"autoscaling": {
                "enabled": true, "totalMinNodeCount": 0, "totalMaxNodeCount": 8, "locationPolicy": "ANY",
                "autoprovisioned": true,
            }})
        )]
    );
}

#[test]
fn a_location_policy_alone_is_an_autoscaling_change() {
    let scaled = |json: &Value| {
        with(|it| {
            it.size = Size::Autoscaling { min: 0, max: 6, initial: None };
            it.options = options(json);
        })
    };
    let found = requests(
        &scaled(&json!({"location_policy": "BALANCED"})),
        &scaled(&json!({"location_policy": "ANY"})),
    );
    assert_eq!(found[0].1["autoscaling"]["locationPolicy"], "ANY");
}

#[test]
fn coming_from_the_autoscaler_with_an_unseen_size_sets_it_last() {
    let prior = with(|it| it.size = Size::Autoscaling { min: 0, max: 6, initial: None });
    let wanted = with(|it| it.size = Size::Fixed(0));
    let groups: Vec<Group> = requests(&prior, &wanted).into_iter().map(|(group, _)| group).collect();
    assert_eq!(groups, [Group::Autoscaling, Group::Grow]);
}

#[test]
fn accelerators_are_sent_whole_and_only_when_they_change() {
    let prior = with(|it| it.options = options(&json!({"driver_version": "DEFAULT"})));
    let mut found = live(&prior);
    let entry = &mut found.config.as_mut().unwrap().accelerators[0];
    entry.extra.insert("somethingNew".into(), json!(true));
    let wanted = with(|it| {
        it.options = options(&json!({"driver_version": "LATEST"}));
        it.sharing = Sharing::TimeSlicing { replicas: 4 };
    });
    assert_eq!(
        requests_on(&prior, &wanted, &found, None),
        [(
            Group::Accelerators,
            json!({"accelerators": [{
                "acceleratorCount": "1",
                "acceleratorType": "nvidia-tesla-a100",
                "gpuPartitionSize": "1g.5gb",
                "gpuSharingConfig": {"gpuSharingStrategy": "TIME_SHARING", "maxSharedClientsPerGpu": "4"},
                "gpuDriverInstallationConfig": {"gpuDriverVersion": "LATEST"},
                "somethingNew": true,
            }]})
        )]
    );
}

#[test]
fn a_driver_comes_by_its_version_and_goes_by_another_word() {
    let prior = with_options(&json!({"driver_version": "DEFAULT"}));
    let specific =
        with_options(&json!({"driver_version": "DEFAULT", "driver_specific_version": "580.65.06"}));
    let sent = |prior: &NodePoolSpec, wanted: &NodePoolSpec| {
        let mut found = requests(prior, wanted);
        assert_eq!(found.len(), 1);
        found.remove(0).1["accelerators"][0]["gpuDriverInstallationConfig"].take()
    };
    assert_eq!(
        sent(&prior, &specific),
        json!({"gpuDriverVersion": "SPECIFIC", "specificVersion": "580.65.06"}),
        "the word was GKE's, the version is the user's"
    );
    let was = with_options(&json!({"driver_version": "SPECIFIC", "driver_specific_version": "580.65.06"}));
    assert_eq!(
        sent(&was, &specific),
        json!({"gpuDriverVersion": "DEFAULT"}),
        "the version is what was there before"
    );
}

#[test]
fn versions_go_up_only() {
    let asking = |version: &str| with(|it| it.kubernetes_version = Some(version.into()));
    let mut found = live(&spec());
    found.version = Some("1.33.5-gke.1080000".into());
    let sent = |version: &str| requests_on(&spec(), &asking(version), &found, None);
    assert_eq!(sent("1.34"), [(Group::Version, json!({"nodeVersion": "1.34"}))]);
    assert_eq!(sent("1.33.6"), [(Group::Version, json!({"nodeVersion": "1.33.6"}))]);
    assert_eq!(sent("1.33"), []);
    assert_eq!(sent("1.32.1"), []);
}

#[test]
fn the_boot_disk_is_one_request() {
    let wanted = with(|it| {
        it.disk_size_gb = Some(200);
        it.disk_type = Some("pd-ssd".into());
    });
    assert_eq!(
        requests(&spec(), &wanted),
        [(Group::Disk, json!({"diskSizeGb": "200", "diskType": "pd-ssd"}))]
    );
}

#[test]
fn surge_keeps_the_figure_that_is_not_written() {
    let surge = |surge, unavailable| {
        with(|it| {
            let nodes = |number: Option<u32>| number.map(Amount::Nodes);
            it.upgrade = Upgrade { max_surge: nodes(surge), max_unavailable: nodes(unavailable) };
        })
    };
    let prior = surge(Some(1), Some(2));
    assert_eq!(
        requests(&prior, &surge(Some(3), None)),
        [(
            Group::Upgrade,
            json!({"upgradeSettings": {"strategy": "SURGE", "maxSurge": 3, "maxUnavailable": 2}})
        )]
    );
    assert_eq!(requests(&prior, &surge(None, None)), [], "unset means unchanged");
}

#[test]
fn blue_green_comes_and_goes() {
    let blue_green = with_options(&json!({"blue_green": {"batch_node_count": 1}}));
    assert_eq!(
        requests(&spec(), &blue_green),
        [(
            Group::Upgrade,
            json!({"upgradeSettings": {
                "strategy": "BLUE_GREEN",
                "blueGreenSettings": {"standardRolloutPolicy": {"batchNodeCount": 1}},
            }})
        )]
    );
    assert_eq!(
        requests(&blue_green, &spec()),
        [(
            Group::Upgrade,
            json!({"upgradeSettings": {"strategy": "SURGE", "maxSurge": 1, "maxUnavailable": 0}})
        )]
    );
}

#[test]
fn management_and_drain_keep_what_is_not_written() {
    let prior = with_options(
        &json!({"auto_repair": true, "auto_upgrade": true, "node_drain": {"pdb_timeout": "1h"}}),
    );
    let wanted = with_options(&json!({
        "auto_repair": true, "auto_upgrade": false,
        "node_drain": {"respect_pdb_during_deletion": true},
    }));
    assert_eq!(
        requests(&prior, &wanted),
        [
            (
                Group::Drain,
                json!({"nodeDrainConfig": {"respectPdbDuringNodePoolDeletion": true, "pdbTimeoutDuration": "3600s"}})
            ),
            (Group::Management, json!({"management": {"autoRepair": true, "autoUpgrade": false}})),
        ]
    );
}

#[test]
fn private_nodes_keep_the_rest_of_the_network() {
    let prior = with_options(&json!({"pod_range": "pods", "private_nodes": false}));
    let wanted = with_options(&json!({"pod_range": "pods", "private_nodes": true}));
    assert_eq!(
        requests(&prior, &wanted),
        [(
            Group::PrivateNodes,
            json!({"nodeNetworkConfig": {"podRange": "pods", "enablePrivateNodes": true}})
        )]
    );
}

#[test]
fn what_an_earlier_apply_asked_for_is_not_asked_again() {
    let full = with(|it| {
        it.options = crate::cloud::gke::testing::every_option();
        it.size = Size::Autoscaling { min: 0, max: 6, initial: None };
        it.disk_size_gb = Some(200);
        it.disk_type = Some("pd-ssd".into());
        it.sharing = Sharing::Mps { replicas: 3 };
        it.taints = [Taint { key: "a".into(), value: "b".into(), effect: TaintEffect::NoSchedule }].into();
    });
    // The state is that of before, the pool is as wanted already.
    assert_eq!(requests_on(&spec(), &full, &live(&full), None), []);
}

#[test]
fn one_spelling_of_a_duration_is_as_good_as_another() {
    let prior = with_options(&json!({"blue_green": {"node_pool_soak": "1h30m"}, "max_run_duration": "24h"}));
    let wanted = with_options(&json!({"blue_green": {"node_pool_soak": "90m"}, "max_run_duration": "1440m"}));
    assert_eq!(requests(&prior, &wanted), []);
}

/// Every option that can change without a new pool has a request, alone in its group.
#[test]
fn every_changeable_option_has_a_request() {
    use crate::nodepool::Change as Class;
    for (name, from, to, body) in [
        (
            "image_type",
            json!("COS_CONTAINERD"),
            json!("UBUNTU_CONTAINERD"),
            json!({"imageType": "UBUNTU_CONTAINERD"}),
        ),
        (
            "workload_metadata_mode",
            json!("GCE_METADATA"),
            json!("GKE_METADATA"),
            json!({"workloadMetadataConfig": {"mode": "GKE_METADATA"}}),
        ),
        ("flex_start", json!(false), json!(true), json!({"flexStart": true})),
        ("queued_provisioning", json!(true), json!(false), json!({"queuedProvisioning": {"enabled": false}})),
        ("max_run_duration", json!("1h"), json!("2h"), json!({"maxRunDuration": "7200s"})),
        ("gvnic", json!(false), json!(true), json!({"gvnic": {"enabled": true}})),
        ("image_streaming", json!(true), json!(false), json!({"gcfsConfig": {"enabled": false}})),
    ] {
        let of = |value: &Value| with_options(&json!({name: value}));
        let found = requests(&of(&from), &of(&to));
        assert_eq!(found.iter().map(|(_, body)| body).collect::<Vec<_>>(), [&body], "{name}");
    }
    let tested_elsewhere = [
        "driver_version",
        "driver_specific_version",
        "network_tags",
        "location_policy",
        "auto_repair",
        "auto_upgrade",
        "blue_green",
        "node_drain",
        "private_nodes",
        "resource_manager_tags",
    ];
    let tested_here = [
        "image_type",
        "workload_metadata_mode",
        "flex_start",
        "queued_provisioning",
        "max_run_duration",
        "gvnic",
        "image_streaming",
    ];
    for option in crate::cloud::gke::options::OPTIONS {
        let tested = tested_here.contains(&option.name) || tested_elsewhere.contains(&option.name);
        assert_eq!(tested, matches!(option.change, Class::InPlace | Class::Rolls), "{}", option.name);
    }
}
