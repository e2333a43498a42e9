//! Derived values: computed by the provider from other attributes alone, and so known at plan as far as those are.

use std::fmt;
use std::sync::Arc;

use super::path::AttributePath;
use super::schema::Schema;
use super::value::Value;

/// When a derived value is computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KnownWhen {
    /// When every input is wholly known; until then the value is unknown.
    #[default]
    All,
    /// When at least one input is not unknown: `compute` sees unknown inputs too and may answer unknown. What it
    /// answers with some inputs unknown it must also answer when they are known, whatever they turn out to be.
    Any,
}

/// A value that follows from other attributes, its inputs.
///
/// It may be an attribute at the root or a part of a computed object (`slices.total`): an object that no configuration
/// can give is then known, with unknown parts where need be. Inputs may be derived values declared earlier. When the
/// configuration gives the attribute itself, the configuration wins.
#[derive(Clone)]
pub struct Derived {
    /// The attribute.
    pub path: AttributePath,
    /// The attributes that it follows from.
    pub inputs: Vec<AttributePath>,
    /// When it is computed.
    pub rule: KnownWhen,
    /// Keep the prior value while no input differs from the state, even if `compute` would now answer otherwise
    /// (a newer table of facts alone is then no change).
    pub sticky: bool,
    /// A null in a state that was read is what was seen, and no gap to be filled.
    pub seen: bool,
    /// The computation. It must depend on nothing but the inputs.
    pub compute: Arc<dyn Fn(&Inputs<'_>) -> Value + Send + Sync>,
    /// Whether the prior value, given first, says the same as the computed one: it is then kept.
    pub same: Option<Arc<SameValue>>,
}

/// See [`Derived::same`].
pub type SameValue = dyn Fn(&Inputs<'_>, &Value, &Value) -> bool + Send + Sync;

impl Derived {
    /// A derived value that is known when all its inputs are, and sticky. Paths are dotted attribute names.
    pub fn new(
        path: &str,
        inputs: &[&str],
        compute: impl Fn(&Inputs<'_>) -> Value + Send + Sync + 'static,
    ) -> Derived {
        Derived {
            path: AttributePath::parse(path),
            inputs: inputs.iter().map(|input| AttributePath::parse(input)).collect(),
            rule: KnownWhen::All,
            sticky: true,
            seen: false,
            compute: Arc::new(compute),
            same: None,
        }
    }

    /// The same value, computed as soon as any input is known; see [`KnownWhen::Any`].
    #[must_use]
    pub fn known_when_any(mut self) -> Derived {
        self.rule = KnownWhen::Any;
        self
    }

    /// The same value, computed anew at every plan.
    #[must_use]
    pub fn not_sticky(mut self) -> Derived {
        self.sticky = false;
        self
    }

    /// The same value, computed anew at every plan, and compared with what a read saw: a null in a state is then a
    /// difference like any other, and mended.
    #[must_use]
    pub fn compared_with_what_is_seen(mut self) -> Derived {
        self.sticky = false;
        self.seen = true;
        self
    }

    /// The same value, but a prior one of which `same` says that it means what is computed now is kept: the former is
    /// given first.
    #[must_use]
    pub fn kept_while(
        mut self,
        same: impl Fn(&Inputs<'_>, &Value, &Value) -> bool + Send + Sync + 'static,
    ) -> Derived {
        self.same = Some(Arc::new(same));
        self
    }

    /// The value for the inputs of a plan, or the one that was there before where that says the same.
    pub(super) fn planned(&self, config: &Value, prior: Option<&Value>, planned: &Value) -> Value {
        let inputs = Inputs { root: planned, written: config, paths: &self.inputs };
        let value = self.of(&inputs);
        match (prior.and_then(|prior| prior.at(&self.path)), &self.same) {
            (Some(prior), Some(same)) if value.is_wholly_known() && same(&inputs, prior, &value) => {
                prior.clone()
            }
            _ => value,
        }
    }

    /// What is wrong with the derived values of a resource, one sentence each; empty when they are sound: they and
    /// their inputs are attributes, they are computed, and an input that is derived itself is declared earlier.
    pub fn problems(schema: &Schema, derived: &[Derived]) -> Vec<String> {
        let mut problems = Vec::new();
        for (position, one) in derived.iter().enumerate() {
            let path = &one.path;
            match schema.attribute_at(path) {
                None => problems.push(format!("{path} is derived but not in the schema")),
                Some(attribute) if !attribute.is_computed() => {
                    problems.push(format!("{path} is derived but not computed"));
                }
                Some(_) => {}
            }
            for input in &one.inputs {
                if schema.attribute_at(input).is_none() {
                    problems.push(format!("{path} is derived from {input}, which is not in the schema"));
                }
                let overlaps =
                    |later: &Derived| input.is_prefix_of(&later.path) || later.path.is_prefix_of(input);
                if derived[position..].iter().any(overlaps) {
                    problems.push(format!(
                        "{path} is derived from {input}, which is derived no earlier than itself"
                    ));
                }
            }
        }
        problems
    }

    /// The value for the inputs in `root`: unknown when the rule says so.
    pub fn value(&self, root: &Value) -> Value {
        self.of(&Inputs { root, written: root, paths: &self.inputs })
    }

    fn of(&self, inputs: &Inputs<'_>) -> Value {
        let mut values = self.inputs.iter().map(|path| inputs.root.part(path));
        let ready = match self.rule {
            KnownWhen::All => values.all(Value::is_wholly_known),
            KnownWhen::Any => self.inputs.is_empty() || values.any(|value| !value.is_unknown()),
        };
        if ready { (self.compute)(inputs) } else { Value::UNKNOWN }
    }
}

impl fmt::Debug for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inputs = self.inputs.iter().map(AttributePath::to_string).collect::<Vec<_>>().join(", ");
        write!(f, "Derived({} from {inputs})", self.path)
    }
}

/// The inputs of a derived value. Only what was declared can be read.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    root: &'a Value,
    written: &'a Value,
    paths: &'a [AttributePath],
}

impl<'a> Inputs<'a> {
    /// The input at this dotted path, or a part of an input. A part of null is null, a part of unknown unknown.
    ///
    /// What was not declared as an input reads as unknown, whatever it is, so that a forgotten declaration is seen in
    /// the first test.
    pub fn get(&self, dotted: &str) -> &'a Value {
        self.declared(dotted, self.root)
    }

    /// The same input as the configuration has it: null where it says nothing, though the value itself may be unknown
    /// because the provider is to choose it. In a state it is the value.
    pub fn written(&self, dotted: &str) -> &'a Value {
        self.declared(dotted, self.written)
    }

    fn declared(&self, dotted: &str, root: &'a Value) -> &'a Value {
        static UNDECLARED: Value = Value::UNKNOWN;
        let path = AttributePath::parse(dotted);
        if self.paths.iter().any(|declared| declared.is_prefix_of(&path)) {
            root.part(&path)
        } else {
            &UNDECLARED
        }
    }

    /// The text at this path, when it is one.
    pub fn str(&self, dotted: &str) -> Option<&'a str> {
        self.get(dotted).as_str()
    }

    /// The integer of 0 or more at this path, when it is one.
    pub fn u64(&self, dotted: &str) -> Option<u64> {
        self.get(dotted).as_u64()
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema::Attribute;
    use super::*;

    fn copy(path: &str, inputs: &[&'static str]) -> Derived {
        let first = inputs[0];
        Derived::new(path, inputs, move |inputs| inputs.get(first).clone())
    }

    #[test]
    fn known_by_its_rule() {
        let root = |a: Value| Value::object([("a", a), ("b", 1.into())]);
        let all = Derived::new("c", &["a", "b"], |_| "known".into());
        assert_eq!(all.value(&root(Value::UNKNOWN)), Value::UNKNOWN);
        assert_eq!(all.value(&root(Value::list([Value::UNKNOWN]))), Value::UNKNOWN);
        assert_eq!(all.value(&root(Value::Null)), Value::string("known"));
        let any = all.known_when_any();
        assert_eq!(any.value(&root(Value::UNKNOWN)), Value::string("known"));
        assert_eq!(any.value(&Value::object([("a", Value::UNKNOWN), ("b", Value::UNKNOWN)])), Value::UNKNOWN);
    }

    #[test]
    fn only_declared_inputs_can_be_read() {
        let root = Value::object([("a", Value::object([("b", 1)])), ("c", 2.into())]);
        let read = |path: &'static str| {
            Derived::new("d", &["a"], move |inputs| inputs.get(path).clone()).value(&root)
        };
        assert_eq!(read("a.b"), Value::from(1));
        assert_eq!(read("c"), Value::UNKNOWN);
    }

    #[test]
    fn unsound_declarations_are_told() {
        let inner = Attribute::object("o", vec![Attribute::string("x").computed()]).computed();
        let schema = Schema::new(0)
            .attribute(Attribute::string("a").required())
            .attribute(Attribute::string("b").computed())
            .attribute(inner);
        assert_eq!(Derived::problems(&schema, &[copy("b", &["a"]), copy("o.x", &["b"])]), [""; 0]);
        let derived = [copy("a", &["nothing"]), copy("b", &["o"]), copy("o.x", &["a"]), copy("o.y", &["a"])];
        assert_eq!(
            Derived::problems(&schema, &derived),
            [
                "a is derived but not computed",
                "a is derived from nothing, which is not in the schema",
                "b is derived from o, which is derived no earlier than itself",
                "o.y is derived but not in the schema",
            ]
        );
    }
}
