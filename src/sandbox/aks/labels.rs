//! What AKS refuses about labels, taints and tags.

use std::collections::BTreeSet;

use serde_json::Value;

use super::errors::Refusal;
use super::model::strings;
use super::rules::Checked;
use super::spec;

/// Prefixes of Kubernetes' own labels that users may set (source: Azure/AKS issue 1937).
const ALLOWED: &[&str] = &["node.kubernetes.io", "kubelet.kubernetes.io"];

pub(crate) fn check_labels(spec: &Value) -> Checked {
    for (key, value) in spec["nodeLabels"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        let (prefix, name) = key.split_once('/').unwrap_or(("", key));
        if key == spec::SPOT && value == "spot" && spec::is_spot(spec) {
            // AKS put it there itself; whoever sends back what was read sends it too.
            continue;
        }
        if prefix == "kubernetes.azure.com" || prefix.ends_with(".kubernetes.azure.com") {
            // The text is AKS's (source: ams0/aks-nvme-ssd-provisioner issue 5).
            return Err(Refusal::bad_request(format!(
                "Invalid node label key {key}. The 'kubernetes.azure.com' prefix is preserved by aks system labels"
            )));
        }
        let kubernetes = |domain: &str| prefix == domain || prefix.ends_with(&format!(".{domain}"));
        if (kubernetes("kubernetes.io") || kubernetes("k8s.io")) && !ALLOWED.contains(&prefix) {
            return Err(Refusal::bad_request(format!(
                "Node label keys in the 'kubernetes.io' or 'k8s.io' namespace must begin with an allowed prefix ({}).",
                ALLOWED.join(", ")
            ))
            .at(&format!("{key}={value}")));
        }
        if key == "agentpool" {
            return Err(Refusal::bad_request("Node label with key 'agentpool' is reserved."));
        }
        if !is_prefix(prefix) || !is_name(name) || name.is_empty() || !is_name(value) {
            let message = format!("The node label {key}={value} is not valid.");
            return Err(Refusal::invalid("agentPoolProfile.nodeLabels", message));
        }
    }
    Ok(())
}

pub(crate) fn check_taints(spec: &Value) -> Checked {
    let mut seen = BTreeSet::new();
    let invalid = |taint: &str, why: &str| {
        let target = "agentPoolProfile.nodeTaints";
        Err(Refusal::invalid(target, format!("The value of parameter {target} is invalid: '{taint}' {why}.")))
    };
    for taint in strings(&spec["nodeTaints"]) {
        if taint == spec::SPOT_TAINT && spec::is_spot(spec) {
            continue;
        }
        let parts = taint.rsplit_once(':').and_then(|(pair, effect)| Some((pair.split_once('=')?, effect)));
        let Some(((key, value), effect)) = parts else {
            return invalid(&taint, "is not key=value:effect");
        };
        let (prefix, name) = key.split_once('/').unwrap_or(("", key));
        if !is_prefix(prefix) || !is_name(name) || name.is_empty() || !is_name(value) {
            return invalid(&taint, "has a key or value that Kubernetes does not take");
        }
        if !matches!(effect, "NoSchedule" | "PreferNoSchedule" | "NoExecute") {
            return invalid(&taint, "has no effect of NoSchedule, PreferNoSchedule and NoExecute");
        }
        if prefix == "kubernetes.azure.com" {
            return invalid(&taint, "has a key that is reserved for AKS");
        }
        if !seen.insert((key.to_owned(), effect.to_owned())) {
            return invalid(&taint, "repeats a key and its effect");
        }
    }
    Ok(())
}

/// Source: Azure Resource Manager documentation on tags.
pub(crate) fn check_tags(spec: &Value) -> Checked {
    let empty = serde_json::Map::new();
    let tags = spec["tags"].as_object().unwrap_or(&empty);
    let mut seen = BTreeSet::new();
    for (key, value) in tags {
        let refuse =
            |why: &str| Err(Refusal::arm(400, "InvalidTagNameOrValue", format!("Tag '{key}' {why}.")));
        if key.is_empty() || key.len() > 512 || key.contains(['<', '>', '%', '&', '\\', '?', '/']) {
            return refuse("has a name that is empty, longer than 512 characters or holds one of <>%&\\?/");
        }
        if value.as_str().unwrap_or_default().len() > 256 {
            return refuse("has a value that is longer than 256 characters");
        }
        if !seen.insert(key.to_ascii_lowercase()) {
            return refuse("is given twice: tag names do not distinguish case");
        }
    }
    if tags.len() > 50 {
        return Err(Refusal::arm(400, "TooManyTags", "A resource can have at most 50 tags."));
    }
    Ok(())
}

/// The part before the slash: a DNS name or nothing.
fn is_prefix(prefix: &str) -> bool {
    prefix.len() <= 253
        && prefix.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-')
}

/// Kubernetes' rule for names and values: at most 63 letters, digits, `-`, `_` and `.`, alphanumeric at both ends.
fn is_name(name: &str) -> bool {
    let inside = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let ends = |c: char| c.is_ascii_alphanumeric();
    name.len() <= 63 && inside && (name.is_empty() || (name.starts_with(ends) && name.ends_with(ends)))
}
