//! What the device plugin makes of a configuration: what it refuses, and what it passes over without a word.
//!
//! The plugin drops fields that it does not know. A `renameByDefault` in the wrong place does nothing and says
//! nothing, so our own text is held against this in tests, and a foreign key that a node uses can be judged by it.

use serde_json::{Map, Value};

use super::model::{FILE, Object, Shape, places_of};
use super::{PREFIX, is_resource};

/// One thing wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What the plugin does about it.
    pub weight: Weight,
    /// Where it is, such as `sharing.timeSlicing.resources[0].replicas`; empty for the whole text.
    pub path: String,
    /// What is wrong and how to mend it, in half a sentence.
    pub text: String,
}

/// What the plugin does about something wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It goes on as if it were not there.
    Ignored,
    /// It does not start, and announces nothing.
    Refused,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let effect = match self.weight {
            Weight::Ignored => "is ignored",
            Weight::Refused => "stops the device plugin",
        };
        let path = if self.path.is_empty() { "the configuration" } else { &self.path };
        write!(f, "{path} {effect}: {}", self.text)
    }
}

/// Everything in a key's text that the plugin refuses or passes over.
pub fn lint(yaml: &str) -> Vec<Finding> {
    let mut findings = Findings(Vec::new());
    match serde_saphyr::from_str::<Value>(yaml) {
        Ok(Value::Null) => {}
        Ok(Value::Object(file)) => {
            object(&FILE, &file, "", &mut findings);
            together(&file, &mut findings);
        }
        Ok(other) => findings.refused("", format!("it is {}, not fields", kind(&other))),
        Err(error) => {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            findings.refused("", format!("it is not YAML: {line}"));
        }
    }
    findings.0
}

struct Findings(Vec<Finding>);

impl Findings {
    fn refused(&mut self, path: &str, text: impl Into<String>) {
        self.0.push(Finding { weight: Weight::Refused, path: path.to_owned(), text: text.into() });
    }

    fn ignored(&mut self, path: &str, text: impl Into<String>) {
        self.0.push(Finding { weight: Weight::Ignored, path: path.to_owned(), text: text.into() });
    }
}

fn object(model: &Object, found: &Map<String, Value>, at: &str, findings: &mut Findings) {
    for (name, value) in found {
        let path = join(at, name);
        let known = model
            .fields
            .iter()
            .find(|(field, _)| if model.exact { field == name } else { field.eq_ignore_ascii_case(name) });
        match known {
            Some((_, shape)) => place(*shape, value, &path, findings),
            None => findings.ignored(&path, unknown(name)),
        }
    }
    for name in model.required {
        if !found.contains_key(*name) {
            findings.refused(at, format!("{name} is missing"));
        }
    }
}

fn unknown(name: &str) -> String {
    let places = places_of(name);
    if places.is_empty() {
        "there is no such field".to_owned()
    } else {
        format!("there is no such field here; it belongs to {}", places.join(" or "))
    }
}

fn place(shape: Shape, value: &Value, path: &str, findings: &mut Findings) {
    let mut wrong = |wanted: &str| findings.refused(path, format!("it is {}, not {wanted}", kind(value)));
    match (shape, value) {
        (Shape::Ignored(why), _) => findings.ignored(path, why),
        // An absent value leaves the plugin's own default, except where something is required.
        (
            Shape::Flag
            | Shape::Text
            | Shape::Word(_)
            | Shape::Words(_)
            | Shape::Wholes
            | Shape::Object(_)
            | Shape::Whole(_)
            | Shape::Resource
            | Shape::List(_),
            Value::Null,
        ) => {
            if matches!(shape, Shape::Whole(_) | Shape::Resource | Shape::List(_)) {
                findings.refused(path, "it is empty");
            }
        }
        (Shape::Flag, Value::Bool(_)) | (Shape::Text, Value::String(_)) => {}
        // The older YAML of the plugin's reader takes these for truth values too.
        (Shape::Flag, Value::String(word)) if is_old_flag(word) => {}
        (Shape::Flag, _) => wrong("true or false"),
        (Shape::Text, _) => wrong("a text"),
        (Shape::Words(words), Value::Array(items)) => {
            for (position, item) in items.iter().enumerate() {
                word(words, item, &format!("{path}[{position}]"), findings);
            }
        }
        (Shape::Word(words) | Shape::Words(words), value) => word(words, value, path, findings),
        (Shape::Whole(least), value) => match value.as_i64() {
            Some(number) if number >= least => {}
            Some(number) => findings.refused(path, format!("it is {number}, and {least} is the least")),
            None => wrong("a whole number"),
        },
        (Shape::Wholes, Value::Array(items)) if items.iter().all(Value::is_i64) => {}
        (Shape::Wholes, _) => wrong("a list of whole numbers"),
        (Shape::Resource, Value::String(name)) => {
            let full = if name.starts_with(PREFIX) { name.clone() } else { format!("{PREFIX}{name}") };
            if !is_resource(&full) {
                findings.refused(path, format!("{full:?} is no name of a resource"));
            }
        }
        (Shape::Resource, _) => wrong("a resource's name"),
        (Shape::Object(model), Value::Object(found)) => object(model, found, path, findings),
        (Shape::Object(_), _) => wrong("fields"),
        (Shape::List(_), Value::Array(items)) if items.is_empty() => findings.refused(path, "it is empty"),
        (Shape::List(model), Value::Array(items)) => {
            for (position, item) in items.iter().enumerate() {
                place(Shape::Object(model), item, &format!("{path}[{position}]"), findings);
            }
        }
        (Shape::List(_), _) => wrong("a list"),
    }
}

fn word(words: &[&str], value: &Value, path: &str, findings: &mut Findings) {
    match value {
        Value::String(word) if words.contains(&word.as_str()) => {}
        Value::String(word) => {
            findings.refused(path, format!("{word:?} is none of {}", words.join(", ")));
        }
        other => findings.refused(path, format!("it is {}, not one of {}", kind(other), words.join(", "))),
    }
}

/// What only shows when two fields are seen together.
fn together(file: &Map<String, Value>, findings: &mut Findings) {
    let get = |path: &[&str]| {
        let mut value = file.get(path[0])?;
        for name in &path[1..] {
            value = value.get(name)?;
        }
        Some(value).filter(|value| !value.is_null())
    };
    if get(&["sharing", "mps"]).is_some() {
        if get(&["sharing", "timeSlicing"]).is_some() {
            findings.ignored("sharing.timeSlicing", "sharing.mps wins over it");
        }
        if get(&["flags", "migStrategy"]).and_then(Value::as_str) == Some("mixed") {
            findings.refused("sharing.mps", "MPS and the MIG strategy mixed exclude each other");
        }
    }
}

fn is_old_flag(word: &str) -> bool {
    ["yes", "no", "on", "off", "y", "n"].iter().any(|flag| word.eq_ignore_ascii_case(flag))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a set of fields",
    }
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}
