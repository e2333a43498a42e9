//! How well a fact of the tables is founded.

use std::fmt;
use std::str::FromStr;

/// How well a fact is founded, best first. Whatever is less than [`Confidence::TwoSources`] may cause a
/// warning, never an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Two independent sources agree.
    TwoSources,
    /// One source says so.
    OneSource,
    /// No source says so; it follows from what is known of closely related hardware.
    Inferred,
    /// Seen, but not confirmed.
    Unverified,
}

impl Confidence {
    const ALL: [Self; 4] = [Self::TwoSources, Self::OneSource, Self::Inferred, Self::Unverified];

    /// The word used in the tables: `two sources`, `one source`, `inferred`, `unverified`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TwoSources => "two sources",
            Self::OneSource => "one source",
            Self::Inferred => "inferred",
            Self::Unverified => "unverified",
        }
    }

    /// Whether the fact may be relied on without a warning.
    #[must_use]
    pub const fn is_firm(self) -> bool {
        matches!(self, Self::TwoSources)
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text is none of the words for a [`Confidence`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a confidence; use two sources, one source, inferred or unverified")]
pub struct UnknownConfidence(pub String);

impl FromStr for Confidence {
    type Err = UnknownConfidence;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|confidence| confidence.as_str() == text)
            .ok_or_else(|| UnknownConfidence(text.to_owned()))
    }
}
