//! From bytes to a value.

use std::collections::BTreeMap;

use rmpv::Value as Wire;

use super::super::{CodecError, MAX_DEPTH, Place};
use super::{REFINED, refinement, syntax};
use crate::tfplugin::number::Number;
use crate::tfplugin::type_::Type;
use crate::tfplugin::value::Value;

/// `rmpv` counts two levels for each collection, and a dynamic value adds a collection of its own.
const WIRE_DEPTH: usize = 4 * MAX_DEPTH + 8;

/// Reads a value of type `ty`.
///
/// # Errors
/// [`CodecError`] for bytes that are no such value; the error has the path of the part that is wrong.
pub fn decode(mut bytes: &[u8], ty: &Type) -> Result<Value, CodecError> {
    let wire = rmpv::decode::read_value_with_max_depth(&mut bytes, WIRE_DEPTH)
        .map_err(|error| syntax(error.to_string()))?;
    if !bytes.is_empty() {
        return Err(syntax(format!("{} bytes follow the value", bytes.len())));
    }
    value(wire, ty, &Place::default())
}

fn value(wire: Wire, ty: &Type, place: &Place) -> Result<Value, CodecError> {
    let wire = match wire {
        Wire::Nil => return Ok(Value::Null),
        Wire::Ext(kind, body) => return unknown(kind, &body, ty, place),
        known => known,
    };
    match (ty, wire) {
        (Type::Bool, Wire::Boolean(value)) => Ok(Value::Bool(value)),
        (Type::String, Wire::String(text)) => self::text(text, place).map(Value::String),
        (Type::Number, wire) => number(wire, place).map(Value::Number),
        (Type::List(element), Wire::Array(wires)) => {
            let each = wires.into_iter().enumerate();
            each.map(|(i, wire)| value(wire, element, &place.index(i)?))
                .collect::<Result<_, _>>()
                .map(Value::List)
        }
        (Type::Set(element), Wire::Array(wires)) => {
            let inside = place.inside()?;
            wires
                .into_iter()
                .map(|wire| value(wire, element, &inside))
                .collect::<Result<_, _>>()
                .map(Value::Set)
        }
        (Type::Tuple(types), Wire::Array(wires)) => {
            if types.len() != wires.len() {
                let (has, needs) = (wires.len(), types.len());
                return Err(place.mismatch(format!("has {has} elements where {needs} are needed")));
            }
            let each = types.iter().zip(wires).enumerate();
            each.map(|(i, (ty, wire))| value(wire, ty, &place.index(i)?))
                .collect::<Result<_, _>>()
                .map(Value::Tuple)
        }
        (Type::Map(element), Wire::Map(pairs)) => {
            let mut entries = BTreeMap::new();
            for (key, wire) in keyed(pairs, place)? {
                let inner = value(wire, element, &place.key(&key)?)?;
                entries.insert(key, inner);
            }
            Ok(Value::Map(entries))
        }
        (Type::Object(types), Wire::Map(pairs)) => object(types, keyed(pairs, place)?, place),
        (Type::Dynamic, Wire::Array(wires)) => dynamic(wires, place),
        (_, wire) => Err(place.mismatch(format!("is {} where {ty} is needed", kind(&wire)))),
    }
}

fn object(
    types: &BTreeMap<String, Type>,
    mut wires: BTreeMap<String, Wire>,
    place: &Place,
) -> Result<Value, CodecError> {
    let mut attributes = BTreeMap::new();
    for (name, ty) in types {
        let wire =
            wires.remove(name).ok_or_else(|| place.mismatch(format!("lacks the attribute {name:?}")))?;
        attributes.insert(name.clone(), value(wire, ty, &place.attribute(name)?)?);
    }
    match wires.keys().next() {
        Some(name) => Err(place.mismatch(format!("has an attribute {name:?} that the type does not have"))),
        None => Ok(Value::Object(attributes)),
    }
}

fn keyed(pairs: Vec<(Wire, Wire)>, place: &Place) -> Result<BTreeMap<String, Wire>, CodecError> {
    let mut entries = BTreeMap::new();
    for (key, wire) in pairs {
        let Wire::String(key) = key else {
            return Err(place.mismatch(format!("has a key that is {} where a string is needed", kind(&key))));
        };
        let key = text(key, place)?;
        if entries.contains_key(&key) {
            return Err(place.mismatch(format!("has the key {key:?} twice")));
        }
        entries.insert(key, wire);
    }
    Ok(entries)
}

fn dynamic(wires: Vec<Wire>, place: &Place) -> Result<Value, CodecError> {
    let Ok([ty, wire]) = <[Wire; 2]>::try_from(wires) else {
        return Err(place.mismatch("is a dynamic value that does not consist of a type and a value"));
    };
    let json = match &ty {
        Wire::Binary(bytes) => bytes.as_slice(),
        Wire::String(text) => text.as_bytes(),
        _ => return Err(place.mismatch(format!("has a type that is {}", kind(&ty)))),
    };
    let ty = Type::from_json_bytes(json).map_err(|error| place.mismatch(error.to_string()))?;
    let inner = value(wire, &ty, &place.inside()?)?;
    Ok(Value::dynamic(ty, inner))
}

fn unknown(kind: i8, body: &[u8], ty: &Type, place: &Place) -> Result<Value, CodecError> {
    match (kind, ty) {
        // Older senders mark an unknown value with any extension type and at most one byte.
        (_, _) if body.len() <= 1 => Ok(Value::UNKNOWN),
        (REFINED, Type::Dynamic) => Ok(Value::UNKNOWN),
        (REFINED, _) => refinement::decode(body, ty, place),
        _ => Err(place.mismatch(format!("is an extension of type {kind}, which has no meaning here"))),
    }
}

fn text(text: rmpv::Utf8String, place: &Place) -> Result<String, CodecError> {
    text.into_str().ok_or_else(|| place.mismatch("is text that is not valid UTF-8"))
}

/// Any of the forms in which a number may travel.
pub(super) fn number(wire: Wire, place: &Place) -> Result<Number, CodecError> {
    match wire {
        Wire::Integer(integer) => integer
            .as_i64()
            .map(Number::from)
            .or_else(|| integer.as_u64().map(Number::from))
            .ok_or_else(|| place.mismatch("is an integer out of range")),
        Wire::F32(float) => {
            Number::from_f64(f64::from(float)).map_err(|error| place.mismatch(error.to_string()))
        }
        Wire::F64(float) => Number::from_f64(float).map_err(|error| place.mismatch(error.to_string())),
        Wire::String(digits) => {
            text(digits, place)?.parse::<Number>().map_err(|error| place.mismatch(error.to_string()))
        }
        other => Err(place.mismatch(format!("is {} where number is needed", kind(&other)))),
    }
}

/// What kind of thing was sent, for messages.
pub(super) fn kind(wire: &Wire) -> &'static str {
    match wire {
        Wire::Nil => "nil",
        Wire::Boolean(_) => "a bool",
        Wire::Integer(_) | Wire::F32(_) | Wire::F64(_) => "a number",
        Wire::String(_) => "a string",
        Wire::Binary(_) => "binary data",
        Wire::Array(_) => "an array",
        Wire::Map(_) => "a map",
        Wire::Ext(..) => "an extension",
    }
}
