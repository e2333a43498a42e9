//! A schema's rules applied to a configuration, parts of which may be unknown.

use super::Schema;
use super::attribute::{Attribute, Nesting};
use super::block::{Block, BlockNesting};
use crate::tfplugin::diag::{Diagnostic, Diagnostics};
use crate::tfplugin::path::AttributePath;
use crate::tfplugin::value::Value;

/// Checks everything about a configuration that its schema can say: required and read-only attributes at every
/// level, validators, numbers of blocks, rules between attributes, deprecations. Unknown parts are passed over.
///
/// Messages come in the schema's order.
pub fn validate_config(schema: &Schema, config: &Value) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    if let Err(mismatch) = config.conforms_to(&schema.ty()) {
        let detail = format!("The configuration does not have the schema's type: {mismatch}.");
        diagnostics.push(Diagnostic::error("Malformed configuration", detail).at(mismatch.path));
        return diagnostics;
    }
    body(schema.attributes(), schema.blocks(), config, &AttributePath::ROOT, &mut diagnostics);
    if !config.is_null() && !config.is_unknown() {
        for rule in schema.rules() {
            rule.check(config, &mut diagnostics);
        }
    }
    diagnostics
}

fn body(
    attributes: &[Attribute],
    blocks: &[Block],
    config: &Value,
    at: &AttributePath,
    out: &mut Diagnostics,
) {
    let Value::Object(values) = config else { return };
    for attribute in attributes {
        if let Some(value) = values.get(attribute.name()) {
            check_attribute(attribute, value, &at.clone().attribute(attribute.name()), out);
        }
    }
    for block in blocks {
        if let Some(value) = values.get(block.name()) {
            check_block(block, value, &at.clone().attribute(block.name()), out);
        }
    }
}

fn check_attribute(attribute: &Attribute, value: &Value, at: &AttributePath, out: &mut Diagnostics) {
    if value.is_null() {
        if attribute.is_required() {
            let detail = format!("{at} is required. Give it a value; null counts as none.");
            out.push(Diagnostic::error("Missing required argument", detail).at(at.clone()));
        }
        return;
    }
    if !attribute.is_required() && !attribute.is_optional() {
        let detail = format!("{at} is decided by the provider and cannot be configured. Remove it.");
        out.push(Diagnostic::error("Read-only argument", detail).at(at.clone()));
        return;
    }
    if let Some(message) = attribute.deprecation() {
        out.push(Diagnostic::warning(format!("{at} is deprecated"), message).at(at.clone()));
    }
    for validator in attribute.validators() {
        validator.check(at, value, out);
    }
    if let Some((nesting, attributes)) = attribute.as_nested() {
        match nesting {
            Nesting::Single => body(attributes, &[], value, at, out),
            Nesting::List | Nesting::Set | Nesting::Map => elements(attributes, &[], value, at, out),
        }
    }
}

fn check_block(block: &Block, value: &Value, at: &AttributePath, out: &mut Diagnostics) {
    match block.nesting() {
        BlockNesting::Single => {
            if block.min_items() > 0 && value.is_null() {
                let detail = format!("A {} block is required.", block.name());
                out.push(Diagnostic::error("Missing block", detail).at(at.clone()));
            }
            body(block.attributes(), block.blocks(), value, at, out);
        }
        BlockNesting::List | BlockNesting::Set => {
            count_blocks(block, value, at, out);
            elements(block.attributes(), block.blocks(), value, at, out);
        }
    }
    let written = match value.as_elements() {
        Some(elements) => !elements.is_empty(),
        None => matches!(value, Value::Object(_)),
    };
    if let Some(message) = block.deprecation().filter(|_| written) {
        out.push(Diagnostic::warning(format!("{at} is deprecated"), message).at(at.clone()));
    }
}

fn count_blocks(block: &Block, value: &Value, at: &AttributePath, out: &mut Diagnostics) {
    let Some(written) = value.as_elements().map(<[Value]>::len) else { return };
    let (min, max) = (block.min_items() as usize, block.max_items() as usize);
    if written < min {
        let detail = format!("At least {min} {} blocks are required, {written} are given.", block.name());
        out.push(Diagnostic::error("Too few blocks", detail).at(at.clone()));
    }
    if max > 0 && written > max {
        let detail = format!("At most {max} {} blocks are allowed, {written} are given.", block.name());
        out.push(Diagnostic::error("Too many blocks", detail).at(at.clone()));
    }
}

fn elements(
    attributes: &[Attribute],
    blocks: &[Block],
    value: &Value,
    at: &AttributePath,
    out: &mut Diagnostics,
) {
    match value {
        Value::List(values) => {
            for (index, element) in values.iter().enumerate() {
                body(attributes, blocks, element, &at.clone().index(index), out);
            }
        }
        // Elements of sets have no path of their own; messages carry the path of the set and the attribute's name.
        Value::Set(values) => {
            for element in values {
                let mut inner = Diagnostics::new();
                body(attributes, blocks, element, at, &mut inner);
                out.extend(inner.into_iter().map(|diagnostic| diagnostic.at(at.clone())));
            }
        }
        Value::Map(values) => {
            for (key, element) in values {
                body(attributes, blocks, element, &at.clone().key(key), out);
            }
        }
        _ => {}
    }
}
