//! From the SDK's answers to ours.

use aws_sdk_eks::types;

use crate::cloud::eks::wire;

/// A number of the API, none of which is ever negative.
fn number(number: Option<i32>) -> Option<u32> {
    number.and_then(|number| u32::try_from(number).ok())
}

/// A cluster.
pub(super) fn cluster(cluster: types::Cluster) -> wire::Cluster {
    let network = cluster.resources_vpc_config;
    wire::Cluster {
        name: cluster.name.unwrap_or_default(),
        arn: cluster.arn.unwrap_or_default(),
        status: cluster.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        version: cluster.version,
        endpoint: cluster.endpoint,
        authority: cluster.certificate_authority.and_then(|authority| authority.data),
        public_endpoint: network.as_ref().is_none_or(|network| network.endpoint_public_access),
        authentication_mode: cluster
            .access_config
            .and_then(|config| Some(config.authentication_mode?.as_str().to_owned())),
        security_group: network.and_then(|network| network.cluster_security_group_id),
        auto_mode: cluster.compute_config.and_then(|config| config.enabled).unwrap_or_default(),
    }
}

/// A node group.
pub(super) fn nodegroup(group: types::Nodegroup) -> wire::Nodegroup {
    let groups = group.resources.and_then(|resources| resources.auto_scaling_groups);
    wire::Nodegroup {
        nodegroup_name: group.nodegroup_name.unwrap_or_default(),
        nodegroup_arn: group.nodegroup_arn.unwrap_or_default(),
        cluster_name: group.cluster_name.unwrap_or_default(),
        version: group.version,
        release_version: group.release_version,
        created_at: group.created_at.map(|at| at.as_secs_f64()),
        status: group.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        capacity_type: group.capacity_type.map(|kind| kind.as_str().to_owned()),
        scaling_config: group.scaling_config.map(|scaling| wire::ScalingConfig {
            min_size: number(scaling.min_size).unwrap_or_default(),
            max_size: number(scaling.max_size).unwrap_or_default(),
            desired_size: number(scaling.desired_size).unwrap_or_default(),
        }),
        instance_types: group.instance_types.unwrap_or_default(),
        subnets: group.subnets.unwrap_or_default(),
        ami_type: group.ami_type.map(|kind| kind.as_str().to_owned()),
        node_role: group.node_role,
        labels: group.labels.into_iter().flatten().collect(),
        taints: group.taints.into_iter().flatten().map(taint).collect(),
        resources: wire::Resources {
            auto_scaling_groups: groups
                .into_iter()
                .flatten()
                .map(|group| wire::AutoScalingGroup { name: group.name.unwrap_or_default() })
                .collect(),
        },
        disk_size: number(group.disk_size),
        health: wire::NodegroupHealth {
            issues: group.health.and_then(|health| health.issues).into_iter().flatten().map(issue).collect(),
        },
        update_config: group.update_config.map(|config| wire::UpdateConfig {
            max_unavailable: number(config.max_unavailable),
            max_unavailable_percentage: number(config.max_unavailable_percentage),
            update_strategy: config.update_strategy.map(|strategy| strategy.as_str().to_owned()),
        }),
        node_repair_config: group.node_repair_config.map(|config| wire::NodeRepairConfig {
            enabled: config.enabled,
            max_unhealthy_node_threshold_count: config.max_unhealthy_node_threshold_count.map(Into::into),
            max_unhealthy_node_threshold_percentage: config
                .max_unhealthy_node_threshold_percentage
                .map(Into::into),
            max_parallel_nodes_repaired_count: config.max_parallel_nodes_repaired_count.map(Into::into),
            max_parallel_nodes_repaired_percentage: config
                .max_parallel_nodes_repaired_percentage
                .map(Into::into),
        }),
        warm_pool_config: group.warm_pool_config.map(|config| wire::WarmPoolConfig {
            enabled: config.enabled,
            min_size: config.min_size.map(Into::into),
            max_group_prepared_capacity: config.max_group_prepared_capacity.map(Into::into),
            pool_state: config.pool_state.map(|state| state.as_str().to_owned()),
            reuse_on_scale_in: config.reuse_on_scale_in,
        }),
        launch_template: group.launch_template.map(|template| wire::UsedTemplate {
            id: template.id.unwrap_or_default(),
            name: template.name.unwrap_or_default(),
            version: template.version.unwrap_or_default(),
        }),
        tags: group.tags.into_iter().flatten().collect(),
    }
}

/// An update.
pub(super) fn update(update: types::Update) -> wire::Update {
    wire::Update {
        id: update.id.unwrap_or_default(),
        status: update.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        kind: update.r#type.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        params: update
            .params
            .into_iter()
            .flatten()
            .map(|param| wire::UpdateParam {
                kind: param.r#type.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
                value: param.value.unwrap_or_default(),
            })
            .collect(),
        created_at: update.created_at.map(|at| at.as_secs_f64()),
        errors: update
            .errors
            .into_iter()
            .flatten()
            .map(|error| wire::Issue {
                code: error.error_code.map(|code| code.as_str().to_owned()).unwrap_or_default(),
                message: error.error_message.unwrap_or_default(),
                resource_ids: error.resource_ids.unwrap_or_default(),
            })
            .collect(),
    }
}

fn taint(taint: types::Taint) -> wire::Taint {
    wire::Taint {
        key: taint.key.unwrap_or_default(),
        value: taint.value.unwrap_or_default(),
        effect: taint.effect.map(|effect| effect.as_str().to_owned()).unwrap_or_default(),
    }
}

fn issue(issue: types::Issue) -> wire::Issue {
    wire::Issue {
        code: issue.code.map(|code| code.as_str().to_owned()).unwrap_or_default(),
        message: issue.message.unwrap_or_default(),
        resource_ids: issue.resource_ids.unwrap_or_default(),
    }
}
