//! The settings of a node group that hang together: how nodes are exchanged, repaired and kept ready.
//!
//! A part that is not written stays as it is, so that each is sent as it is there with the parts in it that are wanted
//! otherwise. Of two parts that exclude each other the one that is not wanted goes.

use super::super::{parts, wire};
use super::Change;
use crate::nodepool::spec::Amount;
use crate::nodepool::{NodePoolSpec, OptionValue, Options};

/// The wanted pool with what is not written any more, which stays as it was.
pub(super) fn completed(prior: &NodePoolSpec, wanted: &NodePoolSpec) -> NodePoolSpec {
    NodePoolSpec {
        disk_size_gb: wanted.disk_size_gb.or(prior.disk_size_gb),
        disk_type: wanted.disk_type.clone().or_else(|| prior.disk_type.clone()),
        max_pods: wanted.max_pods.or(prior.max_pods),
        options: overlaid(&prior.options, &wanted.options),
        ..wanted.clone()
    }
}

fn overlaid(under: &Options, over: &Options) -> Options {
    let mut all = under.clone();
    for (name, value) in &over.0 {
        let value = match (under.get(name), value) {
            (Some(OptionValue::Object(under)), OptionValue::Object(over)) => {
                OptionValue::Object(overlaid(under, over))
            }
            _ => value.clone(),
        };
        all.set(name, Some(value));
    }
    all
}

/// A part of a setting that is written, is not what it was, and is not there yet.
fn due<T: PartialEq + Clone>(prior: &Option<T>, wanted: &Option<T>, live: &Option<T>) -> Option<T> {
    wanted.clone().filter(|_| wanted != prior && wanted != live)
}

/// What a part becomes: what is due, or all that is written where everything is `fresh`; else it stays.
fn next<T: PartialEq + Clone>(
    fresh: bool,
    prior: &Option<T>,
    wanted: &Option<T>,
    live: &Option<T>,
) -> Option<T> {
    let change = if fresh { wanted.clone() } else { due(prior, wanted, live) };
    change.or_else(|| live.clone())
}

fn is_zero(surge: Option<Amount>) -> bool {
    matches!(surge, Some(Amount::Nodes(0) | Amount::Percent(0)))
}

impl Change<'_> {
    pub(super) fn upgrade(&self) -> Option<wire::UpdateConfig> {
        if self.prior.upgrade == self.wanted.upgrade {
            return None;
        }
        let live = self.live.update_config.clone().unwrap_or_default();
        let mut config = live.clone();
        match self.wanted.upgrade.max_unavailable {
            Some(Amount::Nodes(nodes)) => {
                (config.max_unavailable, config.max_unavailable_percentage) = (Some(nodes), None);
            }
            Some(Amount::Percent(percent)) => {
                (config.max_unavailable, config.max_unavailable_percentage) = (None, Some(percent));
            }
            None => {}
        }
        if is_zero(self.wanted.upgrade.max_surge) {
            config.update_strategy = Some("MINIMAL".to_owned());
        } else if is_zero(self.prior.upgrade.max_surge) {
            config.update_strategy = Some("DEFAULT".to_owned());
        }
        (config != live).then_some(config)
    }

    pub(super) fn node_repair(&self) -> Option<wire::NodeRepairConfig> {
        let wanted = parts::node_repair(&self.wanted.options)?;
        let prior = parts::node_repair(&self.prior.options).unwrap_or_default();
        let live = self.live.node_repair_config.clone().unwrap_or_default();
        let mut config = live.clone();
        // Where EKS shows nothing, nothing is repaired.
        let enabled = live.enabled.or(Some(false));
        if let Some(on) = due(&prior.enabled, &wanted.enabled, &enabled) {
            config.enabled = Some(on);
        }
        exclusive(
            [
                &mut config.max_unhealthy_node_threshold_count,
                &mut config.max_unhealthy_node_threshold_percentage,
            ],
            [prior.max_unhealthy_node_threshold_count, prior.max_unhealthy_node_threshold_percentage],
            [wanted.max_unhealthy_node_threshold_count, wanted.max_unhealthy_node_threshold_percentage],
        );
        exclusive(
            [
                &mut config.max_parallel_nodes_repaired_count,
                &mut config.max_parallel_nodes_repaired_percentage,
            ],
            [prior.max_parallel_nodes_repaired_count, prior.max_parallel_nodes_repaired_percentage],
            [wanted.max_parallel_nodes_repaired_count, wanted.max_parallel_nodes_repaired_percentage],
        );
        (config != live).then_some(config)
    }

    pub(super) fn warm_pool(&self) -> Option<wire::WarmPoolConfig> {
        let wanted = parts::warm_pool(&self.wanted.options)?;
        let prior = parts::warm_pool(&self.prior.options).unwrap_or_default();
        let live = self.live.warm_pool_config.clone().unwrap_or_default();
        let mut config = live.clone();
        let enabled = live.enabled.or(Some(false));
        if let Some(on) = due(&prior.enabled, &wanted.enabled, &enabled) {
            config.enabled = Some(on);
        }
        if config.enabled != Some(true) {
            // Without a warm pool there is nothing else to say of it.
            let off = wire::WarmPoolConfig { enabled: Some(false), ..wire::WarmPoolConfig::default() };
            return (enabled == Some(true)).then_some(off);
        }
        // One that comes back comes with all that is written of it.
        let fresh = enabled != Some(true);
        config.min_size = next(fresh, &prior.min_size, &wanted.min_size, &live.min_size);
        config.max_group_prepared_capacity = next(
            fresh,
            &prior.max_group_prepared_capacity,
            &wanted.max_group_prepared_capacity,
            &live.max_group_prepared_capacity,
        );
        config.pool_state = next(fresh, &prior.pool_state, &wanted.pool_state, &live.pool_state);
        config.reuse_on_scale_in =
            next(fresh, &prior.reuse_on_scale_in, &wanted.reuse_on_scale_in, &live.reuse_on_scale_in);
        (config != live).then_some(config)
    }
}

/// A count and a share, of which EKS takes one.
fn exclusive(config: [&mut Option<i64>; 2], prior: [Option<i64>; 2], wanted: [Option<i64>; 2]) {
    let [count, share] = config;
    if let Some(number) = due(&prior[0], &wanted[0], count) {
        (*count, *share) = (Some(number), None);
    } else if let Some(number) = due(&prior[1], &wanted[1], share) {
        (*count, *share) = (None, Some(number));
    }
}
