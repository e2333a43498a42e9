//! What Azure's error answers mean: the retry table.
//!
//! - `told`: Azure's own words, down to the real cause.

use std::ops::RangeInclusive;
use std::time::Duration;

use http::HeaderMap;

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

mod told;

pub(crate) use told::Told;

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
    /// A pool of the name that a new one was to get was there right before it was to be sent. Remedy: import it, or
    /// choose another name.
    #[error("there is a node pool of that name")]
    Taken,
}

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("HTTP {http} {}: {}", told.code, told.message)]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub http: u16,
    /// Azure's words, or the beginning of whatever was answered.
    pub told: Told,
    /// The ids to quote to Azure's support.
    pub ids: Ids,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
    /// Whether the answer has the shape of Azure's errors. A proxy's 404 must not count as "no such pool".
    pub from_azure: bool,
}

/// The ids by which Azure's support finds a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ids {
    pub request: Option<String>,
    pub correlation: Option<String>,
}

impl Ids {
    /// The ids of an answer.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let header = |name: &str| headers.get(name)?.to_str().ok().map(ToOwned::to_owned);
        Ids { request: header("x-ms-request-id"), correlation: header("x-ms-correlation-request-id") }
    }
}

/// A row of the retry table. Empty texts match everything.
struct Row {
    http: RangeInclusive<u16>,
    /// One of the error's codes, or of its causes'.
    code: &'static str,
    /// In Azure's words, in lower case.
    text: &'static str,
    action: Action,
}

const fn row(http: RangeInclusive<u16>, code: &'static str, text: &'static str, action: Action) -> Row {
    Row { http, code, text, action }
}

/// The retry table: the first row that matches decides. AKS uses the code `OperationNotAllowed` for a busy cluster and
/// for what it never allows, so the status and the text count as much as the code (sources: ARM documentation, "Common
/// deployment errors"; AKS documentation, "Quotas, SKUs and regions" for throttling; error texts in issues of
/// hashicorp/azurerm and Azure/AKS).
static TABLE: &[Row] = &[
    row(429..=429, "", "", Action::Throttled),
    row(401..=401, "", "", Action::Final(ErrorKind::Unauthenticated)),
    row(403..=403, "", "", Action::Final(ErrorKind::Forbidden)),
    row(412..=412, "", "", Action::Stale),
    row(409..=409, "EtagMismatch", "", Action::Stale),
    row(409..=409, "PreconditionFailed", "", Action::Stale),
    row(404..=404, "SubscriptionNotFound", "", Action::Final(ErrorKind::Forbidden)),
    row(404..=404, "ResourceNotFound", "", Action::NotFound),
    row(404..=404, "ParentResourceNotFound", "", Action::NotFound),
    row(404..=404, "ResourceGroupNotFound", "", Action::NotFound),
    row(404..=404, "NotFound", "", Action::NotFound),
    row(404..=404, "InvalidResourceType", "", Action::Final(ErrorKind::Unsupported)),
    row(404..=404, "", "", Action::Final(ErrorKind::Transport)),
    // Conflicts that no waiting ends.
    row(409..=409, "ScopeLocked", "", Action::Final(ErrorKind::Forbidden)),
    row(409..=409, "MissingSubscriptionRegistration", "", Action::Final(ErrorKind::Forbidden)),
    row(409..=409, "ReadOnlyDisabledSubscription", "", Action::Final(ErrorKind::Forbidden)),
    row(409..=409, "ResourceGroupBeingDeleted", "", Action::Final(ErrorKind::Invalid)),
    // [unverified that AKS words it so]
    row(400..=409, "OperationNotAllowed", "stopped", Action::Final(ErrorKind::Unsupported)),
    row(400..=409, "OperationNotAllowed", "quota", Action::Final(ErrorKind::Quota)),
    row(400..=409, "InsufficientVCPUQuota", "", Action::Final(ErrorKind::Quota)),
    row(400..=409, "QuotaExceeded", "", Action::Final(ErrorKind::Quota)),
    row(400..=409, "SkuNotAvailable", "", Action::Final(ErrorKind::NoCapacity)),
    row(400..=409, "AllocationFailed", "", Action::Final(ErrorKind::NoCapacity)),
    row(400..=409, "ZonalAllocationFailed", "", Action::Final(ErrorKind::NoCapacity)),
    row(400..=409, "OverconstrainedAllocationRequest", "", Action::Final(ErrorKind::NoCapacity)),
    row(400..=409, "OverconstrainedZonalAllocationRequest", "", Action::Final(ErrorKind::NoCapacity)),
    // Whatever else conflicts is an operation of somebody else's, or of AKS itself, and ends.
    row(409..=409, "", "", Action::Busy),
    row(400..=400, "OperationNotAllowed", "in progress", Action::Busy),
    row(400..=400, "AnotherOperationInProgress", "", Action::Busy),
    row(400..=400, "NoRegisteredProviderFound", "", Action::Final(ErrorKind::Unsupported)),
    row(400..=400, "", "", Action::Final(ErrorKind::Invalid)),
    row(408..=408, "", "", Action::Again),
    row(500..=599, "", "", Action::Again),
];

impl Refusal {
    /// Reads an error answer.
    pub(crate) fn of(answer: &Answer) -> Self {
        let told = Told::in_body(&answer.body);
        Refusal {
            http: answer.status.as_u16(),
            from_azure: told.is_some(),
            told: told.unwrap_or_else(|| Told { message: beginning(&answer.body), ..Told::default() }),
            ids: Ids::of(&answer.headers),
            retry_after: retry_after(&answer.headers),
        }
    }

    /// What to do, by the retry table.
    pub(crate) fn action(&self) -> Action {
        let words = self.told.words().to_lowercase();
        TABLE
            .iter()
            .find(|row| {
                row.http.contains(&self.http)
                    && (row.code.is_empty() || self.told.has_code(row.code))
                    && words.contains(row.text)
            })
            .map_or(Action::Final(ErrorKind::Transport), |row| row.action.clone())
    }
}

impl Fault for ApiError {
    const COMPANY: &'static str = "Azure";
    // A refused PUT counts against the pool's own budget of 20, which refills by one a minute (source: AKS
    // documentation, "Quotas, SKUs and regions").
    const LONGEST_TURN: Duration = Duration::from_secs(30);

    fn action(&self) -> Action {
        match self {
            ApiError::Refused(refusal) => refusal.action(),
            ApiError::NoAnswer(_) => Action::Again,
            ApiError::Auth(AuthError::Unusable(_) | AuthError::NoToken(_)) => {
                Action::Final(ErrorKind::Unauthenticated)
            }
            ApiError::Auth(AuthError::Elsewhere(_)) | ApiError::Nonsense { .. } => {
                Action::Final(ErrorKind::Transport)
            }
            ApiError::Taken => Action::Exists,
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
            ApiError::NoAnswer(NoAnswer::NotSent { .. }) | ApiError::Auth(_) | ApiError::Taken => false,
            ApiError::Refused(refusal) => refusal.action() == Action::Again,
        }
    }

    fn words(&self) -> String {
        match self {
            ApiError::Refused(refusal) => refusal.told.words(),
            other => other.to_string(),
        }
    }

    fn explain(&self, doing: &str) -> PoolError {
        explain::api_error(self, doing)
    }
}

#[cfg(test)]
mod tests;
