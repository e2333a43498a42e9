//! What is known of a value that is not known yet.

use super::Value;
use crate::tfplugin::number::Number;

/// A limit of a number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NumberBound {
    /// The limit.
    pub value: Number,
    /// Whether the number may be the limit itself.
    pub inclusive: bool,
}

/// Promises about an unknown value. Terraform holds a provider to those it gives: the value after apply must keep
/// them.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refinements {
    /// The value will not be null.
    pub not_null: bool,
    /// The text will begin so.
    pub string_prefix: Option<String>,
    /// The number will not be below this.
    pub number_min: Option<NumberBound>,
    /// The number will not be above this.
    pub number_max: Option<NumberBound>,
    /// The collection will have at least so many elements.
    pub length_min: Option<u64>,
    /// The collection will have at most so many elements.
    pub length_max: Option<u64>,
}

impl Refinements {
    /// The value will not be null.
    pub fn not_null() -> Refinements {
        Refinements { not_null: true, ..Refinements::default() }
    }

    /// Whether nothing is promised.
    pub fn is_empty(&self) -> bool {
        *self == Refinements::default()
    }

    /// The unknown value with these promises; bare when there are none.
    pub fn into_unknown(self) -> Value {
        Value::Unknown((!self.is_empty()).then(|| Box::new(self)))
    }

    /// The first promise that `value` breaks, in words, or `None` when it may stand for the unknown.
    ///
    /// A value that is itself unknown breaks a promise only when its own refinements contradict it.
    pub fn broken_by(&self, value: &Value) -> Option<String> {
        match value {
            Value::Null => self.not_null.then(|| "it was promised not to be null".to_owned()),
            Value::Unknown(other) => self.contradicted_by(other.as_deref()?),
            Value::Dynamic(inner) => self.broken_by(&inner.1),
            Value::String(text) => self
                .string_prefix
                .as_ref()
                .filter(|prefix| !text.starts_with(prefix.as_str()))
                .map(|prefix| format!("it was promised to begin with {prefix:?}")),
            Value::Number(number) => self.number_out_of_bounds(number),
            Value::List(elements) | Value::Tuple(elements) => self.length_out_of_bounds(elements.len(), true),
            Value::Map(entries) => self.length_out_of_bounds(entries.len(), true),
            // Unknown elements may turn out to be equal, so only the upper count is certain.
            Value::Set(elements) => self.length_out_of_bounds(elements.len(), value.is_wholly_known()),
            Value::Bool(_) | Value::Object(_) => None,
        }
    }

    fn number_out_of_bounds(&self, number: &Number) -> Option<String> {
        if let Some(NumberBound { value, inclusive }) = &self.number_min
            && (number < value || (number == value && !inclusive))
        {
            let or_equal = if *inclusive { "at least" } else { "above" };
            return Some(format!("it was promised to be {or_equal} {value}"));
        }
        if let Some(NumberBound { value, inclusive }) = &self.number_max
            && (number > value || (number == value && !inclusive))
        {
            let or_equal = if *inclusive { "at most" } else { "below" };
            return Some(format!("it was promised to be {or_equal} {value}"));
        }
        None
    }

    fn length_out_of_bounds(&self, length: usize, exact: bool) -> Option<String> {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        if let Some(min) = self.length_min
            && length < min
        {
            return Some(format!("it was promised to have at least {min} elements"));
        }
        if let Some(max) = self.length_max
            && exact
            && length > max
        {
            return Some(format!("it was promised to have at most {max} elements"));
        }
        None
    }

    fn contradicted_by(&self, other: &Refinements) -> Option<String> {
        if let (Some(mine), Some(theirs)) = (&self.string_prefix, &other.string_prefix)
            && !theirs.starts_with(mine.as_str())
            && !mine.starts_with(theirs.as_str())
        {
            return Some(format!("it was promised to begin with {mine:?}"));
        }
        let above = |low: &Option<NumberBound>, high: &Option<NumberBound>| match (low, high) {
            (Some(low), Some(high)) => {
                low.value > high.value || (low.value == high.value && !(low.inclusive && high.inclusive))
            }
            _ => false,
        };
        if above(&other.number_min, &self.number_max) || above(&self.number_min, &other.number_max) {
            return Some("it was promised to be in another range".to_owned());
        }
        let longer = |low: Option<u64>, high: Option<u64>| matches!((low, high), (Some(low), Some(high)) if low > high);
        if longer(other.length_min, self.length_max) || longer(self.length_min, other.length_max) {
            return Some("it was promised to have another number of elements".to_owned());
        }
        None
    }
}
