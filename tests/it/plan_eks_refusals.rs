//! What cannot be made on EKS fails at plan, at the attribute and with the way out.

#![expect(
    clippy::needless_pass_by_value,
    reason = "a table and what was found are written where they are used"
)]

use gpuslice::tfplugin::Value;

use crate::plan_eks::{Parts, cut, eks, shared, with};
use crate::plan_pool::{Pool, set};

/// What is wrong with the least valid pool of slices, or of shared GPUs, in which these are set to something else.
#[track_caller]
fn errors(pool: &Pool, parts: Parts, wrong: &[(&str, Value)]) -> String {
    let mut config = pool.config(&parts);
    for (path, value) in wrong {
        for (end, _) in path.match_indices('.') {
            if config.lookup(&path[..end]).is_null() {
                set(&mut config, &path[..end], pool.empty(&path[..end]));
            }
        }
        set(&mut config, path, value.clone());
    }
    pool.errors(&config).to_string()
}

/// Demands that a pool of slices on Bottlerocket is refused at `path`, in words that hold these.
#[track_caller]
fn refused(wrong: &[(&str, Value)], path: &str, says: &[&str]) {
    refused_of(errors(&Pool::new(), cut("bottlerocket"), wrong), path, says);
}

#[track_caller]
fn refused_of(found: String, path: &str, says: &[&str]) {
    assert!(found.contains(&format!("(at {path}")), "{path}: {found}");
    for word in says {
        assert!(found.contains(word), "{word}: {found}");
    }
}

fn many(number: usize, of: impl Fn(usize) -> Value) -> Vec<Value> {
    (0..number).map(of).collect()
}

#[test]
fn a_cluster_is_named_by_its_arn() {
    refused(&[("cluster_id", "main".into())], "cluster_id", &["aws_eks_cluster.<name>.arn"]);
    let group = "arn:aws:eks:us-east-1:123456789012:nodegroup/main/gpus/0-1";
    refused(
        &[("cluster_id", group.into())],
        "cluster_id",
        &["arn:aws:eks:<region>:<account>:cluster/<name>"],
    );
}

#[test]
fn names_follow_eks() {
    for name in ["-gpus", "gpu.s", "", "gpu s", &"g".repeat(64)] {
        refused(&[("name", name.into())], "name", &["is no name of an EKS node group", "63 characters"]);
    }
    for name in ["G_1-x", "0", &"g".repeat(63)] {
        assert_eq!(errors(&Pool::new(), cut("bottlerocket"), &[("name", name.into())]), "");
    }
}

#[test]
fn what_every_pool_needs_is_asked_for_at_its_own_path() {
    for path in ["eks.node_role_arn", "eks.subnet_ids"] {
        refused(&[(path, Value::Null)], path, &["EKS makes no node group without"]);
    }
    let all = errors(&Pool::new(), cut("bottlerocket"), &[("eks", Value::Null)]);
    assert!(all.contains("(at eks.node_role_arn)") && all.contains("(at eks.subnet_ids)"), "{all}");
    refused(&[("eks.node_role_arn", "nodes".into())], "eks.node_role_arn", &["aws_iam_role.<name>.arn"]);
    let foreign = Value::from("arn:aws:iam::999999999999:role/nodes");
    refused(&[("eks.node_role_arn", foreign)], "eks.node_role_arn", &["another account", "123456789012"]);
    refused(&[("eks.subnet_ids", Value::set(["main"]))], "eks.subnet_ids", &["aws_subnet.<name>.id"]);
}

#[test]
fn the_subnets_decide_the_zones() {
    refused(&[("zones", Value::set(["us-east-1a"]))], "zones", &["eks.subnet_ids"]);
}

#[test]
fn labels_that_eks_refuses_are_refused_first() {
    let label = |key: &str, value: &str| [("labels", Value::map([(key, value)]))];
    refused(&label("team", ""), "labels", &["EKS refuses labels without a value"]);
    refused(&label("team", "a+b"), "labels", &["letters, digits"]);
    refused(&label("eks.amazonaws.com/x", "y"), "labels", &["is reserved"]);
    refused(&label("node-role.kubernetes.io/gpu", "y"), "labels", &["Kubernetes keeps labels"]);
    refused(&label("nvidia.com/gpu.product", "y"), "labels", &["feature discovery"]);
    refused(&label("nvidia.com/mig.config", "all-1g.5gb"), "labels", &["mig_profile"]);
    refused(&label("gpuslice/profile", "y"), "labels", &["is set by the provider"]);
}

#[test]
fn there_are_at_most_fifty_taints_and_tags() {
    let taint = |number: usize| {
        Value::object([("key", format!("t{number}").as_str()), ("value", "x"), ("effect", "NoSchedule")])
    };
    let taints = |number| [("taints", Value::set(many(number, taint)))];
    refused(&taints(50), "taints", &["50 taints", "the GPU taint among them"]);
    assert_eq!(errors(&Pool::new(), cut("bottlerocket"), &taints(49)), "");
    let tags = |number: usize| {
        let entries: Vec<(String, String)> =
            (0..number).map(|number| (format!("t{number}"), "x".to_owned())).collect();
        [("tags", Value::map(entries.iter().map(|(key, value)| (key.as_str(), value.as_str()))))]
    };
    refused(&tags(50), "tags", &["50 tags"]);
    assert_eq!(errors(&Pool::new(), cut("bottlerocket"), &tags(49)), "");
    refused(&[("tags", Value::map([("aws:x", "y")]))], "tags", &["is reserved"]);
}

#[test]
fn an_image_fits_the_machine_and_the_stack() {
    let image = |word: &str| [("eks.ami_type", Value::from(word))];
    refused(&image("AL2023_x86_64_NVIDIA"), "eks.ami_type", &["does not go with gpu_stack"]);
    refused(&image("BOTTLEROCKET_ARM_64_NVIDIA"), "eks.ami_type", &["does not run on p4d.24xlarge"]);
    refused(&image("AL2_x86_64_GPU"), "eks.ami_type", &["none of the choices"]);
}

#[test]
fn gpus_that_no_stock_image_drives_are_refused() {
    let pool = Pool::shared();
    for machine_type in ["g6f.large", "g7.2xlarge"] {
        let found = errors(&pool, shared("bottlerocket"), &[("machine_type", machine_type.into())]);
        refused_of(found, "machine_type", &["do not drive the GPUs", "driver"]);
    }
}

#[test]
fn what_bottlerocket_would_quietly_leave_whole_names_the_other_stack() {
    let operator = r#"eks = { gpu_stack = "gpu_operator" }"#;
    refused(&[("mig_profile", "4g.20gb".into())], "mig_profile", &["2g.10gb", operator]);
    for (machine_type, profile) in [("p6-b300.48xlarge", "1g.34gb"), ("g7e.2xlarge", "1g.24gb")] {
        let wrong = [("machine_type", Value::from(machine_type)), ("mig_profile", profile.into())];
        refused(&wrong, "mig_profile", &["not confirmed", operator]);
        let found = errors(&Pool::new(), cut("gpu_operator"), &wrong);
        assert_eq!(found, "", "{machine_type} with the GPU operator");
    }
    refused(&[("mig_strategy", "mixed".into())], "mig_strategy", &["no mixed strategy", operator]);
}

#[test]
fn the_device_plugin_cuts_nothing() {
    let found = errors(&Pool::new(), cut("bottlerocket"), &[("eks.gpu_stack", "device_plugin".into())]);
    refused_of(found, "eks.gpu_stack", &["cuts no GPUs", "gpu_operator"]);
}

/// Bottlerocket's own plugin honours the two switches, and reads no ConfigMap.
#[test]
fn what_bottlerocket_cannot_be_told_is_refused() {
    let of = |wrong: &[(&str, Value)]| errors(&Pool::shared(), shared("bottlerocket"), wrong);
    for (name, value) in
        [("manage_config", Value::Bool(true)), ("namespace", "gpu".into()), ("config_map", "plugin".into())]
    {
        let path = format!("device_plugin.{name}");
        refused_of(of(&[(&path, value.clone())]), &path, &["reads no ConfigMap", "rename_resource"]);
        for stack in ["gpu_operator", "device_plugin"] {
            assert_eq!(errors(&Pool::shared(), shared(stack), &[(&path, value.clone())]), "", "{stack}");
        }
    }
    let mps = [
        ("sharing_strategy", Value::from("mps")),
        ("device_plugin.fail_requests_greater_than_one", Value::Bool(false)),
    ];
    refused_of(of(&mps), "device_plugin.fail_requests_greater_than_one", &["no such switch for MPS"]);
    refused_of(of(&[mps[0].clone(), ("replicas", Value::from(49_u32))]), "replicas", &["at most 48"]);
    let over_mig = with(
        eks("p4d.24xlarge", "bottlerocket"),
        &[("mig_profile", "1g.5gb".into()), ("replicas", Value::from(2_u32))],
    );
    let found = errors(&Pool::shared(), over_mig, &mps[..1]);
    refused_of(found, "sharing_strategy", &["shares no MIG slices by MPS"]);
}

#[test]
fn a_release_that_is_too_old_for_the_setting_is_refused() {
    let release = |text: &str| [("eks.release_version", Value::from(text))];
    refused(&release("1.33.0-0123abcd"), "eks.release_version", &["MIG came to Bottlerocket with 1.34"]);
    refused(&release("latest"), "eks.release_version", &["aws ssm get-parameter"]);
}

#[test]
fn a_template_of_the_users_own_excludes_what_would_have_to_stand_in_it() {
    let own = [
        ("eks.launch_template.id", Value::from("lt-0123456789abcdef0")),
        ("eks.launch_template.version", Value::from(3_u32)),
    ];
    let of = |more: &[(&str, Value)]| errors(&Pool::new(), cut("gpu_operator"), &[&own[..], more].concat());
    assert_eq!(of(&[]), "");
    for (path, value) in [
        ("disk_size_gb", Value::from(400_u32)),
        ("max_pods", Value::from(90_u32)),
        ("eks.launch_template.key_name", "me".into()),
        ("eks.capacity_reservation_id", "cr-0123456789abcdef0".into()),
    ] {
        refused_of(of(&[(path, value)]), path, &["does not go with a launch template of your own"]);
    }
    refused(&own, "eks.launch_template.id", &["told of slices by the launch template"]);
    refused(&own[..1], "eks.launch_template.version", &["latest_version"]);
}

#[test]
fn surge_is_not_ours_to_set() {
    refused(&[("upgrade.max_surge", "1".into())], "upgrade.max_surge", &["Remove max_surge", "\"0\""]);
    refused(&[("upgrade.max_unavailable", "0".into())], "upgrade.max_unavailable", &["never be replaced"]);
    assert_eq!(errors(&Pool::new(), cut("bottlerocket"), &[("upgrade.max_surge", "0".into())]), "");
}

#[test]
fn a_capacity_block_has_an_id_and_is_not_spot() {
    let block = ("eks.capacity_block", Value::Bool(true));
    refused(std::slice::from_ref(&block), "eks.capacity_block", &["capacity_reservation_id"]);
    let reserved = [
        block,
        ("eks.capacity_reservation_id", "cr-0123456789abcdef0".into()),
        ("capacity_type", "spot".into()),
    ];
    refused(&reserved, "capacity_type", &["not spot"]);
    assert_eq!(errors(&Pool::new(), cut("bottlerocket"), &reserved[..2]), "");
}

#[test]
fn the_autoscalers_limits_are_in_order() {
    let limits = |min: u32, max: u32| {
        Value::object([
            ("min_nodes", Value::from(min)),
            ("max_nodes", Value::from(max)),
            ("initial_nodes", Value::Null),
        ])
    };
    refused(
        &[("node_count", Value::Null), ("autoscaling", limits(3, 2))],
        "autoscaling.min_nodes",
        &["more than max_nodes"],
    );
}

#[test]
fn options_of_another_cloud_are_refused() {
    refused(&[("gke.gvnic", Value::Bool(true))], "gke", &["The pool is on Amazon EKS"]);
}
