//! Is a schema itself sound? Asked in tests, so that a mistake never reaches a user.

use super::attribute::{Attribute, Nesting};
use super::block::Block;
use super::{Schema, Validator};
use crate::tfplugin::diag::Diagnostics;
use crate::tfplugin::path::AttributePath;
use crate::tfplugin::type_::Type;

/// Names that Terraform keeps for itself at the root of a resource.
const RESERVED: &[&str] =
    &["connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioner"];

impl Schema {
    /// What is wrong with the schema, one sentence each; empty for a sound one.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        body(&self.attributes, &self.blocks, &AttributePath::ROOT, &mut problems);
        for name in RESERVED {
            if self.attributes.iter().any(|attribute| attribute.name() == *name) {
                problems.push(format!("{name} is a name that Terraform keeps for itself"));
            }
        }
        problems
    }
}

fn body(attributes: &[Attribute], blocks: &[Block], at: &AttributePath, problems: &mut Vec<String>) {
    let names = attributes.iter().map(Attribute::name).chain(blocks.iter().map(Block::name));
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        let path = at.clone().attribute(name);
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !name.chars().all(letters) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
            problems.push(format!("{path} is no name: lower-case letters, digits and underscores only"));
        }
        if !seen.insert(name) {
            problems.push(format!("{path} is there twice"));
        }
    }
    for attribute in attributes {
        check_attribute(attribute, &at.clone().attribute(attribute.name()), problems);
    }
    for block in blocks {
        body(block.attributes(), block.blocks(), &at.clone().attribute(block.name()), problems);
    }
}

/// Whether planning the attribute, or one in it, looks at the value it had before.
fn acts_on_change(attribute: &Attribute) -> bool {
    attribute.replace().is_some()
        || attribute.equivalence().is_some()
        || attribute.nested().iter().any(acts_on_change)
}

fn check_attribute(attribute: &Attribute, path: &AttributePath, problems: &mut Vec<String>) {
    if let Some(default) = attribute.default_value() {
        if attribute.is_required() || !attribute.is_optional() || !attribute.is_computed() {
            problems.push(format!("{path} has a default and so must be optional and computed"));
        }
        if let Err(mismatch) = default.conforms_to(&attribute.ty()) {
            problems.push(format!("the default of {path} does not have its type: {mismatch}"));
        }
        let mut diagnostics = Diagnostics::new();
        attribute
            .validators()
            .iter()
            .for_each(|rule: &Validator| rule.check(path, default, &mut diagnostics));
        if let Some(first) = diagnostics.iter().find(|diagnostic| diagnostic.is_error()) {
            problems.push(format!("the default of {path} breaks its own rule: {}", first.detail));
        }
        if attribute.uses_state() {
            problems.push(format!("{path} has a default and keeps the state: one of them can never act"));
        }
    }
    if matches!(attribute.as_nested(), Some((Nesting::Set, inner)) if inner.iter().any(acts_on_change)) {
        problems.push(format!("{path} is a set, in which replacement and equivalent spellings cannot act"));
    }
    if attribute.equivalence().is_some()
        && !matches!(attribute.ty(), Type::String | Type::Number | Type::Bool)
    {
        problems
            .push(format!("{path} has equivalent spellings, which only texts, numbers and bools can have"));
    }
    if attribute.uses_state() && !attribute.is_computed() {
        problems.push(format!("{path} keeps the state but is not computed"));
    }
    if !attribute.is_required() && !attribute.is_optional() {
        if !attribute.validators().is_empty() {
            problems.push(format!("{path} has validators but cannot be configured"));
        }
        if attribute.nested().iter().any(|inner| inner.is_required() || inner.is_optional()) {
            problems.push(format!("{path} cannot be configured, but attributes inside it can"));
        }
    }
    body(attribute.nested(), &[], path, problems);
}
