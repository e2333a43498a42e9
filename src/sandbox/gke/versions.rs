//! Kubernetes versions: what can be had, aliases, and what nodes may run.

use serde_json::{Value, json};

use super::errors::Refusal;
use super::model::Cluster;

/// Versions that exist in the sandbox, newest first. The build numbers are invented.
pub(crate) const VERSIONS: &[&str] = &[
    "1.36.1-gke.1203000",
    "1.35.4-gke.1162000",
    "1.35.2-gke.1485000",
    "1.34.6-gke.1307000",
    "1.34.3-gke.1245000",
    "1.33.9-gke.1060000",
];

/// What the seeded control planes run.
pub(crate) const DEFAULT: &str = "1.35.2-gke.1485000";

/// The version that an alias stands for: `-` and the empty text the control plane's, `latest`, `1.X`, `1.X.Y`.
/// Aliases never pass the control plane's version.
pub(crate) fn resolve(cluster: &Cluster, asked: &str) -> Option<String> {
    match asked {
        "" | "-" => return Some(cluster.version.clone()),
        _ => {}
    }
    let usable = VERSIONS.iter().filter(|version| numbers(version) <= numbers(&cluster.version));
    let matches = |version: &&&str| {
        asked == "latest"
            || **version == asked
            || version.strip_prefix(asked).is_some_and(|rest| rest.starts_with(['.', '-']))
    };
    usable.into_iter().find(matches).map(|version| (*version).to_owned())
}

/// Nodes may be at most two minor versions behind the control plane (source: GKE version skew policy).
pub(crate) fn check_node(cluster: &Cluster, version: &str) -> Result<(), Refusal> {
    let minor = |version: &str| numbers(version).get(1).copied().unwrap_or(0);
    let known = VERSIONS.contains(&version) && numbers(version) <= numbers(&cluster.version);
    if known && minor(version) + 2 >= minor(&cluster.version) {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "Node version \"{version}\" is unsupported: master version is \"{}\".",
        cluster.version
    )))
}

/// The `ServerConfig` resource.
pub(crate) fn server_config() -> Value {
    let channel = |name: &str, default: &str| json!({"channel": name, "defaultVersion": default, "validVersions": VERSIONS});
    json!({
        "defaultClusterVersion": DEFAULT,
        "validNodeVersions": VERSIONS,
        "validMasterVersions": VERSIONS,
        "defaultImageType": "COS_CONTAINERD",
        "validImageTypes": ["COS_CONTAINERD", "UBUNTU_CONTAINERD", "WINDOWS_LTSC_CONTAINERD"],
        "channels": [channel("RAPID", VERSIONS[0]), channel("REGULAR", DEFAULT), channel("STABLE", VERSIONS[3])],
    })
}

/// `1.35.2-gke.1485000` → [1, 35, 2, 1485000].
fn numbers(version: &str) -> Vec<u32> {
    version.split(['.', '-']).filter_map(|part| part.parse().ok()).collect()
}
