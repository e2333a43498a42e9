//! Does a later value keep what an earlier one, with unknown parts, has promised?

use std::collections::{BTreeMap, BTreeSet};

use super::super::path::AttributePath;
use super::super::schema::{Attribute, Block, BlockNesting, Schema};
use super::super::value::Value;
use super::Problems;
use super::show::show;

static NULL: Value = Value::Null;

pub(super) fn root(schema: &Schema, planned: &Value, actual: &Value, problems: &mut Problems) {
    body(schema.attributes(), schema.blocks(), planned, actual, &AttributePath::ROOT, problems);
}

fn body(
    attributes: &[Attribute],
    blocks: &[Block],
    planned: &Value,
    actual: &Value,
    at: &AttributePath,
    problems: &mut Problems,
) {
    if planned.is_null() != actual.is_null() {
        let what =
            if planned.is_null() { "was absent, is now present" } else { "was present, is now absent" };
        problems.add(at, what);
        return;
    }
    for attribute in attributes {
        let name = attribute.name();
        let step = AttributePath::ROOT.attribute(name);
        let (planned, actual) = (planned.part(&step), actual.part(&step));
        value(planned, actual, hides(attribute), &at.clone().attribute(name), problems);
    }
    for inner in blocks {
        let step = AttributePath::ROOT.attribute(inner.name());
        let at = at.clone().attribute(inner.name());
        block(inner, planned.part(&step), actual.part(&step), &at, problems);
    }
}

/// Whether the attribute or anything in it is sensitive.
fn hides(attribute: &Attribute) -> bool {
    attribute.is_sensitive() || attribute.nested().iter().any(hides)
}

fn block(block: &Block, planned: &Value, actual: &Value, at: &AttributePath, problems: &mut Problems) {
    let each = |planned: &Value, actual: &Value, at: &AttributePath, problems: &mut Problems| {
        body(block.attributes(), block.blocks(), planned, actual, at, problems);
    };
    match (block.nesting(), planned, actual) {
        // A block of which it was unknown how often it is written may turn out not to be written at all.
        (BlockNesting::Single, Value::Unknown(_), Value::Null) => {}
        (BlockNesting::Single, _, _) => each(planned, actual, at, problems),
        (BlockNesting::List, Value::List(planned), Value::List(actual)) => {
            if planned.len() == actual.len() {
                for (index, (planned, actual)) in planned.iter().zip(actual).enumerate() {
                    each(planned, actual, &at.clone().index(index), problems);
                }
            } else {
                problems.add(at, format!("had {} blocks, has now {}", planned.len(), actual.len()));
            }
        }
        (BlockNesting::Set, Value::Set(planned), Value::Set(actual)) => {
            sets(planned, actual, at, problems, |planned, actual, inner| each(planned, actual, at, inner));
        }
        (BlockNesting::List | BlockNesting::Set, _, _) => {}
    }
}

/// A single value, guided by its own structure: that both have the schema's type is known already.
fn value(planned: &Value, actual: &Value, hidden: bool, at: &AttributePath, problems: &mut Problems) {
    let was_now = || format!("was {}, is now {}", show(planned, hidden), show(actual, hidden));
    match (planned, actual) {
        (Value::Dynamic(planned), Value::Dynamic(actual)) => {
            if planned.0 == actual.0 {
                value(&planned.1, &actual.1, hidden, at, problems);
            } else {
                problems.add(at, format!("was of type {}, is now of type {}", planned.0, actual.0));
            }
        }
        (Value::Dynamic(planned), _) => {
            problems.add(at, format!("was of type {}, is now of no known type", planned.0));
        }
        (Value::Unknown(None), _) | (Value::Null, Value::Null) => {}
        (Value::Unknown(Some(promised)), _) => {
            if let Some(broken) = promised.broken_by(actual) {
                problems.add(at, format!("is now {}, but {broken}", show(actual, hidden)));
            }
        }
        (_, Value::Unknown(_)) => problems.add(at, format!("was {}, is now unknown", show(planned, hidden))),
        (Value::List(planned), Value::List(actual)) | (Value::Tuple(planned), Value::Tuple(actual)) => {
            for (index, planned) in planned.iter().enumerate() {
                let at = at.clone().index(index);
                match actual.get(index) {
                    Some(actual) => value(planned, actual, hidden, &at, problems),
                    None => problems.add(&at, "has vanished"),
                }
            }
            for index in planned.len()..actual.len() {
                problems.add(&at.clone().index(index), "has appeared");
            }
        }
        (Value::Map(planned), Value::Map(actual)) => maps(planned, actual, hidden, at, problems),
        (Value::Object(planned), Value::Object(actual)) => {
            for (name, planned) in planned {
                let actual = actual.get(name).unwrap_or(&NULL);
                value(planned, actual, hidden, &at.clone().attribute(name), problems);
            }
        }
        (Value::Set(planned), Value::Set(actual)) => {
            sets(planned, actual, at, problems, |planned, actual, inner| {
                value(planned, actual, hidden, at, inner);
            });
        }
        _ if planned != actual => problems.add(at, was_now()),
        _ => {}
    }
}

fn maps(
    planned: &BTreeMap<String, Value>,
    actual: &BTreeMap<String, Value>,
    hidden: bool,
    at: &AttributePath,
    problems: &mut Problems,
) {
    for key in planned.keys().chain(actual.keys()).collect::<BTreeSet<_>>() {
        let at = at.clone().key(key);
        match (planned.get(key), actual.get(key)) {
            (Some(planned), Some(actual)) => value(planned, actual, hidden, &at, problems),
            (Some(_), None) => problems.add(&at, "has vanished"),
            _ => problems.add(&at, "has appeared"),
        }
    }
}

/// Elements of sets have no identity, so each must only fit some element of the other set; and a set may shrink,
/// since unknown elements may turn out equal, but never grow.
fn sets(
    planned: &[Value],
    actual: &[Value],
    at: &AttributePath,
    problems: &mut Problems,
    compare: impl Fn(&Value, &Value, &mut Problems),
) {
    let fit = |planned: &Value, actual: &Value| {
        let mut inner = Problems::new("");
        compare(planned, actual, &mut inner);
        inner.found.is_empty()
    };
    if !planned.iter().all(|planned| actual.iter().any(|actual| fit(planned, actual))) {
        problems.add(at, "a planned element of the set is not in the result");
    } else if !actual.iter().all(|actual| planned.iter().any(|planned| fit(planned, actual))) {
        problems.add(at, "the result has an element in the set that was not planned");
    } else if actual.len() > planned.len() {
        problems.add(at, format!("had {} elements, has now {}", planned.len(), actual.len()));
    }
}
