//! Kubernetes' quantities: `4`, `100m`, `85Gi`, in thousandths.

use serde_json::Value;

/// A quantity in thousandths; none where the text is no quantity.
pub(crate) fn thousandths(value: &Value) -> Option<i128> {
    match value {
        Value::Number(number) => parse(&number.to_string()),
        Value::String(text) => parse(text),
        _ => None,
    }
}

fn parse(text: &str) -> Option<i128> {
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, suffix) = text.split_at(split);
    let scale: i128 = match suffix {
        "" => 1_000,
        "m" => 1,
        "k" => 1_000_000,
        "M" => 1_000_000_000,
        "G" => 1_000_000_000_000,
        "T" => 1_000_000_000_000_000,
        "Ki" => 1_000 << 10,
        "Mi" => 1_000 << 20,
        "Gi" => 1_000 << 30,
        "Ti" => 1_000 << 40,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: i128 = whole.parse().ok()?;
    if fraction.is_empty() {
        return Some(whole * scale);
    }
    let digits = u32::try_from(fraction.len()).ok().filter(|digits| *digits < 10)?;
    let part: i128 = fraction.parse().ok()?;
    Some(whole * scale + part * scale / 10_i128.pow(digits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn quantities() {
        for (text, expected) in
            [("4", 4_000), ("100m", 100), ("1.5", 1_500), ("1Ki", 1_024_000), ("2G", 2_000_000_000_000)]
        {
            assert_eq!(thousandths(&json!(text)), Some(expected), "{text}");
        }
        assert_eq!(thousandths(&json!(2)), Some(2_000));
        assert_eq!(thousandths(&json!("many")), None);
    }
}
