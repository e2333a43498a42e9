//! Taking existing objects under management.

use std::sync::Arc;

use super::calls::Call;
use super::catalog::Catalog;
use super::complete::complete;
use super::outcome::outcome;
use super::{check, identity, wire};
use crate::tfplugin::diag::Diagnostics;
use crate::tfplugin::plan::fill_defaults;
use crate::tfplugin::proto::tfplugin6 as tf;
use crate::tfplugin::{Context, ImportBy, Operation};

pub(super) async fn import(
    catalog: Arc<Catalog>,
    call: Call,
    request: tf::import_resource_state::Request,
) -> Result<tf::import_resource_state::Response, Diagnostics> {
    let name = &request.type_name;
    let kind = catalog.resource(name)?;
    let importer = kind.resource.importer().ok_or_else(|| {
        Diagnostics::error(format!("{name} cannot be imported"), "This resource can only be created.")
    })?;
    let named = request.identity.as_ref().filter(|identity| identity.identity_data.is_some());
    let by = match named {
        Some(data) if request.id.is_empty() => ImportBy::Identity(identity::decode(name, &kind, data)?),
        _ => ImportBy::Id(request.id.clone()),
    };
    let ctx = Context::new(Operation::Import).with_cancellation(call.token.clone());
    let (state, mut diagnostics) = outcome(&ctx, importer.import(&ctx, by).await);
    let Some(state) = state else {
        return Ok(tf::import_resource_state::Response {
            diagnostics: wire::diagnostics(&diagnostics),
            ..tf::import_resource_state::Response::default()
        });
    };
    let shape = kind.shape();
    let state = complete(state, &shape.schema, &shape.ty);
    let mut state = check::wholly_known(state, "the imported state", &mut diagnostics);
    fill_defaults(&shape.schema, &mut state);
    let imported = tf::import_resource_state::ImportedResource {
        type_name: name.clone(),
        identity: identity::of(&kind, &state, request.identity)?,
        state: Some(wire::encode(&state, &shape.ty, "the imported state")?),
        private: ctx.private(),
    };
    Ok(tf::import_resource_state::Response {
        imported_resources: vec![imported],
        diagnostics: wire::diagnostics(&diagnostics),
        deferred: None,
    })
}
