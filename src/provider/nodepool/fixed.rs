//! Changes of what nodes are made with, on a pool that cannot be told them: one that was imported, and made in another
//! way than the provider makes pools.

use crate::cloud;
use crate::nodepool::Problems;
use crate::tfplugin::Plan;

use super::{clouds, from_value, rolling};

/// Plans a new pool where only that helps, and refuses what is somebody else's to change.
pub(super) fn plan(plan: &mut Plan<'_>, problems: &mut Problems) {
    let Some(prior) = plan.prior else { return };
    let Some(ground) = clouds::ground(prior) else { return };
    let mut unread = Problems::default(); // it is the state, which the provider has written
    let options = from_value::config(prior, &mut unread).options;
    let rules = cloud::rules(ground.cloud());
    let fixed = options.known().and_then(|options| rules.fixed_nodes(options));
    let Some(fixed) = fixed else { return };
    // A pool that is made anew is made in the provider's way.
    if !plan.requires_replace.is_empty() {
        return;
    }
    let mut due = rolling::due(plan, ground);
    due.retain(|path| !fixed.besides.contains(&path.as_str()) && !is_named_anew(plan, path));
    if fixed.instead.is_some() {
        // What is not known yet may turn out to be as it was.
        due.retain(|path| plan.get(path).is_wholly_known());
    }
    let Some(first) = due.first().cloned() else { return };
    let (verb, pronoun) = if due.len() == 1 { ("needs", "it") } else { ("need", "them") };
    let changed = due.join(", ");
    match fixed.instead {
        Some(instead) => problems.error(
            &first,
            format!("{changed} cannot be changed on this pool"),
            format!("{} {instead}", fixed.why),
        ),
        None => {
            for path in &due {
                plan.replace_because_of(path);
            }
            problems.warning(
                &first,
                format!("{changed} {verb} a new pool"),
                format!(
                    "{} The pool is destroyed, and made anew with {pronoun}. With name_prefix and \
                     create_before_destroy the new one comes first.",
                    fixed.why
                ),
            );
        }
    }
}

/// Whether a configuration says by an id which version of something of the user's own is to be used.
fn is_named_anew(plan: &Plan<'_>, path: &str) -> bool {
    let own = path.strip_suffix(".version").unwrap_or(path);
    !plan.config.lookup(&format!("{own}.id")).is_null()
}
