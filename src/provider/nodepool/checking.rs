//! The look at a pool's slices when it is ready: when it is due, and what a user reads of it.
//!
//! It never fails and never taints a pool: what it sees is a number in the state, or a warning.

use std::time::Duration;

use crate::duration::GoDuration;
use crate::nodepool::{Change, Problems};
use crate::slicing::Cloud;
use crate::tfplugin::{Action, Plan, Value};

use super::planning::{paths_of, put};
use super::{Kind, from_value};

/// The word for a look that warns.
pub(super) const WARN: &str = "warn";

/// The word for none.
const OFF: &str = "off";

/// How long slices are waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// The same where the machine restarts before they are there.
pub(super) const PATIENCE_WITH_RESTART: Duration = Duration::from_secs(25 * 60);

/// Where the number goes.
const SEEN: &str = "allocatable_slices";

/// What changes the number of nodes.
const SIZE: [&str; 3] = ["node_count", "autoscaling", "zones"];

/// What follows from how GPUs are cut, shared and announced.
const ANNOUNCED: [&str; 4] =
    ["slices.per_node", "slices.resource_name", "config_key", "device_plugin.manage_config"];

/// Judges the two attributes.
pub(super) fn validate(config: &Value, problems: &mut Problems) {
    let words = [WARN, OFF];
    if let Some(word) = config.lookup("slice_check").as_str().filter(|word| !words.contains(word)) {
        from_value::not_one_of("slice_check", word, &words, problems);
    }
    match config.lookup("slice_check_timeout").as_str().map(str::parse::<GoDuration>) {
        Some(Err(error)) => {
            problems.error("slice_check_timeout", "This is no duration", format!("{error}."));
        }
        Some(Ok(GoDuration(Duration::ZERO))) => problems.error(
            "slice_check_timeout",
            "slice_check_timeout is no time at all",
            "Give the slices some time, such as \"15m\". To leave the look out, set slice_check = \"off\".",
        ),
        _ => {}
    }
}

/// The number is unknown exactly when the apply will look; else what was seen stays.
pub(super) fn plan(plan: &mut Plan<'_>, kind: Kind) {
    let looks = match plan.get("slice_check") {
        Value::Unknown(_) => true,
        word => word.as_str() != Some(OFF),
    };
    let kept = plan.prior.map_or(&Value::Null, |prior| prior.lookup(SEEN)).clone();
    let planned = if looks && is_due(plan, kind) { Value::UNKNOWN } else { kept };
    put(plan, SEEN, planned);
}

/// Whether anything changes that decides what nodes offer, or the pool was never ready.
fn is_due(plan: &Plan<'_>, kind: Kind) -> bool {
    match plan.action() {
        Action::Create | Action::Replace => return true,
        Action::NoOp => return false,
        Action::Update => {}
    }
    let cloud: Option<Cloud> =
        plan.prior.and_then(|prior| prior.lookup("cloud").as_str()).and_then(|cloud| cloud.parse().ok());
    // New nodes have a driver of their own, and are cut anew.
    let rolls = cloud.map(|cloud| paths_of(cloud, Change::Rolls)).unwrap_or_default();
    plan.get("status").is_unknown()
        || [kind.slicing(), &SIZE, &ANNOUNCED].concat().iter().any(|path| plan.changed(path))
        || rolls.iter().any(|path| plan.changed(path))
}
