//! A cloud's node pools: the one door between Terraform's side and a cloud's API.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::{ClusterAccess, ClusterId, NodePool, NodePoolSpec, Options, Path, PoolId};

/// The node pools of one cloud, with credentials.
///
/// Every method honours [`Call::cancelled`] and [`Call::deadline`], and none of them holds a lock over a wait.
#[async_trait::async_trait]
pub trait NodePools: Send + Sync + Debug {
    /// Makes sure that a pool can be created in the cluster: the cluster exists, takes node pools, and has none
    /// of that name.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] names the existing pool; [`ErrorKind::ClusterNotFound`], and whatever
    /// keeps the cloud from answering.
    async fn preflight(&self, call: &Call, spec: &NodePoolSpec) -> Result<(), PoolError>;

    /// Creates the pool and waits until it is ready.
    ///
    /// [`Progress::checkpoint`] is called as soon as the cloud has accepted the request. A pool that exists and
    /// may still become ready is [`Finished::Incomplete`], never an error.
    ///
    /// # Errors
    /// Only when nothing was created, or when what was created can never become ready.
    async fn create(&self, call: &Call, spec: &NodePoolSpec) -> Result<Finished, PoolError>;

    /// Goes on waiting for an operation that an earlier call left behind.
    ///
    /// # Errors
    /// As for [`NodePools::create`].
    async fn resume(&self, call: &Call, id: &PoolId, pending: &Pending) -> Result<Finished, PoolError>;

    /// Changes the pool from `prior` to `wanted`, one sound step after the other, with a checkpoint after each.
    ///
    /// `after` is an operation that an earlier call left behind. Its end is waited for first, whether it is good or
    /// bad: a pool that does not become ready must stay open to changes, or it could never be mended.
    ///
    /// Of labels, tags and taints only those in `prior` or `wanted` are ours to change; foreign ones stay.
    ///
    /// # Errors
    /// When a step is refused; the last checkpoint tells how far it came.
    async fn update(
        &self,
        call: &Call,
        id: &PoolId,
        prior: &NodePoolSpec,
        wanted: &NodePoolSpec,
        after: Option<&Pending>,
    ) -> Result<Finished, PoolError>;

    /// Deletes the pool and waits until it is gone. A pool that is gone already is a success. `options` are the cloud's
    /// options as the pool last had them: some say how nodes are drained.
    ///
    /// # Errors
    /// When the cloud refuses, or does not answer in time.
    async fn delete(&self, call: &Call, id: &PoolId, options: &Options) -> Result<(), PoolError>;

    /// Whether something that was made for a pool is there, though the pool itself is gone: what [`NodePools::delete`]
    /// takes away after it.
    ///
    /// # Errors
    /// Whatever keeps the cloud from answering.
    async fn left_behind(&self, call: &Call, id: &PoolId) -> Result<bool, PoolError>;

    /// Reads the pool; `None` means that it is gone *for certain*: not found while its cluster is, or the
    /// cluster itself not found with these credentials.
    ///
    /// # Errors
    /// Everything else: a 403, an unreachable API, a wrong account. Such an error never means gone.
    async fn read(
        &self,
        call: &Call,
        id: &PoolId,
        freshness: Freshness,
    ) -> Result<Option<NodePool>, PoolError>;

    /// The cluster's canonical id, as the cloud spells it, after a look at it.
    ///
    /// # Errors
    /// [`ErrorKind::ClusterNotFound`] and whatever keeps the cloud from answering.
    async fn cluster(&self, call: &Call, cluster: &ClusterId) -> Result<ClusterId, PoolError>;

    /// How the cluster's Kubernetes API is reached with this cloud's credentials. Asks the cloud about the cluster,
    /// and nothing of the cluster itself.
    ///
    /// # Errors
    /// [`ErrorKind::ClusterNotFound`], and whatever keeps the cloud from answering.
    async fn access(&self, call: &Call, cluster: &ClusterId) -> Result<ClusterAccess, PoolError>;
}

/// How old an answer may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// As of now.
    Live,
    /// Up to ten seconds old and shared with the other reads of the same cluster: for refreshes.
    Coalesced,
}

/// What surrounds one call: how long it may take, who may stop it, and where it reports.
pub struct Call {
    /// Cancelled when the user interrupts.
    pub cancelled: CancellationToken,
    /// When the call's time is up.
    pub deadline: Instant,
    /// The length of time that `deadline` came from, for messages.
    pub timeout: Duration,
    /// Where the call reports what it has done so far.
    pub progress: Box<dyn Progress>,
    /// The nodes, for clouds that end machines without draining them; `None` where no pool can lose any.
    pub nodes: Option<Arc<dyn PoolNodes>>,
}

/// The nodes of pools, seen through their cluster's Kubernetes API.
#[async_trait::async_trait]
pub trait PoolNodes: Send + Sync + Debug {
    /// Cordons and drains nodes of the pool until `count` of them are empty, and says which: fewer where the cluster
    /// has fewer. Nodes that are cordoned already are taken first, then those that are not ready, then those with the
    /// fewest slices in use and pods to move. With a `count` of 0 it is only made sure that all of that may be done.
    ///
    /// # Errors
    /// When the cluster is not reached, a right is missing, or pods do not leave in time (their disruption budgets are
    /// named). What this call cordoned is open again then.
    async fn drain(&self, call: &Call, pool: &PoolId, count: u32) -> Result<Vec<DrainedNode>, PoolError>;
}

/// A node whose pods are gone, and which takes no new ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrainedNode {
    /// Its name in Kubernetes.
    pub name: String,
    /// What the cloud calls its machine, such as `aws:///us-east-1a/i-0123456789abcdef0`; empty when the node does not
    /// say.
    pub provider_id: String,
}

impl Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl Call {
    /// The time that is left.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

/// Takes the reports of a call.
pub trait Progress: Send + Sync {
    /// The state that must not be lost: whatever happens after this, it is what Terraform keeps.
    fn checkpoint(&self, checkpoint: Checkpoint);

    /// Something the user should know that is no error, such as a size that could not be read.
    fn warn(&self, summary: String, detail: String);
}

/// What a call has reached.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The pool it is about.
    pub id: PoolId,
    /// The pool as last seen; `None` when it was not read since the last step.
    pub pool: Option<NodePool>,
    /// The operation that still runs.
    pub pending: Option<Pending>,
}

/// An operation of the cloud that was still running when a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The operation's name, as the cloud's API takes it; empty when the cloud has none.
    #[serde(rename = "op")]
    pub operation: String,
    /// Where the operation is to be asked for (a region or zone on GKE, a URL on AKS).
    pub location: String,
    /// What it does.
    pub kind: PendingKind,
    /// When it began, as an RFC 3339 instant.
    pub since: String,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PendingKind {
    /// It creates the pool.
    Create,
    /// It changes the pool.
    Update,
    /// It deletes the pool.
    Delete,
}

/// How a create, update or resume ended without an error.
#[derive(Debug, Clone, PartialEq)]
pub enum Finished {
    /// The pool is ready.
    Ready(NodePool),
    /// The pool exists and may still become ready.
    Incomplete(Incomplete),
}

/// A pool that exists and is not ready.
#[derive(Debug, Clone, PartialEq)]
pub struct Incomplete {
    /// The pool as last seen, if it could be read.
    pub pool: Option<NodePool>,
    /// The operation to go on waiting for.
    pub pending: Pending,
    /// Why the call ended.
    pub reason: IncompleteReason,
    /// What the cloud says, with the operation's name and where to look, in full sentences.
    pub message: String,
}

/// Why a call ended before the pool was ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncompleteReason {
    /// The user interrupted.
    Interrupted,
    /// The time-out passed.
    TimedOut,
    /// The cloud has no machines to give for now.
    NoCapacity,
    /// The cloud says that the pool is unhealthy, but not for good.
    Unhealthy,
    /// The cloud accepted the request, but could not be asked any more how it went.
    Unreachable,
}

/// What went wrong at a cloud, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{summary}: {detail}")]
pub struct PoolError {
    /// What kind of error it is.
    pub kind: ErrorKind,
    /// What is wrong, in one line without a full stop.
    pub summary: String,
    /// Why, how to mend it, and the request and operation ids to quote, in full sentences.
    pub detail: String,
    /// The attribute to change, where one is to blame.
    pub attribute: Option<Path>,
}

/// The kinds of errors that make a difference to what happens next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// A pool of that name exists. Remedy: import it, or choose another name.
    AlreadyExists(Box<PoolId>),
    /// The cluster does not exist where its id says. Remedy: mend `cluster_id` or the credentials.
    ClusterNotFound,
    /// The pool does not exist, though it was expected to. Remedy: refresh.
    PoolNotFound,
    /// The cluster takes no node pools of ours (Autopilot). Remedy: another cluster.
    Unsupported,
    /// No credentials, or credentials that the cloud refuses. Remedy: log in.
    Unauthenticated,
    /// The identity lacks a permission. Remedy: grant it.
    Forbidden,
    /// A quota does not suffice. Remedy: ask for more.
    Quota,
    /// The cloud has no such machines to give. Remedy: later, elsewhere, or another machine type.
    NoCapacity,
    /// The cloud refuses the request as it is. Remedy: change the configuration.
    Invalid,
    /// The pool was created and can never become ready. Remedy: replace it.
    Failed,
    /// The user interrupted.
    Interrupted,
    /// The time-out passed while something else kept the cloud busy, or without an answer.
    TimedOut,
    /// The cloud's API could not be reached, or answered with nonsense.
    Transport,
}

/// The present moment in the form of [`Pending::since`], to the second.
#[expect(
    clippy::disallowed_methods,
    reason = "when an operation began is told to people, and never part of a plan"
)]
pub fn now_rfc3339() -> String {
    let now = time::OffsetDateTime::from(SystemTime::now());
    let whole = now.replace_nanosecond(0).unwrap_or(now);
    // The year of a system clock is far within the four digits that the format has.
    whole.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}
