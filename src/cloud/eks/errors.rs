//! What AWS's error answers mean: the retry table.
//!
//! - `told`: AWS's own words, from either form of an error answer.

use std::error::Error;
use std::ops::RangeInclusive;
use std::time::Duration;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::auth::AuthError;
use super::explain;
use crate::cloud::attempts;
pub(crate) use crate::cloud::fault::Action;
use crate::cloud::fault::Fault;
use crate::cloud::http::{Answer, NoAnswer};
use crate::cloud::words::causes;
use crate::nodepool::PoolError;
use crate::nodepool::pools::ErrorKind;

mod told;

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
    /// There are no credentials to ask with, or they are not the cluster's account's.
    #[error("{0}")]
    Auth(#[from] AuthError),
    /// An answer that is not what the API promises. Remedy: mend the endpoint, or upgrade the provider.
    #[error("the answer of {url} cannot be read: {why}")]
    Nonsense { url: String, why: String },
}

/// An error answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
#[error("HTTP {http} {code}: {message}")]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub http: u16,
    /// The exception or code, such as `ResourceInUseException`; empty in an answer that is not AWS's. A bare 404 must not
    /// count as "no such node group".
    pub code: String,
    /// AWS's sentence, or the beginning of whatever was answered.
    pub message: String,
    /// What the error is about, where EKS names it: the node group, else the cluster.
    pub about: Option<String>,
    /// The id to quote to Amazon's support.
    pub request_id: Option<String>,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
    /// The action that IAM policies permit or deny for such a request, such as `eks:CreateNodegroup`.
    pub permission: Option<String>,
}

/// A row of the retry table. Empty texts match everything.
struct Row {
    http: RangeInclusive<u16>,
    code: &'static str,
    /// In EKS's words, in lower case.
    text: &'static str,
    action: Action,
}

const fn row(http: RangeInclusive<u16>, code: &'static str, text: &'static str, action: Action) -> Row {
    Row { http, code, text, action }
}

/// The retry table: the first row that matches decides (sources: EKS API model 2017-11-01, the exceptions of the node
/// group operations; EC2 and Auto Scaling documentation, "Error codes"; AWS documentation, "Common error types", for
/// those of every service). EKS answers a second update of a node group with either of two exceptions; the words tell a
/// busy group from a request that it never takes [the words unverified].
static TABLE: &[Row] = &[
    row(429..=429, "", "", Action::Throttled),
    row(400..=503, "ThrottlingException", "", Action::Throttled),
    row(400..=503, "Throttling", "", Action::Throttled),
    row(400..=503, "ThrottledException", "", Action::Throttled),
    row(400..=503, "TooManyRequestsException", "", Action::Throttled),
    row(400..=503, "RequestLimitExceeded", "", Action::Throttled),
    row(400..=403, "ExpiredTokenException", "", Action::Final(ErrorKind::Unauthenticated)),
    row(400..=403, "ExpiredToken", "", Action::Final(ErrorKind::Unauthenticated)),
    row(400..=403, "RequestExpired", "", Action::Final(ErrorKind::Unauthenticated)),
    row(400..=403, "UnrecognizedClientException", "", Action::Final(ErrorKind::Unauthenticated)),
    row(400..=403, "InvalidClientTokenId", "", Action::Final(ErrorKind::Unauthenticated)),
    row(400..=403, "InvalidSignatureException", "", Action::Final(ErrorKind::Unauthenticated)),
    row(400..=403, "SignatureDoesNotMatch", "", Action::Final(ErrorKind::Unauthenticated)),
    row(400..=403, "IncompleteSignature", "", Action::Final(ErrorKind::Unauthenticated)),
    row(400..=403, "MissingAuthenticationToken", "", Action::Final(ErrorKind::Unauthenticated)),
    row(400..=403, "MissingAuthenticationTokenException", "", Action::Final(ErrorKind::Unauthenticated)),
    row(400..=403, "OptInRequired", "", Action::Final(ErrorKind::Forbidden)),
    row(401..=401, "", "", Action::Final(ErrorKind::Unauthenticated)),
    row(403..=403, "", "", Action::Final(ErrorKind::Forbidden)),
    row(400..=400, "AccessDeniedException", "", Action::Final(ErrorKind::Forbidden)),
    row(400..=400, "AccessDenied", "", Action::Final(ErrorKind::Forbidden)),
    row(400..=400, "UnauthorizedOperation", "", Action::Final(ErrorKind::Forbidden)),
    row(400..=400, "ClientException", "not authorized", Action::Final(ErrorKind::Forbidden)),
    row(404..=404, "ResourceNotFoundException", "", Action::NotFound),
    row(404..=404, "", "", Action::Final(ErrorKind::Transport)),
    row(400..=400, "InvalidLaunchTemplateId.NotFound", "", Action::NotFound),
    row(400..=400, "InvalidLaunchTemplateId.VersionNotFound", "", Action::NotFound),
    row(400..=400, "InvalidLaunchTemplateName.NotFoundException", "", Action::NotFound),
    row(400..=400, "InvalidLaunchTemplateName.AlreadyExistsException", "", Action::Exists),
    // Auto Scaling has one code for all that it does not take [the words unverified].
    row(400..=400, "ValidationError", "not found", Action::NotFound),
    row(400..=400, "ScalingActivityInProgress", "", Action::Busy),
    row(400..=400, "ResourceInUse", "", Action::Busy),
    row(409..=409, "ResourceInUseException", "already exists", Action::Exists),
    row(409..=409, "ResourceInUseException", "", Action::Busy),
    row(400..=400, "InvalidRequestException", "in progress", Action::Busy),
    row(400..=400, "ResourceLimitExceededException", "", Action::Final(ErrorKind::Quota)),
    row(400..=400, "LaunchTemplateLimitExceeded", "", Action::Final(ErrorKind::Quota)),
    row(400..=400, "VersionLimitExceeded", "", Action::Final(ErrorKind::Quota)),
    row(400..=400, "LimitExceeded", "", Action::Final(ErrorKind::Quota)),
    row(400..=400, "UnsupportedAvailabilityZoneException", "", Action::Final(ErrorKind::NoCapacity)),
    row(400..=409, "", "", Action::Final(ErrorKind::Invalid)),
    row(500..=599, "", "", Action::Again),
];

impl Refusal {
    /// Reads an error answer in either form.
    pub(crate) fn of(answer: &Answer) -> Self {
        told::refusal(answer)
    }

    /// Knowing what IAM would have to permit.
    pub(crate) fn for_want_of(mut self, permission: &str) -> Self {
        self.permission = Some(permission.to_owned());
        self
    }

    /// What to do, by the retry table.
    pub(crate) fn action(&self) -> Action {
        let words = self.message.to_lowercase();
        TABLE
            .iter()
            .find(|row| {
                row.http.contains(&self.http)
                    && (row.code.is_empty() || row.code == self.code)
                    && words.contains(row.text)
            })
            .map_or(Action::Final(ErrorKind::Transport), |row| row.action.clone())
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        ApiError::Refused(Box::new(refusal))
    }
}

impl ApiError {
    /// What the SDK made of a request to `host`. The answer itself is read again: the SDK knows only the exceptions of
    /// the operation's model.
    #[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` takes")]
    pub(crate) fn of_sdk<E>(error: SdkError<E, Response>, host: &str) -> Self
    where
        E: Error + Send + Sync + 'static,
    {
        if let Some(raw) = error.raw_response() {
            let answer = answer(raw);
            return if answer.status.is_success() {
                ApiError::Nonsense { url: host.to_owned(), why: causes(&error) }
            } else {
                Refusal::of(&answer).into()
            };
        }
        let host = host.to_owned();
        match &error {
            SdkError::DispatchFailure(failure) => {
                let ours = failure
                    .as_connector_error()
                    .and_then(|error| error.source())
                    .and_then(|source| source.downcast_ref::<NoAnswer>());
                let why = causes(&error);
                ApiError::NoAnswer(ours.cloned().unwrap_or(NoAnswer::Lost { host, why }))
            }
            SdkError::TimeoutError(_) => {
                ApiError::NoAnswer(NoAnswer::Lost { host, why: "it took too long".to_owned() })
            }
            _ => ApiError::Nonsense { url: host, why: causes(&error) },
        }
    }

    /// Knowing what IAM would have to permit.
    pub(crate) fn for_want_of(self, permission: &str) -> Self {
        match self {
            ApiError::Refused(refusal) => refusal.for_want_of(permission).into(),
            other => other,
        }
    }
}

/// The SDK's answer as the HTTP client's.
fn answer(raw: &Response) -> Answer {
    let headers = raw.headers().iter().filter_map(|(name, value)| {
        Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?))
    });
    Answer {
        status: StatusCode::from_u16(raw.status().as_u16()).unwrap_or_default(),
        headers: HeaderMap::from_iter(headers),
        body: raw.body().bytes().unwrap_or_default().to_vec(),
    }
}

impl Fault for ApiError {
    const COMPANY: &'static str = "Amazon";
    const LONGEST_TURN: Duration = Duration::from_secs(20);

    fn action(&self) -> Action {
        match self {
            ApiError::Refused(refusal) => refusal.action(),
            ApiError::NoAnswer(_) => Action::Again,
            ApiError::Auth(error) => Action::Final(error.kind()),
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
