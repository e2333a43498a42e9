//! The host's own rules, applied to our answers before the host applies them.
//!
//! A host says "the provider produced an invalid plan" and leaves the user alone with it. Here the rule that was
//! broken is named together with the attribute. What costs time is done in tests and debug builds only: a provider
//! that breaks a rule does so every time, so its tests see it.

use super::catalog::{Catalog, Shape};
use super::wire;
use crate::tfplugin::diag::Diagnostics;
use crate::tfplugin::path::AttributePath;
use crate::tfplugin::plan::Planned;
use crate::tfplugin::self_check;

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

/// Is the plan one that the configuration allows?
pub(super) fn planned(shape: &Shape, config: &Value, prior: &Value, planned: &mut Planned) {
    if cfg!(debug_assertions) {
        let Planned { state, requires_replace, diagnostics, .. } = planned;
        diagnostics.extend(self_check::check_plan(&shape.schema, config, prior, state, requires_replace));
    }
}

/// Does the new state keep what the plan promised?
pub(super) fn applied(shape: &Shape, planned: &Value, new_state: &Value, diagnostics: &mut Diagnostics) {
    if cfg!(debug_assertions) {
        diagnostics.extend(self_check::check_apply(&shape.schema, planned, new_state));
    }
}
