//! Values in messages.

use super::super::value::Value;

/// Longer values are cut: the message is about a difference, not about all of a large map.
const MAX_LENGTH: usize = 120;

/// The value as an expression of HCL would write it, shortened; a placeholder when it must not be seen.
pub(super) fn show(value: &Value, sensitive: bool) -> String {
    if sensitive {
        return "(sensitive value)".to_owned();
    }
    let mut text = String::new();
    write(value, &mut text);
    if text.chars().count() > MAX_LENGTH {
        text = text.chars().take(MAX_LENGTH).chain(['…']).collect();
    }
    text
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Unknown(_) => out.push_str("(unknown)"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => out.push_str(&format!("{text:?}")),
        Value::List(parts) | Value::Tuple(parts) => elements(parts, out),
        Value::Set(parts) => elements(parts, out),
        Value::Map(parts) | Value::Object(parts) => {
            out.push('{');
            for (index, (name, part)) in parts.iter().enumerate() {
                out.push_str(if index == 0 { " " } else { ", " });
                out.push_str(name);
                out.push_str(" = ");
                write(part, out);
            }
            out.push_str(" }");
        }
        Value::Dynamic(inner) => write(&inner.1, out),
    }
}

fn elements(parts: &[Value], out: &mut String) {
    out.push('[');
    for (index, part) in parts.iter().enumerate() {
        out.push_str(if index == 0 { "" } else { ", " });
        write(part, out);
    }
    out.push(']');
}
