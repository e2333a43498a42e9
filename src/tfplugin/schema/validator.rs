//! Rules for one configured value, and the reusable ones.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::tfplugin::diag::{Diagnostic, Diagnostics};
use crate::tfplugin::number::Number;
use crate::tfplugin::path::AttributePath;
use crate::tfplugin::value::Value;

type Check = dyn Fn(&AttributePath, &Value, &mut Diagnostics) + Send + Sync;

/// A rule for the configured values of one attribute. It is asked only about values that are wholly known and not
/// null; what is unknown now is asked again when it is known.
#[derive(Clone)]
pub struct Validator {
    description: String,
    check: Arc<Check>,
}

impl Validator {
    /// A rule of its own. `description` completes "must be ..."; `check` answers what is wrong, as a sentence.
    pub fn new(
        description: impl Into<String>,
        check: impl Fn(&Value) -> Result<(), String> + Send + Sync + 'static,
    ) -> Validator {
        Validator::with_diagnostics(description, move |path, value, diagnostics| {
            if let Err(detail) = check(value) {
                diagnostics
                    .push(Diagnostic::error(format!("Invalid value for {path}"), detail).at(path.clone()));
            }
        })
    }

    /// A rule that writes its own messages, warnings among them.
    pub fn with_diagnostics(
        description: impl Into<String>,
        check: impl Fn(&AttributePath, &Value, &mut Diagnostics) + Send + Sync + 'static,
    ) -> Validator {
        Validator { description: description.into(), check: Arc::new(check) }
    }

    /// A text that is one of these.
    pub fn one_of(choices: &'static [&'static str]) -> Validator {
        let listed = choices.iter().map(|choice| format!("{choice:?}")).collect::<Vec<_>>().join(", ");
        Validator::new(format!("one of {listed}"), move |value| match value.as_str() {
            Some(text) if !choices.contains(&text) => Err(format!("{text:?} is none of {listed}.")),
            _ => Ok(()),
        })
    }

    /// A text, list, set or map that is not empty.
    pub fn not_empty() -> Validator {
        Validator::new("not empty", |value| {
            let empty = value.as_str().is_some_and(str::is_empty)
                || value.as_elements().is_some_and(<[Value]>::is_empty)
                || value.as_map().is_some_and(BTreeMap::is_empty);
            if empty {
                Err("The value is empty. Give a value, or leave the argument out.".to_owned())
            } else {
                Ok(())
            }
        })
    }

    /// An integer from `min` to `max`, both included; `None` is no limit.
    pub fn integer(min: Option<i64>, max: Option<i64>) -> Validator {
        let wanted = match (min, max) {
            (Some(min), Some(max)) => format!("a whole number from {min} to {max}"),
            (Some(min), None) => format!("a whole number of {min} or more"),
            (None, Some(max)) => format!("a whole number of {max} or less"),
            (None, None) => "a whole number".to_owned(),
        };
        let (min, max) = (min.map(Number::from), max.map(Number::from));
        Validator::new(wanted.clone(), move |value| match value.as_number() {
            Some(number) if !number.is_integer() || outside(number, min.as_ref(), max.as_ref()) => {
                Err(format!("{number} is not {wanted}."))
            }
            _ => Ok(()),
        })
    }

    /// A number from `min` to `max`, both included; `None` is no limit.
    pub fn number(min: Option<Number>, max: Option<Number>) -> Validator {
        let wanted = match (&min, &max) {
            (Some(min), Some(max)) => format!("a number from {min} to {max}"),
            (Some(min), None) => format!("a number of {min} or more"),
            (None, Some(max)) => format!("a number of {max} or less"),
            (None, None) => "a number".to_owned(),
        };
        Validator::new(wanted.clone(), move |value| match value.as_number() {
            Some(number) if outside(number, min.as_ref(), max.as_ref()) => {
                Err(format!("{number} is not {wanted}."))
            }
            _ => Ok(()),
        })
    }

    /// A text of at most `max` characters.
    pub fn max_length(max: usize) -> Validator {
        Validator::new(format!("at most {max} characters"), move |value| {
            let length = value.as_str().map_or(0, |text| text.chars().count());
            if length > max {
                Err(format!("The value has {length} characters; at most {max} are allowed."))
            } else {
                Ok(())
            }
        })
    }

    /// A list, set or map of which every element keeps the rule.
    pub fn each(inner: Validator) -> Validator {
        let description = format!("a collection whose elements are each {}", inner.description);
        Validator::with_diagnostics(description, move |path, value, diagnostics| match value {
            Value::List(elements) | Value::Tuple(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    inner.check(&path.clone().index(index), element, diagnostics);
                }
            }
            // Elements of sets have no path of their own.
            Value::Set(elements) => {
                elements.iter().for_each(|element| inner.check(path, element, diagnostics));
            }
            Value::Map(entries) => {
                for (key, element) in entries {
                    inner.check(&path.clone().key(key), element, diagnostics);
                }
            }
            _ => {}
        })
    }

    /// What the rule asks for; completes "must be ...".
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Applies the rule when the value is wholly known and not null.
    pub fn check(&self, path: &AttributePath, value: &Value, diagnostics: &mut Diagnostics) {
        if !value.is_null() && value.is_wholly_known() {
            (self.check)(path, value, diagnostics);
        }
    }
}

fn outside(number: &Number, min: Option<&Number>, max: Option<&Number>) -> bool {
    min.is_some_and(|min| number < min) || max.is_some_and(|max| number > max)
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Validator({})", self.description)
    }
}
