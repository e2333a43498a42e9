//! What EKS refuses about a node group. Texts without a source are unverified.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::amis::{self, Family};
use super::errors::Refusal;
use super::model::{Cluster, strings};
use super::signature::partition;

/// Node groups of a cluster (source: AWS service quotas, as quoted by the EKS blueprints).
const MOST_GROUPS: usize = 30;
const MOST_TAINTS: usize = 50;
const MOST_TAGS: usize = 50;

type Checked = Result<(), Refusal>;

/// The rules on a create request that need nothing but the cluster.
pub(super) fn check_new(cluster: &Cluster, body: &Map<String, Value>) -> Checked {
    let name = body["nodegroupName"].as_str().unwrap_or_default();
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty()
        || name.len() > 63
        || !name.chars().all(inside)
        || !name.starts_with(|c: char| c.is_ascii_alphanumeric())
    {
        return Err(Refusal::parameter(format!(
            "The nodegroup name {name:?} must have 1 to 63 letters, digits, hyphens and underscores, and begin with a \
             letter or digit"
        ))
        .about("nodegroupName", name));
    }
    if cluster.groups.len() >= MOST_GROUPS {
        return Err(Refusal::new(
            400,
            "ResourceLimitExceededException",
            format!("Cannot exceed {MOST_GROUPS} nodegroups per cluster"),
        )
        .about("clusterName", &cluster.name));
    }
    check_role(cluster, body["nodeRole"].as_str().unwrap_or_default())?;
    let subnets = strings(&body["subnets"]);
    if subnets.is_empty() {
        return Err(Refusal::parameter("Subnets cannot be empty"));
    }
    if let Some(subnet) = subnets.iter().find(|subnet| !cluster.subnets.contains_key(*subnet)) {
        // Source of the text: EC2's own, passed on.
        return Err(Refusal::request(format!(
            "The subnet ID '{subnet}' does not exist (Service: AmazonEC2; Status Code: 400; Error Code: \
             InvalidSubnetID.NotFound)"
        )));
    }
    check_labels(body.get("labels").unwrap_or(&Value::Null))?;
    check_taints(body.get("taints").unwrap_or(&Value::Null))?;
    check_tags(body.get("tags").unwrap_or(&Value::Null))
}

fn check_role(cluster: &Cluster, role: &str) -> Checked {
    let prefix = format!("arn:{}:iam::", partition(&cluster.region));
    let Some((account, name)) = role.strip_prefix(&prefix).and_then(|rest| rest.split_once(":role/")) else {
        return Err(Refusal::parameter(format!("The role {role:?} is not the ARN of an IAM role")));
    };
    if account != cluster.account || name.is_empty() {
        // Source of the text: reports of EKS users.
        return Err(Refusal::new(
            400,
            "InvalidParameterException",
            "Cross-account pass role is not allowed.",
        ));
    }
    Ok(())
}

/// All three at creation, in order.
pub(super) fn check_scaling(scaling: &Value) -> Checked {
    let number = |key: &str| scaling[key].as_i64();
    let (Some(min), Some(max), Some(desired)) = (number("minSize"), number("maxSize"), number("desiredSize"))
    else {
        return Err(Refusal::parameter("minSize, maxSize and desiredSize must all be given"));
    };
    // Source of the texts: reports of EKS users.
    if min > max {
        return Err(Refusal::parameter(format!(
            "Minimum capacity {min} can't be greater than maximum capacity {max}"
        )));
    }
    if desired < min {
        return Err(Refusal::parameter(format!(
            "Minimum capacity {min} can't be greater than desired size {desired}"
        )));
    }
    if desired > max {
        return Err(Refusal::parameter(format!(
            "desired capacity {desired} can't be greater than max size {max}"
        )));
    }
    Ok(())
}

/// Kubernetes' rules, and the labels that are EKS's own.
pub(super) fn check_labels(labels: &Value) -> Checked {
    for (key, value) in labels.as_object().into_iter().flatten() {
        let (prefix, name) =
            key.rsplit_once('/').map_or((None, key.as_str()), |(prefix, name)| (Some(prefix), name));
        if prefix
            .is_some_and(|prefix| prefix == "eks.amazonaws.com" || prefix.ends_with(".eks.amazonaws.com"))
        {
            return Err(Refusal::parameter(format!("Label cannot contain reserved prefixes: {key}")));
        }
        let dns = prefix.is_none_or(|prefix| {
            !prefix.is_empty()
                && prefix.len() <= 253
                && prefix
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.')
        });
        for word in [name, value.as_str().unwrap_or_default()] {
            if !dns || !is_qualified(word) {
                // Source of the text: aws-controllers-k8s/community issue 2208.
                return Err(Refusal::parameter(format!(
                    "Invalid value: {word} : field must consist of alphanumeric characters, '-', '_' or '.', and must \
                     start and end with an alphanumeric character"
                )));
            }
        }
    }
    Ok(())
}

/// A label that the kubelet may not set for itself: with it nodes do not join (source: Kubernetes, node restriction).
pub(super) fn forbidden_to_kubelets(labels: &Value) -> bool {
    let own = ["kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch"];
    let zones = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];
    labels.as_object().into_iter().flatten().any(|(key, _)| {
        let prefix = key.rsplit_once('/').map_or("", |(prefix, _)| prefix);
        let below = |domain: &str| prefix == domain || prefix.ends_with(&format!(".{domain}"));
        let allowed = ["node.kubernetes.io", "kubelet.kubernetes.io"].iter().any(|domain| below(domain));
        (below("kubernetes.io") || below("k8s.io"))
            && !allowed
            && !own.contains(&key.as_str())
            && !zones.contains(&key.as_str())
    })
}

fn is_qualified(word: &str) -> bool {
    let end = |c: char| c.is_ascii_alphanumeric();
    (1..=63).contains(&word.len())
        && word.starts_with(end)
        && word.ends_with(end)
        && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

pub(super) fn check_taints(taints: &Value) -> Checked {
    let taints = taints.as_array().map(Vec::as_slice).unwrap_or_default();
    if taints.len() > MOST_TAINTS {
        return Err(Refusal::parameter(format!("There can be at most {MOST_TAINTS} taints")));
    }
    let mut seen = BTreeSet::new();
    for taint in taints {
        let text = |key: &str| taint[key].as_str().unwrap_or_default();
        if text("key").is_empty() || text("effect").is_empty() {
            return Err(Refusal::parameter("A taint needs a key and an effect"));
        }
        if !seen.insert((text("key"), text("effect"))) {
            return Err(Refusal::parameter(format!("Duplicate taint: {}:{}", text("key"), text("effect"))));
        }
    }
    Ok(())
}

pub(super) fn check_tags(tags: &Value) -> Checked {
    let tags = tags.as_object();
    if tags.is_some_and(|tags| tags.len() > MOST_TAGS) {
        return Err(Refusal::parameter(format!("There can be at most {MOST_TAGS} tags")));
    }
    if tags.into_iter().flatten().any(|(key, _)| key.to_ascii_lowercase().starts_with("aws:")) {
        return Err(Refusal::parameter("aws: prefixed tag key names are not allowed for external use."));
    }
    Ok(())
}

/// A pair of fields of which one at most may be given.
pub(super) fn check_pairs(config: &Value, pairs: &[(&str, &str)]) -> Checked {
    for (one, other) in pairs {
        if !config[*one].is_null() && !config[*other].is_null() {
            return Err(Refusal::parameter(format!("{one} and {other} cannot be given together")));
        }
    }
    Ok(())
}

/// The Kubernetes version and the release of the image that a group is to have. `now` are those that it has; a version
/// never goes back, and never beyond the control plane's.
pub(super) fn check_versions(
    cluster: &Cluster,
    family: Family,
    asked: (Option<&str>, Option<&str>),
    now: Option<(&str, &str)>,
) -> Result<(String, String), Refusal> {
    let position = |version: &str| amis::KUBERNETES.iter().position(|known| *known == version);
    let version = asked.0.or(now.map(|(version, _)| version)).unwrap_or(&cluster.version);
    let Some(wanted) = position(version) else {
        return Err(Refusal::parameter(format!("unsupported Kubernetes version {version}")));
    };
    if position(&cluster.version).is_some_and(|control| wanted > control) {
        return Err(Refusal::request(format!(
            "Nodegroup Kubernetes version {version} cannot be newer than the cluster's, {}",
            cluster.version
        )));
    }
    if now.is_some_and(|(old, _)| position(old).is_some_and(|old| wanted < old)) {
        return Err(Refusal::request("Nodegroup Kubernetes version cannot be decreased"));
    }
    let releases = amis::releases(family, version);
    let release = match asked.1 {
        Some(asked) if releases.iter().any(|known| known == asked) => asked.to_owned(),
        // Source of the text: reports of EKS users.
        Some(asked) => {
            return Err(Refusal::parameter(format!(
                "Requested release version {asked} is not valid for kubernetes version {version}."
            )));
        }
        None => releases.last().cloned().unwrap_or_default(),
    };
    Ok((version.to_owned(), release))
}
