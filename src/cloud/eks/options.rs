//! The options of the `eks` object, as data: name, shape, what a change does, whether EKS fills it in, and what it
//! is for.
//!
//! What EKS takes in `UpdateNodegroupConfig` changes in place, what stands in the launch template rolls the nodes, and
//! what it takes at creation only replaces the pool (source: EKS API model 2017-11-01, the bodies of `CreateNodegroup`,
//! `UpdateNodegroupConfig` and `UpdateNodegroupVersion`).

use std::cmp::Ordering;

use crate::nodepool::{Change, OptionKind, OptionSpec, Options};

const fn option(name: &'static str, kind: OptionKind, change: Change, about: &'static str) -> OptionSpec {
    OptionSpec { name, kind, change, computed: true, default: None, about }
}

/// An option that EKS knows nothing of.
const fn ours(name: &'static str, kind: OptionKind, change: Change, about: &'static str) -> OptionSpec {
    OptionSpec { name, kind, change, computed: false, default: None, about }
}

/// Who cuts the GPUs, and who announces them to Kubernetes. EKS's API itself does neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum GpuStack {
    /// The operating system of the nodes, by settings in their user data.
    #[default]
    Bottlerocket,
    /// NVIDIA's GPU operator, by labels of the nodes.
    GpuOperator,
    /// NVIDIA's device plugin, as a DaemonSet of the user's, which cuts nothing.
    DevicePlugin,
}

impl GpuStack {
    pub(crate) const ALL: [GpuStack; 3] =
        [GpuStack::Bottlerocket, GpuStack::GpuOperator, GpuStack::DevicePlugin];

    /// The word in HCL.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            GpuStack::Bottlerocket => "bottlerocket",
            GpuStack::GpuOperator => "gpu_operator",
            GpuStack::DevicePlugin => "device_plugin",
        }
    }

    /// The stack of a pool with these options; `None` while it is not known.
    pub(crate) fn of(options: &Options) -> Option<Self> {
        match options.get(GPU_STACK) {
            None => Some(GpuStack::default()),
            Some(_) => {
                let word = options.text(GPU_STACK)?;
                GpuStack::ALL.into_iter().find(|stack| stack.word() == word)
            }
        }
    }
}

/// The name of the option that a [`GpuStack`] is the value of.
pub(crate) const GPU_STACK: &str = "gpu_stack";

/// The name of the option that says the least release of the image.
pub(crate) const RELEASE_VERSION: &str = "release_version";

/// Whether nodes of one release of an image fulfil the wish for at least another one. A release reads
/// `1.34.2-20261015` on Amazon Linux, by date, and `1.54.0-0123abcd` on Bottlerocket, by commit, where the version alone
/// says which is newer.
pub(crate) fn fulfils(live: &str, wanted: &str) -> bool {
    let parts = |text: &str| {
        let (version, build) = text.split_once('-').unwrap_or((text, ""));
        let numbers: Vec<u64> = version.split('.').filter_map(|part| part.parse().ok()).collect();
        let date = (build.len() == 8).then(|| build.parse::<u64>().ok()).flatten();
        (numbers, date, build.to_owned())
    };
    let ((live, live_date, live_build), (wanted, wanted_date, wanted_build)) = (parts(live), parts(wanted));
    match live.cmp(&wanted) {
        Ordering::Greater => !wanted.is_empty(),
        Ordering::Less => false,
        Ordering::Equal => match (live_date, wanted_date) {
            (Some(live), Some(wanted)) => live >= wanted,
            _ => live_build == wanted_build || wanted_build.is_empty(),
        },
    }
}

const GPU_STACKS: &[&str] =
    &[GpuStack::Bottlerocket.word(), GpuStack::GpuOperator.word(), GpuStack::DevicePlugin.word()];

/// The images with NVIDIA's driver, of those that EKS builds and still renews (source: EKS API model, `AMITypes`). The
/// images of Amazon Linux 2 end with Kubernetes 1.32 (unverified) and take their user data in another form.
const AMI_TYPES: &[&str] = &[
    "BOTTLEROCKET_x86_64_NVIDIA",
    "BOTTLEROCKET_x86_64_NVIDIA_FIPS",
    "BOTTLEROCKET_ARM_64_NVIDIA",
    "BOTTLEROCKET_ARM_64_NVIDIA_FIPS",
    "AL2023_x86_64_NVIDIA",
    "AL2023_ARM_64_NVIDIA",
];

/// The least and the most of a number of nodes in EKS's settings about repair and warm pools; a round figure, EKS's
/// own limit is the account's.
const NODES: OptionKind = OptionKind::Number(1, 10_000);
const PERCENT: OptionKind = OptionKind::Number(1, 100);

const LAUNCH_TEMPLATE: &[OptionSpec] = &[
    option(
        "id",
        OptionKind::Text,
        Change::Replace,
        "The id of a launch template of your own, in place of the one that the provider makes. Its version must be \
         set, too.",
    ),
    option(
        "version",
        OptionKind::Number(1, i64::MAX),
        Change::Rolls,
        "The version of the launch template of your own, as a number.",
    ),
    option(
        "security_group_ids",
        OptionKind::TextSet,
        Change::Rolls,
        "Security groups of the nodes, beside the cluster's own.",
    ),
    option("key_name", OptionKind::Text, Change::Rolls, "The EC2 key pair for access by SSH."),
    option(
        "imds_hop_limit",
        OptionKind::Number(1, 64),
        Change::Rolls,
        "How many network hops the instance metadata may travel; containers need 2. When unset 2.",
    ),
    option(
        "kms_key_id",
        OptionKind::Text,
        Change::Rolls,
        "The KMS key that the disks are encrypted with. When unset the account's default key for EBS.",
    ),
    option(
        "instance_tags",
        OptionKind::TextMap,
        Change::Rolls,
        "Tags of the instances and their disks, which the pool's own tags do not reach.",
    ),
    option(
        "extra_user_data",
        OptionKind::Text,
        Change::Rolls,
        "Settings of your own: TOML on Bottlerocket; on Amazon Linux 2023 a NodeConfig, a shell script or a \
         #cloud-config.",
    ),
    option("placement_group", OptionKind::Text, Change::Rolls, "The EC2 placement group of the instances."),
];

const NODE_REPAIR: &[OptionSpec] = &[
    option("enabled", OptionKind::Bool, Change::InPlace, "Whether EKS repairs nodes that are unhealthy."),
    option(
        "max_unhealthy_count",
        NODES,
        Change::InPlace,
        "The number of unhealthy nodes above which nothing is repaired any more.",
    ),
    option(
        "max_unhealthy_percentage",
        PERCENT,
        Change::InPlace,
        "The share of unhealthy nodes above which nothing is repaired any more.",
    ),
    option("max_parallel_count", NODES, Change::InPlace, "How many nodes are repaired at a time."),
    option(
        "max_parallel_percentage",
        PERCENT,
        Change::InPlace,
        "Which share of nodes is repaired at a time.",
    ),
];

const WARM_POOL: &[OptionSpec] = &[
    option(
        "enabled",
        OptionKind::Bool,
        Change::InPlace,
        "Whether instances are kept ready to join. False removes the warm pool.",
    ),
    option(
        "min_size",
        OptionKind::Number(0, 10_000),
        Change::InPlace,
        "How many instances are kept at least.",
    ),
    option(
        "max_prepared_capacity",
        OptionKind::Number(0, 10_000),
        Change::InPlace,
        "How many instances there are at the most, those in use among them.",
    ),
    option(
        "pool_state",
        OptionKind::Choice(&["STOPPED", "RUNNING", "HIBERNATED"]),
        Change::InPlace,
        "The state in which instances are kept.",
    ),
    option(
        "reuse_on_scale_in",
        OptionKind::Bool,
        Change::InPlace,
        "Whether instances return to the warm pool when the pool shrinks.",
    ),
];

/// The options that only EKS has.
pub(crate) const OPTIONS: &[OptionSpec] = &[
    option(
        "node_role_arn",
        OptionKind::Text,
        Change::Replace,
        "The IAM role of the nodes. Required for every pool on EKS.",
    ),
    option(
        "subnet_ids",
        OptionKind::TextSet,
        Change::Replace,
        "The subnets of the nodes, which decide their zones. Required for every pool on EKS.",
    ),
    OptionSpec {
        default: Some(GpuStack::Bottlerocket.word()),
        ..option(
            GPU_STACK,
            OptionKind::Choice(GPU_STACKS),
            Change::Replace,
            "Who cuts and announces the GPUs: the nodes' operating system Bottlerocket, or what you install on Amazon \
             Linux: NVIDIA's GPU operator, or NVIDIA's device plugin alone, which shares GPUs and cuts none.",
        )
    },
    option(
        "ami_type",
        OptionKind::Choice(AMI_TYPES),
        Change::Replace,
        "The image of the nodes. When unset it follows from gpu_stack and the machine type's architecture.",
    ),
    option(
        RELEASE_VERSION,
        OptionKind::Text,
        Change::Rolls,
        "The lowest release of the image. A newer one is no difference.",
    ),
    option(
        "launch_template",
        OptionKind::Object(LAUNCH_TEMPLATE),
        Change::Rolls,
        "What the instances are made with beyond EKS's own settings.",
    ),
    option(
        "capacity_reservation_id",
        OptionKind::Text,
        Change::Rolls,
        "The EC2 capacity reservation, or capacity block, that the instances come from.",
    ),
    option(
        "capacity_block",
        OptionKind::Bool,
        Change::Replace,
        "Whether capacity_reservation_id is a capacity block for ML. When unset false.",
    ),
    option(
        "node_repair",
        OptionKind::Object(NODE_REPAIR),
        Change::InPlace,
        "How EKS repairs unhealthy nodes.",
    ),
    option(
        "warm_pool",
        OptionKind::Object(WARM_POOL),
        Change::InPlace,
        "Instances that are kept ready to join the pool.",
    ),
    ours(
        "force_update",
        OptionKind::Bool,
        Change::None,
        "Whether a rolling update goes on when pods cannot be evicted. When unset false.",
    ),
    OptionSpec {
        default: Some("drain"),
        ..ours(
            "scale_down",
            OptionKind::Choice(&["drain", "immediate"]),
            Change::None,
            "What happens to pods when the pool is made smaller: EKS ends them at once (\"immediate\"), or the nodes \
             are cordoned and drained first (\"drain\").",
        )
    },
    option(
        "scale_from_zero_tags",
        OptionKind::Bool,
        Change::InPlace,
        "Whether the Auto Scaling group is tagged with what a node gives, so that the cluster autoscaler knows it \
         while there is no node. When unset true where autoscaling.min_nodes is 0.",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::nodepool::OptionValue;

    fn each(specs: &'static [OptionSpec], prefix: &str, with: &mut dyn FnMut(String, &OptionSpec)) {
        for spec in specs {
            let name = format!("{prefix}{}", spec.name);
            with(name.clone(), spec);
            if let OptionKind::Object(inner) = spec.kind {
                each(inner, &format!("{name}."), with);
            }
        }
    }

    #[test]
    fn names_are_unique_and_every_option_is_documented() {
        let mut seen = BTreeSet::new();
        each(OPTIONS, "", &mut |name, spec| {
            assert!(spec.about.ends_with('.') && spec.about.len() > 20, "{name}");
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'.')), "{name}");
            assert!(seen.insert(name.clone()), "{name} twice");
        });
    }

    #[test]
    fn the_table_of_change_classes() {
        let mut lines = Vec::new();
        each(OPTIONS, "eks.", &mut |name, spec| {
            let filled = match (spec.default, spec.computed) {
                (Some(default), _) => format!(", by default {default}"),
                (None, true) => ", filled in by EKS".to_owned(),
                (None, false) => String::new(),
            };
            lines.push(format!("{name}: {}{filled}", spec.change.word()));
        });
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn a_release_is_a_minimum() {
        for (live, wanted, expected) in [
            ("1.34.2-20261015", "1.34.2-20261015", true),
            ("1.34.2-20261115", "1.34.2-20261015", true),
            ("1.34.2-20261015", "1.34.2-20261115", false),
            ("1.34.10-20261015", "1.34.9-20261115", true),
            ("1.54.0-ab12cd34", "1.54.0-ab12cd34", true),
            ("1.54.0-ab12cd34", "1.54.0-ffffffff", false),
            ("1.55.0-ab12cd34", "1.54.0-ffffffff", true),
            ("1.53.9-ab12cd34", "1.54.0-00000000", false),
            ("1.54.0-ab12cd34", "1.54.0", true),
            ("1.54.0-ab12cd34", "", false),
        ] {
            assert_eq!(fulfils(live, wanted), expected, "{live} for {wanted}");
        }
    }

    #[test]
    fn the_stack_is_bottlerocket_unless_told_otherwise() {
        let with = |value: Option<OptionValue>| {
            let mut options = Options::default();
            options.set(GPU_STACK, value);
            GpuStack::of(&options)
        };
        assert_eq!(with(None), Some(GpuStack::Bottlerocket));
        for stack in GpuStack::ALL {
            assert_eq!(with(Some(OptionValue::Text(stack.word().to_owned()))), Some(stack));
        }
        assert_eq!(with(Some(OptionValue::Unknown)), None);
    }
}
