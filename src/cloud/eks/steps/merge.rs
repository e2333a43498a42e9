//! What is ours among labels, taints and tags: the keys that the prior or the wanted pool has. All others are somebody
//! else's, and stay.
//!
//! Each function gives what is to be added, changed or taken away, or `None` where everything is there already.

use std::collections::BTreeMap;

use super::super::{parts, wire};
use crate::nodepool::spec::Taint;

type Pairs = BTreeMap<String, String>;

/// The pairs to write, and the keys to take away.
pub(super) fn tags(live: &Pairs, prior: &Pairs, wanted: &Pairs) -> Option<(Pairs, Vec<String>)> {
    if prior == wanted {
        return None;
    }
    let missing = wanted.iter().filter(|(key, value)| live.get(*key) != Some(value));
    let set: Pairs = missing.map(|(key, value)| (key.clone(), value.clone())).collect();
    let removed: Vec<String> =
        prior.keys().filter(|key| !wanted.contains_key(*key) && live.contains_key(*key)).cloned().collect();
    (!set.is_empty() || !removed.is_empty()).then_some((set, removed))
}

/// Labels.
pub(super) fn labels(live: &Pairs, prior: &Pairs, wanted: &Pairs) -> Option<wire::LabelsChange> {
    let (add_or_update_labels, remove_labels) = tags(live, prior, wanted)?;
    Some(wire::LabelsChange { add_or_update_labels, remove_labels })
}

/// Taints, which are one when key and effect are the same. One that goes is named as it is there.
pub(super) fn taints(live: &[wire::Taint], prior: &[Taint], wanted: &[Taint]) -> Option<wire::TaintsChange> {
    if prior == wanted {
        return None;
    }
    let same = |one: &wire::Taint, other: &wire::Taint| one.key == other.key && one.effect == other.effect;
    let prior: Vec<wire::Taint> = prior.iter().map(parts::taint).collect();
    let wanted: Vec<wire::Taint> = wanted.iter().map(parts::taint).collect();
    let gone = |taint: &&wire::Taint| {
        prior.iter().any(|ours| same(ours, taint)) && !wanted.iter().any(|kept| same(kept, taint))
    };
    let change = wire::TaintsChange {
        remove_taints: live.iter().filter(gone).cloned().collect(),
        add_or_update_taints: wanted.iter().filter(|taint| !live.contains(taint)).cloned().collect(),
    };
    (change != wire::TaintsChange::default()).then_some(change)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::eks::testing::map;
    use crate::nodepool::spec::TaintEffect;

    #[test]
    fn foreign_pairs_stay_and_ours_follow() {
        let live = map(&[("team", "ml"), ("theirs", "2"), ("kept", "x")]);
        let change =
            labels(&live, &map(&[("team", "ml"), ("kept", "x")]), &map(&[("stage", "prod"), ("kept", "x")]));
        let expected = wire::LabelsChange {
            add_or_update_labels: map(&[("stage", "prod")]),
            remove_labels: vec!["team".to_owned()],
        };
        assert_eq!(change, Some(expected));
        assert_eq!(
            labels(&live, &map(&[("gone", "x")]), &map(&[("team", "ml")])),
            None,
            "it is there already"
        );
        assert_eq!(labels(&live, &map(&[("a", "1")]), &map(&[("a", "1")])), None, "nobody asked");
        let taken_over = tags(&live, &map(&[]), &map(&[("theirs", "3")])).unwrap();
        assert_eq!(taken_over, (map(&[("theirs", "3")]), Vec::new()), "what is wanted is ours");
    }

    #[test]
    fn a_taint_that_goes_is_named_as_it_is_there() {
        let of = |key: &str, value: &str, effect| Taint { key: key.into(), value: value.into(), effect };
        let shown = |key: &str, value: &str, effect: &str| wire::Taint {
            key: key.into(),
            value: value.into(),
            effect: effect.into(),
        };
        let live = [
            shown("team", "edited", "NO_SCHEDULE"),
            shown("theirs", "x", "NO_EXECUTE"),
            shown("stage", "prod", "NO_SCHEDULE"),
        ];
        let prior = [of("stage", "prod", TaintEffect::NoSchedule), of("team", "ml", TaintEffect::NoSchedule)];
        let wanted =
            [of("stage", "test", TaintEffect::NoSchedule), of("new", "", TaintEffect::PreferNoSchedule)];
        let change = taints(&live, &prior, &wanted).unwrap();
        assert_eq!(change.remove_taints, [shown("team", "edited", "NO_SCHEDULE")]);
        assert_eq!(
            change.add_or_update_taints,
            [shown("stage", "test", "NO_SCHEDULE"), shown("new", "", "PREFER_NO_SCHEDULE")]
        );
        assert_eq!(taints(&live, &prior, &prior), None);
    }
}
