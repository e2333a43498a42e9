//! What is wrong with credentials, and how to mend it.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::AuthError;

/// The kinds of credentials, in the order in which azurerm tries them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Certificate,
    Secret,
    OidcToken,
    AzureDevOps,
    GitHub,
    WorkloadIdentity,
    ManagedIdentity,
    Cli,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Certificate => {
                "the client certificate (azure.client_certificate or client_certificate_path, or the variables \
                 ARM_CLIENT_CERTIFICATE or ARM_CLIENT_CERTIFICATE_PATH)"
            }
            Kind::Secret => {
                "the client secret (azure.client_secret or client_secret_file_path, or the variables \
                 ARM_CLIENT_SECRET or ARM_CLIENT_SECRET_FILE_PATH)"
            }
            Kind::OidcToken => {
                "the OIDC token (azure.oidc_token or oidc_token_file_path, or the variables ARM_OIDC_TOKEN or \
                 ARM_OIDC_TOKEN_FILE_PATH)"
            }
            Kind::AzureDevOps => {
                "a token of Azure Pipelines for the service connection (azure.ado_pipeline_service_connection_id or \
                 ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID)"
            }
            Kind::GitHub => {
                "a token of GitHub Actions (azure.oidc_request_url and oidc_request_token, or \
                 ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN)"
            }
            Kind::WorkloadIdentity => {
                "the pod's workload identity (azure.use_aks_workload_identity or ARM_USE_AKS_WORKLOAD_IDENTITY)"
            }
            Kind::ManagedIdentity => "the machine's managed identity (azure.use_msi or ARM_USE_MSI)",
            Kind::Cli => "the Azure CLI",
        })
    }
}

/// What can be set in place of credentials that do not work.
const WAYS: &str = "The ways to log in: `az login`; azure.client_id and tenant_id with client_secret, \
                    client_certificate_path, or use_oidc = true; azure.use_msi = true on a machine of Azure; or the \
                    ARM_ variables that azurerm reads.";

/// Credentials of this kind gave no token. `passed_over` tells which others were meant, and why they were not used.
pub(super) fn no_token(kind: Kind, passed_over: Option<&str>, error: &azure_core::Error) -> AuthError {
    let said = words(error);
    let text = format!("No token for Azure by {kind}: {} {}", sentence(&said), remedy(kind, &said));
    AuthError::NoToken(followed(text, passed_over))
}

/// Credentials of this kind did not answer.
pub(super) fn too_slow(kind: Kind, passed_over: Option<&str>, after: Duration) -> AuthError {
    let seconds = after.as_secs();
    let text = format!("No token for Azure came by {kind} within {seconds} seconds. {}", remedy(kind, ""));
    AuthError::NoToken(followed(text, passed_over))
}

fn followed(text: String, by: Option<&str>) -> String {
    match by {
        Some(more) => format!("{text} {more}"),
        None => text,
    }
}

/// A token of another issuer was meant, and there is none.
pub(super) const NO_ISSUER: &str = "azure.use_oidc (or ARM_USE_OIDC) is true, but there is neither a token nor the \
                                    two values to ask for one with. In GitHub Actions the job needs `permissions: \
                                    id-token: write`; in Azure Pipelines the step needs `env: SYSTEM_ACCESSTOKEN: \
                                    $(System.AccessToken)`; elsewhere set azure.oidc_token_file_path.";

/// No kind of credentials has what it needs.
pub(super) fn none_left() -> AuthError {
    AuthError::Unusable(format!(
        "There are no credentials for Azure: none are set, and azure.use_cli (or ARM_USE_CLI) is false. {WAYS}"
    ))
}

/// Credentials are there, and what says whose they are is not.
pub(super) fn incomplete(kind: Kind, missing: &[&str]) -> AuthError {
    let spelt = |name: &&str| match *name {
        // Azure Pipelines give it to a step that asks for it, and to no other.
        "oidc_request_token" => {
            "azure.oidc_request_token (or ARM_OIDC_REQUEST_TOKEN; in Azure Pipelines `env: \
                                 SYSTEM_ACCESSTOKEN: $(System.AccessToken)` at the step)"
                .to_owned()
        }
        name => format!("azure.{name} (or ARM_{})", name.to_ascii_uppercase()),
    };
    let names: Vec<String> = missing.iter().map(spelt).collect();
    AuthError::Unusable(format!(
        "{} cannot be used without {}. Set what is missing, or take the rest away.",
        capitalised(&kind.to_string()),
        names.join(" and ")
    ))
}

/// What an error of the library says, without its own frame and its links.
pub(super) fn words(error: &azure_core::Error) -> String {
    let mut text = frameless(&error.to_string());
    let mut source = error.source();
    while let Some(cause) = source {
        let said = frameless(&cause.to_string());
        if !said.is_empty() && !text.contains(&said) {
            text = if text.is_empty() { said } else { format!("{text}: {said}") };
        }
        source = cause.source();
    }
    text
}

/// Frames of the library: what they say is said by the sentence around them, or nothing.
const FRAMES: &[&str] = &[
    "retry policy expired and the request will no longer be retried",
    "non-transport error occurred which will not be retried",
];

fn frameless(text: &str) -> String {
    let text = text.split("\nTo troubleshoot, visit").next().unwrap_or_default();
    let text = text.split_once("Credential authentication failed.").map_or(text, |(_, rest)| rest);
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for frame in FRAMES {
        text = text.replace(frame, "");
    }
    text.trim_matches([' ', ':']).to_owned()
}

/// Sources: Microsoft Entra authentication and authorization error codes; the Azure CLI's own messages.
fn remedy(kind: Kind, said: &str) -> String {
    let says = |text: &str| said.contains(text);
    let federation = "The token's issuer, subject and audience must equal those of a federated credential of the \
                      application; the audience is api://AzureADTokenExchange.";
    let specific = if kind != Kind::ManagedIdentity
        && (says("no connection to") || says("broke before an answer"))
    {
        "Check the network from here to that host, and the proxy (HTTPS_PROXY, NO_PROXY) where there is one."
    } else if says("AADSTS700016") || says("AADSTS90002") || says("AADSTS900023") {
        "Check azure.client_id and azure.tenant_id (or ARM_CLIENT_ID and ARM_TENANT_ID): the application must be in \
         that tenant, and the tenant in azure.environment."
    } else if says("AADSTS7000222") {
        "Make a new secret for the application: this one has expired."
    } else if says("AADSTS7000215") {
        "Use the secret's value, which Azure shows only when the secret is made, and not the secret's ID."
    } else if says("AADSTS700027") {
        "Upload the certificate to the application that azure.client_id names."
    } else if says("AADSTS70021") || says("AADSTS700211") || says("AADSTS700212") || says("AADSTS700213") {
        federation
    } else if says("AADSTS700024") || says("AADSTS700082") && kind != Kind::Cli {
        "The token that proves who asks has expired. Azure takes one that is at most an hour old: set \
         azure.oidc_token_file_path, which is read anew each time, or let the job ask for its own."
    } else {
        match kind {
            Kind::Cli if says("not found on PATH") => {
                "Install the Azure CLI and run `az login`, or use other credentials."
            }
            Kind::Cli
                if says("az login") || says("AADSTS50") || says("AADSTS700082") || says("AADSTS70043") =>
            {
                "Run `az login`, with `--tenant` where azure.tenant_id is set."
            }
            Kind::Cli if says("Subscription") || says("subscription") => {
                "`az account list` shows the subscriptions that this login sees. Set azure.subscription_id and \
                 azure.tenant_id (or ARM_SUBSCRIPTION_ID and ARM_TENANT_ID) to one of them, or run `az login --tenant` \
                 for the other tenant."
            }
            Kind::Cli => "Run `az account get-access-token` to see whether the login works.",
            Kind::ManagedIdentity => {
                "Only a machine of Azure with a managed identity has one, and azure.client_id (or ARM_CLIENT_ID) must \
                 name it where it is user-assigned. Elsewhere set azure.use_msi to false."
            }
            Kind::AzureDevOps => {
                "The step needs `env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)`, and the pipeline the right to use \
                 the service connection."
            }
            Kind::GitHub => {
                "The job needs `permissions: id-token: write`. In Azure Pipelines set \
                 azure.ado_pipeline_service_connection_id too."
            }
            Kind::OidcToken | Kind::WorkloadIdentity => federation,
            Kind::Certificate | Kind::Secret => {
                "Check azure.client_id, azure.tenant_id and azure.environment."
            }
        }
    };
    if kind == Kind::Cli { format!("{specific} {WAYS}") } else { specific.to_owned() }
}

/// The text with a full stop at its end.
pub(super) fn sentence(text: &str) -> String {
    let text = capitalised(text.trim());
    if text.ends_with(['.', '!', '?']) { text } else { format!("{text}.") }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
