//! From the neutral problems and errors to Terraform's diagnostics.

use crate::nodepool::problem::{Path, Step};
use crate::nodepool::{PoolError, Problems, Severity};
use crate::tfplugin::{AttributePath, Diagnostic, Diagnostics};

/// All problems; warnings only when `with_warnings`.
pub(super) fn of_problems(problems: &Problems, with_warnings: bool) -> Diagnostics {
    let wanted = |severity: Severity| severity == Severity::Error || with_warnings;
    problems
        .0
        .iter()
        .filter(|problem| wanted(problem.severity))
        .map(|problem| {
            let diagnostic = match problem.severity {
                Severity::Error => Diagnostic::error(problem.summary.clone(), problem.detail.clone()),
                Severity::Warning => Diagnostic::warning(problem.summary.clone(), problem.detail.clone()),
            };
            diagnostic.at(path(&problem.path))
        })
        .collect()
}

/// An error of a cloud.
pub(super) fn of_error(error: &PoolError) -> Diagnostics {
    let diagnostics = Diagnostics::error(error.summary.clone(), error.detail.clone());
    match &error.attribute {
        Some(attribute) => diagnostics.at(path(attribute)),
        None => diagnostics,
    }
}

fn path(path: &Path) -> AttributePath {
    path.0.iter().fold(AttributePath::ROOT, |path, step| match step {
        Step::Attribute(name) => path.attribute(name.as_str()),
        Step::Key(key) => path.key(key.as_str()),
    })
}
