use serde_json::{Value, json};

use super::*;
use crate::cloud::aks::testing::{every_option, live, map, options, shown, spec};
use crate::nodepool::spec::{Amount, CapacityType, Taint, TaintEffect, Upgrade};

/// The bodies of a change, in order, each asked against the pool as the one before has made it: what each changes of the
/// properties (null where it removes one), and what it says that it changes.
fn bodies_on(
    prior: &NodePoolSpec,
    wanted: &NodePoolSpec,
    live: &Value,
) -> Vec<(Step, Value, Vec<&'static str>)> {
    let mut live = live.clone();
    let mut bodies = Vec::new();
    for step in ORDER {
        let shown = shown(&live);
        let Some(body) = (Change { prior, wanted, live: &shown }).body(step).unwrap() else { continue };
        let sent = body.json["properties"].clone();
        bodies.push((step, differences(&live, &sent), body.changes));
        live = sent;
    }
    bodies
}

fn bodies(prior: &NodePoolSpec, wanted: &NodePoolSpec) -> Vec<(Step, Value, Vec<&'static str>)> {
    bodies_on(prior, wanted, &live(prior))
}

/// What differs, without what is read-only.
fn differences(live: &Value, sent: &Value) -> Value {
    let (live, sent) = (live.as_object().unwrap(), sent.as_object().unwrap());
    for name in READ_ONLY {
        assert!(!sent.contains_key(name), "{name} is read-only");
    }
    let names = live.keys().chain(sent.keys()).filter(|name| !READ_ONLY.contains(&name.as_str()));
    let changed = names.filter(|name| live.get(*name) != sent.get(*name));
    changed
        .map(|name| (name.clone(), sent.get(name).cloned().unwrap_or(Value::Null)))
        .collect::<Map<_, _>>()
        .into()
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
    assert_eq!(bodies(&spec(), &spec()), []);
    let full = with(|it| (it.options, it.capacity_type) = (every_option(), CapacityType::Spot));
    assert_eq!(bodies(&full, &full), []);
    // Not written any more means unchanged.
    let plain = with(|it| it.capacity_type = CapacityType::Spot);
    assert_eq!(bodies(&full, &plain), []);
}

#[test]
fn all_that_replaces_no_node_is_one_request() {
    let wanted = with(|it| {
        it.labels = map(&[("gpuslice/profile", "2g.20gb")]);
        it.tags = map(&[("Cost", "sales")]);
        it.taints = [Taint { key: "team".into(), value: "ml".into(), effect: TaintEffect::NoExecute }].into();
        it.gpu_taint = false;
        it.size = Size::Fixed(4);
        it.upgrade = Upgrade { max_surge: Some(Amount::Nodes(0)), max_unavailable: Some(Amount::Nodes(1)) };
        it.options = options(&json!({
            "mode": "System", "scale_down_mode": "Deallocate", "drain_timeout": "1h", "node_soak": "10m",
            "undrainable_node_behavior": "Cordon",
        }));
    });
    let changed = json!({
        "nodeLabels": {"gpuslice/profile": "2g.20gb"},
        "tags": {"Cost": "sales"},
        "nodeTaints": ["team=ml:NoExecute"],
        "count": 4,
        "upgradeSettings": {
            "maxSurge": "0", "maxUnavailable": "1", "drainTimeoutInMinutes": 60, "nodeSoakDurationInMinutes": 10,
            "undrainableNodeBehavior": "Cordon",
        },
        "mode": "System",
        "scaleDownMode": "Deallocate",
    });
    let nouns = vec![
        "the upgrade settings",
        "the mode",
        "the scale-down mode",
        "the number of nodes",
        "the tags",
        "the labels",
        "the taints",
    ];
    assert_eq!(bodies(&spec(), &wanted), [(Step::Settings, changed, nouns)]);
}

#[test]
fn what_replaces_nodes_comes_between_fewer_and_more_of_them() {
    let rolled = |count| {
        with(|it| {
            it.size = Size::Fixed(count);
            it.kubernetes_version = Some("1.34".into());
            it.options = options(&json!({"os_sku": "AzureLinux"}));
        })
    };
    let steps = |wanted: &NodePoolSpec| -> Vec<(Step, Value)> {
        bodies(&spec(), wanted).into_iter().map(|(step, changed, _)| (step, changed)).collect()
    };
    let version = (Step::Version, json!({"orchestratorVersion": "1.34"}));
    let image = (Step::Image, json!({"osSKU": "AzureLinux"}));
    assert_eq!(steps(&rolled(5)), [version.clone(), image.clone(), (Step::Grow, json!({"count": 5}))]);
    assert_eq!(steps(&rolled(1)), [(Step::Settings, json!({"count": 1})), version, image]);
}

#[test]
fn autoscaling_comes_goes_and_takes_the_count_that_is_there() {
    let scaled = |min, max| with(|it| it.size = Size::Autoscaling { min, max, initial: None });
    let only = |prior: &NodePoolSpec, wanted: &NodePoolSpec, live: &Value| {
        let mut bodies = bodies_on(prior, wanted, live);
        assert_eq!(bodies.len(), 1, "{bodies:?}");
        bodies.remove(0).1
    };
    let on = json!({"enableAutoScaling": true, "minCount": 0, "maxCount": 4});
    assert_eq!(only(&spec(), &scaled(0, 4), &live(&spec())), on);
    // The autoscaler has moved the count meanwhile: it goes back as it is.
    let mut moved = live(&scaled(0, 4));
    moved["count"] = json!(3);
    let tagged = NodePoolSpec { tags: map(&[]), ..scaled(0, 4) };
    assert_eq!(only(&scaled(0, 4), &tagged, &moved), json!({"tags": {}}));
    // The count stays within new limits.
    assert_eq!(only(&scaled(0, 4), &scaled(0, 2), &moved), json!({"maxCount": 2, "count": 2}));
    assert_eq!(only(&scaled(0, 4), &scaled(4, 4), &moved), json!({"minCount": 4, "count": 4}));
    // Off, at once with the number that is wanted; limits beside it would be refused.
    let off = json!({"enableAutoScaling": false, "minCount": null, "maxCount": null, "count": 5});
    assert_eq!(only(&scaled(0, 4), &with(|it| it.size = Size::Fixed(5)), &moved), off);
}

#[test]
fn what_is_there_already_is_not_asked_for_again() {
    let prior = with(|it| {
        it.size = Size::Fixed(9);
        it.tags = map(&[("cost", "before")]);
        it.kubernetes_version = Some("1.20".into());
    });
    let wanted = with(|it| it.kubernetes_version = Some("1.33.5".into()));
    let mut live = live(&spec());
    live["tags"] = json!({"COST": "research"});
    assert_eq!(bodies_on(&prior, &wanted, &live), []);
}

#[test]
fn a_version_is_a_minimum() {
    for older in ["1.33", "1.33.5", "1.32"] {
        let wanted = with(|it| it.kubernetes_version = Some(older.into()));
        assert_eq!(bodies(&spec(), &wanted), [], "{older}");
    }
}

#[test]
fn upgrade_settings_that_nobody_wrote_stay() {
    let mut live = live(&spec());
    live["upgradeSettings"] = json!({"maxSurge": "10%", "maxUnavailable": "0", "new": {"deep": [1]}});
    let wanted = with_options(&json!({"node_soak": "5m"}));
    let changed = json!({"upgradeSettings": {
        "maxSurge": "10%", "maxUnavailable": "0", "new": {"deep": [1]}, "nodeSoakDurationInMinutes": 5,
    }});
    assert_eq!(bodies_on(&spec(), &wanted, &live), [(Step::Settings, changed, vec!["the upgrade settings"])]);
}

#[test]
fn a_length_that_is_no_whole_minutes_is_refused() {
    let shown = shown(&live(&spec()));
    let wanted = with_options(&json!({"drain_timeout": "90s"}));
    let change = Change { prior: &spec(), wanted: &wanted, live: &shown };
    assert_eq!(
        change.body(Step::Settings).unwrap_err().attribute().unwrap().to_string(),
        "aks.drain_timeout"
    );
}

#[test]
fn an_unchanged_pool_goes_back_without_what_is_read_only() {
    let properties = live(&spec());
    let body = unchanged(&shown(&properties));
    assert_eq!(body.as_object().unwrap().len(), 1, "the envelope is the service's");
    assert_eq!(differences(&properties, &body["properties"]), json!({}));
    assert_eq!(body["properties"]["gpuProfile"], properties["gpuProfile"], "echoed as it came");
    let mut off = properties;
    off["minCount"] = json!(0);
    off["maxCount"] = json!(null);
    assert_eq!(unchanged(&shown(&off))["properties"].get("minCount"), None);
}
