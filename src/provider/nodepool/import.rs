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
use super::{Kind, NodePoolResource, clouds, derived, messages, schema};

#[async_trait]
impl Import for NodePoolResource {
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
        let call = call(ctx, &self.session, clouds::READING, Reports::none(ctx));
        let found = reached.pools.read(&call, id, Freshness::Live).await;
        let shown = |error: PoolError| messages::of_error(&error, self.kind.resource_type());
        let Some(mut pool) = found.map_err(shown)? else {
            return Err(Diagnostics::error(
                format!("There is no node pool {}", id.name),
                format!("The cluster {} has no node pool of that name. Check the id: {id}.", id.cluster),
            ));
        };
        let told = self.told(ctx, &call, &pool, reached.rules).await?;
        if let Some(told) = &told {
            pool.sharing = told.config.sharing;
        }
        self.may_be_taken_over(&pool)?;
        // The id that was typed may be spelled in any way that means the cluster, and the state outlives it.
        pool.id.cluster = reached.pools.cluster(&call, &pool.id.cluster).await.map_err(shown)?;
        let mut state = seen(&pool, &Value::Object(BTreeMap::new()), Purpose::Import, reached.rules);
        if let Some(told) = &told {
            told.settings(&mut state);
        }
        schema::retain(self.kind, &mut state);
        set_status(&mut state, if pool.health == Health::Ready { READY } else { INCOMPLETE });
        // What is sent in all is read from the pool: a label of ours that is missing is then put there.
        derived::follow(&mut state, &derived::all(self.kind, &self.session));
        let pending = (pool.health != Health::Ready).then(|| Pending {
            operation: String::new(),
            location: String::new(),
            kind: PendingKind::Create,
            since: now_rfc3339(),
        });
        let mut private = Private::new(self.session.origin(), pending);
        if let Some(told) = &told {
            told.key(&mut state);
            told.note(&mut private.keys);
        }
        ctx.set_private(private.bytes());
        Ok(state)
    }

    /// Refuses a pool that this resource could not describe, naming the one that can.
    fn may_be_taken_over(&self, pool: &NodePool) -> Result<(), Diagnostics> {
        let name = &pool.id.name;
        let own = self.kind.resource_type();
        let shared = pool.sharing != Sharing::None;
        let other = |summary: String, kind: Kind, why: String| {
            let other = kind.resource_type();
            Err(Diagnostics::error(
                summary,
                format!(
                    "{why} The pool stays as it is. Import it as {other}: {own} does not manage such pools."
                ),
            ))
        };
        match (self.kind, pool.mig_profile, shared) {
            (Kind::Mig, Some(_), false) | (Kind::TimeSlice, _, true) => Ok(()),
            (Kind::Mig, Some(_), true) => other(
                format!("The slices of the node pool {name} are shared"),
                Kind::TimeSlice,
                format!("Its slices are shared by {} on top of MIG.", pool.sharing),
            ),
            (Kind::Mig, None, true) => other(
                format!("The node pool {name} is not cut by MIG"),
                Kind::TimeSlice,
                format!("Its GPUs are whole, and shared by {}.", pool.sharing),
            ),
            (Kind::TimeSlice, Some(profile), false) => other(
                format!("The GPUs of the node pool {name} are not shared"),
                Kind::Mig,
                format!("Its GPUs are cut by MIG into {profile}, one container each."),
            ),
            (Kind::Mig, None, false) => Err(Diagnostics::error(
                format!("The node pool {name} is not cut by MIG"),
                format!(
                    "{own} manages pools whose GPUs are cut by MIG, and this pool's GPUs are whole, or it has none. It \
                     stays as it is."
                ),
            )),
            (Kind::TimeSlice, None, false) => Err(Diagnostics::error(
                format!("The GPUs of the node pool {name} are not shared"),
                format!(
                    "{own} manages pools whose GPUs are shared by several containers, and this pool's GPUs are each \
                     for one, or it has none. It stays as it is."
                ),
            )),
        }
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

impl Identity for NodePoolResource {
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
