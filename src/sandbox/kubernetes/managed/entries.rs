//! The list `metadata.managedFields`: one entry for each manager, operation, version and subresource.

use serde_json::{Map, Value, json};

use super::Writer;
use super::fieldset::FieldSet;

/// How a manager came by its fields. `Apply` sorts first, as in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    Apply,
    Update,
}

impl Operation {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) manager: String,
    pub(crate) operation: Operation,
    pub(crate) api_version: String,
    pub(crate) subresource: String,
    pub(crate) time: String,
    pub(crate) set: FieldSet,
}

impl Entry {
    /// True for the entry that this writer adds to. Appliers have one whatever version they apply.
    pub(crate) fn is_of(&self, writer: &Writer<'_>, operation: Operation) -> bool {
        self.manager == writer.manager
            && self.operation == operation
            && self.subresource == writer.subresource
            && (operation == Operation::Apply || self.api_version == writer.api_version)
    }

    /// The manager as conflicts name it.
    pub(crate) fn spoken(&self) -> String {
        let mut words = format!("{:?}", self.manager);
        if !self.subresource.is_empty() {
            words = format!("{words} with subresource {:?}", self.subresource);
        }
        if self.operation == Operation::Update {
            words = format!("{words} using {}", self.api_version);
        }
        words
    }
}

/// All entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Managers(pub(crate) Vec<Entry>);

impl Managers {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries of an object.
    pub(crate) fn of(object: &Value) -> Self {
        object.pointer("/metadata/managedFields").map_or_else(Self::default, Self::read)
    }

    /// From the list.
    pub(crate) fn read(list: &Value) -> Self {
        let entry = |entry: &Value| {
            let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
            let operation = match entry["operation"].as_str()? {
                "Apply" => Operation::Apply,
                "Update" => Operation::Update,
                _ => return None,
            };
            Some(Entry {
                manager: text("manager"),
                operation,
                api_version: text("apiVersion"),
                subresource: text("subresource"),
                time: text("time"),
                set: FieldSet::read(&entry["fieldsV1"]),
            })
        };
        Self(list.as_array().into_iter().flatten().filter_map(entry).collect())
    }

    /// Everybody loses these fields.
    pub(crate) fn release(&mut self, set: &FieldSet) {
        for entry in &mut self.0 {
            entry.set = entry.set.difference(set);
        }
        self.0.retain(|entry| !entry.set.is_empty());
    }

    /// The writer gets these fields, beside those that it has.
    pub(crate) fn grant(&mut self, writer: &Writer<'_>, operation: Operation, set: &FieldSet) {
        match self.0.iter_mut().find(|entry| entry.is_of(writer, operation)) {
            Some(entry) => {
                entry.set = entry.set.union(set);
                writer.now.clone_into(&mut entry.time);
            }
            None => self.0.push(Entry::of(writer, operation, set.clone())),
        }
    }

    /// Into the object, in the order that the API keeps.
    pub(crate) fn write(mut self, object: &mut Value) {
        self.0.sort_by(|a, b| {
            let key = |entry: &Entry| (entry.operation, entry.time.clone(), entry.manager.clone());
            key(a).cmp(&key(b))
        });
        let list: Vec<_> = self.0.iter().map(shown).collect();
        if list.is_empty() {
            strip(object);
        } else {
            object["metadata"]["managedFields"] = Value::Array(list);
        }
    }
}

fn shown(entry: &Entry) -> Value {
    let mut shown = Map::new();
    let mut put = |key: &str, value: Value| shown.insert(key.to_owned(), value);
    put("manager", json!(entry.manager));
    put("operation", json!(entry.operation.word()));
    put("apiVersion", json!(entry.api_version));
    put("time", json!(entry.time));
    put("fieldsType", json!("FieldsV1"));
    put("fieldsV1", entry.set.written());
    if !entry.subresource.is_empty() {
        put("subresource", json!(entry.subresource));
    }
    Value::Object(shown)
}

/// Takes the list out of an object.
pub(crate) fn strip(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
}

/// A list that asks for all owners to be forgotten: empty, or one empty entry.
pub(crate) fn is_reset(list: &Value) -> bool {
    match list.as_array().map(Vec::as_slice) {
        Some([]) => true,
        Some([only]) => only.as_object().is_some_and(Map::is_empty),
        _ => false,
    }
}
