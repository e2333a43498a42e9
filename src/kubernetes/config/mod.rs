//! The NVIDIA device plugin's configuration: what a pool's nodes are told to announce.
//!
//! Pure: no cluster is asked. In reading order:
//! - this file: [`PluginConfig`], and the YAML that says it.
//! - [`key`]: the name under which that YAML stands in a ConfigMap, made from its content.
//! - `model`: the plugin's configuration schema v1, as data; [`mod@lint`]: what the plugin makes of a text.
//! - [`read`]: what a text tells the plugin, the way back from the YAML.
//! - [`fallback`]: what unlabelled nodes get, and the `default` key that keeps it so.
//!
//! Source of the schema: NVIDIA k8s-device-plugin v0.20.0, `api/config/v1`.

use std::fmt::Write;

use crate::slicing::{MAX_MPS_CLIENTS, MigStrategy, Sharing};

pub mod fallback;
pub mod key;
pub mod lint;
mod model;
pub mod read;

pub use fallback::{DefaultKey, Fallback, Strategy};
pub use key::ConfigKey;
pub use lint::{Finding, Weight, lint};
pub use read::{Told, Unreadable};

/// The longest name of a resource that the plugin takes, prefix included.
const LONGEST_RESOURCE: usize = 63;

/// The prefix of every resource of the plugin.
const PREFIX: &str = "nvidia.com/";

/// What the plugin adds to a shared resource's name when it is to be told apart.
const SHARED: &str = ".shared";

/// What the device plugin of a pool's nodes is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginConfig {
    /// How MIG slices are named; `None` where GPUs are whole, since any strategy announces those alike.
    pub mig_strategy: Option<MigStrategy>,
    /// How containers share a GPU or a slice.
    pub sharing: Sharing,
    /// The resource that is shared, by its name without sharing: `nvidia.com/gpu`, or `nvidia.com/mig-1g.10gb`
    /// under the mixed strategy.
    pub resource: String,
    /// Whether shared resources are announced under a name of their own, with `.shared` at its end.
    pub rename: bool,
    /// Whether a pod that asks for more than one replica fails. More than one gives no more of the GPU.
    pub fail_requests_greater_than_one: bool,
}

/// What the device plugin cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Sharing among fewer than two. Remedy: two replicas or more, or no sharing.
    #[error("{0} replicas: sharing needs at least 2, and the device plugin does not start with fewer")]
    TooFewReplicas(u32),
    /// More MPS clients than a GPU serves. Remedy: fewer replicas.
    #[error("{0} replicas: MPS serves at most {MAX_MPS_CLIENTS} clients on one GPU")]
    TooManyClients(u32),
    /// MPS on MIG slices. Remedy: time-slicing.
    #[error("the device plugin shares no MIG slices by MPS: use time-slicing, or leave MIG out")]
    MpsOverMig,
    /// A resource that the plugin cannot have. Remedy: `nvidia.com/gpu` or `nvidia.com/mig-<profile>`.
    #[error("{0:?} is no resource of the device plugin: nvidia.com/gpu, or nvidia.com/mig-<profile>")]
    NotAResource(String),
}

impl PluginConfig {
    /// The text for the ConfigMap.
    ///
    /// Both switches of sharing are always written: their defaults differ between time-slicing and MPS, and between
    /// the plugin's versions. The text is put together by hand, because its bytes make the key's name: with a
    /// serializer, a newer version of that could rename every key.
    ///
    /// # Errors
    /// When the plugin would refuse it.
    pub fn yaml(&self) -> Result<String, ConfigError> {
        self.check()?;
        let mut text = "version: v1\n".to_owned();
        if let Some(strategy) = self.mig_strategy {
            let _ = write!(text, "flags:\n  migStrategy: {strategy}\n");
        }
        let (section, replicas) = match self.sharing {
            Sharing::None => return Ok(text),
            Sharing::TimeSlicing { replicas } => ("timeSlicing", replicas),
            Sharing::Mps { replicas } => ("mps", replicas),
        };
        let PluginConfig { resource, rename, fail_requests_greater_than_one: fail, .. } = self;
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "sharing:\n  {section}:\n    renameByDefault: {rename}\n    failRequestsGreaterThanOne: {fail}\n    \
             resources:\n    - name: {resource}\n      replicas: {replicas}\n"
        );
        Ok(text)
    }

    /// The extended resource that nodes announce with this configuration.
    pub fn announced(&self) -> String {
        if self.rename && self.sharing != Sharing::None {
            format!("{}{SHARED}", self.resource)
        } else {
            self.resource.clone()
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        match self.sharing {
            Sharing::None => return Ok(()),
            Sharing::TimeSlicing { replicas } | Sharing::Mps { replicas } if replicas < 2 => {
                return Err(ConfigError::TooFewReplicas(replicas));
            }
            Sharing::Mps { .. } if self.mig_strategy.is_some() => return Err(ConfigError::MpsOverMig),
            Sharing::Mps { replicas } if replicas > MAX_MPS_CLIENTS => {
                return Err(ConfigError::TooManyClients(replicas));
            }
            Sharing::TimeSlicing { .. } | Sharing::Mps { .. } => {}
        }
        if is_resource(&self.resource) {
            Ok(())
        } else {
            Err(ConfigError::NotAResource(self.resource.clone()))
        }
    }
}

/// Whether the plugin takes this as a resource's full name: its prefix and a DNS subdomain.
fn is_resource(name: &str) -> bool {
    let is_label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !label.is_empty() && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    name.len() <= LONGEST_RESOURCE
        && name.strip_prefix(PREFIX).is_some_and(|rest| rest.split('.').all(is_label))
}

#[cfg(test)]
mod tests;
