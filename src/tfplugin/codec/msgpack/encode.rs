//! From a value to bytes.

use rmpv::Value as Wire;

use super::super::{CodecError, Place};
use super::{REFINED, UNREFINED, refinement, syntax};
use crate::tfplugin::number::{Number, Wire as NumberWire};
use crate::tfplugin::type_::Type;
use crate::tfplugin::value::Value;

/// Writes a value of type `ty`.
///
/// # Errors
/// [`CodecError`] when the value does not have the type: a mistake in the provider.
pub fn encode(value: &Value, ty: &Type) -> Result<Vec<u8>, CodecError> {
    let wire = to_wire(value, ty, &Place::default())?;
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, &wire).map_err(|error| syntax(error.to_string()))?;
    Ok(bytes)
}

fn to_wire(value: &Value, ty: &Type, place: &Place) -> Result<Wire, CodecError> {
    match (ty, value) {
        (_, Value::Null) => Ok(Wire::Nil),
        (Type::Dynamic, Value::Unknown(_)) | (_, Value::Unknown(None)) => Ok(Wire::Ext(UNREFINED, vec![0])),
        (_, Value::Unknown(Some(known))) => Ok(Wire::Ext(REFINED, refinement::encode(known)?)),
        (Type::Bool, Value::Bool(value)) => Ok(Wire::from(*value)),
        (Type::String, Value::String(text)) => Ok(Wire::from(text.as_str())),
        (Type::Number, Value::Number(number)) => Ok(number_to_wire(number)),
        (Type::List(element), Value::List(values)) => {
            let each = values.iter().enumerate();
            each.map(|(i, v)| to_wire(v, element, &place.index(i)?))
                .collect::<Result<_, _>>()
                .map(Wire::Array)
        }
        (Type::Set(element), Value::Set(values)) => {
            let inside = place.inside()?;
            values.iter().map(|v| to_wire(v, element, &inside)).collect::<Result<_, _>>().map(Wire::Array)
        }
        (Type::Tuple(types), Value::Tuple(values)) if types.len() == values.len() => {
            let each = types.iter().zip(values).enumerate();
            each.map(|(i, (ty, v))| to_wire(v, ty, &place.index(i)?))
                .collect::<Result<_, _>>()
                .map(Wire::Array)
        }
        (Type::Map(element), Value::Map(entries)) => entries
            .iter()
            .map(|(key, v)| Ok((Wire::from(key.as_str()), to_wire(v, element, &place.key(key)?)?)))
            .collect::<Result<_, _>>()
            .map(Wire::Map),
        (Type::Object(types), Value::Object(attributes)) => {
            if let Some(name) = attributes.keys().find(|name| !types.contains_key(*name)) {
                return Err(place.mismatch(format!("has an attribute {name:?} that the type does not have")));
            }
            let each = types.iter().map(|(name, ty)| {
                let value = attributes
                    .get(name)
                    .ok_or_else(|| place.mismatch(format!("lacks the attribute {name:?}")))?;
                Ok((Wire::from(name.as_str()), to_wire(value, ty, &place.attribute(name)?)?))
            });
            each.collect::<Result<_, _>>().map(Wire::Map)
        }
        (Type::Dynamic, Value::Dynamic(inner)) => {
            let (ty, value) = inner.as_ref();
            let value = to_wire(value, ty, &place.inside()?)?;
            Ok(Wire::Array(vec![Wire::Binary(ty.to_json_bytes()), value]))
        }
        _ => Err(place.mismatch(format!("is {} where {ty} is needed", value.kind()))),
    }
}

pub(super) fn number_to_wire(number: &Number) -> Wire {
    match number.wire() {
        NumberWire::Int(value) => Wire::from(value),
        NumberWire::Float(value) => Wire::F64(value),
        NumberWire::Text(text) => Wire::from(text),
    }
}
