//! The host's own rules, applied to our answers before the host applies them.
//!
//! A host says "the provider produced an invalid plan" and leaves the user alone with it. Here the rule that was
//! broken is named together with the attribute. What costs time is done in tests and debug builds only: a provider
//! that breaks a rule does so every time, so its tests see it.

use super::catalog::{Catalog, ResourceKind};
use super::wire;
use crate::tfplugin::diag::{Diagnostic, Diagnostics};
use crate::tfplugin::path::AttributePath;

use crate::tfplugin::value::Value;

/// The value, if nothing in it is unknown, and otherwise the value with null for what is, and an error. The host
/// would do the same, and say less.
pub(super) fn wholly_known(value: Value, what: &str, diagnostics: &mut Diagnostics) -> Value {
    if value.is_wholly_known() {
        return value;
    }
    diagnostics.extend(wire::bug(what, "still has unknown parts", AttributePath::ROOT));
    value.null_unknowns()
}

/// Are the schemas themselves sound?
pub(super) fn schemas(catalog: &Catalog) -> Result<(), Diagnostics> {
    if !cfg!(debug_assertions) {
        return Ok(());
    }
    let provider = [("provider", catalog.shape())].into_iter();
    let resources = catalog.resources().iter().map(|(name, kind)| (name.as_str(), kind.shape()));
    let data_sources = catalog.data_sources().iter().map(|(name, kind)| (name.as_str(), kind.shape()));
    let mut diagnostics = Diagnostics::new();
    for (name, shape) in provider.chain(resources).chain(data_sources) {
        for problem in shape.schema.problems() {
            diagnostics.extend(wire::bug(&format!("the schema of {name}"), &problem, AttributePath::ROOT));
        }
    }
    diagnostics.or(())
}
pub(super) fn applied(_kind: &ResourceKind, _planned: &Value, _state: &Value, _d: &mut Diagnostics) {}
