//! Objects in Kubernetes' binary form, which kubectl sends for what it makes itself. Answers are always JSON, which every
//! client takes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{Field, Record, Type};
use crate::sandbox::clock::rfc3339_seconds;

/// The content type of the binary form.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";

/// Stands before every object.
const MAGIC: &[u8] = b"k8s\0";

/// One field of a message: its number and what it holds.
#[derive(Debug, Clone, Copy)]
enum Part<'a> {
    Number(u32, u64),
    Bytes(u32, &'a [u8]),
}

/// An object from its binary form; the type is looked up by its kind.
pub(crate) fn decode(bytes: &[u8]) -> Result<Value, String> {
    let wrapped =
        bytes.strip_prefix(MAGIC).ok_or("provided data does not appear to be a protobuf message")?;
    let (mut version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for part in parts(wrapped)? {
        match part {
            Part::Bytes(1, meta) => {
                for part in parts(meta)? {
                    match part {
                        Part::Bytes(1, text) => version = text_of(text)?,
                        Part::Bytes(2, text) => kind = text_of(text)?,
                        _ => {}
                    }
                }
            }
            Part::Bytes(2, bytes) => raw = bytes,
            _ => {}
        }
    }
    let named = Type::Named(kind.clone());
    let record =
        named.record().ok_or_else(|| format!("no kind {kind:?} is registered for version {version:?}"))?;
    let mut object = message(record, &[], raw)?;
    object.insert("apiVersion".to_owned(), json!(version));
    object.insert("kind".to_owned(), json!(kind));
    Ok(Value::Object(object))
}

/// The fields of a message that are `prefix` deep in a record.
fn message(record: &Record, prefix: &[u32], bytes: &[u8]) -> Result<Map<String, Value>, String> {
    let mut object = Map::new();
    for part in parts(bytes)? {
        let (Part::Number(number, _) | Part::Bytes(number, _)) = part;
        let path = [prefix, &[number]].concat();
        if let Some((name, field)) = record.fields.iter().find(|(_, field)| field.path == path) {
            put(&mut object, name, field, part)?;
        } else if let Part::Bytes(_, inner) = part
            && record.fields.values().any(|field| field.path.starts_with(&path))
        {
            object.extend(message(record, &path, inner)?);
        }
    }
    Ok(object)
}

fn put(object: &mut Map<String, Value>, name: &str, field: &Field, part: Part<'_>) -> Result<(), String> {
    let slot = object.entry(name.to_owned());
    match &field.kind {
        Type::List { element, .. } => {
            if let Value::Array(items) = slot.or_insert_with(|| json!([])) {
                items.push(value(element, part)?);
            }
        }
        Type::Map { element, .. } => {
            let Part::Bytes(_, entry) = part else { return Err(format!("{name}: a map is expected")) };
            let (mut key, mut item) = (String::new(), empty(element));
            for part in parts(entry)? {
                match part {
                    Part::Bytes(1, text) => key = text_of(text)?,
                    part @ (Part::Bytes(2, _) | Part::Number(2, _)) => item = value(element, part)?,
                    _ => {}
                }
            }
            if let Value::Object(map) = slot.or_insert_with(|| json!({})) {
                map.insert(key, item);
            }
        }
        kind => {
            let found = value(kind, part)?;
            if field.zero || !is_zero(&found) {
                slot.or_insert(found);
            }
        }
    }
    Ok(())
}

/// The value of a map's entry that has none.
fn empty(kind: &Type) -> Value {
    match kind {
        Type::Number => json!(0),
        Type::Bool => json!(false),
        Type::Named(_) => json!({}),
        _ => json!(""),
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_i64() == Some(0),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

fn value(kind: &Type, part: Part<'_>) -> Result<Value, String> {
    Ok(match (kind, part) {
        // Numbers below zero are written as what they are in two's complement.
        (Type::Number, Part::Number(_, number)) => json!(number.cast_signed()),
        (Type::Bool, Part::Number(_, number)) => json!(number != 0),
        (Type::String, Part::Bytes(_, bytes)) => json!(text_of(bytes)?),
        (Type::Bytes, Part::Bytes(_, bytes)) => json!(STANDARD.encode(bytes)),
        (Type::Quantity, Part::Bytes(_, bytes)) => inner_text(bytes)?,
        (Type::Time, Part::Bytes(_, bytes)) => {
            let seconds = inner_number(bytes, 1)?;
            if seconds == 0 { Value::Null } else { json!(rfc3339_seconds(seconds.saturating_mul(1000))) }
        }
        (Type::IntOrString, Part::Bytes(_, bytes)) => {
            // 0 is a number in field 2, 1 a text in field 3.
            if inner_number(bytes, 1)? == 0 {
                json!(inner_number(bytes, 2)?.cast_signed())
            } else {
                let found = parts(bytes)?.into_iter().find_map(|part| match part {
                    Part::Bytes(3, text) => Some(text_of(text)),
                    _ => None,
                });
                json!(found.transpose()?.unwrap_or_default())
            }
        }
        (Type::Raw, Part::Bytes(_, bytes)) => {
            let found = inner_text(bytes)?;
            serde_json::from_str(found.as_str().unwrap_or_default()).unwrap_or(found)
        }
        (Type::Named(_), Part::Bytes(_, bytes)) => match kind.record() {
            Some(record) => Value::Object(message(record, &[], bytes)?),
            None => Value::Null,
        },
        // Not looked into.
        (Type::Any, _) => Value::Null,
        (kind, part) => return Err(format!("proto: wrong wire type for {kind:?}: {part:?}")),
    })
}

/// The text in field 1 of a message.
fn inner_text(bytes: &[u8]) -> Result<Value, String> {
    let found = parts(bytes)?.into_iter().find_map(|part| match part {
        Part::Bytes(1, text) => Some(text_of(text)),
        _ => None,
    });
    Ok(json!(found.transpose()?.unwrap_or_default()))
}

fn inner_number(bytes: &[u8], wanted: u32) -> Result<u64, String> {
    let found = parts(bytes)?.into_iter().find_map(|part| match part {
        Part::Number(number, value) if number == wanted => Some(value),
        _ => None,
    });
    Ok(found.unwrap_or(0))
}

fn text_of(bytes: &[u8]) -> Result<String, String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| "proto: invalid UTF-8".to_owned())
}

/// The fields of a message, in their order.
fn parts(mut bytes: &[u8]) -> Result<Vec<Part<'_>>, String> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let number = u32::try_from(tag >> 3).map_err(|_| "proto: illegal tag".to_owned())?;
        match tag & 7 {
            0 => found.push(Part::Number(number, varint(&mut bytes)?)),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).unwrap_or(usize::MAX);
                let (head, rest) = bytes.split_at_checked(length).ok_or("proto: unexpected EOF")?;
                found.push(Part::Bytes(number, head));
                bytes = rest;
            }
            other => return Err(format!("proto: wire type {other} is not used by Kubernetes")),
        }
    }
    Ok(found)
}

fn varint(bytes: &mut &[u8]) -> Result<u64, String> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first().ok_or("proto: unexpected EOF")?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("proto: integer overflow".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubectl_sends_for_a_config_map() {
        // Recorded from `kubectl create configmap c --from-literal=a=1` (1.32).
        let sent =
            b"k8s\0\n\x0f\n\x02v1\x12\tConfigMap\x12\x1f\n\x15\n\x01c\x12\0\x1a\x04plug\"\0*\x002\x008\0B\0\
            \x12\x06\n\x01a\x12\x011\x1a\0\"\0";
        let expected = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "plug"},
            "data": {"a": "1"}});
        assert_eq!(decode(sent), Ok(expected));
    }

    #[test]
    fn broken_messages_are_refused() {
        for broken in [&b"x"[..], b"k8s\0\n\x7f", b"k8s\0\x0b", b"k8s\0\n\x06\n\x01v\x12\x01X"] {
            assert!(decode(broken).is_err(), "{broken:?}");
        }
    }
}
