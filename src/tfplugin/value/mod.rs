//! Terraform values: known, null, or not known yet.
//!
//! A [`Value`] does not carry its type; codecs and planning are guided by the schema's [`Type`]. The exception is
//! a value in a place of type `dynamic`, which brings its type along ([`Value::Dynamic`]).
//!
//! - `refinements.rs`: what is known of a value that is not known yet
//! - `set.rs`: elements without order or duplicates
//! - `access.rs`: reading and changing parts of a value
//! - `conform.rs`: does a value have a type?

mod access;
mod conform;
mod refinements;
mod set;

use std::collections::BTreeMap;

pub use self::access::PathError;
pub use self::conform::Mismatch;
pub use self::refinements::{NumberBound, Refinements};
pub use self::set::ValueSet;
use super::number::Number;
use super::type_::Type;

/// A value, or the lack of one.
///
/// Equality is of structure: an unknown equals an unknown with the same refinements. The order is total and
/// arbitrary between kinds; numbers order by size.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// No value.
    Null,
    /// A value that will be known after apply, with what is already known of it. See [`Value::UNKNOWN`].
    Unknown(Option<Box<Refinements>>),
    /// A truth value.
    Bool(bool),
    /// A number of any size and precision.
    Number(Number),
    /// A text.
    String(String),
    /// Elements of one type, in order.
    List(Vec<Value>),
    /// Elements of one type, without order or duplicates.
    Set(ValueSet),
    /// Elements of one type by key.
    Map(BTreeMap<String, Value>),
    /// Attributes by name; all that the type has, null where there is no value.
    Object(BTreeMap<String, Value>),
    /// Elements of several types, in order.
    Tuple(Vec<Value>),
    /// A value in a place of type `dynamic`, with its type. The value inside may be null or unknown, and such a
    /// place may also hold a bare null or unknown, of no type yet: Terraform tells the two apart.
    Dynamic(Box<(Type, Value)>),
}

impl Value {
    /// Not known yet, and nothing known of it.
    pub const UNKNOWN: Value = Value::Unknown(None);

    /// A text.
    pub fn string(text: impl Into<String>) -> Value {
        Value::String(text.into())
    }

    /// A number.
    pub fn number(number: impl Into<Number>) -> Value {
        Value::Number(number.into())
    }

    /// A truth value.
    pub fn bool(value: bool) -> Value {
        Value::Bool(value)
    }

    /// A list.
    pub fn list<V: Into<Value>>(elements: impl IntoIterator<Item = V>) -> Value {
        Value::List(elements.into_iter().map(Into::into).collect())
    }

    /// A set; duplicates collapse.
    pub fn set<V: Into<Value>>(elements: impl IntoIterator<Item = V>) -> Value {
        Value::Set(elements.into_iter().map(Into::into).collect())
    }

    /// A map.
    pub fn map<K: Into<String>, V: Into<Value>>(entries: impl IntoIterator<Item = (K, V)>) -> Value {
        Value::Map(entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }

    /// An object.
    pub fn object<K: Into<String>, V: Into<Value>>(attributes: impl IntoIterator<Item = (K, V)>) -> Value {
        Value::Object(attributes.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// A tuple.
    pub fn tuple(elements: impl IntoIterator<Item = Value>) -> Value {
        Value::Tuple(elements.into_iter().collect())
    }

    /// A value of type `ty` for a place of type `dynamic`.
    pub fn dynamic(ty: Type, value: impl Into<Value>) -> Value {
        match (ty, value.into()) {
            // A type of its own comes only once.
            (_, value @ Value::Dynamic(_)) | (Type::Dynamic, value) => value,
            (ty, value) => Value::Dynamic(Box::new((ty, value))),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::string(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::String(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Bool(value)
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Value {
        Value::Number(number)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::number(number)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Value {
        Value::number(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Value {
        Value::number(number)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Value {
        Value::number(number)
    }
}

/// `None` is null.
impl<V: Into<Value>> From<Option<V>> for Value {
    fn from(value: Option<V>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}

#[cfg(test)]
pub(crate) mod arbitrary;
#[cfg(test)]
mod tests;
