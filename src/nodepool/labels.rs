//! Node labels: Kubernetes' syntax, and the two labels that every pool of ours carries on every cloud.

use std::collections::BTreeMap;

use crate::slicing::{MigProfile, Sharing};

/// The label that says which MIG profile a node's GPUs are cut into: the profile with `+` as `.`, or `none`.
pub const PROFILE_LABEL: &str = "gpuslice/profile";

/// The label that says how a node's GPUs are shared: `none`, `time-slicing` or `mps`.
pub const SHARING_LABEL: &str = "gpuslice/sharing";

/// The labels that select exactly the nodes with these slices, equal on all clouds.
pub fn slicing_labels(profile: Option<MigProfile>, sharing: Sharing) -> BTreeMap<String, String> {
    let profile = profile.map_or_else(|| "none".to_owned(), MigProfile::label_value);
    BTreeMap::from([(PROFILE_LABEL.to_owned(), profile), (SHARING_LABEL.to_owned(), sharing.to_string())])
}

/// The label that names the key of the device plugin's ConfigMap that holds for a node (source: NVIDIA k8s-device-plugin
/// v0.20.0, `cmd/config-manager`).
pub const CONFIG_LABEL: &str = "nvidia.com/device-plugin.config";

/// The label that brings the device plugin's MPS daemon to a node (source: NVIDIA k8s-device-plugin v0.20.0, its chart).
pub const MPS_LABEL: &str = "nvidia.com/mps.capable";

/// The labels by which nodes are configured with a key of the device plugin's ConfigMap.
pub fn plugin_labels(key: &str, sharing: Sharing) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::from([(CONFIG_LABEL.to_owned(), key.to_owned())]);
    if matches!(sharing, Sharing::Mps { .. }) {
        labels.insert(MPS_LABEL.to_owned(), "true".to_owned());
    }
    labels
}

/// Domains that a kubelet may label itself within, of those that Kubernetes keeps to itself
/// (source: Kubernetes, admission plugin `NodeRestriction`).
const OPEN_DOMAINS: &[&str] = &["node.kubernetes.io", "kubelet.kubernetes.io"];

/// Why a node may not start with this label, in full sentences; `None` when Kubernetes lets it.
pub fn kubernetes_own(key: &str) -> Option<String> {
    let domain = key.split_once('/').map_or("", |(domain, _)| domain);
    let within = |root: &str| domain == root || domain.ends_with(&format!(".{root}"));
    let open = OPEN_DOMAINS.iter().any(|open| within(open));
    ((within("kubernetes.io") || within("k8s.io")) && !open).then(|| {
        format!(
            "Kubernetes keeps labels under {domain} to itself, and a node that starts with one it does not know is \
             refused. Use a domain of your own; only {} are open.",
            OPEN_DOMAINS.join(" and ")
        )
    })
}

/// What is wrong with a label or taint key, in half a sentence; `None` when Kubernetes takes it.
///
/// Source: Kubernetes documentation, "Labels and Selectors", syntax and character set.
pub fn key_fault(key: &str) -> Option<String> {
    let name = match key.split_once('/') {
        Some((prefix, name)) => {
            if let Some(fault) = prefix_fault(prefix) {
                return Some(fault);
            }
            name
        }
        None => key,
    };
    if name.is_empty() {
        return Some("its name is empty".to_owned());
    }
    segment_fault(name).map(|fault| format!("its name {name:?} {fault}"))
}

/// What is wrong with a label or taint value, in half a sentence; `None` when Kubernetes takes it.
pub fn value_fault(value: &str) -> Option<String> {
    if value.is_empty() {
        return None;
    }
    segment_fault(value).map(|fault| format!("{value:?} {fault}"))
}

fn prefix_fault(prefix: &str) -> Option<String> {
    let part_is_dns = |part: &str| {
        let inner = part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        !part.is_empty() && part.len() <= 63 && inner && !part.starts_with('-') && !part.ends_with('-')
    };
    if prefix.len() > 253 {
        Some("its prefix is longer than 253 characters".to_owned())
    } else if prefix.split('.').all(part_is_dns) {
        None
    } else {
        Some(format!("its prefix {prefix:?} is no DNS name in lower case"))
    }
}

fn segment_fault(text: &str) -> Option<&'static str> {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let ends = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.ends_with(|c: char| c.is_ascii_alphanumeric())
    };
    if text.len() > 63 {
        Some("is longer than 63 characters")
    } else if !text.bytes().all(inner) {
        Some("holds a character other than letters, digits, '-', '_' and '.'")
    } else if !ends(text) {
        Some("does not begin and end with a letter or a digit")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubernetes_syntax_is_kept() {
        for key in ["team", "example.com/team", "a", "a.b-c_d", "x.y/z0"] {
            assert_eq!(key_fault(key), None, "{key}");
        }
        for key in ["", "/a", "a/", "a/b/c", "-a", "a-", "a b", "Example.com/a", "exa_mple/a", "ü"] {
            assert!(key_fault(key).is_some(), "{key}");
        }
        assert!(key_fault(&"a".repeat(64)).is_some());
        assert_eq!(key_fault(&"a".repeat(63)), None);
    }

    #[test]
    fn kubernetes_keeps_its_domains() {
        for key in ["kubernetes.io/arch", "node-role.kubernetes.io/gpu", "x.k8s.io/y"] {
            assert!(kubernetes_own(key).is_some(), "{key}");
        }
        for key in [
            "team",
            "example.com/team",
            "node.kubernetes.io/masq",
            "x.kubelet.kubernetes.io/y",
            "notk8s.io/x",
        ] {
            assert_eq!(kubernetes_own(key), None, "{key}");
        }
    }

    #[test]
    fn an_empty_value_is_a_value() {
        assert_eq!(value_fault(""), None);
        assert!(value_fault("1g.24gb+me").is_some());
        assert_eq!(value_fault("1g.24gb.me"), None);
    }
}
