//! The provider block.
//!
//! - `azure`, `google`, `aws`: what each cloud is reached with.
//! - `address`: a rule for addresses that secrets are sent to.
//! - `kubernetes`: how one cluster's own API is reached.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use url::Url;

use crate::cloud::{Settings, is_private};
use crate::nodepool::labels::{key_fault, value_fault};
use crate::nodepool::resolve::Defaults;
use crate::slicing::Cloud;
use crate::tfplugin::{Attribute, AttributePath, Diagnostic, Diagnostics, Schema, Type, Value};

use super::clusters::Clusters;
use super::origin::Origin;
use super::session::Configured;

mod address;
mod aws;
mod azure;
mod google;
mod kubernetes;

pub(crate) use kubernetes::Override;

/// The environment variable that points everything at a sandbox.
pub(super) const SANDBOX: &str = "GPUSLICE_SANDBOX";

/// The schema of the provider block.
pub(super) fn schema() -> Schema {
    Schema::new(0)
        .describe(
            "Creates GPU node pools whose GPUs are cut into slices. Everything here is optional: with an empty block \
             each cloud's usual credentials are used.",
        )
        .attribute(azure::attribute())
        .attribute(google::attribute())
        .attribute(aws::attribute())
        .attribute(kubernetes::attribute())
        .attribute(Attribute::map("default_labels", Type::String).optional().describe(
            "Node labels for every pool. A pool's own `labels` win over them.",
        ))
        .attribute(Attribute::map("default_tags", Type::String).optional().describe(
            "Tags (resource labels on GKE) for every pool. A pool's own `tags` win over them.",
        ))
}

/// Judges the known part of the block.
pub(super) fn validate(config: &Value, diagnostics: &mut Diagnostics) {
    aws::validate(config.lookup("aws"), diagnostics);
    azure::validate(config.lookup("azure"), diagnostics);
    kubernetes::validate(config.lookup("kubernetes"), diagnostics);
    for (key, value) in config.lookup("default_labels").as_map().into_iter().flatten() {
        let path = AttributePath::parse("default_labels").key(key.as_str());
        if key.starts_with("gpuslice/") {
            diagnostics.push(
                Diagnostic::error(
                    format!("The label {key:?} is set by the provider"),
                    "Keys that begin with gpuslice/ are the provider's own. Choose another prefix.",
                )
                .at(path),
            );
        } else if let Some(fault) = key_fault(key).or_else(|| value_fault(value.as_str()?)) {
            diagnostics.push(
                Diagnostic::error(
                    format!("Kubernetes refuses the label {key:?}"),
                    format!("The reason: {fault}."),
                )
                .at(path),
            );
        }
    }
}

/// What the block and the environment say.
///
/// # Errors
/// When `GPUSLICE_SANDBOX` is no address of this machine, or the block `kubernetes` cannot be used.
pub(super) fn configured(
    config: &Value,
    sandbox: Option<String>,
    terraform_version: &str,
) -> Result<(Settings, Configured), Diagnostics> {
    let sandbox = sandbox.filter(|url| !url.is_empty()).map(|url| sandbox_url(&url)).transpose()?;
    let settings = Settings {
        aws: aws::settings(config.lookup("aws")),
        azure: azure::settings(config.lookup("azure")),
        google: google::settings(config.lookup("google")),
        user_agent: format!(
            "Terraform/{terraform_version} terraform-provider-gpuslice/{}",
            env!("CARGO_PKG_VERSION")
        ),
        sandbox,
    };
    let origin = if settings.sandbox.is_some() { Origin::Sandbox } else { Origin::Cloud };
    let way = kubernetes::settings(config.lookup("kubernetes"))?;
    let configured = Configured {
        origin,
        defaults: defaults(config),
        unknown: unknown(config, origin),
        clouds: None,
        clusters: Arc::new(Clusters::new(way, origin, settings.user_agent.clone())),
        looks: Arc::default(),
    };
    Ok((settings, configured))
}

/// The clouds whose credentials or addresses are not known yet. In the sandbox nothing has to be known.
fn unknown(config: &Value, origin: Origin) -> BTreeSet<Cloud> {
    let blocks = [(Cloud::Aks, "azure"), (Cloud::Gke, "google"), (Cloud::Eks, "aws")];
    let known = |block: &str| origin == Origin::Sandbox || config.lookup(block).is_wholly_known();
    blocks.into_iter().filter(|(_, block)| !known(block)).map(|(cloud, _)| cloud).collect()
}

fn defaults(config: &Value) -> Option<Defaults> {
    Some(Defaults {
        labels: known_map(config.lookup("default_labels"))?,
        tags: known_map(config.lookup("default_tags"))?,
    })
}

fn known_map(value: &Value) -> Option<BTreeMap<String, String>> {
    if !value.is_wholly_known() {
        return None;
    }
    let entries = value.as_map().into_iter().flatten();
    Some(entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect())
}

fn sandbox_url(text: &str) -> Result<Url, Diagnostics> {
    let refused = |why: &str| {
        Diagnostics::error(
            format!("{SANDBOX} is not the address of a sandbox"),
            format!(
                "{SANDBOX} is {text:?}, which {why}. Set it to the address that `gpuslice-sandbox serve` prints, such \
                 as http://127.0.0.1:8642, or unset it to use the clouds."
            ),
        )
    };
    let url = Url::parse(text).map_err(|_| refused("is no URL"))?;
    if url.scheme() != "http" {
        return Err(refused("does not begin with http://"));
    }
    if !is_private(&url) {
        return Err(refused("is not on this machine, and a sandbox listens on loopback only"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(sandbox: Option<&str>) -> Result<Origin, String> {
        configured(&Value::Object(BTreeMap::new()), sandbox.map(str::to_owned), "1.11.4")
            .map(|(_, configured)| configured.origin)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn what_one_cloud_waits_for_keeps_no_other_waiting() {
        let block = |name: &str, value: Value| {
            Value::Object(BTreeMap::from([(
                name.to_owned(),
                Value::Object(BTreeMap::from([("x".to_owned(), value)])),
            )]))
        };
        let config = block("google", Value::UNKNOWN);
        assert_eq!(unknown(&config, Origin::Cloud), BTreeSet::from([Cloud::Gke]));
        assert_eq!(unknown(&config, Origin::Sandbox), BTreeSet::new());
        let config = block("azure", Value::UNKNOWN);
        assert_eq!(unknown(&config, Origin::Cloud), BTreeSet::from([Cloud::Aks]));
        let config = block("aws", Value::UNKNOWN);
        assert_eq!(unknown(&config, Origin::Cloud), BTreeSet::from([Cloud::Eks]));
        assert_eq!(unknown(&block("azure", Value::from("known")), Origin::Cloud), BTreeSet::new());
    }

    #[test]
    fn an_empty_sandbox_variable_is_unset() {
        assert_eq!(origin(None), Ok(Origin::Cloud));
        assert_eq!(origin(Some("")), Ok(Origin::Cloud));
        assert_eq!(origin(Some("http://127.0.0.1:8642")), Ok(Origin::Sandbox));
        assert_eq!(origin(Some("http://[::1]:8642")), Ok(Origin::Sandbox));
    }

    #[test]
    fn a_sandbox_is_on_this_machine() {
        for address in ["http://10.0.0.1:8642", "https://127.0.0.1", "8642", "http://example.com"] {
            let error = origin(Some(address)).unwrap_err();
            assert!(error.contains("gpuslice-sandbox serve"), "{address}: {error}");
        }
    }
}
