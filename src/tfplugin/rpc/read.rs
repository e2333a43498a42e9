//! Refreshing one object.

use std::sync::Arc;

use super::calls::Call;
use super::catalog::{Catalog, Shape};
use super::guard::catch_panic;
use super::outcome::outcome_or_panic;
use super::{check, identity, wire};
use crate::tfplugin::diag::Diagnostics;
use crate::tfplugin::plan::fill_derived;
use crate::tfplugin::proto::tfplugin6 as tf;
use crate::tfplugin::value::Value;
use crate::tfplugin::{Context, Operation};

pub(super) async fn read(
    catalog: Arc<Catalog>,
    call: Call,
    request: tf::read_resource::Request,
) -> Result<tf::read_resource::Response, Diagnostics> {
    let kind = catalog.resource(&request.type_name)?;
    let Shape { schema, ty } = kind.shape();
    let current = wire::decode(request.current_state.as_ref(), ty, "the state")?;
    let ctx = Context::new(Operation::Read)
        .with_cancellation(call.token.clone())
        .with_timeout(kind.resource.timeout(Operation::Read, &current))
        .with_private(request.private.clone());
    let result = catch_panic(kind.resource.read(&ctx, current)).await;
    let (seen, mut diagnostics) = outcome_or_panic(&ctx, "ReadResource", &request.type_name, result);
    let Some(seen) = seen else {
        // The host keeps what it had, and should it not, then at least not because we dropped it.
        return Ok(tf::read_resource::Response {
            new_state: request.current_state,
            diagnostics: wire::diagnostics(&diagnostics),
            private: request.private,
            deferred: None,
            new_identity: request.current_identity,
        });
    };
    let mut new_state =
        check::wholly_known(seen.unwrap_or(Value::Null), "the state that was read", &mut diagnostics);
    fill_derived(schema, kind.derived(), &mut new_state);
    Ok(tf::read_resource::Response {
        new_identity: identity::of(&kind, &new_state, request.current_identity)?,
        new_state: Some(wire::encode(&new_state, ty, "the state that was read")?),
        diagnostics: wire::diagnostics(&diagnostics),
        // What is not sent again is lost.
        private: ctx.private(),
        deferred: None,
    })
}
