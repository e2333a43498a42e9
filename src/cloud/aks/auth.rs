//! Azure credentials: which of them are used, the tokens they give, and who may see those.
//!
//! - `addresses`: the public, the US government's and China's cloud, and others.
//! - `chain`: the first credentials whose inputs are complete, in azurerm's order.
//! - `assertions`, `certificate`: what proves an application's identity in place of a secret.
//! - `command`: the Azure CLI.
//! - `transport`: the shared HTTP client under the library that speaks to Microsoft Entra ID.
//! - `cached`: one token for all callers at once.
//! - `explain`: what is wrong with credentials, and how to mend it.

use std::sync::Arc;

use azure_core::credentials::Secret;
use azure_core::http::Pipeline;
use futures_util::future::try_join_all;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::OnceCell;
use url::Url;

use crate::cloud::http::HttpClient;
use crate::cloud::settings::{AzureSettings, is_private};

mod addresses;
mod assertions;
mod cached;
mod certificate;
mod chain;
mod command;
mod explain;
mod transport;

use addresses::Addresses;
use cached::Cached;
use chain::{Choice, Means};
use command::Command;
use explain::Kind;
use transport::Shared;

/// The header for the tokens of further tenants.
const AUXILIARY: HeaderName = HeaderName::from_static("x-ms-authorization-auxiliary");

/// What a token for the Kubernetes API of any AKS cluster is asked for: the application id of AKS's servers, the same
/// in all of Azure's clouds (source: AKS documentation, "Use kubelogin to authenticate users").
const CLUSTERS: &str = "6dae42f8-4368-4678-94ff-3960e28e3630/.default";

/// What a sandbox is shown in place of a token.
const SANDBOX_TOKEN: &str = "sandbox";

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AuthError {
    /// The credentials or addresses that are named cannot be used. Remedy: as the text says.
    #[error("{0}")]
    Unusable(String),
    /// Microsoft Entra ID, the managed identity service or the Azure CLI gave no token. Remedy: as the text says.
    #[error("{0}")]
    NoToken(String),
    /// An address that a token must not be sent to. Remedy: none; an answer of Azure's, or the state, named it.
    #[error("{0}")]
    Elsewhere(String),
}

/// Credentials, looked for when first used.
#[derive(Debug)]
pub(crate) struct Auth {
    source: Source,
}

/// Where tokens come from.
#[derive(Debug)]
enum Source {
    Sandbox(Url),
    Azure(Box<Azure>),
}

#[derive(Debug)]
struct Azure {
    settings: AzureSettings,
    means: Means,
    pipeline: Pipeline,
    addresses: OnceCell<Addresses>,
    tokens: OnceCell<Tokens>,
}

/// The credentials of the tenant that is asked, and of the others.
#[derive(Debug)]
struct Tokens {
    own: Cached,
    /// For the Kubernetes APIs of clusters, in the same tenant.
    clusters: Cached,
    auxiliary: Vec<Cached>,
}

impl Auth {
    /// A token that is worth nothing, for a sandbox at this address.
    pub(crate) fn sandbox(base: Url) -> Self {
        Auth { source: Source::Sandbox(base) }
    }

    /// Credentials by the settings. Connects to nothing. `user_agent` is that of requests for tokens.
    pub(crate) fn azure(settings: &AzureSettings, user_agent: &str) -> Self {
        let means = Means {
            wire: Arc::new(Shared(HttpClient::new(user_agent, false))),
            nearby: Arc::new(Shared(HttpClient::new(user_agent, true))),
            executor: Arc::new(Command::default()),
        };
        Auth::with(settings, means)
    }

    fn with(settings: &AzureSettings, means: Means) -> Self {
        let pipeline = transport::pipeline(&means.wire);
        Auth {
            source: Source::Azure(Box::new(Azure {
                settings: settings.clone(),
                means,
                pipeline,
                addresses: OnceCell::new(),
                tokens: OnceCell::new(),
            })),
        }
    }

    /// The address of Azure Resource Manager. Only with `metadata_host` does this ask anything over the network, and
    /// that once.
    ///
    /// # Errors
    /// When the settings name no usable address.
    pub(crate) async fn resource_manager(&self) -> Result<Url, AuthError> {
        match &self.source {
            Source::Sandbox(base) => Ok(base.clone()),
            Source::Azure(azure) => Ok(azure.addresses().await?.resource_manager.clone()),
        }
    }

    /// The headers that prove who asks, for a request to `url`: `authorization`, and
    /// `x-ms-authorization-auxiliary` with auxiliary tenants.
    ///
    /// # Errors
    /// [`AuthError::Elsewhere`] when `url` is not on Azure Resource Manager, or not encrypted: the address of an
    /// operation comes from an answer, and a token goes nowhere else. The other two when there is no token.
    pub(crate) async fn headers(&self, url: &Url) -> Result<HeaderMap, AuthError> {
        let home = self.resource_manager().await?;
        if url.origin() != home.origin() || !is_private(url) {
            return Err(AuthError::Elsewhere(format!(
                "The address {} is not on {}, where Azure Resource Manager is, so the token is not sent there.",
                url.origin().ascii_serialization(),
                home.origin().ascii_serialization(),
            )));
        }
        match &self.source {
            Source::Sandbox(_) => headers(&Secret::new(SANDBOX_TOKEN), &[]),
            Source::Azure(azure) => {
                let scope = &azure.addresses().await?.scope;
                let tokens = azure.tokens().await?;
                let auxiliary = tokens.auxiliary.iter().map(|tenant| tenant.token(scope));
                headers(&tokens.own.token(scope).await?, &try_join_all(auxiliary).await?)
            }
        }
    }

    /// A token for the Kubernetes API of a cluster with Microsoft Entra ID.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) async fn cluster_token(&self) -> Result<String, AuthError> {
        let token = match &self.source {
            Source::Sandbox(_) => return Ok(SANDBOX_TOKEN.to_owned()),
            Source::Azure(azure) => azure.tokens().await?.clusters.token(CLUSTERS).await?,
        };
        Ok(token.secret().to_owned())
    }
}

impl Azure {
    async fn addresses(&self) -> Result<&Addresses, AuthError> {
        self.addresses.get_or_try_init(|| addresses::addresses(&self.settings, &self.pipeline)).await
    }

    async fn tokens(&self) -> Result<&Tokens, AuthError> {
        self.tokens
            .get_or_try_init(|| async {
                let addresses = self.addresses().await?;
                let Choice { chosen, passed_over } = chain::choose(&self.settings, &self.pipeline)?;
                let kind = chosen.kind();
                let cached = |tenant: Option<&str>| {
                    let credential = chain::credential(&chosen, tenant, addresses, &self.means)?;
                    Ok::<_, AuthError>(Cached::new(kind, passed_over, credential))
                };
                let tenants = &self.settings.auxiliary_tenant_ids;
                let auxiliary = if kind == Kind::ManagedIdentity && !tenants.is_empty() {
                    tracing::warn!("a managed identity has no tokens for auxiliary tenants");
                    Vec::new()
                } else {
                    tenants.iter().map(|tenant| cached(Some(tenant))).collect::<Result<_, _>>()?
                };
                let tenant = self.settings.tenant_id.as_deref();
                Ok(Tokens { own: cached(tenant)?, clusters: cached(tenant)?, auxiliary })
            })
            .await
    }
}

fn headers(own: &Secret, auxiliary: &[Secret]) -> Result<HeaderMap, AuthError> {
    let bearer = |token: &Secret| format!("Bearer {}", token.secret().trim());
    let value = |text: String| {
        let mut value = HeaderValue::from_str(&text).map_err(|_| {
            AuthError::NoToken(
                "The token that came holds characters that no token has, such as a line break.".to_owned(),
            )
        })?;
        value.set_sensitive(true);
        Ok(value)
    };
    let mut headers = HeaderMap::from_iter([(AUTHORIZATION, value(bearer(own))?)]);
    if !auxiliary.is_empty() {
        let all: Vec<String> = auxiliary.iter().map(bearer).collect();
        headers.insert(AUXILIARY, value(all.join(", "))?);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests;
