//! The images of node groups: what they are, and which versions of them there are.

/// What kind of operating system an image is; it decides about user data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Al2,
    Al2023,
    Bottlerocket,
    Windows,
    /// Whatever the launch template names.
    Custom,
}

/// What `amiType` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ami {
    pub(super) family: Family,
    pub(super) arm: bool,
    /// It has NVIDIA's driver.
    pub(super) nvidia: bool,
}

/// The image that is taken when none is asked for. From Kubernetes 1.30 on that is AL2023, whether or not the machine has
/// GPUs; which one an arm64 machine gets is unverified.
pub(super) fn default(arm: bool) -> &'static str {
    if arm { "AL2023_ARM_64_STANDARD" } else { "AL2023_x86_64_STANDARD" }
}

/// The image behind a value of `amiType`, which is a known one.
pub(super) fn ami(name: &str) -> Ami {
    let family = match name {
        "CUSTOM" => Family::Custom,
        _ if name.starts_with("BOTTLEROCKET_") => Family::Bottlerocket,
        _ if name.starts_with("WINDOWS_") => Family::Windows,
        _ if name.starts_with("AL2023_") => Family::Al2023,
        _ => Family::Al2,
    };
    let nvidia = name.contains("_NVIDIA") || name == "AL2_x86_64_GPU" || family == Family::Custom;
    Ami { family, arm: name.contains("ARM_64"), nvidia }
}

/// Kubernetes versions that control planes and nodes run here, oldest first.
pub(super) const KUBERNETES: &[&str] = &["1.33", "1.34", "1.35", "1.36"];

/// The version of new clusters.
pub(super) const CURRENT: &str = "1.36";

/// Releases of Bottlerocket, oldest first (the digits after the hyphen are invented).
const BOTTLEROCKET: &[&str] = &["1.60.0-8e2b6f1a", "1.66.0-3c0d9e57", "1.67.0-b41f7a20", "1.68.0-5d93c8e4"];

/// Dates of AL2023's releases, oldest first (invented).
const DATES: &[&str] = &["20261001", "20261020", "20261112"];

/// The releases of an image for a Kubernetes version, oldest first; none for images of one's own.
pub(super) fn releases(family: Family, kubernetes: &str) -> Vec<String> {
    match family {
        Family::Bottlerocket => BOTTLEROCKET.iter().map(|release| (*release).to_owned()).collect(),
        Family::Custom => Vec::new(),
        _ => DATES.iter().map(|date| format!("{kubernetes}.2-{date}")).collect(),
    }
}

/// The patch version that nodes of a Kubernetes version run.
pub(super) fn kubelet(kubernetes: &str) -> String {
    format!("{kubernetes}.2")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_what_their_names_say() {
        let nvidia = ami("BOTTLEROCKET_ARM_64_NVIDIA_FIPS");
        assert_eq!(nvidia, Ami { family: Family::Bottlerocket, arm: true, nvidia: true });
        assert_eq!(ami("AL2023_x86_64_STANDARD"), Ami { family: Family::Al2023, arm: false, nvidia: false });
        assert_eq!(ami("AL2_x86_64_GPU"), Ami { family: Family::Al2, arm: false, nvidia: true });
        assert!(ami("CUSTOM").nvidia && !ami("AL2023_x86_64_NEURON").nvidia);
        assert!(releases(Family::Al2023, "1.36").contains(&"1.36.2-20261112".to_owned()));
    }
}
