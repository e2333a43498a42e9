//! Waiting: for operations to end, and for pools to come to rest.

use std::time::Duration;

use url::Url;

use super::auth::AuthError;
use super::client::{Accepted, Errand, Polled};
use super::errors::{Action, ApiError, Ids, Told, Trouble};
use super::health::{self, Cause, Outlook};
use super::parts::Place;
use super::{Api, wire};
use crate::cloud::attempts::{Kind, attempt};
use crate::cloud::clock::Clock;
use crate::cloud::fault::Fault;
use crate::cloud::limits::Limits;
use crate::cloud::retry::poll_interval;
use crate::nodepool::pools::{Pending, PendingKind, now_rfc3339};

/// How long to wait between two looks at an operation where Azure does not say (source: hashicorp's client of ARM).
const UNASKED: Duration = Duration::from_secs(10);

/// How often an operation may be unknown before it counts as forgotten: right after a request Azure may not know its
/// operation everywhere yet.
const UNKNOWN: u32 = 3;

/// An operation that is waited for.
#[derive(Debug, Clone)]
pub(super) struct Running {
    /// What is to be remembered of it.
    pub pending: Pending,
    /// How long to wait before the first look, as Azure asks for; `None` looks at once.
    pub first: Option<Duration>,
    pub errand: Errand,
    /// The ids of the request that began it.
    pub ids: Ids,
}

impl Running {
    /// An operation that has just been accepted.
    pub(super) fn accepted(accepted: &Accepted, kind: PendingKind, errand: Errand) -> Self {
        let url = accepted.operation.as_ref();
        Running {
            pending: Pending {
                operation: url.map(operation_id).unwrap_or_default(),
                location: url.map(Url::to_string).unwrap_or_default(),
                kind,
                since: now_rfc3339(),
            },
            first: url.map(|_| accepted.retry_after.unwrap_or(UNASKED)),
            errand,
            ids: accepted.ids.clone(),
        }
    }

    /// An operation that an earlier call left behind.
    pub(super) fn left_behind(pending: &Pending) -> Self {
        Running { pending: pending.clone(), first: None, errand: Errand::new(), ids: Ids::default() }
    }
}

/// The operation's own id: the end of its address.
fn operation_id(url: &Url) -> String {
    let mut segments = url.path_segments().into_iter().flatten();
    segments.rfind(|segment| !segment.is_empty()).unwrap_or_default().to_owned()
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// It did its work.
    Done,
    /// It failed. A failed create leaves a pool behind.
    Failed(Failure),
    /// Somebody stopped it.
    Canceled,
    /// There is nothing to ask about it: the pool itself has to tell.
    Untold,
}

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub told: Told,
    pub cause: Cause,
    /// The ids of the answer that told it.
    pub ids: Ids,
}

/// A pool at rest.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rest {
    /// It is as it is.
    At(Box<wire::Shown>, Outlook),
    /// It does not exist.
    Gone,
}

/// A wait for a pool that was stopped, with the pool as last seen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cut {
    pub trouble: Trouble,
    pub last: Option<Box<wire::Shown>>,
}

/// How an operation ended; `None` while it runs. Its address may be that of its status or that of its result.
pub(super) fn ended(polled: &Polled) -> Option<End> {
    if polled.http == 202 {
        return None;
    }
    let Some(body) = &polled.body else { return Some(End::Done) };
    let state = body
        .status
        .as_deref()
        .or_else(|| body.properties.as_ref().and_then(|it| it.provisioning_state.as_deref()));
    match state.map(str::to_ascii_lowercase).as_deref() {
        Some("succeeded") => Some(End::Done),
        Some("failed") => {
            let told = body
                .error
                .as_ref()
                .and_then(Told::in_value)
                .unwrap_or_else(|| Told { message: "Azure does not say why.".to_owned(), ..Told::default() });
            Some(End::Failed(Failure { cause: health::cause(&told), told, ids: polled.ids.clone() }))
        }
        Some("canceled" | "cancelled") => Some(End::Canceled),
        // A result without a state, as of a delete.
        None if body.error.is_none() => Some(End::Done),
        _ => None,
    }
}

impl Api {
    /// Waits until an operation has ended. Faults on the way are waited out: the operation runs on without us.
    pub(super) async fn operation(
        &self,
        limits: &Limits,
        place: Place<'_>,
        running: &Running,
    ) -> Result<End, Trouble> {
        let pending = &running.pending;
        let Ok(url) = Url::parse(&pending.location) else { return Ok(End::Untold) };
        let mut clock = Clock::since(&pending.since);
        let mut unknown = 0;
        limits.sleep(running.first.unwrap_or_default()).await?;
        loop {
            self.operation_looks.take(limits, place.subscription).await?;
            let asked = attempt(limits, Kind::Read, || self.client.operation(&running.errand, &url)).await;
            let asks = match asked {
                Ok(polled) => {
                    if let Some(end) = ended(&polled) {
                        return Ok(end);
                    }
                    clock.tell(|age| {
                        tracing::info!(
                            operation = pending.operation,
                            percent = polled.body.as_ref().and_then(|body| body.percent_complete),
                            seconds = age.as_secs(),
                            "waiting for AKS"
                        );
                    });
                    unknown = 0;
                    polled.retry_after
                }
                Err(Trouble::Api(ApiError::Auth(AuthError::Elsewhere(why)))) => {
                    tracing::warn!(
                        operation = pending.operation,
                        why,
                        "asking the pool instead of the operation"
                    );
                    return Ok(End::Untold);
                }
                Err(Trouble::Api(ApiError::Refused(refusal))) if refusal.http == 404 => {
                    unknown += 1;
                    if unknown >= UNKNOWN {
                        return Ok(End::Untold);
                    }
                    refusal.retry_after
                }
                Err(Trouble::Api(error)) if error.action() == Action::Again => {
                    tracing::warn!(
                        operation = pending.operation,
                        why = error.words(),
                        "Azure does not answer"
                    );
                    error.retry_after()
                }
                Err(trouble) => return Err(trouble),
            };
            limits.sleep(interval(asks, &clock)).await?;
        }
    }

    /// Waits until a pool is at rest: ready, failed, cancelled or gone.
    pub(super) async fn rest(
        &self,
        limits: &Limits,
        place: Place<'_>,
        name: &str,
        running: &Running,
    ) -> Result<Rest, Cut> {
        let mut clock = Clock::since(&now_rfc3339());
        let mut last = None;
        loop {
            let looked = match self.pool_looks.take(limits, place.subscription).await {
                Ok(()) => self.pool(limits, &running.errand, place, name).await,
                Err(stopped) => Err(stopped.into()),
            };
            match looked {
                Ok(None) => return Ok(Rest::Gone),
                Ok(Some(shown)) => {
                    let (outlook, shown) = (health::outlook(&shown.pool), Box::new(shown));
                    if !matches!(outlook, Outlook::Working | Outlook::Deleting) {
                        return Ok(Rest::At(shown, outlook));
                    }
                    clock.tell(|age| {
                        tracing::info!(
                            pool = name,
                            words = health::words(&shown.pool),
                            seconds = age.as_secs(),
                            "waiting for the pool"
                        );
                    });
                    last = Some(shown);
                }
                Err(Trouble::Api(error)) if error.action() == Action::Again => {
                    tracing::warn!(pool = name, why = error.words(), "Azure does not answer");
                }
                Err(trouble) => return Err(Cut { trouble, last }),
            }
            if let Err(why) = limits.sleep(poll_interval(clock.age())).await {
                return Err(Cut { trouble: why.into(), last });
            }
        }
    }
}

/// How long to wait before the next look: as long as Azure asks for, and longer as the operation grows old.
fn interval(asked: Option<Duration>, clock: &Clock) -> Duration {
    asked.map_or(UNASKED, |asked| asked.max(poll_interval(clock.age())))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn end_of(http: u16, body: &Value) -> Option<End> {
        let body = (!body.is_null()).then(|| serde_json::from_value(body.clone()).unwrap());
        ended(&Polled { http, body, retry_after: None, ids: Ids::default() })
    }

    #[test]
    fn every_form_of_an_end_is_known() {
        for running in ["InProgress", "Running", "Creating", "SomethingNew"] {
            assert_eq!(end_of(200, &json!({"status": running})), None, "{running}");
        }
        assert_eq!(end_of(202, &Value::Null), None);
        assert_eq!(end_of(202, &json!({"status": "Succeeded"})), None, "not before the server is done");
        assert_eq!(end_of(200, &Value::Null), Some(End::Done));
        assert_eq!(end_of(204, &Value::Null), Some(End::Done));
        assert_eq!(end_of(200, &json!({"status": "Succeeded"})), Some(End::Done));
        assert_eq!(end_of(200, &json!({"status": "Canceled"})), Some(End::Canceled));
        assert_eq!(end_of(200, &json!({"status": "Cancelled"})), Some(End::Canceled));
        // The address of a result answers with the pool.
        assert_eq!(end_of(200, &json!({"properties": {"provisioningState": "Creating"}})), None);
        assert_eq!(end_of(200, &json!({"properties": {"provisioningState": "Succeeded"}})), Some(End::Done));
    }

    #[test]
    fn a_failure_comes_inside_a_good_answer() {
        let error = json!({"code": "ReconcileVMSSAgentPoolFailed", "message": "x", "details": [
            {"code": "SkuNotAvailable", "message": "none left"}
        ]});
        let Some(End::Failed(failure)) = end_of(200, &json!({"status": "Failed", "error": error})) else {
            panic!("it has failed");
        };
        assert_eq!((failure.cause, failure.told.cause_code()), (Cause::Capacity, "SkuNotAvailable"));
        let Some(End::Failed(failure)) = end_of(200, &json!({"status": "Failed"})) else {
            panic!("it has failed");
        };
        assert_eq!(failure.cause, Cause::Other);
    }

    #[test]
    fn an_operation_is_known_by_the_end_of_its_address() {
        let url = "https://h/subscriptions/s/providers/Microsoft.ContainerService/locations/eastus/operations/1-2-3?api-version=x";
        assert_eq!(operation_id(&Url::parse(url).unwrap()), "1-2-3");
    }

    #[test]
    fn azure_is_never_asked_sooner_than_it_wants() {
        let young = Clock::since(&now_rfc3339());
        assert_eq!(interval(Some(Duration::from_secs(7)), &young), Duration::from_secs(7));
        assert_eq!(interval(Some(Duration::ZERO), &young), Duration::from_secs(1));
        assert_eq!(interval(None, &young), UNASKED);
        let old = Clock::since("2020-01-01T00:00:00Z");
        assert_eq!(interval(Some(Duration::from_secs(1)), &old), Duration::from_secs(10));
    }
}
