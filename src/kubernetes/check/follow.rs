//! Watching a pool's nodes until they offer what was planned, or time is up.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{Stream, TryStreamExt};
use k8s_openapi::api::core::v1::Node;
use kube::Api;
use kube::api::{ListParams, WatchEvent, WatchParams};
use tokio::time::Instant;

use super::judge::{Verdict, has_failed, judge, report, staying};
use super::{
    Announcer, Evidence, Mismatch, NotVerified, Outcome, SliceCheck, announcers, diagnosis, evidence,
};
use crate::kubernetes::cluster::{Cluster, REQUEST};
use crate::kubernetes::error::KubeError;
use crate::kubernetes::nodes::{NodeSeen, pool_selector};
use crate::kubernetes::rights::{Right, Verb};
use crate::nodepool::Call;

/// How long the cluster may stay unreached at first.
const FIRST_CONTACT: Duration = Duration::from_secs(30);

/// How long the first of a pool's nodes may take to join, once the cloud says that the pool is ready.
const FIRST_NODE: Duration = Duration::from_secs(120);

/// After this the server ends a watch, and the nodes are listed anew: what a broken connection has swallowed is not
/// missed for long.
const WATCH: Duration = Duration::from_secs(45);

/// How long to wait after a failed list or a broken watch.
const PAUSE: Duration = Duration::from_secs(2);

/// The time that is kept back from a call for the diagnosis, and the longest that it takes.
const FOR_DIAGNOSIS: Duration = Duration::from_secs(20);

/// How long mig-manager may say that it has failed: it says so for a moment only where its pod starts anew.
const FAILED: Duration = Duration::from_secs(10);

/// The least time that a list is given: a check with little time sees the nodes at least once.
const ONE_LOOK: Duration = Duration::from_secs(2);

/// What a check asks of the cluster, for [`Cluster::preflight`].
pub fn rights() -> Vec<Right> {
    vec![list_nodes(), Right { verb: Verb::Watch, ..list_nodes() }]
}

fn list_nodes() -> Right {
    Right::everywhere(Verb::List, "", "nodes")
}

impl Cluster {
    /// Waits until the pool's nodes offer the planned slices, but not beyond the check's time-out or the call's end.
    ///
    /// It never fails: what keeps it from looking is an outcome.
    pub async fn check_slices(&self, call: &Call, check: &SliceCheck) -> Outcome {
        let begun = Instant::now();
        let left = call.remaining();
        // Of a call that is almost over the nodes get the larger part.
        let time = check.timeout.min(left.saturating_sub(FOR_DIAGNOSIS.min(left / 4)));
        let mut follower = Follower {
            cluster: self,
            call,
            check,
            nodes: BTreeMap::new(),
            begun,
            deadline: begun + time,
            hopeless: false,
            failed: None,
            told: None,
        };
        let ended = tokio::select! {
            biased;
            () = call.cancelled.cancelled() => Some(Outcome::NotVerified(NotVerified::Interrupted)),
            ended = follower.run() => ended,
        };
        match ended {
            Some(outcome) => outcome,
            None => Outcome::Mismatch(follower.mismatch().await),
        }
    }
}

struct Follower<'a> {
    cluster: &'a Cluster,
    call: &'a Call,
    check: &'a SliceCheck,
    nodes: BTreeMap<String, NodeSeen>,
    begun: Instant,
    deadline: Instant,
    /// Nothing that could announce slices ever comes to the nodes: they are as they will be.
    hopeless: bool,
    /// Since when mig-manager says of a node that it has failed.
    failed: Option<Instant>,
    /// What was last told in the log.
    told: Option<Verdict>,
}

impl Follower<'_> {
    /// Until the end; `None` is a mismatch.
    async fn run(&mut self) -> Option<Outcome> {
        let mut reached = false;
        loop {
            let version = match self.list(reached).await {
                Ok(version) => version,
                Err(error) => {
                    // A cluster that says no will go on saying it.
                    let is_final = !error.is_out_of_reach() && !error.passes();
                    let too_late = !reached && self.begun.elapsed() >= FIRST_CONTACT;
                    if is_final || too_late || Instant::now() >= self.deadline {
                        return Some(Outcome::NotVerified(NotVerified::NotAsked(Box::new(error))));
                    }
                    tracing::info!(%error, "the nodes could not be listed");
                    self.pause().await;
                    continue;
                }
            };
            if !std::mem::replace(&mut reached, true)
                && let Some(outcome) = self.nothing_announces().await
            {
                return Some(outcome);
            }
            if let Some(outcome) = self.verdict() {
                return Some(outcome);
            }
            if Instant::now() >= self.end() || self.is_hopeless() {
                return None;
            }
            match self.watch(&version).await {
                Some(Ended::Outcome(outcome)) => return Some(outcome),
                Some(Ended::TimeIsUp) => return None,
                None => {}
            }
        }
    }

    /// Lists the nodes; the version from which to watch.
    async fn list(&mut self, reached: bool) -> Result<String, KubeError> {
        let api: Api<Node> = self.cluster.all();
        let options = ListParams::default().labels(&pool_selector(&self.check.pool));
        let right = list_nodes();
        let time = if reached { REQUEST } else { FIRST_CONTACT.saturating_sub(self.begun.elapsed()) };
        let time = time.min(self.deadline.saturating_duration_since(Instant::now()).max(ONE_LOOK));
        let answer = self.cluster.once(self.call, &right, api.list(&options));
        let timed_out = KubeError::TimedOut {
            server: self.cluster.server().to_owned(),
            right: Box::new(right.clone()),
            after: time,
        };
        let list = tokio::time::timeout(time, answer).await.unwrap_or(Err(timed_out))?;
        let seen = list.items.into_iter().map(NodeSeen::of);
        self.nodes = seen.map(|node| (node.name.clone(), node)).collect();
        Ok(list.metadata.resource_version.unwrap_or_default())
    }

    /// The end of the check, if there is nothing to wait for: nobody who could announce slices is installed, or none
    /// that is told how.
    async fn nothing_announces(&mut self) -> Option<Outcome> {
        let Announcer::DevicePlugin { key } = &self.check.announcer else { return None };
        let taints = staying(&self.nodes).next().map(|node| node.taints.clone()).unwrap_or_default();
        // Who may not look, or gets no answer, cannot tell; the nodes will.
        let installed = tokio::time::timeout_at(self.deadline, self.cluster.installed(self.call)).await;
        let installed = installed.ok()?.ok()?;
        self.hopeless = announcers::never_come(self.check, &installed);
        let advice =
            announcers::advice(self.check, key.as_ref().map(|(place, _)| place), &installed, &taints)?;
        Some(Outcome::NotVerified(NotVerified::NothingAnnounces { advice }))
    }

    /// Whether to wait is of no use: there is a node to show it, too.
    fn is_hopeless(&self) -> bool {
        self.hopeless && staying(&self.nodes).next().is_some()
    }

    /// When the nodes are as they will be, at the latest.
    fn end(&self) -> Instant {
        self.failed.map_or(self.deadline, |since| self.deadline.min(since + FAILED))
    }

    /// The end of the check, if the nodes decide it.
    fn verdict(&mut self) -> Option<Outcome> {
        let fails = staying(&self.nodes).any(|node| has_failed(self.check, node));
        self.failed = self.failed.filter(|_| fails).or_else(|| fails.then(Instant::now));
        let verdict = judge(self.check, &self.nodes);
        if self.told != Some(verdict) {
            tracing::info!(pool = %self.check.pool, ?verdict, resource = self.check.resource, "slices");
            self.told = Some(verdict);
        }
        match verdict {
            Verdict::Right { allocatable } => Some(Outcome::Verified { allocatable }),
            Verdict::Empty => Some(Outcome::NotVerified(NotVerified::NoNodes)),
            Verdict::Dynamic => Some(Outcome::NotVerified(NotVerified::DynamicAllocation)),
            Verdict::Wait { there: 0, .. } if self.begun.elapsed() >= FIRST_NODE => {
                Some(Outcome::NotVerified(NotVerified::NoNodes))
            }
            Verdict::Wait { .. } => None,
        }
    }

    /// Follows the nodes' changes; `None` when the list is to be asked for anew.
    async fn watch(&mut self, version: &str) -> Option<Ended> {
        let api: Api<Node> = self.cluster.all();
        let options = WatchParams::default()
            .labels(&pool_selector(&self.check.pool))
            .timeout(u32::try_from(WATCH.as_secs()).unwrap_or(45));
        let right = Right { verb: Verb::Watch, ..list_nodes() };
        let opened_at = Instant::now();
        let opened = self.cluster.once(self.call, &right, api.watch(&options, version)).await;
        let result = match opened {
            Ok(stream) => self.read(stream).await,
            Err(error) => Err(error),
        };
        match result {
            Ok(Some(ended)) => Some(ended),
            // A server that ends each watch at once must not be asked without pause.
            Ok(None) if opened_at.elapsed() >= PAUSE => None,
            Ok(None) => {
                self.pause().await;
                None
            }
            Err(error) => {
                tracing::debug!(%error, "the watch broke");
                self.pause().await;
                None
            }
        }
    }

    async fn read(
        &mut self,
        stream: impl Stream<Item = Result<WatchEvent<Node>, kube::Error>>,
    ) -> Result<Option<Ended>, KubeError> {
        let right = Right { verb: Verb::Watch, ..list_nodes() };
        let mut stream = std::pin::pin!(stream);
        // A server that does not end the watch in time, and a connection that is dead without saying so.
        let longest = Instant::now() + WATCH + PAUSE;
        loop {
            let event = tokio::select! {
                biased;
                event = stream.try_next() => event.map_err(|error| self.cluster.cause(&error, &right))?,
                () = tokio::time::sleep_until(self.end()) => return Ok(Some(Ended::TimeIsUp)),
                () = tokio::time::sleep_until(longest) => return Ok(None),
            };
            match event {
                Some(WatchEvent::Added(node) | WatchEvent::Modified(node)) => {
                    let node = NodeSeen::of(node);
                    self.nodes.insert(node.name.clone(), node);
                }
                Some(WatchEvent::Deleted(node)) => {
                    self.nodes.remove(&node.metadata.name.unwrap_or_default());
                }
                Some(WatchEvent::Bookmark(_)) => continue,
                // The version is too old, or the server is going down: both heal by a new list.
                Some(WatchEvent::Error(status)) => {
                    return Err(self.cluster.cause(&kube::Error::Api(status), &right));
                }
                None => return Ok(None),
            }
            if let Some(outcome) = self.verdict() {
                return Ok(Some(Ended::Outcome(outcome)));
            }
            if self.is_hopeless() {
                return Ok(Some(Ended::TimeIsUp));
            }
        }
    }

    async fn pause(&self) {
        tokio::time::sleep_until(self.end().min(Instant::now() + PAUSE)).await;
    }

    async fn mismatch(&self) -> Mismatch {
        let nodes: Vec<_> = staying(&self.nodes).cloned().collect();
        let looking = evidence::collect(self.cluster, self.call, self.check, nodes.clone());
        // Better a diagnosis from the nodes alone than none.
        let found = tokio::time::timeout(FOR_DIAGNOSIS, looking).await;
        let found = found.unwrap_or_else(|_| Evidence { nodes, ..Evidence::default() });
        let reports: Vec<_> = found.nodes.iter().map(|node| report(self.check, node)).collect();
        let there = u32::try_from(reports.len()).unwrap_or(u32::MAX);
        Mismatch {
            resource: self.check.resource.clone(),
            per_node: self.check.per_node,
            missing: self.check.nodes.unwrap_or(0).saturating_sub(there),
            allocatable: reports.iter().map(|report| report.offers).sum(),
            nodes: reports,
            waited: Duration::from_secs(self.begun.elapsed().as_secs()),
            findings: diagnosis::diagnose(self.check, &found),
        }
    }
}

enum Ended {
    Outcome(Outcome),
    TimeIsUp,
}

#[cfg(test)]
mod tests;
