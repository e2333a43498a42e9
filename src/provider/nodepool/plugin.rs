//! What the cluster's device plugin is to be told of a pool: the key of its ConfigMap, as far as a plan knows it.

use crate::kubernetes::config::{ConfigKey, PluginConfig};
use crate::nodepool::config::DevicePluginConfig;
use crate::nodepool::rules::PluginUse;
use crate::nodepool::{CloudRules, Field, NodePoolConfig};
use crate::slicing::{MigStrategy, Sharing};

/// The key of a pool; null where the cluster's plugin is told nothing of it, and where it could not be told: that is
/// reported by the check of the configuration.
pub(super) fn key(config: &NodePoolConfig, rules: &dyn CloudRules) -> Field<ConfigKey> {
    match told(config, rules) {
        Field::Null => Field::Null,
        Field::Unknown => Field::Unknown,
        Field::Known(told) => ConfigKey::of(&told).ok().into(),
    }
}

/// The extended resource that the plugin announces; null where it is told nothing.
pub(super) fn announced(config: &NodePoolConfig, rules: &dyn CloudRules) -> Field<String> {
    told(config, rules).map(|told| told.announced())
}

/// The configuration for a pool's nodes.
fn told(config: &NodePoolConfig, rules: &dyn CloudRules) -> Field<PluginConfig> {
    let Some(used) = rules.plugin_config(config) else { return Field::Unknown };
    if used == PluginUse::Never {
        return Field::Null;
    }
    let (profile, sharing) = (&config.mig_profile, config.sharing.known_or(Sharing::None));
    let strategy = config.mig_strategy.known_or(MigStrategy::Single);
    let (Some(sharing), Some(strategy), false) = (sharing, strategy, profile.is_unknown()) else {
        return Field::Unknown;
    };
    let profile = profile.known();
    let needs_one = match used {
        PluginUse::Never => false,
        PluginUse::Always => profile.is_some() || sharing != Sharing::None,
        PluginUse::ForSharing => sharing != Sharing::None,
    };
    if !needs_one {
        return Field::Null;
    }
    let unset = DevicePluginConfig::default();
    let plugin = match &config.device_plugin {
        Field::Null => &unset,
        Field::Unknown => return Field::Unknown,
        Field::Known(plugin) => plugin,
    };
    let switches =
        (plugin.rename_resource.known_or(false), plugin.fail_requests_greater_than_one.known_or(true));
    let (Some(rename), Some(fail_requests_greater_than_one)) = switches else { return Field::Unknown };
    Field::Known(PluginConfig {
        mig_strategy: profile.map(|_| strategy),
        sharing,
        resource: rules.resource_name(strategy, profile),
        rename,
        fail_requests_greater_than_one,
    })
}
