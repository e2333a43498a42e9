//! What Google's error answers mean: the retry table, and the errors in words for people.

use std::time::Duration;

use serde_json::Value;

use super::auth::AuthError;
use super::explain;
use crate::cloud::attempts;
pub(crate) use crate::cloud::fault::Action;
use crate::cloud::fault::Fault;
use crate::cloud::http::{Answer, NoAnswer};
use crate::cloud::retry::retry_after;
use crate::cloud::words::beginning;
use crate::nodepool::PoolError;
use crate::nodepool::pools::ErrorKind;

/// Why a request of ours came to nothing.
pub(crate) type Trouble = attempts::Trouble<ApiError>;

/// A request without the wanted answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApiError {
    /// The server refuses.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// No answer came.
    #[error("{0}")]
    NoAnswer(#[from] NoAnswer),
    /// There is no token to ask with.
    #[error("{0}")]
    Auth(#[from] AuthError),
    /// An answer that is not what the API promises. Remedy: mend the endpoint, or upgrade the provider.
    #[error("the answer of {url} cannot be read: {why}")]
    Nonsense { url: String, why: String },
}

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("HTTP {http} {status}: {message}")]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub http: u16,
    /// The `google.rpc.Code` by name, such as `FAILED_PRECONDITION`; empty in an answer that is not Google's.
    pub status: String,
    /// Google's sentence, or the beginning of whatever was answered.
    pub message: String,
    /// The reasons of `errors[]` and of `ErrorInfo`.
    pub reasons: Vec<String>,
    /// The id to quote to Google's support.
    pub request_id: Option<String>,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
    /// Whether the answer has the shape of Google's errors. A proxy's 404 must not count as "no such pool".
    pub from_google: bool,
}

/// A row of the retry table. Empty texts match everything.
struct Row {
    http: std::ops::RangeInclusive<u16>,
    status: &'static str,
    reason: &'static str,
    /// In the message, in lower case.
    text: &'static str,
    action: Action,
}

const fn row(
    http: std::ops::RangeInclusive<u16>,
    status: &'static str,
    reason: &'static str,
    text: &'static str,
    action: Action,
) -> Row {
    Row { http, status, reason, text, action }
}

/// The retry table: the first row that matches decides (sources: error texts in issues of hashicorp/google and its
/// handling of them; GKE API discovery document v1 for the etag).
static TABLE: &[Row] = &[
    row(400..=400, "FAILED_PRECONDITION", "", "", Action::Busy),
    row(400..=400, "", "failedPrecondition", "", Action::Busy),
    row(429..=429, "", "", "operations quota", Action::Busy),
    row(429..=429, "", "", "too many operations", Action::Busy),
    row(429..=429, "", "", "", Action::Throttled),
    row(403..=403, "", "rateLimitExceeded", "", Action::Throttled),
    row(403..=403, "", "userRateLimitExceeded", "", Action::Throttled),
    // "… requires a quota project, which is not set": a matter of credentials, not of quota.
    row(403..=403, "", "", "quota project", Action::Final(ErrorKind::Forbidden)),
    // GKE reports a used-up Compute Engine quota as 403.
    row(403..=403, "", "", "quota", Action::Final(ErrorKind::Quota)),
    row(403..=403, "", "", "", Action::Final(ErrorKind::Forbidden)),
    row(401..=401, "", "", "", Action::Final(ErrorKind::Unauthenticated)),
    row(404..=404, "NOT_FOUND", "", "", Action::NotFound),
    row(404..=404, "", "notFound", "", Action::NotFound),
    row(409..=409, "ABORTED", "", "", Action::Stale),
    row(409..=409, "", "", "", Action::Exists),
    row(408..=408, "", "", "", Action::Again),
    row(500..=599, "", "", "", Action::Again),
    row(400..=400, "", "", "", Action::Final(ErrorKind::Invalid)),
];

impl Refusal {
    /// Reads an error answer.
    pub(crate) fn of(answer: &Answer) -> Self {
        let json: Option<Value> = serde_json::from_slice(&answer.body).ok();
        let error = json.as_ref().and_then(|json| json.get("error")).filter(|error| error.is_object());
        let text = |name: &str| {
            error.and_then(|error| error.get(name)).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let all = |name: &str| {
            error.and_then(|error| error.get(name)).and_then(Value::as_array).cloned().unwrap_or_default()
        };
        let details = all("details");
        let detail = |name: &str| {
            details.iter().filter_map(|it| it.get(name)?.as_str().map(ToOwned::to_owned)).collect::<Vec<_>>()
        };
        let mut reasons: Vec<String> =
            all("errors").iter().filter_map(|it| it.get("reason")?.as_str().map(ToOwned::to_owned)).collect();
        reasons.extend(detail("reason"));
        let message = if error.is_some() { text("message") } else { beginning(&answer.body) };
        Refusal {
            http: answer.status.as_u16(),
            status: text("status"),
            message,
            reasons,
            request_id: detail("requestId").into_iter().next(),
            retry_after: retry_after(&answer.headers),
            from_google: error.is_some(),
        }
    }

    /// What to do, by the retry table.
    pub(crate) fn action(&self) -> Action {
        let message = self.message.to_lowercase();
        TABLE
            .iter()
            .find(|row| {
                row.http.contains(&self.http)
                    && (row.status.is_empty() || row.status == self.status)
                    && (row.reason.is_empty() || self.reasons.iter().any(|reason| reason == row.reason))
                    && message.contains(row.text)
            })
            .map_or(Action::Final(ErrorKind::Transport), |row| row.action.clone())
    }
}

impl Fault for ApiError {
    const COMPANY: &'static str = "Google";
    const LONGEST_TURN: Duration = Duration::from_secs(15);

    fn action(&self) -> Action {
        match self {
            ApiError::Refused(refusal) => refusal.action(),
            ApiError::NoAnswer(_) => Action::Again,
            ApiError::Auth(_) => Action::Final(ErrorKind::Unauthenticated),
            ApiError::Nonsense { .. } => Action::Final(ErrorKind::Transport),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            ApiError::Refused(refusal) => refusal.retry_after,
            _ => None,
        }
    }

    fn leaves_doubt(&self) -> bool {
        match self {
            ApiError::NoAnswer(NoAnswer::Lost { .. }) | ApiError::Nonsense { .. } => true,
            ApiError::NoAnswer(NoAnswer::NotSent { .. }) | ApiError::Auth(_) => false,
            ApiError::Refused(refusal) => refusal.action() == Action::Again,
        }
    }

    fn words(&self) -> String {
        match self {
            ApiError::Refused(refusal) => refusal.message.clone(),
            other => other.to_string(),
        }
    }

    fn explain(&self, doing: &str) -> PoolError {
        explain::api_error(self, doing)
    }
}

#[cfg(test)]
mod tests;
