//! Google Kubernetes Engine: node pools, operations and clusters of the API v1, and the part of Compute Engine that
//! tells how many machines a pool has.
//!
//! - [`routes`]: which call is meant. [`fields`]: JSON by Google's discovery document. [`errors`]: Google's errors.
//! - [`nodepools`], [`update`], [`clusters`], [`compute`]: the calls.
//! - [`rules`], [`accelerators`], [`autoscaling`], [`versions`], [`hardware`]: what the service accepts.
//! - [`model`], [`spec`], [`nodes`], [`operations`], [`rollout`]: what exists and how it changes with time.
//! - [`seed`]: what is there at the start. [`actors`]: what others do. [`faults`]: what goes wrong.

use crate::sandbox::context::Context;
use crate::sandbox::exchange::{Answer, Call};

mod accelerators;
mod actors;
mod autoscaling;
mod clusters;
mod compute;
mod errors;
mod faults;
mod fields;
mod hardware;
mod model;
mod nodepools;
mod nodes;
mod operations;
mod rollout;
mod routes;
mod rules;
mod seed;
mod spec;
mod update;
mod versions;

#[cfg(test)]
mod tests;

pub(crate) use actors::Act;
use errors::Refusal;
pub(crate) use faults::refuse;
pub(crate) use model::Gke;

/// The number of every project here. Google's links carry the number where people write the id.
const PROJECT_NUMBER: &str = "100000000001";

/// True for a path of Google's.
pub(crate) fn owns(path: &str) -> bool {
    path.starts_with("/v1/") || path.starts_with("/compute/v1/")
}

impl Gke {
    /// Carries out one call.
    pub(crate) fn answer(&mut self, context: &mut Context<'_>, call: &Call) -> Answer {
        let token = call.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        if token.is_none_or(|token| token.trim().is_empty()) {
            return Refusal::unauthenticated().answer(context.random);
        }
        let Some(route) = routes::route(&call.method, &call.path) else {
            return errors::no_such_path(&call.path);
        };
        if let Some(project) = routes::project(&call.path).filter(|project| *project != seed::PROJECT) {
            // A project that one cannot see and one that does not exist look the same (text unverified).
            let message = format!("Permission denied on resource project {project}.");
            return Refusal::forbidden(message).answer(context.random);
        }
        match self.dispatch(context, call, route) {
            Ok(body) => Answer::ok(body),
            Err(refusal) => refusal.answer(context.random),
        }
    }
}
