//! Which fields of a node pool each version of the AKS API knows, and JSON checked and cut by them.
//!
//! The table is `fields.txt`, made from the models of Microsoft's Python client. The service refuses a name that it
//! does not know (source: Azure/azure-rest-api-specs issue 40740), and a version does not show what only a later one
//! knows.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::api::ApiVersion;

static TABLE: LazyLock<BTreeMap<&'static str, Message>> = LazyLock::new(|| parse(include_str!("fields.txt")));

type Message = BTreeMap<&'static str, Field>;

/// The message of `properties`.
pub(crate) const PROPERTIES: &str = "AgentPoolManagedClusterAgentPoolProfileProperties";

#[derive(Debug)]
struct Field {
    kind: Kind,
    /// Written by the service alone; what a client sends there is ignored.
    output_only: bool,
    since: Option<ApiVersion>,
}

#[derive(Debug)]
enum Kind {
    Text,
    Bool,
    Int32,
    Number,
    /// Each with the version that brought it.
    Enum(Vec<(&'static str, Option<ApiVersion>)>),
    List(Box<Kind>),
    Map(Box<Kind>),
    Message(&'static str),
    Any,
}

/// A body that the service cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Violation {
    /// A name that this version does not know.
    Unknown(String),
    /// A value of another type: the path of the field, and what is wanted.
    Type { path: String, wanted: &'static str, found: &'static str },
    /// A value that is not among the field's values.
    Value { path: String, value: String, known: Vec<&'static str> },
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
        let (spelling, since) = match spelling.split_once(" from ") {
            Some((spelling, version)) => (spelling, ApiVersion::named(version)),
            None => (spelling, None),
        };
        let (spelling, output_only) = match spelling.strip_suffix(" out") {
            Some(spelling) => (spelling, true),
            None => (spelling, false),
        };
        messages.entry(current).or_default().insert(name, Field { kind: kind(spelling), output_only, since });
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
        let value = |text: &'static str| match text.split_once('@') {
            Some((value, version)) => (value, ApiVersion::named(version)),
            None => (text, None),
        };
        return Kind::Enum(values.split('|').map(value).collect());
    }
    match spelling {
        "string" | "datetime" => Kind::Text,
        "bool" => Kind::Bool,
        "int32" => Kind::Int32,
        "number" => Kind::Number,
        "any" => Kind::Any,
        message => Kind::Message(message),
    }
}

fn knows(since: Option<ApiVersion>, version: ApiVersion) -> bool {
    since.is_none_or(|since| since <= version)
}

/// A request body as the service understands it in that version: nulls and what it writes itself are dropped.
pub(crate) fn read(
    message: &'static str,
    body: &Value,
    version: ApiVersion,
) -> Result<Map<String, Value>, Violation> {
    let kind = Kind::Message(message);
    match read_value(&kind, body, "", version)? {
        Value::Object(object) => Ok(object),
        _ => Ok(Map::new()),
    }
}

fn read_value(kind: &Kind, value: &Value, path: &str, version: ApiVersion) -> Result<Value, Violation> {
    match (kind, value) {
        (Kind::Message(message), Value::Object(object)) => {
            let fields = TABLE.get(message);
            let mut read = Map::new();
            for (name, value) in object {
                let known = fields.and_then(|fields| fields.get(name.as_str()));
                let Some(field) = known.filter(|field| knows(field.since, version)) else {
                    return Err(Violation::Unknown(name.clone()));
                };
                let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                // AKS shows some enumerations empty that nobody set, and takes them back so (source: AKS documentation
                // on managed GPU nodes, the answer with `driverType`).
                let empty = matches!(field.kind, Kind::Enum(_)) && value == "";
                if !value.is_null() && !empty && !field.output_only {
                    read.insert(name.clone(), read_value(&field.kind, value, &inner, version)?);
                }
            }
            Ok(Value::Object(read))
        }
        (Kind::List(inner), Value::Array(items)) => {
            let items = items.iter().enumerate();
            let read: Result<Vec<_>, _> = items
                .map(|(index, item)| read_value(inner, item, &format!("{path}[{index}]"), version))
                .collect();
            Ok(Value::Array(read?))
        }
        (Kind::Map(inner), Value::Object(entries)) => {
            let mut read = Map::new();
            for (key, item) in entries {
                read.insert(key.clone(), read_value(inner, item, &format!("{path}.{key}"), version)?);
            }
            Ok(Value::Object(read))
        }
        // The values of most enumerations may grow without a new version, but the service knows which it has; that
        // each field refuses others is unverified. Letter case counts (source: Azure/AKS issue 4468, for mode).
        (Kind::Enum(values), Value::String(text)) => {
            let known: Vec<_> = values.iter().filter(|(_, since)| knows(*since, version)).collect();
            match known.iter().find(|(value, _)| value == text) {
                Some(_) => Ok(value.clone()),
                None => Err(Violation::Value {
                    path: path.to_owned(),
                    value: text.clone(),
                    known: known.iter().map(|(value, _)| *value).collect(),
                }),
            }
        }
        (Kind::Text, Value::String(_))
        | (Kind::Bool, Value::Bool(_))
        | (Kind::Number, Value::Number(_))
        | (Kind::Any, _) => Ok(value.clone()),
        (Kind::Int32, Value::Number(number)) if number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()) => {
            Ok(value.clone())
        }
        _ => Err(Violation::Type { path: path.to_owned(), wanted: kind.go_name(), found: json_name(value) }),
    }
}

/// What a version shows of a pool: fields that only later ones know are left out.
pub(crate) fn write(message: &'static str, object: &Map<String, Value>, version: ApiVersion) -> Value {
    let fields = TABLE.get(message);
    let mut written = Map::new();
    for (name, value) in object {
        // A field that the API does not know never leaves the sandbox.
        let Some(field) = fields.and_then(|fields| fields.get(name.as_str())) else {
            debug_assert!(false, "{message} has no field {name}");
            continue;
        };
        if knows(field.since, version) {
            written.insert(name.clone(), write_value(&field.kind, value, version));
        }
    }
    Value::Object(written)
}

fn write_value(kind: &Kind, value: &Value, version: ApiVersion) -> Value {
    match (kind, value) {
        (Kind::Message(message), Value::Object(object)) => write(message, object, version),
        (Kind::List(inner), Value::Array(items)) => {
            items.iter().map(|item| write_value(inner, item, version)).collect()
        }
        (Kind::Map(inner), Value::Object(entries)) => {
            let entries = entries.iter();
            entries.map(|(key, item)| (key.clone(), write_value(inner, item, version))).collect()
        }
        _ => value.clone(),
    }
}

impl Kind {
    /// The type's name in the service's error texts, which are those of Go.
    fn go_name(&self) -> &'static str {
        match self {
            Self::Text | Self::Enum(_) => "string",
            Self::Bool => "bool",
            Self::Int32 => "int32",
            Self::Number => "float32",
            Self::List(_) => "[]string",
            Self::Map(_) => "map[string]string",
            Self::Message(_) | Self::Any => "struct",
        }
    }
}

fn json_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn stable() -> ApiVersion {
        ApiVersion::named("2026-08-01").unwrap()
    }

    #[test]
    fn every_version_of_the_table_is_known() {
        for line in include_str!("fields.txt").lines().filter(|line| line.starts_with("  ")) {
            let spelled = line.split(" from ").nth(1).into_iter();
            for version in spelled.chain(line.split('@').skip(1).filter_map(|rest| rest.split('|').next())) {
                assert!(ApiVersion::named(version).is_some(), "{line}");
            }
        }
    }

    #[test]
    fn a_version_refuses_and_hides_what_only_a_later_one_knows() {
        let body = json!({"gpuProfile": {"driver": "Install", "nvidia": {
            "managementMode": "Managed", "migStrategy": "Single"}}});
        let unknown = |version: &str| read(PROPERTIES, &body, ApiVersion::named(version).unwrap());
        assert_eq!(unknown("2026-07-01"), Err(Violation::Unknown("nvidia".into())));
        assert_eq!(unknown("2026-08-01"), Err(Violation::Unknown("migStrategy".into())));
        let read = unknown("2026-08-02-preview").unwrap();
        assert_eq!(Value::Object(read.clone()), body);
        let shown = write(PROPERTIES, &read, stable());
        assert_eq!(
            shown,
            json!({"gpuProfile": {"driver": "Install", "nvidia": {"managementMode": "Managed"}}})
        );
        let older = write(PROPERTIES, &read, ApiVersion::named("2026-07-01").unwrap());
        assert_eq!(older, json!({"gpuProfile": {"driver": "Install"}}));
    }

    #[test]
    fn misspelt_names_other_types_and_unknown_values_are_refused() {
        let refused = |body: Value| read(PROPERTIES, &body, stable()).unwrap_err();
        assert_eq!(refused(json!({"vmsize": "x"})), Violation::Unknown("vmsize".into()));
        assert_eq!(
            refused(json!({"count": "1"})),
            Violation::Type { path: "count".into(), wanted: "int32", found: "string" }
        );
        assert!(
            matches!(refused(json!({"mode": "user"})), Violation::Value { path, .. } if path == "mode"),
            "letter case counts"
        );
        assert!(matches!(refused(json!({"type": "FlexNodes"})), Violation::Value { .. }), "preview only");
    }

    #[test]
    fn what_the_service_writes_and_nulls_are_dropped() {
        let body = json!({"eTag": "x", "provisioningState": "Failed", "maxCount": null, "count": 2});
        assert_eq!(Value::Object(read(PROPERTIES, &body, stable()).unwrap()), json!({"count": 2}));
    }
}
