//! The parts of a node group that both a create and an update send, each from neutral to wire.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::options::GpuStack;
use super::{labels, machines, wire};
use crate::nodepool::gpu::NodeSlicing;
use crate::nodepool::spec::{Amount, CapacityType, Size, Taint, TaintEffect, Upgrade};
use crate::nodepool::{ClusterId, NodePoolSpec, Options, Path};
use crate::slicing::{Catalogue, Cloud, GPU_RESOURCE, Gpu, MigProfile, MigStrategy};

/// A wanted pool that cannot be said in EKS's words. The plan-time rules refuse each of these first, so a user sees
/// one only where a value was not known at plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Untranslatable {
    /// The cluster is on another cloud. Remedy: none for the user; the provider asked the wrong cloud.
    #[error("the cluster {0} is not on EKS")]
    NotEks(String),
    /// An option without which EKS makes no node group. Remedy: write it.
    #[error("EKS makes no node group without {0}")]
    Missing(&'static str),
    /// A profile that the stack does not cut this GPU into. Remedy: another profile or stack.
    #[error("the stack {stack} does not cut the GPU {gpu} into {profile}")]
    Profile { profile: MigProfile, gpu: String, stack: &'static str },
    /// A machine type whose architecture nobody knows. Remedy: write `ami_type`.
    #[error("which image fits {0} is not known")]
    Image(String),
    /// User data that EC2 refuses. Remedy: less of it.
    #[error("the user data has {bytes} bytes, and EC2 takes {most}")]
    UserData { bytes: usize, most: usize },
    /// User data in a form that the nodes' operating system does not read. Remedy: another form.
    #[error("extra_user_data is none of the forms that Amazon Linux 2023 reads")]
    UserDataForm,
    /// Security groups of the user's beside those of a cluster that shows none. Remedy: leave them out.
    #[error("the cluster shows no security group of its own, beside which others could stand")]
    NoSecurityGroup,
    /// A change of what only a launch template of the provider's holds. Remedy: another pool, or a template of the user's
    /// own that says it.
    #[error(
        "the node group has no launch template that the provider has made, and what changes stands in the launch template; \
         write it in a new version of the template that it has, or replace the pool"
    )]
    NoTemplate,
}

impl Untranslatable {
    /// The attribute to change.
    pub(crate) fn attribute(&self) -> Option<Path> {
        Some(match self {
            Untranslatable::NotEks(_) => Path::of("cluster_id"),
            Untranslatable::Missing(option) => Path::of(&format!("eks.{option}")),
            Untranslatable::Profile { .. } => Path::of("mig_profile"),
            Untranslatable::Image(_) => Path::of("eks.ami_type"),
            Untranslatable::UserData { .. } | Untranslatable::UserDataForm => {
                Path::of("eks.launch_template.extra_user_data")
            }
            Untranslatable::NoSecurityGroup => Path::of("eks.launch_template.security_group_ids"),
            Untranslatable::NoTemplate => Path::of("eks.launch_template"),
        })
    }
}

/// Where a cluster is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    pub partition: &'a str,
    pub region: &'a str,
    pub account: &'a str,
    pub cluster: &'a str,
}

/// The parts of an EKS cluster's ARN.
pub(crate) fn place(cluster: &ClusterId) -> Result<Place<'_>, Untranslatable> {
    match cluster {
        ClusterId::Eks { partition, region, account, cluster } => {
            Ok(Place { partition, region, account, cluster })
        }
        other => Err(Untranslatable::NotEks(other.to_string())),
    }
}

/// The stack of a pool. Every option is known by now.
pub(crate) fn stack(options: &Options) -> GpuStack {
    GpuStack::of(options).unwrap_or_default()
}

/// The image of a pool.
pub(crate) fn image(spec: &NodePoolSpec) -> Result<String, Untranslatable> {
    let written = spec.options.text("ami_type").map(ToOwned::to_owned);
    let own = || machines::image(stack(&spec.options), &spec.machine_type).map(ToOwned::to_owned);
    written.or_else(own).ok_or_else(|| Untranslatable::Image(spec.machine_type.clone()))
}

/// The operating system of a pool.
pub(crate) fn family(spec: &NodePoolSpec) -> machines::Family {
    match spec.options.text("ami_type") {
        Some(ami_type) => machines::Family::of_image(ami_type),
        None => machines::Family::of_stack(stack(&spec.options)),
    }
}

/// The GPU that a pool's machines have, as the catalogue knows it.
pub(crate) fn gpu(machine_type: &str, model: &str) -> Option<Arc<Gpu>> {
    let catalogue = Catalogue::built_in();
    let of_machine =
        catalogue.machine(Some(Cloud::Eks), machine_type).and_then(|machine| machine.gpu().cloned());
    of_machine.or_else(|| catalogue.gpu(model).cloned())
}

/// The launch template of the user's own, where there is one.
pub(crate) fn own_template(options: &Options) -> Option<wire::LaunchTemplate> {
    let template = options.object("launch_template")?;
    let id = template.text("id")?.to_owned();
    Some(wire::LaunchTemplate { id, version: template.number("version")?.to_string() })
}

/// How many nodes. EKS wants room for one node at least, and has no switch for autoscaling.
pub(crate) fn scaling(size: Size) -> wire::ScalingConfig {
    match size {
        Size::Fixed(count) => {
            wire::ScalingConfig { min_size: count, max_size: count.max(1), desired_size: count }
        }
        Size::Autoscaling { min, max, initial } => {
            let max_size = max.max(min).max(1);
            let desired_size = initial.unwrap_or(min).clamp(min, max_size);
            wire::ScalingConfig { min_size: min, max_size, desired_size }
        }
    }
}

/// The value of our tag about the size where the number of nodes is fixed.
pub(crate) const FIXED: &str = "fixed";
/// Its value where the cluster autoscaler decides.
pub(crate) const AUTOSCALING: &str = "autoscaling";

/// The value of our tag about the size.
pub(crate) fn size_word(size: Size) -> &'static str {
    match size {
        Size::Fixed(_) => FIXED,
        Size::Autoscaling { .. } => AUTOSCALING,
    }
}

/// How EKS sells the machines.
pub(crate) fn capacity_type(spec: &NodePoolSpec) -> &'static str {
    match spec.capacity_type {
        _ if spec.options.bool("capacity_block") == Some(true) => "CAPACITY_BLOCK",
        CapacityType::OnDemand => "ON_DEMAND",
        CapacityType::Spot => "SPOT",
    }
}

/// EKS's word for an effect.
fn effect(effect: TaintEffect) -> &'static str {
    match effect {
        TaintEffect::NoSchedule => "NO_SCHEDULE",
        TaintEffect::PreferNoSchedule => "PREFER_NO_SCHEDULE",
        TaintEffect::NoExecute => "NO_EXECUTE",
    }
}

/// A taint as EKS writes it.
pub(crate) fn taint(taint: &Taint) -> wire::Taint {
    wire::Taint {
        key: taint.key.clone(),
        value: taint.value.clone(),
        effect: effect(taint.effect).to_owned(),
    }
}

/// The taint that EKS shows; `None` for an effect that it did not have when this was written.
pub(crate) fn from_taint(shown: &wire::Taint) -> Option<Taint> {
    let effect = TaintEffect::ALL.into_iter().find(|one| effect(*one) == shown.effect)?;
    Some(Taint { key: shown.key.clone(), value: shown.value.clone(), effect })
}

/// The user's taints and, if wanted, the GPU taint, which EKS does not add by itself.
pub(crate) fn taints(spec: &NodePoolSpec) -> Vec<Taint> {
    let mut all = spec.taints.clone();
    if spec.gpu_taint {
        all.insert(Taint::gpu());
    }
    all.into_iter().collect()
}

/// How the nodes of a new pool are replaced: what is written; with a reservation, which has no machines to spare, one
/// after the other in place.
pub(crate) fn first_upgrade(spec: &NodePoolSpec) -> Upgrade {
    let reserved = spec.options.text("capacity_reservation_id").is_some();
    if reserved && spec.upgrade == Upgrade::default() {
        return Upgrade { max_surge: Some(Amount::Nodes(0)), max_unavailable: Some(Amount::Nodes(1)) };
    }
    spec.upgrade
}

/// How nodes are replaced; `None` where nothing says it.
pub(crate) fn update_config(upgrade: &Upgrade) -> Option<wire::UpdateConfig> {
    let mut config = wire::UpdateConfig::default();
    match upgrade.max_unavailable {
        Some(Amount::Nodes(nodes)) => config.max_unavailable = Some(nodes),
        Some(Amount::Percent(percent)) => config.max_unavailable_percentage = Some(percent),
        None => {}
    }
    if matches!(upgrade.max_surge, Some(Amount::Nodes(0) | Amount::Percent(0))) {
        config.update_strategy = Some("MINIMAL".to_owned());
    }
    (config != wire::UpdateConfig::default()).then_some(config)
}

/// How unhealthy nodes are repaired; `None` where nothing says it.
pub(crate) fn node_repair(options: &Options) -> Option<wire::NodeRepairConfig> {
    let repair = options.object("node_repair")?;
    Some(wire::NodeRepairConfig {
        enabled: repair.bool("enabled"),
        max_unhealthy_node_threshold_count: repair.number("max_unhealthy_count"),
        max_unhealthy_node_threshold_percentage: repair.number("max_unhealthy_percentage"),
        max_parallel_nodes_repaired_count: repair.number("max_parallel_count"),
        max_parallel_nodes_repaired_percentage: repair.number("max_parallel_percentage"),
    })
}

/// Which instances are kept ready; `None` where nothing says it.
pub(crate) fn warm_pool(options: &Options) -> Option<wire::WarmPoolConfig> {
    let pool = options.object("warm_pool")?;
    Some(wire::WarmPoolConfig {
        enabled: pool.bool("enabled"),
        min_size: pool.number("min_size"),
        max_group_prepared_capacity: pool.number("max_prepared_capacity"),
        pool_state: pool.text("pool_state").map(ToOwned::to_owned),
        reuse_on_scale_in: pool.bool("reuse_on_scale_in"),
    })
}

/// Whether the cluster autoscaler is to be told what a node would have.
pub(crate) fn tells_autoscaler(spec: &NodePoolSpec) -> bool {
    let from_zero = matches!(spec.size, Size::Autoscaling { min: 0, .. });
    spec.options.bool("scale_from_zero_tags").unwrap_or(from_zero)
}

/// The longest key of a tag (source: AWS documentation, "Tag naming limits and requirements").
pub(crate) const LONGEST_TAG_KEY: usize = 128;

/// What the cluster autoscaler reads of a node that is not there yet: resources, labels and taints (source:
/// cluster-autoscaler documentation for AWS, "Auto-Discovery Setup"). Without them it counts GPUs in place of slices.
///
/// A label or taint whose key is too long for a tag is left out; the autoscaler then does not know of it.
pub(crate) fn autoscaler_tags(spec: &NodePoolSpec) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    let mut put = |kind: &str, key: &str, value: String| {
        let key = format!("{}{kind}/{key}", labels::NODE_TEMPLATE_TAGS);
        if key.len() <= LONGEST_TAG_KEY {
            tags.insert(key, value);
        }
    };
    if let Some((resource, count)) = slices(spec) {
        put("resources", &resource, count.to_string());
    }
    for (key, value) in &spec.labels {
        put("label", key, value.clone());
    }
    for taint in taints(spec) {
        put("taint", &taint.key, format!("{}:{}", taint.value, taint.effect.word()));
    }
    tags
}

/// What a node's slices are requested by, and how many it has.
fn slices(spec: &NodePoolSpec) -> Option<(String, u64)> {
    let gpu = gpu(&spec.machine_type, &spec.gpu.model)?;
    let slicing = NodeSlicing { gpu, gpus_per_node: spec.gpu.count, accelerator_type: None };
    let capacity = slicing.capacity(spec.mig_profile, spec.sharing, spec.mig_strategy, None).ok()?;
    let resource = resource_name(spec.mig_strategy, spec.mig_profile.as_ref());
    Some((spec.switches.announced(resource, spec.sharing), capacity.per_node))
}

/// What NVIDIA's device plugin and Bottlerocket name slices (source: NVIDIA device plugin, MIG strategies).
pub(crate) fn resource_name(strategy: MigStrategy, profile: Option<&MigProfile>) -> String {
    match (strategy, profile) {
        (MigStrategy::Mixed, Some(profile)) => profile.mixed_resource_name(),
        (MigStrategy::Mixed, None) | (MigStrategy::Single, _) => GPU_RESOURCE.to_owned(),
    }
}

/// The tags that are sent: the pool's, and ours.
pub(crate) fn tags(spec: &NodePoolSpec) -> BTreeMap<String, String> {
    let mut tags = spec.tags.clone();
    tags.insert(labels::SIZE_TAG.to_owned(), size_word(spec.size).to_owned());
    if tells_autoscaler(spec) {
        tags.extend(autoscaler_tags(spec));
    }
    tags
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cloud::eks::testing::{options, spec};
    use crate::slicing::Sharing;

    #[test]
    fn only_an_arn_is_a_place() {
        let arn = "arn:aws-cn:eks:cn-north-1:123456789012:cluster/main".parse().unwrap();
        let expected =
            Place { partition: "aws-cn", region: "cn-north-1", account: "123456789012", cluster: "main" };
        assert_eq!(place(&arn), Ok(expected));
        let other = "projects/p/locations/us-central1/clusters/c".parse().unwrap();
        assert_eq!(place(&other).unwrap_err().attribute().unwrap().to_string(), "cluster_id");
    }

    #[test]
    fn sizes_leave_room_for_a_node() {
        let of = |size| {
            let it = scaling(size);
            (it.min_size, it.max_size, it.desired_size)
        };
        assert_eq!(of(Size::Fixed(3)), (3, 3, 3));
        assert_eq!(of(Size::Fixed(0)), (0, 1, 0));
        assert_eq!(of(Size::Autoscaling { min: 0, max: 4, initial: None }), (0, 4, 0));
        assert_eq!(of(Size::Autoscaling { min: 1, max: 4, initial: Some(9) }), (1, 4, 4));
    }

    #[test]
    fn taints_come_back() {
        for effect in TaintEffect::ALL {
            let one = Taint { key: "a/b".into(), value: "c".into(), effect };
            assert_eq!(from_taint(&taint(&one)), Some(one));
        }
        assert_eq!(from_taint(&wire::Taint { effect: "SOMEDAY".into(), ..taint(&Taint::gpu()) }), None);
    }

    #[test]
    fn no_surge_is_the_minimal_strategy() {
        let of = |upgrade| serde_json::to_value(update_config(&upgrade)).unwrap();
        assert_eq!(of(Upgrade::default()), json!(null));
        let upgrade =
            Upgrade { max_surge: Some(Amount::Nodes(0)), max_unavailable: Some(Amount::Percent(33)) };
        assert_eq!(of(upgrade), json!({"maxUnavailablePercentage": 33, "updateStrategy": "MINIMAL"}));
        let reserved =
            NodePoolSpec { options: options(&json!({"capacity_reservation_id": "cr-1"})), ..spec() };
        assert_eq!(of(first_upgrade(&reserved)), json!({"maxUnavailable": 1, "updateStrategy": "MINIMAL"}));
    }

    #[test]
    fn the_autoscaler_hears_of_slices_labels_and_taints() {
        let long = format!("example.com/{}", "x".repeat(63));
        let mut spec = NodePoolSpec {
            size: Size::Autoscaling { min: 0, max: 2, initial: None },
            sharing: Sharing::TimeSlicing { replicas: 2 },
            ..spec()
        };
        spec.labels.insert(long.clone(), "y".into());
        assert!(tells_autoscaler(&spec));
        let tags = tags(&spec);
        let of = |rest: &str| tags.get(&format!("k8s.io/cluster-autoscaler/node-template/{rest}"));
        // Eight A100 of three slices each, which two containers share.
        assert_eq!(of("resources/nvidia.com/gpu").map(String::as_str), Some("48"));
        assert_eq!(of("taint/nvidia.com/gpu").map(String::as_str), Some("present:NoSchedule"));
        assert_eq!(of("label/gpuslice/profile").map(String::as_str), Some("2g.10gb"));
        assert_eq!(tags.get(labels::SIZE_TAG).map(String::as_str), Some("autoscaling"));
        assert!(tags.keys().all(|key| key.len() <= LONGEST_TAG_KEY), "{tags:?}");
        spec.size = Size::Autoscaling { min: 1, max: 2, initial: None };
        assert!(!tells_autoscaler(&spec), "there is a node to look at");
    }
}
