//! Taking over existing pools, by their native id or by identity.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::nodepool::pools::{Freshness, Pending, PendingKind, now_rfc3339};
use crate::nodepool::{ClusterId, Health, NodePool, PoolError, PoolId};
use crate::slicing::Sharing;
use crate::tfplugin::{
    Context, Diagnostics, Identity, IdentityAttribute, IdentitySchema, Import, ImportBy, Type, Value,
};

use super::lifecycle::{Lifecycle, READY, call, set_status};
use super::planning::INCOMPLETE;
use super::private::Private;
use super::progress::Reports;
use super::to_value::{Purpose, seen};
use super::{MigNodePool, clouds, derived, messages};

#[async_trait]
impl Import for MigNodePool {
    async fn import(&self, ctx: &Context, by: ImportBy) -> Result<Value, Diagnostics> {
        let id = match by {
            ImportBy::Id(text) => text.parse::<PoolId>().map_err(|error| {
                Diagnostics::error("This is not the id of a node pool", format!("{error}."))
            })?,
            ImportBy::Identity(identity) => from_identity(&identity)?,
        };
        self.lifecycle.import(ctx, &id).await
    }
}

impl Lifecycle {
    /// The state of an existing pool that is to be taken over.
    async fn import(&self, ctx: &Context, id: &PoolId) -> Result<Value, Diagnostics> {
        self.session.accepts(&id.cluster)?;
        let reached = self.reach(id.cluster.cloud())?;
        let call = call(ctx, clouds::READING, Reports::none(ctx));
        let found = reached.pools.read(&call, id, Freshness::Live).await;
        let shown = |error: PoolError| messages::of_error(&error, self.resource_type);
        let Some(mut pool) = found.map_err(shown)? else {
            return Err(Diagnostics::error(
                format!("There is no node pool {}", id.name),
                format!("The cluster {} has no node pool of that name. Check the id: {id}.", id.cluster),
            ));
        };
        self.may_be_taken_over(&pool)?;
        // The id that was typed may be spelled in any way that means the cluster, and the state outlives it.
        pool.id.cluster = reached.pools.cluster(&call, &pool.id.cluster).await.map_err(shown)?;
        let mut state = seen(&pool, &Value::Object(BTreeMap::new()), Purpose::Import, reached.rules);
        set_status(&mut state, if pool.health == Health::Ready { READY } else { INCOMPLETE });
        let effective = ["effective_labels", "effective_tags"].map(|name| (name, state.lookup(name).clone()));
        derived::complete(&mut state, &derived::all(&self.session));
        // What is sent in all is read from the pool: a label of ours that is missing is then put there.
        if let Value::Object(attributes) = &mut state {
            for (name, value) in effective {
                attributes.insert(name.to_owned(), value);
            }
        }
        let pending = (pool.health != Health::Ready).then(|| Pending {
            operation: String::new(),
            location: String::new(),
            kind: PendingKind::Create,
            since: now_rfc3339(),
        });
        ctx.set_private(Private::new(self.session.origin(), pending).bytes());
        Ok(state)
    }

    /// Refuses a pool that this resource could not describe.
    fn may_be_taken_over(&self, pool: &NodePool) -> Result<(), Diagnostics> {
        let name = &pool.id.name;
        if pool.mig_profile.is_none() {
            return Err(Diagnostics::error(
                format!("The node pool {name} is not cut by MIG"),
                format!(
                    "{} manages pools whose GPUs are cut by MIG, and this pool's GPUs are whole, or it has none. It \
                     stays as it is.",
                    self.resource_type
                ),
            ));
        }
        if pool.sharing != Sharing::None {
            return Err(Diagnostics::error(
                format!("The slices of the node pool {name} are shared"),
                format!(
                    "Its slices are shared by {} on top of MIG, which {} does not manage: the first change would lose \
                     it. No resource of this version does. The pool stays as it is.",
                    pool.sharing, self.resource_type
                ),
            ));
        }
        Ok(())
    }
}

fn from_identity(identity: &Value) -> Result<PoolId, Diagnostics> {
    let text = |name: &str| identity.lookup(name).as_str().unwrap_or_default();
    let cluster: ClusterId = text("cluster_id").parse().map_err(|error| {
        Diagnostics::error("The identity's cluster_id cannot be read", format!("{error}."))
    })?;
    if text("name").is_empty() {
        return Err(Diagnostics::error("The identity has no name", "Set name to the name of the node pool."));
    }
    Ok(PoolId { cluster, name: text("name").to_owned() })
}

impl Identity for MigNodePool {
    fn schema(&self) -> IdentitySchema {
        let required =
            |name, description| IdentityAttribute { name, type_: Type::String, required: true, description };
        IdentitySchema {
            version: 0,
            attributes: vec![
                required("cluster_id", "The cluster's id, as in the resource's `cluster_id`."),
                required("name", "The node pool's name."),
            ],
        }
    }

    fn identity(&self, state: &Value) -> Option<Value> {
        // The canonical spelling: an identity must not change with the spelling of cluster_id.
        let id: PoolId = state.lookup("id").as_str()?.parse().ok()?;
        Some(Value::object([("cluster_id", id.cluster.to_string()), ("name", id.name)]))
    }
}
