//! Waiting: for operations to end, and for pools to come to rest.

use std::time::{Duration, Instant};

use super::errors::{Action, Trouble};
use super::health::{self, Cause, Outlook};
use super::parts::Place;
use super::{Api, wire};
use crate::cloud::attempts::{Kind, attempt};
use crate::cloud::clock::Clock;
use crate::cloud::fault::Fault;
use crate::cloud::limits::Limits;
use crate::cloud::retry::poll_interval;
use crate::nodepool::pools::Pending;

/// How long a pool may be ill for no known reason before the wait for it ends: such pools have been seen to recover
/// within minutes (source: reports of users of NVIDIA/aicr).
const SICK_PATIENCE: Duration = Duration::from_secs(15 * 60);

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// It did its work.
    Done,
    /// It failed. It may have left a pool behind.
    Failed(Failure),
    /// Google knows no such operation any more.
    Forgotten,
}

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// The number of a `google.rpc.Code`; 0 where Google gives none.
    pub code: i64,
    pub message: String,
    pub cause: Cause,
}

/// A pool at rest, or at the end of patience with it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rest {
    /// It is as it is.
    At(Box<wire::NodePool>, Outlook),
    /// It does not exist.
    Gone,
}

/// A wait for a pool that was stopped, with the pool as last seen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cut {
    pub trouble: Trouble,
    pub last: Option<(Box<wire::NodePool>, Outlook)>,
}

/// How an operation ended; `None` while it runs.
pub(super) fn ended(operation: &wire::Operation) -> Option<End> {
    if operation.status != "DONE" {
        return None;
    }
    let error = operation.error.clone().filter(|error| error.code.0 != 0);
    let (code, message) = match (error, operation.status_message.as_str()) {
        (None, "") => return Some(End::Done),
        (Some(error), told) => {
            (error.code.0, if error.message.is_empty() { told.to_owned() } else { error.message })
        }
        (None, told) => (0, told.to_owned()),
    };
    let cause = health::cause_of_operation(code, &message);
    Some(End::Failed(Failure { code, message, cause }))
}

impl Api {
    /// Waits until an operation has ended. Faults on the way are waited out: the operation runs on without us.
    pub(super) async fn operation(
        &self,
        limits: &Limits,
        project: &str,
        pending: &Pending,
    ) -> Result<End, Trouble> {
        let mut clock = Clock::since(&pending.since);
        loop {
            let asked = attempt(limits, Kind::Read, || {
                self.client.operation(project, &pending.location, &pending.operation)
            })
            .await;
            match asked {
                Ok(operation) => {
                    if let Some(end) = ended(&operation) {
                        return Ok(end);
                    }
                    clock.tell(|age| {
                        tracing::info!(
                            operation = pending.operation,
                            status = operation.status,
                            progress = progress(&operation),
                            seconds = age.as_secs(),
                            "waiting for GKE"
                        );
                    });
                }
                Err(Trouble::Api(error)) if error.action() == Action::NotFound => return Ok(End::Forgotten),
                Err(Trouble::Api(error)) if error.action() == Action::Again => {
                    tracing::warn!(operation = pending.operation, why = error.words(), "GKE does not answer");
                }
                Err(trouble) => return Err(trouble),
            }
            limits.sleep(poll_interval(clock.age())).await?;
        }
    }

    /// Waits until a pool is at rest: ready, broken or gone. What may heal is waited for until the time is up; what
    /// is ill for no known reason, for a quarter of an hour.
    pub(super) async fn rest(
        &self,
        limits: &Limits,
        place: Place<'_>,
        name: &str,
        since: &str,
    ) -> Result<Rest, Cut> {
        let mut clock = Clock::since(since);
        let mut sick_since: Option<Instant> = None;
        let mut last = None;
        loop {
            match self.pool(limits, place, name).await {
                Ok(None) => return Ok(Rest::Gone),
                Ok(Some(pool)) => {
                    let (outlook, pool) = (health::outlook(&pool), Box::new(pool));
                    match outlook {
                        Outlook::Ready | Outlook::Broken => return Ok(Rest::At(pool, outlook)),
                        Outlook::Sick => {
                            let ill = sick_since.get_or_insert_with(Instant::now).elapsed();
                            if ill >= SICK_PATIENCE {
                                return Ok(Rest::At(pool, outlook));
                            }
                        }
                        Outlook::Working | Outlook::Starved | Outlook::Deleting => sick_since = None,
                    }
                    clock.tell(|age| {
                        tracing::info!(
                            pool = name,
                            words = health::words(&pool),
                            seconds = age.as_secs(),
                            "waiting for the pool"
                        );
                    });
                    last = Some((pool, outlook));
                }
                Err(Trouble::Api(error)) if error.action() == Action::Again => {
                    tracing::warn!(pool = name, why = error.words(), "GKE does not answer");
                }
                Err(trouble) => return Err(Cut { trouble, last }),
            }
            if let Err(why) = limits.sleep(poll_interval(clock.age())).await {
                return Err(Cut { trouble: why.into(), last });
            }
        }
    }
}

/// How far an operation is, such as `nodes done 3, nodes total 4`.
fn progress(operation: &wire::Operation) -> String {
    let metrics = operation.progress.iter().flat_map(|progress| &progress.metrics);
    let figures: Vec<String> = metrics
        .filter_map(|metric| Some(format!("{} {}", metric.name.to_lowercase(), metric.int_value?.0)))
        .collect();
    if figures.is_empty() { operation.detail.clone() } else { figures.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(json: serde_json::Value) -> wire::Operation {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_failure_is_told_in_either_of_two_fields() {
        use serde_json::json;
        assert_eq!(ended(&operation(json!({"status": "RUNNING", "statusMessage": "x"}))), None);
        assert_eq!(ended(&operation(json!({"status": "ABORTING"}))), None);
        assert_eq!(ended(&operation(json!({"status": "DONE"}))), Some(End::Done));
        assert_eq!(ended(&operation(json!({"status": "DONE", "error": {}}))), Some(End::Done));
        let Some(End::Failed(old)) =
            ended(&operation(json!({"status": "DONE", "statusMessage": "[GCE_STOCKOUT]: x"})))
        else {
            panic!("the old field counts");
        };
        assert_eq!((old.code, old.cause), (0, Cause::Stockout));
        let Some(End::Failed(new)) =
            ended(&operation(json!({"status": "DONE", "error": {"code": 7, "message": "no"}})))
        else {
            panic!("the new field counts");
        };
        assert_eq!((new.code, new.cause), (7, Cause::Permanent));
    }
}
