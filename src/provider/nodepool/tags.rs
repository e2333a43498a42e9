//! Tags on clouds that take two keys for one when only their case differs, and show a key in a case of their own.
//!
//! A key counts in the spelling that the configuration, and with it the plan, has.

use std::collections::BTreeMap;

use crate::nodepool::CloudRules;
use crate::tfplugin::{Plan, Value};

use super::planning::put;

/// Whether a cloud takes these two keys for one.
pub(super) fn same_key(rules: &dyn CloudRules, one: &str, other: &str) -> bool {
    one == other || rules.tag_keys_ignore_case() && one.eq_ignore_ascii_case(other)
}

/// Whether a cloud takes these two maps of tags for one.
pub(super) fn same(rules: &dyn CloudRules, one: &Value, other: &Value) -> bool {
    let (Some(one), Some(other)) = (one.as_map(), other.as_map()) else { return one == other };
    one.len() == other.len()
        && one.iter().all(|(key, value)| {
            other.iter().any(|(found, theirs)| same_key(rules, key, found) && value == theirs)
        })
}

/// The entries of both maps; where both have a key, the second one's.
pub(super) fn joined(
    first: &Value,
    second: &Value,
    same: impl Fn(&str, &str) -> bool,
) -> BTreeMap<String, Value> {
    let mut joined = second.as_map().cloned().unwrap_or_default();
    for (key, value) in first.as_map().into_iter().flatten() {
        if !joined.keys().any(|found| same(found, key)) {
            joined.insert(key.clone(), value.clone());
        }
    }
    joined
}

/// Another spelling of the same keys is no change.
pub(super) fn plan(plan: &mut Plan<'_>, rules: &dyn CloudRules) {
    let Some(kept) = plan.prior.map(|prior| prior.lookup("tags")) else { return };
    if plan.changed("tags") && same(rules, kept, plan.get("tags")) {
        put(plan, "tags", kept.clone());
    }
}
