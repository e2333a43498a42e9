//! Blocks: parts of a configuration that are written without an equals sign.

use super::attribute::Attribute;
use super::body_type;
use crate::tfplugin::type_::Type;
use crate::tfplugin::value::{Value, ValueSet};

/// A block type of a schema.
#[derive(Debug, Clone)]
pub struct Block {
    name: String,
    nesting: BlockNesting,
    description: String,
    deprecation: Option<String>,
    attributes: Vec<Attribute>,
    blocks: Vec<Block>,
    min_items: u32,
    max_items: u32,
}

/// How often a block may be written, and what it becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlockNesting {
    /// At most once; an object, null without the block.
    Single,
    /// Any number; a list of objects, empty without blocks.
    List,
    /// Any number; a set of objects, empty without blocks.
    Set,
}

impl Block {
    /// A block written at most once.
    pub fn single(name: impl Into<String>, attributes: Vec<Attribute>) -> Block {
        Block::new(name.into(), BlockNesting::Single, attributes)
    }

    /// A block written any number of times, in order.
    pub fn list(name: impl Into<String>, attributes: Vec<Attribute>) -> Block {
        Block::new(name.into(), BlockNesting::List, attributes)
    }

    /// A block written any number of times, without order.
    pub fn set(name: impl Into<String>, attributes: Vec<Attribute>) -> Block {
        Block::new(name.into(), BlockNesting::Set, attributes)
    }

    fn new(name: String, nesting: BlockNesting, attributes: Vec<Attribute>) -> Block {
        Block {
            name,
            nesting,
            description: String::new(),
            deprecation: None,
            attributes,
            blocks: Vec::new(),
            min_items: 0,
            max_items: 0,
        }
    }

    /// Adds a block inside this one.
    #[must_use]
    pub fn block(mut self, block: Block) -> Block {
        self.blocks.push(block);
        self
    }

    /// What the block means, in Markdown.
    #[must_use]
    pub fn describe(mut self, markdown: impl Into<String>) -> Block {
        self.description = markdown.into();
        self
    }

    /// Deprecates the block; the message says what to use instead.
    #[must_use]
    pub fn deprecated(mut self, message: impl Into<String>) -> Block {
        self.deprecation = Some(message.into());
        self
    }

    /// How often a list or set block must and may be written; `max` 0 is no limit.
    #[must_use]
    pub fn items(mut self, min: u32, max: u32) -> Block {
        self.min_items = min;
        self.max_items = max;
        self
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How often it may be written.
    pub fn nesting(&self) -> BlockNesting {
        self.nesting
    }

    /// The attributes inside.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The blocks inside.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The description, in Markdown.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// What to use instead, when it is deprecated.
    pub fn deprecation(&self) -> Option<&str> {
        self.deprecation.as_deref()
    }

    /// The least number of blocks.
    pub fn min_items(&self) -> u32 {
        self.min_items
    }

    /// The greatest number of blocks; 0 is no limit.
    pub fn max_items(&self) -> u32 {
        self.max_items
    }

    /// What it is when it is not written: null, or an empty collection.
    pub fn empty_value(&self) -> Value {
        match self.nesting {
            BlockNesting::Single => Value::Null,
            BlockNesting::List => Value::List(Vec::new()),
            BlockNesting::Set => Value::Set(ValueSet::default()),
        }
    }

    /// The type of its values.
    pub fn ty(&self) -> Type {
        let object = body_type(&self.attributes, &self.blocks);
        match self.nesting {
            BlockNesting::Single => object,
            BlockNesting::List => Type::list(object),
            BlockNesting::Set => Type::set(object),
        }
    }
}
