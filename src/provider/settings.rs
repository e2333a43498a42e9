//! The provider block.

use std::collections::BTreeMap;

use url::Url;

use crate::cloud::{AzureSettings, GoogleSettings, Settings};
use crate::nodepool::labels::{key_fault, value_fault};
use crate::nodepool::resolve::Defaults;
use crate::tfplugin::{Attribute, AttributePath, Diagnostic, Diagnostics, Schema, Type, Value};

use super::origin::Origin;
use super::session::Configured;

/// The environment variable that points everything at a sandbox.
pub(super) const SANDBOX: &str = "GPUSLICE_SANDBOX";

/// The schema of the provider block.
pub(super) fn schema() -> Schema {
    Schema::new(0)
        .describe(
            "Creates GPU node pools whose GPUs are cut into slices. Everything here is optional: with an empty block \
             each cloud's usual credentials are used.",
        )
        .attribute(google())
        .attribute(Attribute::map("default_labels", Type::String).optional().describe(
            "Node labels for every pool. A pool's own `labels` win over them.",
        ))
        .attribute(Attribute::map("default_tags", Type::String).optional().describe(
            "Tags (resource labels on GKE) for every pool. A pool's own `tags` win over them.",
        ))
}

fn google() -> Attribute {
    Attribute::object(
        "google",
        vec![
            Attribute::string("credentials").optional().sensitive().describe(
                "A credentials file in JSON, or the path of one. Else GOOGLE_CREDENTIALS, else application default \
                 credentials.",
            ),
            Attribute::string("access_token").optional().sensitive().describe(
                "An OAuth 2.0 access token, which is not refreshed. Else GOOGLE_OAUTH_ACCESS_TOKEN.",
            ),
            Attribute::string("impersonate_service_account").optional().describe(
                "The service account to act as. Else GOOGLE_IMPERSONATE_SERVICE_ACCOUNT.",
            ),
            Attribute::list("impersonate_service_account_delegates", Type::String)
                .optional()
                .describe("The chain of delegates on the way to it."),
            Attribute::bool("user_project_override").optional().describe(
                "Whether quota is counted against `billing_project`, or without it the cluster's project. Else USER_PROJECT_OVERRIDE.",
            ),
            Attribute::string("billing_project").optional().describe(
                "The project that quota is counted against with `user_project_override`. Else GOOGLE_BILLING_PROJECT.",
            ),
            Attribute::string("container_custom_endpoint").optional().describe(
                "Another address of the GKE API. Else GOOGLE_CONTAINER_CUSTOM_ENDPOINT.",
            ),
            Attribute::string("compute_custom_endpoint").optional().describe(
                "Another address of the Compute Engine API. Else GOOGLE_COMPUTE_CUSTOM_ENDPOINT.",
            ),
        ],
    )
    .optional()
    .describe("Credentials and addresses for GKE, with the names that the Google provider uses.")
}

/// Judges the known part of the block.
pub(super) fn validate(config: &Value, diagnostics: &mut Diagnostics) {
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
/// When `GPUSLICE_SANDBOX` is no address of this machine.
pub(super) fn configured(
    config: &Value,
    sandbox: Option<String>,
    terraform_version: &str,
) -> Result<(Settings, Configured), Diagnostics> {
    let sandbox = sandbox.filter(|url| !url.is_empty()).map(|url| sandbox_url(&url)).transpose()?;
    let google = config.lookup("google");
    let text = |name: &str| google.lookup(name).as_str().map(str::to_owned);
    let settings = Settings {
        azure: AzureSettings::default(),
        google: GoogleSettings {
            credentials: text("credentials"),
            access_token: text("access_token"),
            impersonate_service_account: text("impersonate_service_account"),
            impersonate_service_account_delegates: google
                .lookup("impersonate_service_account_delegates")
                .as_elements()
                .unwrap_or_default()
                .iter()
                .filter_map(|delegate| delegate.as_str().map(str::to_owned))
                .collect(),
            user_project_override: google.lookup("user_project_override").as_bool(),
            billing_project: text("billing_project"),
            container_custom_endpoint: text("container_custom_endpoint"),
            compute_custom_endpoint: text("compute_custom_endpoint"),
        },
        user_agent: format!(
            "Terraform/{terraform_version} terraform-provider-gpuslice/{}",
            env!("CARGO_PKG_VERSION")
        ),
        sandbox,
    };
    let configured = Configured {
        origin: if settings.sandbox.is_some() { Origin::Sandbox } else { Origin::Cloud },
        defaults: defaults(config),
        clouds: None,
    };
    Ok((settings, configured))
}

/// Whether credentials and addresses are known: in the sandbox nothing is needed.
pub(super) fn connectable(config: &Value, origin: Origin) -> bool {
    origin == Origin::Sandbox || config.lookup("google").is_wholly_known()
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
    let local = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if !local {
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
