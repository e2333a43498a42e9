//! Parameters of faults and actors: named, typed, and refused with the choices when they are wrong.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::duration::GoDuration;

/// A parameter that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParameterError {
    /// A name that this kind does not take.
    #[error("{kind} takes {known}, not {given:?}")]
    Name { kind: String, given: String, known: String },
    /// A name that this kind needs.
    #[error("{kind} needs {name}")]
    Missing { kind: String, name: String },
    /// A value that does not fit.
    #[error("{name}: {reason}")]
    Value { name: String, reason: String },
}

/// The parameters that one fault or actor was given.
#[derive(Debug)]
pub(crate) struct Parameters<'a> {
    kind: &'a str,
    given: &'a Map<String, Value>,
}

impl<'a> Parameters<'a> {
    /// Refuses every name that is not among `known`.
    pub(crate) fn of(
        kind: &'a str,
        given: &'a Map<String, Value>,
        known: &[&str],
    ) -> Result<Self, ParameterError> {
        match given.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(Self { kind, given }),
            Some(name) => Err(ParameterError::Name {
                kind: kind.to_owned(),
                given: name.clone(),
                known: if known.is_empty() { "no params".to_owned() } else { known.join(", ") },
            }),
        }
    }

    /// The value of any type.
    pub(crate) fn value(&self, name: &str) -> Option<&'a Value> {
        self.given.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, ParameterError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(name, format!("{other} is not a text"))),
        }
    }

    /// A text that must be there.
    pub(crate) fn needed(&self, name: &str) -> Result<&'a str, ParameterError> {
        self.text(name)?
            .ok_or_else(|| ParameterError::Missing { kind: self.kind.to_owned(), name: name.to_owned() })
    }

    /// A whole number that must be there.
    pub(crate) fn count(&self, name: &str) -> Result<u32, ParameterError> {
        let missing = || ParameterError::Missing { kind: self.kind.to_owned(), name: name.to_owned() };
        let value = self.value(name).ok_or_else(missing)?;
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        number.ok_or_else(|| wrong(name, format!("{value} is not a whole number")))
    }

    /// A duration in Go's syntax.
    pub(crate) fn duration(&self, name: &str) -> Result<Option<Duration>, ParameterError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let parsed: Result<GoDuration, _> = text.parse();
        parsed.map(|duration| Some(duration.0)).map_err(|error| wrong(name, error.to_string()))
    }

    /// One of some words, the first when nothing is given. A JSON boolean counts as its word.
    pub(crate) fn choice(
        &self,
        name: &str,
        choices: &[&'static str],
    ) -> Result<&'static str, ParameterError> {
        let chosen = self.chosen(name, choices)?;
        Ok(chosen.or(choices.first().copied()).unwrap_or_default())
    }

    /// One of some words; none when nothing is given. A JSON boolean counts as its word.
    pub(crate) fn chosen(
        &self,
        name: &str,
        choices: &[&'static str],
    ) -> Result<Option<&'static str>, ParameterError> {
        let given = match self.value(name) {
            None => return Ok(None),
            Some(Value::Bool(flag)) => flag.to_string(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let found = choices.iter().find(|choice| **choice == given);
        found
            .copied()
            .map(Some)
            .ok_or_else(|| wrong(name, format!("{given:?} is not one of {}", choices.join(", "))))
    }
}

fn wrong(name: &str, reason: String) -> ParameterError {
    ParameterError::Value { name: name.to_owned(), reason }
}
