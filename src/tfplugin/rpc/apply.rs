//! Creating, changing and destroying: the calls that must lose nothing.
//!
//! The host stores what the answer holds, even when it holds errors, and what it does with it differs: an object
//! that is answered together with an error is kept tainted after a create, and plainly after an update or a delete;
//! null after a failed create is forgotten, and null after a failed update or delete keeps what was stored.

use std::sync::Arc;

use super::calls::Call;
use super::catalog::{Catalog, ResourceKind};
use super::complete::complete;
use super::guard::catch_panic;
use super::outcome::outcome_or_panic;
use super::{check, identity, wire};
use crate::tfplugin::diag::Diagnostics;
use crate::tfplugin::path::AttributePath;
use crate::tfplugin::proto::tfplugin6 as tf;
use crate::tfplugin::value::Value;
use crate::tfplugin::{Checkpoint, Context, Operation};

/// A request, read.
struct Change {
    operation: Operation,
    prior: Value,
    planned: Value,
    config: Value,
}

impl Change {
    fn read(kind: &ResourceKind, request: &tf::apply_resource_change::Request) -> Result<Self, Diagnostics> {
        let ty = &kind.shape().ty;
        let prior = wire::decode(request.prior_state.as_ref(), ty, "the prior state")?;
        let planned = wire::decode(request.planned_state.as_ref(), ty, "the planned state")?;
        let config = wire::decode(request.config.as_ref(), ty, "the configuration")?;
        let operation = match (prior.is_null(), planned.is_null()) {
            (true, false) => Operation::Create,
            (_, true) => Operation::Delete,
            (false, false) => Operation::Update,
        };
        Ok(Self { operation, prior, planned, config })
    }

    /// The value that says how long the operation may take.
    fn timed_by(&self) -> &Value {
        if self.operation == Operation::Delete { &self.prior } else { &self.planned }
    }
}

pub(super) async fn apply(
    catalog: Arc<Catalog>,
    call: Call,
    request: tf::apply_resource_change::Request,
) -> Result<tf::apply_resource_change::Response, Diagnostics> {
    let name = &request.type_name;
    let kind = catalog.resource(name)?;
    let change = Change::read(&kind, &request)?;
    if change.prior.is_null() && change.planned.is_null() {
        return Ok(tf::apply_resource_change::Response {
            new_state: Some(wire::null()),
            ..Default::default()
        });
    }
    let ctx = Context::new(change.operation)
        .with_cancellation(call.token.clone())
        .with_timeout(kind.resource.timeout(change.operation, change.timed_by()))
        .with_private(request.planned_private);

    let (operation, planned) = (change.operation, change.planned.clone());
    let result = catch_panic(carry_out(&kind, &ctx, change)).await;
    let (done, mut diagnostics) = outcome_or_panic(&ctx, "ApplyResourceChange", name, result);
    let candidates = match done {
        Some(_) if operation == Operation::Delete => vec![Candidate::nothing(&ctx)],
        Some(state) => after_success(&kind, &ctx, state, planned, &mut diagnostics),
        None => after_failure(&kind, &ctx),
    };
    let (new_state, kept) = store(&kind, candidates, &mut diagnostics);
    let new_identity = identity::of(&kind, &kept.state, request.planned_identity).unwrap_or_else(|bug| {
        diagnostics.extend(bug);
        None
    });
    Ok(tf::apply_resource_change::Response {
        new_state: Some(new_state),
        private: kept.private,
        diagnostics: wire::diagnostics(&diagnostics),
        legacy_type_system: false,
        new_identity,
    })
}

async fn carry_out(kind: &ResourceKind, ctx: &Context, change: Change) -> Result<Value, Diagnostics> {
    let Change { operation, prior, planned, config } = change;
    match operation {
        Operation::Create => kind.resource.create(ctx, config, planned).await,
        Operation::Delete => kind.resource.delete(ctx, prior).await.map(|()| Value::Null),
        _ => kind.resource.update(ctx, config, prior, planned).await,
    }
}

/// Something that could be stored.
struct Candidate {
    state: Value,
    private: Vec<u8>,
}

impl Candidate {
    fn nothing(ctx: &Context) -> Self {
        Self { state: Value::Null, private: ctx.private() }
    }
}

/// The new state. Should it turn out to be unusable, the checkpoint, and should there be none, the plan: an object
/// that was made must not be forgotten because the provider cannot describe it.
fn after_success(
    kind: &ResourceKind,
    ctx: &Context,
    state: Value,
    planned: Value,
    diagnostics: &mut Diagnostics,
) -> Vec<Candidate> {
    let private = ctx.private();
    let mut candidates = Vec::new();
    if state.is_null() {
        let why = "is null, which means that the object is gone, after an operation that succeeded";
        diagnostics.extend(wire::bug("the new state", why, AttributePath::ROOT));
    } else {
        let state = check::wholly_known(state, "the new state", diagnostics);
        if !diagnostics.has_errors() {
            check::applied(kind.shape(), &planned, &state, diagnostics);
        }
        candidates.push(Candidate { state, private: private.clone() });
    }
    candidates.extend(checkpoint(kind, ctx));
    candidates.push(Candidate { state: planned.null_unknowns(), private });
    candidates.push(Candidate::nothing(ctx));
    candidates
}

/// The checkpoint, or else nothing: what was stored before an update or a delete then stays, and a create left
/// nothing behind.
fn after_failure(kind: &ResourceKind, ctx: &Context) -> Vec<Candidate> {
    checkpoint(kind, ctx).into_iter().chain([Candidate::nothing(ctx)]).collect()
}

fn checkpoint(kind: &ResourceKind, ctx: &Context) -> Option<Candidate> {
    let Checkpoint { state, private } = ctx.last_checkpoint()?;
    let shape = kind.shape();
    let state = complete(state.null_unknowns(), &shape.schema, &shape.ty);
    Some(Candidate { state, private })
}

/// The first candidate that has the schema's type, as a message. Null always has.
fn store(
    kind: &ResourceKind,
    candidates: Vec<Candidate>,
    diagnostics: &mut Diagnostics,
) -> (tf::DynamicValue, Candidate) {
    for candidate in candidates {
        match wire::encode(&candidate.state, &kind.shape().ty, "the new state") {
            Ok(message) => return (message, candidate),
            Err(bug) => diagnostics.extend(bug),
        }
    }
    (wire::null(), Candidate { state: Value::Null, private: Vec::new() })
}
