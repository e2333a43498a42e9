//! EKS's rules about the `eks` object: what every pool needs, what a stack can do, and which options exclude each other.
//!
//! Sources: EKS API model 2017-11-01 and EKS user guide, "Customize managed nodes with launch templates" (what may not
//! stand in both a template and a node group); Bottlerocket documentation (since when a setting exists); NVIDIA MIG and
//! device plugin documentation.

use super::machines::{self, Family};
use super::options::{GPU_STACK, GpuStack};
use super::rules::shares;
use super::steps::kubernetes_of;
use super::{places, profiles};
use crate::nodepool::gpu::NodeSlicing;
use crate::nodepool::spec::CapacityType;
use crate::nodepool::{ClusterId, Field, NodePoolConfig, OptionValue, Options, Problems};
use crate::slicing::{MAX_MPS_CLIENTS, MigStrategy, Sharing};

mod user_data;

/// Bottlerocket's settings, and the release that each came with (source: Bottlerocket documentation,
/// `kubelet-device-plugins`).
const SINCE_TIME_SLICING: (u64, u64) = (1, 25);
const SINCE_MIG: (u64, u64) = (1, 34);
const SINCE_MPS: (u64, u64) = (1, 54);

/// Adds what breaks a rule.
pub(crate) fn check(config: &NodePoolConfig, problems: &mut Problems) {
    let options = match &config.options {
        Field::Unknown => return,
        Field::Null if config.name.is_null() && config.name_prefix.is_null() => return,
        Field::Null => &Options::default(),
        Field::Known(options) => options,
    };
    let wish = Wish { config, options, stack: GpuStack::of(options) };
    wish.required(problems);
    wish.image(problems);
    wish.mig(problems);
    wish.sharing(problems);
    wish.release(problems);
    wish.template(problems);
    wish.user_data(problems);
    wish.reservation(problems);
    wish.pairs(problems);
}

/// A configuration with known options.
struct Wish<'a> {
    config: &'a NodePoolConfig,
    options: &'a Options,
    stack: Option<GpuStack>,
}

impl Wish<'_> {
    fn template_options(&self) -> Option<&Options> {
        self.options.object("launch_template")
    }

    /// The operating system of the nodes; `None` while it is not known.
    fn family(&self) -> Option<Family> {
        match self.options.get("ami_type") {
            None => self.stack.map(Family::of_stack),
            Some(_) => self.options.text("ami_type").map(Family::of_image),
        }
    }

    fn required(&self, problems: &mut Problems) {
        match self.options.get("node_role_arn") {
            None => problems.error(
                "eks.node_role_arn",
                "The nodes have no role",
                "EKS makes no node group without the IAM role of its nodes. Set eks = { node_role_arn = \
                 aws_iam_role.<name>.arn, … }.",
            ),
            Some(OptionValue::Text(arn)) => self.role(arn, problems),
            Some(_) => {}
        }
        match self.options.get("subnet_ids") {
            None => problems.error(
                "eks.subnet_ids",
                "The nodes have no subnets",
                "EKS makes no node group without subnets. Set eks = { subnet_ids = [aws_subnet.<name>.id, …], … }.",
            ),
            Some(OptionValue::TextSet(ids)) if ids.is_empty() => problems.error(
                "eks.subnet_ids",
                "The nodes have no subnets",
                "The set is empty. Name at least one subnet of the cluster's VPC.",
            ),
            Some(OptionValue::TextSet(ids)) => {
                for id in ids.iter().filter(|id| !places::is_id("subnet", id)) {
                    problems.error(
                        "eks.subnet_ids",
                        format!("{id:?} is not the id of a subnet"),
                        "Write aws_subnet.<name>.id, which reads subnet-<hexadecimal digits>.",
                    );
                }
            }
            Some(_) => {}
        }
    }

    /// A role is passed to instances of its own account only.
    fn role(&self, arn: &str, problems: &mut Problems) {
        let Some(role) = places::role(arn) else {
            problems.error(
                "eks.node_role_arn",
                format!("{arn:?} is not the ARN of an IAM role"),
                "Write aws_iam_role.<name>.arn, which reads arn:aws:iam::<account>:role/<name>. An instance profile is \
                 not a role.",
            );
            return;
        };
        if let Some(ClusterId::Eks { partition, account, .. }) = self.config.cluster_id.known()
            && (role.account != account || role.partition != partition)
        {
            problems.error(
                "eks.node_role_arn",
                "The nodes' role is of another account",
                format!(
                    "The cluster is in account {account} of {partition}, and the role in {} of {}. Name a role of the \
                     cluster's account.",
                    role.account, role.partition
                ),
            );
        }
    }

    fn image(&self, problems: &mut Problems) {
        let Some(ami_type) = self.options.text("ami_type") else { return };
        if let Some(stack) = self.stack
            && Family::of_image(ami_type) != Family::of_stack(stack)
        {
            let (system, other) = match Family::of_image(ami_type) {
                Family::Bottlerocket => ("Bottlerocket", "bottlerocket"),
                Family::AmazonLinux => ("Amazon Linux", "gpu_operator\" or \"device_plugin"),
            };
            problems.error(
                "eks.ami_type",
                format!("{ami_type} does not go with gpu_stack = {:?}", stack.word()),
                format!(
                    "It is an image of {system}. Remove ami_type, or set gpu_stack to \"{other}\". A second device \
                     plugin beside Bottlerocket's own breaks the GPUs."
                ),
            );
        }
        let Some(machine_type) = self.config.machine_type.known() else { return };
        if let Some(arch) = machines::arch(machine_type)
            && arch != machines::image_arch(ami_type)
        {
            problems.error(
                "eks.ami_type",
                format!("{ami_type} does not run on {machine_type}"),
                format!(
                    "{machine_type} has the architecture {}. Remove ami_type, or choose an image of it.",
                    arch.kubernetes_name()
                ),
            );
        }
    }

    fn mig(&self, problems: &mut Problems) {
        if !self.config.mig_profile.is_written() {
            return;
        }
        match self.stack {
            Some(GpuStack::DevicePlugin) => problems.error(
                &format!("eks.{GPU_STACK}"),
                "The device plugin cuts no GPUs",
                "NVIDIA's device plugin announces slices that somebody else has made, and on Amazon Linux nobody makes \
                 them: EKS has no setting for it, and slices do not survive a restart. Set gpu_stack to \
                 \"bottlerocket\" or \"gpu_operator\".",
            ),
            Some(GpuStack::Bottlerocket) => self.mig_on_bottlerocket(problems),
            Some(GpuStack::GpuOperator) | None => {}
        }
    }

    fn mig_on_bottlerocket(&self, problems: &mut Problems) {
        if self.config.mig_strategy.known() == Some(&MigStrategy::Mixed) {
            problems.error(
                "mig_strategy",
                "Bottlerocket has no mixed strategy",
                "Bottlerocket's device plugin announces every slice as nvidia.com/gpu. Remove mig_strategy, or set eks \
                 = { gpu_stack = \"gpu_operator\" }.",
            );
        }
        let (Some(slicing), Some(profile)) = (NodeSlicing::of(self.config), self.config.mig_profile.known())
        else {
            return;
        };
        // A profile that the GPU itself does not have is reported by the common rules.
        let has = slicing.gpu.profiles.iter().any(|facts| facts.profile == *profile);
        if let Some(why) = profiles::refusal(&slicing.gpu, *profile).filter(|_| has) {
            problems.error(
                "mig_profile",
                format!("Bottlerocket does not cut {} into {profile}", slicing.gpu.name),
                why,
            );
        }
    }

    /// What Bottlerocket's own plugin cannot share; of NVIDIA's plugin the common rules know.
    fn sharing(&self, problems: &mut Problems) {
        if self.stack != Some(GpuStack::Bottlerocket) {
            return;
        }
        let Some(Sharing::Mps { replicas }) = self.config.sharing.known() else { return };
        let plugin = self.config.device_plugin.known();
        if plugin.and_then(|plugin| plugin.fail_requests_greater_than_one.known()) == Some(&false) {
            problems.error(
                "device_plugin.fail_requests_greater_than_one",
                "Bottlerocket has no such switch for MPS",
                "Its settings for MPS have no fail-requests-greater-than-one, so that a pod cannot be allowed more than \
                 one slice there. Remove it, or set sharing_strategy to \"time-slicing\".",
            );
        }
        if self.config.mig_profile.is_written() {
            problems.error(
                "sharing_strategy",
                "Bottlerocket shares no MIG slices by MPS",
                "Its settings refuse the two together, and older releases start with no GPU at all. Set \
                 sharing_strategy to \"time-slicing\", or leave mig_profile out to share whole GPUs.",
            );
        }
        if *replicas > MAX_MPS_CLIENTS {
            problems.error(
                "replicas",
                format!("replicas = {replicas} is more than MPS serves"),
                format!(
                    "MPS serves at most {MAX_MPS_CLIENTS} clients on one GPU. Lower replicas, or set sharing_strategy \
                     to \"time-slicing\"."
                ),
            );
        }
    }

    /// An older Bottlerocket does not know the settings, and does not start with settings that it does not know.
    fn release(&self, problems: &mut Problems) {
        let Some(release) = self.options.text("release_version") else { return };
        match self.family() {
            Some(Family::Bottlerocket) => self.release_of_bottlerocket(release, problems),
            Some(Family::AmazonLinux) => self.release_of_amazon_linux(release, problems),
            None => {}
        }
    }

    /// A release of Amazon Linux is made for one Kubernetes version, which it begins with.
    fn release_of_amazon_linux(&self, release: &str, problems: &mut Problems) {
        let Some(own) = kubernetes_of(release) else {
            problems.error(
                "eks.release_version",
                format!("{release:?} is no release of EKS's Amazon Linux"),
                "A release reads 1.34.2-20261015: Kubernetes version, dash, date. `aws ssm get-parameter --name \
                 /aws/service/eks/optimized-ami/<version>/amazon-linux-2023/<arch>/nvidia/recommended/release_version` \
                 tells the newest.",
            );
            return;
        };
        if let Some(version) = self.config.kubernetes_version.known().filter(|version| **version != own) {
            problems.error(
                "eks.release_version",
                format!("{release} is not for Kubernetes {version}"),
                format!(
                    "A release belongs to the Kubernetes version that it begins with. Set kubernetes_version = {own:?}, \
                     or write a release of {version}, or remove release_version: the newest of {version} is then taken."
                ),
            );
        }
    }

    fn release_of_bottlerocket(&self, release: &str, problems: &mut Problems) {
        let mut numbers = release.split('.').map(str::parse::<u64>);
        let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
            problems.error(
                "eks.release_version",
                format!("{release:?} is no release of Bottlerocket"),
                "A release reads 1.54.0-0123abcd: version, dash, commit. `aws ssm get-parameter --name \
                 /aws/service/bottlerocket/aws-k8s-<version>-nvidia/<arch>/latest/image_version` tells the newest.",
            );
            return;
        };
        let shared = match self.config.sharing.known() {
            Some(Sharing::TimeSlicing { .. }) => Some(("Time-slicing", SINCE_TIME_SLICING)),
            Some(Sharing::Mps { .. }) => Some(("MPS", SINCE_MPS)),
            Some(Sharing::None) | None => None,
        };
        let cut = self.config.mig_profile.is_written().then_some(("MIG", SINCE_MIG));
        for (what, since) in shared.into_iter().chain(cut).filter(|(_, since)| (major, minor) < *since) {
            problems.error(
                "eks.release_version",
                format!("{what} came to Bottlerocket with {}.{}", since.0, since.1),
                format!("{release} is older. Write that release or a newer one, or remove release_version."),
            );
        }
    }

    /// A launch template of the user's own, which the provider does not change.
    fn template(&self, problems: &mut Problems) {
        let Some(template) = self.template_options() else { return };
        for id in template.set_of("security_group_ids").into_iter().flatten() {
            if !places::is_id("sg", id) {
                problems.error(
                    "eks.launch_template.security_group_ids",
                    format!("{id:?} is not the id of a security group"),
                    "Write aws_security_group.<name>.id, which reads sg-<hexadecimal digits>.",
                );
            }
        }
        if template.get("id").is_none() {
            if template.get("version").is_some() {
                problems.error(
                    "eks.launch_template.version",
                    "A version of which template",
                    "The version is that of a launch template of your own. Set launch_template.id too, or remove \
                     version: the provider counts the versions of its own template.",
                );
            }
            return;
        }
        if template.get("version").is_none() {
            problems.error(
                "eks.launch_template.version",
                "The launch template has no version",
                "EKS keeps the number of the version, so that \"latest\" would differ from it for ever. Set version = \
                 aws_launch_template.<name>.latest_version.",
            );
        }
        if template.text("id").is_some_and(|id| !places::is_id("lt", id)) {
            problems.error(
                "eks.launch_template.id",
                "This is not the id of a launch template",
                "Write aws_launch_template.<name>.id, which reads lt-<hexadecimal digits>.",
            );
        }
        self.clashes(template, problems);
    }

    /// What would have to stand in a template that is not ours.
    fn clashes(&self, template: &Options, problems: &mut Problems) {
        let inside = template
            .0
            .keys()
            .filter(|name| !matches!(name.as_str(), "id" | "version"))
            .map(|name| format!("eks.launch_template.{name}"));
        let config = self.config;
        let beside = [
            ("disk_size_gb", config.disk_size_gb.is_written()),
            ("disk_type", config.disk_type.is_written()),
            ("max_pods", config.max_pods.is_written()),
            ("eks.capacity_reservation_id", self.options.get("capacity_reservation_id").is_some()),
            ("eks.capacity_block", self.options.bool("capacity_block") == Some(true)),
        ];
        let beside = beside.into_iter().filter(|(_, there)| *there).map(|(name, _)| name.to_owned());
        for path in inside.chain(beside) {
            problems.error(
                &path,
                format!("{path} does not go with a launch template of your own"),
                "It stands in the launch template, and the provider does not change one that it has not made. Write it \
                 there, or remove launch_template.id and version: the provider then makes a template with it.",
            );
        }
        if self.stack == Some(GpuStack::Bottlerocket) && (config.mig_profile.is_written() || shares(config)) {
            problems.error(
                "eks.launch_template.id",
                "Bottlerocket is told of slices by the launch template",
                "Its settings are user data, and the provider does not change a template that it has not made. Remove \
                 launch_template.id and version and write what else is needed beside them, or set gpu_stack to \
                 \"gpu_operator\".",
            );
        }
    }

    fn reservation(&self, problems: &mut Problems) {
        let reserved = self.options.get("capacity_reservation_id").is_some();
        if self.options.text("capacity_reservation_id").is_some_and(|id| !places::is_id("cr", id)) {
            problems.error(
                "eks.capacity_reservation_id",
                "This is not the id of a capacity reservation",
                "Write aws_ec2_capacity_reservation.<name>.id, which reads cr-<hexadecimal digits>.",
            );
        }
        if self.options.bool("capacity_block") == Some(true) && !reserved {
            problems.error(
                "eks.capacity_block",
                "Which capacity block",
                "Set eks.capacity_reservation_id to the id of the capacity block.",
            );
        }
        if reserved && self.config.capacity_type.known() == Some(&CapacityType::Spot) {
            problems.error(
                "eks.capacity_reservation_id",
                "A reservation does not go with spot machines",
                "Reserved machines are had on demand. Remove one of the two.",
            );
        }
    }

    /// Settings of which EKS takes one of two, and those that say nothing without a switch.
    fn pairs(&self, problems: &mut Problems) {
        for (object, what) in [("node_repair", "repairs nodes"), ("warm_pool", "keeps instances ready")] {
            let written = self.options.object(object).is_some_and(|it| it.get("enabled").is_none());
            if written {
                problems.error(
                    &format!("eks.{object}.enabled"),
                    format!("Whether EKS {what} is not said"),
                    "The other settings do not switch it on. Write enabled = true, or false to switch it off.",
                );
            }
        }
        let Some(repair) = self.options.object("node_repair") else { return };
        for (count, share) in [
            ("max_unhealthy_count", "max_unhealthy_percentage"),
            ("max_parallel_count", "max_parallel_percentage"),
        ] {
            if repair.get(count).is_some() && repair.get(share).is_some() {
                problems.error(
                    &format!("eks.node_repair.{share}"),
                    format!("Both {count} and {share} are set"),
                    "EKS takes one of them. Remove the other.",
                );
            }
        }
    }
}

#[cfg(test)]
mod tests;
