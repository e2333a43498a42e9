//! From our bodies to the SDK's.

use aws_sdk_eks::operation::create_nodegroup::builders::CreateNodegroupFluentBuilder;
use aws_sdk_eks::operation::update_nodegroup_config::builders::UpdateNodegroupConfigFluentBuilder;
use aws_sdk_eks::operation::update_nodegroup_version::builders::UpdateNodegroupVersionFluentBuilder;
use aws_sdk_eks::types::{
    LaunchTemplateSpecification, NodeRepairConfig, NodegroupScalingConfig, NodegroupUpdateConfig, Taint,
    UpdateLabelsPayload, UpdateTaintsPayload, WarmPoolConfig,
};

use crate::cloud::eks::wire;

/// A number that the API can carry.
fn number<N: TryInto<i32> + Copy + std::fmt::Display>(number: N) -> Result<i32, String> {
    number.try_into().map_err(|_| format!("the number {number} is too large for EKS"))
}

fn optional<N: TryInto<i32> + Copy + std::fmt::Display>(value: Option<N>) -> Result<Option<i32>, String> {
    value.map(number).transpose()
}

/// The body of a create.
pub(super) fn create(
    call: CreateNodegroupFluentBuilder,
    body: &wire::CreateNodegroup,
) -> Result<CreateNodegroupFluentBuilder, String> {
    let wire::CreateNodegroup {
        nodegroup_name,
        client_request_token,
        subnets,
        node_role,
        scaling_config: wire::ScalingConfig { min_size, max_size, desired_size },
        instance_types,
        ami_type,
        capacity_type,
        version,
        release_version,
        launch_template,
        update_config,
        node_repair_config,
        warm_pool_config,
        labels,
        taints,
        tags,
    } = body;
    let scaling = scaling(Some(*min_size), Some(*max_size), Some(*desired_size))?;
    Ok(call
        .nodegroup_name(nodegroup_name)
        .client_request_token(client_request_token)
        .set_subnets(Some(subnets.clone()))
        .node_role(node_role)
        .scaling_config(scaling)
        .set_instance_types(instance_types.clone())
        .set_ami_type(ami_type.as_deref().map(Into::into))
        .capacity_type(capacity_type.as_str().into())
        .set_version(version.clone())
        .set_release_version(release_version.clone())
        .launch_template(template(launch_template))
        .set_update_config(update_config.as_ref().map(rolling).transpose()?)
        .set_node_repair_config(node_repair_config.as_ref().map(repair).transpose()?)
        .set_warm_pool_config(warm_pool_config.as_ref().map(warm_pool).transpose()?)
        .set_labels(Some(labels.clone().into_iter().collect()))
        .set_taints(Some(taints.iter().map(taint).collect()))
        .set_tags(Some(tags.clone().into_iter().collect())))
}

/// The body of a change that keeps the nodes.
pub(super) fn update_config(
    call: UpdateNodegroupConfigFluentBuilder,
    body: &wire::UpdateNodegroupConfig,
) -> Result<UpdateNodegroupConfigFluentBuilder, String> {
    let wire::UpdateNodegroupConfig {
        labels,
        taints,
        scaling_config,
        update_config,
        node_repair_config,
        warm_pool_config,
        client_request_token,
    } = body;
    let size = |change: &wire::ScalingChange| scaling(change.min_size, change.max_size, change.desired_size);
    Ok(call
        .set_labels(labels.as_ref().map(|change| {
            UpdateLabelsPayload::builder()
                .set_add_or_update_labels(some(change.add_or_update_labels.clone().into_iter().collect()))
                .set_remove_labels(some(change.remove_labels.clone()))
                .build()
        }))
        .set_taints(taints.as_ref().map(|change| {
            UpdateTaintsPayload::builder()
                .set_add_or_update_taints(some(change.add_or_update_taints.iter().map(taint).collect()))
                .set_remove_taints(some(change.remove_taints.iter().map(taint).collect()))
                .build()
        }))
        .set_scaling_config(scaling_config.as_ref().map(size).transpose()?)
        .set_update_config(update_config.as_ref().map(rolling).transpose()?)
        .set_node_repair_config(node_repair_config.as_ref().map(repair).transpose()?)
        .set_warm_pool_config(warm_pool_config.as_ref().map(warm_pool).transpose()?)
        .client_request_token(client_request_token))
}

/// The body of a change that replaces the nodes.
pub(super) fn update_version(
    call: UpdateNodegroupVersionFluentBuilder,
    body: &wire::UpdateNodegroupVersion,
) -> UpdateNodegroupVersionFluentBuilder {
    let wire::UpdateNodegroupVersion {
        version,
        release_version,
        launch_template,
        force,
        client_request_token,
    } = body;
    call.set_version(version.clone())
        .set_release_version(release_version.clone())
        .set_launch_template(launch_template.as_ref().map(template))
        .force(*force)
        .client_request_token(client_request_token)
}

/// A list or map that is left out when it holds nothing.
fn some<T>(list: T) -> Option<T>
where
    T: Default + PartialEq,
{
    (list != T::default()).then_some(list)
}

fn scaling(
    min: Option<u32>,
    max: Option<u32>,
    desired: Option<u32>,
) -> Result<NodegroupScalingConfig, String> {
    Ok(NodegroupScalingConfig::builder()
        .set_min_size(optional(min)?)
        .set_max_size(optional(max)?)
        .set_desired_size(optional(desired)?)
        .build())
}

fn template(template: &wire::LaunchTemplate) -> LaunchTemplateSpecification {
    LaunchTemplateSpecification::builder().id(&template.id).version(&template.version).build()
}

fn taint(taint: &wire::Taint) -> Taint {
    let effect = taint.effect.as_str().into();
    Taint::builder().key(&taint.key).value(&taint.value).effect(effect).build()
}

fn rolling(config: &wire::UpdateConfig) -> Result<NodegroupUpdateConfig, String> {
    Ok(NodegroupUpdateConfig::builder()
        .set_max_unavailable(optional(config.max_unavailable)?)
        .set_max_unavailable_percentage(optional(config.max_unavailable_percentage)?)
        .set_update_strategy(config.update_strategy.as_deref().map(Into::into))
        .build())
}

fn repair(config: &wire::NodeRepairConfig) -> Result<NodeRepairConfig, String> {
    Ok(NodeRepairConfig::builder()
        .set_enabled(config.enabled)
        .set_max_unhealthy_node_threshold_count(optional(config.max_unhealthy_node_threshold_count)?)
        .set_max_unhealthy_node_threshold_percentage(optional(
            config.max_unhealthy_node_threshold_percentage,
        )?)
        .set_max_parallel_nodes_repaired_count(optional(config.max_parallel_nodes_repaired_count)?)
        .set_max_parallel_nodes_repaired_percentage(optional(config.max_parallel_nodes_repaired_percentage)?)
        .build())
}

fn warm_pool(config: &wire::WarmPoolConfig) -> Result<WarmPoolConfig, String> {
    Ok(WarmPoolConfig::builder()
        .set_enabled(config.enabled)
        .set_min_size(optional(config.min_size)?)
        .set_max_group_prepared_capacity(optional(config.max_group_prepared_capacity)?)
        .set_pool_state(config.pool_state.as_deref().map(Into::into))
        .set_reuse_on_scale_in(config.reuse_on_scale_in)
        .build())
}
