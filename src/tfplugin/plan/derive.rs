//! Derived values in a plan.

use super::super::derived::Derived;
use super::super::value::Value;

/// Puts every derived value into the planned state, in the declared order. What the configuration gives stays.
pub(super) fn derive(derived: &[Derived], config: &Value, prior: Option<&Value>, planned: &mut Value) {
    for one in derived {
        if !config.part(&one.path).is_null() {
            continue;
        }
        let kept = prior.filter(|_| one.sticky).and_then(|prior| kept(one, prior, planned)).cloned();
        let value = kept.unwrap_or_else(|| one.planned(config, prior, planned));
        put(planned, one, value);
    }
}

/// The prior value, when there is one and no input differs from the state.
fn kept<'a>(derived: &Derived, prior: &'a Value, planned: &Value) -> Option<&'a Value> {
    let value = prior.at(&derived.path)?;
    let unchanged = derived.inputs.iter().all(|input| prior.part(input) == planned.part(input));
    unchanged.then_some(value)
}

pub(super) fn put(state: &mut Value, derived: &Derived, value: Value) {
    // Where the enclosing object is null or wholly unknown, there is no place for the value, and none is needed:
    // null has no parts, and what is unknown may turn out to have any.
    let _no_place = state.set_at(&derived.path, value);
}
