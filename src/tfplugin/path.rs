//! Where in a value something is: `slices.total`, `labels["a"]`, `taints[0].key`.

use std::fmt;

/// One step from a value into a part of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// An attribute of an object, or a block.
    Attribute(String),
    /// An element of a map.
    Key(String),
    /// An element of a list or tuple, from 0. Elements of sets have no index: a path ends at the set.
    Index(i64),
}

/// A path from the root of a resource, provider or data source configuration to one of its parts.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributePath {
    steps: Vec<Step>,
}

impl AttributePath {
    /// The root itself: the path of no steps.
    pub const ROOT: AttributePath = AttributePath { steps: Vec::new() };

    /// The path that follows these steps.
    pub fn new(steps: Vec<Step>) -> AttributePath {
        AttributePath { steps }
    }

    /// Reads a dotted path of attribute names, for example `slices.total`. The empty text is the root.
    ///
    /// Meant for paths written in code: it knows neither map keys nor indices, use [`AttributePath::key`] and
    /// [`AttributePath::index`] for those.
    pub fn parse(dotted: &str) -> AttributePath {
        AttributePath {
            steps: dotted
                .split('.')
                .filter(|name| !name.is_empty())
                .map(|name| Step::Attribute(name.to_owned()))
                .collect(),
        }
    }

    /// This path and then an attribute.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>) -> AttributePath {
        self.steps.push(Step::Attribute(name.into()));
        self
    }

    /// This path and then an element of a map.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> AttributePath {
        self.steps.push(Step::Key(key.into()));
        self
    }

    /// This path and then an element of a list or tuple.
    #[must_use]
    pub fn index(mut self, index: usize) -> AttributePath {
        self.steps.push(Step::Index(i64::try_from(index).unwrap_or(i64::MAX)));
        self
    }

    /// The steps, from the root.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.steps.is_empty()
    }

    /// The path without its last step; `None` at the root.
    pub fn parent(&self) -> Option<AttributePath> {
        let (_, rest) = self.steps.split_last()?;
        Some(AttributePath { steps: rest.to_vec() })
    }

    /// Whether `self` is `other` or leads to it.
    pub fn is_prefix_of(&self, other: &AttributePath) -> bool {
        other.steps.starts_with(&self.steps)
    }
}

impl From<&str> for AttributePath {
    /// As [`AttributePath::parse`].
    fn from(dotted: &str) -> AttributePath {
        AttributePath::parse(dotted)
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.steps.iter().enumerate() {
            match step {
                Step::Attribute(name) if position == 0 => f.write_str(name)?,
                Step::Attribute(name) => write!(f, ".{name}")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_hcl_does() {
        let path = AttributePath::parse("gke.metadata").key("a b").index(2).attribute("x");
        assert_eq!(path.to_string(), "gke.metadata[\"a b\"][2].x");
        assert_eq!(AttributePath::ROOT.to_string(), "");
    }

    #[test]
    fn dotted_text_round_trips() {
        let path = AttributePath::parse("slices.total");
        assert_eq!(path.to_string(), "slices.total");
        assert_eq!(path.parent(), Some(AttributePath::parse("slices")));
        assert_eq!(AttributePath::parse(""), AttributePath::ROOT);
        assert_eq!(AttributePath::ROOT.parent(), None);
    }

    #[test]
    fn prefixes_count_steps_not_letters() {
        let slices = AttributePath::parse("slices");
        assert!(slices.is_prefix_of(&AttributePath::parse("slices.total")));
        assert!(slices.is_prefix_of(&slices));
        assert!(!slices.is_prefix_of(&AttributePath::parse("slices_total")));
    }
}
