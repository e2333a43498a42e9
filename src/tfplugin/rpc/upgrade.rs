//! Stored state, brought to the present schema. Asked at every plan, and nearly always there is nothing to do.

use std::borrow::Cow;

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
    let present = present(name, &kind, request.version, stored)?;
    let shape = kind.shape();
    let state = json::decode_stored(&present, &shape.ty).map_err(|error| {
        wire::malformed("the stored state", &error.to_string(), error.path().cloned().unwrap_or_default())
    })?;
    let state = complete(state, &shape.schema, &shape.ty);
    Ok(tf::upgrade_resource_state::Response {
        upgraded_state: Some(wire::encode(&state, &shape.ty, "the upgraded state")?),
        diagnostics: Vec::new(),
    })
}

/// The stored bytes as the present version of the schema would have stored them. Nearly always the very same bytes,
/// in which numbers keep every digit.
fn present<'a>(
    name: &str,
    kind: &ResourceKind,
    from: i64,
    stored: &'a [u8],
) -> Result<Cow<'a, [u8]>, Diagnostics> {
    let to = kind.shape().schema.version();
    if from == to {
        return Ok(Cow::Borrowed(stored));
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
        Some(upgrader) => {
            let upgraded = upgrader.upgrade(from, parse(stored, "the stored state")?)?;
            Ok(Cow::Owned(upgraded.to_string().into_bytes()))
        }
        None => Err(wire::bug(
            "the provider",
            &format!("cannot upgrade the state of {name} from schema version {from} to {to}"),
            AttributePath::ROOT,
        )),
    }
}

/// Stored attributes. The format that Terraform had before it stored JSON is not read: nothing of protocol 6 ever
/// wrote it.
pub(super) fn raw_json<'a>(raw: Option<&'a tf::RawState>, what: &str) -> Result<&'a [u8], Diagnostics> {
    let bytes = raw.map(|raw| raw.json.as_slice()).unwrap_or_default();
    if bytes.is_empty() {
        return Err(wire::malformed(what, "it is not stored as JSON", AttributePath::ROOT));
    }
    Ok(bytes)
}

/// Stored attributes for code that looks at them before they have a type.
pub(super) fn parse(bytes: &[u8], what: &str) -> Result<Json, Diagnostics> {
    serde_json::from_slice(bytes)
        .map_err(|error| wire::malformed(what, &error.to_string(), AttributePath::ROOT))
}
