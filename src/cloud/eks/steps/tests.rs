use serde_json::{Value, json};

use super::*;
use crate::cloud::eks::testing::{GROUP, every_option, live, map, options, spec};
use crate::nodepool::spec::{Amount, SharingSwitches, Taint, TaintEffect, Upgrade};
use crate::slicing::Sharing;

fn json(request: &Request) -> Value {
    match request {
        Request::Tags { set, removed } => json!({"set": set, "removed": removed}),
        Request::Config(body) => {
            let mut body = serde_json::to_value(body).unwrap();
            body.as_object_mut().unwrap().remove("clientRequestToken");
            body
        }
        Request::Roll(roll) => {
            let template = match &roll.template {
                None => json!(null),
                Some(Template::Ours(data)) => json!({"ours": data.user_data, "gb": data.volume_gb}),
                Some(Template::Theirs(used)) => json!({used.id.clone(): used.version}),
            };
            json!({
                "template": template, "version": roll.version, "release": roll.release_version, "force": roll.force,
            })
        }
    }
}

/// The requests of a change of a node group, each asked against the group as the one before has left it.
fn requests_on(
    prior: &NodePoolSpec,
    wanted: &NodePoolSpec,
    (mut live, mut template): (wire::Nodegroup, Option<wire::TemplateVersion>),
) -> Vec<(Step, Value)> {
    let mut requests = Vec::new();
    for step in ORDER {
        let change =
            Change { prior, wanted, live: &live, template: template.as_ref(), security_group: Some(GROUP) };
        let Some(request) = change.request(step).unwrap() else { continue };
        requests.push((step, json(&request)));
        carry_out(request, &mut live, &mut template);
        let change =
            Change { prior, wanted, live: &live, template: template.as_ref(), security_group: Some(GROUP) };
        assert_eq!(change.request(step).unwrap(), None, "{step:?} is done");
    }
    requests
}

/// What EKS makes of a request.
fn carry_out(request: Request, live: &mut wire::Nodegroup, template: &mut Option<wire::TemplateVersion>) {
    match request {
        Request::Tags { set, removed } => {
            live.tags.extend(set);
            live.tags.retain(|key, _| !removed.contains(key));
        }
        Request::Config(body) => {
            let labels = body.labels.unwrap_or_default();
            live.labels.extend(labels.add_or_update_labels);
            live.labels.retain(|key, _| !labels.remove_labels.contains(key));
            let taints = body.taints.unwrap_or_default();
            for taint in &taints.remove_taints {
                assert!(live.taints.contains(taint), "EKS removes what it has: {taint:?}");
            }
            let replaced = |one: &wire::Taint| {
                let same = |other: &wire::Taint| (&one.key, &one.effect) == (&other.key, &other.effect);
                taints.remove_taints.contains(one) || taints.add_or_update_taints.iter().any(same)
            };
            live.taints.retain(|taint| !replaced(taint));
            live.taints.extend(taints.add_or_update_taints);
            let (change, scaling) =
                (body.scaling_config.unwrap_or_default(), live.scaling_config.get_or_insert_default());
            scaling.min_size = change.min_size.unwrap_or(scaling.min_size);
            scaling.max_size = change.max_size.unwrap_or(scaling.max_size);
            scaling.desired_size = change.desired_size.unwrap_or(scaling.desired_size);
            let fits = (scaling.min_size..=scaling.max_size).contains(&scaling.desired_size);
            assert!(fits && scaling.max_size > 0, "EKS refuses {scaling:?}");
            live.update_config = body.update_config.or(live.update_config.take());
            live.node_repair_config = body.node_repair_config.or(live.node_repair_config.take());
            live.warm_pool_config = body.warm_pool_config.or(live.warm_pool_config.take());
        }
        Request::Roll(roll) => {
            live.version = roll.version.or(live.version.take());
            live.release_version = roll.release_version.or(live.release_version.take());
            match roll.template {
                Some(Template::Ours(data)) => {
                    let number = template.as_ref().unwrap().number + 1;
                    *template = Some(wire::TemplateVersion { number, data: data.shown() });
                    live.launch_template.as_mut().unwrap().version = number.to_string();
                }
                Some(Template::Theirs(used)) => {
                    live.launch_template.as_mut().unwrap().version = used.version;
                }
                None => assert!(live.launch_template.is_none()),
            }
        }
    }
}

fn requests(prior: &NodePoolSpec, wanted: &NodePoolSpec) -> Vec<(Step, Value)> {
    let (group, template) = live(prior);
    requests_on(prior, wanted, (group, Some(template)))
}

fn with(change: impl FnOnce(&mut NodePoolSpec)) -> NodePoolSpec {
    let mut wanted = spec();
    change(&mut wanted);
    wanted
}

fn with_options(json: &Value) -> NodePoolSpec {
    with(|it| it.options = options(json))
}

fn full() -> NodePoolSpec {
    with(|it| {
        it.options = every_option();
        it.size = Size::Autoscaling { min: 0, max: 6, initial: Some(3) };
        it.disk_size_gb = Some(500);
        it.max_pods = Some(64);
    })
}

#[test]
fn no_change_no_request() {
    assert_eq!(requests(&spec(), &spec()), []);
    assert_eq!(requests(&full(), &full()), []);
}

#[test]
fn what_is_not_written_any_more_stays() {
    let less = NodePoolSpec {
        options: options(&json!({"gpu_stack": "gpu_operator", "capacity_block": true})),
        disk_size_gb: None,
        max_pods: None,
        ..full()
    };
    assert_eq!(requests(&full(), &less), []);
    let emptied = NodePoolSpec {
        options: options(&json!({
            "gpu_stack": "gpu_operator", "capacity_block": true,
            "launch_template": {"security_group_ids": []},
        })),
        ..full()
    };
    let rolled = requests(&full(), &emptied);
    assert_eq!(rolled.len(), 1, "written empty means taken away: {rolled:?}");
}

#[test]
fn all_that_replaces_no_node_is_one_request() {
    let wanted = with(|it| {
        it.labels = map(&[("gpuslice/profile", "2g.10gb"), ("stage", "prod")]);
        it.tags = map(&[("Cost", "sales")]);
        it.taints = [Taint { key: "team".into(), value: "ml".into(), effect: TaintEffect::NoExecute }].into();
        it.gpu_taint = false;
        it.size = Size::Fixed(4);
        it.upgrade =
            Upgrade { max_surge: Some(Amount::Nodes(0)), max_unavailable: Some(Amount::Percent(50)) };
        it.options = options(&json!({
            "node_repair": {"enabled": true, "max_parallel_count": 2},
            "warm_pool": {"enabled": true, "min_size": 1},
        }));
    });
    let tags = json!({"set": {"Cost": "sales"}, "removed": ["cost"]});
    let settings = json!({
        "labels": {
            "addOrUpdateLabels": {"stage": "prod"},
            "removeLabels": ["gpuslice/sharing", "nvidia.com/gpu.deploy.operands"],
        },
        "taints": {
            "addOrUpdateTaints": [{"key": "team", "value": "ml", "effect": "NO_EXECUTE"}],
            "removeTaints": [{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}],
        },
        "scalingConfig": {"minSize": 4, "maxSize": 4, "desiredSize": 4},
        "updateConfig": {"maxUnavailablePercentage": 50, "updateStrategy": "MINIMAL"},
        "nodeRepairConfig": {"enabled": true, "maxParallelNodesRepairedCount": 2},
        "warmPoolConfig": {"enabled": true, "minSize": 1},
    });
    assert_eq!(requests(&spec(), &wanted), [(Step::Tags, tags), (Step::Settings, settings)]);
}

#[test]
fn foreign_labels_taints_and_tags_survive() {
    let (mut group, template) = live(&spec());
    group.labels.insert("theirs".into(), "1".into());
    group.tags.insert("theirs".into(), "1".into());
    let foreign = wire::Taint { key: "theirs".into(), value: "1".into(), effect: "NO_EXECUTE".into() };
    group.taints.push(foreign);
    let wanted = with(|it| {
        it.labels = map(&[("stage", "prod")]);
        it.tags = map(&[("stage", "prod")]);
        it.gpu_taint = false;
    });
    let all = requests_on(&spec(), &wanted, (group, Some(template)));
    assert!(!format!("{all:?}").contains("theirs"), "{all:?}");
    assert_eq!(all.len(), 2);
}

#[test]
fn an_exchange_of_nodes_comes_between_fewer_and_more_of_them() {
    let rolled = |count| {
        with(|it| {
            it.mig_profile = Some("1g.5gb".parse().unwrap());
            it.labels.insert("gpuslice/profile".into(), "1g.5gb".into());
            it.size = Size::Fixed(count);
            it.upgrade = Upgrade { max_surge: Some(Amount::Nodes(0)), max_unavailable: None };
        })
    };
    let minimal = json!({"maxUnavailable": 1, "updateStrategy": "MINIMAL"});
    let label = json!({"addOrUpdateLabels": {"gpuslice/profile": "1g.5gb"}});
    let steps = |count| requests(&spec(), &rolled(count));
    let fewer = steps(1);
    assert_eq!(
        fewer[0],
        (
            Step::Prepare,
            json!({"scalingConfig": {"minSize": 1, "maxSize": 1, "desiredSize": 1}, "updateConfig": minimal})
        )
    );
    assert_eq!(fewer[1].0, Step::Roll);
    assert!(fewer[1].1["template"]["ours"].as_str().unwrap().contains("\"a100.40gb\" = \"1g.5gb\""));
    assert_eq!(fewer[2], (Step::Settings, json!({"labels": label})));
    let more = steps(5);
    assert_eq!(more[0], (Step::Prepare, json!({"updateConfig": minimal})));
    assert_eq!(
        more[2],
        (
            Step::Settings,
            json!({"labels": label, "scalingConfig": {"minSize": 5, "maxSize": 5, "desiredSize": 5}})
        )
    );
}

/// The sizes that are sent where EKS shows `(min, max, desired)`.
fn sizes(shown: (u32, u32, u32), prior: Size, wanted: Size) -> Value {
    let (prior, wanted) = (with(|it| it.size = prior), with(|it| it.size = wanted));
    let (mut group, template) = live(&prior);
    let (min_size, max_size, desired_size) = shown;
    group.scaling_config = Some(wire::ScalingConfig { min_size, max_size, desired_size });
    let all = requests_on(&prior, &wanted, (group, Some(template)));
    let config = all.iter().find(|(step, _)| *step == Step::Settings);
    config.map_or(Value::Null, |(_, body)| body["scalingConfig"].clone())
}

#[test]
fn sizes_move_only_as_far_as_they_must() {
    let auto = |min, max| Size::Autoscaling { min, max, initial: Some(3) };
    for (shown, prior, wanted, sent) in [
        // What the autoscaler has set stays where it fits.
        ((1, 4, 3), auto(1, 4), auto(1, 6), json!({"maxSize": 6})),
        ((1, 4, 3), auto(1, 4), auto(0, 4), json!({"minSize": 0})),
        // Upwards it is taken along, downwards nodes go.
        ((1, 4, 1), auto(1, 4), auto(2, 4), json!({"minSize": 2, "desiredSize": 2})),
        ((1, 4, 4), auto(1, 4), auto(1, 2), json!({"maxSize": 2, "desiredSize": 2})),
        // The first number of nodes is for the first day.
        ((1, 4, 1), Size::Autoscaling { min: 1, max: 4, initial: None }, auto(1, 4), json!(null)),
        ((2, 2, 2), Size::Fixed(2), Size::Fixed(0), json!({"minSize": 0, "maxSize": 1, "desiredSize": 0})),
        ((0, 1, 0), Size::Fixed(0), Size::Fixed(3), json!({"minSize": 3, "maxSize": 3, "desiredSize": 3})),
        ((2, 2, 2), Size::Fixed(2), auto(1, 4), json!({"minSize": 1, "maxSize": 4})),
        ((1, 4, 3), auto(1, 4), Size::Fixed(3), json!({"minSize": 3, "maxSize": 3})),
        // Somebody else was there before.
        ((3, 3, 3), Size::Fixed(2), Size::Fixed(3), json!(null)),
        ((5, 5, 5), Size::Fixed(2), Size::Fixed(2), json!(null)),
    ] {
        assert_eq!(sizes(shown, prior, wanted), sent, "{shown:?} {prior:?} {wanted:?}");
    }
}

#[test]
fn the_autoscaler_hears_of_other_slices_at_once() {
    let shared = |replicas| {
        with(|it| {
            it.sharing = Sharing::TimeSlicing { replicas };
            it.size = Size::Autoscaling { min: 0, max: 4, initial: None };
        })
    };
    let all = requests(&shared(2), &shared(4));
    let key = "k8s.io/cluster-autoscaler/node-template/resources/nvidia.com/gpu";
    assert_eq!(all[0], (Step::Tags, json!({"set": {key: "96"}, "removed": []})));
    assert_eq!(all[1].0, Step::Roll, "Bottlerocket is told by user data");
    let off = NodePoolSpec { options: options(&json!({"scale_from_zero_tags": false})), ..shared(4) };
    let all = requests(&shared(4), &off);
    let (step, body) = &all[0];
    assert_eq!((*step, all.len(), body["set"].clone()), (Step::Tags, 1, json!({})));
    assert!(body["removed"].as_array().unwrap().iter().any(|it| it == key), "{body}");
}

#[test]
fn the_way_nodes_are_exchanged() {
    let of = |max_surge: Option<u32>, max_unavailable| {
        with(|it| it.upgrade = Upgrade { max_surge: max_surge.map(Amount::Nodes), max_unavailable })
    };
    let change = |prior: &NodePoolSpec, wanted: &NodePoolSpec| {
        requests(prior, wanted).first().map_or(Value::Null, |(_, body)| body["updateConfig"].clone())
    };
    let one = Some(Amount::Nodes(1));
    assert_eq!(
        change(&of(None, one), &of(Some(0), one)),
        json!({"maxUnavailable": 1, "updateStrategy": "MINIMAL"})
    );
    assert_eq!(
        change(&of(Some(0), one), &of(None, one)),
        json!({"maxUnavailable": 1, "updateStrategy": "DEFAULT"})
    );
    assert_eq!(
        change(&of(Some(0), one), &of(Some(0), Some(Amount::Percent(20)))),
        json!({"maxUnavailablePercentage": 20, "updateStrategy": "MINIMAL"})
    );
    assert_eq!(change(&of(Some(0), one), &of(Some(0), None)), json!(null), "not written any more");
}

#[test]
fn repair_and_warm_pools_change_by_what_is_written() {
    let prior = with_options(&json!({
        "node_repair": {"enabled": true, "max_unhealthy_count": 3, "max_parallel_count": 2},
        "warm_pool": {"enabled": true, "min_size": 1, "pool_state": "STOPPED"},
    }));
    let change = |json: &Value| {
        let all = requests(&prior, &with_options(json));
        assert!(all.len() <= 1, "{all:?}");
        all.into_iter().next().map_or(Value::Null, |(_, body)| body)
    };
    assert_eq!(
        change(&json!({"node_repair": {"enabled": true, "max_unhealthy_percentage": 20}})),
        json!({"nodeRepairConfig": {
            "enabled": true, "maxUnhealthyNodeThresholdPercentage": 20, "maxParallelNodesRepairedCount": 2,
        }}),
        "of a count and a share EKS takes one"
    );
    assert_eq!(
        change(&json!({"node_repair": {"enabled": false}}))["nodeRepairConfig"]["enabled"],
        json!(false)
    );
    assert_eq!(
        change(&json!({"warm_pool": {"enabled": true, "min_size": 2}})),
        json!({"warmPoolConfig": {"enabled": true, "minSize": 2, "poolState": "STOPPED"}})
    );
    let off = json!({"warm_pool": {"enabled": false, "min_size": 2}});
    assert_eq!(change(&off), json!({"warmPoolConfig": {"enabled": false}}));
    let without = with_options(&json!({"warm_pool": {"enabled": false}}));
    assert_eq!(requests(&spec(), &without), [], "there is none that could go");
    let back = requests(&without, &with_options(&json!({"warm_pool": {"enabled": true, "min_size": 2}})));
    assert_eq!(back, [(Step::Settings, json!({"warmPoolConfig": {"enabled": true, "minSize": 2}}))]);
}

/// The version and the release that are sent, where EKS shows a version, and a release of Amazon Linux or Bottlerocket.
fn versions(shown: (&str, &str), prior: (Option<&str>, &str), wanted: (Option<&str>, &str)) -> Value {
    let bottlerocket = shown.1.split('.').nth(1).is_some_and(|minor| minor.starts_with('5'));
    let of = |(version, release): (Option<&str>, &str)| {
        let stack = if bottlerocket { "bottlerocket" } else { "device_plugin" };
        with(|it| {
            it.mig_profile = None;
            it.kubernetes_version = version.map(ToOwned::to_owned);
            it.options =
                options(&json!({"gpu_stack": stack, "release_version": release, "force_update": true}));
        })
    };
    let (prior, wanted) = (of(prior), of(wanted));
    let (mut group, template) = live(&prior);
    (group.version, group.release_version) = (Some(shown.0.to_owned()), Some(shown.1.to_owned()));
    let all = requests_on(&prior, &wanted, (group, Some(template)));
    assert!(all.len() <= 1, "{all:?}");
    all.into_iter().next().map_or(Value::Null, |(step, body)| {
        assert_eq!((step, &body["force"]), (Step::Roll, &json!(true)));
        assert_eq!(body["template"], json!({"lt-0123456789abcdef0": "3"}), "the one in use");
        json!([body["version"], body["release"]])
    })
}

#[test]
fn versions_are_minima_and_agree() {
    const OLD: &str = "1.34.1-20260901";
    const NEW: &str = "1.34.2-20261015";
    const NEXT: &str = "1.35.0-20261101";
    let shown = ("1.34", OLD);
    for (shown, prior, wanted, sent) in [
        (shown, (None, OLD), (Some("1.35"), OLD), json!(["1.35", null])),
        (shown, (Some("1.33"), OLD), (Some("1.34"), OLD), json!(null)),
        (("1.36", OLD), (Some("1.34"), OLD), (Some("1.35"), OLD), json!(null)),
        (shown, (Some("1.35"), OLD), (Some("1.35"), OLD), json!(null)),
        (shown, (None, OLD), (None, NEW), json!([null, NEW])),
        (("1.34", NEW), (None, OLD), (None, NEW), json!(null)),
        (("1.34", NEW), (None, NEW), (None, OLD), json!(null)),
        // A release names its Kubernetes version.
        (shown, (None, OLD), (Some("1.35"), NEXT), json!(["1.35", NEXT])),
        (shown, (None, OLD), (None, NEXT), json!(["1.35", NEXT])),
        (shown, (None, OLD), (Some("1.35"), NEW), json!(["1.35", null])),
        // Bottlerocket's does not.
        (
            ("1.34", "1.52.0-0a1b2c3d"),
            (None, ""),
            (Some("1.35"), "1.54.0-0a1b2c3d"),
            json!(["1.35", "1.54.0-0a1b2c3d"]),
        ),
        (("1.34", "1.55.0-0a1b2c3d"), (None, ""), (Some("1.35"), "1.54.0-0a1b2c3d"), json!(["1.35", null])),
    ] {
        assert_eq!(versions(shown, prior, wanted), sent, "{shown:?} {prior:?} {wanted:?}");
    }
}

#[test]
fn everything_in_the_template_exchanges_nodes_once() {
    let wanted = with(|it| {
        it.disk_size_gb = Some(300);
        it.sharing = Sharing::TimeSlicing { replicas: 2 };
        it.switches = SharingSwitches { rename_resource: true, ..SharingSwitches::default() };
        it.max_pods = Some(64);
        it.kubernetes_version = Some("1.35".into());
        it.options = options(&json!({
            "capacity_reservation_id": "cr-0123456789abcdef0",
            "launch_template": {"security_group_ids": ["sg-0123abcd"], "instance_tags": {"a": "b"}},
        }));
    });
    let all = requests(&spec(), &wanted);
    let [(Step::Roll, body)] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((&body["gb"], &body["version"]), (&Value::Null, &json!("1.35")));
    assert_eq!(body["template"]["gb"], json!(300));
    assert!(body["template"]["ours"].as_str().unwrap().contains("rename-by-default = true"), "{body}");
}

#[test]
fn a_template_that_only_a_newer_provider_would_write_otherwise_stays() {
    let (group, mut template) = live(&spec());
    template.data.user_data = Some("[settings]\n# as an older version wrote it\n".into());
    let labelled = with(|it| it.labels = map(&[("stage", "prod")]));
    let all = requests_on(&spec(), &labelled, (group, Some(template)));
    assert_eq!(all.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [Step::Settings]);
}

#[test]
fn nodes_that_are_as_wanted_already_are_not_exchanged_again() {
    let wanted = with(|it| it.disk_size_gb = Some(300));
    let (group, template) = live(&wanted);
    assert_eq!(requests_on(&spec(), &wanted, (group, Some(template))), []);
}

#[test]
fn a_template_of_the_users_own_follows_its_version() {
    let of = |version: i64, stack: &str| {
        with(|it| {
            it.mig_profile = None;
            it.options =
                options(&json!({"gpu_stack": stack, "launch_template": {"id": "lt-1", "version": version}}));
        })
    };
    let shown = |version: &str| {
        let (mut group, _) = live(&spec());
        group.launch_template =
            Some(wire::UsedTemplate { id: "lt-1".into(), version: version.into(), ..Default::default() });
        (group, None)
    };
    let all = requests_on(&of(1, "device_plugin"), &of(2, "device_plugin"), shown("1"));
    let [(Step::Roll, body)] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(body["template"], json!({"lt-1": "2"}));
    assert_eq!(requests_on(&of(1, "device_plugin"), &of(2, "device_plugin"), shown("2")), []);
}

#[test]
fn what_needs_a_template_of_ours_is_refused_without_one() {
    let larger = with(|it| it.disk_size_gb = Some(300));
    let (mut group, _) = live(&spec());
    for template in [None, group.launch_template.clone()] {
        group.launch_template = template;
        let change = Change {
            prior: &spec(),
            wanted: &larger,
            live: &group,
            template: None,
            security_group: Some(GROUP),
        };
        let refused = change.request(Step::Roll).unwrap_err();
        assert_eq!(refused.attribute().unwrap().to_string(), "eks.launch_template");
    }
    let newer = with(|it| it.kubernetes_version = Some("1.35".into()));
    group.launch_template = None;
    let all = requests_on(&spec(), &newer, (group, None));
    let [(Step::Roll, body)] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((&body["template"], &body["version"]), (&json!(null), &json!("1.35")));
}
