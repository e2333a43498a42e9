//! Whole numbers on the wire: proto3 JSON writes 64-bit numbers as texts and 32-bit numbers as numbers, and readers
//! must take both.

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// A number that is written as a number (`int32`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Int(pub i64);

/// A number that is written as a text (`int64`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Long(pub i64);

impl Int {
    /// The number, if it is one that counts can have.
    pub(crate) fn count(self) -> Option<u32> {
        u32::try_from(self.0).ok()
    }
}

impl Long {
    /// The number, if it is one that counts can have.
    pub(crate) fn count(self) -> Option<u32> {
        u32::try_from(self.0).ok()
    }
}

impl From<u32> for Int {
    fn from(number: u32) -> Self {
        Int(i64::from(number))
    }
}

impl From<u32> for Long {
    fn from(number: u32) -> Self {
        Long(i64::from(number))
    }
}

impl Serialize for Int {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl Serialize for Long {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrText).map(Int)
    }
}

impl<'de> Deserialize<'de> for Long {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrText).map(Long)
    }
}

struct NumberOrText;

impl Visitor<'_> for NumberOrText {
    type Value = i64;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a whole number, as a number or as a text")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(E::custom)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<i64, E> {
        // Some JSON writers print 3 as 3.0. The bounds keep the conversion exact.
        if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 {
            return Ok(number as i64);
        }
        Err(E::invalid_value(de::Unexpected::Float(number), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<i64, E> {
        text.parse().map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_read() {
        for text in ["3", "\"3\"", "3.0"] {
            assert_eq!(serde_json::from_str::<Int>(text).unwrap(), Int(3), "{text}");
            assert_eq!(serde_json::from_str::<Long>(text).unwrap(), Long(3), "{text}");
        }
        for text in ["3.5", "\"three\"", "null", "true"] {
            assert!(serde_json::from_str::<Int>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn each_is_written_in_its_own_spelling() {
        assert_eq!(serde_json::to_string(&Int(3)).unwrap(), "3");
        assert_eq!(serde_json::to_string(&Long(3)).unwrap(), "\"3\"");
    }
}
