use serde_json::{Value, json};

use super::*;
use crate::cloud::aks::testing::{every_option, id, live, map, shown, spec};
use crate::nodepool::spec::{Amount, Size};
use crate::nodepool::{Health, NodePoolSpec};

fn read(properties: &Value) -> Result<NodePool, Unreadable> {
    pool(&id(), &shown(properties).pool)
}

#[test]
fn what_is_sent_is_what_is_seen() {
    let spec = NodePoolSpec {
        options: every_option(),
        size: Size::Autoscaling { min: 1, max: 6, initial: None },
        capacity_type: CapacityType::Spot,
        disk_size_gb: Some(200),
        disk_type: Some("Managed".into()),
        max_pods: Some(64),
        upgrade: Upgrade { max_surge: Some(Amount::Percent(33)), max_unavailable: Some(Amount::Nodes(1)) },
        ..spec()
    };
    let seen = read(&live(&spec)).unwrap();
    for (name, value) in &spec.options.0 {
        let same = |shown: &OptionValue| match (shown, value) {
            // A length of time comes back in the shortest words.
            (OptionValue::Text(shown), OptionValue::Text(sent)) => {
                let length = |text: &str| text.parse::<GoDuration>().ok();
                shown == sent || length(shown).is_some() && length(shown) == length(sent)
            }
            _ => shown == value,
        };
        assert!(seen.options.get(name).is_some_and(same), "{name}: {:?}", seen.options.get(name));
    }
    assert_eq!((seen.autoscaling, seen.node_count), (Some((1, 6)), None));
    assert_eq!((seen.labels, seen.tags, seen.taints), (spec.labels, spec.tags, spec.taints));
    assert_eq!((seen.gpu, seen.mig_profile), (Some(spec.gpu), spec.mig_profile));
    assert_eq!((seen.disk_size_gb, seen.disk_type), (spec.disk_size_gb, spec.disk_type));
    assert_eq!((seen.max_pods, seen.kubernetes_version.as_deref()), (spec.max_pods, Some("1.33.5")));
    assert_eq!((seen.zones, seen.gpu_taint, seen.upgrade), (spec.zones.unwrap(), true, spec.upgrade));
    assert_eq!((seen.health, seen.capacity_type), (Health::Ready, CapacityType::Spot));
}

#[test]
fn every_option_of_the_table_is_seen() {
    let spec = NodePoolSpec { options: every_option(), capacity_type: CapacityType::Spot, ..spec() };
    let seen = read(&live(&spec)).unwrap();
    // It is no part of the pool.
    let shown = super::super::options::OPTIONS.iter().filter(|it| it.name != "ignore_pod_disruption_budget");
    for option in shown {
        let Some(value) = seen.options.get(option.name) else { panic!("{} is not seen", option.name) };
        if let (crate::nodepool::OptionKind::Object(inner), OptionValue::Object(shown)) = (option.kind, value)
        {
            for leaf in inner {
                assert!(shown.get(leaf.name).is_some(), "{}.{} is not seen", option.name, leaf.name);
            }
        }
    }
}

#[test]
fn what_is_empty_null_or_none_is_not_there() {
    let plain = read(&live(&spec())).unwrap();
    let mut properties = live(&spec());
    for (name, nothing) in [
        ("osSKU", json!("")),
        ("vnetSubnetID", json!(null)),
        ("proximityPlacementGroupID", json!("")),
        ("kubeletConfig", json!(null)),
        ("creationData", json!({"sourceResourceId": null})),
        ("upgradeSettings", json!({"maxSurge": "", "maxUnavailable": null, "undrainableNodeBehavior": ""})),
        ("enableFIPS", json!(null)),
        ("osDiskSizeGB", json!(0)),
        ("spotMaxPrice", json!(-1)),
        ("scaleSetEvictionPolicy", json!("Delete")),
    ] {
        properties[name] = nothing;
    }
    assert_eq!(read(&properties).unwrap(), plain);
}

#[test]
fn what_aks_adds_by_itself_is_not_shown() {
    let mut properties = live(&spec());
    properties["scaleSetPriority"] = json!("Spot");
    properties["nodeLabels"]["kubernetes.azure.com/scalesetpriority"] = json!("spot");
    properties["nodeTaints"] =
        json!(["kubernetes.azure.com/scalesetpriority=spot:NoSchedule", "nvidia.com/gpu=present:NoSchedule"]);
    let seen = read(&properties).unwrap();
    assert_eq!((seen.labels, seen.taints.len(), seen.gpu_taint), (spec().labels, 0, true));
}

#[test]
fn a_profile_is_read_in_either_of_its_two_places() {
    let with = |value: Value, nvidia: Value| {
        let mut properties = live(&spec());
        properties["gpuInstanceProfile"] = value;
        properties["gpuProfile"]["nvidia"] = nvidia;
        read(&properties).map(|pool| pool.mig_profile.map(|profile| profile.to_string()))
    };
    let some = |profile: &str| Ok(Some(profile.to_owned()));
    assert_eq!(with(json!("MIG3g"), json!(null)), some("3g.40gb"));
    assert_eq!(
        with(json!("mig3G"), json!({"managementMode": "Managed", "migStrategy": null})),
        some("3g.40gb")
    );
    assert_eq!(
        with(json!(null), json!({"migStrategy": "Single", "migProfiles": ["MIG1g"]})),
        some("1g.10gb")
    );
    for nothing in [json!(null), json!(""), json!("None")] {
        assert_eq!(with(nothing, json!({"migProfiles": []})), Ok(None));
    }
    let mixed =
        with(json!(null), json!({"migStrategy": "Mixed", "migProfiles": ["MIG3g", "MIG2g", "MIG1g"]}));
    assert_eq!(mixed, Err(Unreadable::Layout("MIG3g, MIG2g, MIG1g".to_owned())));
    let unknown = with(json!("MIG9g"), json!(null)).unwrap_err().to_string();
    assert!(unknown.contains("MIG9g") && unknown.contains("Standard_NC24ads_A100_v4"), "{unknown}");
}

#[test]
fn slices_that_the_stable_api_hides_are_an_error_and_not_an_uncut_pool() {
    let mut properties = live(&spec());
    properties["gpuInstanceProfile"] = json!(null);
    assert_eq!(read(&properties).unwrap().mig_profile, None, "AKS shows all there is of such a pool");
    properties["gpuProfile"]["nvidia"] = json!({"managementMode": "Managed"});
    let hidden = read(&properties).unwrap_err();
    assert_eq!(hidden, Unreadable::Hidden("2g.20gb".to_owned()));
    assert!(hidden.to_string().contains("api_version = \"2026-08-02-preview\""), "{hidden}");
    properties["nodeLabels"]["gpuslice/profile"] = json!("none");
    assert_eq!(read(&properties).unwrap().mig_profile, None);
}

#[test]
fn a_machine_type_that_nobody_knows_is_read_by_our_label() {
    let mut properties = live(&spec());
    properties["vmSize"] = json!("Standard_NC25ads_A100_v9");
    let seen = read(&properties).unwrap();
    assert_eq!((seen.gpu, seen.mig_profile), (None, spec().mig_profile));
    properties["nodeLabels"] = json!({"gpuslice/profile": "3g.40gb"});
    assert!(read(&properties).is_err(), "the label does not fit what AKS has cut");
}

#[test]
fn a_stack_is_known_by_its_mode_and_labels() {
    let with = |labels: &[(&str, &str)], nvidia: Value| {
        let mut properties = live(&NodePoolSpec { labels: map(labels), ..spec() });
        properties["gpuProfile"]["nvidia"] = nvidia;
        read(&properties).unwrap().options.text("gpu_stack").unwrap().to_owned()
    };
    assert_eq!(with(&[], json!(null)), "device_plugin", "made by somebody else");
    assert_eq!(with(&[("nvidia.com/gpu.deploy.mig-manager", "false")], json!(null)), "gpu_operator");
    assert_eq!(with(&[], json!({"managementMode": "Managed"})), "managed");
    assert_eq!(with(&[], json!({"managementMode": "Unmanaged"})), "device_plugin");
}

#[test]
fn names_come_back_as_azure_spells_them() {
    let shouted = PoolId { name: "MIG2G".to_owned(), ..id() };
    assert_eq!(pool(&shouted, &shown(&live(&spec())).pool).unwrap().id, id());
}
