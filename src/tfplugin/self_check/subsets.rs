//! Plans with every subset of some configured values unknown, and the same again with all of them known.

use super::super::derived::Derived;
use super::super::diag::{Diagnostic, Diagnostics};
use super::super::path::AttributePath;
use super::super::plan::{Action, Plan, Planned, plan_resource};
use super::super::schema::Schema;
use super::super::value::Value;
use super::{action, check_plan, check_replan, proposed_new};

/// More paths than this would be more plans than a test has time for.
const MAX_PATHS: usize = 12;

/// Plans with every subset of the values at `unknown` (dotted paths) unknown in the configuration, and checks that
/// the plan with all of them known keeps everything that was known before: Terraform's rules for the final plan.
///
/// A plan with errors is passed over, as Terraform would not go on with it. At most 12 paths are taken; more are an
/// error, like the rules that are broken.
pub fn check_subsets(
    schema: &Schema,
    derived: &[Derived],
    hook: &dyn Fn(&mut Plan<'_>),
    config: &Value,
    prior: &Value,
    unknown: &[&str],
) -> Diagnostics {
    if unknown.len() > MAX_PATHS {
        return Diagnostics::error(
            "Too many paths",
            format!("At most {MAX_PATHS} paths can be tried together."),
        );
    }
    let attempt = Attempt { schema, derived, hook };
    let mut found = Diagnostics::new();
    for subset in 0u32..1 << unknown.len() {
        let chosen = unknown.iter().enumerate().filter(|(bit, _)| subset & (1 << bit) != 0);
        let chosen: Vec<&str> = chosen.map(|(_, path)| *path).collect();
        let mut early = config.clone();
        for path in &chosen {
            // A path inside something that is already unknown has nothing left to hide.
            let _inside_unknown = early.set_at(&AttributePath::parse(path), Value::UNKNOWN);
        }
        found.extend(attempt.check(&early, config, prior).into_iter().map(|problem| Diagnostic {
            detail: format!("With {chosen:?} unknown at first: {}", problem.detail),
            ..problem
        }));
    }
    found
}

struct Attempt<'a> {
    schema: &'a Schema,
    derived: &'a [Derived],
    hook: &'a dyn Fn(&mut Plan<'_>),
}

impl Attempt<'_> {
    fn plan(&self, config: &Value, prior: &Value) -> Planned {
        let proposed = proposed_new(self.schema, prior, config);
        plan_resource(self.schema, self.derived, self.hook, config, &proposed, prior, &[])
    }

    fn check(&self, early: &Value, config: &Value, prior: &Value) -> Diagnostics {
        let first = self.plan(early, prior);
        let mut problems = check_plan(self.schema, early, prior, &first.state, &first.requires_replace);
        if first.diagnostics.has_errors() {
            return problems;
        }
        if action(prior, &first) == Some(Action::Replace) {
            // The new object is planned like one that never had a predecessor, then and when it is applied.
            problems.extend(self.check(early, config, &Value::Null));
            return problems;
        }
        let last = self.plan(config, prior);
        problems.extend(check_plan(self.schema, config, prior, &last.state, &last.requires_replace));
        if !last.diagnostics.has_errors() {
            problems.extend(check_replan(self.schema, prior, &first, &last));
        }
        problems
    }
}
