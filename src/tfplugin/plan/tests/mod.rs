//! Planning as Terraform asks for it. Every plan made here is also checked by Terraform's own rules.

mod collection;
mod derived;
mod hook;
mod leaf;
mod object;
mod property;
mod replace;

use super::{Plan, Planned, plan_resource};
use crate::tfplugin::derived::Derived;
use crate::tfplugin::schema::{Attribute, Schema};
use crate::tfplugin::self_check::{check_plan, proposed_new};
use crate::tfplugin::value::Value;

/// A resource in the making: a schema, derived values, a hook, and a state.
struct Case {
    schema: Schema,
    derived: Vec<Derived>,
    hook: Box<dyn Fn(&mut Plan<'_>)>,
    prior: Value,
}

impl Case {
    fn new(attributes: impl IntoIterator<Item = Attribute>) -> Case {
        Case {
            schema: Schema::new(0).attributes_from(attributes),
            derived: Vec::new(),
            hook: Box::new(|_| {}),
            prior: Value::Null,
        }
    }

    fn prior<const N: usize>(mut self, parts: [(&str, Value); N]) -> Case {
        self.prior = given(&self.schema, parts);
        self
    }

    /// Plans with these parts configured and all others left out.
    fn plan<const N: usize>(&self, config: [(&str, Value); N]) -> Planned {
        let config = given(&self.schema, config);
        assert_eq!(self.schema.problems(), [""; 0]);
        assert_eq!(Derived::problems(&self.schema, &self.derived), [""; 0]);
        let proposed = proposed_new(&self.schema, &self.prior, &config);
        let planned = plan_resource(
            &self.schema,
            &self.derived,
            &self.hook,
            &config,
            &proposed,
            &self.prior,
            b"private",
        );
        let problems =
            check_plan(&self.schema, &config, &self.prior, &planned.state, &planned.requires_replace);
        assert!(problems.is_empty(), "{problems}");
        planned
    }

    /// Whether the plan with these parts configured changes nothing.
    fn is_quiet<const N: usize>(&self, config: [(&str, Value); N]) -> bool {
        self.plan(config).state == self.prior
    }
}

/// A value of the schema in which these parts are given.
fn given<const N: usize>(schema: &Schema, parts: [(&str, Value); N]) -> Value {
    let mut value = schema.empty_value();
    for (path, part) in parts {
        value.set_at(&path.into(), part).unwrap();
    }
    value
}

/// An object of texts.
fn texts<const N: usize>(parts: [(&str, Option<&str>); N]) -> Value {
    Value::object(parts)
}
