use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::cloud::eks::options::{GpuStack, OPTIONS};
use crate::cloud::eks::testing::{GROUP, every_option, id, live, map, options, spec};
use crate::cloud::eks::{RULES, labels};
use crate::nodepool::labels::slicing_labels;
use crate::nodepool::spec::{SharingSwitches, Size, TaintEffect};
use crate::nodepool::{Change, CloudRules, Health, NodePoolSpec, OptionKind, OptionValue, Options};
use crate::slicing::Sharing;

/// The pool that is seen after a create.
fn seen(spec: &NodePoolSpec) -> NodePool {
    let (group, version) = live(spec);
    ours(&group, &version).unwrap()
}

fn ours(group: &wire::Nodegroup, version: &wire::TemplateVersion) -> Result<NodePool, Unreadable> {
    pool(&id(), group, Template { ours: true, version: Some(version), security_group: Some(GROUP) })
}

fn theirs(group: &wire::Nodegroup, version: Option<&wire::TemplateVersion>) -> Result<NodePool, Unreadable> {
    pool(&id(), group, Template { ours: false, version, security_group: None })
}

/// A node group from its JSON, of which nothing but this is known.
fn read(json: Value) -> Result<NodePool, Unreadable> {
    pool(&id(), &serde_json::from_value(json).unwrap(), Template::UNKNOWN)
}

/// Whether everything that is written is there. What EKS fills in is no difference.
fn holds(shown: &Options, sent: &Options) {
    for (name, value) in &sent.0 {
        match (shown.get(name), value) {
            (Some(OptionValue::Object(shown)), OptionValue::Object(sent)) => holds(shown, sent),
            (shown, sent) => assert_eq!(shown, Some(sent), "{name}"),
        }
    }
}

/// The options that only the configuration holds.
fn sent(options: &Options) -> Options {
    let kept = OPTIONS.iter().filter(|spec| spec.change != Change::None);
    let kept = kept.filter_map(|spec| Some((spec.name.to_owned(), options.get(spec.name)?.clone())));
    Options(kept.collect())
}

fn assert_same(spec: &NodePoolSpec) {
    let seen = seen(spec);
    holds(&seen.options, &sent(&spec.options));
    assert_eq!((&seen.labels, &seen.tags, &seen.taints), (&spec.labels, &spec.tags, &spec.taints));
    assert_eq!((seen.gpu.as_ref(), seen.mig_profile), (Some(&spec.gpu), spec.mig_profile));
    assert_eq!((seen.gpu_taint, &seen.machine_type), (spec.gpu_taint, &spec.machine_type));
    assert_eq!(seen.capacity_type, spec.capacity_type);
    assert_eq!(seen.max_pods, spec.max_pods);
    assert_eq!(seen.disk_size_gb, spec.disk_size_gb.or(Some(200)));
    assert_eq!(seen.disk_type.as_deref(), spec.disk_type.as_deref().or(Some("gp3")));
    let told = parts::stack(&spec.options) == GpuStack::Bottlerocket;
    assert_eq!(seen.sharing, if told { spec.sharing } else { Sharing::None });
    assert_eq!(seen.switches, if told { spec.switches } else { SharingSwitches::default() });
    assert_eq!(
        (seen.node_count, seen.autoscaling),
        match spec.size {
            Size::Fixed(count) => (Some(count), None),
            Size::Autoscaling { min, max, .. } => (None, Some((min, max))),
        }
    );
    if spec.upgrade.max_unavailable.is_some() {
        assert_eq!(seen.upgrade, spec.upgrade);
    }
    assert_eq!((seen.health, seen.zones.len()), (Health::Ready, 0));
}

#[test]
fn what_is_sent_is_what_is_seen() {
    assert_same(&spec());
    let full = NodePoolSpec {
        options: every_option(),
        labels: map(&[("nvidia.com/mig.config", "all-2g.10gb"), ("gpuslice/profile", "2g.10gb")]),
        size: Size::Autoscaling { min: 1, max: 6, initial: None },
        taints: [Taint { key: "team".into(), value: "ml".into(), effect: TaintEffect::NoExecute }].into(),
        disk_size_gb: Some(500),
        disk_type: Some("gp2".into()),
        max_pods: Some(64),
        kubernetes_version: Some("1.34".into()),
        upgrade: Upgrade { max_surge: Some(Amount::Nodes(0)), max_unavailable: Some(Amount::Percent(33)) },
        ..spec()
    };
    assert_same(&full);
    assert_eq!(seen(&full).kubernetes_version.as_deref(), Some("1.34"));
}

#[test]
fn every_option_of_the_table_is_seen() {
    let spec = NodePoolSpec { options: every_option(), ..spec() };
    let spec = NodePoolSpec { labels: map(&[("nvidia.com/mig.config", "all-2g.10gb")]), ..spec };
    let seen = seen(&spec);
    // What only the configuration holds; an id and a version are of a template of the user's own; of a count and a share
    // EKS has one.
    let unseen = ["id", "version", "max_unhealthy_count", "max_parallel_percentage"];
    for option in OPTIONS.iter().filter(|option| option.change != Change::None) {
        let Some(value) = seen.options.get(option.name) else { panic!("{} is not seen", option.name) };
        if let (OptionKind::Object(inner), OptionValue::Object(shown)) = (option.kind, value) {
            for leaf in inner {
                let there = shown.get(leaf.name).is_some();
                assert_eq!(there, !unseen.contains(&leaf.name), "{}.{}", option.name, leaf.name);
            }
        }
    }
}

#[test]
fn what_is_eks_own_or_ours_is_hidden() {
    let seen = read(json!({
        "status": "ACTIVE",
        "labels": {"team": "ml", "eks.amazonaws.com/nodegroup": "x"},
        "tags": {
            "cost": "y", "aws:cloudformation:stack-name": "z", "gpuslice:size": "fixed",
            "k8s.io/cluster-autoscaler/node-template/label/team": "ml", "k8s.io/cluster-autoscaler/enabled": "true",
        },
        "taints": [
            {"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"},
            {"key": "mine", "value": "", "effect": "NO_EXECUTE"},
            {"key": "later", "value": "", "effect": "SOMEDAY"},
        ],
    }))
    .unwrap();
    assert_eq!(seen.labels, map(&[("team", "ml")]));
    assert_eq!(seen.tags, map(&[("cost", "y"), ("k8s.io/cluster-autoscaler/enabled", "true")]));
    let taints: Vec<String> = seen.taints.iter().map(ToString::to_string).collect();
    assert_eq!((taints, seen.gpu_taint), (vec!["mine=:NoExecute".to_owned()], true));
    assert_eq!(seen.options.bool("scale_from_zero_tags"), Some(true));
}

#[test]
fn a_size_is_fixed_where_our_tag_says_so_or_the_limits_leave_no_choice() {
    let of = |tag: Option<&str>, (min, max, desired): (u32, u32, u32)| {
        let tags: BTreeMap<&str, &str> = tag.map(|tag| (labels::SIZE_TAG, tag)).into_iter().collect();
        let scaling = json!({"minSize": min, "maxSize": max, "desiredSize": desired});
        let seen = read(json!({"tags": tags, "scalingConfig": scaling})).unwrap();
        (seen.node_count, seen.autoscaling)
    };
    assert_eq!(of(Some("fixed"), (0, 1, 0)), (Some(0), None));
    assert_eq!(of(Some("fixed"), (1, 4, 3)), (None, Some((1, 4))), "somebody lets the autoscaler choose");
    assert_eq!(of(Some("autoscaling"), (2, 2, 2)), (None, Some((2, 2))));
    assert_eq!(of(None, (2, 2, 2)), (Some(2), None));
    assert_eq!(of(None, (1, 4, 2)), (None, Some((1, 4))));
    assert_eq!(of(Some("else"), (1, 4, 2)), (None, Some((1, 4))));
}

#[test]
fn the_three_kinds_of_templates_are_told_apart() {
    let (mut group, version) = live(&spec());
    let of = |pool: NodePool| pool.options.object("launch_template").cloned();
    let own = of(ours(&group, &version).unwrap()).unwrap();
    assert_eq!((own.number("imds_hop_limit"), own.get("id"), own.get("version")), (Some(2), None, None));
    let seen = theirs(&group, Some(&version)).unwrap();
    assert_eq!(seen.mig_profile, spec().mig_profile, "the nodes are cut all the same");
    assert_eq!((seen.disk_size_gb, seen.max_pods, seen.options.get("capacity_block")), (None, None, None));
    let object = of(seen).unwrap();
    assert_eq!((object.text("id"), object.number("version")), (Some("lt-0123456789abcdef0"), Some(3)));
    assert_eq!(object.0.len(), 2);
    group.launch_template = None;
    group.disk_size = Some(20);
    let seen = theirs(&group, None).unwrap();
    assert_eq!(seen.disk_size_gb, Some(20));
    assert_eq!(of(seen), None);
}

#[test]
fn the_operator_says_by_a_label_what_it_cuts() {
    let of = |machine_type: &str, config: &str| {
        read(json!({
            "amiType": "AL2023_x86_64_NVIDIA", "instanceTypes": [machine_type],
            "labels": {"nvidia.com/mig.config": config, "gpuslice/profile": "1g.24gb.me"},
        }))
        .map(|pool| pool.mig_profile.map(|profile| profile.to_string()))
    };
    let some = |profile: &str| Ok(Some(profile.to_owned()));
    assert_eq!(of("p4d.24xlarge", "all-1g.5gb"), some("1g.5gb"));
    assert_eq!(of("p4d.24xlarge", "all-1g.5gb.me"), some("1g.5gb+me"));
    assert_eq!(of("p4d.24xlarge", "all-disabled"), Ok(None));
    assert_eq!(of("p4d.24xlarge", "all-balanced"), Err(Unreadable::Layout("all-balanced".to_owned())));
    let unknown = of("p4d.24xlarge", "all-9g.99gb").unwrap_err().to_string();
    assert!(unknown.contains("all-9g.99gb") && unknown.contains("p4d.24xlarge"), "{unknown}");
    assert_eq!(of("p9.48xlarge", "all-1g.24gb.me"), some("1g.24gb+me"), "by our label");
    assert!(of("p9.48xlarge", "all-1g.5gb").is_err());
}

#[test]
fn what_bottlerocket_does_not_know_makes_one_slice() {
    let (group, mut version) = live(&spec());
    let mut told = |text: &str| {
        version.data.user_data = Some(format!(
            "[settings.kubelet-device-plugins.nvidia]\ndevice-partitioning-strategy = \"mig\"\n{text}"
        ));
        ours(&group, &version).map(|pool| pool.mig_profile.map(|profile| profile.to_string()))
    };
    let some = |profile: &str| Ok(Some(profile.to_owned()));
    assert_eq!(told("mig.profile.\"a100.40gb\" = \"3\"\n"), some("2g.10gb"));
    assert_eq!(told("mig.profile.\"a100.40gb\" = \"1g.8gb\"\n"), some("7g.40gb"));
    assert_eq!(told("mig.profile.\"h100.80gb\" = \"1g.10gb\"\n"), some("7g.40gb"));
    assert!(matches!(told("mig.profile = ["), Err(Unreadable::UserData(_))));
}

#[test]
fn several_machine_types_are_no_pool() {
    let refused = read(json!({"instanceTypes": ["g5.xlarge", "g6.xlarge"]})).unwrap_err();
    assert!(refused.to_string().contains("g5.xlarge, g6.xlarge"), "{refused}");
}

#[test]
fn an_image_of_ones_own_shows_its_system_by_its_user_data() {
    let of = |user_data: Option<&str>| {
        let data = wire::TemplateShown {
            user_data: user_data.map(ToOwned::to_owned),
            instance_type: Some("g5.xlarge".into()),
            ..wire::TemplateShown::default()
        };
        let group: wire::Nodegroup = serde_json::from_value(json!({"amiType": "CUSTOM"})).unwrap();
        let seen = theirs(&group, Some(&wire::TemplateVersion { number: 1, data })).unwrap();
        assert_eq!(seen.machine_type, "g5.xlarge");
        seen.options.text("gpu_stack").unwrap().to_owned()
    };
    assert_eq!(of(Some("[settings.kubernetes]\ncluster-name = \"c\"\n")), "bottlerocket");
    assert_eq!(of(Some("#!/bin/sh\n")), "device_plugin");
    assert_eq!(of(None), "device_plugin");
}

#[test]
fn shared_gpus_of_somebody_elses_bottlerocket_are_seen_with_its_defaults() {
    let (group, mut version) = live(&spec());
    version.data.user_data = Some(
        "[settings.kubelet-device-plugins.nvidia]\ndevice-sharing-strategy = \"time-slicing\"\n".to_owned(),
    );
    let seen = theirs(&group, Some(&version)).unwrap();
    assert_eq!((seen.sharing, seen.mig_profile), (Sharing::TimeSlicing { replicas: 2 }, None));
    assert!(seen.switches.rename_resource && seen.switches.fail_requests_greater_than_one);
}

fn slicing() -> impl Strategy<Value = (GpuStack, Option<MigProfile>, Sharing)> {
    let stack = prop::sample::select(GpuStack::ALL.to_vec());
    let profile = prop::option::of(prop::sample::select(vec!["1g.5gb", "1g.10gb", "2g.10gb", "7g.40gb"]));
    let sharing = prop_oneof![
        Just(Sharing::None),
        (2_u32..50).prop_map(|replicas| Sharing::TimeSlicing { replicas }),
        (2_u32..48).prop_map(|replicas| Sharing::Mps { replicas }),
    ];
    (stack, profile, sharing).prop_map(|(stack, profile, sharing)| {
        let cuts = stack != GpuStack::DevicePlugin;
        (stack, profile.filter(|_| cuts).map(|text| text.parse().unwrap()), sharing)
    })
}

fn extra(stack: GpuStack) -> impl Strategy<Value = Option<&'static str>> {
    prop::option::of(prop::sample::select(match stack {
        GpuStack::Bottlerocket => vec![
            "[settings.motd]\nx = 1",
            "# mine\n[settings.kubernetes] # here\nallowed-unsafe-sysctls = [\n\"net.core.*\",\n]\n\n\n",
            "settings.motd = \"hello\"\n\n[settings.kubernetes]\n",
            "[settings.kubernetes]",
            "\n",
        ],
        GpuStack::GpuOperator | GpuStack::DevicePlugin => vec![
            "#!/bin/sh\necho\n\n",
            "\n#cloud-config\nx: y",
            "---\napiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec: {}\n",
        ],
    }))
}

prop_compose! {
    fn any_spec()(
        (stack, mig_profile, sharing) in slicing(),
    )(
        text in extra(stack),
        (rename_resource, fails) in any::<(bool, bool)>(),
        size in prop_oneof![
            (0_u32..5).prop_map(Size::Fixed),
            (0_u32..3, 1_u32..4).prop_map(|(min, more)| Size::Autoscaling { min, max: min + more, initial: None }),
        ],
        (gpu_taint, spot) in any::<(bool, bool)>(),
        (disk_size_gb, max_pods) in (prop::option::of(50_u32..500), prop::option::of(8_u32..110)),
        upgrade in prop::sample::select(vec![
            Upgrade::default(),
            Upgrade { max_surge: Some(Amount::Nodes(0)), max_unavailable: Some(Amount::Nodes(1)) },
            Upgrade { max_surge: None, max_unavailable: Some(Amount::Percent(20)) },
        ]),
        groups in prop::option::of(prop::collection::btree_set("sg-[0-9a-f]{8}", 0..3)),
        (repair, warm) in (prop::option::of(any::<bool>()), prop::option::of(any::<bool>())),
        told in prop::option::of(any::<bool>()),
        (stack, mig_profile, sharing) in Just((stack, mig_profile, sharing)),
    ) -> NodePoolSpec {
        let mut template = json!({"imds_hop_limit": 3});
        if let Some(text) = text {
            template["extra_user_data"] = json!(text);
        }
        if let Some(groups) = groups {
            template["security_group_ids"] = json!(groups);
        }
        let mut more = json!({"gpu_stack": stack.word(), "launch_template": template});
        for (name, value) in [
            ("node_repair", repair.map(|on| json!({"enabled": on}))),
            ("warm_pool", warm.map(|on| json!({"enabled": on}))),
            ("scale_from_zero_tags", told.map(|on| json!(on))),
        ] {
            if let Some(value) = value {
                more[name] = value;
            }
        }
        let options = options(&more);
        let mut labels = labels::own(stack, mig_profile);
        labels.extend(slicing_labels(mig_profile, sharing));
        let shares_by_bottlerocket = stack == GpuStack::Bottlerocket && sharing != Sharing::None;
        let switches = SharingSwitches { rename_resource, fail_requests_greater_than_one: fails };
        let whole = SharingSwitches::default();
        let switches = match sharing {
            // There is no such switch for MPS.
            Sharing::Mps { .. } => SharingSwitches { rename_resource, ..whole },
            Sharing::None | Sharing::TimeSlicing { .. } => switches,
        };
        NodePoolSpec {
            mig_profile,
            sharing,
            switches: if shares_by_bottlerocket { switches } else { whole },
            labels,
            size,
            gpu_taint,
            capacity_type: if spot { CapacityType::Spot } else { CapacityType::OnDemand },
            disk_size_gb,
            max_pods,
            upgrade,
            options,
            ..spec()
        }
    }
}

proptest! {
    /// Whatever is made is seen as it was wanted, so that the plan after an apply is empty.
    #[test]
    fn a_pool_of_ours_comes_back(spec in any_spec()) {
        assert_same(&spec);
        // Only options of the table come into the state.
        let seen = seen(&spec);
        for name in seen.options.0.keys() {
            prop_assert!(RULES.options().iter().any(|option| option.name == name), "{}", name);
        }
    }
}
