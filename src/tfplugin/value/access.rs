//! Reading and changing parts of a value.

use std::collections::BTreeMap;

use super::{Number, Refinements, Value, ValueSet};
use crate::tfplugin::path::{AttributePath, Step};
use crate::tfplugin::type_::Type;

static NULL: Value = Value::Null;
static UNKNOWN: Value = Value::UNKNOWN;

/// Why a part of a value could not be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The path leads through something that is null, not known, or of another kind, or names an attribute or
    /// index that is not there. Cause: a mistake in the provider's code.
    #[error("there is no {missing} to set {path}")]
    NoSuchParent {
        /// The path that was to be set.
        path: AttributePath,
        /// The first part of it that is missing.
        missing: AttributePath,
    },
}

impl Value {
    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        match self {
            Value::Null => true,
            Value::Dynamic(inner) => inner.1.is_null(),
            _ => false,
        }
    }

    /// Whether the value itself is not known yet; its parts may be, see [`Value::is_wholly_known`].
    pub fn is_unknown(&self) -> bool {
        match self {
            Value::Unknown(_) => true,
            Value::Dynamic(inner) => inner.1.is_unknown(),
            _ => false,
        }
    }

    /// Whether neither the value nor any part of it is unknown. Null is known.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Value::Unknown(_) => false,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
            Value::List(elements) | Value::Tuple(elements) => elements.iter().all(Value::is_wholly_known),
            Value::Set(elements) => elements.iter().all(Value::is_wholly_known),
            Value::Map(entries) | Value::Object(entries) => entries.values().all(Value::is_wholly_known),
            Value::Dynamic(inner) => inner.1.is_wholly_known(),
        }
    }

    /// What is known of an unknown value; `None` for every other value.
    pub fn refinements(&self) -> Option<&Refinements> {
        match self {
            Value::Unknown(refinements) => refinements.as_deref(),
            Value::Dynamic(inner) => inner.1.refinements(),
            _ => None,
        }
    }

    /// The text of a known string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value of a known bool.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// A known number.
    pub fn as_number(&self) -> Option<&Number> {
        match self {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// A known number, when it is an integer that fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number()?.as_i64()
    }

    /// A known number, when it is an integer of 0 or more that fits.
    pub fn as_u64(&self) -> Option<u64> {
        self.as_number()?.as_u64()
    }

    /// The elements of a known list, tuple or set.
    pub fn as_elements(&self) -> Option<&[Value]> {
        match self {
            Value::List(elements) | Value::Tuple(elements) => Some(elements),
            Value::Set(elements) => Some(elements),
            _ => None,
        }
    }

    /// The elements of a known list or tuple.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(elements) | Value::Tuple(elements) => Some(elements),
            _ => None,
        }
    }

    /// The elements of a known set.
    pub fn as_set(&self) -> Option<&ValueSet> {
        match self {
            Value::Set(elements) => Some(elements),
            _ => None,
        }
    }

    /// The entries of a known map.
    pub fn as_map(&self) -> Option<&BTreeMap<String, Value>> {
        match self {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The attributes of a known object.
    pub fn as_object(&self) -> Option<&BTreeMap<String, Value>> {
        match self {
            Value::Object(attributes) => Some(attributes),
            _ => None,
        }
    }

    /// The type and value of a value in a place of type `dynamic`.
    pub fn as_dynamic(&self) -> Option<(&Type, &Value)> {
        match self {
            Value::Dynamic(inner) => Some((&inner.0, &inner.1)),
            _ => None,
        }
    }

    /// The entries of a known map as texts: `None` when it is no map, or an element is null or not known.
    pub fn as_string_map(&self) -> Option<BTreeMap<&str, &str>> {
        self.as_map()?.iter().map(|(key, value)| Some((key.as_str(), value.as_str()?))).collect()
    }

    /// An attribute of a known object, or an entry of a known map.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Object(entries) | Value::Map(entries) => entries.get(name),
            _ => None,
        }
    }

    /// The part at `path`; `None` when something on the way is null, not known, or not there.
    pub fn at(&self, path: &AttributePath) -> Option<&Value> {
        path.steps().iter().try_fold(self, |value, step| value.step(step))
    }

    /// The part at `path`, in the way expressions see it: a part of null is null, a part of unknown is unknown.
    /// A part that does not exist at all is null too.
    pub fn part(&self, path: &AttributePath) -> &Value {
        let mut value = self;
        for step in path.steps() {
            if value.is_unknown() {
                return &UNKNOWN;
            }
            match value.step(step) {
                Some(inner) => value = inner,
                None => return &NULL,
            }
        }
        value
    }

    /// [`Value::part`] by a dotted path of attribute names, for example `value.lookup("slices.total")`.
    pub fn lookup(&self, dotted: &str) -> &Value {
        self.part(&AttributePath::parse(dotted))
    }

    fn step(&self, step: &Step) -> Option<&Value> {
        match (step, self) {
            (_, Value::Dynamic(inner)) => inner.1.step(step),
            (Step::Attribute(name), Value::Object(attributes)) => attributes.get(name),
            (Step::Key(key), Value::Map(entries)) => entries.get(key),
            (Step::Index(index), Value::List(elements) | Value::Tuple(elements)) => {
                elements.get(usize::try_from(*index).ok()?)
            }
            _ => None,
        }
    }

    fn step_mut(&mut self, step: &Step) -> Option<&mut Value> {
        match (step, self) {
            (_, Value::Dynamic(inner)) => inner.1.step_mut(step),
            (Step::Attribute(name), Value::Object(attributes)) => attributes.get_mut(name),
            (Step::Key(key), Value::Map(entries)) => entries.get_mut(key),
            (Step::Index(index), Value::List(elements) | Value::Tuple(elements)) => {
                elements.get_mut(usize::try_from(*index).ok()?)
            }
            _ => None,
        }
    }

    /// Puts `value` at `path`. The last step may be a new key of a map; everything else must be there already.
    ///
    /// # Errors
    /// [`PathError::NoSuchParent`]; the value is then unchanged.
    pub fn set_at(&mut self, path: &AttributePath, value: Value) -> Result<(), PathError> {
        let mut target = self;
        let mut walked = AttributePath::ROOT;
        for (position, step) in path.steps().iter().enumerate() {
            let last = position + 1 == path.steps().len();
            if let (true, Step::Key(key), Value::Map(entries)) = (last, step, &mut *target) {
                entries.insert(key.clone(), value);
                return Ok(());
            }
            let mut steps = walked.steps().to_vec();
            steps.push(step.clone());
            walked = AttributePath::new(steps);
            target = target
                .step_mut(step)
                .ok_or_else(|| PathError::NoSuchParent { path: path.clone(), missing: walked.clone() })?;
        }
        *target = value;
        Ok(())
    }

    /// The same value with every unknown part null. A set may shrink by it.
    #[must_use]
    pub fn null_unknowns(self) -> Value {
        let each = |values: Vec<Value>| values.into_iter().map(Value::null_unknowns).collect();
        let all = |entries: BTreeMap<String, Value>| {
            entries.into_iter().map(|(name, value)| (name, value.null_unknowns())).collect()
        };
        match self {
            Value::Unknown(_) => Value::Null,
            Value::List(elements) => Value::List(each(elements)),
            Value::Tuple(elements) => Value::Tuple(each(elements)),
            Value::Set(elements) => Value::Set(elements.into_iter().map(Value::null_unknowns).collect()),
            Value::Map(entries) => Value::Map(all(entries)),
            Value::Object(attributes) => Value::Object(all(attributes)),
            Value::Dynamic(inner) => Value::dynamic(inner.0, inner.1.null_unknowns()),
            known @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => known,
        }
    }
}
