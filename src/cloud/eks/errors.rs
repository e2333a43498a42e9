//! What EKS's error answers mean: the retry table.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::Value;

use super::explain;
pub(crate) use crate::cloud::fault::Action;
use crate::cloud::fault::Fault;
use crate::cloud::http::{Answer, NoAnswer};
use crate::cloud::retry::retry_after;
use crate::cloud::words::beginning;
use crate::nodepool::PoolError;
use crate::nodepool::pools::ErrorKind;

/// Why a request did not succeed.
pub(crate) type Trouble = crate::cloud::attempts::Trouble<ApiError>;

/// A request without the wanted answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApiError {
    /// The server refuses.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// No answer came.
    #[error("{0}")]
    NoAnswer(#[from] NoAnswer),
    /// An answer that is not what the API promises. Remedy: mend the endpoint, or upgrade the provider.
    #[error("the answer of {url} cannot be read: {why}")]
    Nonsense { url: String, why: String },
}

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("HTTP {http} {code}: {message}")]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub http: u16,
    /// The modelled exception, such as `ResourceInUseException`; empty in an answer that is not EKS's. A bare 404 must
    /// not count as "no such node group".
    pub code: String,
    /// EKS's sentence, or the beginning of whatever was answered.
    pub message: String,
    /// What the error is about, where EKS names it: the node group, else the cluster.
    pub about: Option<String>,
    /// The id to quote to Amazon's support.
    pub request_id: Option<String>,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
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
/// group operations; AWS documentation, "Common error types", for those of every service). EKS answers a second update of
/// a node group with either of two exceptions; the words tell a busy group from a request that it never takes [the words
/// unverified].
static TABLE: &[Row] = &[
    row(429..=429, "", "", Action::Throttled),
    row(400..=400, "ThrottlingException", "", Action::Throttled),
    row(400..=400, "Throttling", "", Action::Throttled),
    row(400..=400, "RequestLimitExceeded", "", Action::Throttled),
    row(400..=403, "ExpiredTokenException", "", Action::Final(ErrorKind::Unauthenticated)),
    row(400..=403, "UnrecognizedClientException", "", Action::Final(ErrorKind::Unauthenticated)),
    row(400..=403, "InvalidSignatureException", "", Action::Final(ErrorKind::Unauthenticated)),
    row(400..=403, "IncompleteSignature", "", Action::Final(ErrorKind::Unauthenticated)),
    row(400..=403, "MissingAuthenticationToken", "", Action::Final(ErrorKind::Unauthenticated)),
    row(401..=401, "", "", Action::Final(ErrorKind::Unauthenticated)),
    row(403..=403, "", "", Action::Final(ErrorKind::Forbidden)),
    row(400..=400, "AccessDeniedException", "", Action::Final(ErrorKind::Forbidden)),
    row(400..=400, "ClientException", "not authorized", Action::Final(ErrorKind::Forbidden)),
    row(404..=404, "ResourceNotFoundException", "", Action::NotFound),
    row(404..=404, "", "", Action::Final(ErrorKind::Transport)),
    row(409..=409, "ResourceInUseException", "already exists", Action::Exists),
    row(409..=409, "ResourceInUseException", "", Action::Busy),
    row(400..=400, "InvalidRequestException", "in progress", Action::Busy),
    row(400..=400, "ResourceLimitExceededException", "", Action::Final(ErrorKind::Quota)),
    row(400..=400, "UnsupportedAvailabilityZoneException", "", Action::Final(ErrorKind::NoCapacity)),
    row(400..=409, "", "", Action::Final(ErrorKind::Invalid)),
    row(500..=599, "", "", Action::Again),
];

impl Refusal {
    /// Reads an error answer. The exception is named by a header or in the body, at times with a namespace before it or a
    /// URL after it (source: Smithy specification, AWS restJson1 protocol, operation error serialisation).
    pub(crate) fn of(answer: &Answer) -> Self {
        let header = |name: &str| answer.headers.get(name)?.to_str().ok().map(ToOwned::to_owned);
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        let text = |names: &[&str]| names.iter().find_map(|name| Some(body.get(name)?.as_str()?.to_owned()));
        let named = header("x-amzn-errortype").or_else(|| text(&["__type", "code"]));
        let code = named.as_deref().map(bare).unwrap_or_default().to_owned();
        let message = text(&["message", "Message"]).unwrap_or_else(|| beginning(&answer.body));
        Refusal {
            http: answer.status.as_u16(),
            code,
            message,
            about: text(&["nodegroupName", "clusterName"]),
            request_id: header("x-amzn-requestid"),
            retry_after: retry_after(&answer.headers),
        }
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

/// The name of an exception alone.
fn bare(named: &str) -> &str {
    let without_url = named.split(':').next().unwrap_or_default();
    without_url.rsplit('#').next().unwrap_or_default()
}

impl Fault for ApiError {
    const COMPANY: &'static str = "Amazon";
    const LONGEST_TURN: Duration = Duration::from_secs(20);

    fn action(&self) -> Action {
        match self {
            ApiError::Refused(refusal) => refusal.action(),
            ApiError::NoAnswer(_) => Action::Again,
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
            ApiError::NoAnswer(NoAnswer::NotSent { .. }) => false,
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
mod tests {
    use http::{HeaderMap, StatusCode};
    use serde_json::json;

    use super::*;

    fn answer(http: u16, header: Option<&'static str>, body: &str) -> Refusal {
        let mut headers = HeaderMap::new();
        headers.insert("x-amzn-requestid", "r1".parse().unwrap());
        headers.extend(
            header.map(|it| (http::HeaderName::from_static("x-amzn-errortype"), it.parse().unwrap())),
        );
        let status = StatusCode::from_u16(http).unwrap();
        Refusal::of(&Answer { status, headers, body: body.as_bytes().to_vec() })
    }

    #[test]
    fn the_table_decides() {
        use ErrorKind::{Forbidden, Invalid, Quota, Transport, Unauthenticated};
        for (http, code, message, action) in [
            (429, "ThrottlingException", "", Action::Throttled),
            (400, "ThrottlingException", "Rate exceeded", Action::Throttled),
            (403, "ExpiredTokenException", "", Action::Final(Unauthenticated)),
            (403, "UnrecognizedClientException", "", Action::Final(Unauthenticated)),
            (403, "AccessDeniedException", "not authorized to perform", Action::Final(Forbidden)),
            (400, "ClientException", "User is not authorized to use the resource", Action::Final(Forbidden)),
            (404, "ResourceNotFoundException", "No node group found", Action::NotFound),
            (404, "", "<html>", Action::Final(Transport)),
            (404, "NotFoundException", "", Action::Final(Transport)),
            (409, "ResourceInUseException", "NodeGroup already exists with name p", Action::Exists),
            (
                409,
                "ResourceInUseException",
                "cannot be updated as it is currently not in Active State",
                Action::Busy,
            ),
            (400, "InvalidRequestException", "an update is in progress", Action::Busy),
            (400, "ResourceLimitExceededException", "", Action::Final(Quota)),
            (400, "InvalidParameterException", "Subnets are not valid", Action::Final(Invalid)),
            (500, "ServerException", "", Action::Again),
            (503, "ServiceUnavailableException", "", Action::Again),
            (302, "", "", Action::Final(Transport)),
        ] {
            let body = json!({"message": message}).to_string();
            let refusal = Refusal { code: code.into(), ..answer(http, None, &body) };
            assert_eq!(refusal.action(), action, "{http} {code} {message}");
        }
    }

    #[test]
    fn the_exception_is_found_wherever_it_is_named() {
        let body = json!({"nodegroupName": "p", "clusterName": "c", "message": "m"});
        for refusal in [
            answer(409, Some("ResourceInUseException"), &body.to_string()),
            answer(409, Some("ResourceInUseException:http://internal.amazon.com/x/"), &body.to_string()),
            answer(
                409,
                None,
                &json!({"__type": "aws.eks#ResourceInUseException", "message": "m", "nodegroupName": "p"})
                    .to_string(),
            ),
        ] {
            assert_eq!((refusal.code.as_str(), refusal.message.as_str()), ("ResourceInUseException", "m"));
            assert_eq!(refusal.about.as_deref(), Some("p"));
            assert_eq!(refusal.request_id.as_deref(), Some("r1"));
        }
        let page = answer(404, None, "<html>\nNot found");
        assert_eq!((page.code.as_str(), page.message.as_str()), ("", "<html>"));
    }
}
