//! What a plan makes of pools on EKS: which of its three stacks is told of slices in which way, and what a change does
//! on each.

use gpuslice::tfplugin::Value;

use crate::plan_pool::{Pool, set};

/// The parts of a configuration, by dotted path.
pub(crate) type Parts = Vec<(&'static str, Value)>;

const CLUSTER: &str = "arn:aws:eks:us-east-1:123456789012:cluster/main";

/// What every pool on EKS says, with whole GPUs.
pub(crate) fn eks(machine_type: &str, stack: &str) -> Parts {
    vec![
        ("cluster_id", Value::from(CLUSTER)),
        ("name", "gpus".into()),
        ("machine_type", machine_type.into()),
        ("node_count", Value::from(2_u32)),
        ("eks.node_role_arn", "arn:aws:iam::123456789012:role/nodes".into()),
        ("eks.subnet_ids", Value::set(["subnet-0123abcd", "subnet-4567abcd"])),
        ("eks.gpu_stack", stack.into()),
    ]
}

/// Eight A100 per node, each cut into seven.
pub(crate) fn cut(stack: &str) -> Parts {
    with(eks("p4d.24xlarge", stack), &[("mig_profile", "1g.5gb".into())])
}

/// One A10G per node, shared by four.
pub(crate) fn shared(stack: &str) -> Parts {
    with(eks("g5.2xlarge", stack), &[("replicas", Value::from(4_u32))])
}

/// `parts` with these set to something else.
pub(crate) fn with(mut parts: Parts, other: &[(&'static str, Value)]) -> Parts {
    for (path, value) in other {
        parts.retain(|(name, _)| name != path);
        parts.push((path, value.clone()));
    }
    parts
}

fn without(mut parts: Parts, path: &str) -> Parts {
    parts.retain(|(name, _)| *name != path);
    parts
}

fn texts(value: &Value) -> String {
    let map = value.as_string_map().unwrap_or_else(|| panic!("not known: {value:?}"));
    map.into_iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn bottlerocket_is_told_by_settings_and_no_config_map() {
    let pool = Pool::new();
    // The stack that nobody writes.
    let parts = without(cut("bottlerocket"), "eks.gpu_stack");
    let planned = pool.plan(&pool.config(&parts), &Value::Null);
    assert_eq!(planned.lookup("cloud"), &Value::from("eks"));
    assert_eq!(planned.lookup("eks.gpu_stack"), &Value::from("bottlerocket"));
    assert_eq!(planned.lookup("eks.scale_down"), &Value::from("drain"));
    assert_eq!(planned.lookup("slices.total"), &Value::from(112_u32));
    assert_eq!(planned.lookup("slices.resource_name"), &Value::from("nvidia.com/gpu"));
    assert_eq!(
        texts(planned.lookup("native")),
        "settings.kubelet-device-plugins.nvidia.device-partitioning-strategy=mig \
         settings.kubelet-device-plugins.nvidia.mig.profile.\"a100.40gb\"=1g.5gb"
    );
    assert_eq!(
        texts(planned.lookup("effective_labels")),
        "gpuslice/profile=1g.5gb gpuslice/sharing=none nvidia.com/gpu.deploy.operands=false"
    );
    for path in ["config_key", "config_yaml", "aks", "gke", "zones"] {
        assert_eq!(planned.lookup(path), &Value::Null, "{path}");
    }
}

#[test]
fn bottlerocket_honours_the_switches_of_the_device_plugin() {
    let pool = Pool::shared();
    let planned = |more: &[(&'static str, Value)]| {
        let planned = pool.plan(&pool.config(&with(shared("bottlerocket"), more)), &Value::Null);
        (texts(planned.lookup("native")), planned.lookup("slices.resource_name").clone())
    };
    let (native, resource) = planned(&[]);
    assert!(native.contains("time-slicing.rename-by-default=false"), "{native}");
    assert!(native.contains("time-slicing.fail-requests-greater-than-one=true"), "{native}");
    assert_eq!(resource, Value::from("nvidia.com/gpu"));
    let (native, resource) = planned(&[
        ("device_plugin.rename_resource", Value::Bool(true)),
        ("device_plugin.fail_requests_greater_than_one", Value::Bool(false)),
    ]);
    assert!(native.contains("time-slicing.rename-by-default=true"), "{native}");
    assert!(native.contains("time-slicing.fail-requests-greater-than-one=false"), "{native}");
    assert_eq!(resource, Value::from("nvidia.com/gpu.shared"));
}

#[test]
fn the_operator_cuts_by_a_label_and_may_name_slices_after_their_profile() {
    let pool = Pool::new();
    let parts = with(cut("gpu_operator"), &[("mig_strategy", "mixed".into())]);
    let planned = pool.plan(&pool.config(&parts), &Value::Null);
    assert_eq!(planned.lookup("slices.resource_name"), &Value::from("nvidia.com/mig-1g.5gb"));
    assert_eq!(texts(planned.lookup("native")), "labels.nvidia.com/mig.config=all-1g.5gb");
    assert_eq!(
        texts(planned.lookup("effective_labels")),
        "gpuslice/profile=1g.5gb gpuslice/sharing=none nvidia.com/mig.config=all-1g.5gb"
    );
    assert_eq!(planned.lookup("config_key"), &Value::Null, "nothing is shared");
}

#[test]
fn both_stacks_on_amazon_linux_share_by_a_key() {
    let pool = Pool::shared();
    for (stack, labels) in [
        ("gpu_operator", "nvidia.com/gpu.deploy.mig-manager=false"),
        ("device_plugin", "nvidia.com/gpu.deploy.mig-manager=false nvidia.com/gpu.present=true"),
    ] {
        let planned = pool.plan(&pool.config(&shared(stack)), &Value::Null);
        let key = planned.lookup("config_key").as_str().expect("a key");
        assert!(key.starts_with("ts4-"), "{key}");
        assert_eq!(
            texts(planned.lookup("effective_labels")),
            format!(
                "gpuslice/profile=none gpuslice/sharing=time-slicing nvidia.com/device-plugin.config={key} {labels}"
            )
        );
        assert_eq!(texts(planned.lookup("native")), format!("labels.nvidia.com/device-plugin.config={key}"));
    }
}

/// What replaces a pool, and what is said of one that rolls.
#[track_caller]
fn change(pool: &Pool, before: &Parts, after: &Parts) -> (Vec<String>, String) {
    let prior = pool.made(&pool.config(before));
    let planned = pool.planned(&pool.config(after), &prior);
    (planned.requires_replace.iter().map(ToString::to_string).collect(), planned.diagnostics.to_string())
}

#[test]
fn another_profile_rolls_bottlerocket_and_replaces_elsewhere() {
    let pool = Pool::new();
    let other = [("mig_profile", Value::from("2g.10gb"))];
    let bottlerocket = cut("bottlerocket");
    let (replaced, said) = change(&pool, &bottlerocket, &with(bottlerocket.clone(), &other));
    assert_eq!(replaced, Vec::<String>::new());
    assert!(said.contains("Changing mig_profile rolls all 2 nodes of the pool"), "{said}");
    assert!(said.contains("gpuslice/profile = 2g.10gb instead of 1g.5gb"), "{said}");
    let operator = cut("gpu_operator");
    let (replaced, said) = change(&pool, &operator, &with(operator.clone(), &other));
    assert_eq!(replaced, ["mig_profile"]);
    assert!(!said.contains("rolls"), "{said}");
}

#[test]
fn more_containers_roll_bottlerocket_and_are_in_place_elsewhere() {
    let pool = Pool::shared();
    for more in [
        ("replicas", Value::from(8_u32)),
        ("sharing_strategy", "mps".into()),
        ("device_plugin.rename_resource", Value::Bool(true)),
    ] {
        for stack in ["bottlerocket", "gpu_operator", "device_plugin"] {
            let before = shared(stack);
            let (replaced, said) = change(&pool, &before, &with(before.clone(), std::slice::from_ref(&more)));
            assert_eq!(replaced, Vec::<String>::new(), "{stack} {}", more.0);
            assert_eq!(said.contains("rolls all 2 nodes"), stack == "bottlerocket", "{stack}: {said}");
        }
    }
    // What was so by default anyway rolls nothing.
    let before = shared("bottlerocket");
    let written = [("device_plugin.rename_resource", Value::Bool(false))];
    let (_, said) = change(&pool, &before, &with(before.clone(), &written));
    assert!(!said.contains("rolls"), "{said}");
}

#[test]
fn what_stands_in_the_template_rolls_and_what_eks_takes_at_creation_only_replaces() {
    let pool = Pool::new();
    let before = cut("bottlerocket");
    for more in [
        ("disk_size_gb", Value::from(400_u32)),
        ("max_pods", Value::from(90_u32)),
        ("kubernetes_version", "1.34".into()),
        ("eks.release_version", "1.60.0-0123abcd".into()),
        ("eks.launch_template.key_name", "me".into()),
    ] {
        let (replaced, said) = change(&pool, &before, &with(before.clone(), std::slice::from_ref(&more)));
        assert_eq!(replaced, Vec::<String>::new(), "{}", more.0);
        assert!(said.contains("rolls all 2 nodes"), "{}: {said}", more.0);
        assert!(said.contains("EKS makes new nodes before it takes old ones away"), "{said}");
    }
    for more in [
        ("eks.gpu_stack", Value::from("gpu_operator")),
        ("eks.subnet_ids", Value::set(["subnet-0123abcd"])),
        ("eks.node_role_arn", "arn:aws:iam::123456789012:role/other".into()),
        ("capacity_type", "spot".into()),
    ] {
        let (replaced, _) = change(&pool, &before, &with(before.clone(), std::slice::from_ref(&more)));
        assert!(replaced.iter().any(|path| path == more.0), "{}: {replaced:?}", more.0);
    }
    for more in [
        ("eks.scale_down", Value::from("immediate")),
        ("eks.force_update", Value::Bool(true)),
        ("eks.node_repair.enabled", Value::Bool(true)),
        ("eks.scale_from_zero_tags", Value::Bool(true)),
        ("upgrade.max_unavailable", "1".into()),
    ] {
        let (replaced, said) = change(&pool, &before, &with(before.clone(), std::slice::from_ref(&more)));
        assert_eq!(replaced, Vec::<String>::new(), "{}", more.0);
        assert!(!said.contains("rolls"), "{}: {said}", more.0);
    }
}

/// A release that the nodes have outgrown asks nothing of them; with another version of Kubernetes it is EKS's to choose.
#[test]
fn a_release_is_a_minimum_and_follows_the_version() {
    let pool = Pool::new();
    let written = |release: &str| with(cut("bottlerocket"), &[("eks.release_version", release.into())]);
    let (_, said) = change(&pool, &written("1.60.0-0123abcd"), &written("1.55.0-0123abcd"));
    assert!(!said.contains("rolls"), "{said}");
    let config = pool.config(&cut("bottlerocket"));
    let prior = pool.made(&config);
    assert_eq!(prior.lookup("eks.release_version"), &Value::from("1.54.0-0123abcd"));
    let newer = pool.config(&with(cut("bottlerocket"), &[("kubernetes_version", "1.35".into())]));
    assert!(pool.plan(&newer, &prior).lookup("eks.release_version").is_unknown());
    assert_eq!(pool.plan(&config, &prior), prior);
}

/// A name that is computed follows the profile only where another profile is another pool.
#[test]
fn a_computed_name_follows_what_replaces_the_pool() {
    let pool = Pool::new();
    let name = |stack: &str, profile: &str| {
        let parts = with(
            without(cut(stack), "name"),
            &[("name_prefix", "gpus-".into()), ("mig_profile", profile.into())],
        );
        pool.plan(&pool.config(&parts), &Value::Null).lookup("name").as_str().expect("known").to_owned()
    };
    assert_eq!(name("bottlerocket", "1g.5gb"), name("bottlerocket", "2g.10gb"));
    assert_ne!(name("gpu_operator", "1g.5gb"), name("gpu_operator", "2g.10gb"));
    assert_ne!(name("gpu_operator", "1g.5gb"), name("bottlerocket", "1g.5gb"));
}

const INPUTS: [&str; 8] = [
    "cluster_id",
    "machine_type",
    "mig_profile",
    "labels",
    "eks",
    "eks.gpu_stack",
    "eks.node_role_arn",
    "eks.subnet_ids",
];

const SHARED_INPUTS: [&str; 10] = [
    "cluster_id",
    "machine_type",
    "mig_profile",
    "replicas",
    "sharing_strategy",
    "eks",
    "eks.gpu_stack",
    "device_plugin",
    "device_plugin.rename_resource",
    "device_plugin.fail_requests_greater_than_one",
];

/// See `plan_unknowns`: what a plan knows while some inputs are unknown, the final plan keeps.
#[test]
fn plans_of_slices_keep_what_their_first_plan_knew() {
    let pool = Pool::new();
    for stack in ["bottlerocket", "gpu_operator"] {
        let config = pool.config(&cut(stack));
        let prior = pool.made(&config);
        pool.keeps_its_promises(&config, &Value::Null, &INPUTS);
        pool.keeps_its_promises(&config, &prior, &INPUTS);
        let other = [
            ("mig_profile", Value::from("2g.10gb")),
            ("eks.launch_template.key_name", "me".into()),
            ("kubernetes_version", "1.35".into()),
        ];
        pool.keeps_its_promises(&pool.config(&with(cut(stack), &other)), &prior, &INPUTS);
        for to in ["bottlerocket", "gpu_operator"] {
            pool.keeps_its_promises(&pool.config(&cut(to)), &prior, &INPUTS);
        }
    }
}

#[test]
fn plans_of_shared_gpus_keep_what_their_first_plan_knew() {
    let pool = Pool::shared();
    let both = with(
        eks("p4d.24xlarge", "bottlerocket"),
        &[("mig_profile", "1g.5gb".into()), ("replicas", Value::from(2_u32))],
    );
    for parts in [shared("bottlerocket"), shared("device_plugin"), both] {
        let config = pool.config(&parts);
        let prior = pool.made(&config);
        pool.keeps_its_promises(&config, &Value::Null, &SHARED_INPUTS);
        pool.keeps_its_promises(&config, &prior, &SHARED_INPUTS);
        let other = [("replicas", Value::from(6_u32)), ("device_plugin.rename_resource", Value::Bool(true))];
        pool.keeps_its_promises(&pool.config(&with(parts, &other)), &prior, &SHARED_INPUTS);
    }
}

/// A value that is not known yet may turn out to be anything, so it breaks no rule.
#[test]
fn what_is_unknown_breaks_no_rule() {
    for (pool, parts, inputs) in [
        (Pool::new(), cut("bottlerocket"), &INPUTS[..]),
        (Pool::new(), cut("gpu_operator"), &INPUTS),
        (
            Pool::shared(),
            with(shared("bottlerocket"), &[("device_plugin.rename_resource", Value::Bool(true))]),
            &SHARED_INPUTS,
        ),
    ] {
        let config = pool.config(&parts);
        for subset in 0_u32..1 << inputs.len() {
            let chosen: Vec<_> = inputs
                .iter()
                .enumerate()
                .filter(|(bit, _)| subset & (1 << bit) != 0)
                .map(|(_, path)| *path)
                .collect();
            let mut early = config.clone();
            for path in &chosen {
                // A part of something that is unknown as a whole has no place.
                let whole = path.split_once('.').map(|(whole, _)| whole);
                if whole.is_none_or(|whole| early.lookup(whole).as_object().is_some()) {
                    set(&mut early, path, Value::UNKNOWN);
                }
            }
            let errors = pool.errors(&early);
            assert!(errors.is_empty(), "with {chosen:?} unknown: {errors}");
        }
    }
}

/// A node group that was imported may have a launch template that is not ours, or none at all.
#[test]
fn a_pool_with_another_template_or_none_is_not_told_what_it_cannot_take() {
    let pool = Pool::new();
    let parts = cut("gpu_operator");
    let made = pool.made(&pool.config(&parts));
    let after = |more: (&'static str, Value)| pool.config(&with(parts.clone(), &[more]));
    let disk = after(("disk_size_gb", Value::from(400_u32)));

    let mut without = made.clone();
    set(&mut without, "eks.launch_template", Value::Null);
    assert_eq!(pool.plan(&pool.config(&parts), &without), without);
    let planned = pool.planned(&disk, &without);
    assert_eq!(planned.requires_replace, ["disk_size_gb".into()]);
    let said = planned.diagnostics.to_string();
    assert!(said.contains("disk_size_gb needs a new pool") && said.contains("never gives it one"), "{said}");
    for kept in [("kubernetes_version", Value::from("1.35")), ("labels", Value::map([("team", "a")]))] {
        assert_eq!(pool.planned(&after(kept), &without).requires_replace, []);
    }

    let mut theirs = made;
    set(&mut theirs, "eks.launch_template.id", "lt-0123456789abcdef0".into());
    set(&mut theirs, "eks.launch_template.version", Value::from(3_u32));
    assert_eq!(pool.plan(&pool.config(&parts), &theirs), theirs);
    let refused = pool.refused(&disk, &theirs);
    assert!(refused.contains("disk_size_gb cannot be changed on this pool"), "{refused}");
    assert!(refused.contains("version = …"), "{refused}");
    let named = with(
        parts,
        &[
            ("eks.launch_template.id", "lt-0123456789abcdef0".into()),
            ("eks.launch_template.version", Value::from(4_u32)),
        ],
    );
    let said = pool.planned(&pool.config(&named), &theirs).diagnostics.to_string();
    assert!(said.contains("rolls all 2 nodes"), "{said}");
}
