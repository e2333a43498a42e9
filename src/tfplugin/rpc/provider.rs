//! What the provider is, and its configuration.

use std::collections::HashMap;
use std::sync::Arc;

use super::calls::Call;
use super::catalog::Catalog;
use super::{check, wire, wire_schema};
use crate::tfplugin::diag::Diagnostics;
use crate::tfplugin::proto::tfplugin6 as tf;
use crate::tfplugin::schema::validate_config;
use crate::tfplugin::{Configure, Context, Operation};

/// Only what is true: each flag makes the host ask for more.
fn capabilities() -> tf::ServerCapabilities {
    tf::ServerCapabilities {
        // A resource may refuse to be destroyed while there is still time to say so.
        plan_destroy: true,
        // Every call works in a process that was never asked for its schema.
        get_provider_schema_optional: true,
        move_resource_state: true,
        generate_resource_config: false,
    }
}

pub(super) fn metadata(catalog: &Catalog) -> tf::get_metadata::Response {
    use tf::get_metadata::{DataSourceMetadata, FunctionMetadata, ResourceMetadata};

    let data_sources = catalog.data_sources().keys().cloned();
    let resources = catalog.resources().keys().cloned();
    let functions = catalog.functions().keys().cloned();
    tf::get_metadata::Response {
        server_capabilities: Some(capabilities()),
        data_sources: data_sources.map(|type_name| DataSourceMetadata { type_name }).collect(),
        resources: resources.map(|type_name| ResourceMetadata { type_name }).collect(),
        functions: functions.map(|name| FunctionMetadata { name }).collect(),
        ..tf::get_metadata::Response::default()
    }
}

pub(super) fn schema(catalog: &Catalog) -> Result<tf::get_provider_schema::Response, Diagnostics> {
    check::schemas(catalog)?;
    let resources = catalog.resources().iter();
    let data_sources = catalog.data_sources().iter();
    Ok(tf::get_provider_schema::Response {
        provider: Some(wire_schema::schema(&catalog.shape().schema)),
        resource_schemas: resources
            .map(|(name, kind)| (name.clone(), wire_schema::schema(&kind.shape().schema)))
            .collect(),
        data_source_schemas: data_sources
            .map(|(name, kind)| (name.clone(), wire_schema::schema(&kind.shape().schema)))
            .collect(),
        functions: signatures(catalog),
        server_capabilities: Some(capabilities()),
        ..tf::get_provider_schema::Response::default()
    })
}

pub(super) fn functions(catalog: &Catalog) -> tf::get_functions::Response {
    tf::get_functions::Response { functions: signatures(catalog), diagnostics: Vec::new() }
}

fn signatures(catalog: &Catalog) -> HashMap<String, tf::Function> {
    let functions = catalog.functions().iter();
    functions.map(|(name, kind)| (name.clone(), wire_schema::function(kind.signature()))).collect()
}

pub(super) fn validate(
    catalog: &Catalog,
    request: &tf::validate_provider_config::Request,
) -> Result<tf::validate_provider_config::Response, Diagnostics> {
    let shape = catalog.shape();
    let config = wire::decode(request.config.as_ref(), &shape.ty, "the provider's configuration")?;
    let mut diagnostics = validate_config(&shape.schema, &config);
    catalog.provider.validate(&config, &mut diagnostics);
    Ok(tf::validate_provider_config::Response { diagnostics: wire::diagnostics(&diagnostics) })
}

pub(super) async fn configure(
    catalog: Arc<Catalog>,
    call: Call,
    request: tf::configure_provider::Request,
) -> Result<tf::configure_provider::Response, Diagnostics> {
    let config = wire::decode(request.config.as_ref(), &catalog.shape().ty, "the provider's configuration")?;
    let ctx = Context::new(Operation::Configure).with_cancellation(call.token.clone());
    let configure = Configure { terraform_version: request.terraform_version, config };
    let result = catalog.provider.configure(&ctx, configure).await;
    let mut diagnostics = ctx.warnings();
    if let Err(errors) = result {
        diagnostics.extend(errors);
    }
    Ok(tf::configure_provider::Response { diagnostics: wire::diagnostics(&diagnostics) })
}
