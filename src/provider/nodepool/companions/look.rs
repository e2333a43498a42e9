//! What has become of a key, at a refresh.

use crate::nodepool::Call;
use crate::tfplugin::{Context, Value};

use super::wanted::is_managed;
use super::{Held, Keeper, messages};

impl Keeper<'_> {
    /// The text that the ConfigMap has under the state's key, as `config_yaml`; `None` where nobody looks, or could.
    ///
    /// One answer serves all pools of a refresh, and one warning tells of a cluster that gives none.
    pub(in super::super) async fn look(
        &self,
        ctx: &Context,
        call: &Call,
        state: &Value,
        held: &[Held],
    ) -> Option<Value> {
        let name = state.lookup("config_key").as_str()?;
        let place = held.iter().find(|one| one.names.iter().any(|known| known == name))?;
        if !is_managed(state) {
            return None;
        }
        let cluster = &self.pool.cluster;
        let looked = self.session.config_map(call, cluster, &place.namespace, &place.config_map).await;
        match looked {
            Ok(data) => data.map(|data| data.get(name).cloned().into()),
            Err(error) => {
                if self.session.tells_first(cluster) {
                    ctx.warn(messages::not_seen(cluster, &error));
                }
                None
            }
        }
    }
}
