//! A key of the plugin's ConfigMap, named by what it says.
//!
//! The plugin looks at a node's label and at nothing else: edited text under the same key is not read until a pod
//! restarts, while a label with another key is followed within seconds (source: NVIDIA k8s-device-plugin v0.20.0,
//! `cmd/config-manager`). So a key never changes its text, and another text is another key.

use sha2::{Digest, Sha256};

use super::{ConfigError, PluginConfig};
use crate::slicing::{GPU_RESOURCE, MigStrategy, Sharing};

/// A key of the ConfigMap, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigKey {
    /// What it configures, then eight hexadecimal digits of the SHA-256 of its text: `ts4-3f9c01ab`, `mps8-…`, `mig-…`,
    /// `mig-ts4-…`. Valid as a key of a ConfigMap and as the value of a label.
    pub name: String,
    /// The configuration, in YAML.
    pub yaml: String,
}

impl ConfigKey {
    /// The key that says this configuration.
    ///
    /// # Errors
    /// When the plugin would refuse the configuration.
    pub fn of(config: &PluginConfig) -> Result<Self, ConfigError> {
        let yaml = config.yaml()?;
        let mig = config.mig_strategy.is_some().then(|| "mig".to_owned());
        let sharing = match config.sharing {
            Sharing::None => None,
            Sharing::TimeSlicing { replicas } => Some(format!("ts{replicas}")),
            Sharing::Mps { replicas } => Some(format!("mps{replicas}")),
        };
        let kinds: Vec<String> = mig.into_iter().chain(sharing).collect();
        let kind = if kinds.is_empty() { "plain".to_owned() } else { kinds.join("-") };
        Ok(ConfigKey { name: format!("{kind}-{}", digest(&yaml)), yaml })
    }
}

/// Whether a key of a ConfigMap is one of ours with its own text: its name ends in the digest of that.
pub fn is_ours(name: &str, yaml: &str) -> bool {
    looks_ours(name) && name.rsplit_once('-').is_some_and(|(_, end)| end == digest(yaml))
}

/// Whether a key has the form of ours, whatever its text has become.
pub fn looks_ours(name: &str) -> bool {
    let Some((kind, end)) = name.rsplit_once('-') else { return false };
    let is_digest = end.len() == 8 && end.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let count = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    let is_sharing =
        |kind: &str| kind.strip_prefix("ts").or_else(|| kind.strip_prefix("mps")).is_some_and(count);
    let is_kind = kind == "mig" || kind == "plain" || is_sharing(kind.strip_prefix("mig-").unwrap_or(kind));
    is_digest && is_kind
}

fn digest(yaml: &str) -> String {
    Sha256::digest(yaml.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// What a key of ours says, by its name alone: a name is made from a text, and there are few texts that it can be made
/// from. `slice` is the resource of one slice under the strategy mixed; `None` where GPUs are whole. `None` for a foreign
/// key.
pub fn meaning(name: &str, slice: Option<&str>) -> Option<PluginConfig> {
    let (kind, _) = name.rsplit_once('-').filter(|_| looks_ours(name))?;
    let (is_cut, sharing) = match kind.strip_prefix("mig-") {
        Some(sharing) => (true, sharing),
        None => (kind == "mig", kind),
    };
    let replicas = |prefix: &str| sharing.strip_prefix(prefix).and_then(|count| count.parse().ok());
    let sharing = match (replicas("ts"), replicas("mps")) {
        (Some(replicas), _) => Sharing::TimeSlicing { replicas },
        (None, Some(replicas)) => Sharing::Mps { replicas },
        (None, None) => Sharing::None,
    };
    let strategies: &[Option<MigStrategy>] =
        if is_cut { &[Some(MigStrategy::Single), Some(MigStrategy::Mixed)] } else { &[None] };
    let switches = [(false, true), (false, false), (true, true), (true, false)];
    let all = strategies.iter().flat_map(|strategy| switches.map(|switches| (*strategy, switches)));
    let mut candidates = all.map(|(mig_strategy, (rename, fail_requests_greater_than_one))| {
        let resource = match mig_strategy {
            Some(MigStrategy::Mixed) => slice.unwrap_or(GPU_RESOURCE),
            Some(MigStrategy::Single) | None => GPU_RESOURCE,
        };
        let resource = resource.to_owned();
        PluginConfig { mig_strategy, sharing, resource, rename, fail_requests_greater_than_one }
    });
    candidates.find(|config| ConfigKey::of(config).is_ok_and(|key| key.name == name))
}
