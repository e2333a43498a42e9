//! From the neutral pool to the bodies of a create: the launch template's data, and the node group. Pure.
//!
//! What the operating system of the nodes is told stands in the template's user data: [`bottlerocket`] and
//! [`amazon_linux`] write it.

use super::machines::Family;
use super::parts::{self, Untranslatable};
use super::wire;
use crate::nodepool::{NodePoolSpec, Options};

pub(crate) mod amazon_linux;
pub(crate) mod bottlerocket;

/// The most bytes of user data, before it is encoded (source: EC2 documentation, "Run commands when you launch an EC2
/// instance with user data input").
pub(crate) const MOST_USER_DATA: usize = 16 * 1024;

/// The disk where none is written: EKS's own 20 GB do not hold the images of GPU workloads.
const DISK_GB: u32 = 200;
const DISK_TYPE: &str = "gp3";
/// Containers are one hop further away than processes of the host (source: EKS user guide, "Customize managed nodes with
/// launch templates").
const IMDS_HOPS: u32 = 2;

/// What the launch template of a pool says. `cluster_security_group` is the cluster's own, which EKS adds by itself only
/// where a template names none.
pub(crate) fn template(
    spec: &NodePoolSpec,
    cluster_security_group: Option<&str>,
) -> Result<wire::TemplateData, Untranslatable> {
    let none = Options::default();
    let options = spec.options.object("launch_template").unwrap_or(&none);
    let text = |name: &str| options.text(name).map(ToOwned::to_owned);
    let capacity_block = spec.options.bool("capacity_block") == Some(true);
    let hops = options.number("imds_hop_limit").and_then(|hops| u32::try_from(hops).ok());
    let security_group_ids = match options.set_of("security_group_ids") {
        Some(more) if !more.is_empty() => {
            let own = cluster_security_group.ok_or(Untranslatable::NoSecurityGroup)?;
            let others = more.iter().filter(|id| *id != own).cloned();
            std::iter::once(own.to_owned()).chain(others).collect()
        }
        _ => Vec::new(),
    };
    Ok(wire::TemplateData {
        instance_type: capacity_block.then(|| spec.machine_type.clone()),
        user_data: user_data(spec)?,
        imds_hop_limit: hops.unwrap_or(IMDS_HOPS),
        device: parts::family(spec).device(),
        volume_gb: spec.disk_size_gb.unwrap_or(DISK_GB),
        volume_type: spec.disk_type.clone().unwrap_or_else(|| DISK_TYPE.to_owned()),
        kms_key_id: text("kms_key_id"),
        security_group_ids,
        key_name: text("key_name"),
        placement_group: text("placement_group"),
        capacity_reservation_id: spec.options.text("capacity_reservation_id").map(ToOwned::to_owned),
        capacity_block,
        instance_tags: options.map_of("instance_tags").cloned().unwrap_or_default(),
    })
}

/// What the nodes' operating system is told; `None` where there is nothing to say.
fn user_data(spec: &NodePoolSpec) -> Result<Option<String>, Untranslatable> {
    let extra = spec.options.object("launch_template").and_then(|it| it.text("extra_user_data"));
    let text = match parts::family(spec) {
        Family::Bottlerocket => {
            let mut tables =
                bottlerocket::slicing(&spec.gpu.model, spec.mig_profile, spec.sharing, spec.switches)?;
            tables.extend(spec.max_pods.map(bottlerocket::max_pods));
            bottlerocket::document(&tables, extra)
        }
        Family::AmazonLinux => amazon_linux::document(spec.max_pods, extra)?,
    };
    match text {
        Some(text) if text.len() > MOST_USER_DATA => {
            Err(Untranslatable::UserData { bytes: text.len(), most: MOST_USER_DATA })
        }
        text => Ok(text),
    }
}

/// The body that creates `spec` with a launch template: one of ours, or the user's own.
pub(crate) fn create(
    spec: &NodePoolSpec,
    launch_template: wire::LaunchTemplate,
    client_request_token: String,
) -> Result<wire::CreateNodegroup, Untranslatable> {
    let options = &spec.options;
    let text = |name: &'static str| options.text(name).map(ToOwned::to_owned);
    let subnets = options.set_of("subnet_ids").filter(|it| !it.is_empty());
    // A template of the user's own may name an image, beside which EKS takes no type of image.
    let ami_type = match parts::own_template(options) {
        Some(_) => text("ami_type"),
        None => Some(parts::image(spec)?),
    };
    // The template of a capacity block has the instance type, beside which EKS takes none.
    let in_template = options.bool("capacity_block") == Some(true);
    Ok(wire::CreateNodegroup {
        nodegroup_name: spec.name.clone(),
        client_request_token,
        subnets: subnets.ok_or(Untranslatable::Missing("subnet_ids"))?.iter().cloned().collect(),
        node_role: text("node_role_arn").ok_or(Untranslatable::Missing("node_role_arn"))?,
        scaling_config: parts::scaling(spec.size),
        instance_types: (!in_template).then(|| vec![spec.machine_type.clone()]),
        ami_type,
        capacity_type: parts::capacity_type(spec).to_owned(),
        version: spec.kubernetes_version.clone(),
        release_version: text("release_version"),
        launch_template,
        update_config: parts::update_config(&parts::first_upgrade(spec)),
        node_repair_config: parts::node_repair(options),
        warm_pool_config: parts::warm_pool(options),
        labels: spec.labels.clone(),
        taints: parts::taints(spec).iter().map(parts::taint).collect(),
        tags: parts::tags(spec),
    })
}

#[cfg(test)]
mod tests;
