//! What is wrong with a configuration, and where.

use std::fmt;

/// One step of a path to an attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// An attribute of an object.
    Attribute(String),
    /// An element of a map.
    Key(String),
}

/// The way to an attribute from the root of the resource: `gke.reservation.type`, `labels["team"]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// The path of a dotted name, such as `gke.driver_version`.
    pub fn of(dotted: &str) -> Self {
        Path(dotted.split('.').map(|name| Step::Attribute(name.to_owned())).collect())
    }

    /// This path, one map element further.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.0.push(Step::Key(key.to_owned()));
        self
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Attribute(name) if position == 0 => f.write_str(name)?,
                Step::Attribute(name) => write!(f, ".{name}")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
            }
        }
        Ok(())
    }
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The plan cannot go on.
    Error,
    /// The user should know before applying.
    Warning,
}

/// One thing wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Whether it stops the plan.
    pub severity: Severity,
    /// The attribute it is about; empty when it is about the whole resource.
    pub path: Path,
    /// What is wrong, in one line without a full stop.
    pub summary: String,
    /// Why it is wrong and how to mend it, in full sentences.
    pub detail: String,
}

/// The problems found so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Adds an error about the attribute at a dotted path.
    pub fn error(&mut self, path: &str, summary: impl Into<String>, detail: impl Into<String>) {
        self.push(Severity::Error, Path::of(path), summary, detail);
    }

    /// Adds a warning about the attribute at a dotted path.
    pub fn warning(&mut self, path: &str, summary: impl Into<String>, detail: impl Into<String>) {
        self.push(Severity::Warning, Path::of(path), summary, detail);
    }

    /// Adds a problem.
    pub fn push(
        &mut self,
        severity: Severity,
        path: Path,
        summary: impl Into<String>,
        detail: impl Into<String>,
    ) {
        self.0.push(Problem { severity, path, summary: summary.into(), detail: detail.into() });
    }

    /// Whether one of them stops the plan.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|problem| problem.severity == Severity::Error)
    }
}
