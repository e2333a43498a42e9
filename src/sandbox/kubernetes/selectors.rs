//! Label and field selectors.

use serde_json::Value;

use super::object::{self, text};

/// One condition on a label.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Condition {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
    Greater(String, i64),
    Less(String, i64),
}

/// A label selector and a field selector; empty ones match everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Selector {
    labels: Vec<Condition>,
    /// Dotted path, wanted text, whether equal or not.
    fields: Vec<(String, String, bool)>,
}

impl Selector {
    /// From the texts of a request.
    pub(crate) fn read(labels: &str, fields: &str) -> Result<Self, String> {
        Ok(Self { labels: conditions(labels)?, fields: field_terms(fields)? })
    }

    /// From the `matchLabels` and `matchExpressions` of an object. Nothing at all matches everything.
    pub(crate) fn of(selector: &Value) -> Self {
        let equal = object::map(selector, "/matchLabels").into_iter().flatten();
        let equal = equal.map(|(key, value)| {
            Condition::In(key.clone(), vec![value.as_str().unwrap_or_default().to_owned()])
        });
        let expressions = object::list(selector, "/matchExpressions").iter().filter_map(expression);
        Self { labels: equal.chain(expressions).collect(), fields: Vec::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.matches_labels(|key| object::label(object, key))
            && self.fields.iter().all(|(path, wanted, equal)| (field(object, path) == *wanted) == *equal)
    }

    /// The conditions on labels alone.
    pub(crate) fn matches_labels<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.labels.iter().all(|condition| match condition {
            Condition::In(key, values) => {
                label(key).is_some_and(|value| values.iter().any(|known| known == value))
            }
            Condition::NotIn(key, values) => {
                label(key).is_none_or(|value| values.iter().all(|known| known != value))
            }
            Condition::Exists(key) => label(key).is_some(),
            Condition::Absent(key) => label(key).is_none(),
            Condition::Greater(key, bound) => number(label(key)).is_some_and(|value| value > *bound),
            Condition::Less(key, bound) => number(label(key)).is_some_and(|value| value < *bound),
        })
    }

    /// The first dotted path of the field selector that is not among `known`.
    pub(crate) fn unknown_field(&self, known: &[&str]) -> Option<&str> {
        self.fields.iter().map(|(path, ..)| path.as_str()).find(|path| !known.contains(path))
    }
}

fn number(value: Option<&str>) -> Option<i64> {
    value?.parse().ok()
}

/// One entry of `matchExpressions`; also those of node affinity, which know Gt and Lt.
fn expression(entry: &Value) -> Option<Condition> {
    let key = text(entry, "/key").to_owned();
    let values: Vec<_> =
        object::list(entry, "/values").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let bound = values.first().and_then(|value| value.parse().ok());
    match text(entry, "/operator") {
        "In" => Some(Condition::In(key, values)),
        "NotIn" => Some(Condition::NotIn(key, values)),
        "Exists" => Some(Condition::Exists(key)),
        "DoesNotExist" => Some(Condition::Absent(key)),
        "Gt" => Some(Condition::Greater(key, bound?)),
        "Lt" => Some(Condition::Less(key, bound?)),
        _ => None,
    }
}

/// The text of a field, empty where there is none, as field selectors compare it.
fn field(object: &Value, path: &str) -> String {
    match object.pointer(&format!("/{}", path.replace('.', "/"))) {
        Some(Value::String(text)) => text.clone(),
        // A pod that nobody bound and a node that nobody cordoned lack the field.
        None | Some(Value::Null) if path == "spec.unschedulable" => "false".to_owned(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}

fn field_terms(selector: &str) -> Result<Vec<(String, String, bool)>, String> {
    let terms = selector.split(',').map(str::trim).filter(|term| !term.is_empty());
    terms
        .map(|term| {
            let (path, value, equal) = if let Some((path, value)) = term.split_once("!=") {
                (path, value, false)
            } else if let Some((path, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
                (path, value, true)
            } else {
                return Err(format!("invalid selector: {selector:?}; can't understand {term:?}"));
            };
            Ok((path.trim().to_owned(), value.trim().to_owned(), equal))
        })
        .collect()
}

fn conditions(selector: &str) -> Result<Vec<Condition>, String> {
    split(selector).into_iter().map(|term| condition(&term)).collect()
}

/// At the commas that are not between parentheses.
fn split(selector: &str) -> Vec<String> {
    let (mut terms, mut depth) = (vec![String::new()], 0_u32);
    for character in selector.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if character == ',' && depth == 0 {
            terms.push(String::new());
        } else if let Some(last) = terms.last_mut() {
            last.push(character);
        }
    }
    terms.into_iter().map(|term| term.trim().to_owned()).filter(|term| !term.is_empty()).collect()
}

fn condition(term: &str) -> Result<Condition, String> {
    let one = |key: &str, value: &str| (key.trim().to_owned(), vec![value.trim().to_owned()]);
    if let Some(key) = term.strip_prefix('!') {
        return Ok(Condition::Absent(key.trim().to_owned()));
    }
    if let Some((key, value)) = term.split_once("!=") {
        let (key, values) = one(key, value);
        return Ok(Condition::NotIn(key, values));
    }
    if let Some((key, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
        let (key, values) = one(key, value);
        return Ok(Condition::In(key, values));
    }
    for (sign, make) in [('>', Condition::Greater as fn(String, i64) -> Condition), ('<', Condition::Less)] {
        if let Some((key, bound)) = term.split_once(sign) {
            let bound = bound.trim().parse().map_err(|_| unreadable(term))?;
            return Ok(make(key.trim().to_owned(), bound));
        }
    }
    if let Some((head, list)) = term.split_once('(') {
        let values = list.trim_end_matches(')').split(',').map(|value| value.trim().to_owned()).collect();
        return match head.split_whitespace().collect::<Vec<_>>().as_slice() {
            [key, "in"] => Ok(Condition::In((*key).to_owned(), values)),
            [key, "notin"] => Ok(Condition::NotIn((*key).to_owned(), values)),
            _ => Err(unreadable(term)),
        };
    }
    if term.contains(char::is_whitespace) {
        return Err(unreadable(term));
    }
    Ok(Condition::Exists(term.to_owned()))
}

fn unreadable(term: &str) -> String {
    format!("unable to parse requirement: {term:?} is no condition on a label")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn label_selectors() {
        let object = json!({"metadata": {"labels": {"a": "1", "pool": "gpu"}}});
        for (selector, expected) in [
            ("", true),
            ("a=1", true),
            ("a==1,pool=gpu", true),
            ("a!=1", false),
            ("b!=1", true),
            ("pool in (cpu, gpu)", true),
            ("pool notin (cpu,gpu),a", false),
            ("!b,a", true),
            ("!a", false),
            ("a>0", true),
            ("a<1", false),
        ] {
            assert_eq!(Selector::read(selector, "").unwrap().matches(&object), expected, "{selector}");
        }
        assert!(Selector::read("a is b", "").is_err());
    }

    #[test]
    fn field_selectors() {
        let pod =
            json!({"metadata": {"name": "p"}, "spec": {"nodeName": "n"}, "status": {"phase": "Running"}});
        for (selector, expected) in [
            ("metadata.name=p", true),
            ("spec.nodeName=n,status.phase!=Succeeded,status.phase!=Failed", true),
            ("spec.nodeName=", false),
        ] {
            assert_eq!(Selector::read("", selector).unwrap().matches(&pod), expected, "{selector}");
        }
        let selector = Selector::read("", "spec.color=red").unwrap();
        assert_eq!(selector.unknown_field(&["metadata.name"]), Some("spec.color"));
    }

    #[test]
    fn selectors_of_objects() {
        let selector = Selector::of(&json!({"matchLabels": {"a": "1"},
            "matchExpressions": [{"key": "b", "operator": "DoesNotExist"}]}));
        assert!(selector.matches(&json!({"metadata": {"labels": {"a": "1"}}})));
        assert!(!selector.matches(&json!({"metadata": {"labels": {"a": "1", "b": ""}}})));
        assert!(Selector::of(&json!({})).is_empty());
    }
}
