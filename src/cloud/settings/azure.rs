//! What AKS is reached with: the settings of hashicorp/azurerm.

use std::fmt;
use std::str::FromStr;

use super::is_true;

/// What Azure Resource Manager is reached with. Names and meanings are those of the provider hashicorp/azurerm, and
/// for the three addresses those of azure/azapi.
///
/// Its `Debug` output holds no secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AzureSettings {
    /// The version of the AKS API. azurerm has no such setting.
    pub api_version: ApiVersion,
    /// The subscription by which the Azure CLI chooses an account. Node pools are found by their cluster's id.
    pub subscription_id: Option<String>,
    /// The tenant that tokens are asked of.
    pub tenant_id: Option<String>,
    /// Further tenants, whose tokens go along with each request.
    pub auxiliary_tenant_ids: Vec<String>,
    /// The cloud: `public` (the default), `usgovernment` or `china`.
    pub environment: Option<String>,
    /// The host that tells a cloud's addresses; it wins over `environment`.
    pub metadata_host: Option<String>,
    /// Another address of Azure Resource Manager.
    pub resource_manager_endpoint: Option<String>,
    /// Another address that gives out tokens.
    pub active_directory_authority_host: Option<String>,
    /// What tokens are asked for, when it is not the cloud's own.
    pub resource_manager_audience: Option<String>,
    /// The application, or the user-assigned managed identity.
    pub client_id: Option<String>,
    /// The path of a file that holds it.
    pub client_id_file_path: Option<String>,
    /// The application's secret.
    pub client_secret: Option<String>,
    /// The path of a file that holds it.
    pub client_secret_file_path: Option<String>,
    /// The application's certificate and key: PKCS#12 in base64.
    pub client_certificate: Option<String>,
    /// The path of a PKCS#12 file.
    pub client_certificate_path: Option<String>,
    /// The password of either.
    pub client_certificate_password: Option<String>,
    /// Whether tokens of another issuer, which the application trusts, are used.
    pub use_oidc: Option<bool>,
    /// Such a token.
    pub oidc_token: Option<String>,
    /// The path of a file that holds it, read each time a token is asked for.
    pub oidc_token_file_path: Option<String>,
    /// What proves to `oidc_request_url` who asks.
    pub oidc_request_token: Option<String>,
    /// Where GitHub Actions or Azure Pipelines give out such a token.
    pub oidc_request_url: Option<String>,
    /// The service connection, in Azure Pipelines.
    pub ado_pipeline_service_connection_id: Option<String>,
    /// Whether the workload identity of the pod is used.
    pub use_aks_workload_identity: Option<bool>,
    /// The path of the pod's token. It comes from the environment alone.
    pub workload_identity_token_file_path: Option<String>,
    /// Whether the managed identity of the machine is used.
    pub use_msi: Option<bool>,
    /// Another address of the service that gives out its tokens.
    pub msi_endpoint: Option<String>,
    /// The version of that service's API.
    pub msi_api_version: Option<String>,
    /// Whether the Azure CLI is asked when nothing else is set; it is by default.
    pub use_cli: Option<bool>,
    /// A partner id, for the user agent.
    pub partner_id: Option<String>,
    /// Whether the header that ties the requests of one run together is left out.
    pub disable_correlation_request_id: Option<bool>,
}

/// A version of the AKS API (source: the azure-mgmt-containerservice packages 41.8.0 and 41.9.0b1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ApiVersion {
    /// 2026-08-01, the newest stable one.
    #[default]
    Stable,
    /// 2026-08-02-preview, with fields that the stable one lacks.
    Preview,
}

impl ApiVersion {
    /// What the provider block may say.
    pub const ALL: &'static [&'static str] = &["2026-08-01", "2026-08-02-preview"];

    /// The version as it stands in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            ApiVersion::Stable => "2026-08-01",
            ApiVersion::Preview => "2026-08-02-preview",
        }
    }
}

/// A text that is no version of the AKS API that this provider speaks. Remedy: one of [`ApiVersion::ALL`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no version of the AKS API that this provider speaks: {all}", all = ApiVersion::ALL.join(", "))]
pub struct UnknownApiVersion(String);

impl FromStr for ApiVersion {
    type Err = UnknownApiVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [ApiVersion::Stable, ApiVersion::Preview]
            .into_iter()
            .find(|version| version.as_str() == text)
            .ok_or_else(|| UnknownApiVersion(text.to_owned()))
    }
}

impl fmt::Debug for AzureSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = |value: &Option<String>| value.as_ref().map(|_| "(hidden)");
        f.debug_struct("AzureSettings")
            .field("api_version", &self.api_version)
            .field("subscription_id", &self.subscription_id)
            .field("tenant_id", &self.tenant_id)
            .field("auxiliary_tenant_ids", &self.auxiliary_tenant_ids)
            .field("environment", &self.environment)
            .field("metadata_host", &self.metadata_host)
            .field("resource_manager_endpoint", &self.resource_manager_endpoint)
            .field("active_directory_authority_host", &self.active_directory_authority_host)
            .field("resource_manager_audience", &self.resource_manager_audience)
            .field("client_id", &self.client_id)
            .field("client_id_file_path", &self.client_id_file_path)
            .field("client_secret", &hidden(&self.client_secret))
            .field("client_secret_file_path", &self.client_secret_file_path)
            .field("client_certificate", &hidden(&self.client_certificate))
            .field("client_certificate_path", &self.client_certificate_path)
            .field("client_certificate_password", &hidden(&self.client_certificate_password))
            .field("use_oidc", &self.use_oidc)
            .field("oidc_token", &hidden(&self.oidc_token))
            .field("oidc_token_file_path", &self.oidc_token_file_path)
            .field("oidc_request_token", &hidden(&self.oidc_request_token))
            .field("oidc_request_url", &self.oidc_request_url)
            .field("ado_pipeline_service_connection_id", &self.ado_pipeline_service_connection_id)
            .field("use_aks_workload_identity", &self.use_aks_workload_identity)
            .field("workload_identity_token_file_path", &self.workload_identity_token_file_path)
            .field("use_msi", &self.use_msi)
            .field("msi_endpoint", &self.msi_endpoint)
            .field("msi_api_version", &self.msi_api_version)
            .field("use_cli", &self.use_cli)
            .field("partner_id", &self.partner_id)
            .field("disable_correlation_request_id", &self.disable_correlation_request_id)
            .finish()
    }
}

impl AzureSettings {
    /// These settings, with what they leave open taken from the variables that hashicorp/azurerm reads.
    ///
    /// Written credentials keep those of other kinds out: a secret left over in a shell must not win over
    /// `use_oidc = true` in the configuration. Who is meant, and where, is completed all the same. A token of another
    /// issuer that is written is meant to be used; one in the environment only counts with `use_oidc`, as in azurerm.
    #[must_use]
    pub fn completed(mut self, variable: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: &[&str]| names.iter().find_map(|name| variable(name).filter(|it| !it.is_empty()));
        let complete = |value: &mut Option<String>, names: &[&str]| {
            if value.is_none() {
                *value = first(names);
            }
        };
        let complete_switch = |value: &mut Option<bool>, name: &str| {
            if value.is_none() {
                *value = first(&[name]).map(|text| is_true(&text));
            }
        };
        let wants = self.wants();
        if self.use_oidc.is_none() && self.has_federation() {
            self.use_oidc = Some(true);
        }
        if wants.certificate {
            if self.client_certificate.is_none() && self.client_certificate_path.is_none() {
                self.client_certificate = first(&["ARM_CLIENT_CERTIFICATE"]);
                self.client_certificate_path = first(&["ARM_CLIENT_CERTIFICATE_PATH"]);
            }
            complete(&mut self.client_certificate_password, &["ARM_CLIENT_CERTIFICATE_PASSWORD"]);
        }
        if wants.secret && self.client_secret.is_none() && self.client_secret_file_path.is_none() {
            self.client_secret = first(&["ARM_CLIENT_SECRET"]);
            self.client_secret_file_path = first(&["ARM_CLIENT_SECRET_FILE_PATH"]);
        }
        if wants.federation {
            complete_switch(&mut self.use_oidc, "ARM_USE_OIDC");
            complete_switch(&mut self.use_aks_workload_identity, "ARM_USE_AKS_WORKLOAD_IDENTITY");
            if self.oidc_token.is_none() && self.oidc_token_file_path.is_none() {
                self.oidc_token = first(&["ARM_OIDC_TOKEN"]);
                self.oidc_token_file_path = first(&["ARM_OIDC_TOKEN_FILE_PATH"]);
            }
            complete(
                &mut self.oidc_request_token,
                &["ARM_OIDC_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SYSTEM_ACCESSTOKEN"],
            );
            complete(
                &mut self.oidc_request_url,
                &["ARM_OIDC_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_URL", "SYSTEM_OIDCREQUESTURI"],
            );
            complete(
                &mut self.ado_pipeline_service_connection_id,
                &["ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID", "ARM_OIDC_AZURE_SERVICE_CONNECTION_ID"],
            );
        }
        if wants.managed_identity {
            complete_switch(&mut self.use_msi, "ARM_USE_MSI");
            complete(&mut self.msi_endpoint, &["ARM_MSI_ENDPOINT"]);
            complete(&mut self.msi_api_version, &["ARM_MSI_API_VERSION"]);
        }
        complete_switch(&mut self.use_cli, "ARM_USE_CLI");
        if self.client_id.is_none() && self.client_id_file_path.is_none() {
            self.client_id = first(&["ARM_CLIENT_ID"]);
            self.client_id_file_path = first(&["ARM_CLIENT_ID_FILE_PATH"]);
        }
        complete(&mut self.tenant_id, &["ARM_TENANT_ID"]);
        if self.use_aks_workload_identity == Some(true) {
            // The names by which the workload identity webhook tells a pod who it is.
            if self.client_id_file_path.is_none() {
                complete(&mut self.client_id, &["AZURE_CLIENT_ID"]);
            }
            complete(&mut self.tenant_id, &["AZURE_TENANT_ID"]);
            complete(&mut self.workload_identity_token_file_path, &["AZURE_FEDERATED_TOKEN_FILE"]);
        }
        if self.auxiliary_tenant_ids.is_empty() {
            let tenants = first(&["ARM_AUXILIARY_TENANT_IDS"]).unwrap_or_default();
            let named = tenants.split(';').map(str::trim).filter(|tenant| !tenant.is_empty());
            self.auxiliary_tenant_ids = named.map(str::to_owned).collect();
        }
        complete(&mut self.subscription_id, &["ARM_SUBSCRIPTION_ID"]);
        if self.metadata_host.is_none() && self.environment.is_none() {
            self.environment = first(&["ARM_ENVIRONMENT"]);
            self.metadata_host = first(&["ARM_METADATA_HOSTNAME"]);
        }
        complete(&mut self.resource_manager_endpoint, &["ARM_RESOURCE_MANAGER_ENDPOINT"]);
        complete(&mut self.active_directory_authority_host, &["ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST"]);
        complete(&mut self.resource_manager_audience, &["ARM_RESOURCE_MANAGER_AUDIENCE"]);
        complete(&mut self.partner_id, &["ARM_PARTNER_ID"]);
        complete_switch(&mut self.disable_correlation_request_id, "ARM_DISABLE_CORRELATION_REQUEST_ID");
        self
    }

    /// The kinds of credentials that are written, or all of them when none is.
    fn wants(&self) -> Wants {
        let any = |values: &[&Option<String>]| values.iter().any(|value| value.is_some());
        let written = Wants {
            certificate: any(&[&self.client_certificate, &self.client_certificate_path]),
            secret: any(&[&self.client_secret, &self.client_secret_file_path]),
            federation: self.use_oidc == Some(true)
                || self.use_aks_workload_identity == Some(true)
                || self.has_federation(),
            managed_identity: self.use_msi == Some(true) || any(&[&self.msi_endpoint]),
        };
        if written == Wants::default() {
            Wants { certificate: true, secret: true, federation: true, managed_identity: true }
        } else {
            written
        }
    }

    /// Whether a token of another issuer, or where to ask for one, is set.
    fn has_federation(&self) -> bool {
        let values = [
            &self.oidc_token,
            &self.oidc_token_file_path,
            &self.oidc_request_token,
            &self.oidc_request_url,
            &self.ado_pipeline_service_connection_id,
        ];
        values.iter().any(|value| value.is_some())
    }

    /// The user agent of requests to Azure, which counts them to a partner.
    pub fn user_agent(&self, common: &str) -> String {
        match &self.partner_id {
            Some(id) if id.starts_with("pid-") => format!("{common} {id}"),
            Some(id) => format!("{common} pid-{id}"),
            None => common.to_owned(),
        }
    }
}

/// Which kinds of credentials the environment may complete.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Wants {
    certificate: bool,
    secret: bool,
    federation: bool,
    managed_identity: bool,
}

#[cfg(test)]
mod tests;
