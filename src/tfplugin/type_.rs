//! Types of Terraform values, and their JSON spelling.
//!
//! The name ends in an underscore because `type` is a keyword.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value as Json;

/// How deep a type may nest. Deeper ones are refused, so that no input can exhaust the stack.
pub const MAX_DEPTH: usize = 64;

/// The type of a value, as Terraform's type system has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// `bool`
    Bool,
    /// `number`: any size, any precision.
    Number,
    /// `string`
    String,
    /// Any type at all: the value brings its own type along.
    Dynamic,
    /// `list(t)`
    List(Box<Type>),
    /// `set(t)`: no order, no duplicates.
    Set(Box<Type>),
    /// `map(t)`, with string keys.
    Map(Box<Type>),
    /// `object({..})`: exactly these attributes.
    Object(BTreeMap<String, Type>),
    /// `tuple([..])`: exactly these elements.
    Tuple(Vec<Type>),
}

/// Why a type's JSON could not be read. Cause: the other side sent something that is not a type; nothing the user
/// can mend but by reporting it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TypeError {
    /// The bytes are not JSON.
    #[error("the type is not valid JSON: {0}")]
    NotJson(String),
    /// The JSON is none of the known spellings.
    #[error("{0} is not the JSON spelling of a type")]
    Unknown(String),
    /// The type nests deeper than [`MAX_DEPTH`].
    #[error("the type nests deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

impl Type {
    /// `list(element)`
    pub fn list(element: Type) -> Type {
        Type::List(Box::new(element))
    }

    /// `set(element)`
    pub fn set(element: Type) -> Type {
        Type::Set(Box::new(element))
    }

    /// `map(element)`
    pub fn map(element: Type) -> Type {
        Type::Map(Box::new(element))
    }

    /// An object type of these attributes.
    pub fn object<N: Into<String>>(attributes: impl IntoIterator<Item = (N, Type)>) -> Type {
        Type::Object(attributes.into_iter().map(|(name, ty)| (name.into(), ty)).collect())
    }

    /// The JSON spelling that the protocol and state files use, for example `["list","string"]`.
    pub fn to_json(&self) -> Json {
        let compound = |kind: &str, inner: Json| Json::Array(vec![Json::from(kind), inner]);
        match self {
            Type::Bool => Json::from("bool"),
            Type::Number => Json::from("number"),
            Type::String => Json::from("string"),
            Type::Dynamic => Json::from("dynamic"),
            Type::List(element) => compound("list", element.to_json()),
            Type::Set(element) => compound("set", element.to_json()),
            Type::Map(element) => compound("map", element.to_json()),
            Type::Object(attributes) => compound(
                "object",
                attributes.iter().map(|(name, ty)| (name.clone(), ty.to_json())).collect::<Json>(),
            ),
            Type::Tuple(elements) => compound("tuple", elements.iter().map(Type::to_json).collect()),
        }
    }

    /// [`Type::to_json`] as bytes.
    pub fn to_json_bytes(&self) -> Vec<u8> {
        self.to_json().to_string().into_bytes()
    }

    /// Reads the JSON spelling.
    ///
    /// # Errors
    /// [`TypeError`] when the JSON is not a type. Optional attributes of an object type, which only type
    /// constraints have, are read as ordinary ones.
    pub fn from_json(json: &Json) -> Result<Type, TypeError> {
        Self::read(json, 0)
    }

    /// [`Type::from_json`] from bytes.
    ///
    /// # Errors
    /// As [`Type::from_json`].
    pub fn from_json_bytes(bytes: &[u8]) -> Result<Type, TypeError> {
        let json = serde_json::from_slice(bytes).map_err(|error| TypeError::NotJson(error.to_string()))?;
        Self::from_json(&json)
    }

    fn read(json: &Json, depth: usize) -> Result<Type, TypeError> {
        if depth > MAX_DEPTH {
            return Err(TypeError::TooDeep);
        }
        let unknown = || TypeError::Unknown(json.to_string());
        if let Some(name) = json.as_str() {
            return match name {
                "bool" => Ok(Type::Bool),
                "number" => Ok(Type::Number),
                "string" => Ok(Type::String),
                "dynamic" => Ok(Type::Dynamic),
                _ => Err(unknown()),
            };
        }
        let (kind, inner) = match json.as_array().map(Vec::as_slice) {
            Some([kind, inner]) => (kind.as_str().ok_or_else(unknown)?, inner),
            Some([kind, inner, Json::Array(_)]) if kind == "object" => ("object", inner),
            _ => return Err(unknown()),
        };
        match kind {
            "list" => Ok(Type::list(Self::read(inner, depth + 1)?)),
            "set" => Ok(Type::set(Self::read(inner, depth + 1)?)),
            "map" => Ok(Type::map(Self::read(inner, depth + 1)?)),
            "object" => inner
                .as_object()
                .ok_or_else(unknown)?
                .iter()
                .map(|(name, ty)| Ok((name.clone(), Self::read(ty, depth + 1)?)))
                .collect::<Result<_, _>>()
                .map(Type::Object),
            "tuple" => inner
                .as_array()
                .ok_or_else(unknown)?
                .iter()
                .map(|ty| Self::read(ty, depth + 1))
                .collect::<Result<_, _>>()
                .map(Type::Tuple),
            _ => Err(unknown()),
        }
    }
}

/// The spelling of HCL, as `terraform` itself prints types.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Bool => f.write_str("bool"),
            Type::Number => f.write_str("number"),
            Type::String => f.write_str("string"),
            Type::Dynamic => f.write_str("any"),
            Type::List(element) => write!(f, "list({element})"),
            Type::Set(element) => write!(f, "set({element})"),
            Type::Map(element) => write!(f, "map({element})"),
            Type::Object(attributes) => {
                f.write_str("object({")?;
                for (index, (name, ty)) in attributes.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{name} = {ty}")?;
                }
                f.write_str("})")
            }
            Type::Tuple(elements) => {
                f.write_str("tuple([")?;
                for (index, ty) in elements.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{ty}")?;
                }
                f.write_str("])")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_spelling_round_trips() {
        let ty = Type::object([
            ("name", Type::String),
            ("sizes", Type::list(Type::Number)),
            ("labels", Type::map(Type::String)),
            ("zones", Type::set(Type::String)),
            ("pair", Type::Tuple(vec![Type::Bool, Type::Dynamic])),
        ]);
        let json = ty.to_json();
        assert_eq!(json[1]["sizes"], serde_json::json!(["list", "number"]));
        assert_eq!(Type::from_json(&json), Ok(ty.clone()));
        assert_eq!(Type::from_json_bytes(&ty.to_json_bytes()), Ok(ty));
    }

    #[test]
    fn optional_names_of_a_constraint_are_read_past() {
        let json = serde_json::json!(["object", {"a": "string"}, ["a"]]);
        assert_eq!(Type::from_json(&json), Ok(Type::object([("a", Type::String)])));
    }

    #[test]
    fn what_is_not_a_type_is_refused() {
        for json in
            ["\"strin\"", "[]", "[\"list\"]", "[\"list\",3]", "[\"tuple\",{}]", "[\"list\",\"bool\",[]]", "7"]
        {
            assert!(matches!(Type::from_json_bytes(json.as_bytes()), Err(TypeError::Unknown(_))), "{json}");
        }
        assert!(matches!(Type::from_json_bytes(b"\xff"), Err(TypeError::NotJson(_))));
    }

    #[test]
    fn depth_is_limited() {
        let mut json = Json::from("string");
        for _ in 0..=MAX_DEPTH {
            json = serde_json::json!(["list", json]);
        }
        assert_eq!(Type::from_json(&json), Err(TypeError::TooDeep));
    }

    #[test]
    fn display_is_hcl() {
        let ty = Type::object([
            ("a", Type::list(Type::String)),
            ("b", Type::Tuple(vec![Type::Bool, Type::Dynamic])),
        ]);
        assert_eq!(ty.to_string(), "object({a = list(string), b = tuple([bool, any])})");
    }
}
