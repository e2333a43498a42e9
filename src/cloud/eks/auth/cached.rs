//! The last credentials, for all callers at once, asked for again before they expire.

use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use tokio::sync::Mutex;

use super::AuthError;
use super::chain::Source;
use super::explain::{no_credentials, too_slow};
use crate::cloud::instant;

/// How long before their end credentials are asked for anew: AWS's own tools use this for roles.
const MARGIN: Duration = Duration::from_secs(300);

/// Credentials with less than this to live may be refused before a request arrives.
const LAST: Duration = Duration::from_secs(30);

/// How long getting credentials may take: outside AWS the service that tells machines who they are never answers.
const TIME: Duration = Duration::from_secs(60);

/// A source of credentials with the last ones.
#[derive(Debug)]
pub(super) struct Cached {
    source: Source,
    /// The roles that are assumed on the way.
    roles: Vec<String>,
    provider: SharedCredentialsProvider,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    credentials: Option<Credentials>,
    failed: Option<(Instant, AuthError)>,
}

impl Cached {
    pub(super) fn new(source: Source, roles: Vec<String>, provider: SharedCredentialsProvider) -> Self {
        Cached { source, roles, provider, last: Mutex::default() }
    }

    /// Credentials that are good for some time yet. Callers that come while some are asked for wait and share the
    /// answer, be it credentials or an error.
    pub(super) async fn get(&self) -> Result<Credentials, AuthError> {
        let came = Instant::now();
        let mut last = self.last.lock().await;
        if let Some(credentials) = last.credentials.as_ref().filter(|it| lives(it, MARGIN)) {
            return Ok(credentials.clone());
        }
        if let Some((_, error)) = last.failed.as_ref().filter(|(when, _)| *when >= came) {
            return last.good_enough(error.clone());
        }
        let error = match tokio::time::timeout(TIME, self.provider.provide_credentials()).await {
            Ok(Ok(credentials)) => {
                *last = Last { credentials: Some(credentials.clone()), failed: None };
                return Ok(credentials);
            }
            Ok(Err(error)) => no_credentials(&self.source, &self.roles, &error),
            Err(_) => too_slow(&self.source, &self.roles, TIME),
        };
        last.failed = Some((Instant::now(), error.clone()));
        last.good_enough(error)
    }
}

impl Last {
    /// The last credentials if they are still good, where no new ones came.
    fn good_enough(&self, error: AuthError) -> Result<Credentials, AuthError> {
        match self.credentials.as_ref().filter(|it| lives(it, LAST)) {
            Some(credentials) => {
                tracing::warn!(%error, "no new credentials; the last ones are still good");
                Ok(credentials.clone())
            }
            None => Err(error),
        }
    }
}

fn lives(credentials: &Credentials, longer_than: Duration) -> bool {
    credentials.expiry().is_none_or(|end| end > instant::now() + longer_than)
}

impl ProvideCredentials for Cached {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async { self.get().await.map_err(CredentialsError::provider_error) })
    }
}
