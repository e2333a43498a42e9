//! The options that only one cloud has: `aks = {…}`, `gke = {…}`, `eks = {…}`.
//!
//! A cloud lists its options as data ([`OptionSpec`]). The HCL schema, the change classes and the docs are made
//! from that list, and the values travel in [`Options`], so that nothing outside the cloud's folder has to know
//! what an option means.

use std::collections::{BTreeMap, BTreeSet};

use super::Change;
use super::decimal::Decimal;

/// The shape of an option's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionKind {
    /// true or false.
    Bool,
    /// A whole number within these bounds, both included.
    Number(i64, i64),
    /// A number with at most so many digits after the point.
    Decimal(u32),
    /// Any text that is not empty.
    Text,
    /// The id of another resource of the cloud, in which upper and lower case are alike, as in Azure's.
    ResourceId,
    /// One of these words, in the cloud's own spelling.
    Choice(&'static [&'static str]),
    /// A duration in Go's syntax, such as `1h30m`.
    Duration,
    /// A set of texts.
    TextSet,
    /// A map of texts.
    TextMap,
    /// An object with options of its own.
    Object(&'static [OptionSpec]),
}

/// One option of a cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionSpec {
    /// The name in HCL.
    pub name: &'static str,
    /// The shape of its value.
    pub kind: OptionKind,
    /// What a change of it does.
    pub change: Change,
    /// Whether the cloud fills in a value when none is written. Such an option, once set, stays as it is when it
    /// is no longer written: unset means unchanged.
    pub computed: bool,
    /// What it is when nobody ever wrote it and the cloud has no say in it. Such an option is known at plan.
    pub default: Option<&'static str>,
    /// What it is for, in a sentence or two.
    pub about: &'static str,
}

/// The value of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptionValue {
    /// Written, not known yet.
    Unknown,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Number(i64),
    /// A number that may have a fraction.
    Decimal(Decimal),
    /// A text, a choice, a resource's id or a duration as written.
    Text(String),
    /// A set of texts.
    TextSet(BTreeSet<String>),
    /// A map of texts.
    TextMap(BTreeMap<String, String>),
    /// An object.
    Object(Options),
}

/// The options of one cloud; an option that is not written is absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options(pub BTreeMap<String, OptionValue>);

impl Options {
    /// The value of an option, unknown or not.
    pub fn get(&self, name: &str) -> Option<&OptionValue> {
        self.0.get(name)
    }

    /// Sets an option; `None` leaves it absent.
    pub fn set(&mut self, name: &str, value: Option<OptionValue>) {
        match value {
            Some(value) => self.0.insert(name.to_owned(), value),
            None => self.0.remove(name),
        };
    }

    /// A known truth value.
    pub fn bool(&self, name: &str) -> Option<bool> {
        match self.get(name) {
            Some(OptionValue::Bool(value)) => Some(*value),
            _ => None,
        }
    }

    /// A known number.
    pub fn number(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(OptionValue::Number(value)) => Some(*value),
            _ => None,
        }
    }

    /// A known number that may have a fraction.
    pub fn decimal(&self, name: &str) -> Option<Decimal> {
        match self.get(name) {
            Some(OptionValue::Decimal(value)) => Some(*value),
            _ => None,
        }
    }

    /// A known text, choice, resource's id or duration.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(OptionValue::Text(value)) => Some(value),
            _ => None,
        }
    }

    /// A known set of texts.
    pub fn set_of(&self, name: &str) -> Option<&BTreeSet<String>> {
        match self.get(name) {
            Some(OptionValue::TextSet(value)) => Some(value),
            _ => None,
        }
    }

    /// A known map of texts.
    pub fn map_of(&self, name: &str) -> Option<&BTreeMap<String, String>> {
        match self.get(name) {
            Some(OptionValue::TextMap(value)) => Some(value),
            _ => None,
        }
    }

    /// A known object.
    pub fn object(&self, name: &str) -> Option<&Options> {
        match self.get(name) {
            Some(OptionValue::Object(value)) => Some(value),
            _ => None,
        }
    }
}
