//! Does a value have a type?

use super::Value;
use crate::tfplugin::path::AttributePath;
use crate::tfplugin::type_::Type;

/// A part of a value that does not have the type it should have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {what}", if path.is_root() { "the value".to_owned() } else { path.to_string() })]
pub struct Mismatch {
    /// The part.
    pub path: AttributePath,
    /// What is wrong with it.
    pub what: String,
}

impl Value {
    /// Whether the value has this type: objects hold exactly the type's attributes, everything may be null or
    /// unknown.
    ///
    /// # Errors
    /// The first part that does not, in depth-first order.
    pub fn conforms_to(&self, ty: &Type) -> Result<(), Mismatch> {
        conforms(self, ty, &AttributePath::ROOT)
    }

    /// What kind of value this is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Unknown(_) => "unknown",
            Value::Bool(_) => "a bool",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::List(_) => "a list",
            Value::Set(_) => "a set",
            Value::Map(_) => "a map",
            Value::Object(_) => "an object",
            Value::Tuple(_) => "a tuple",
            Value::Dynamic(_) => "a dynamic value",
        }
    }
}

fn conforms(value: &Value, ty: &Type, path: &AttributePath) -> Result<(), Mismatch> {
    let mismatch = |what: String| Mismatch { path: path.clone(), what };
    match (ty, value) {
        (_, Value::Null | Value::Unknown(_))
        | (Type::Bool, Value::Bool(_))
        | (Type::Number, Value::Number(_))
        | (Type::String, Value::String(_)) => Ok(()),
        (Type::Dynamic, Value::Dynamic(inner)) => conforms(&inner.1, &inner.0, path),
        (Type::List(element), Value::List(values)) => {
            values.iter().enumerate().try_for_each(|(i, v)| conforms(v, element, &path.clone().index(i)))
        }
        (Type::Set(element), Value::Set(values)) => {
            values.iter().try_for_each(|v| conforms(v, element, path))
        }
        (Type::Map(element), Value::Map(entries)) => {
            entries.iter().try_for_each(|(key, v)| conforms(v, element, &path.clone().key(key)))
        }
        (Type::Tuple(types), Value::Tuple(values)) => {
            if types.len() != values.len() {
                return Err(mismatch(format!(
                    "has {} elements where {} are needed",
                    values.len(),
                    types.len()
                )));
            }
            let pairs = types.iter().zip(values).enumerate();
            pairs.into_iter().try_for_each(|(i, (ty, v))| conforms(v, ty, &path.clone().index(i)))
        }
        (Type::Object(types), Value::Object(attributes)) => {
            if let Some(name) = attributes.keys().find(|name| !types.contains_key(*name)) {
                return Err(mismatch(format!("has an attribute {name:?} that the type does not have")));
            }
            types.iter().try_for_each(|(name, ty)| match attributes.get(name) {
                Some(v) => conforms(v, ty, &path.clone().attribute(name)),
                None => Err(mismatch(format!("lacks the attribute {name:?}"))),
            })
        }
        _ => Err(mismatch(format!("is {} where {ty} is needed", value.kind()))),
    }
}
