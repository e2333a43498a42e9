//! Schemas: what a resource, data source or provider is configured with and what it reports.
//!
//! A schema is written once, as a chain of calls, and says everything that validation and planning need to know of
//! each attribute; a resource's own code then handles only what is special to it.
//!
//! - `attribute.rs`: attributes, plain and nested
//! - `block.rs`: blocks (only where a configuration's syntax asks for one; nested attributes are better)
//! - `modifier.rs`: how an attribute is planned
//! - `validator.rs`: rules for one value, and the reusable ones
//! - `rule.rs`: rules between attributes
//! - `validate.rs`: all of these applied to a configuration
//! - `check.rs`: is the schema itself sound?

mod attribute;
mod block;
mod check;
mod modifier;
mod rule;
mod validate;
mod validator;

use std::collections::BTreeMap;

pub use self::attribute::{Attribute, AttributeKind, Nesting};
pub use self::block::{Block, BlockNesting};
pub use self::modifier::{Change, Equivalence, Replace};
pub use self::rule::Rule;
pub use self::validate::validate_config;
pub use self::validator::Validator;
use super::path::{AttributePath, Step};
use super::type_::Type;
use super::value::Value;

/// The schema of a resource, data source or provider.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    version: i64,
    description: String,
    deprecation: Option<String>,
    attributes: Vec<Attribute>,
    blocks: Vec<Block>,
    rules: Vec<Rule>,
}

impl Schema {
    /// An empty schema. The version counts changes that old state must be upgraded for, from 0.
    pub fn new(version: i64) -> Schema {
        Schema { version, ..Schema::default() }
    }

    /// What this is, in Markdown.
    #[must_use]
    pub fn describe(mut self, markdown: impl Into<String>) -> Schema {
        self.description = markdown.into();
        self
    }

    /// Marks the whole as deprecated; the message says what to use instead.
    #[must_use]
    pub fn deprecated(mut self, message: impl Into<String>) -> Schema {
        self.deprecation = Some(message.into());
        self
    }

    /// Adds an attribute.
    #[must_use]
    pub fn attribute(mut self, attribute: Attribute) -> Schema {
        self.attributes.push(attribute);
        self
    }

    /// Adds attributes.
    #[must_use]
    pub fn attributes_from(mut self, attributes: impl IntoIterator<Item = Attribute>) -> Schema {
        self.attributes.extend(attributes);
        self
    }

    /// Adds a block.
    #[must_use]
    pub fn block(mut self, block: Block) -> Schema {
        self.blocks.push(block);
        self
    }

    /// Adds a rule between attributes.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Schema {
        self.rules.push(rule);
        self
    }

    /// The version of stored state.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// The description, in Markdown.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// What to use instead, when the whole is deprecated.
    pub fn deprecation(&self) -> Option<&str> {
        self.deprecation.as_deref()
    }

    /// The attributes, in the order in which they were added.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The blocks, in the order in which they were added.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The rules between attributes.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The type of values of this schema: an object of all attributes and blocks.
    pub fn ty(&self) -> Type {
        body_type(&self.attributes, &self.blocks)
    }

    /// A value of this schema in which nothing is given: attributes null, single blocks null, other blocks empty.
    /// A start for the state of an import.
    pub fn empty_value(&self) -> Value {
        let of_attributes =
            self.attributes.iter().map(|attribute| (attribute.name().to_owned(), Value::Null));
        let of_blocks = self.blocks.iter().map(|block| (block.name().to_owned(), block.empty_value()));
        Value::Object(of_attributes.chain(of_blocks).collect::<BTreeMap<_, _>>())
    }

    /// The attribute that a path leads to. Indices and keys of nested lists and maps are stepped over; `None` when
    /// the path ends elsewhere or names nothing.
    pub fn attribute_at(&self, path: &AttributePath) -> Option<&Attribute> {
        let mut attributes = self.attributes.as_slice();
        let mut blocks = self.blocks.as_slice();
        let mut found: Option<&Attribute> = None;
        for step in path.steps() {
            let Step::Attribute(name) = step else { continue };
            if let Some(attribute) = attributes.iter().find(|attribute| attribute.name() == name) {
                found = Some(attribute);
                attributes = attribute.nested();
                blocks = &[];
            } else {
                let block = blocks.iter().find(|block| block.name() == name)?;
                found = None;
                attributes = block.attributes();
                blocks = block.blocks();
            }
        }
        found
    }
}

fn body_type(attributes: &[Attribute], blocks: &[Block]) -> Type {
    let of_attributes = attributes.iter().map(|attribute| (attribute.name().to_owned(), attribute.ty()));
    let of_blocks = blocks.iter().map(|block| (block.name().to_owned(), block.ty()));
    Type::Object(of_attributes.chain(of_blocks).collect::<BTreeMap<_, _>>())
}

#[cfg(test)]
mod tests;
