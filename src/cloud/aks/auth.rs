//! Azure credentials: which of them are used, the tokens they give, and who may see those.
//!
//! - `chain`: the first credentials whose inputs are complete, in azurerm's order.
//! - `places`: the addresses of the public, the US government's and China's cloud, and of others.
//! - `assertions`, `certificate`: what proves an application's identity in place of a secret.
//! - `transport`: the shared HTTP client under the library that speaks to Microsoft Entra ID.
//! - `cached`: one token for all callers at once.
//! - `explain`: what is wrong with credentials, and how to mend it.

use http::HeaderMap;
use url::Url;

use crate::cloud::settings::AzureSettings;

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AuthError {
    /// The credentials or addresses that are named cannot be used. Remedy: as the text says.
    #[error("{0}")]
    Unusable(String),
    /// Microsoft Entra ID, the managed identity service or the Azure CLI gave no token. Remedy: as the text says.
    #[error("{0}")]
    NoToken(String),
    /// An address that a token must not be sent to. Remedy: none; an answer of Azure named it.
    #[error("{0}")]
    Elsewhere(String),
}

/// Credentials, looked for when first used.
#[derive(Debug)]
pub(crate) struct Auth {
    _settings: Option<AzureSettings>,
}

impl Auth {
    /// A token that is worth nothing, for a sandbox at this address.
    pub(crate) fn sandbox(_base: Url) -> Self {
        todo!()
    }

    /// Credentials by the settings. `user_agent` is that of requests for tokens.
    pub(crate) fn azure(_settings: &AzureSettings, _user_agent: &str) -> Self {
        todo!()
    }

    /// The address of Azure Resource Manager. Only with `metadata_host` does this ask anything over the network, and
    /// that once.
    pub(crate) async fn resource_manager(&self) -> Result<Url, AuthError> {
        todo!()
    }

    /// The headers that prove who asks, for a request to `url`: `authorization`, and
    /// `x-ms-authorization-auxiliary` with auxiliary tenants.
    ///
    /// # Errors
    /// [`AuthError::Elsewhere`] when `url` is not on Azure Resource Manager, or not encrypted: the address of an
    /// operation comes from an answer, and a token goes nowhere else.
    pub(crate) async fn headers(&self, _url: &Url) -> Result<HeaderMap, AuthError> {
        todo!()
    }
}
