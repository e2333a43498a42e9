//! The first credentials whose inputs are complete, in azurerm's order.

use std::path::PathBuf;
use std::sync::Arc;

use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::Pipeline;
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertionCredential,
    ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions, Executor,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId, WorkloadIdentityCredential,
    WorkloadIdentityCredentialOptions,
};
use url::Url;

use super::AuthError;
use super::addresses::{Addresses, written};
use super::assertions::{Assertion, Requested};
use super::certificate::{Identity, Signer};
use super::explain::{Kind, NO_ISSUER, incomplete, no_token, none_left};
use super::transport::{Diverted, Transported, options};
use crate::cloud::settings::AzureSettings;

/// Credentials whose inputs are complete.
#[derive(Debug, Clone)]
pub(super) enum Chosen {
    Certificate(Who, Identity),
    Secret(Who, Secret),
    /// A token of another issuer.
    Federated(Kind, Who, Assertion),
    WorkloadIdentity(Who, PathBuf),
    ManagedIdentity {
        client_id: Option<String>,
        endpoint: Option<Url>,
        api_version: Option<String>,
    },
    Cli {
        subscription: Option<String>,
    },
}

/// Credentials, and what is to be said about others that were meant, should these not work.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) chosen: Chosen,
    pub(super) passed_over: Option<&'static str>,
}

/// An application in a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Who {
    tenant: String,
    client: String,
}

impl Chosen {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Chosen::Certificate(..) => Kind::Certificate,
            Chosen::Secret(..) => Kind::Secret,
            Chosen::Federated(kind, ..) => *kind,
            Chosen::WorkloadIdentity(..) => Kind::WorkloadIdentity,
            Chosen::ManagedIdentity { .. } => Kind::ManagedIdentity,
            Chosen::Cli { .. } => Kind::Cli,
        }
    }
}

/// The credentials that the settings hold. A secret without its application or tenant is an error: going on to the
/// next kind would silently act as somebody else.
pub(super) fn choose(settings: &AzureSettings, pipeline: &Pipeline) -> Result<Choice, AuthError> {
    let chosen = first(settings, pipeline)?;
    let federated = matches!(chosen, Chosen::Federated(..) | Chosen::Certificate(..) | Chosen::Secret(..));
    let passed_over = (settings.use_oidc == Some(true) && !federated).then_some(NO_ISSUER);
    Ok(Choice { chosen, passed_over })
}

fn first(settings: &AzureSettings, pipeline: &Pipeline) -> Result<Chosen, AuthError> {
    let client = match given(&settings.client_id) {
        Some(id) => Some(id),
        None => from_file("client_id_file_path", settings.client_id_file_path.as_deref())?,
    };
    let tenant = given(&settings.tenant_id);
    let who = |kind: Kind| match (&tenant, &client) {
        (Some(tenant), Some(client)) => Ok(Who { tenant: tenant.clone(), client: client.clone() }),
        (None, None) => Err(incomplete(kind, &["tenant_id", "client_id"])),
        (None, _) => Err(incomplete(kind, &["tenant_id"])),
        (_, None) => Err(incomplete(kind, &["client_id"])),
    };
    if let Some(identity) = identity(settings)? {
        return Ok(Chosen::Certificate(who(Kind::Certificate)?, identity));
    }
    let secret = match given(&settings.client_secret) {
        Some(secret) => Some(secret),
        None => from_file("client_secret_file_path", settings.client_secret_file_path.as_deref())?,
    };
    if let Some(secret) = secret {
        return Ok(Chosen::Secret(who(Kind::Secret)?, Secret::new(secret)));
    }
    if settings.use_oidc == Some(true)
        && let Some((kind, assertion)) = assertion(settings, pipeline)?
    {
        return Ok(Chosen::Federated(kind, who(kind)?, assertion));
    }
    if settings.use_aks_workload_identity == Some(true) {
        let path = given(&settings.workload_identity_token_file_path).ok_or_else(|| {
            AuthError::Unusable(
                "azure.use_aks_workload_identity (or ARM_USE_AKS_WORKLOAD_IDENTITY) is true, and \
                 AZURE_FEDERATED_TOKEN_FILE is not set, so this is no pod with a workload identity. Label the pod with \
                 azure.workload.identity/use = \"true\" and give it the service account, or unset the switch."
                    .to_owned(),
            )
        })?;
        return Ok(Chosen::WorkloadIdentity(who(Kind::WorkloadIdentity)?, path.into()));
    }
    if settings.use_msi == Some(true) {
        return Ok(Chosen::ManagedIdentity {
            client_id: client,
            endpoint: settings.msi_endpoint.as_deref().map(identity_service).transpose()?,
            api_version: settings.msi_api_version.clone(),
        });
    }
    if settings.use_cli == Some(false) {
        return Err(none_left());
    }
    Ok(Chosen::Cli { subscription: given(&settings.subscription_id) })
}

fn given(value: &Option<String>) -> Option<String> {
    value.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn from_file(setting: &str, path: Option<&str>) -> Result<Option<String>, AuthError> {
    let Some(path) = path else { return Ok(None) };
    let text = std::fs::read_to_string(path).map_err(|error| {
        AuthError::Unusable(format!("The file {path:?} of azure.{setting} cannot be read: {error}."))
    })?;
    let text = text.trim();
    if text.is_empty() {
        return Err(AuthError::Unusable(format!("The file {path:?} of azure.{setting} is empty.")));
    }
    Ok(Some(text.to_owned()))
}

fn identity(settings: &AzureSettings) -> Result<Option<Identity>, AuthError> {
    let password = settings.client_certificate_password.as_deref().unwrap_or_default();
    let unusable = |origin: &str, why: String| {
        AuthError::Unusable(format!("The client certificate in {origin} cannot be used: {why}."))
    };
    if let Some(text) = given(&settings.client_certificate) {
        let origin = "azure.client_certificate (or ARM_CLIENT_CERTIFICATE)";
        return Identity::from_base64(&text, password).map(Some).map_err(|why| unusable(origin, why));
    }
    let Some(path) = given(&settings.client_certificate_path) else { return Ok(None) };
    let archive =
        std::fs::read(&path).map_err(|error| unusable(&path, format!("the file cannot be read: {error}")))?;
    Identity::from_pkcs12(&archive, password).map(Some).map_err(|why| unusable(&path, why))
}

fn assertion(settings: &AzureSettings, pipeline: &Pipeline) -> Result<Option<(Kind, Assertion)>, AuthError> {
    if let Some(token) = given(&settings.oidc_token) {
        return Ok(Some((Kind::OidcToken, Assertion::Token(Secret::new(token)))));
    }
    if let Some(path) = given(&settings.oidc_token_file_path) {
        return Ok(Some((Kind::OidcToken, Assertion::File(path))));
    }
    let connection = given(&settings.ado_pipeline_service_connection_id);
    let kind = if connection.is_some() { Kind::AzureDevOps } else { Kind::GitHub };
    let requested = match (given(&settings.oidc_request_url), given(&settings.oidc_request_token)) {
        (Some(url), Some(token)) => Requested {
            url: written("oidc_request_url", &url)?,
            token: Secret::new(token),
            pipeline: pipeline.clone(),
        },
        // The switch stands in configurations that are also run by hand, and Azure Pipelines always set the address.
        (None, _) | (_, None) if connection.is_none() => return Ok(None),
        (None, None) => return Err(incomplete(kind, &["oidc_request_url", "oidc_request_token"])),
        (None, Some(_)) => return Err(incomplete(kind, &["oidc_request_url"])),
        (Some(_), None) => return Err(incomplete(kind, &["oidc_request_token"])),
    };
    Ok(Some(match connection {
        Some(connection) => (kind, Assertion::AzureDevOps(requested, connection)),
        None => (kind, Assertion::GitHub(requested)),
    }))
}

/// The managed identity service is on the machine or right beside it, never encrypted, and is sent no secret.
fn identity_service(text: &str) -> Result<Url, AuthError> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host()).ok_or_else(
        || {
            AuthError::Unusable(format!(
                "azure.msi_endpoint (or ARM_MSI_ENDPOINT) is {text:?}, which is no address. Write one such as \
                 \"http://169.254.169.254/metadata/identity/oauth2/token\"."
            ))
        },
    )
}

/// What the library's credentials are made with.
#[derive(Debug, Clone)]
pub(super) struct Means {
    /// Over which Microsoft Entra ID is asked.
    pub(super) wire: Transported,
    /// Over which the managed identity service is asked: never through a proxy.
    pub(super) nearby: Transported,
    /// What runs the Azure CLI.
    pub(super) executor: Arc<dyn Executor>,
}

/// The library's credentials. `tenant` stands in place of the settings' own.
pub(super) fn credential(
    chosen: &Chosen,
    tenant: Option<&str>,
    addresses: &Addresses,
    means: &Means,
) -> Result<Arc<dyn TokenCredential>, AuthError> {
    let in_tenant =
        |who: &Who| Who { tenant: tenant.unwrap_or(&who.tenant).to_owned(), client: who.client.clone() };
    let client_options = || options(&means.wire, Some(&addresses.authority));
    let assertion_options = || ClientAssertionCredentialOptions { client_options: client_options() };
    let made: azure_core::Result<Arc<dyn TokenCredential>> = match chosen {
        Chosen::Certificate(who, identity) => {
            let Who { tenant, client } = in_tenant(who);
            let signer = Signer {
                identity: identity.clone(),
                client_id: client.clone(),
                audience: token_address(&addresses.authority, &tenant),
            };
            let assertion = Assertion::Certificate(signer);
            ClientAssertionCredential::new(tenant, client, assertion, Some(assertion_options()))
                .map(|it| it as _)
        }
        Chosen::Secret(who, secret) => {
            let Who { tenant, client } = in_tenant(who);
            let options = ClientSecretCredentialOptions { client_options: client_options() };
            ClientSecretCredential::new(&tenant, client, secret.clone(), Some(options)).map(|it| it as _)
        }
        Chosen::Federated(_, who, assertion) => {
            let Who { tenant, client } = in_tenant(who);
            ClientAssertionCredential::new(tenant, client, assertion.clone(), Some(assertion_options()))
                .map(|it| it as _)
        }
        Chosen::WorkloadIdentity(who, path) => {
            let Who { tenant, client } = in_tenant(who);
            WorkloadIdentityCredential::new(Some(WorkloadIdentityCredentialOptions {
                credential_options: assertion_options(),
                client_id: Some(client),
                tenant_id: Some(tenant),
                token_file_path: Some(path.clone()),
            }))
            .map(|it| it as _)
        }
        Chosen::ManagedIdentity { client_id, endpoint, api_version } => {
            let wire: Transported = Arc::new(Diverted {
                wire: Arc::clone(&means.nearby),
                endpoint: endpoint.clone(),
                api_version: api_version.clone(),
            });
            ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
                user_assigned_id: client_id.clone().map(UserAssignedId::ClientId),
                client_options: options(&wire, None),
            }))
            .map(|it| it as _)
        }
        Chosen::Cli { subscription } => {
            let tenant_id = tenant.map(str::to_owned);
            AzureCliCredential::new(Some(AzureCliCredentialOptions {
                // The CLI takes one of the two.
                subscription: subscription.clone().filter(|_| tenant_id.is_none()),
                tenant_id,
                executor: Some(Arc::clone(&means.executor)),
            }))
            .map(|it| it as _)
        }
    };
    made.map_err(|error| no_token(chosen.kind(), None, &error))
}

/// Where tokens of a tenant are asked for.
fn token_address(authority: &Url, tenant: &str) -> String {
    format!("{}/{tenant}/oauth2/v2.0/token", authority.origin().ascii_serialization())
}

#[cfg(test)]
mod tests;
