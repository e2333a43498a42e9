use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::cloud::aks::checks::testing::{all_problems, config, known, map, options};
use crate::nodepool::resolve::{Defaults, build, effective_tags};
use crate::nodepool::spec::SharingSwitches;
use crate::slicing::{Catalogue, Sharing};

fn problems(machine_type: &str, profile: &str) -> String {
    all_problems(|it| {
        it.machine_type = known(machine_type);
        it.mig_profile = Field::Known(profile.parse().unwrap());
        it.max_pods = Field::Known(110);
    })
}

#[test]
fn the_board_of_the_size_decides() {
    for (machine_type, profile) in [
        ("Standard_ND96asr_v4", "1g.5gb"),
        ("standard_nc24ads_a100_v4", "7g.80gb"),
        ("Standard_NC80adis_H100_v5", "1g.12gb"),
        ("Standard_ND96isr_H100_v5", "3g.40gb"),
    ] {
        assert_eq!(problems(machine_type, profile), "", "{machine_type} {profile}");
    }
}

/// What the common rules and AKS's say together of a profile, for reading.
#[test]
fn the_messages_about_profiles_and_machines() {
    let found = [
        // The name of the 80 GB board on the one with 94 GB.
        problems("Standard_NC40ads_H100_v5", "1g.10gb"),
        problems("Standard_NC24ads_A100_v4", "1g.20gb"),
        problems("Standard_NC24ads_A100_v4", "1g.10gb+me"),
        problems("Standard_NC24ads_A100_v4", "4g.40gb"),
        // Fractions, machines without MIG, and GPUs with four slices.
        problems("Standard_NV6ads_A10_v5", "1g.10gb"),
        problems("Standard_NC4as_T4_v3", "1g.10gb"),
        problems("Standard_NC144ds_xl_RTXPRO6000BSE_v6", "1g.24gb"),
        problems("Standard_NC24lds_xl_RTXPRO6000BSE_v6", "1g.24gb"),
        // Nobody says whether AKS cuts these.
        problems("Standard_NCC40ads_H100_v5", "1g.12gb"),
        problems("Standard_ND128isr_NDR_GB200_v6", "1g.23gb"),
        // No prefix.
        problems("NC24ads_A100_v4", "1g.10gb"),
        all_problems(|it| {
            it.labels = map(&[("nvidia.com/gpu.present", "true"), ("kubernetes.azure.com/x", "y")]);
        }),
        all_problems(|it| it.labels = map(&[("nvidia.com/mig.config", "all-1g.10gb")])),
    ];
    assert!(found.iter().all(|it| !it.is_empty()), "{found:#?}");
    insta::assert_snapshot!(found.join("\n"));
}

/// Whatever the catalogue holds: a profile is planned, or refused at `mig_profile`.
#[test]
fn every_machine_and_profile_is_planned_or_refused_at_the_profile() {
    let catalogue = Catalogue::built_in();
    for machine in catalogue.machines(Cloud::Aks) {
        for facts in &machine.gpu().unwrap().profiles {
            let mut config = config();
            config.machine_type = known(&machine.name.to_ascii_lowercase());
            config.mig_profile = Field::Known(facts.profile);
            let mut problems = Problems::default();
            crate::nodepool::checks::check(&config, Some(&Rules), &mut problems);
            let what = format!("{} on {}", facts.profile, machine.name);
            if problems.has_errors() {
                assert!(
                    problems.0.iter().any(|it| it.path.to_string() == "mig_profile"),
                    "{what}: {problems:?}"
                );
                continue;
            }
            let spec = build(&config, &Defaults::default(), &Rules).expect(&what);
            let native = Rules.native(&SlicingChoice {
                gpu: machine.gpu().unwrap(),
                accelerator_type: spec.gpu.accelerator_type.as_deref(),
                gpus_per_node: spec.gpu.count,
                profile: spec.mig_profile.as_ref(),
                sharing: &spec.sharing,
                switches: SharingSwitches::default(),
                config_key: None,
                options: &spec.options,
            });
            assert_eq!(native["gpuInstanceProfile"], format!("MIG{}g", facts.profile.slices), "{what}");
        }
    }
}

#[test]
fn labels_follow_the_stack() {
    let own = |options: Field<crate::nodepool::Options>| {
        Rules.own_labels(&NodePoolConfig { options, ..NodePoolConfig::default() })
    };
    let labels = |pairs: &[(&str, &str)]| {
        Some(
            pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect::<BTreeMap<_, _>>(),
        )
    };
    let stack = |word: serde_json::Value| own(Field::Known(options(&json!({"gpu_stack": word}))));
    let plugin =
        labels(&[("nvidia.com/gpu.deploy.mig-manager", "false"), ("nvidia.com/gpu.present", "true")]);
    assert_eq!(own(Field::Null), plugin);
    assert_eq!(stack(json!("device_plugin")), plugin);
    assert_eq!(stack(json!("gpu_operator")), labels(&[("nvidia.com/gpu.deploy.mig-manager", "false")]));
    assert_eq!(stack(json!("managed")), labels(&[("nvidia.com/gpu.deploy.operands", "false")]));
    assert_eq!(stack(json!(null)), None);
    assert_eq!(own(Field::Unknown), None);
}

#[test]
fn lost_labels_are_no_other_stack() {
    assert!(Rules.may_show_as("gpu_stack", "gpu_operator", "device_plugin"));
    assert!(!Rules.may_show_as("gpu_stack", "managed", "device_plugin"));
    assert!(!Rules.may_show_as("gpu_stack", "device_plugin", "managed"));
    assert!(!Rules.may_show_as("mode", "User", "System"));
}

#[test]
fn a_written_tag_takes_the_place_of_a_default_in_another_case() {
    let defaults = Defaults {
        tags: [("Team", "a"), ("cost", "b")].map(|(k, v)| (k.into(), v.into())).into(),
        ..Defaults::default()
    };
    let config = NodePoolConfig { tags: map(&[("TEAM", "x")]), ..config() };
    let tags = effective_tags(&config, &defaults, &Rules).unwrap();
    assert_eq!(tags, [("TEAM", "x"), ("cost", "b")].map(|(k, v)| (k.to_owned(), v.to_owned())).into());
}

#[test]
fn slices_are_called_by_strategy() {
    let profile = "1g.12gb".parse().unwrap();
    assert_eq!(Rules.resource_name(MigStrategy::Single, Some(&profile)), "nvidia.com/gpu");
    assert_eq!(Rules.resource_name(MigStrategy::Mixed, Some(&profile)), "nvidia.com/mig-1g.12gb");
}

#[test]
fn native_is_what_is_sent() {
    let profile = "2g.20gb".parse().unwrap();
    let native = |json: serde_json::Value| {
        Rules.native(&SlicingChoice {
            gpu: Catalogue::built_in().gpu("a100-80gb").unwrap(),
            accelerator_type: None,
            gpus_per_node: 1,
            profile: Some(&profile),
            sharing: &Sharing::None,
            switches: SharingSwitches::default(),
            config_key: None,
            options: &options(&json),
        })
    };
    assert_eq!(native(json!({})), [("gpuInstanceProfile".to_owned(), "MIG2g".to_owned())].into());
    assert_eq!(native(json!({"gpu_stack": "managed"}))["gpuProfile.nvidia.managementMode"], "Managed");
}

#[test]
fn pods_must_tolerate_the_taint_of_spot_nodes() {
    let taints = Rules.system_taints(None, CapacityType::Spot);
    assert_eq!(
        taints.iter().map(Taint::to_string).collect::<Vec<_>>(),
        ["kubernetes.azure.com/scalesetpriority=spot:NoSchedule"]
    );
    assert!(taints.iter().all(labels::is_system_taint), "what AKS adds is no drift");
    assert!(Rules.system_taints(Some(Arch::Arm64), CapacityType::OnDemand).is_empty());
}

#[test]
fn a_device_plugin_in_the_cluster_is_told_of_all_but_managed_pools() {
    let used = |json: &serde_json::Value| {
        Rules.plugin_config(&NodePoolConfig { options: Field::Known(options(json)), ..config() })
    };
    assert_eq!(used(&json!({})), Some(PluginUse::Always));
    assert_eq!(used(&json!({"gpu_stack": "gpu_operator"})), Some(PluginUse::Always));
    assert_eq!(used(&json!({"gpu_stack": "managed"})), Some(PluginUse::Never));
    assert_eq!(used(&json!({"gpu_stack": null})), None);
    assert_eq!(Rules.plugin_config(&NodePoolConfig { options: Field::Unknown, ..config() }), None);
}

#[test]
fn the_key_is_sent_as_a_label() {
    let slicing = SlicingChoice {
        gpu: Catalogue::built_in().gpu("a100-80gb").unwrap(),
        accelerator_type: None,
        gpus_per_node: 1,
        profile: None,
        sharing: &Sharing::TimeSlicing { replicas: 4 },
        switches: SharingSwitches::default(),
        config_key: Some("ts4-0123abcd"),
        options: &options(&json!({})),
    };
    assert_eq!(Rules.native(&slicing)["nodeLabels.nvidia.com/device-plugin.config"], "ts4-0123abcd");
}
