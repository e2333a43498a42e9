use serde_json::Value;

use super::*;
use crate::kubernetes::plugin::fixtures::{chart, feature_discovery, gke, operator, seen};
use crate::kubernetes::plugin::{ClusterPolicy, MigManager};

fn installed(sets: &[Value]) -> Installed {
    Installed { plugins: sets.iter().map(seen).collect(), ..Installed::default() }
}

fn policy(config_map: Option<&str>, default: Option<&str>) -> ClusterPolicy {
    ClusterPolicy {
        name: "cluster-policy".to_owned(),
        namespace: "nvidia".to_owned(),
        config_map: config_map.map(str::to_owned),
        default: default.map(str::to_owned),
        mig_strategy: "single".to_owned(),
        mig_manager: MigManager::default(),
    }
}

fn wanted(namespace: Option<&str>, config_map: Option<&str>) -> Wanted {
    Wanted { namespace: namespace.map(str::to_owned), config_map: config_map.map(str::to_owned) }
}

fn found(wanted: &Wanted, installed: &Installed) -> (String, Origin) {
    let place = choose(wanted, installed).unwrap();
    (place.full_name(), place.origin)
}

#[test]
fn the_config_map_that_is_read_is_the_place() {
    let all = installed(&[chart(Some("slices")), feature_discovery("slices"), gke()]);
    let place = choose(&Wanted::default(), &all).unwrap();
    assert_eq!(place.full_name(), "gpu/slices");
    assert_eq!(place.origin, Origin::DaemonSet("gpu/nvdp-nvidia-device-plugin".to_owned()));
    assert_eq!(place.fallback, Fallback::default());
    assert_eq!(place.advice(&[]), None);
}

#[test]
fn a_cluster_policy_counts_before_its_daemon_set_is_there() {
    let mut all = installed(&[]);
    all.policies = vec![policy(Some("slices"), Some("any"))];
    let place = choose(&Wanted::default(), &all).unwrap();
    assert_eq!(place.full_name(), "nvidia/slices");
    assert_eq!(
        place.fallback,
        Fallback { default: Some("any".to_owned()), strategies: vec![Strategy::Empty] }
    );
    assert_eq!(place.advice(&[]), None);
}

#[test]
fn several_are_an_error_that_lists_them_until_one_is_named() {
    let all = installed(&[chart(Some("one")), operator(Some("two"))]);
    let error = choose(&Wanted::default(), &all).unwrap_err();
    let listed = vec![
        "gpu/one, read by the DaemonSet gpu/nvdp-nvidia-device-plugin".to_owned(),
        "gpu-operator/two, read by the DaemonSet gpu-operator/nvidia-device-plugin-daemonset".to_owned(),
    ];
    assert_eq!(error, KubeError::SeveralConfigMaps { found: listed });
    assert_eq!(found(&wanted(Some("gpu"), None), &all).0, "gpu/one");
    assert_eq!(found(&wanted(None, Some("two")), &all).0, "gpu-operator/two");
}

#[test]
fn without_anything_the_documentations_names_are_taken() {
    let nothing = installed(&[]);
    let (name, origin) = found(&Wanted::default(), &nothing);
    assert_eq!(
        (name.as_str(), origin),
        ("nvidia-device-plugin/gpuslice-device-plugin", Origin::NothingInstalled)
    );
    assert_eq!(found(&Wanted::default(), &installed(&[gke()])).1, Origin::NothingInstalled);
    let (name, origin) = found(&wanted(Some("mine"), Some("m")), &nothing);
    assert_eq!((name.as_str(), origin), ("mine/m", Origin::Given));
}

#[test]
fn a_plugin_without_a_config_map_says_where_it_would_be() {
    let plugin = "gpu/nvdp-nvidia-device-plugin".to_owned();
    let (name, origin) = found(&Wanted::default(), &installed(&[chart(None)]));
    assert_eq!((name.as_str(), origin), ("gpu/gpuslice-device-plugin", Origin::Unconfigured(plugin.clone())));
    let (name, origin) = found(&wanted(Some("gpu"), Some("other")), &installed(&[chart(Some("slices"))]));
    let another = Origin::ReadsAnother { plugin, config_map: "slices".to_owned() };
    assert_eq!((name.as_str(), origin), ("gpu/other", another));
    let mut operator = installed(&[operator(None)]);
    operator.policies = vec![policy(None, None)];
    let (name, origin) = found(&Wanted::default(), &operator);
    let unconfigured = Origin::UnconfiguredOperator("cluster-policy".to_owned());
    assert_eq!((name.as_str(), origin), ("nvidia/gpuslice-device-plugin", unconfigured));
}

#[test]
fn whatever_nobody_reads_comes_with_advice() {
    for (wanted, installed) in [
        (Wanted::default(), installed(&[])),
        (Wanted::default(), installed(&[chart(None)])),
        (Wanted::default(), installed(&[operator(None)])),
        (wanted(Some("gpu"), Some("other")), installed(&[chart(Some("slices"))])),
        (wanted(Some("mine"), None), installed(&[])),
    ] {
        let place = choose(&wanted, &installed).unwrap();
        let advice = place.advice(&[Taint::gpu()]).unwrap();
        assert!(advice.contains(&format!("name: {}", place.config_map)), "{advice}");
        assert_eq!(place.fallback, Fallback::default(), "the most careful way");
    }
}
