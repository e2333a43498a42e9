//! The nodes of pools, for clouds that end machines without draining them.

use std::sync::Arc;

use async_trait::async_trait;

use crate::nodepool::{Call, DrainedNode, PoolError, PoolId, PoolNodes};

use super::super::session::Session;
use super::companions::messages::unknown_way;

/// Nodes, reached as the session reaches their cluster.
#[derive(Debug)]
pub(super) struct ClusterNodes {
    session: Arc<Session>,
}

impl ClusterNodes {
    pub(super) fn new(session: &Arc<Session>) -> Self {
        ClusterNodes { session: Arc::clone(session) }
    }
}

#[async_trait]
impl PoolNodes for ClusterNodes {
    async fn drain(&self, call: &Call, pool: &PoolId, count: u32) -> Result<Vec<DrainedNode>, PoolError> {
        let cluster = self.session.cluster(call, &pool.cluster).await?.ok_or_else(unknown_way)?;
        Ok(cluster.drain(call, pool, count).await?)
    }
}
