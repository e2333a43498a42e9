//! Rules between attributes.

use std::fmt;
use std::sync::Arc;

use crate::tfplugin::diag::{Diagnostic, Diagnostics};
use crate::tfplugin::path::AttributePath;
use crate::tfplugin::value::Value;

type Check = dyn Fn(&Value, &mut Diagnostics) + Send + Sync;

/// A rule between attributes of one configuration.
#[derive(Clone)]
pub struct Rule {
    description: String,
    check: Arc<Check>,
}

/// How many of some attributes are configured, as far as it is known.
struct Count {
    given: Vec<AttributePath>,
    /// Attributes whose value is unknown: they may turn out null.
    open: usize,
}

impl Rule {
    /// A rule of its own, over the whole configuration, parts of which may be unknown.
    pub fn new(
        description: impl Into<String>,
        check: impl Fn(&Value, &mut Diagnostics) + Send + Sync + 'static,
    ) -> Rule {
        Rule { description: description.into(), check: Arc::new(check) }
    }

    /// None of these attributes is configured together with another of them.
    pub fn at_most_one_of(paths: &[&str]) -> Rule {
        let (paths, listed) = read(paths);
        Rule::new(format!("at most one of {listed}"), move |config, diagnostics| {
            let count = Count::of(&paths, config);
            too_many(&count, &listed, "at most one", diagnostics);
        })
    }

    /// The same as [`Rule::at_most_one_of`] for two: the first conflicts with the second.
    pub fn conflicts(first: &str, second: &str) -> Rule {
        Rule::at_most_one_of(&[first, second])
    }

    /// Exactly one of these attributes is configured.
    pub fn exactly_one_of(paths: &[&str]) -> Rule {
        let (paths, listed) = read(paths);
        Rule::new(format!("exactly one of {listed}"), move |config, diagnostics| {
            let count = Count::of(&paths, config);
            too_many(&count, &listed, "exactly one", diagnostics);
            too_few(&count, &listed, "one", &paths, diagnostics);
        })
    }

    /// At least one of these attributes is configured.
    pub fn at_least_one_of(paths: &[&str]) -> Rule {
        let (paths, listed) = read(paths);
        Rule::new(format!("at least one of {listed}"), move |config, diagnostics| {
            too_few(&Count::of(&paths, config), &listed, "at least one", &paths, diagnostics);
        })
    }

    /// These attributes are configured all together, or none of them is.
    pub fn required_together(paths: &[&str]) -> Rule {
        let (paths, listed) = read(paths);
        Rule::new(format!("all or none of {listed}"), move |config, diagnostics| {
            let count = Count::of(&paths, config);
            if let Some(given) = count.given.first()
                && count.given.len() + count.open < paths.len()
            {
                diagnostics.push(
                    Diagnostic::error(
                        "Arguments that belong together",
                        format!("{listed} must be given together. Give them all, or none of them."),
                    )
                    .at(given.clone()),
                );
            }
        })
    }

    /// What the rule asks for.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Applies the rule to a configuration.
    pub fn check(&self, config: &Value, diagnostics: &mut Diagnostics) {
        (self.check)(config, diagnostics);
    }
}

fn read(paths: &[&str]) -> (Vec<AttributePath>, String) {
    (paths.iter().map(|path| AttributePath::parse(path)).collect(), paths.join(", "))
}

impl Count {
    fn of(paths: &[AttributePath], config: &Value) -> Count {
        let mut count = Count { given: Vec::new(), open: 0 };
        for path in paths {
            let value = config.part(path);
            if value.is_unknown() && !value.refinements().is_some_and(|known| known.not_null) {
                count.open += 1;
            } else if !value.is_null() {
                count.given.push(path.clone());
            }
        }
        count
    }
}

fn too_many(count: &Count, listed: &str, wanted: &str, diagnostics: &mut Diagnostics) {
    if let [.., _, last] = count.given.as_slice() {
        let given = count.given.iter().map(AttributePath::to_string).collect::<Vec<_>>().join(" and ");
        let detail = format!("{given} are given, but {wanted} of {listed} may be. Remove all but one.");
        diagnostics.push(Diagnostic::error("Conflicting arguments", detail).at(last.clone()));
    }
}

fn too_few(
    count: &Count,
    listed: &str,
    wanted: &str,
    paths: &[AttributePath],
    diagnostics: &mut Diagnostics,
) {
    if count.given.is_empty() && count.open == 0 {
        let detail = format!("None of {listed} is given, but {wanted} must be.");
        let common = paths.first().and_then(AttributePath::parent).unwrap_or_default();
        diagnostics.push(Diagnostic::error("Missing argument", detail).at(common));
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule({})", self.description)
    }
}
