use serde_json::json;

use super::*;
use crate::cloud::eks::testing::{config, known, options, problems, written};
use crate::nodepool::resolve::{Defaults, build};
use crate::nodepool::spec::SharingSwitches;
use crate::slicing::Catalogue;

fn with(stack: &str, machine_type: &str, profile: Option<&str>) -> String {
    problems(|it| {
        it.machine_type = known(machine_type);
        it.mig_profile = profile.map(|text| text.parse().unwrap()).into();
        it.sharing = Field::Known(match profile {
            Some(_) => Sharing::None,
            None => Sharing::TimeSlicing { replicas: 4 },
        });
        it.options = Field::Known(options(&json!({"gpu_stack": stack})));
    })
}

#[test]
fn what_each_stack_can_do_is_planned() {
    for (stack, machine_type, profile) in [
        ("bottlerocket", "p4d.24xlarge", Some("1g.5gb")),
        ("bottlerocket", "p5.4xlarge", Some("3g.40gb")),
        ("bottlerocket", "g5g.xlarge", None),
        ("gpu_operator", "p4d.24xlarge", Some("1g.5gb")),
        ("gpu_operator", "g6.xlarge", None),
        ("device_plugin", "g4dn.12xlarge", None),
    ] {
        assert_eq!(with(stack, machine_type, profile), "", "{stack} {machine_type} {profile:?}");
    }
}

/// What the common rules and EKS's say together of stacks, profiles and machines, for reading.
#[test]
fn the_messages_about_stacks_profiles_and_machines() {
    let found = [
        with("bottlerocket", "p4d.24xlarge", Some("4g.20gb")),
        with("bottlerocket", "p4d.24xlarge", Some("1g.5gb+me")),
        with("bottlerocket", "p6-b300.48xlarge", Some("1g.34gb")),
        with("bottlerocket", "g7e.2xlarge", Some("1g.24gb")),
        with("bottlerocket", "p4d.24xlarge", Some("1g.10gb+me")),
        with("device_plugin", "p4d.24xlarge", Some("1g.5gb")),
        with("gpu_operator", "g5.xlarge", Some("1g.5gb")),
        with("gpu_operator", "g6f.large", None),
        with("device_plugin", "g7.2xlarge", None),
    ];
    assert!(found.iter().all(|it| !it.is_empty()), "{found:#?}");
    insta::assert_snapshot!(found.join("\n----\n"));
}

#[test]
fn our_labels_are_refused_where_a_user_writes_them() {
    for (stack, key) in [
        ("bottlerocket", "nvidia.com/gpu.deploy.operands"),
        ("device_plugin", "nvidia.com/gpu.present"),
        ("gpu_operator", "nvidia.com/mig.config"),
        ("bottlerocket", "nvidia.com/mig.config"),
        ("device_plugin", "nvidia.com/device-plugin.config"),
    ] {
        let found = problems(|it| {
            it.mig_profile = Field::Null;
            it.sharing = Field::Known(Sharing::TimeSlicing { replicas: 2 });
            it.labels = written(&[(key, "x")]);
            it.options = Field::Known(options(&json!({"gpu_stack": stack})));
        });
        assert!(found.starts_with("error at labels"), "{stack} {key}: {found}");
    }
}

/// Whatever the catalogue holds: a profile is planned for a stack and says how it is cut, or is refused there.
#[test]
fn every_machine_and_profile_is_planned_or_refused() {
    for machine in Catalogue::built_in().machines(Cloud::Eks) {
        for facts in &machine.gpu().unwrap().profiles {
            for stack in GpuStack::ALL {
                let mut config = config();
                config.machine_type = known(&machine.name);
                config.mig_profile = Field::Known(facts.profile);
                config.options = Field::Known(options(&json!({"gpu_stack": stack.word()})));
                let mut problems = Problems::default();
                crate::nodepool::checks::check(&config, Some(&Rules), &mut problems);
                let what = format!("{} on {} by {}", facts.profile, machine.name, stack.word());
                if problems.has_errors() {
                    assert_ne!(
                        (stack, machine.name.as_str()),
                        (GpuStack::GpuOperator, "p4d.24xlarge"),
                        "{problems:?}"
                    );
                    continue;
                }
                let spec = build(&config, &Defaults::default(), &Rules).expect(&what);
                let native = Rules.native(&SlicingChoice {
                    gpu: machine.gpu().unwrap(),
                    accelerator_type: None,
                    gpus_per_node: spec.gpu.count,
                    profile: spec.mig_profile.as_ref(),
                    sharing: &spec.sharing,
                    switches: SharingSwitches::default(),
                    config_key: None,
                    options: &spec.options,
                });
                assert!(!native.is_empty(), "{what}");
                crate::cloud::eks::translate::template(&spec, None).expect(&what);
            }
        }
    }
}

#[test]
fn what_is_sent_for_slicing_is_shown() {
    let of = |stack: &str, profile: Option<&str>, sharing, config_key| {
        let gpu = Catalogue::built_in().gpu("a100-40gb").unwrap();
        let profile: Option<MigProfile> = profile.map(|text| text.parse().unwrap());
        let native = Rules.native(&SlicingChoice {
            gpu,
            accelerator_type: None,
            gpus_per_node: 8,
            profile: profile.as_ref(),
            sharing: &sharing,
            switches: SharingSwitches::default(),
            config_key,
            options: &options(&json!({"gpu_stack": stack})),
        });
        native.into_iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join("\n")
    };
    let shared = Sharing::TimeSlicing { replicas: 4 };
    insta::assert_snapshot!(
        [
            of("bottlerocket", Some("1g.5gb"), shared, None),
            of("gpu_operator", Some("1g.5gb+me"), shared, Some("ts4-0123abcd")),
            of("device_plugin", None, shared, Some("ts4-0123abcd")),
        ]
        .join("\n----\n")
    );
}

#[test]
fn nothing_is_decided_before_the_stack_is_known() {
    let mut config = config();
    config.options = Field::Known(options(&json!({"gpu_stack": null})));
    assert_eq!(Rules.own_labels(&config), None);
    assert_eq!(Rules.plugin_config(&config), None);
    config.options = Field::Null;
    assert_eq!(Rules.plugin_config(&config), Some(PluginUse::BuiltIn));
    config.mig_profile = Field::Unknown;
    assert_eq!(Rules.own_labels(&config), None, "the profile decides a label of the GPU operator");
}

#[test]
fn a_lost_label_makes_no_new_pool() {
    assert!(Rules.may_show_as(GPU_STACK, "gpu_operator", "device_plugin"));
    assert!(!Rules.may_show_as(GPU_STACK, "bottlerocket", "device_plugin"));
    assert!(!Rules.may_show_as("ami_type", "a", "b"));
}
