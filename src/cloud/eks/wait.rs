//! Waiting: for updates to end, and for node groups to come to rest.
//!
//! The waiters of AWS's SDK look every half minute, and know neither health issues nor updates of node groups.

use std::collections::BTreeSet;
use std::time::Duration;

use super::errors::{Action, Trouble};
use super::health::{self, Outlook};
use super::parts::Place;
use super::{Api, wire};
use crate::cloud::attempts::{Kind, attempt};
use crate::cloud::clock::Clock;
use crate::cloud::fault::Fault;
use crate::cloud::gate::ClusterTurn;
use crate::cloud::limits::Limits;
use crate::nodepool::pools::Pending;

/// The longest pause between two looks. AWS publishes no limits for the looks at node groups; the pause before that is
/// a tenth of the operation's age, so that its end is noticed within a tenth of its length.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// How many looks in a row have to find a node group degraded before that is believed: it may be so for a moment while
/// something is being changed.
const DEGRADED_LOOKS: u32 = 2;

/// How an update ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// It did its work.
    Done,
    /// It failed. The node group keeps what it had, or a part of the change.
    Failed(Vec<wire::Issue>),
    /// Somebody stopped it.
    Cancelled,
    /// EKS knows no such update any more.
    Forgotten,
}

/// A node group at rest.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rest {
    /// It is as it is.
    At(Box<wire::Nodegroup>, Outlook),
    /// It does not exist.
    Gone,
}

/// A wait for a node group that was stopped, with the group as last seen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cut {
    pub trouble: Trouble,
    pub last: Option<Box<wire::Nodegroup>>,
}

/// How an update ended; `None` while it runs.
pub(super) fn ended(update: &wire::Update) -> Option<End> {
    match update.status.as_str() {
        "Successful" => Some(End::Done),
        "Failed" => Some(End::Failed(update.errors.clone())),
        "Cancelled" => Some(End::Cancelled),
        // InProgress, and whatever a later API adds.
        _ => None,
    }
}

/// How long to wait before the next look.
fn pause(age: Duration) -> Duration {
    (age / 10).clamp(Duration::from_secs(1), LONGEST_PAUSE)
}

/// Issues that have been told already, so that each is told once.
#[derive(Debug, Default)]
pub(super) struct Told(BTreeSet<String>);

impl Told {
    /// Writes the issues of a node group to the log that are new.
    pub(super) fn tell(&mut self, pool: &str, group: &wire::Nodegroup) {
        for issue in &group.health.issues {
            let words = health::issue(issue);
            if self.0.insert(words.clone()) {
                tracing::warn!(pool, status = group.status, issue = words, "EKS reports a problem");
            }
        }
    }
}

impl Api {
    /// Waits until an update has ended. Faults on the way are waited out: the update runs on without us.
    pub(super) async fn end_of_update(
        &self,
        limits: &Limits,
        place: Place<'_>,
        name: &str,
        pending: &Pending,
    ) -> Result<End, Trouble> {
        let id = &pending.operation;
        let mut clock = Clock::since(&pending.since);
        let mut told = Told::default();
        loop {
            match attempt(limits, Kind::Read, || self.client.update(place, name, id)).await {
                Ok(update) => {
                    if let Some(end) = ended(&update) {
                        return Ok(end);
                    }
                    let mut due = false;
                    clock.tell(|age| {
                        due = true;
                        tracing::info!(pool = name, update = id, seconds = age.as_secs(), "waiting for EKS");
                    });
                    // Why an update takes long stands with the group.
                    if due && let Ok(Some(group)) = self.group(limits, place, name).await {
                        told.tell(name, &group);
                    }
                }
                Err(Trouble::Api(error)) if error.action() == Action::NotFound => return Ok(End::Forgotten),
                Err(Trouble::Api(error)) if error.action() == Action::Again => {
                    tracing::warn!(pool = name, update = id, why = error.words(), "EKS does not answer");
                }
                Err(trouble) => return Err(trouble),
            }
            limits.sleep(pause(clock.age())).await?;
        }
    }

    /// Waits until a node group is at rest: ready, degraded, given up or gone. What there are no machines for is waited
    /// for until the time is up; the place on the cluster is given back meanwhile.
    pub(super) async fn rest(
        &self,
        limits: &Limits,
        place: Place<'_>,
        name: &str,
        since: &str,
        mut turn: Option<ClusterTurn>,
    ) -> Result<Rest, Cut> {
        let mut clock = Clock::since(since);
        let mut told = Told::default();
        let mut degraded = 0;
        let mut last = None;
        loop {
            match self.group(limits, place, name).await {
                Ok(None) => return Ok(Rest::Gone),
                Ok(Some(group)) => {
                    told.tell(name, &group);
                    let (outlook, group) = (health::outlook(&group), Box::new(group));
                    degraded = if outlook == Outlook::Degraded { degraded + 1 } else { 0 };
                    match outlook {
                        Outlook::Ready | Outlook::Broken => return Ok(Rest::At(group, outlook)),
                        Outlook::Degraded if degraded >= DEGRADED_LOOKS => {
                            return Ok(Rest::At(group, outlook));
                        }
                        Outlook::Starved => drop(turn.take()),
                        Outlook::Degraded | Outlook::Working | Outlook::Deleting => {}
                    }
                    clock.tell(|age| {
                        tracing::info!(
                            pool = name,
                            words = health::words(&group),
                            seconds = age.as_secs(),
                            "waiting for the node group"
                        );
                    });
                    last = Some(group);
                }
                Err(Trouble::Api(error)) if error.action() == Action::Again => {
                    tracing::warn!(pool = name, why = error.words(), "EKS does not answer");
                }
                Err(trouble) => return Err(Cut { trouble, last }),
            }
            if let Err(why) = limits.sleep(pause(clock.age())).await {
                return Err(Cut { trouble: why.into(), last });
            }
        }
    }

    /// Waits until a node group is gone; `Some` is the group where EKS gave up deleting it.
    pub(super) async fn gone(
        &self,
        limits: &Limits,
        place: Place<'_>,
        name: &str,
        since: &str,
    ) -> Result<Option<Box<wire::Nodegroup>>, Cut> {
        let mut clock = Clock::since(since);
        let mut told = Told::default();
        let mut last = None;
        loop {
            match self.group(limits, place, name).await {
                Ok(None) => return Ok(None),
                Ok(Some(group)) => {
                    told.tell(name, &group);
                    let group = Box::new(group);
                    // Any other state is one that the delete has not reached yet.
                    if group.status == "DELETE_FAILED" {
                        return Ok(Some(group));
                    }
                    clock.tell(|age| {
                        tracing::info!(
                            pool = name,
                            words = health::words(&group),
                            seconds = age.as_secs(),
                            "waiting for the node group to go"
                        );
                    });
                    last = Some(group);
                }
                Err(Trouble::Api(error)) if error.action() == Action::Again => {
                    tracing::warn!(pool = name, why = error.words(), "EKS does not answer");
                }
                Err(trouble) => return Err(Cut { trouble, last }),
            }
            if let Err(why) = limits.sleep(pause(clock.age())).await {
                return Err(Cut { trouble: why.into(), last });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn update(json: serde_json::Value) -> wire::Update {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn every_form_of_an_end_is_known() {
        for running in ["InProgress", "", "SomethingNew"] {
            assert_eq!(ended(&update(json!({"id": "u", "status": running}))), None, "{running}");
        }
        assert_eq!(ended(&update(json!({"status": "Successful"}))), Some(End::Done));
        assert_eq!(ended(&update(json!({"status": "Cancelled"}))), Some(End::Cancelled));
        let failed = update(json!({"status": "Failed", "errors": [
            {"errorCode": "PodEvictionFailure", "errorMessage": "Reached max retries", "resourceIds": ["ip-10-0-0-1"]}
        ]}));
        let Some(End::Failed(errors)) = ended(&failed) else { panic!("it has failed") };
        assert_eq!(errors.len(), 1);
    }

    #[test]
    fn an_end_is_noticed_within_two_seconds_or_a_tenth() {
        for seconds in [0, 1, 5, 20, 60, 150] {
            let age = Duration::from_secs(seconds);
            assert!(pause(age) <= Duration::from_secs(2).max(age / 10), "{age:?}");
        }
        assert_eq!(pause(Duration::from_secs(3600)), LONGEST_PAUSE);
    }
}
