//! From the neutral problems and errors to Terraform's diagnostics.

use crate::nodepool::problem::{Path, Problem, Step};
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
            let (summary, detail) = (problem.summary.clone(), named(problem));
            let diagnostic = match problem.severity {
                Severity::Error => Diagnostic::error(summary, detail),
                Severity::Warning => Diagnostic::warning(summary, detail),
            };
            diagnostic.at(path(&problem.path))
        })
        .collect()
}

/// The detail, with the attribute's name where nothing else tells it: of an attribute inside another, Terraform quotes
/// the resource's first line only.
fn named(problem: &Problem) -> String {
    let inside = problem.path.0.iter().filter(|step| matches!(step, Step::Attribute(_))).count() > 1;
    let named = problem.path.0.last().is_none_or(|step| match step {
        Step::Attribute(name) | Step::Key(name) => {
            problem.summary.contains(name.as_str()) || problem.detail.contains(name.as_str())
        }
    });
    if inside && !named {
        format!("{} This is about {}.", problem.detail, problem.path)
    } else {
        problem.detail.clone()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_inside_another_is_named_once() {
        let detail = |path: &str, detail: &str| {
            let mut problems = Problems::default();
            problems.error(path, "Azure takes no price of 0", detail);
            named(&problems.0[0])
        };
        let mend = "Write a price above 0.";
        assert_eq!(
            detail("aks.spot_max_price", mend),
            "Write a price above 0. This is about aks.spot_max_price."
        );
        assert_eq!(detail("spot_max_price", mend), mend, "Terraform quotes its line");
        let told = "Write a spot_max_price above 0.";
        assert_eq!(detail("aks.spot_max_price", told), told);
    }
}
