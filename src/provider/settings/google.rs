//! What the provider block says about Google Cloud.

use crate::cloud::GoogleSettings;
use crate::tfplugin::{Attribute, Type, Value};

/// The attribute `google`.
pub(super) fn attribute() -> Attribute {
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

/// What it says.
pub(super) fn settings(google: &Value) -> GoogleSettings {
    let text = |name: &str| google.lookup(name).as_str().map(str::to_owned);
    GoogleSettings {
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
    }
}
