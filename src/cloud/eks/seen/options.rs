//! The options of `eks` that a node group and its launch template show.

use super::Template;
use crate::cloud::eks::machines::Family;
use crate::cloud::eks::options::{GPU_STACK, RELEASE_VERSION};
use crate::cloud::eks::{health, labels, wire};
use crate::nodepool::{OptionValue, Options};

/// The options; `extra` is what a user has added to the user data.
pub(super) fn options(
    group: &wire::Nodegroup,
    template: Template<'_>,
    family: Family,
    extra: Option<String>,
) -> Options {
    let own = template.own();
    let mut options = Options::default();
    let mut put = |name: &str, value: Option<OptionValue>| options.set(name, value);
    put("node_role_arn", text(group.node_role.as_ref()));
    put("subnet_ids", Some(OptionValue::TextSet(group.subnets.iter().cloned().collect())));
    let stack = labels::stack(family, &group.labels);
    put(GPU_STACK, Some(OptionValue::Text(stack.word().to_owned())));
    put("ami_type", text(group.ami_type.as_ref()));
    put(RELEASE_VERSION, text(group.release_version.as_ref()));
    put("launch_template", launch_template(group, template, extra));
    put("capacity_reservation_id", text(own.and_then(|data| data.capacity_reservation_id.as_ref())));
    let block = group.capacity_type.as_deref() == Some("CAPACITY_BLOCK");
    put("capacity_block", own.map(|_| OptionValue::Bool(block)));
    put("node_repair", Some(node_repair(group.node_repair_config.as_ref())));
    put("warm_pool", Some(warm_pool(group.warm_pool_config.as_ref())));
    let told = group.tags.keys().any(|key| key.starts_with(labels::NODE_TEMPLATE_TAGS));
    put("scale_from_zero_tags", Some(OptionValue::Bool(told)));
    options
}

fn text(value: Option<&String>) -> Option<OptionValue> {
    value.filter(|text| !text.is_empty()).map(|text| OptionValue::Text(text.clone()))
}

fn number(value: Option<i64>) -> Option<OptionValue> {
    value.map(OptionValue::Number)
}

/// What stands in a template of ours, which one is not ours, or nothing where there is none. The three are told apart by
/// that: ours has a limit of hops and no id.
fn launch_template(
    group: &wire::Nodegroup,
    template: Template<'_>,
    extra: Option<String>,
) -> Option<OptionValue> {
    let mut object = Options::default();
    let mut put = |name: &str, value: Option<OptionValue>| object.set(name, value);
    if let Some(data) = template.own() {
        // The cluster's own is written first, where nobody says which it is.
        let first = data.security_group_ids.first().map(String::as_str);
        let own = template.security_group.or(first);
        let others = data.security_group_ids.iter().filter(|id| Some(id.as_str()) != own).cloned();
        put("security_group_ids", Some(OptionValue::TextSet(others.collect())));
        put("key_name", text(data.key_name.as_ref()));
        put("imds_hop_limit", data.imds_hop_limit.map(|hops| OptionValue::Number(hops.into())));
        let kms_key = data.disks.first().and_then(|disk| disk.kms_key_id.as_ref());
        put("kms_key_id", text(kms_key));
        let tags = data.tags.get("instance").cloned().unwrap_or_default();
        put("instance_tags", Some(OptionValue::TextMap(tags)));
        put("extra_user_data", extra.map(OptionValue::Text));
        put("placement_group", text(data.placement_group.as_ref()));
    } else {
        // One that somebody deleted is none: EKS never gives the group another one, as if it had been made without.
        let used = group.launch_template.as_ref().filter(|_| !health::lost_template(group))?;
        put("id", Some(OptionValue::Text(used.id.clone())));
        put("version", used.version.parse().ok().map(OptionValue::Number));
    }
    Some(OptionValue::Object(object))
}

/// EKS repairs nothing where it shows nothing.
fn node_repair(shown: Option<&wire::NodeRepairConfig>) -> OptionValue {
    let none = wire::NodeRepairConfig::default();
    let it = shown.unwrap_or(&none);
    let mut object = Options::default();
    let mut put = |name: &str, value: Option<OptionValue>| object.set(name, value);
    put("enabled", Some(OptionValue::Bool(it.enabled.unwrap_or(false))));
    put("max_unhealthy_count", number(it.max_unhealthy_node_threshold_count));
    put("max_unhealthy_percentage", number(it.max_unhealthy_node_threshold_percentage));
    put("max_parallel_count", number(it.max_parallel_nodes_repaired_count));
    put("max_parallel_percentage", number(it.max_parallel_nodes_repaired_percentage));
    OptionValue::Object(object)
}

fn warm_pool(shown: Option<&wire::WarmPoolConfig>) -> OptionValue {
    let none = wire::WarmPoolConfig::default();
    let it = shown.unwrap_or(&none);
    let mut object = Options::default();
    let mut put = |name: &str, value: Option<OptionValue>| object.set(name, value);
    put("enabled", Some(OptionValue::Bool(it.enabled.unwrap_or(false))));
    put("min_size", number(it.min_size));
    put("max_prepared_capacity", number(it.max_group_prepared_capacity));
    put("pool_state", text(it.pool_state.as_ref()));
    put("reuse_on_scale_in", it.reuse_on_scale_in.map(OptionValue::Bool));
    OptionValue::Object(object)
}
