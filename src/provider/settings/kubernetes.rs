//! What the provider block says about one cluster's Kubernetes API.

use crate::kubernetes::KubernetesSettings;
use crate::nodepool::ClusterId;
use crate::tfplugin::{Attribute, AttributePath, Diagnostic, Diagnostics, Value};

/// What goes with `config_path`, and what with `host`: written beside the other, it would silently do nothing.
const GOES_WITH: &[(&str, &str)] =
    &[("config_context", "config_path"), ("token", "host"), ("cluster_ca_certificate", "host")];

/// How the block says that a cluster is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Override {
    /// It does not: as its cloud says.
    #[default]
    None,
    /// The block is not known yet, nor which cluster it is about.
    Unknown,
    /// The block is about this cluster, and not known yet.
    UnknownFor(ClusterId),
    /// This cluster is reached in this way.
    Bound(ClusterId, KubernetesSettings),
}

/// The attribute `kubernetes`.
pub(super) fn attribute() -> Attribute {
    Attribute::object(
        "kubernetes",
        vec![
            Attribute::string("cluster_id")
                .required()
                .describe("The cluster that this is about, as in the `cluster_id` of a pool."),
            Attribute::string("config_path").optional().describe(
                "The path of a kubeconfig; `~/` is the home folder. Its credential plugins are run.",
            ),
            Attribute::string("config_context")
                .optional()
                .describe("The context in the kubeconfig. Its current one when unset."),
            Attribute::string("host").optional().describe(
                "The address of the API, instead of a kubeconfig. Goes with `token`.",
            ),
            Attribute::string("token").optional().sensitive().describe("The bearer token for `host`."),
            Attribute::string("cluster_ca_certificate").optional().describe(
                "The authority of the certificate that `host` shows, in PEM or in the base64 of that. Those that this \
                 machine trusts when unset.",
            ),
        ],
    )
    .optional()
    .describe(
        "How the Kubernetes API of one cluster is reached: with `config_path`, or with `host` and `token`. Every other \
         cluster is reached as its cloud says, with the cloud's credentials. The names are those of the provider \
         hashicorp/kubernetes; nothing is read from the environment.",
    )
}

/// Judges the known part of the block.
pub(super) fn validate(block: &Value, diagnostics: &mut Diagnostics) {
    if block.is_null() || block.is_unknown() {
        return;
    }
    let mut wrong = |name: &str, summary: String, detail: &str| {
        let path = AttributePath::parse("kubernetes").attribute(name);
        diagnostics.push(Diagnostic::error(summary, detail).at(path));
    };
    let written = |name: &str| !block.lookup(name).is_null();
    // An unknown value is not null, but it may become null.
    let known = |name: &str| written(name) && !block.lookup(name).is_unknown();
    if let Some(Err(error)) = block.lookup("cluster_id").as_str().map(str::parse::<ClusterId>) {
        wrong(
            "cluster_id",
            "kubernetes.cluster_id is not the id of a cluster".to_owned(),
            &format!("{error}."),
        );
    }
    if known("config_path") && known("host") {
        wrong(
            "host",
            "kubernetes.config_path and kubernetes.host exclude each other".to_owned(),
            "Both say where the API is. Remove kubernetes.config_path, or kubernetes.host and what goes with it.",
        );
    }
    if !written("config_path") && !written("host") {
        wrong(
            "cluster_id",
            "The kubernetes block says nothing about how to reach the cluster".to_owned(),
            "Set kubernetes.config_path, or kubernetes.host and kubernetes.token; or remove the block: the cluster is \
             then reached as its cloud says.",
        );
    }
    for (name, needed) in GOES_WITH {
        if known(name) && !written(needed) && (written("config_path") || written("host")) {
            wrong(
                name,
                format!("kubernetes.{name} is not used without kubernetes.{needed}"),
                &format!("Set kubernetes.{needed}, or remove kubernetes.{name}."),
            );
        }
    }
    if known("host") && !written("token") {
        wrong(
            "host",
            "kubernetes.token is missing".to_owned(),
            "kubernetes.host is set, and there is no token to show there. Set kubernetes.token, or use \
             kubernetes.config_path.",
        );
    }
}

/// What the block says.
///
/// # Errors
/// When the cluster's id cannot be read: it may have been unknown to the validation.
pub(super) fn settings(block: &Value) -> Result<Override, Diagnostics> {
    if block.is_null() {
        return Ok(Override::None);
    }
    let mut faults = Diagnostics::new();
    validate(block, &mut faults);
    faults.or(())?;
    let Some(cluster) = block.lookup("cluster_id").as_str().and_then(|id| id.parse::<ClusterId>().ok())
    else {
        return Ok(Override::Unknown);
    };
    if !block.is_wholly_known() {
        return Ok(Override::UnknownFor(cluster));
    }
    let text = |name: &str| block.lookup(name).as_str().map(str::to_owned);
    let settings = KubernetesSettings {
        config_path: text("config_path"),
        config_context: text("config_context"),
        host: text("host"),
        token: text("token"),
        cluster_ca_certificate: text("cluster_ca_certificate"),
    };
    Ok(Override::Bound(cluster, settings))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const AKS: &str =
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";

    fn block(entries: &[(&str, Value)]) -> Value {
        let mut all: BTreeMap<String, Value> = attribute()
            .nested()
            .iter()
            .map(|attribute| (attribute.name().to_owned(), Value::Null))
            .chain([("cluster_id".to_owned(), Value::from(AKS))])
            .collect();
        all.extend(entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        Value::Object(all)
    }

    fn faults(entries: &[(&str, Value)]) -> String {
        let mut diagnostics = Diagnostics::new();
        validate(&block(entries), &mut diagnostics);
        diagnostics.to_string()
    }

    #[test]
    fn what_does_not_go_together_is_told_with_its_path() {
        let text = || Value::from("x");
        for (entries, path, words) in [
            (vec![("cluster_id", text()), ("config_path", text())], "kubernetes.cluster_id", "not the id"),
            (vec![], "kubernetes.cluster_id", "says nothing"),
            (
                vec![("config_path", text()), ("host", text()), ("token", text())],
                "kubernetes.host",
                "exclude each other",
            ),
            (
                vec![("host", text()), ("token", text()), ("config_context", text())],
                "kubernetes.config_context",
                "without kubernetes.config_path",
            ),
            (vec![("config_path", text()), ("token", text())], "kubernetes.token", "without kubernetes.host"),
            (
                vec![("config_path", text()), ("cluster_ca_certificate", text())],
                "kubernetes.cluster_ca_certificate",
                "without kubernetes.host",
            ),
            (vec![("host", text())], "kubernetes.host", "kubernetes.token is missing"),
        ] {
            let told = faults(&entries);
            assert!(told.contains(path) && told.contains(words), "{entries:?}: {told}");
        }
        for entries in [
            vec![("config_path", text())],
            vec![("config_path", text()), ("config_context", text())],
            vec![("host", text()), ("token", text()), ("cluster_ca_certificate", text())],
        ] {
            assert_eq!(faults(&entries), "", "{entries:?}");
        }
    }

    #[test]
    fn what_is_unknown_is_not_judged() {
        for entries in [
            vec![("config_path", Value::UNKNOWN)],
            vec![("config_path", Value::UNKNOWN), ("host", Value::from("x")), ("token", Value::UNKNOWN)],
            vec![("cluster_id", Value::UNKNOWN), ("config_path", Value::from("x"))],
            vec![("host", Value::UNKNOWN), ("token", Value::from("x"))],
        ] {
            assert_eq!(faults(&entries), "", "{entries:?}");
        }
    }

    #[test]
    fn the_block_is_about_its_cluster_alone_even_while_it_is_unknown() {
        let id: ClusterId = AKS.to_uppercase().replace("/SUBSCRIPTIONS", "/subscriptions").parse().unwrap();
        assert_eq!(settings(&Value::Null), Ok(Override::None));
        assert_eq!(settings(&Value::UNKNOWN), Ok(Override::Unknown));
        let unknown = [("cluster_id", Value::UNKNOWN), ("config_path", Value::from("x"))];
        assert_eq!(settings(&block(&unknown)), Ok(Override::Unknown));
        let unknown = [("host", Value::from("x")), ("token", Value::UNKNOWN)];
        assert_eq!(settings(&block(&unknown)), Ok(Override::UnknownFor(id.clone())));
        let known = KubernetesSettings { config_path: Some("x".to_owned()), ..KubernetesSettings::default() };
        assert_eq!(settings(&block(&[("config_path", Value::from("x"))])), Ok(Override::Bound(id, known)));
        let late = settings(&block(&[("cluster_id", Value::from("c")), ("config_path", Value::from("x"))]));
        assert!(late.unwrap_err().to_string().contains("kubernetes.cluster_id"));
    }
}
