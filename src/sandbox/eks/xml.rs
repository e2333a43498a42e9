//! Forms in, XML out: how EC2, STS and Auto Scaling speak.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::Service;
use super::fields::{self, Kind};
use crate::sandbox::exchange::Body;

/// A form as a tree: `A.B.1.C=x` becomes `{"A": {"B": {"1": {"C": "x"}}}}`. None where a name is both a value and a
/// parent.
pub(super) fn tree(form: &[(String, String)]) -> Option<Map<String, Value>> {
    let mut tree = Map::new();
    for (name, value) in form {
        let mut place = &mut tree;
        let mut steps = name.split('.').peekable();
        while let Some(step) = steps.next() {
            if steps.peek().is_none() {
                place.insert(step.to_owned(), Value::String(value.clone()));
                break;
            }
            let inner = place.entry(step).or_insert_with(|| Value::Object(Map::new()));
            place = inner.as_object_mut()?;
        }
    }
    Some(tree)
}

/// The fields of a form-encoded body.
pub(super) fn form(body: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(body).map(|(key, value)| (key.into_owned(), value.into_owned())).collect()
}

/// A text with what XML needs escaped.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// A document.
pub(super) fn body(document: &str) -> Body {
    Body::Text("text/xml;charset=UTF-8", format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{document}"))
}

/// The answer of an action: members by their names in the model, written as the shape of the answer says. Members that
/// the shape does not have are left out.
pub(super) fn answer(
    service: Service,
    action: &str,
    shape: Option<&str>,
    result: &Value,
    request_id: &str,
) -> Body {
    let mut inner = String::new();
    if let Some(shape) = shape {
        write_shape(&mut inner, service, shape, result);
    }
    let namespace = service.namespace();
    body(&match service {
        Service::Ec2 => format!(
            "<{action}Response xmlns=\"{namespace}\"><requestId>{request_id}</requestId>{inner}</{action}Response>"
        ),
        _ => {
            let inner =
                shape.map_or_else(String::new, |_| format!("<{action}Result>{inner}</{action}Result>"));
            format!(
                "<{action}Response xmlns=\"{namespace}\">{inner}<ResponseMetadata><RequestId>{request_id}</RequestId>\
                 </ResponseMetadata></{action}Response>"
            )
        }
    })
}

fn write_shape(out: &mut String, service: Service, shape: &str, value: &Value) {
    for field in fields::members(shape) {
        let Some(value) = value.get(field.name).filter(|value| !value.is_null()) else { continue };
        write_value(out, service, field.wire, &field.kind, value);
    }
}

fn write_value(out: &mut String, service: Service, name: &str, kind: &Kind, value: &Value) {
    // Writing to a text does not fail.
    let _ = write!(out, "<{name}>");
    match (kind, value) {
        (Kind::List(inner, _), Value::Array(items)) => {
            let item_name = if service == Service::Ec2 { "item" } else { "member" };
            for item in items {
                write_value(out, service, item_name, inner, item);
            }
        }
        (Kind::Shape(shape), _) => write_shape(out, service, shape, value),
        (_, Value::String(text)) => out.push_str(&escaped(text)),
        (_, Value::Bool(_) | Value::Number(_)) => out.push_str(&value.to_string()),
        _ => {}
    }
    let _ = write!(out, "</{name}>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn forms_become_trees() {
        let parsed = form(b"Action=X&Tag.1.Key=a%20b&Tag.1.Value=&Tag.2.Key=c");
        let tree = Value::Object(tree(&parsed).unwrap());
        assert_eq!(
            tree,
            json!({"Action": "X", "Tag": {"1": {"Key": "a b", "Value": ""}, "2": {"Key": "c"}}})
        );
        assert_eq!(super::tree(&form(b"A=1&A.B=2")), None);
    }

    #[test]
    fn answers_have_the_names_of_the_wire() {
        let template = json!({"LaunchTemplate": {"LaunchTemplateId": "lt-1", "LatestVersionNumber": 2, "NoSuch": 1,
            "Tags": [{"Key": "a", "Value": "<b>"}]}});
        let Body::Text(_, text) = answer(
            Service::Ec2,
            "CreateLaunchTemplate",
            Some("ec2.answer.CreateLaunchTemplateResult"),
            &template,
            "r",
        ) else {
            panic!("no text");
        };
        assert!(text.contains("<launchTemplate><latestVersionNumber>2</latestVersionNumber>"), "{text}");
        assert!(
            text.contains("<tagSet><item><key>a</key><value>&lt;b&gt;</value></item></tagSet>"),
            "{text}"
        );
        assert!(!text.contains("NoSuch"), "{text}");
    }
}
