//! How an attribute is planned.

use std::fmt;
use std::sync::Arc;

use crate::tfplugin::path::AttributePath;
use crate::tfplugin::value::Value;

/// A change of one attribute, as `requires_replace_if` sees it.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// The attribute.
    pub path: &'a AttributePath,
    /// Its value in the state.
    pub prior: &'a Value,
    /// Its planned value; it differs from the prior one, and may be unknown.
    pub planned: &'a Value,
    /// The whole configuration.
    pub config_root: &'a Value,
    /// The whole state.
    pub prior_root: &'a Value,
    /// The whole planned state.
    pub planned_root: &'a Value,
}

/// When a change needs a new object.
#[derive(Clone)]
pub enum Replace {
    /// Always.
    Always,
    /// When the function says so.
    If(Arc<dyn Fn(&Change<'_>) -> bool + Send + Sync>),
}

impl Replace {
    /// Whether this change needs a new object.
    pub fn is_needed_for(&self, change: &Change<'_>) -> bool {
        match self {
            Replace::Always => true,
            Replace::If(decide) => decide(change),
        }
    }
}

impl fmt::Debug for Replace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Replace::Always => "Always",
            Replace::If(_) => "If(..)",
        })
    }
}

/// Which values are spellings of one value.
#[derive(Clone)]
pub struct Equivalence(pub(super) Arc<Same>);

type Same = dyn Fn(&Value, &Value) -> bool + Send + Sync;

impl Equivalence {
    /// Whether the configured value is a spelling of the prior one. Both are known and not null.
    pub fn holds(&self, prior: &Value, configured: &Value) -> bool {
        (self.0)(prior, configured)
    }
}

impl fmt::Debug for Equivalence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Equivalence(..)")
    }
}
