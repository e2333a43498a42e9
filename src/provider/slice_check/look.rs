//! Looking at a pool's slices in its cluster, however far one gets.

use std::time::Duration;

use crate::duration::GoDuration;
use crate::kubernetes::Cluster;
use crate::kubernetes::check::{Announcer, Mismatch, NotVerified, Outcome, SliceCheck};
use crate::kubernetes::config::ConfigKey;
use crate::kubernetes::plugin::{Place, Wanted, place};
use crate::nodepool::{Call, ClusterId, PoolError};

use super::super::session::Session;

/// How long the way to the cluster may take, and the look at what is installed there.
const ARRIVAL: Duration = Duration::from_secs(30);

/// With less time left than this nothing is asked any more.
const ARRIVAL_AT_LEAST: Duration = Duration::from_secs(1);

/// What was seen.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::provider) enum Look {
    /// The slices are as planned: so many in all.
    Seen(u64),
    /// Nobody knows.
    NotVerified(Why),
    /// They are not as planned.
    Wrong(Mismatch),
}

/// Why nobody knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::provider) enum Why {
    /// There is no way to the cluster.
    NoWay(PoolError),
    /// The way to the cluster was not found in time.
    TooSlow,
    /// The operation's own time-out was used up before.
    NoTime(Duration),
    /// The provider's `kubernetes` block, or the cloud's credentials, are not known yet.
    NotConfigured,
    /// The check itself says so.
    Check(NotVerified),
}

impl Why {
    /// Why, in full sentences.
    pub(in crate::provider) fn detail(&self) -> String {
        match self {
            Why::NoWay(error) => {
                format!("The cluster could not be asked: {}. {}", error.summary, error.detail)
            }
            Why::TooSlow => format!(
                "The cluster could not be asked: its cloud did not tell within {} s how it is reached.",
                ARRIVAL.as_secs()
            ),
            Why::NoTime(timeout) => format!(
                "The operation's time-out of {} has passed: no time was left for the look. A longer one in the block \
                 timeouts leaves some.",
                GoDuration(*timeout)
            ),
            Why::NotConfigured => {
                const WHY: &str = "How the cluster is reached is not known yet: a part of the provider block comes from \
                                   something that does not exist yet.";
                WHY.to_owned()
            }
            Why::Check(why) => why.detail(),
        }
    }
}

/// The key that configures a pool's nodes.
#[derive(Debug, Clone)]
pub(in crate::provider) struct PoolKey {
    /// The key.
    pub(in crate::provider) key: ConfigKey,
    /// Where it is.
    pub(in crate::provider) at: KeyPlace,
}

/// Where a key is.
#[derive(Debug, Clone)]
pub(in crate::provider) enum KeyPlace {
    /// Here.
    Known(Place),
    /// Where the configuration and what is installed say.
    ToFind(Wanted),
}

/// Waits for the slices of a pool that is ready, but not beyond the check's limit. It never fails.
pub(in crate::provider) async fn look(
    session: &Session,
    call: &Call,
    mut check: SliceCheck,
    key: Option<PoolKey>,
) -> Look {
    tracing::info!(pool = %check.pool, per_node = check.per_node, resource = check.resource, "looking for the slices");
    if call.remaining() < ARRIVAL_AT_LEAST {
        return Look::NotVerified(Why::NoTime(call.timeout));
    }
    let looking = async {
        let cluster = match reach(session, call, &check.pool.cluster).await {
            Ok(cluster) => cluster,
            Err(why) => return Look::NotVerified(why),
        };
        if let Some(PoolKey { key, at }) = key {
            let place = match at {
                KeyPlace::Known(place) => Some(place),
                KeyPlace::ToFind(wanted) => find(&cluster, call, &wanted).await,
            };
            check.announcer = Announcer::DevicePlugin { key: place.map(|place| (place, key)) };
        }
        match cluster.check_slices(call, &check).await {
            Outcome::Verified { allocatable } => Look::Seen(allocatable),
            Outcome::NotVerified(why) => Look::NotVerified(Why::Check(why)),
            Outcome::Mismatch(mismatch) => Look::Wrong(mismatch),
        }
    };
    tokio::select! {
        biased;
        () = call.cancelled.cancelled() => Look::NotVerified(Why::Check(NotVerified::Interrupted)),
        look = looking => look,
    }
}

/// The cluster, unless the way to it takes too long.
pub(in crate::provider) async fn reach(
    session: &Session,
    call: &Call,
    id: &ClusterId,
) -> Result<std::sync::Arc<Cluster>, Why> {
    match tokio::time::timeout(ARRIVAL, session.cluster(call, id)).await {
        Ok(Ok(Some(cluster))) => Ok(cluster),
        Ok(Ok(None)) => Err(Why::NotConfigured),
        Ok(Err(error)) => Err(Why::NoWay(error)),
        Err(_) => Err(Why::TooSlow),
    }
}

/// The ConfigMap that is read. Where that cannot be told the nodes can still be looked at.
async fn find(cluster: &Cluster, call: &Call, wanted: &Wanted) -> Option<Place> {
    let installed = tokio::time::timeout(ARRIVAL, cluster.installed(call)).await.ok()?.ok()?;
    place::choose(wanted, &installed).ok()
}
