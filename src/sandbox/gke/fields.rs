//! Which fields the GKE API knows, and JSON checked and brought into one form by them.
//!
//! Requests are read as Google's JSON front end reads them: an unknown name, a value of another type or an unknown
//! enum value is refused with the path of the field. The table is `fields.txt`, made from Google's discovery document.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Number, Value};

static TABLE: LazyLock<BTreeMap<&'static str, Message>> = LazyLock::new(|| parse(include_str!("fields.txt")));

type Message = BTreeMap<&'static str, Field>;

#[derive(Debug)]
struct Field {
    kind: Kind,
    /// Written by the service alone; what a client sends there is ignored, as the service does.
    output_only: bool,
}

#[derive(Debug)]
enum Kind {
    Text,
    Bool,
    Int32,
    Int64,
    Number,
    Enum(Vec<&'static str>),
    List(Box<Kind>),
    Map(Box<Kind>),
    Message(&'static str),
    Any,
}

/// A request that Google's JSON front end would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{description}")]
pub(crate) struct Violation {
    /// The field's path in Google's spelling, such as `node_pool.config`.
    pub(crate) field: String,
    /// The sentence for people.
    pub(crate) description: String,
}

fn parse(table: &'static str) -> BTreeMap<&'static str, Message> {
    let mut messages: BTreeMap<&'static str, Message> = BTreeMap::new();
    let mut current = "";
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let Some(field) = line.strip_prefix("  ") else {
            current = line;
            messages.entry(current).or_default();
            continue;
        };
        let (name, spelling) = field.split_once(' ').unwrap_or((field, "any"));
        let (spelling, output_only) = match spelling.strip_suffix(" out") {
            Some(spelling) => (spelling, true),
            None => (spelling, false),
        };
        messages.entry(current).or_default().insert(name, Field { kind: kind(spelling), output_only });
    }
    messages
}

fn kind(spelling: &'static str) -> Kind {
    if let Some(inner) = spelling.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return Kind::List(Box::new(kind(inner)));
    }
    if let Some(inner) = spelling.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        return Kind::Map(Box::new(kind(inner)));
    }
    if let Some(values) = spelling.strip_prefix("enum ") {
        return Kind::Enum(values.split('|').collect());
    }
    match spelling {
        "string" | "datetime" | "duration" => Kind::Text,
        "bool" => Kind::Bool,
        "int32" => Kind::Int32,
        "int64" => Kind::Int64,
        "number" => Kind::Number,
        "any" => Kind::Any,
        message => Kind::Message(message),
    }
}

/// A request body as the service understands it: output-only fields and nulls dropped, numbers and enums in one
/// spelling (int64 as text, enums by name).
pub(crate) fn read(message: &'static str, body: &Value) -> Result<Map<String, Value>, Violation> {
    let Value::Object(object) = body else {
        return Err(Violation {
            field: String::new(),
            description: "Invalid JSON payload received. The root of the document is not an object."
                .to_owned(),
        });
    };
    read_message(message, object, "")
}

fn read_message(
    message: &'static str,
    object: &Map<String, Value>,
    path: &str,
) -> Result<Map<String, Value>, Violation> {
    let mut read = Map::new();
    let fields = TABLE.get(message);
    for (name, value) in object {
        let Some(field) = fields.and_then(|fields| fields.get(name.as_str())) else {
            let place = if path.is_empty() { String::new() } else { format!(" at '{path}'") };
            return Err(Violation {
                field: path.to_owned(),
                description: format!(
                    "Invalid JSON payload received. Unknown name \"{name}\"{place}: Cannot find field."
                ),
            });
        };
        if value.is_null() {
            continue;
        }
        let inner = if path.is_empty() { snake(name) } else { format!("{path}.{}", snake(name)) };
        let value = read_value(&field.kind, value, &inner)?;
        if !field.output_only {
            read.insert(name.clone(), value);
        }
    }
    Ok(read)
}

fn read_value(kind: &Kind, value: &Value, path: &str) -> Result<Value, Violation> {
    let read = match (kind, value) {
        (Kind::Text, Value::String(_))
        | (Kind::Bool, Value::Bool(_))
        | (Kind::Number, Value::Number(_))
        | (Kind::Any, _) => Some(value.clone()),
        (Kind::Int32, _) => integer(value).and_then(|n| i32::try_from(n).ok()).map(Value::from),
        (Kind::Int64, _) => integer(value).map(|n| Value::String(n.to_string())),
        (Kind::Number, Value::String(text)) => {
            text.parse().ok().and_then(Number::from_f64).map(Value::Number)
        }
        (Kind::Enum(names), Value::String(text)) => {
            names.contains(&text.as_str()).then(|| Value::String(text.clone()))
        }
        // The discovery document lists enum values in the order of their numbers; a gap would shift them (unverified).
        (Kind::Enum(names), Value::Number(number)) => number
            .as_u64()
            .and_then(|index| names.get(usize::try_from(index).ok()?))
            .map(|name| Value::String((*name).to_owned())),
        (Kind::List(inner), Value::Array(items)) => {
            let items = items.iter().enumerate();
            let read: Result<Vec<_>, _> =
                items.map(|(index, item)| read_value(inner, item, &format!("{path}[{index}]"))).collect();
            Some(Value::Array(read?))
        }
        (Kind::Map(inner), Value::Object(entries)) => {
            let mut read = Map::new();
            for (key, item) in entries {
                read.insert(key.clone(), read_value(inner, item, &format!("{path}[{key}]"))?);
            }
            Some(Value::Object(read))
        }
        (Kind::Message(message), Value::Object(object)) => {
            Some(Value::Object(read_message(message, object, path)?))
        }
        _ => None,
    };
    read.ok_or_else(|| Violation {
        field: path.to_owned(),
        description: format!("Invalid value at '{path}' ({}), {value}", kind.google_name()),
    })
}

/// A whole number, written as a number or as text.
fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// `nodePool` → `node_pool`: Google names fields in errors by their protocol buffer names.
fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// An answer as proto3 JSON: zero numbers, false, empty text, empty lists and empty maps left out, messages kept
/// even when empty.
pub(crate) fn write(message: &'static str, object: &Map<String, Value>) -> Value {
    let fields = TABLE.get(message);
    let mut written = Map::new();
    for (name, value) in object {
        // A field that Google does not know never leaves the sandbox.
        let Some(field) = fields.and_then(|fields| fields.get(name.as_str())) else {
            debug_assert!(false, "{message} has no field {name}");
            continue;
        };
        if let Some(value) = write_value(&field.kind, value) {
            written.insert(name.clone(), value);
        }
    }
    Value::Object(written)
}

fn write_value(kind: &Kind, value: &Value) -> Option<Value> {
    let empty = match (kind, value) {
        (Kind::Message(message), Value::Object(object)) => return Some(write(message, object)),
        (Kind::List(inner), Value::Array(items)) if matches!(**inner, Kind::Message(_)) => {
            let items: Vec<_> = items.iter().filter_map(|item| write_value(inner, item)).collect();
            return (!items.is_empty()).then_some(Value::Array(items));
        }
        (Kind::Int64, Value::String(text)) => text == "0",
        (Kind::Enum(names), Value::String(text)) => names.first() == Some(&text.as_str()),
        (_, Value::Null | Value::Bool(false)) => true,
        (_, Value::Number(number)) => number.as_f64() == Some(0.0),
        (_, Value::String(text)) => text.is_empty(),
        (_, Value::Array(items)) => items.is_empty(),
        (_, Value::Object(entries)) => entries.is_empty(),
        (_, Value::Bool(true)) => false,
    };
    (!empty).then(|| value.clone())
}

impl Kind {
    /// The type's name in Google's error texts.
    fn google_name(&self) -> &'static str {
        match self {
            Self::Text => "TYPE_STRING",
            Self::Bool => "TYPE_BOOL",
            Self::Int32 => "TYPE_INT32",
            Self::Int64 => "TYPE_INT64",
            Self::Number => "TYPE_DOUBLE",
            Self::Enum(_) => "TYPE_ENUM",
            Self::List(inner) => inner.google_name(),
            Self::Map(_) | Self::Message(_) | Self::Any => "TYPE_MESSAGE",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(message: &'static str, body: &Value) -> String {
        read(message, body).unwrap_err().description
    }

    #[test]
    fn a_misspelt_field_is_refused_with_its_place() {
        let body = json!({"nodePool": {"config": {"acelerators": []}}});
        assert_eq!(
            refused("CreateNodePoolRequest", &body),
            "Invalid JSON payload received. Unknown name \"acelerators\" at 'node_pool.config': Cannot find field."
        );
    }

    #[test]
    fn numbers_and_enums_are_read_in_every_spelling_that_google_takes() {
        let body = json!({"name": "x", "initialNodeCount": "2", "status": "RUNNING", "config": {
            "accelerators": [{"acceleratorCount": 1, "gpuSharingConfig": {"gpuSharingStrategy": 2}}],
            "taints": [{"effect": "NO_SCHEDULE"}], "spot": null}});
        let read = Value::Object(read("NodePool", &body).unwrap());
        assert_eq!(
            read,
            json!({"name": "x", "initialNodeCount": 2, "config": {
                "accelerators": [{"acceleratorCount": "1", "gpuSharingConfig": {"gpuSharingStrategy": "MPS"}}],
                "taints": [{"effect": "NO_SCHEDULE"}]}})
        );
    }

    #[test]
    fn values_of_another_type_are_refused() {
        for (body, place) in [
            (json!({"initialNodeCount": "two"}), "'initial_node_count' (TYPE_INT32), \"two\""),
            (json!({"config": {"spot": "yes"}}), "'config.spot' (TYPE_BOOL), \"yes\""),
            (
                json!({"config": {"taints": [{"effect": "NoSchedule"}]}}),
                "'config.taints[0].effect' (TYPE_ENUM)",
            ),
            (json!({"config": {"labels": {"a": 1}}}), "'config.labels[a]' (TYPE_STRING), 1"),
            (json!({"config": []}), "'config' (TYPE_MESSAGE), []"),
        ] {
            let message = refused("NodePool", &body);
            assert!(message.starts_with("Invalid value at ") && message.contains(place), "{message}");
        }
        assert!(refused("NodePool", &json!([])).contains("not an object"));
    }

    #[test]
    fn answers_leave_out_what_proto3_leaves_out() {
        let pool = json!({"name": "x", "initialNodeCount": 0, "autoscaling": {}, "locations": [],
            "config": {"labels": {}, "spot": false, "diskSizeGb": 100, "accelerators": [
                {"acceleratorCount": "1", "gpuPartitionSize": ""}]}});
        let Value::Object(pool) = pool else { unreachable!() };
        assert_eq!(
            write("NodePool", &pool),
            json!({"name": "x", "autoscaling": {}, "config": {"diskSizeGb": 100,
                "accelerators": [{"acceleratorCount": "1"}]}})
        );
    }
}
