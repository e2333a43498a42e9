//! Elements without order or duplicates.

use std::ops::Deref;

use super::Value;

/// The elements of a set, kept in one canonical order so that equal sets are equal.
///
/// Only elements that are wholly known collapse: two that are not known yet may turn out different.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ValueSet {
    sorted: Vec<Value>,
}

impl ValueSet {
    /// Whether an element equal to `value` is in the set.
    pub fn contains(&self, value: &Value) -> bool {
        self.sorted.binary_search(value).is_ok()
    }

    /// The elements, in canonical order.
    pub fn into_vec(self) -> Vec<Value> {
        self.sorted
    }
}

impl FromIterator<Value> for ValueSet {
    fn from_iter<I: IntoIterator<Item = Value>>(elements: I) -> ValueSet {
        let mut sorted: Vec<Value> = elements.into_iter().collect();
        sorted.sort();
        sorted.dedup_by(|later, earlier| later == earlier && later.is_wholly_known());
        ValueSet { sorted }
    }
}

/// The elements, in canonical order.
impl Deref for ValueSet {
    type Target = [Value];
    fn deref(&self) -> &[Value] {
        &self.sorted
    }
}

impl<'a> IntoIterator for &'a ValueSet {
    type Item = &'a Value;
    type IntoIter = std::slice::Iter<'a, Value>;
    fn into_iter(self) -> Self::IntoIter {
        self.sorted.iter()
    }
}

impl IntoIterator for ValueSet {
    type Item = Value;
    type IntoIter = std::vec::IntoIter<Value>;
    fn into_iter(self) -> Self::IntoIter {
        self.sorted.into_iter()
    }
}
