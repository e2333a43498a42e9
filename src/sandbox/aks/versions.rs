//! Kubernetes versions and node images: what can be had, and what nodes may run.

use super::errors::Refusal;

/// Versions that exist in the sandbox, newest first; which ones the service has at the time is unverified.
pub(crate) const VERSIONS: &[&str] = &["1.35.2", "1.35.1", "1.34.4", "1.34.2", "1.33.7", "1.33.5", "1.32.9"];

/// What the seeded control planes run.
pub(crate) const DEFAULT: &str = "1.34.4";

/// Dates of node images, oldest first; the numbers are invented.
const IMAGES: &[&str] = &["202610.06.0", "202611.03.0", "202611.17.0"];

/// The image that new pools get before anybody upgrades one.
pub(crate) const FIRST_IMAGE: usize = 0;

/// The newest image.
pub(crate) const LAST_IMAGE: usize = IMAGES.len() - 1;

/// `1.34` stands for the newest patch that the control plane may have; a whole version for itself (source: model
/// documentation of `orchestratorVersion`).
pub(crate) fn resolve(control_plane: &str, asked: &str) -> Option<&'static str> {
    let usable = VERSIONS.iter().filter(|version| numbers(version) <= numbers(control_plane));
    let alias = numbers(asked).len() == 2;
    let matches = |version: &&&str| **version == asked || (alias && minor(version) == minor(asked));
    usable.into_iter().find(matches).copied()
}

/// The version that a request means. Nodes may be at most two minor versions behind the control plane and never before
/// it (source: model documentation of `orchestratorVersion`).
pub(crate) fn checked(control_plane: &str, asked: &str) -> Result<&'static str, Refusal> {
    let minors = |version: &str| numbers(version).get(1).copied().unwrap_or(0);
    if let Some(version) = resolve(control_plane, asked)
        && minors(version) + 2 >= minors(control_plane)
    {
        return Ok(version);
    }
    // The two texts are unverified, the codes too.
    if numbers(asked) > numbers(control_plane) {
        return Err(Refusal::bare(
            400,
            "NodePoolMcVersionIncompatible",
            format!(
                "Node pool version {asked} and control plane version {control_plane} are incompatible: a node pool \
                 cannot be newer than the control plane."
            ),
        ));
    }
    Err(Refusal::bare(
        400,
        "AgentPoolK8sVersionNotSupported",
        format!(
            "Version {asked} is not supported in this region, or more than two minor versions behind the control \
             plane's {control_plane}."
        ),
    ))
}

/// True when a pool would go back to an older version.
pub(crate) fn is_downgrade(from: &str, to: &str) -> bool {
    numbers(to) < numbers(from)
}

/// Versions that a pool may be brought to.
pub(crate) fn upgrades(control_plane: &str, current: &str) -> Vec<&'static str> {
    let between =
        |version: &&&str| numbers(version) > numbers(current) && numbers(version) <= numbers(control_plane);
    VERSIONS.iter().filter(between).copied().collect()
}

/// The name of a node image, such as `AKSUbuntu-2204gen2containerd-202610.06.0`.
pub(crate) fn image(os_sku: &str, index: usize) -> String {
    let family = match os_sku {
        "AzureLinux" | "AzureLinux3" => "AKSAzureLinux-V3gen2",
        "Ubuntu2404" => "AKSUbuntu-2404gen2containerd",
        _ => "AKSUbuntu-2204gen2containerd",
    };
    format!("{family}-{}", IMAGES[index.min(LAST_IMAGE)])
}

/// `1.34` of `1.34.4`.
fn minor(version: &str) -> &str {
    version.match_indices('.').nth(1).map_or(version, |(dot, _)| &version[..dot])
}

/// `1.34.4` → [1, 34, 4].
fn numbers(version: &str) -> Vec<u32> {
    version.split('.').filter_map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_takes_the_newest_patch_that_the_control_plane_allows() {
        assert_eq!(resolve("1.34.4", "1.34"), Some("1.34.4"));
        assert_eq!(resolve("1.34.2", "1.34"), Some("1.34.2"));
        assert_eq!(resolve("1.34.4", "1.33.5"), Some("1.33.5"));
        assert_eq!(resolve("1.34.4", "1.35"), None);
        assert_eq!(resolve("1.34.4", "1.3"), None);
    }

    #[test]
    fn nodes_lag_at_most_two_minors() {
        assert!(checked("1.34.4", "1.32.9").is_ok());
        assert!(checked("1.35.2", "1.32.9").is_err());
        assert!(checked("1.34.4", "1.35.1").is_err());
        assert_eq!(upgrades("1.34.4", "1.33.7"), ["1.34.4", "1.34.2"]);
    }
}
