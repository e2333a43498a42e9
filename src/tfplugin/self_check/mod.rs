//! Terraform's own rules for plans and results, applied to our answers before Terraform sees them.
//!
//! Terraform reports a broken rule as "Provider produced invalid plan" or "Provider produced inconsistent result
//! after apply", and a result of the latter kind is saved as tainted: the next apply would destroy the object. So
//! every answer goes through these checks in tests and in debug builds. What they find is always a mistake in the
//! provider's code, never in a configuration, and the messages are written for whoever mends it.
//!
//! Source of the rules: Terraform's packages `internal/plans/objchange` and `internal/terraform`, read at v1.11 and
//! main of August 2026.
//!
//! - `plan_valid.rs`: is a plan one that the configuration allows?
//! - `compatible.rs`: does a later value keep what an earlier one with unknown parts has promised?
//! - `proposed.rs`: the proposed state as Terraform makes it, for tests
//! - `subsets.rs`: plans with every subset of some values unknown, for tests

mod compatible;
mod plan_valid;
mod proposed;
mod show;
mod subsets;
#[cfg(test)]
mod tests;

pub use self::plan_valid::check_plan;
pub use self::proposed::proposed_new;
pub use self::subsets::check_subsets;
use super::diag::{Diagnostic, Diagnostics};
use super::path::AttributePath;
use super::plan::{Action, Planned};
use super::schema::Schema;
use super::value::Value;

/// Checks the plan made just before applying against the one that the user agreed to ("Provider produced
/// inconsistent final plan"): what was known is unchanged, and so is the action, except that an update may turn out
/// to be nothing.
///
/// Both plans must have been made with the same `prior` state.
pub fn check_replan(schema: &Schema, prior: &Value, first: &Planned, second: &Planned) -> Diagnostics {
    let mut problems = Problems::new("Inconsistent final plan");
    let (before, after) = (action(prior, first), action(prior, second));
    if before != after && (before, after) != (Some(Action::Update), Some(Action::NoOp)) {
        let name =
            |action: Option<Action>| action.map_or("Delete".to_owned(), |action| format!("{action:?}"));
        problems.add(
            &AttributePath::ROOT,
            format!("the action changes from {} to {}", name(before), name(after)),
        );
    }
    compatible::root(schema, &first.state, &second.state, &mut problems);
    problems.found
}

/// What Terraform takes a plan for; `None` is a destruction.
fn action(prior: &Value, planned: &Planned) -> Option<Action> {
    let Planned { state, requires_replace, .. } = planned;
    let differs = |path: &AttributePath| {
        let value = state.part(path);
        value.is_unknown() || value != prior.part(path)
    };
    match () {
        () if state.is_null() => None,
        () if prior.is_null() => Some(Action::Create),
        () if state == prior => Some(Action::NoOp),
        () if requires_replace.iter().any(differs) => Some(Action::Replace),
        () => Some(Action::Update),
    }
}

/// Checks the state after a successful apply against the plan ("Provider produced inconsistent result after apply",
/// "invalid result object after apply"): it is there exactly when it was planned, wholly known, of the schema's
/// type, and what the plan knew is unchanged; what the plan did not know keeps the promises made about it.
///
/// Terraform skips the comparison when the answer holds an error; so should the caller.
pub fn check_apply(schema: &Schema, planned: &Value, new_state: &Value) -> Diagnostics {
    let mut problems = Problems::new("Inconsistent result after apply");
    if let Err(mismatch) = new_state.conforms_to(&schema.ty()) {
        problems.add(&mismatch.path, format!("the new state does not have the schema's type: {mismatch}"));
        return problems.found;
    }
    unknown_left(new_state, &AttributePath::ROOT, &mut problems);
    compatible::root(schema, planned, new_state, &mut problems);
    problems.found
}

fn unknown_left(value: &Value, at: &AttributePath, problems: &mut Problems) {
    match value {
        Value::Unknown(_) => problems.add(at, "is still unknown after apply"),
        Value::Object(parts) => {
            for (name, part) in parts {
                unknown_left(part, &at.clone().attribute(name), problems);
            }
        }
        Value::Map(parts) => {
            for (key, part) in parts {
                unknown_left(part, &at.clone().key(key), problems);
            }
        }
        Value::List(parts) | Value::Tuple(parts) => {
            for (index, part) in parts.iter().enumerate() {
                unknown_left(part, &at.clone().index(index), problems);
            }
        }
        Value::Set(parts) => parts.iter().for_each(|part| unknown_left(part, at, problems)),
        Value::Dynamic(inner) => unknown_left(&inner.1, at, problems),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The broken rules found so far, as errors.
struct Problems {
    summary: &'static str,
    found: Diagnostics,
}

impl Problems {
    fn new(summary: &'static str) -> Problems {
        Problems { summary, found: Diagnostics::new() }
    }

    fn add(&mut self, at: &AttributePath, what: impl Into<String>) {
        let (path, what) = (at.to_string(), what.into());
        let subject = if path.is_empty() { "The root object".to_owned() } else { path };
        let detail = format!("{subject}: {what}. This is a mistake in the provider, please report it.");
        self.found.push(Diagnostic::error(self.summary, detail).at(at.clone()));
    }
}
