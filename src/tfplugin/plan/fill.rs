//! What a state lacks after an import, a move, or an upgrade to a version with new attributes. Filled in when the
//! state is read, it is no change in the next plan.

use std::collections::BTreeMap;

use super::super::derived::Derived;
use super::super::path::Step;
use super::super::schema::{Attribute, Nesting, Schema};
use super::super::value::Value;
use super::derive::put;

/// Computes the derived values that are null in a state. Values that are there stay. Objects that only the provider
/// decides on, and that hold derived values, are made when they are null. Nulls that were seen stay
/// ([`Derived::seen`]).
///
/// Call it with every state that is read. A plan keeps a derived value while its inputs are unchanged, null too, so
/// that a newer table of facts alone is never a change; this is where a missing value comes from then.
pub fn fill_derived(schema: &Schema, derived: &[Derived], state: &mut Value) {
    for one in derived {
        make_place(schema.attributes(), one.path.steps(), state);
        if !one.seen && state.at(&one.path).is_some_and(Value::is_null) {
            let value = one.value(state);
            // An unknown value has no place in a state.
            if value.is_wholly_known() {
                put(state, one, value);
            }
        }
    }
}

fn make_place(attributes: &[Attribute], steps: &[Step], state: &mut Value) {
    let [Step::Attribute(name), rest @ ..] = steps else { return };
    let Some(attribute) = attributes.iter().find(|attribute| attribute.name() == name) else { return };
    let (Some((Nesting::Single, inner)), false) = (attribute.as_nested(), rest.is_empty()) else { return };
    let Value::Object(values) = state else { return };
    let Some(value) = values.get_mut(name) else { return };
    if value.is_null() && attribute.is_computed() && !attribute.is_optional() {
        let nulls = inner.iter().map(|inner| (inner.name().to_owned(), Value::Null));
        *value = Value::Object(nulls.collect::<BTreeMap<_, _>>());
    }
    make_place(inner, rest, value);
}

/// Puts defaults where a state holds null, at the root and in single objects that the state has.
///
/// Meant for the end of an import: the defaults of attributes that exist only in the configuration cannot be read
/// back from anywhere, and would else each be a change in the first plan.
pub fn fill_defaults(schema: &Schema, state: &mut Value) {
    defaults(schema.attributes(), state);
}

fn defaults(attributes: &[Attribute], state: &mut Value) {
    let Value::Object(values) = state else { return };
    for attribute in attributes {
        let Some(value) = values.get_mut(attribute.name()) else { continue };
        if let (true, Some(default)) = (value.is_null(), attribute.default_value()) {
            *value = default.clone();
        }
        if let Some((Nesting::Single, inner)) = attribute.as_nested() {
            defaults(inner, value);
        }
    }
}
