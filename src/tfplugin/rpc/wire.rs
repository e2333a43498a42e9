//! Messages to values, and back.

use crate::tfplugin::codec::{json, msgpack};
use crate::tfplugin::diag::{Diagnostic, Diagnostics, Severity};
use crate::tfplugin::path::{AttributePath, Step};
use crate::tfplugin::proto::tfplugin6 as tf;
use crate::tfplugin::type_::Type;
use crate::tfplugin::value::Value;

/// Reads a value that the host sent. `what` is its role, such as "the configuration": the subject of the sentence
/// that says what is wrong with it. A value that was not sent is null.
pub(super) fn decode(
    message: Option<&tf::DynamicValue>,
    ty: &Type,
    what: &str,
) -> Result<Value, Diagnostics> {
    let Some(message) = message else { return Ok(Value::Null) };
    let decoded = if !message.msgpack.is_empty() {
        msgpack::decode(&message.msgpack, ty)
    } else if !message.json.is_empty() {
        json::decode(&message.json, ty)
    } else {
        return Ok(Value::Null);
    };
    decoded.map_err(|error| malformed(what, &error.to_string(), error.path().cloned().unwrap_or_default()))
}

/// Writes a value that a provider gave. `what` is its role, as above.
pub(super) fn encode(value: &Value, ty: &Type, what: &str) -> Result<tf::DynamicValue, Diagnostics> {
    let msgpack = msgpack::encode(value, ty).map_err(|error| {
        bug(
            what,
            &format!("does not have the type of its schema: {error}"),
            error.path().cloned().unwrap_or_default(),
        )
    })?;
    Ok(tf::DynamicValue { msgpack, json: Vec::new() })
}

/// Null of any type.
pub(super) fn null() -> tf::DynamicValue {
    tf::DynamicValue { msgpack: vec![0xc0], json: Vec::new() }
}

/// The host sent what cannot be read: a mistake of the host's, of stored data, or of this layer.
pub(super) fn malformed(what: &str, why: &str, path: AttributePath) -> Diagnostics {
    Diagnostics::from(
        Diagnostic::error(
            format!("{} cannot be read", capitalised(what)),
            format!(
                "Terraform sent {what} in a form that the provider does not understand: {why}. If the state was \
                 edited by hand, check it; otherwise please report this to the provider's authors."
            ),
        )
        .at(path),
    )
}

/// The provider's code did what it must not do.
pub(super) fn bug(what: &str, why: &str, path: AttributePath) -> Diagnostics {
    Diagnostics::from(
        Diagnostic::error(
            "The provider made a mistake",
            format!("{} {why}. This is a bug in the provider, please report it.", capitalised(what)),
        )
        .at(path),
    )
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Messages for the user.
pub(super) fn diagnostics(diagnostics: &Diagnostics) -> Vec<tf::Diagnostic> {
    diagnostics
        .iter()
        .map(|diagnostic| tf::Diagnostic {
            severity: match diagnostic.severity {
                Severity::Error => tf::diagnostic::Severity::Error.into(),
                Severity::Warning => tf::diagnostic::Severity::Warning.into(),
            },
            summary: diagnostic.summary.clone(),
            detail: diagnostic.detail.clone(),
            attribute: diagnostic.path.as_ref().map(path),
        })
        .collect()
}

/// A place in a value.
pub(super) fn path(path: &AttributePath) -> tf::AttributePath {
    use tf::attribute_path::step::Selector;

    let steps = path.steps().iter().map(|step| tf::attribute_path::Step {
        selector: Some(match step {
            Step::Attribute(name) => Selector::AttributeName(name.clone()),
            Step::Key(key) => Selector::ElementKeyString(key.clone()),
            Step::Index(index) => Selector::ElementKeyInt(*index),
        }),
    });
    tf::AttributePath { steps: steps.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_sent_is_null() {
        let empty = tf::DynamicValue::default();
        assert_eq!(decode(None, &Type::String, "the state"), Ok(Value::Null));
        assert_eq!(decode(Some(&empty), &Type::String, "the state"), Ok(Value::Null));
        assert_eq!(decode(Some(&null()), &Type::String, "the state"), Ok(Value::Null));
    }

    #[test]
    fn both_encodings_are_read() {
        let value = Value::object([("name", Value::from("x"))]);
        let ty = Type::object([("name", Type::String)]);
        let msgpack = encode(&value, &ty, "the state").unwrap();
        assert_eq!(decode(Some(&msgpack), &ty, "the state"), Ok(value.clone()));
        let json = tf::DynamicValue { msgpack: Vec::new(), json: br#"{"name":"x"}"#.to_vec() };
        assert_eq!(decode(Some(&json), &ty, "the state"), Ok(value));
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_place() {
        let ty = Type::object([("size", Type::object([("count", Type::Number)]))]);
        let json = tf::DynamicValue { msgpack: Vec::new(), json: br#"{"size":{"count":[]}}"#.to_vec() };
        let diagnostics = decode(Some(&json), &ty, "the prior state").unwrap_err();
        let first = diagnostics.iter().next().unwrap();
        assert_eq!(first.summary, "The prior state cannot be read");
        assert_eq!(first.path, Some(AttributePath::parse("size.count")));
    }

    #[test]
    fn what_the_provider_got_wrong_is_called_a_bug() {
        let ty = Type::object([("name", Type::String)]);
        let wrong = Value::object([("name", Value::from(true))]);
        let text = encode(&wrong, &ty, "the new state").unwrap_err().to_string();
        assert!(text.contains("name") && text.contains("bug in the provider"), "{text}");
    }

    #[test]
    fn every_kind_of_step_crosses_the_wire() {
        use tf::attribute_path::step::Selector;

        let steps = path(&AttributePath::parse("rules").index(2).attribute("labels").key("a")).steps;
        let selectors: Vec<_> = steps.into_iter().map(|step| step.selector.unwrap()).collect();
        assert_eq!(
            selectors,
            [
                Selector::AttributeName("rules".to_owned()),
                Selector::ElementKeyInt(2),
                Selector::AttributeName("labels".to_owned()),
                Selector::ElementKeyString("a".to_owned()),
            ]
        );
    }
}
