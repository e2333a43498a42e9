use super::catalog::Catalog;
use crate::tfplugin::diag::Diagnostics;
use crate::tfplugin::proto::tfplugin6 as tf;
pub(super) fn plan(_catalog: &Catalog, _request: tf::plan_resource_change::Request) -> Result<tf::plan_resource_change::Response, Diagnostics> { Err(Diagnostics::error("x","y")) }
