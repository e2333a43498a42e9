//! How many operations run at a time: so many on a cluster, one on a pool.
//!
//! The gate spares a cloud requests that it would refuse. It holds for this process alone, so whatever passes it
//! still has to be ready for "busy".

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::limits::{Limits, Stopped};

/// The gates of one cloud's clusters and pools.
#[derive(Debug)]
pub(crate) struct Gates {
    per_cluster: usize,
    gates: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// The right to run operations on a pool, one after the other.
#[derive(Debug)]
pub(crate) struct PoolTurn {
    _pool: OwnedSemaphorePermit,
}

/// The right to run one operation on a cluster.
#[derive(Debug)]
pub(crate) struct ClusterTurn {
    _cluster: OwnedSemaphorePermit,
}

impl Gates {
    /// Gates that let `per_cluster` operations at a time onto each cluster.
    pub(crate) fn new(per_cluster: usize) -> Self {
        Gates { per_cluster, gates: Mutex::default() }
    }

    fn gate(&self, key: String, width: usize) -> Arc<Semaphore> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry(key).or_insert_with(|| Arc::new(Semaphore::new(width))))
    }

    /// Waits for a turn on a pool.
    pub(crate) async fn pool(&self, limits: &Limits, pool: &str) -> Result<PoolTurn, Stopped> {
        let gate = self.gate(format!("pool {pool}"), 1);
        Ok(PoolTurn { _pool: enter(limits, gate).await? })
    }

    /// Waits for a turn on a cluster, in the order of asking. Ask for the pool's turn first: else a call that
    /// waits for its pool would keep others off the cluster.
    pub(crate) async fn cluster(&self, limits: &Limits, cluster: &str) -> Result<ClusterTurn, Stopped> {
        let gate = self.gate(format!("cluster {cluster}"), self.per_cluster);
        Ok(ClusterTurn { _cluster: enter(limits, gate).await? })
    }
}

async fn enter(limits: &Limits, gate: Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Stopped> {
    match limits.run(gate.acquire_owned()).await? {
        Ok(permit) => Ok(permit),
        // Only a closed gate refuses, and nothing closes one.
        Err(_) => Err(Stopped::Interrupted),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_cluster_takes_so_many_and_a_pool_one() {
        let gates = Gates::new(2);
        let long = Limits::lasting(Duration::from_secs(60));
        let soon = || Limits::lasting(Duration::from_millis(10));
        let first = gates.cluster(&long, "c").await.unwrap();
        let _second = gates.cluster(&long, "c").await.unwrap();
        assert_eq!(gates.cluster(&soon(), "c").await.map(drop), Err(Stopped::TimedOut));
        gates.cluster(&soon(), "other").await.expect("other clusters have their own gate");
        drop(first);
        gates.cluster(&soon(), "c").await.expect("a place was given back");

        let _pool = gates.pool(&long, "c/p").await.unwrap();
        assert_eq!(gates.pool(&soon(), "c/p").await.map(drop), Err(Stopped::TimedOut));
        gates.pool(&soon(), "c/q").await.expect("other pools have their own gate");
    }
}
