//! Planning one object. Nothing here waits for anything: a plan follows from the request alone.

use super::catalog::Catalog;
use super::{check, wire};
use crate::tfplugin::diag::Diagnostics;
use crate::tfplugin::plan::{Plan, plan_resource};
use crate::tfplugin::proto::tfplugin6 as tf;

pub(super) fn plan(
    catalog: &Catalog,
    request: tf::plan_resource_change::Request,
) -> Result<tf::plan_resource_change::Response, Diagnostics> {
    let kind = catalog.resource(&request.type_name)?;
    let shape = kind.shape();
    let prior = wire::decode(request.prior_state.as_ref(), &shape.ty, "the prior state")?;
    let proposed = wire::decode(request.proposed_new_state.as_ref(), &shape.ty, "the proposed state")?;
    let config = wire::decode(request.config.as_ref(), &shape.ty, "the configuration")?;

    let hook = |plan: &mut Plan<'_>| kind.resource.plan(plan);
    let mut planned = plan_resource(
        &shape.schema,
        kind.derived(),
        &hook,
        &config,
        &proposed,
        &prior,
        &request.prior_private,
    );
    if !planned.diagnostics.has_errors() {
        check::planned(shape, &config, &prior, &mut planned);
    }
    // An object that stays keeps its identity. What a new one's will be, a host learns when it is made.
    let stays = !prior.is_null() && !planned.state.is_null() && planned.requires_replace.is_empty();
    Ok(tf::plan_resource_change::Response {
        planned_state: Some(wire::encode(&planned.state, &shape.ty, "the planned state")?),
        requires_replace: planned.requires_replace.iter().map(wire::path).collect(),
        planned_private: planned.private,
        diagnostics: wire::diagnostics(&planned.diagnostics),
        legacy_type_system: false,
        deferred: None,
        planned_identity: request.prior_identity.filter(|_| stays),
    })
}
