//! Planning: from configuration and state to what will be, as a pure function.
//!
//! The sequence, which is that of Terraform's own plugin framework:
//!
//! 1. `merge.rs`: configured values, defaults, spellings that mean the prior value; what is computed keeps its prior
//!    value, or becomes unknown when anything differs
//! 2. `derive.rs`: derived values, as far as their inputs are known
//! 3. `replace.rs`: which changes need a new object
//! 4. `hook.rs`: the resource's own part
//! 5. derived values and replacement again, since the resource may have changed their inputs
//!
//! `fill.rs` gives a state that was read what planning would else have to add.
//!
//! Whether anything differs is known only at the end: a plan that was thought to change nothing, and then does, is
//! made once more from the start.

mod derive;
mod fill;
mod hook;
mod merge;
mod replace;
#[cfg(test)]
mod tests;

pub use self::fill::{fill_defaults, fill_derived};
pub use self::hook::{Action, Plan};
use super::derived::Derived;
use super::diag::Diagnostics;
use super::path::AttributePath;
use super::schema::Schema;
use super::value::Value;

/// The outcome of planning.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The planned state; null when the resource is to be destroyed.
    pub state: Value,
    /// The changes that need a new object.
    pub requires_replace: Vec<AttributePath>,
    /// Private data that goes with the plan to apply.
    pub private: Vec<u8>,
    /// Messages to the user; with an error among them the rest is ignored.
    pub diagnostics: Diagnostics,
}

/// Plans a resource.
///
/// `config`, `proposed` and `prior` are what Terraform sends, of the schema's type: `prior` is null when there is no
/// object yet (a replacement is planned twice, the second time like that), `config` is null for a destruction, which
/// is planned as null without asking the `hook`. `proposed` is used where only Terraform can tell which element was
/// which before: in sets of objects.
///
/// The same input always gives the same plan, as long as the hook and the derived values keep to their contracts.
pub fn plan_resource(
    schema: &Schema,
    derived: &[Derived],
    hook: &dyn Fn(&mut Plan<'_>),
    config: &Value,
    proposed: &Value,
    prior: &Value,
    prior_private: &[u8],
) -> Planned {
    let planner = Planner { schema, derived, hook, config, proposed, prior, prior_private };
    if config.is_null() {
        return planner.destruction();
    }
    if prior.is_null() {
        return planner.attempt(true);
    }
    let quiet = planner.attempt(false);
    if quiet.state == *prior { quiet } else { planner.attempt(true) }
}

struct Planner<'a> {
    schema: &'a Schema,
    derived: &'a [Derived],
    hook: &'a dyn Fn(&mut Plan<'_>),
    config: &'a Value,
    proposed: &'a Value,
    prior: &'a Value,
    prior_private: &'a [u8],
}

impl Planner<'_> {
    fn destruction(&self) -> Planned {
        Planned {
            state: Value::Null,
            requires_replace: Vec::new(),
            private: self.prior_private.to_vec(),
            diagnostics: Diagnostics::new(),
        }
    }

    /// A plan made on the assumption that something differs from the state, or that nothing does.
    fn attempt(&self, differs: bool) -> Planned {
        let prior = Some(self.prior).filter(|prior| !prior.is_null());
        let mut state = merge::Merge { derived: self.derived, differs }.root(
            self.schema,
            self.config,
            self.proposed,
            self.prior,
        );
        let mut private = self.prior_private.to_vec();
        let mut diagnostics = Diagnostics::new();

        derive::derive(self.derived, self.config, prior, &mut state);
        let by_schema = replace::by_schema(self.schema, self.derived, self.config, self.prior, &state);
        let mut requires_replace = by_schema.clone();
        (self.hook)(&mut Plan {
            config: self.config,
            prior,
            planned: &mut state,
            requires_replace: &mut requires_replace,
            private: &mut private,
            diagnostics: &mut diagnostics,
        });
        derive::derive(self.derived, self.config, prior, &mut state);

        // What the schema asks for is decided by the final values; what the hook added stays.
        requires_replace.retain(|path| !by_schema.contains(path));
        let by_hook = std::mem::replace(
            &mut requires_replace,
            replace::by_schema(self.schema, self.derived, self.config, self.prior, &state),
        );
        for path in by_hook {
            if !requires_replace.contains(&path) {
                requires_replace.push(path);
            }
        }
        Planned { state, requires_replace, private, diagnostics }
    }
}
