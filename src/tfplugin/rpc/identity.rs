//! Identities: the small objects that name resources to the outside.

use super::catalog::{Catalog, ResourceKind};
use super::upgrade::raw_json;
use super::{wire, wire_schema};
use crate::tfplugin::codec::json;
use crate::tfplugin::diag::Diagnostics;
use crate::tfplugin::path::AttributePath;
use crate::tfplugin::proto::tfplugin6 as tf;
use crate::tfplugin::value::Value;

pub(super) fn schemas(catalog: &Catalog) -> tf::get_resource_identity_schemas::Response {
    let kinds = catalog.resources().iter();
    tf::get_resource_identity_schemas::Response {
        identity_schemas: kinds
            .filter_map(|(name, kind)| Some((name.clone(), wire_schema::identity(kind.identity()?))))
            .collect(),
        diagnostics: Vec::new(),
    }
}

pub(super) fn upgrade(
    catalog: &Catalog,
    request: &tf::upgrade_resource_identity::Request,
) -> Result<tf::upgrade_resource_identity::Response, Diagnostics> {
    let name = &request.type_name;
    let kind = catalog.resource(name)?;
    let schema = kind.identity().ok_or_else(|| without(name))?;
    if request.version != schema.version {
        let why =
            format!("it has version {}, this provider knows version {}", request.version, schema.version);
        return Err(wire::malformed("the stored identity", &why, AttributePath::ROOT));
    }
    let stored = raw_json(request.raw_identity.as_ref(), "the stored identity")?;
    let ty = schema.type_();
    let identity = json::decode_stored(stored, &ty).map_err(|error| {
        wire::malformed("the stored identity", &error.to_string(), error.path().cloned().unwrap_or_default())
    })?;
    let data = wire::encode(&identity, &ty, "the upgraded identity")?;
    Ok(tf::upgrade_resource_identity::Response {
        upgraded_identity: Some(tf::ResourceIdentityData { identity_data: Some(data) }),
        diagnostics: Vec::new(),
    })
}

/// The identity of an object with this state, for an answer. Without one, what the host `already` knew: an identity
/// that is left out of an answer is forgotten.
pub(super) fn of(
    kind: &ResourceKind,
    state: &Value,
    already: Option<tf::ResourceIdentityData>,
) -> Result<Option<tf::ResourceIdentityData>, Diagnostics> {
    let (Some(schema), Some(capability)) = (kind.identity(), kind.resource.identity()) else {
        return Ok(None);
    };
    if state.is_null() {
        return Ok(already);
    }
    match capability.identity(state) {
        Some(identity) => {
            let data = wire::encode(&identity, &schema.type_(), "the identity")?;
            Ok(Some(tf::ResourceIdentityData { identity_data: Some(data) }))
        }
        None => Ok(already),
    }
}

/// Reads an identity that the host sent.
pub(super) fn decode(
    name: &str,
    kind: &ResourceKind,
    data: &tf::ResourceIdentityData,
) -> Result<Value, Diagnostics> {
    let schema = kind.identity().ok_or_else(|| without(name))?;
    wire::decode(data.identity_data.as_ref(), &schema.type_(), "the identity")
}

fn without(name: &str) -> Diagnostics {
    Diagnostics::error(
        format!("{name} has no identity"),
        format!("Import a {name} by its id: write `id = \"...\"` in the import block instead of `identity`."),
    )
}
