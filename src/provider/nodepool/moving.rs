//! From one kind of node pool to the other, by a `moved` block: the same pool, whose GPUs are shared from now on, or no
//! longer.
//!
//! The state is taken over as it is. What differs is then seen by the next plan, and changed by an update of the pool.

use crate::tfplugin::codec::json;
use crate::tfplugin::{Diagnostics, MoveSource, MoveState, Moved};

use super::{Kind, NodePoolResource, derived, schema};

/// The last part of this provider's address.
const PROVIDER: &str = "gpuslice";

impl MoveState for NodePoolResource {
    fn sources(&self) -> Vec<&'static str> {
        Kind::ALL.into_iter().filter(|kind| *kind != self.kind).map(Kind::resource_type).collect()
    }

    fn move_state(&self, source: &MoveSource) -> Result<Option<Moved>, Diagnostics> {
        let other = |kind: &Kind| *kind != self.kind && kind.resource_type() == source.type_name;
        let Some(from) = Kind::ALL.into_iter().find(other).filter(|_| source.provider() == PROVIDER) else {
            return Ok(None);
        };
        let theirs = schema::nodepool(from);
        if source.schema_version != theirs.version() {
            return Err(Diagnostics::error(
                format!("This state of {} cannot be moved", source.type_name),
                format!(
                    "It has schema version {}, and this provider knows version {}. Use the version of the provider \
                     that wrote it to apply once, or a newer one.",
                    source.schema_version,
                    theirs.version()
                ),
            ));
        }
        let stored = source.state.to_string();
        let mut state = json::decode_stored(stored.as_bytes(), &theirs.ty()).map_err(|error| {
            Diagnostics::error(
                format!("The state of {} cannot be read", source.type_name),
                format!("{error}. Remove the moved block, forget the pool with `terraform state rm`, and import it."),
            )
        })?;
        schema::retain(self.kind, &mut state);
        // What follows from the rest follows from it in this kind's own way. Labels and tags are what was sent.
        derived::follow(&mut state, &derived::all(self.kind, &self.session));
        Ok(Some(Moved { state, private: source.private.clone() }))
    }
}
