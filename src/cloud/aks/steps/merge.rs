//! What is ours among labels, tags and taints, which AKS only takes as a whole: the keys that the prior or the wanted
//! pool has. All others are somebody else's, and stay.
//!
//! Each function gives the whole that is to be sent, or `None` where it is there already.

use std::collections::BTreeMap;

use super::parts;
use crate::nodepool::spec::Taint;

type Pairs = BTreeMap<String, String>;

/// Labels. AKS's own go back with the foreign ones.
pub(super) fn labels(live: Option<&Pairs>, prior: &Pairs, wanted: &Pairs) -> Option<Pairs> {
    if prior == wanted {
        return None;
    }
    let there = live.cloned().unwrap_or_default();
    let foreign = there.iter().filter(|(key, _)| !prior.contains_key(*key));
    let merged: Pairs = foreign.chain(wanted).map(|(key, value)| (key.clone(), value.clone())).collect();
    (merged != there).then_some(merged)
}

/// Tags. Azure takes two keys for one when they differ in case only, and may show another case than it was sent.
pub(super) fn tags(live: Option<&Pairs>, prior: &Pairs, wanted: &Pairs) -> Option<Pairs> {
    if prior == wanted {
        return None;
    }
    let there = live.cloned().unwrap_or_default();
    let folded = |pairs: &Pairs| -> Pairs {
        pairs.iter().map(|(key, value)| (key.to_lowercase(), value.clone())).collect()
    };
    let (ours, wanted_folded) = (folded(prior), folded(wanted));
    let is_foreign = |key: &str| {
        let key = key.to_lowercase();
        !ours.contains_key(&key) && !wanted_folded.contains_key(&key)
    };
    let foreign = there.iter().filter(|(key, _)| is_foreign(key));
    let merged: Pairs = foreign.chain(wanted).map(|(key, value)| (key.clone(), value.clone())).collect();
    (folded(&merged) != folded(&there)).then_some(merged)
}

/// Taints, as AKS writes them. One that cannot be read is foreign.
pub(super) fn taints(live: &[String], prior: &[Taint], wanted: &[Taint]) -> Option<Vec<String>> {
    if prior == wanted {
        return None;
    }
    let is_ours = |text: &str| {
        let found = parts::from_taint(text);
        found.is_some_and(|found| {
            prior.iter().chain(wanted).any(|taint| taint.key == found.key && taint.effect == found.effect)
        })
    };
    let mut merged: Vec<String> = live.iter().filter(|text| !is_ours(text)).cloned().collect();
    merged.extend(wanted.iter().map(|taint| {
        let there = live.iter().find(|text| parts::from_taint(text).as_ref() == Some(taint));
        there.cloned().unwrap_or_else(|| parts::taint(taint))
    }));
    let unchanged = merged.len() == live.len() && merged.iter().all(|text| live.contains(text));
    (!unchanged).then_some(merged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Pairs {
        text.split_whitespace()
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    }

    #[test]
    fn foreign_labels_stay_and_ours_follow() {
        let live = pairs("kubernetes.azure.com/x=1 team=ml theirs=2");
        let merged = labels(Some(&live), &pairs("team=ml"), &pairs("stage=prod")).unwrap();
        assert_eq!(merged, pairs("kubernetes.azure.com/x=1 stage=prod theirs=2"));
        assert_eq!(labels(Some(&live), &pairs("team=ml"), &pairs("team=ml")), None);
        assert_eq!(labels(Some(&live), &pairs("gone=x"), &pairs("team=ml")), None, "it is there already");
        assert_eq!(labels(Some(&pairs("a=1")), &pairs("a=1"), &pairs("")), Some(pairs("")));
        assert_eq!(labels(None, &pairs(""), &pairs("a=1")), Some(pairs("a=1")));
    }

    #[test]
    fn tags_are_ours_in_any_case() {
        let live = pairs("COST=research policy=x");
        assert_eq!(tags(Some(&live), &pairs("cost=other"), &pairs("cost=research")), None);
        let merged = tags(Some(&live), &pairs("Cost=research"), &pairs("Cost=sales")).unwrap();
        assert_eq!(merged, pairs("Cost=sales policy=x"));
        assert_eq!(tags(Some(&live), &pairs("cost=research"), &pairs("")), Some(pairs("policy=x")));
    }

    #[test]
    fn foreign_taints_stay_even_unread() {
        let live =
            ["a=1:NoSchedule", "kubernetes.azure.com/scalesetpriority=spot:NoSchedule", "new=x:Someday"]
                .map(ToOwned::to_owned);
        let of = |text: &str| parts::from_taint(text).unwrap();
        let merged =
            taints(&live, &[of("a=1:NoSchedule")], &[of("a=2:NoSchedule"), of("b:NoExecute")]).unwrap();
        assert_eq!(
            merged,
            [
                "kubernetes.azure.com/scalesetpriority=spot:NoSchedule",
                "new=x:Someday",
                "a=2:NoSchedule",
                "b=:NoExecute",
            ]
        );
        let [first, ..] = &live;
        assert_eq!(taints(&live, &[], &[of(first)]), None, "it is there already");
    }
}
