//! The types of Kubernetes' objects, as far as merging needs them: which maps and lists are merged, and by which keys.
//!
//! - [`table`]: the types themselves. [`protobuf`]: objects in Kubernetes' binary form.

mod protobuf;
mod table;

use std::collections::BTreeMap;

use serde_json::Value;

pub(crate) use protobuf::{MEDIA_TYPE, decode};
use table::TABLE;

/// A type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    String,
    Number,
    Bool,
    /// Base64 in JSON.
    Bytes,
    /// RFC 3339.
    Time,
    /// `4`, `85Gi`, `100m`.
    Quantity,
    /// A number, or a text such as `25%`.
    IntOrString,
    /// JSON that nobody looks into.
    Raw,
    /// Taken as it comes: maps are merged, lists are replaced.
    Any,
    /// A type of the table, by name.
    Named(String),
    Map {
        element: Box<Type>,
        atomic: bool,
    },
    List {
        element: Box<Type>,
        merge: Merge,
    },
}

/// How a list is merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Merge {
    Atomic,
    Set,
    Keyed(Vec<String>),
}

/// A field of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) kind: Type,
    /// How strategic merge patches merge a list.
    pub(crate) patch: Patch,
    /// `$retainKeys` is used for it.
    pub(crate) retain: bool,
    /// Protobuf numbers on the way to it; empty where it is not in the binary form.
    pub(crate) path: Vec<u32>,
    /// In the binary form a zero is a value and not its absence.
    pub(crate) zero: bool,
}

/// How strategic merge patches treat a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Patch {
    Replace,
    /// Items are values.
    Values,
    /// Items are objects that this field tells apart.
    By(String),
}

/// A type with named fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) atomic: bool,
    pub(crate) fields: BTreeMap<String, Field>,
}

/// What a value is merged as, by its type and by what it is.
#[derive(Debug)]
pub(crate) enum Shape<'a> {
    /// As a whole.
    Leaf,
    Record(&'a Record),
    Map(&'a Type),
    Set(&'a Type),
    Keyed(&'a Type, &'a [String]),
}

/// The type of what no table describes.
pub(crate) static ANY: Type = Type::Any;

impl Type {
    /// The fields of a named type.
    pub(crate) fn record(&self) -> Option<&'static Record> {
        match self {
            Self::Named(name) => TABLE.get(name),
            _ => None,
        }
    }

    /// How `value` is merged. A value that does not fit its type is a leaf; saying so is validation's task.
    pub(crate) fn shape(&self, value: &Value) -> Shape<'_> {
        match (self, value) {
            (Self::Any, Value::Object(_)) => Shape::Map(&ANY),
            (Self::Named(_), Value::Object(_)) => match self.record() {
                Some(record) if !record.atomic => Shape::Record(record),
                _ => Shape::Leaf,
            },
            (Self::Map { element, atomic: false }, Value::Object(_)) => Shape::Map(element),
            (Self::List { element, merge }, Value::Array(_)) => match merge {
                Merge::Atomic => Shape::Leaf,
                Merge::Set => Shape::Set(element),
                Merge::Keyed(keys) => Shape::Keyed(element, keys),
            },
            _ => Shape::Leaf,
        }
    }

    /// What an object holds that its type does not know, as (path, what is wrong): unknown fields and values of
    /// another type.
    pub(crate) fn complaints(
        &self,
        value: &Value,
        path: &str,
        unknown: &mut Vec<String>,
    ) -> Result<(), String> {
        let expected = |what: &str| Err(format!("{path}: {what} is expected, not {value}"));
        match (self, value) {
            (_, Value::Null)
            | (Self::Any | Self::Raw, _)
            | (
                Self::String | Self::Bytes | Self::Time | Self::Quantity | Self::IntOrString,
                Value::String(_),
            )
            | (Self::Number | Self::Quantity | Self::IntOrString, Value::Number(_))
            | (Self::Bool, Value::Bool(_)) => Ok(()),
            (Self::String | Self::Bytes | Self::Time, _) => expected("a string"),
            (Self::Quantity | Self::IntOrString, _) => expected("a string or a number"),
            (Self::Number, _) => expected("a number"),
            (Self::Bool, _) => expected("a boolean"),
            (Self::Map { element, .. }, Value::Object(map)) => map
                .iter()
                .try_for_each(|(key, item)| element.complaints(item, &format!("{path}.{key}"), unknown)),
            (Self::List { element, .. }, Value::Array(items)) => items
                .iter()
                .enumerate()
                .try_for_each(|(index, item)| element.complaints(item, &format!("{path}[{index}]"), unknown)),
            (Self::Named(_), Value::Object(map)) => {
                let Some(record) = self.record() else { return Ok(()) };
                map.iter().try_for_each(|(key, item)| {
                    let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    match record.fields.get(key) {
                        Some(field) => field.kind.complaints(item, &inner, unknown),
                        None => {
                            unknown.push(inner);
                            Ok(())
                        }
                    }
                })
            }
            (Self::List { .. }, _) => expected("a list"),
            (Self::Map { .. } | Self::Named(_), _) => expected("an object"),
        }
    }

    /// Drops the fields that the type does not know.
    pub(crate) fn prune(&self, value: &mut Value) {
        match (self, value) {
            (Self::Map { element, .. }, Value::Object(map)) => {
                map.values_mut().for_each(|item| element.prune(item));
            }
            (Self::List { element, .. }, Value::Array(items)) => {
                items.iter_mut().for_each(|item| element.prune(item));
            }
            (Self::Named(_), Value::Object(map)) => {
                let Some(record) = self.record() else { return };
                map.retain(|key, _| record.fields.contains_key(key));
                for (key, item) in map {
                    if let Some(field) = record.fields.get(key) {
                        field.kind.prune(item);
                    }
                }
            }
            _ => {}
        }
    }

    /// Names of all types that this one is made of, itself included.
    pub(crate) fn closure(&self, found: &mut Vec<String>) {
        match self {
            Self::Map { element, .. } | Self::List { element, .. } => element.closure(found),
            Self::Named(name) if !found.contains(name) => {
                found.push(name.clone());
                let fields = self.record().into_iter().flat_map(|record| record.fields.values());
                fields.for_each(|field| field.kind.closure(found));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn unknown_fields_and_wrong_values_are_found() {
        let config_map = Type::Named("ConfigMap".to_owned());
        let mut unknown = Vec::new();
        let object = json!({"metadata": {"labels": {"a": "b"}, "nmae": "x"}, "dota": {}});
        assert_eq!(config_map.complaints(&object, "", &mut unknown), Ok(()));
        assert_eq!(unknown, ["dota", "metadata.nmae"]);
        let wrong = config_map.complaints(&json!({"data": {"a": 1}}), "", &mut unknown).unwrap_err();
        assert_eq!(wrong, "data.a: a string is expected, not 1");
    }
}
