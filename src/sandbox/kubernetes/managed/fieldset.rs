//! Sets of field paths, as `managedFields` keeps them.
//!
//! A step of a path is in its written form: `f:name`, `k:{"name":"x"}`, `v:"value"`. A path can be a member while its
//! descendants are not, and the other way round; the written form marks the former with `.` where both are the case.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// A set of paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FieldSet {
    steps: BTreeMap<String, Node>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Node {
    /// The path that ends here is in the set.
    member: bool,
    below: FieldSet,
}

impl FieldSet {
    pub(crate) fn is_empty(&self) -> bool {
        self.steps.values().all(|node| !node.member && node.below.is_empty())
    }

    /// Adds one path.
    pub(crate) fn insert(&mut self, path: &[String]) {
        let [first, rest @ ..] = path else { return };
        let node = self.steps.entry(first.clone()).or_default();
        if rest.is_empty() {
            node.member = true;
        } else {
            node.below.insert(rest);
        }
    }

    /// True for a path that is a member.
    pub(crate) fn has(&self, step: &str) -> bool {
        self.steps.get(step).is_some_and(|node| node.member)
    }

    /// What is in the set below a step; empty where there is nothing.
    pub(crate) fn below(&self, step: &str) -> Self {
        self.steps.get(step).map(|node| node.below.clone()).unwrap_or_default()
    }

    /// Steps at the top, with what is below them.
    pub(crate) fn tops(&self) -> impl Iterator<Item = (&str, &Self)> {
        self.steps.iter().map(|(step, node)| (step.as_str(), &node.below))
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        let mut all = self.clone();
        for (step, node) in &other.steps {
            let mine = all.steps.entry(step.clone()).or_default();
            mine.member |= node.member;
            mine.below = mine.below.union(&node.below);
        }
        all
    }

    pub(crate) fn intersection(&self, other: &Self) -> Self {
        self.combine(other, |mine, theirs| mine && theirs)
    }

    /// The members that `other` lacks. What is below a member of `other` stays.
    pub(crate) fn difference(&self, other: &Self) -> Self {
        self.combine(other, |mine, theirs| mine && !theirs)
    }

    fn combine(&self, other: &Self, keep: fn(bool, bool) -> bool) -> Self {
        let none = Node::default();
        let mut kept = Self::default();
        for (step, node) in &self.steps {
            let theirs = other.steps.get(step).unwrap_or(&none);
            let both = Node {
                member: keep(node.member, theirs.member),
                below: node.below.combine(&theirs.below, keep),
            };
            if both.member || !both.below.is_empty() {
                kept.steps.insert(step.clone(), both);
            }
        }
        kept
    }

    /// Without a top step and all that is below it.
    pub(crate) fn without(mut self, step: &str) -> Self {
        self.steps.remove(step);
        self
    }

    /// The top step alone, with all that is below it.
    pub(crate) fn only(mut self, step: &str) -> Self {
        self.steps.retain(|found, _| found == step);
        self
    }

    /// Adds the top step to the members.
    pub(crate) fn mark(&mut self, step: &str) {
        self.steps.entry(step.to_owned()).or_default().member = true;
    }

    /// Replaces what is below a step.
    pub(crate) fn set_below(&mut self, step: &str, below: Self) {
        self.steps.entry(step.to_owned()).or_default().below = below;
    }

    /// All members as people read them, in order: `.data.key`, `.spec.containers[name="x"].image`.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.collect("", &mut found);
        found
    }

    fn collect(&self, prefix: &str, found: &mut Vec<String>) {
        for (step, node) in &self.steps {
            let path = format!("{prefix}{}", spoken(step));
            if node.member {
                found.push(path.clone());
            }
            node.below.collect(&path, found);
        }
    }

    /// The form that `managedFields` holds.
    pub(crate) fn written(&self) -> Value {
        let nodes = self.steps.iter().map(|(step, node)| {
            let mut below = node.below.written();
            if node.member && !node.below.is_empty() {
                below["."] = json!({});
            }
            (step.clone(), below)
        });
        Value::Object(nodes.collect())
    }

    /// From the written form.
    pub(crate) fn read(written: &Value) -> Self {
        let none = Map::new();
        let mut set = Self::default();
        for (step, below) in written.as_object().unwrap_or(&none).iter().filter(|(step, _)| *step != ".") {
            let map = below.as_object().unwrap_or(&none);
            let member = map.is_empty() || map.contains_key(".");
            set.steps.insert(step.clone(), Node { member, below: Self::read(below) });
        }
        set
    }
}

/// A step as people read it.
fn spoken(step: &str) -> String {
    let (kind, rest) = step.split_once(':').unwrap_or(("f", step));
    match kind {
        "k" => {
            let keys: Map<String, Value> = serde_json::from_str(rest).unwrap_or_default();
            let pairs: Vec<_> = keys.iter().map(|(key, value)| format!("{key}={value}")).collect();
            format!("[{}]", pairs.join(","))
        }
        "v" => format!("[={rest}]"),
        "i" => format!("[{rest}]"),
        _ => format!(".{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(paths: &[&[&str]]) -> FieldSet {
        let mut set = FieldSet::default();
        for path in paths {
            let steps: Vec<_> = path.iter().map(|step| (*step).to_owned()).collect();
            set.insert(&steps);
        }
        set
    }

    #[test]
    fn the_written_form_goes_both_ways() {
        let all = set(&[&["f:data"], &["f:data", "f:a"], &["f:metadata", "f:labels", "f:b"]]);
        let written = json!({"f:data": {".": {}, "f:a": {}}, "f:metadata": {"f:labels": {"f:b": {}}}});
        assert_eq!(all.written(), written);
        assert_eq!(FieldSet::read(&written), all);
        assert_eq!(all.paths(), [".data", ".data.a", ".metadata.labels.b"]);
    }

    #[test]
    fn sets_compare_members_and_not_what_is_below() {
        let mine = set(&[&["f:data"], &["f:data", "f:a"], &["f:data", "f:b"]]);
        let theirs = set(&[&["f:data"], &["f:data", "f:b"]]);
        assert_eq!(mine.difference(&theirs), set(&[&["f:data", "f:a"]]));
        assert_eq!(mine.intersection(&theirs), theirs);
        assert!(theirs.difference(&mine).is_empty());
    }

    #[test]
    fn keys_and_values_are_spoken_as_kubernetes_does() {
        let key = r#"k:{"containerPort":80,"protocol":"TCP"}"#;
        assert_eq!(spoken(key), r#"[containerPort=80,protocol="TCP"]"#);
        assert_eq!(spoken(r#"v:"x""#), r#"[="x"]"#);
    }
}
