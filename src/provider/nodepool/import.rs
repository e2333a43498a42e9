//! Taking over existing pools, by their native id or by identity.

use async_trait::async_trait;

use crate::nodepool::{ClusterId, PoolId};
use crate::tfplugin::{
    Context, Diagnostics, Identity, IdentityAttribute, IdentitySchema, Import, ImportBy, Type, Value,
};

use super::MigNodePool;

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
