//! One token for all callers at once, asked for again before it expires.

use std::sync::Arc;
use std::time::{Duration, Instant};

use azure_core::credentials::{AccessToken, Secret, TokenCredential};
use azure_core::time::OffsetDateTime;
use tokio::sync::Mutex;

use super::AuthError;
use super::explain::{Kind, no_token, too_slow};
use crate::cloud::instant;

/// How long before its end a token is asked for anew. The library's own credentials use the same.
const MARGIN: Duration = Duration::from_secs(300);

/// A token with less than this to live may be refused before it arrives.
const LAST: Duration = Duration::from_secs(30);

/// How long getting a token may take: outside Azure the managed identity service never answers, and the Azure CLI is
/// slow to start.
const TOKEN_TIME: Duration = Duration::from_secs(60);

/// Credentials with their last token.
#[derive(Debug)]
pub(super) struct Cached {
    kind: Kind,
    /// Which credentials were meant and not used, and why.
    passed_over: Option<&'static str>,
    credential: Arc<dyn TokenCredential>,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    token: Option<AccessToken>,
    failed: Option<(Instant, AuthError)>,
}

impl Cached {
    pub(super) fn new(
        kind: Kind,
        passed_over: Option<&'static str>,
        credential: Arc<dyn TokenCredential>,
    ) -> Self {
        Cached { kind, passed_over, credential, last: Mutex::default() }
    }

    /// A token that is good for some time yet. Callers that come while one is asked for wait and share the answer, be
    /// it a token or an error.
    pub(super) async fn token(&self, scope: &str) -> Result<Secret, AuthError> {
        let came = Instant::now();
        let mut last = self.last.lock().await;
        if let Some(token) = last.token.as_ref().filter(|token| lives(token, MARGIN)) {
            return Ok(token.token.clone());
        }
        if let Some((_, error)) = last.failed.as_ref().filter(|(when, _)| *when >= came) {
            return last.good_enough(error.clone());
        }
        let error = match tokio::time::timeout(TOKEN_TIME, self.credential.get_token(&[scope], None)).await {
            Ok(Ok(token)) => {
                let secret = token.token.clone();
                *last = Last { token: Some(token), failed: None };
                return Ok(secret);
            }
            Ok(Err(error)) => no_token(self.kind, self.passed_over, &error),
            Err(_) => too_slow(self.kind, self.passed_over, TOKEN_TIME),
        };
        last.failed = Some((Instant::now(), error.clone()));
        last.good_enough(error)
    }
}

impl Last {
    /// The last token if it is still good, where no new one came.
    fn good_enough(&self, error: AuthError) -> Result<Secret, AuthError> {
        match self.token.as_ref().filter(|token| lives(token, LAST)) {
            Some(token) => {
                tracing::warn!(%error, "no new token; the last one is still good");
                Ok(token.token.clone())
            }
            None => Err(error),
        }
    }
}

fn lives(token: &AccessToken, longer_than: Duration) -> bool {
    token.expires_on > OffsetDateTime::from(instant::now() + longer_than)
}
