//! Configurations, judged before anything is configured, while parts of them may be unknown.

use super::catalog::Catalog;
use super::wire;
use crate::tfplugin::diag::Diagnostics;
use crate::tfplugin::proto::tfplugin6 as tf;
use crate::tfplugin::schema::validate_config;

pub(super) fn resource(
    catalog: &Catalog,
    request: &tf::validate_resource_config::Request,
) -> Result<tf::validate_resource_config::Response, Diagnostics> {
    let kind = catalog.resource(&request.type_name)?;
    let shape = kind.shape();
    let config = wire::decode(request.config.as_ref(), &shape.ty, "the configuration")?;
    let mut diagnostics = validate_config(&shape.schema, &config);
    kind.resource.validate(&config, &mut diagnostics);
    Ok(tf::validate_resource_config::Response { diagnostics: wire::diagnostics(&diagnostics) })
}

pub(super) fn data_source(
    catalog: &Catalog,
    request: &tf::validate_data_resource_config::Request,
) -> Result<tf::validate_data_resource_config::Response, Diagnostics> {
    let kind = catalog.data_source(&request.type_name)?;
    let shape = kind.shape();
    let config = wire::decode(request.config.as_ref(), &shape.ty, "the configuration")?;
    let mut diagnostics = validate_config(&shape.schema, &config);
    kind.data_source.validate(&config, &mut diagnostics);
    Ok(tf::validate_data_resource_config::Response { diagnostics: wire::diagnostics(&diagnostics) })
}
