//! What is known of unknown values, as the body of an extension: a map with small integers as keys.

use rmpv::Value as Wire;

use super::super::{CodecError, Place};
use super::decode::{kind, number};
use super::encode::number_to_wire;
use super::syntax;
use crate::tfplugin::type_::Type;
use crate::tfplugin::value::{NumberBound, Refinements, Value};

/// Longer bodies are refused by Terraform. Source: go-cty, `cty/msgpack`.
const MAX_BODY: usize = 1024;

/// When the body would else be too long, a prefix is cut to this many bytes, and bounds with more digits are left
/// out: less is promised then, but nothing wrong.
const MAX_PART: usize = 256;

/// The keys of the map. Others are passed over: a newer Terraform may know more.
mod key {
    pub(super) const NULLNESS: u64 = 1;
    pub(super) const STRING_PREFIX: u64 = 2;
    pub(super) const NUMBER_MIN: u64 = 3;
    pub(super) const NUMBER_MAX: u64 = 4;
    pub(super) const LENGTH_MIN: u64 = 5;
    pub(super) const LENGTH_MAX: u64 = 6;
}

/// Reads the body of the extension: an unknown value, or null when that is what is known of it.
pub(super) fn decode(mut body: &[u8], ty: &Type, place: &Place) -> Result<Value, CodecError> {
    if body.len() > MAX_BODY {
        return Err(place.mismatch(format!("says more than {MAX_BODY} bytes about an unknown value")));
    }
    // Bounds are one level inside the map; rmpv counts two for each, and two for a text.
    let wire =
        rmpv::decode::read_value_with_max_depth(&mut body, 16).map_err(|error| syntax(error.to_string()))?;
    let Wire::Map(pairs) = wire else {
        return Err(place.mismatch(format!("says about an unknown value {}, not a map", kind(&wire))));
    };
    let mut known = Refinements::default();
    for (key, wire) in pairs {
        let Some(key) = key.as_u64() else { continue };
        match (key, ty) {
            (key::NULLNESS, _) => match wire {
                Wire::Boolean(true) => return Ok(Value::Null),
                Wire::Boolean(false) => known.not_null = true,
                _ => return Err(wrong("nullness", &wire, place)),
            },
            (key::STRING_PREFIX, Type::String) => match wire.as_str() {
                Some(prefix) => known.string_prefix = Some(prefix.to_owned()),
                None => return Err(wrong("prefix", &wire, place)),
            },
            (key::NUMBER_MIN, Type::Number) => known.number_min = Some(bound(wire, place)?),
            (key::NUMBER_MAX, Type::Number) => known.number_max = Some(bound(wire, place)?),
            (key::LENGTH_MIN, Type::List(_) | Type::Set(_) | Type::Map(_)) => {
                known.length_min = Some(length(&wire, place)?);
            }
            (key::LENGTH_MAX, Type::List(_) | Type::Set(_) | Type::Map(_)) => {
                known.length_max = Some(length(&wire, place)?);
            }
            (key::STRING_PREFIX..=key::LENGTH_MAX, _) => {
                return Err(place.mismatch(format!("says about an unknown {ty} what it cannot have")));
            }
            _ => {}
        }
    }
    Ok(known.into_unknown())
}

fn wrong(what: &str, wire: &Wire, place: &Place) -> CodecError {
    place.mismatch(format!("gives as {what} of an unknown value {}", kind(wire)))
}

fn bound(wire: Wire, place: &Place) -> Result<NumberBound, CodecError> {
    let Wire::Array(parts) = wire else { return Err(wrong("bound", &wire, place)) };
    match <[Wire; 2]>::try_from(parts) {
        Ok([value, Wire::Boolean(inclusive)]) => Ok(NumberBound { value: number(value, place)?, inclusive }),
        _ => Err(place.mismatch("gives a bound of an unknown value that is not a number and a bool")),
    }
}

fn length(wire: &Wire, place: &Place) -> Result<u64, CodecError> {
    wire.as_u64().ok_or_else(|| wrong("length", wire, place))
}

/// The body of the extension.
pub(super) fn encode(known: &Refinements) -> Result<Vec<u8>, CodecError> {
    let whole = body(known)?;
    if whole.len() <= MAX_BODY { Ok(whole) } else { body(&shortened(known.clone())) }
}

fn shortened(mut known: Refinements) -> Refinements {
    if let Some(prefix) = &mut known.string_prefix {
        prefix.truncate(prefix.floor_char_boundary(MAX_PART));
    }
    for bound in [&mut known.number_min, &mut known.number_max] {
        *bound = bound.take().filter(|bound| bound.value.to_string().len() <= MAX_PART);
    }
    known
}

fn body(known: &Refinements) -> Result<Vec<u8>, CodecError> {
    let mut pairs = Vec::new();
    let mut put = |key: u64, wire: Wire| pairs.push((Wire::from(key), wire));
    if known.not_null {
        put(key::NULLNESS, Wire::from(false));
    }
    if let Some(prefix) = &known.string_prefix {
        put(key::STRING_PREFIX, Wire::from(prefix.as_str()));
    }
    for (key, bound) in [(key::NUMBER_MIN, &known.number_min), (key::NUMBER_MAX, &known.number_max)] {
        if let Some(NumberBound { value, inclusive }) = bound {
            put(key, Wire::Array(vec![number_to_wire(value), Wire::from(*inclusive)]));
        }
    }
    for (key, length) in [(key::LENGTH_MIN, known.length_min), (key::LENGTH_MAX, known.length_max)] {
        if let Some(length) = length {
            put(key, Wire::from(length));
        }
    }
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, &Wire::Map(pairs)).map_err(|error| syntax(error.to_string()))?;
    Ok(bytes)
}
