//! Taking over the state of a resource of another type, in a `moved` block. The provider is not configured.

use super::catalog::Catalog;
use super::complete::complete;
use super::upgrade::{parse, raw_json};
use super::{check, identity, wire};
use crate::tfplugin::MoveSource;
use crate::tfplugin::diag::Diagnostics;
use crate::tfplugin::plan::fill_defaults;
use crate::tfplugin::proto::tfplugin6 as tf;

pub(super) fn move_state(
    catalog: &Catalog,
    request: tf::move_resource_state::Request,
) -> Result<tf::move_resource_state::Response, Diagnostics> {
    let target = &request.target_type_name;
    let kind = catalog.resource(target)?;
    let mover = kind.resource.mover().ok_or_else(|| {
        Diagnostics::error(
            format!("Nothing can be moved to {target}"),
            "Remove the moved block, and import the object instead.",
        )
    })?;
    let identity = match &request.source_identity {
        Some(raw) if !raw.json.is_empty() => Some(parse(&raw.json, "the source's identity")?),
        _ => None,
    };
    let source = MoveSource {
        state: parse(raw_json(request.source_state.as_ref(), "the source's state")?, "the source's state")?,
        provider_address: request.source_provider_address,
        type_name: request.source_type_name,
        schema_version: request.source_schema_version,
        private: request.source_private,
        identity,
    };
    let Some(moved) = mover.move_state(&source)? else {
        return Err(Diagnostics::error(
            format!("{} cannot be moved to {target}", source.type_name),
            format!(
                "The types that can be moved to {target} are: {}. For an object of another type, remove the moved \
                 block and import the object.",
                mover.sources().join(", ")
            ),
        ));
    };
    let shape = kind.shape();
    let state = complete(moved.state, &shape.schema, &shape.ty);
    let mut diagnostics = Diagnostics::new();
    let mut state = check::wholly_known(state, "the moved state", &mut diagnostics);
    fill_defaults(&shape.schema, &mut state);
    Ok(tf::move_resource_state::Response {
        target_identity: identity::of(&kind, &state, None)?,
        target_state: Some(wire::encode(&state, &shape.ty, "the moved state")?),
        diagnostics: wire::diagnostics(&diagnostics),
        target_private: moved.private,
    })
}
