//! JSON, in which state files keep values.
//!
//! The coding (source: go-cty, package `cty/json`): as one would expect, with exact numbers; an attribute that is
//! missing from an object is null; a value in a place of type `dynamic` is `{"type": .., "value": ..}`. There are no
//! unknown values in JSON.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{CodecError, Place};
use crate::tfplugin::number::Number;
use crate::tfplugin::type_::Type;
use crate::tfplugin::value::Value;

const FORMAT: &str = "JSON";

/// The pieces of text of an object or array, read one level at a time: a number then never passes through a float.
type Object<'a> = BTreeMap<String, &'a RawValue>;

/// Reads a value of type `ty`. A bool or number may also be given as text, and a text as bool or number, as
/// Terraform itself allows it in old state.
///
/// # Errors
/// [`CodecError`] for bytes that are no such value; the error has the path of the part that is wrong.
pub fn decode(bytes: &[u8], ty: &Type) -> Result<Value, CodecError> {
    let raw: &RawValue = serde_json::from_slice(bytes).map_err(|error| syntax(&error))?;
    value(raw, ty, &Place::default())
}

/// Reads stored state of type `ty`. As [`decode`], but attributes that the type does not have are passed over: state
/// may have been stored before an attribute was taken out of the schema.
///
/// # Errors
/// As [`decode`].
pub fn decode_stored(bytes: &[u8], ty: &Type) -> Result<Value, CodecError> {
    let raw: &RawValue = serde_json::from_slice(bytes).map_err(|error| syntax(&error))?;
    value(raw, ty, &Place { surplus_allowed: true, ..Place::default() })
}

/// Writes a value of type `ty`.
///
/// # Errors
/// [`CodecError`] when the value does not have the type or is not wholly known: a mistake in the provider.
pub fn encode(value: &Value, ty: &Type) -> Result<Vec<u8>, CodecError> {
    let mut text = String::new();
    write(value, ty, &Place::default(), &mut text)?;
    Ok(text.into_bytes())
}

fn syntax(error: &serde_json::Error) -> CodecError {
    CodecError::Syntax { format: FORMAT, what: error.to_string() }
}

fn value(raw: &RawValue, ty: &Type, place: &Place) -> Result<Value, CodecError> {
    let text = raw.get().trim_ascii();
    if text == "null" {
        return Ok(Value::Null);
    }
    match ty {
        Type::Bool => match unquoted(text, place)?.as_str() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(wrong(text, ty, place)),
        },
        Type::Number => match unquoted(text, place)?.parse::<Number>() {
            Ok(number) => Ok(Value::Number(number)),
            Err(_) => Err(wrong(text, ty, place)),
        },
        Type::String if text.starts_with(['[', '{']) => Err(wrong(text, ty, place)),
        Type::String => unquoted(text, place).map(Value::String),
        Type::List(element) => {
            let each = read::<Vec<&RawValue>>(text, ty, place)?.into_iter().enumerate();
            each.map(|(i, raw)| value(raw, element, &place.index(i)?))
                .collect::<Result<_, _>>()
                .map(Value::List)
        }
        Type::Set(element) => {
            let inside = place.inside()?;
            let each = read::<Vec<&RawValue>>(text, ty, place)?.into_iter();
            each.map(|raw| value(raw, element, &inside)).collect::<Result<_, _>>().map(Value::Set)
        }
        Type::Tuple(types) => {
            let raws = read::<Vec<&RawValue>>(text, ty, place)?;
            if raws.len() != types.len() {
                let (has, needs) = (raws.len(), types.len());
                return Err(place.mismatch(format!("has {has} elements where {needs} are needed")));
            }
            let each = types.iter().zip(raws).enumerate();
            each.map(|(i, (ty, raw))| value(raw, ty, &place.index(i)?))
                .collect::<Result<_, _>>()
                .map(Value::Tuple)
        }
        Type::Map(element) => {
            let each = read::<Object<'_>>(text, ty, place)?.into_iter();
            each.map(|(key, raw)| value(raw, element, &place.key(&key)?).map(|inner| (key, inner)))
                .collect::<Result<_, _>>()
                .map(Value::Map)
        }
        Type::Object(types) => object(types, &read(text, ty, place)?, place),
        Type::Dynamic => dynamic(read(text, ty, place)?, place),
    }
}

fn object(types: &BTreeMap<String, Type>, raws: &Object<'_>, place: &Place) -> Result<Value, CodecError> {
    let surplus = raws.keys().find(|name| !types.contains_key(*name));
    if let Some(name) = surplus.filter(|_| !place.surplus_allowed) {
        return Err(place.mismatch(format!("has an attribute {name:?} that the type does not have")));
    }
    let each = types.iter().map(|(name, ty)| {
        let inner = match raws.get(name) {
            Some(raw) => value(raw, ty, &place.attribute(name)?)?,
            None => Value::Null,
        };
        Ok((name.clone(), inner))
    });
    each.collect::<Result<_, _>>().map(Value::Object)
}

fn dynamic(mut raws: Object<'_>, place: &Place) -> Result<Value, CodecError> {
    let (Some(ty), Some(raw), true) = (raws.remove("type"), raws.remove("value"), raws.is_empty()) else {
        return Err(place.mismatch("is a dynamic value that does not consist of a type and a value"));
    };
    let ty = Type::from_json_bytes(ty.get().as_bytes()).map_err(|error| place.mismatch(error.to_string()))?;
    let inner = value(raw, &ty, &place.inside()?)?;
    Ok(Value::dynamic(ty, inner))
}

/// The contents of a JSON string; other text as it is.
fn unquoted(text: &str, place: &Place) -> Result<String, CodecError> {
    if text.starts_with('"') {
        serde_json::from_str(text).map_err(|error| place.mismatch(error.to_string()))
    } else {
        Ok(text.to_owned())
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str, ty: &Type, place: &Place) -> Result<T, CodecError> {
    serde_json::from_str(text).map_err(|_| wrong(text, ty, place))
}

fn wrong(text: &str, ty: &Type, place: &Place) -> CodecError {
    let kind = match text.as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'[') => "an array",
        Some(b'{') => "an object",
        Some(b't' | b'f') => "a bool",
        _ => "a number",
    };
    place.mismatch(format!("is {kind} where {ty} is needed"))
}

fn write(value: &Value, ty: &Type, place: &Place, out: &mut String) -> Result<(), CodecError> {
    match (ty, value) {
        (_, Value::Null) => out.push_str("null"),
        (_, Value::Unknown(_)) => return Err(place.mismatch("is unknown, which JSON cannot say")),
        (Type::Bool, Value::Bool(value)) => out.push_str(if *value { "true" } else { "false" }),
        (Type::Number, Value::Number(number)) => out.push_str(&number.to_string()),
        (Type::String, Value::String(text)) => write_text(text, out),
        (Type::List(element), Value::List(values)) => {
            let each = values.iter().enumerate();
            joined(each, '[', ']', out, |(i, v), out| write(v, element, &place.index(i)?, out))?;
        }
        (Type::Set(element), Value::Set(values)) => {
            let inside = place.inside()?;
            joined(values.iter(), '[', ']', out, |v, out| write(v, element, &inside, out))?;
        }
        (Type::Tuple(types), Value::Tuple(values)) if types.len() == values.len() => {
            let each = types.iter().zip(values).enumerate();
            joined(each, '[', ']', out, |(i, (ty, v)), out| write(v, ty, &place.index(i)?, out))?;
        }
        (Type::Map(element), Value::Map(entries)) => {
            joined(entries.iter(), '{', '}', out, |(key, v), out| {
                write_text(key, out);
                out.push(':');
                write(v, element, &place.key(key)?, out)
            })?;
        }
        (Type::Object(types), Value::Object(attributes)) => {
            if let Some(name) = attributes.keys().find(|name| !types.contains_key(*name)) {
                return Err(place.mismatch(format!("has an attribute {name:?} that the type does not have")));
            }
            joined(types.iter(), '{', '}', out, |(name, ty), out| {
                let Some(inner) = attributes.get(name) else {
                    return Err(place.mismatch(format!("lacks the attribute {name:?}")));
                };
                write_text(name, out);
                out.push(':');
                write(inner, ty, &place.attribute(name)?, out)
            })?;
        }
        (Type::Dynamic, Value::Dynamic(inner)) => {
            let (ty, value) = inner.as_ref();
            out.push_str("{\"type\":");
            out.push_str(&ty.to_json().to_string());
            out.push_str(",\"value\":");
            write(value, ty, &place.inside()?, out)?;
            out.push('}');
        }
        _ => return Err(place.mismatch(format!("is {} where {ty} is needed", value.kind()))),
    }
    Ok(())
}

fn write_text(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

fn joined<T>(
    items: impl Iterator<Item = T>,
    open: char,
    close: char,
    out: &mut String,
    mut each: impl FnMut(T, &mut String) -> Result<(), CodecError>,
) -> Result<(), CodecError> {
    out.push(open);
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        each(item, out)?;
    }
    out.push(close);
    Ok(())
}
