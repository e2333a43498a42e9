//! Google credentials: application default credentials of all kinds, a credentials file, a raw access token, each
//! with or without a service account to act as.

use std::sync::LazyLock;
use std::time::Duration;

use google_cloud_auth::credentials::{
    self, CacheableResource, Credentials, CredentialsProvider, EntityTag, external_account, impersonated,
    service_account, user_account,
};
use google_cloud_auth::errors::CredentialsError;
use http::header::AUTHORIZATION;
use http::{Extensions, HeaderMap, HeaderValue};
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::cloud::settings::GoogleSettings;

/// The scope of every token. Narrower ones exist, but impersonation and reading sizes need more than GKE's own.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// The header that names the project whose quota a request uses.
const QUOTA_PROJECT: &str = "x-goog-user-project";

/// How long getting a token may take: outside Google Cloud the metadata server never answers.
const TOKEN_TIME: Duration = Duration::from_secs(30);

/// What a sandbox is shown in place of a token.
const SANDBOX_TOKEN: &str = "sandbox";

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AuthError {
    /// The credentials that are named cannot be used. Remedy: as the text says.
    #[error("{0}")]
    Unusable(String),
    /// Google, or the metadata server, gave no token. Remedy: log in again.
    #[error("{0}")]
    NoToken(String),
}

/// Credentials, looked for when first used.
#[derive(Debug)]
pub(crate) struct Auth {
    source: Source,
    quota: Quota,
    made: OnceCell<Credentials>,
}

/// Where credentials come from.
#[derive(Debug)]
enum Source {
    Sandbox,
    Google(Box<GoogleSettings>),
}

/// Which project's quota requests use.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Quota {
    /// What the credentials say.
    Credentials,
    /// The cluster's project.
    Cluster,
    /// This project.
    Project(String),
}

impl Auth {
    /// A token that is worth nothing.
    pub(crate) fn sandbox() -> Self {
        Auth { source: Source::Sandbox, quota: Quota::Credentials, made: OnceCell::new() }
    }

    /// Credentials by the settings.
    pub(crate) fn google(settings: &GoogleSettings) -> Self {
        let quota = match (settings.user_project_override, &settings.billing_project) {
            (Some(true), Some(project)) => Quota::Project(project.clone()),
            (Some(true), None) => Quota::Cluster,
            _ => Quota::Credentials,
        };
        Auth { source: Source::Google(Box::new(settings.clone())), quota, made: OnceCell::new() }
    }

    /// Who asks, for messages. Which account the credentials are of is known where they act as another one.
    pub(crate) fn identity(&self) -> String {
        match &self.source {
            Source::Sandbox => "the sandbox's token".to_owned(),
            Source::Google(settings) => match &settings.impersonate_service_account {
                Some(account) => format!("the Google credentials of the provider, acting as {account}"),
                None => "the Google credentials of the provider".to_owned(),
            },
        }
    }

    /// The headers that prove who asks, for a request about something in `project`.
    pub(crate) async fn headers(&self, project: &str) -> Result<HeaderMap, AuthError> {
        let mut headers = match &self.source {
            Source::Sandbox => bearer(SANDBOX_TOKEN)?,
            Source::Google(settings) => {
                let found = self.made.get_or_try_init(|| async { credentials(settings) }).await?;
                token_headers(found).await?
            }
        };
        let quota = match &self.quota {
            Quota::Credentials => None,
            Quota::Cluster => Some(project),
            Quota::Project(project) => Some(project.as_str()),
        };
        if let Some(project) = quota {
            let value = HeaderValue::from_str(project).map_err(|_| {
                AuthError::Unusable(format!("The billing project {project:?} is no project id."))
            })?;
            headers.insert(QUOTA_PROJECT, value);
        }
        Ok(headers)
    }
}

async fn token_headers(credentials: &Credentials) -> Result<HeaderMap, AuthError> {
    let asked = tokio::time::timeout(TOKEN_TIME, credentials.headers(Extensions::new())).await;
    match asked {
        Ok(Ok(CacheableResource::New { data, .. })) => Ok(data),
        // Only a caller that sends an entity tag gets this answer, and this one sends none.
        Ok(Ok(CacheableResource::NotModified)) => {
            Err(AuthError::NoToken("The credentials gave no token.".to_owned()))
        }
        Ok(Err(error)) => Err(AuthError::NoToken(no_token(&error))),
        Err(_) => Err(AuthError::NoToken(format!(
            "No token came within {} seconds. Outside Google Cloud there is no metadata server to ask: {}",
            TOKEN_TIME.as_secs(),
            WAYS.as_str()
        ))),
    }
}

static WAYS: LazyLock<String> = LazyLock::new(|| {
    "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS, or the provider's \
     google.credentials or google.access_token."
        .to_owned()
});

fn no_token(error: &CredentialsError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    format!("{text}. To log in: {}", WAYS.as_str())
}

fn bearer(token: &str) -> Result<HeaderMap, AuthError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| {
        AuthError::Unusable(
            "The access token holds characters that no token has, such as a line break.".to_owned(),
        )
    })?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(AUTHORIZATION, value)]))
}

/// An access token from outside, which cannot be refreshed.
#[derive(Debug)]
struct Token(HeaderMap);

impl CredentialsProvider for Token {
    async fn headers(&self, _: Extensions) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
        Ok(CacheableResource::New { entity_tag: EntityTag::new(), data: self.0.clone() })
    }

    async fn universe_domain(&self) -> Option<String> {
        None
    }
}

fn credentials(settings: &GoogleSettings) -> Result<Credentials, AuthError> {
    let source = if let Some(token) = &settings.access_token {
        Credentials::from(Token(bearer(token.trim())?))
    } else if let Some(text) = &settings.credentials {
        from_json(contents(text)?)?
    } else {
        built(credentials::Builder::default().with_scopes([SCOPE]).build())?
    };
    let Some(target) = &settings.impersonate_service_account else { return Ok(source) };
    let delegates = settings.impersonate_service_account_delegates.iter().cloned();
    built(
        impersonated::Builder::from_source_credentials(source)
            .with_target_principal(target)
            .with_delegates(delegates)
            .with_scopes([SCOPE])
            .build(),
    )
}

fn built(
    result: Result<Credentials, google_cloud_auth::build_errors::Error>,
) -> Result<Credentials, AuthError> {
    result.map_err(|error| {
        let text = error.to_string();
        // Workforce logins of gcloud have a type that the library does not take.
        if error.is_unknown_type() && text.contains("external_account_authorized_user") {
            return AuthError::Unusable(
                "These application default credentials come from a workforce identity login, which cannot be used \
                 here. Set GOOGLE_OAUTH_ACCESS_TOKEN to the output of `gcloud auth print-access-token`."
                    .to_owned(),
            );
        }
        AuthError::Unusable(format!("The credentials cannot be used: {text}. To log in: {}", WAYS.as_str()))
    })
}

/// The JSON of a credentials file, given itself or by its path.
fn contents(text: &str) -> Result<Value, AuthError> {
    let trimmed = text.trim();
    let (json, origin) = if trimmed.starts_with('{') {
        (trimmed.to_owned(), "google.credentials (or GOOGLE_CREDENTIALS)".to_owned())
    } else {
        let read = std::fs::read_to_string(trimmed).map_err(|error| {
            AuthError::Unusable(format!(
                "The credentials file {trimmed:?} cannot be read: {error}. google.credentials (or GOOGLE_CREDENTIALS) \
                 is the path of a credentials file, or its JSON."
            ))
        })?;
        (read, trimmed.to_owned())
    };
    // The error of the parser could quote a private key, so only its place is told.
    serde_json::from_str(&json).map_err(|error| {
        AuthError::Unusable(format!(
            "The credentials in {origin} are not JSON: line {}, column {}.",
            error.line(),
            error.column()
        ))
    })
}

fn from_json(json: Value) -> Result<Credentials, AuthError> {
    let kind = json.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    match kind.as_str() {
        "service_account" => built(
            service_account::Builder::new(json)
                .with_access_specifier(service_account::AccessSpecifier::from_scopes([SCOPE]))
                .build(),
        ),
        "authorized_user" => built(user_account::Builder::new(json).with_scopes([SCOPE]).build()),
        "impersonated_service_account" => {
            built(impersonated::Builder::new(json).with_scopes([SCOPE]).build())
        }
        "external_account" => built(external_account::Builder::new(json).with_scopes([SCOPE]).build()),
        other => Err(AuthError::Unusable(format!(
            "The credentials are of the type {other:?}, which cannot be used here. Known types: service_account, \
             authorized_user, impersonated_service_account, external_account."
        ))),
    }
}

#[cfg(test)]
mod tests;
