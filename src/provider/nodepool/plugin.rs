//! What the cluster's device plugin is to be told of a pool: the key of its ConfigMap, as far as a plan knows it.

use crate::kubernetes::config::{ConfigKey, PluginConfig};
use crate::nodepool::rules::PluginUse;
use crate::nodepool::spec::SharingSwitches;
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

/// The extended resource that the pool's slices are announced as; null where nothing but the slices decides it.
pub(super) fn announced(config: &NodePoolConfig, rules: &dyn CloudRules) -> Field<String> {
    match rules.plugin_config(config) {
        Some(PluginUse::BuiltIn) => built_in(config, rules),
        _ => told(config, rules).map(|told| told.announced()),
    }
}

/// The same where what announces them is built into the nodes.
fn built_in(config: &NodePoolConfig, rules: &dyn CloudRules) -> Field<String> {
    let (profile, strategy) = (&config.mig_profile, config.mig_strategy.known_or(MigStrategy::Single));
    let (sharing, switches) =
        (config.sharing.known_or(Sharing::None), SharingSwitches::of(&config.device_plugin));
    match (sharing, switches, strategy) {
        (Some(Sharing::None), _, _) => Field::Null,
        (Some(sharing), Some(switches), Some(strategy)) if !profile.is_unknown() => {
            let resource = rules.resource_name(strategy, profile.known());
            Field::Known(switches.announced(resource, sharing))
        }
        _ => Field::Unknown,
    }
}

/// The configuration for a pool's nodes.
fn told(config: &NodePoolConfig, rules: &dyn CloudRules) -> Field<PluginConfig> {
    let Some(used) = rules.plugin_config(config) else { return Field::Unknown };
    if !used.is_by_config() {
        return Field::Null;
    }
    let (profile, sharing) = (&config.mig_profile, config.sharing.known_or(Sharing::None));
    let strategy = config.mig_strategy.known_or(MigStrategy::Single);
    let (Some(sharing), Some(strategy), false) = (sharing, strategy, profile.is_unknown()) else {
        return Field::Unknown;
    };
    let profile = profile.known();
    let needs_one = match used {
        PluginUse::Never | PluginUse::BuiltIn => false,
        PluginUse::Always => profile.is_some() || sharing != Sharing::None,
        PluginUse::ForSharing => sharing != Sharing::None,
    };
    if !needs_one {
        return Field::Null;
    }
    let Some(SharingSwitches { rename_resource: rename, fail_requests_greater_than_one }) =
        SharingSwitches::of(&config.device_plugin)
    else {
        return Field::Unknown;
    };
    Field::Known(PluginConfig {
        mig_strategy: profile.map(|_| strategy),
        sharing,
        resource: rules.resource_name(strategy, profile),
        rename,
        fail_requests_greater_than_one,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud;
    use crate::nodepool::config::DevicePluginConfig;
    use crate::nodepool::{OptionValue, Options};
    use crate::slicing::Cloud;

    fn on(cloud: Cloud, change: impl FnOnce(&mut NodePoolConfig)) -> (Field<String>, Field<String>) {
        let mut config = NodePoolConfig { sharing: Field::Known(Sharing::None), ..NodePoolConfig::default() };
        change(&mut config);
        let rules = cloud::rules(cloud);
        (key(&config, rules).map(|key| key.name), announced(&config, rules))
    }

    fn begins(found: &(Field<String>, Field<String>), key: &str, resource: &str) {
        let name = found.0.known().expect("a key");
        assert!(name.strip_prefix(key).is_some_and(|rest| rest.len() == 9), "{name}");
        assert_eq!(found.1, Field::Known(resource.to_owned()));
    }

    #[test]
    fn cut_and_shared_gpus_have_one_key() {
        let cut = |it: &mut NodePoolConfig| it.mig_profile = Field::Known("1g.10gb".parse().unwrap());
        let shared =
            |it: &mut NodePoolConfig| it.sharing = Field::Known(Sharing::TimeSlicing { replicas: 4 });
        begins(&on(Cloud::Aks, cut), "mig", "nvidia.com/gpu");
        begins(&on(Cloud::Aks, shared), "ts4", "nvidia.com/gpu");
        let both = on(Cloud::Aks, |it| {
            cut(it);
            shared(it);
            it.mig_strategy = Field::Known(MigStrategy::Mixed);
        });
        begins(&both, "mig-ts4", "nvidia.com/mig-1g.10gb");
        let renamed = on(Cloud::Aks, |it| {
            shared(it);
            let rename_resource = Field::Known(true);
            it.device_plugin = Field::Known(DevicePluginConfig { rename_resource, ..Default::default() });
        });
        begins(&renamed, "ts4", "nvidia.com/gpu.shared");
    }

    #[test]
    fn whole_gpus_and_clouds_that_announce_themselves_have_none() {
        let shared =
            |it: &mut NodePoolConfig| it.sharing = Field::Known(Sharing::TimeSlicing { replicas: 4 });
        assert_eq!(on(Cloud::Aks, |_| ()), (Field::Null, Field::Null));
        assert_eq!(on(Cloud::Gke, shared), (Field::Null, Field::Null));
    }

    fn stack(word: &str) -> Field<Options> {
        let mut options = Options::default();
        options.set("gpu_stack", Some(OptionValue::Text(word.to_owned())));
        Field::Known(options)
    }

    #[test]
    fn on_eks_the_stack_decides_who_is_told() {
        let pool = |word: &str, sharing: Sharing, rename: Field<bool>| {
            on(Cloud::Eks, |it| {
                it.options = stack(word);
                it.sharing = Field::Known(sharing);
                let plugin = DevicePluginConfig { rename_resource: rename, ..Default::default() };
                it.device_plugin = Field::Known(plugin);
            })
        };
        let shared = Sharing::TimeSlicing { replicas: 4 };
        let name = |text: &str| Field::Known(text.to_owned());
        for operator in ["gpu_operator", "device_plugin"] {
            begins(&pool(operator, shared, Field::Null), "ts4", "nvidia.com/gpu");
            begins(&pool(operator, shared, Field::Known(true)), "ts4", "nvidia.com/gpu.shared");
            assert_eq!(pool(operator, Sharing::None, Field::Null), (Field::Null, Field::Null));
        }
        let bottlerocket = |sharing, rename| pool("bottlerocket", sharing, rename);
        assert_eq!(bottlerocket(shared, Field::Null), (Field::Null, name("nvidia.com/gpu")));
        assert_eq!(bottlerocket(shared, Field::Known(true)), (Field::Null, name("nvidia.com/gpu.shared")));
        assert_eq!(bottlerocket(shared, Field::Unknown), (Field::Null, Field::Unknown));
        assert_eq!(bottlerocket(Sharing::None, Field::Unknown), (Field::Null, Field::Null));
    }

    #[test]
    fn what_is_open_leaves_the_key_open() {
        let open = (Field::Unknown, Field::Unknown);
        assert_eq!(on(Cloud::Aks, |it| it.sharing = Field::Unknown), open);
        assert_eq!(on(Cloud::Aks, |it| it.mig_profile = Field::Unknown), open);
        assert_eq!(on(Cloud::Aks, |it| it.options = Field::Unknown), open);
        assert_eq!(on(Cloud::Gke, |it| it.sharing = Field::Unknown), (Field::Null, Field::Null));
    }
}
