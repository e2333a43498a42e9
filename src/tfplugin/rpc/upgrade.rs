//! Stored state, brought to the present schema. Asked at every plan, and nearly always there is nothing to do.

use serde_json::Value as Json;

use super::catalog::{Catalog, ResourceKind};
use super::complete::complete;
use super::wire;
use crate::tfplugin::codec::json;
use crate::tfplugin::diag::Diagnostics;
use crate::tfplugin::path::AttributePath;
use crate::tfplugin::proto::tfplugin6 as tf;

pub(super) fn state(
    catalog: &Catalog,
    request: &tf::upgrade_resource_state::Request,
) -> Result<tf::upgrade_resource_state::Response, Diagnostics> {
    let name = &request.type_name;
    let kind = catalog.resource(name)?;
    let stored = raw_json(request.raw_state.as_ref(), "the stored state")?;
    let present = upgraded(name, &kind, request.version, stored)?;
    let shape = kind.shape();
    let state = json::decode_lenient(&present, &shape.ty)
        .map_err(|error| wire::malformed("the stored state", &error.to_string(), error.path().clone()))?;
    let state = complete(state, &shape.schema, &shape.ty);
    Ok(tf::upgrade_resource_state::Response {
        upgraded_state: Some(wire::encode(&state, &shape.ty, "the upgraded state")?),
        diagnostics: Vec::new(),
    })
}

fn upgraded(name: &str, kind: &ResourceKind, from: i64, stored: Json) -> Result<Json, Diagnostics> {
    let to = kind.shape().schema.version();
    if from == to {
        return Ok(stored);
    }
    if from > to {
        return Err(Diagnostics::error(
            "The state is of a newer version of the provider",
            format!(
                "The state of this {name} has schema version {from}, this provider knows versions up to {to}. Use \
                 the version of the provider that wrote the state, or a newer one."
            ),
        ));
    }
    match kind.resource.upgrader() {
        Some(upgrader) => upgrader.upgrade(from, stored),
        None => Err(wire::bug(
            "the provider",
            &format!("cannot upgrade the state of {name} from schema version {from} to {to}"),
            AttributePath::ROOT,
        )),
    }
}

/// Stored attributes. The format that Terraform had before it stored JSON is not read: nothing of protocol 6 ever
/// wrote it.
pub(super) fn raw_json(raw: Option<&tf::RawState>, what: &str) -> Result<Json, Diagnostics> {
    let bytes = raw.map(|raw| raw.json.as_slice()).unwrap_or_default();
    if bytes.is_empty() {
        let why = "it is not stored as JSON";
        return Err(wire::malformed(what, why, AttributePath::ROOT));
    }
    serde_json::from_slice(bytes).map_err(|error| wire::malformed(what, &error.to_string(), AttributePath::ROOT))
}
