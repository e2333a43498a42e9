//! What the user is told: errors and warnings, each with the attribute it is about.

use std::fmt;

use super::path::AttributePath;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Told, and the operation goes on.
    Warning,
    /// The operation failed.
    Error,
}

/// One message to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// One line: what is wrong.
    pub summary: String,
    /// Why, and how to mend it. Blank lines separate paragraphs; indented lines are not wrapped by Terraform.
    pub detail: String,
    /// The attribute it is about; Terraform then shows that line of the configuration.
    pub path: Option<AttributePath>,
}

impl Diagnostic {
    /// An error about nothing in particular; see [`Diagnostic::at`].
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Error, summary: summary.into(), detail: detail.into(), path: None }
    }

    /// A warning about nothing in particular; see [`Diagnostic::at`].
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(summary, detail) }
    }

    /// The same message, about the attribute at `path`. The root counts as no attribute.
    #[must_use]
    pub fn at(mut self, path: impl Into<AttributePath>) -> Diagnostic {
        self.path = Some(path.into()).filter(|path| !path.is_root());
        self
    }

    /// Whether this is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = if self.is_error() { "error" } else { "warning" };
        write!(f, "{severity}: {}", self.summary)?;
        if let Some(path) = &self.path {
            write!(f, " (at {path})")?;
        }
        if self.detail.is_empty() { Ok(()) } else { write!(f, "\n{}", self.detail) }
    }
}

/// A list of messages, in the order in which they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// No message yet.
    pub fn new() -> Diagnostics {
        Diagnostics::default()
    }

    /// Just this error; `at` and more messages can follow.
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Diagnostics {
        Diagnostics::from(Diagnostic::error(summary, detail))
    }

    /// Just this warning.
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Diagnostics {
        Diagnostics::from(Diagnostic::warning(summary, detail))
    }

    /// The same messages; the last one is about the attribute at `path`.
    #[must_use]
    pub fn at(mut self, path: impl Into<AttributePath>) -> Diagnostics {
        if let Some(last) = self.list.pop() {
            self.list.push(last.at(path));
        }
        self
    }

    /// Adds a message.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// Whether any message is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(Diagnostic::is_error)
    }

    /// Whether there is no message at all.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many messages there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The messages in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// `Ok(value)` when there is no error, else the messages. Warnings alone are dropped with `Ok`: keep a copy
    /// where they must reach the user.
    ///
    /// # Errors
    /// The messages themselves, when one of them is an error.
    pub fn or<T>(self, value: T) -> Result<T, Diagnostics> {
        if self.has_errors() { Err(self) } else { Ok(value) }
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Diagnostics {
        Diagnostics { list: vec![diagnostic] }
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(list: I) -> Diagnostics {
        Diagnostics { list: list.into_iter().collect() }
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, list: I) {
        self.list.extend(list);
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.list.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_are_errors() {
        let mut diagnostics = Diagnostics::warning("careful", "");
        assert!(!diagnostics.has_errors());
        assert_eq!(diagnostics.clone().or(1), Ok(1));
        diagnostics.extend(Diagnostics::error("broken", "because").at("name"));
        assert!(diagnostics.has_errors());
        assert_eq!(diagnostics.len(), 2);
        assert_eq!(diagnostics.clone().or(1), Err(diagnostics));
    }

    #[test]
    fn prints_the_path_and_the_detail() {
        let diagnostic = Diagnostic::error("broken", "because").at("slices.total");
        assert_eq!(diagnostic.to_string(), "error: broken (at slices.total)\nbecause");
        assert_eq!(
            Diagnostic::warning("careful", "").at(AttributePath::ROOT).to_string(),
            "warning: careful"
        );
    }
}
