//! What a pool's key says of it when it is imported: how its GPUs are shared, and under which names. Nothing at the cloud
//! says that, only the label that names the key.
//!
//! A key of ours says it by its name, also while the cluster cannot be asked; a foreign one by its text.

use std::time::Duration;

use crate::kubernetes::config::{ConfigKey, PluginConfig, key};
use crate::kubernetes::plugin::{CONFIG_LABEL, Found, Place, Wanted};
use crate::nodepool::spec::SharingSwitches;
use crate::nodepool::{Call, CloudRules, NodePool};
use crate::slicing::{MigProfile, Sharing};
use crate::tfplugin::{Context, Diagnostic, Diagnostics, Value};

use super::super::slice_check::{Untold, reach, told_by_key};
use super::Kind;
use super::companions::Held;
use super::lifecycle::Lifecycle;
use super::to_value::{device_plugin, is_told_by_plugin};

/// How long the cluster may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a pool's key says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    /// What it is to say to the pool's nodes.
    pub(super) config: PluginConfig,
    /// Its name, by the pool's label.
    name: String,
    /// The text that it has; `None` where no ConfigMap has it.
    yaml: Option<String>,
    /// Where it is, as far as the cluster could be asked.
    place: Option<Place>,
}

impl Told {
    /// Puts into an imported state what a configuration would say.
    pub(super) fn settings(&self, state: &mut Value) {
        let PluginConfig { mig_strategy, sharing, rename, fail_requests_greater_than_one: fail, .. } =
            &self.config;
        let Value::Object(attributes) = state else { return };
        let mut put = |name: &str, value: Value| attributes.insert(name.to_owned(), value);
        if let Some(strategy) = mig_strategy {
            put("mig_strategy", Value::string(strategy.as_str()));
        }
        if *sharing != Sharing::None {
            put(
                "device_plugin",
                device_plugin(SharingSwitches {
                    rename_resource: *rename,
                    fail_requests_greater_than_one: *fail,
                }),
            );
        }
    }

    /// Puts the key itself into the state: the one that the label names, with the text that it has.
    pub(super) fn key(&self, state: &mut Value) {
        if let Value::Object(attributes) = state {
            attributes.insert("config_key".to_owned(), Value::string(self.name.clone()));
            attributes.insert("config_yaml".to_owned(), self.yaml.clone().into());
        }
    }

    /// Notes a key of ours, so that it goes with the pool.
    pub(super) fn note(&self, held: &mut Vec<Held>) {
        if let Some(place) = self.place.as_ref().filter(|_| key::looks_ours(&self.name)) {
            Held::add(held, &place.namespace, &place.config_map, &self.name);
        }
    }
}

impl Lifecycle {
    /// What the pool's key says; `None` where none is needed or named.
    ///
    /// # Errors
    /// With what keeps a foreign key from being read.
    pub(super) async fn told(
        &self,
        ctx: &Context,
        call: &Call,
        pool: &NodePool,
        rules: &dyn CloudRules,
    ) -> Result<Option<Told>, Diagnostics> {
        let Some(name) = pool.labels.get(CONFIG_LABEL).filter(|_| is_told_by_plugin(pool, rules)) else {
            return Ok(None);
        };
        let slice = pool.mig_profile.map(MigProfile::mixed_resource_name);
        match key::meaning(name, slice.as_deref()) {
            Some(config) => Ok(Some(self.told_by_name(ctx, call, pool, name, config).await)),
            None => self.told_by_text(ctx, call, pool, name).await,
        }
    }

    /// A key of ours. Where it is has to be known only when it is to go.
    async fn told_by_name(
        &self,
        ctx: &Context,
        call: &Call,
        pool: &NodePool,
        name: &str,
        config: PluginConfig,
    ) -> Told {
        let looking = async {
            let cluster = reach(&self.session, call, &pool.id.cluster).await.map_err(|why| why.detail())?;
            let found = cluster.find_key(call, &Wanted::default(), name).await;
            found.map_err(|error| format!("{}. {}", error.summary(), error.detail()))
        };
        let looked = tokio::time::timeout(PATIENCE, looking).await;
        let looked = looked.unwrap_or_else(|_| Err("The cluster gave no answer in time.".to_owned()));
        let (yaml, place) = match looked {
            Ok(Found::Here(place, key)) => (Some(key.yaml), Some(place)),
            Ok(Found::Nowhere(_)) => (None, None),
            Err(why) => {
                ctx.warn(Diagnostic::warning(
                    format!("The key {name} of the node pool {} was not seen", pool.id.name),
                    format!(
                        "{why}\n\nIts name says all that is needed, so the pool is imported. Which ConfigMap it is in \
                         is not known: if the pool is destroyed before an apply that changes it, the key stays there."
                    ),
                ));
                (ConfigKey::of(&config).ok().map(|key| key.yaml), None)
            }
        };
        Told { config, name: name.to_owned(), yaml, place }
    }

    /// A foreign key.
    async fn told_by_text(
        &self,
        ctx: &Context,
        call: &Call,
        pool: &NodePool,
        name: &str,
    ) -> Result<Option<Told>, Diagnostics> {
        let unknown = |why: String| {
            Diagnostics::error(
                format!("How the GPUs of the node pool {} are shared is not known", pool.id.name),
                format!("Its label {CONFIG_LABEL} names the key {name}, which says it. {why}"),
            )
        };
        let cluster = reach(&self.session, call, &pool.id.cluster).await;
        let cluster = cluster.map_err(|why| unknown(why.detail()))?;
        match told_by_key(&cluster, call, pool).await {
            Ok(told) => Ok(told.map(|told| Told {
                config: told.config,
                name: told.key.name,
                yaml: Some(told.key.yaml),
                place: Some(told.place),
            })),
            // The plugin starts on no node with that: nothing is shared.
            Err(error @ (Untold::NoKey { .. } | Untold::Unreadable { .. })) if self.kind == Kind::Mig => {
                ctx.warn(Diagnostic::warning(
                    format!("The node pool {} has a key that says nothing", pool.id.name),
                    format!("{error} The next apply gives the pool a key of its own."),
                ));
                Ok(None)
            }
            Err(error) => Err(unknown(error.to_string())),
        }
    }
}
