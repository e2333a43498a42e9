//! The nodes of pools, for clouds that end machines without draining them.

use std::sync::Arc;

use async_trait::async_trait;

use crate::cloud;
use crate::nodepool::pools::{DrainedNode, ErrorKind};
use crate::nodepool::{Call, Path, PoolError, PoolId, PoolNodes};

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
        let drained = async {
            let cluster = self.session.cluster(call, &pool.cluster).await?.ok_or_else(unknown_way)?;
            Ok(cluster.drain(call, pool, count).await?)
        };
        drained.await.map_err(|error| undrained(pool, error))
    }
}

/// An error with what the cluster was asked for, and the setting that does without.
fn undrained(pool: &PoolId, mut error: PoolError) -> PoolError {
    let setting = cloud::rules(pool.cluster.cloud()).undrained();
    if error.kind == ErrorKind::Interrupted {
        return error;
    }
    if let Some((option, value)) = setting {
        error.detail = format!(
            "{}\n\nThe node pool {} loses nodes, and the cloud ends their machines with all pods on them. They are drained \
             first, by way of the cluster's Kubernetes API. To end them as they are, set {option} = {value:?}.",
            error.detail.trim_end(),
            pool.name,
        );
        error.attribute = error.attribute.or_else(|| Some(Path::of(option)));
    }
    error
}
