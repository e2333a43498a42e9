//! What GKE is reached with: the settings of hashicorp/google.

use std::fmt;

use super::is_true;

/// What Google's APIs are reached with. Names and meanings are those of the provider hashicorp/google.
///
/// Its `Debug` output holds no secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct GoogleSettings {
    /// A credentials file in JSON, or the path of one.
    pub credentials: Option<String>,
    /// An OAuth 2.0 access token, which is not refreshed. It wins over `credentials`.
    pub access_token: Option<String>,
    /// The service account to act as.
    pub impersonate_service_account: Option<String>,
    /// The chain of delegates on the way to it.
    pub impersonate_service_account_delegates: Vec<String>,
    /// The project that quota and API use are counted against, with `user_project_override`.
    pub billing_project: Option<String>,
    /// Whether requests name the project that they are counted against: `billing_project`, else the cluster's.
    pub user_project_override: Option<bool>,
    /// Another address of the GKE API, with or without a version at its end.
    pub container_custom_endpoint: Option<String>,
    /// Another address of the Compute Engine API, with or without `compute/v1` at its end.
    pub compute_custom_endpoint: Option<String>,
}

impl fmt::Debug for GoogleSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = |value: &Option<String>| value.as_ref().map(|_| "(hidden)");
        f.debug_struct("GoogleSettings")
            .field("credentials", &hidden(&self.credentials))
            .field("access_token", &hidden(&self.access_token))
            .field("impersonate_service_account", &self.impersonate_service_account)
            .field("impersonate_service_account_delegates", &self.impersonate_service_account_delegates)
            .field("billing_project", &self.billing_project)
            .field("user_project_override", &self.user_project_override)
            .field("container_custom_endpoint", &self.container_custom_endpoint)
            .field("compute_custom_endpoint", &self.compute_custom_endpoint)
            .finish()
    }
}

impl GoogleSettings {
    /// These settings, with what they leave open taken from the variables that hashicorp/google reads.
    ///
    /// Written credentials of either kind keep both kinds of the environment out: a token left over in a shell must
    /// not win over a file named in the configuration.
    #[must_use]
    pub fn completed(mut self, variable: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: &[&str]| names.iter().find_map(|name| variable(name).filter(|it| !it.is_empty()));
        if self.credentials.is_none() && self.access_token.is_none() {
            self.access_token = first(&["GOOGLE_OAUTH_ACCESS_TOKEN"]);
            self.credentials =
                first(&["GOOGLE_CREDENTIALS", "GOOGLE_CLOUD_KEYFILE_JSON", "GCLOUD_KEYFILE_JSON"]);
        }
        if let Some(rest) = self.credentials.as_deref().and_then(|path| path.strip_prefix("~/"))
            && let Some(home) = variable("HOME")
        {
            self.credentials = Some(format!("{home}/{rest}"));
        }
        let complete = |value: &mut Option<String>, name| {
            if value.is_none() {
                *value = first(&[name]);
            }
        };
        complete(&mut self.impersonate_service_account, "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT");
        complete(&mut self.billing_project, "GOOGLE_BILLING_PROJECT");
        complete(&mut self.container_custom_endpoint, "GOOGLE_CONTAINER_CUSTOM_ENDPOINT");
        complete(&mut self.compute_custom_endpoint, "GOOGLE_COMPUTE_CUSTOM_ENDPOINT");
        if self.user_project_override.is_none() {
            self.user_project_override = first(&["USER_PROJECT_OVERRIDE"]).map(|text| is_true(&text));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::environment;
    use super::*;

    #[test]
    fn the_environment_fills_what_is_open() {
        let settings = GoogleSettings { billing_project: Some("mine".into()), ..GoogleSettings::default() }
            .completed(environment(&[
                ("GCLOUD_KEYFILE_JSON", "~/key.json"),
                ("HOME", "/home/me"),
                ("GOOGLE_BILLING_PROJECT", "other"),
                ("USER_PROJECT_OVERRIDE", "true"),
                ("GOOGLE_CONTAINER_CUSTOM_ENDPOINT", "https://example.com/v1/"),
                ("GOOGLE_IMPERSONATE_SERVICE_ACCOUNT", ""),
            ]));
        assert_eq!(settings.credentials.as_deref(), Some("/home/me/key.json"));
        assert_eq!(settings.billing_project.as_deref(), Some("mine"));
        assert_eq!(settings.user_project_override, Some(true));
        assert_eq!(settings.container_custom_endpoint.as_deref(), Some("https://example.com/v1/"));
        assert_eq!(settings.impersonate_service_account, None, "an empty variable is unset");
    }

    #[test]
    fn written_credentials_keep_those_of_the_environment_out() {
        let variables =
            environment(&[("GOOGLE_OAUTH_ACCESS_TOKEN", "left-over"), ("GOOGLE_CREDENTIALS", "x")]);
        let settings = GoogleSettings { credentials: Some("key.json".into()), ..GoogleSettings::default() }
            .completed(variables);
        assert_eq!((settings.credentials.as_deref(), settings.access_token), (Some("key.json"), None));
    }

    #[test]
    fn secrets_are_not_printed() {
        let settings = GoogleSettings {
            credentials: Some("{\"private_key\":\"secret\"}".into()),
            access_token: Some("ya29.secret".into()),
            ..GoogleSettings::default()
        };
        let printed = format!("{settings:?}");
        assert!(!printed.contains("secret") && printed.contains("(hidden)"), "{printed}");
    }
}
