//! What the provider block says about Azure.

use super::address::private;
use crate::cloud::{ApiVersion, AzureSettings};
use crate::tfplugin::schema::Validator;
use crate::tfplugin::{Attribute, AttributePath, Diagnostic, Diagnostics, Type, Value};

/// An address, for messages.
const EXAMPLE: &str = "https://management.azure.com/";

/// The clouds that azurerm knows by name.
const ENVIRONMENTS: &[&str] = &["public", "usgovernment", "china"];

/// Texts, in the order in which they are documented: name, whether it is a secret, what it is.
const TEXTS: &[(&str, bool, &str)] = &[
    ("tenant_id", false, "The tenant that tokens are asked of. Else ARM_TENANT_ID."),
    (
        "subscription_id",
        false,
        "The subscription by which the Azure CLI chooses an account where `tenant_id` is not set. A pool's own \
         subscription is that of its `cluster_id`. Else ARM_SUBSCRIPTION_ID.",
    ),
    (
        "client_id",
        false,
        "The application, or with `use_msi` the user-assigned identity. Else ARM_CLIENT_ID.",
    ),
    ("client_id_file_path", false, "The path of a file that holds it. Else ARM_CLIENT_ID_FILE_PATH."),
    ("client_secret", true, "The application's secret. Else ARM_CLIENT_SECRET."),
    ("client_secret_file_path", false, "The path of a file that holds it. Else ARM_CLIENT_SECRET_FILE_PATH."),
    (
        "client_certificate",
        true,
        "The application's certificate with its RSA key: PKCS#12 in base64. Else ARM_CLIENT_CERTIFICATE.",
    ),
    ("client_certificate_path", false, "The path of a PKCS#12 file. Else ARM_CLIENT_CERTIFICATE_PATH."),
    ("client_certificate_password", true, "The password of either. Else ARM_CLIENT_CERTIFICATE_PASSWORD."),
    (
        "oidc_token",
        true,
        "A token of another issuer that the application trusts. Else ARM_OIDC_TOKEN, with `use_oidc`.",
    ),
    (
        "oidc_token_file_path",
        false,
        "The path of a file that holds it, read anew each time. Else ARM_OIDC_TOKEN_FILE_PATH, with `use_oidc`.",
    ),
    (
        "oidc_request_url",
        false,
        "Where GitHub Actions or Azure Pipelines give out such a token. Else ARM_OIDC_REQUEST_URL, \
         ACTIONS_ID_TOKEN_REQUEST_URL or SYSTEM_OIDCREQUESTURI, with `use_oidc`.",
    ),
    (
        "oidc_request_token",
        true,
        "What proves there who asks. Else ARM_OIDC_REQUEST_TOKEN, ACTIONS_ID_TOKEN_REQUEST_TOKEN or \
         SYSTEM_ACCESSTOKEN, with `use_oidc`.",
    ),
    (
        "ado_pipeline_service_connection_id",
        false,
        "The service connection, in Azure Pipelines. Else ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID or \
         ARM_OIDC_AZURE_SERVICE_CONNECTION_ID.",
    ),
    ("msi_endpoint", false, "Another address of the managed identity service. Else ARM_MSI_ENDPOINT."),
    ("msi_api_version", false, "The version of that service's API. Else ARM_MSI_API_VERSION."),
    ("partner_id", false, "A partner's id, which requests carry in their user agent. Else ARM_PARTNER_ID."),
];

/// Switches: name, what it is.
const SWITCHES: &[(&str, &str)] = &[
    (
        "use_oidc",
        "Whether a token of another issuer is used. Else ARM_USE_OIDC; without either it is used when it is written \
         here.",
    ),
    (
        "use_aks_workload_identity",
        "Whether the workload identity of the pod that Terraform runs in is used. Else ARM_USE_AKS_WORKLOAD_IDENTITY.",
    ),
    ("use_msi", "Whether the managed identity of the machine is used. Else ARM_USE_MSI."),
    (
        "use_cli",
        "Whether the Azure CLI is asked when nothing else is set. Else ARM_USE_CLI; without either it is.",
    ),
    (
        "disable_correlation_request_id",
        "Whether the header that ties together the requests of one run is left out. Else \
         ARM_DISABLE_CORRELATION_REQUEST_ID.",
    ),
];

/// What cannot be written side by side, since one would silently win.
const EITHER: &[(&str, &str)] = &[
    ("client_id", "client_id_file_path"),
    ("client_secret", "client_secret_file_path"),
    ("client_certificate", "client_certificate_path"),
    ("oidc_token", "oidc_token_file_path"),
    ("oidc_token", "oidc_request_url"),
    ("oidc_token_file_path", "oidc_request_url"),
    ("client_certificate", "client_secret"),
    ("client_certificate_path", "client_secret"),
    ("client_certificate", "client_secret_file_path"),
    ("client_certificate_path", "client_secret_file_path"),
    ("environment", "metadata_host"),
];

/// What a credential that is written makes of a switch that is written as false beside it.
const SWITCHED_OFF: &[(&str, &[&str])] = &[
    (
        "use_oidc",
        &["oidc_token", "oidc_token_file_path", "oidc_request_url", "ado_pipeline_service_connection_id"],
    ),
    ("use_msi", &["msi_endpoint"]),
];

/// The attribute `azure`.
pub(super) fn attribute() -> Attribute {
    let mut attributes = vec![
        Attribute::string("api_version").optional().validate(Validator::one_of(ApiVersion::ALL)).describe(
            "The version of the AKS API: \"2026-08-01\", the default, or \"2026-08-02-preview\", which changes how pools \
             with `aks.gpu_stack = \"managed\"` are sent. Every pool of the provider is read and written with it.",
        ),
        Attribute::string("environment").optional().validate(Validator::one_of(ENVIRONMENTS)).describe(
            "The cloud: \"public\", the default, \"usgovernment\" or \"china\". Else ARM_ENVIRONMENT.",
        ),
        Attribute::string("metadata_host").optional().validate(host()).describe(
            "The host that tells the addresses of any other cloud. Else ARM_METADATA_HOSTNAME.",
        ),
        address("resource_manager_endpoint", false).describe(
            "Another address of Azure Resource Manager. Else ARM_RESOURCE_MANAGER_ENDPOINT.",
        ),
        address("active_directory_authority_host", true).describe(
            "Another address that gives out tokens. Else ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST.",
        ),
        Attribute::string("resource_manager_audience").optional().describe(
            "What tokens are asked for, when it is not the cloud's own. Else ARM_RESOURCE_MANAGER_AUDIENCE.",
        ),
        Attribute::list("auxiliary_tenant_ids", Type::String).optional().describe(
            "Further tenants, for resources of theirs that a pool refers to, such as a subnet. Else \
             ARM_AUXILIARY_TENANT_IDS, separated by semicolons.",
        ),
    ];
    attributes.extend(TEXTS.iter().map(|(name, secret, description)| {
        let attribute = Attribute::string(*name).optional().describe(*description);
        let attribute = match *name {
            "oidc_request_url" => attribute.validate(private("an address", EXAMPLE, false)),
            "partner_id" => attribute.validate(partner()),
            _ => attribute,
        };
        if *secret { attribute.sensitive() } else { attribute }
    }));
    attributes.extend(
        SWITCHES.iter().map(|(name, description)| Attribute::bool(*name).optional().describe(*description)),
    );
    Attribute::object("azure", attributes)
        .optional()
        .describe("Credentials and addresses for AKS, with the names that the azurerm provider uses.")
}

fn address(name: &str, encrypted: bool) -> Attribute {
    Attribute::string(name).optional().validate(private(
        "an address such as \"https://management.azure.com/\"",
        EXAMPLE,
        encrypted,
    ))
}

fn host() -> Validator {
    Validator::new("the name of a host", |value| match value.as_str() {
        Some(text) if text.is_empty() || text.contains(['/', '?', '#', '@', ' ']) => Err(format!(
            "{text:?} is not the name of a host. Write one such as \"management.local.azurestack.external\", without \
             https:// before it."
        )),
        _ => Ok(()),
    })
}

fn partner() -> Validator {
    Validator::new("a UUID", |value| match value.as_str() {
        Some(text)
            if !is_uuid(text.strip_prefix("pid-").unwrap_or(text).trim_end_matches("-partnercenter")) =>
        {
            Err(format!(
                "{text:?} is no partner id: a UUID such as \"00000000-0000-0000-0000-000000000000\"."
            ))
        }
        _ => Ok(()),
    })
}

fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    lengths && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

/// Judges what is written together.
pub(super) fn validate(azure: &Value, diagnostics: &mut Diagnostics) {
    let path = |name: &str| AttributePath::parse("azure").attribute(name);
    // An unknown value is not null, but it may become null.
    let written = |name: &str| !azure.lookup(name).is_null() && !azure.lookup(name).is_unknown();
    for (one, other) in EITHER {
        if written(one) && written(other) {
            diagnostics.push(
                Diagnostic::error(
                    format!("azure.{one} and azure.{other} exclude each other"),
                    format!(
                        "Both are set, and only one of them can be used. Remove azure.{one} or azure.{other}."
                    ),
                )
                .at(path(other)),
            );
        }
    }
    for (switch, names) in SWITCHED_OFF {
        let off = azure.lookup(switch).as_bool() == Some(false);
        for name in names.iter().filter(|name| off && written(name)) {
            diagnostics.push(
                Diagnostic::error(
                    format!("azure.{name} is not used while azure.{switch} is false"),
                    format!("Set azure.{switch} to true, or remove azure.{name}."),
                )
                .at(path(name)),
            );
        }
    }
}

/// What the block says.
pub(super) fn settings(azure: &Value) -> AzureSettings {
    let text = |name: &str| azure.lookup(name).as_str().map(str::to_owned);
    let switch = |name: &str| azure.lookup(name).as_bool();
    let tenants = azure.lookup("auxiliary_tenant_ids");
    AzureSettings {
        // The validator has let nothing else through.
        api_version: text("api_version").and_then(|text| text.parse().ok()).unwrap_or_default(),
        subscription_id: text("subscription_id"),
        tenant_id: text("tenant_id"),
        auxiliary_tenant_ids: tenants
            .as_elements()
            .unwrap_or_default()
            .iter()
            .filter_map(|tenant| tenant.as_str().map(str::to_owned))
            .collect(),
        environment: text("environment"),
        metadata_host: text("metadata_host"),
        resource_manager_endpoint: text("resource_manager_endpoint"),
        active_directory_authority_host: text("active_directory_authority_host"),
        resource_manager_audience: text("resource_manager_audience"),
        client_id: text("client_id"),
        client_id_file_path: text("client_id_file_path"),
        client_secret: text("client_secret"),
        client_secret_file_path: text("client_secret_file_path"),
        client_certificate: text("client_certificate"),
        client_certificate_path: text("client_certificate_path"),
        client_certificate_password: text("client_certificate_password"),
        use_oidc: switch("use_oidc"),
        oidc_token: text("oidc_token"),
        oidc_token_file_path: text("oidc_token_file_path"),
        oidc_request_token: text("oidc_request_token"),
        oidc_request_url: text("oidc_request_url"),
        ado_pipeline_service_connection_id: text("ado_pipeline_service_connection_id"),
        use_aks_workload_identity: switch("use_aks_workload_identity"),
        workload_identity_token_file_path: None,
        use_msi: switch("use_msi"),
        msi_endpoint: text("msi_endpoint"),
        msi_api_version: text("msi_api_version"),
        use_cli: switch("use_cli"),
        partner_id: text("partner_id"),
        disable_correlation_request_id: switch("disable_correlation_request_id"),
    }
}

#[cfg(test)]
mod tests;
