//! Which changes need a new object.

use super::super::derived::Derived;
use super::super::path::AttributePath;
use super::super::schema::{Attribute, Block, BlockNesting, Change, Nesting, Schema};
use super::super::value::Value;

/// The paths of all changes for which the schema asks for a new object; none when there is no object yet.
///
/// Objects in sets cannot be told apart: a change in one is a change of the set.
pub(super) fn by_schema(
    schema: &Schema,
    derived: &[Derived],
    config: &Value,
    prior: &Value,
    planned: &Value,
) -> Vec<AttributePath> {
    let mut found = Vec::new();
    if !prior.is_null() {
        let search = Search { derived, config, prior, planned };
        let at = AttributePath::ROOT;
        search.body(schema.attributes(), schema.blocks(), [config, prior, planned], &at, &mut found);
    }
    found
}

/// The whole configuration, state and plan.
#[derive(Debug, Clone, Copy)]
struct Search<'a> {
    derived: &'a [Derived],
    config: &'a Value,
    prior: &'a Value,
    planned: &'a Value,
}

impl Search<'_> {
    fn body(
        self,
        attributes: &[Attribute],
        blocks: &[Block],
        values: [&Value; 3],
        at: &AttributePath,
        found: &mut Vec<AttributePath>,
    ) {
        for attribute in attributes {
            let step = AttributePath::ROOT.attribute(attribute.name());
            let parts = values.map(|value| value.part(&step));
            self.attribute(attribute, parts, at.clone().attribute(attribute.name()), found);
        }
        for block in blocks {
            let step = AttributePath::ROOT.attribute(block.name());
            let parts = values.map(|value| value.part(&step));
            let at = at.clone().attribute(block.name());
            match block.nesting() {
                BlockNesting::Single => self.body(block.attributes(), block.blocks(), parts, &at, found),
                BlockNesting::List => self.elements(block.attributes(), block.blocks(), parts, &at, found),
                BlockNesting::Set => {}
            }
        }
    }

    fn attribute(
        self,
        attribute: &Attribute,
        values: [&Value; 3],
        at: AttributePath,
        found: &mut Vec<AttributePath>,
    ) {
        let [_, prior, planned] = values;
        if !self.changes(attribute, values, &at) {
            return;
        }
        if attribute.replace().is_some_and(|replace| replace.is_needed_for(&self.change(&at, prior, planned)))
        {
            found.push(at);
            return;
        }
        match attribute.as_nested() {
            Some((Nesting::Single, inner)) => self.body(inner, &[], values, &at, found),
            Some((Nesting::List | Nesting::Map, inner)) => self.elements(inner, &[], values, &at, found),
            Some((Nesting::Set, _)) | None => {}
        }
    }

    /// The planned objects of a list or map; those that go are a change of the collection itself.
    fn elements(
        self,
        attributes: &[Attribute],
        blocks: &[Block],
        values: [&Value; 3],
        at: &AttributePath,
        found: &mut Vec<AttributePath>,
    ) {
        let [_, prior, planned] = values;
        if planned.is_unknown() && self.any_replaces(attributes, blocks, prior, planned, at) {
            // Which elements there will be is not known, so the collection answers for all of them.
            found.push(at.clone());
            return;
        }
        let steps: Vec<AttributePath> = match planned {
            Value::List(elements) => (0..elements.len()).map(|i| AttributePath::ROOT.index(i)).collect(),
            Value::Map(entries) => entries.keys().map(|key| AttributePath::ROOT.key(key)).collect(),
            _ => Vec::new(),
        };
        for step in steps {
            let parts = values.map(|value| value.part(&step));
            let at = AttributePath::new([at.steps(), step.steps()].concat());
            self.body(attributes, blocks, parts, &at, found);
        }
    }

    /// Whether a change of any attribute in a collection that is not known yet would need a new object.
    fn any_replaces(
        self,
        attributes: &[Attribute],
        blocks: &[Block],
        prior: &Value,
        planned: &Value,
        at: &AttributePath,
    ) -> bool {
        attributes.iter().any(|attribute| {
            let needed = attribute
                .replace()
                .is_some_and(|replace| replace.is_needed_for(&self.change(at, prior, planned)));
            let inside = match attribute.as_nested() {
                None | Some((Nesting::Set, _)) => false,
                Some((_, inner)) => self.any_replaces(inner, &[], prior, planned, at),
            };
            needed || inside
        }) || blocks
            .iter()
            .filter(|block| block.nesting() != BlockNesting::Set)
            .any(|block| self.any_replaces(block.attributes(), block.blocks(), prior, planned, at))
    }

    fn change<'b>(&'b self, path: &'b AttributePath, prior: &'b Value, planned: &'b Value) -> Change<'b> {
        let Search { config, prior: prior_root, planned: planned_root, .. } = *self;
        Change { path, prior, planned, config_root: config, prior_root, planned_root }
    }

    /// Whether a change was asked for. What is computed, not configured and not known yet is no change that anybody
    /// asked for: it must not cost an object. A derived value is: it is unknown because an input is, and may then
    /// turn out to be another, when it is too late to plan a replacement.
    fn changes(self, attribute: &Attribute, values: [&Value; 3], at: &AttributePath) -> bool {
        let [config, prior, planned] = values;
        if planned == prior {
            return false;
        }
        if planned.is_unknown() && config.is_null() && attribute.is_computed() {
            return self.derived.iter().any(|derived| derived.path == *at);
        }
        match (attribute.as_nested(), planned) {
            (Some((Nesting::Single, inner)), Value::Object(_)) if !prior.is_null() => {
                inner.iter().any(|inner| {
                    let step = AttributePath::ROOT.attribute(inner.name());
                    self.changes(
                        inner,
                        values.map(|value| value.part(&step)),
                        &at.clone().attribute(inner.name()),
                    )
                })
            }
            _ => true,
        }
    }
}
