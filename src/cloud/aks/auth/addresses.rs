//! Where a cloud's tokens come from and go to.

use azure_core::http::{Method, Pipeline, PipelineSendOptions, Request};
use serde::Deserialize;
use url::Url;

use super::AuthError;
use super::explain::words;
use crate::cloud::settings::{AzureSettings, is_private};

/// The addresses of one of Microsoft's clouds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Addresses {
    /// Gives out tokens. Always encrypted: the library that asks for tokens refuses anything else.
    pub(super) authority: Url,
    /// Azure Resource Manager.
    pub(super) resource_manager: Url,
    /// What tokens are asked for.
    pub(super) scope: String,
}

/// The addresses of a cloud by its name in azurerm (source: the cloud settings of azurerm and of the Azure SDKs).
fn by_name(name: &str) -> Option<Addresses> {
    let (authority, resource_manager) = match name.to_ascii_lowercase().as_str() {
        "public" => ("https://login.microsoftonline.com/", "https://management.azure.com/"),
        "usgovernment" => ("https://login.microsoftonline.us/", "https://management.usgovcloudapi.net/"),
        "china" => ("https://login.chinacloudapi.cn/", "https://management.chinacloudapi.cn/"),
        _ => return None,
    };
    Some(Addresses {
        authority: Url::parse(authority).ok()?,
        resource_manager: Url::parse(resource_manager).ok()?,
        scope: scope(resource_manager.trim_end_matches('/')),
    })
}

fn scope(audience: &str) -> String {
    format!("{audience}/.default")
}

/// The addresses that the settings name. Only `metadata_host` has to be asked for them.
pub(super) async fn addresses(settings: &AzureSettings, pipeline: &Pipeline) -> Result<Addresses, AuthError> {
    let mut found = match &settings.metadata_host {
        Some(host) => by_metadata(host, pipeline).await?,
        None => {
            let name = settings.environment.as_deref().unwrap_or("public");
            by_name(name).ok_or_else(|| {
                AuthError::Unusable(format!(
                    "The environment {name:?} is no cloud of Microsoft's. Set azure.environment (or ARM_ENVIRONMENT) to \
                     public, usgovernment or china; for any other cloud set azure.metadata_host."
                ))
            })?
        }
    };
    if let Some(text) = &settings.resource_manager_endpoint {
        found.resource_manager = written("resource_manager_endpoint", text)?;
    }
    if let Some(text) = &settings.active_directory_authority_host {
        found.authority = written("active_directory_authority_host", text)?;
        if found.authority.scheme() != "https" {
            return Err(unencrypted("active_directory_authority_host", text));
        }
    }
    if let Some(audience) = &settings.resource_manager_audience {
        found.scope = scope(audience);
    }
    Ok(found)
}

/// An address of the settings that secrets are sent to.
pub(super) fn written(setting: &str, text: &str) -> Result<Url, AuthError> {
    let url = Url::parse(text).ok().filter(Url::has_host).ok_or_else(|| {
        AuthError::Unusable(format!(
            "azure.{setting} is {text:?}, which is no address. Write one such as \"https://management.azure.com/\"."
        ))
    })?;
    if is_private(&url) { Ok(url) } else { Err(unencrypted(setting, text)) }
}

fn unencrypted(setting: &str, text: &str) -> AuthError {
    AuthError::Unusable(format!(
        "azure.{setting} is {text:?}: secrets would be sent there unencrypted. Write an address that begins with \
         https://."
    ))
}

/// What a cloud tells about itself (source: the metadata endpoint of Azure Resource Manager, version 2022-09-01).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    authentication: Authentication,
    resource_manager: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authentication {
    login_endpoint: String,
    #[serde(default)]
    audiences: Vec<String>,
    #[serde(default)]
    identity_provider: Option<String>,
}

async fn by_metadata(host: &str, pipeline: &Pipeline) -> Result<Addresses, AuthError> {
    let unusable = |why: &str| {
        AuthError::Unusable(format!(
            "The host {host:?} does not tell the addresses of its cloud: {why}. azure.metadata_host (or \
             ARM_METADATA_HOSTNAME) is the host of Azure Resource Manager, such as management.azure.com."
        ))
    };
    let url = Url::parse(&format!("https://{host}/metadata/endpoints?api-version=2022-09-01"))
        .map_err(|_| unusable("it is no name of a host"))?;
    let mut request = Request::new(url, Method::Get);
    let options = PipelineSendOptions { skip_checks: true, ..PipelineSendOptions::default() };
    let answer = pipeline
        .send(&azure_core::http::Context::new(), &mut request, Some(options))
        .await
        .map_err(|error| unusable(&words(&error)))?;
    if !answer.status().is_success() {
        return Err(unusable(&format!("it answers HTTP {}", u16::from(answer.status()))));
    }
    let metadata: Metadata =
        answer.body().json().map_err(|error| unusable(&format!("its answer is not understood: {error}")))?;
    if metadata.authentication.identity_provider.as_deref().is_some_and(|it| !it.eq_ignore_ascii_case("AAD"))
    {
        return Err(unusable(
            "its identities are not those of Microsoft Entra ID, which this provider needs",
        ));
    }
    let https = |text: &str| Url::parse(text).ok().filter(|url| url.scheme() == "https" && url.has_host());
    let resource_manager = https(&metadata.resource_manager)
        .ok_or_else(|| unusable("the address of Azure Resource Manager in its answer is not https"))?;
    let authority = https(&metadata.authentication.login_endpoint)
        .ok_or_else(|| unusable("the address for tokens in its answer is not https"))?;
    let bare = |text: &str| text.trim_end_matches('/').to_owned();
    let audiences = &metadata.authentication.audiences;
    let audience = audiences
        .iter()
        .find(|audience| bare(audience) == bare(&metadata.resource_manager))
        .map(|audience| bare(audience))
        .or_else(|| audiences.first().cloned())
        .ok_or_else(|| unusable("it names no audience for tokens"))?;
    Ok(Addresses { authority, resource_manager, scope: scope(&audience) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clouds_of_microsoft() {
        let scopes = ["public", "USGovernment", "china"].map(|name| by_name(name).unwrap().scope);
        assert_eq!(
            scopes,
            [
                "https://management.azure.com/.default",
                "https://management.usgovcloudapi.net/.default",
                "https://management.chinacloudapi.cn/.default",
            ]
        );
        assert_eq!(by_name("german"), None);
    }
}
