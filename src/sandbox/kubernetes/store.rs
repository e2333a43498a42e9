//! The objects of one cluster, the revision that counts their changes, and the latest changes for those who watch.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::object;

/// Changes that are kept for watches; a watch that asks for an older one is told that it is too late.
const REMEMBERED: usize = 4096;

/// What a watch calls a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Added,
    Modified,
    Deleted,
}

/// One change.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) kind: ChangeKind,
    /// The resource's id, `configmaps` or `daemonsets.apps`.
    pub(crate) resource: String,
    /// The object before; none where it was added.
    pub(crate) before: Option<Value>,
    /// The object after, or as it was when it went.
    pub(crate) object: Value,
}

/// A revision of which the changes since are no longer known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooOld {
    /// The oldest revision from which on changes are known.
    pub(crate) oldest: u64,
}

/// All objects, by resource and by `namespace/name`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Store {
    revision: u64,
    objects: BTreeMap<String, BTreeMap<String, Value>>,
    /// Not kept over a restart: whoever watched before begins anew, as after a restart of an API server.
    #[serde(skip)]
    log: VecDeque<Change>,
}

impl Store {
    /// The present revision.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// Everything of a resource, in order of namespace and name.
    pub(crate) fn all<'a>(&'a self, resource: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.objects.get(resource).into_iter().flat_map(BTreeMap::values)
    }

    pub(crate) fn get(&self, resource: &str, key: &str) -> Option<&Value> {
        self.objects.get(resource)?.get(key)
    }

    /// Stores an object, new or changed, under the next revision, and returns it.
    pub(crate) fn put(&mut self, resource: &str, mut object: Value) -> Value {
        self.revision += 1;
        object["metadata"]["resourceVersion"] = json!(self.revision.to_string());
        let objects = self.objects.entry(resource.to_owned()).or_default();
        let before = objects.insert(object::key_of(&object), object.clone());
        let kind = if before.is_some() { ChangeKind::Modified } else { ChangeKind::Added };
        self.note(kind, resource, before, object.clone());
        object
    }

    /// Takes an object out and returns it as it was.
    pub(crate) fn remove(&mut self, resource: &str, key: &str) -> Option<Value> {
        let before = self.objects.get_mut(resource)?.remove(key)?;
        self.revision += 1;
        let mut last = before.clone();
        last["metadata"]["resourceVersion"] = json!(self.revision.to_string());
        self.note(ChangeKind::Deleted, resource, Some(before), last.clone());
        Some(last)
    }

    fn note(&mut self, kind: ChangeKind, resource: &str, before: Option<Value>, object: Value) {
        let resource = resource.to_owned();
        self.log.push_back(Change { revision: self.revision, kind, resource, before, object });
        while self.log.len() > REMEMBERED {
            self.log.pop_front();
        }
    }

    /// The changes after a revision.
    pub(crate) fn since(&self, revision: u64) -> Result<impl Iterator<Item = &Change>, TooOld> {
        let oldest = self.log.front().map_or(self.revision, |change| change.revision - 1);
        if revision < oldest {
            return Err(TooOld { oldest });
        }
        Ok(self.log.iter().filter(move |change| change.revision > revision))
    }

    /// Forgets the changes so far, as etcd does every few minutes.
    pub(crate) fn compact(&mut self) {
        self.log.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Value {
        json!({"metadata": {"name": name, "namespace": "n"}})
    }

    #[test]
    fn changes_are_counted_and_told() {
        let mut store = Store::default();
        store.put("configmaps", named("a"));
        let again = store.put("configmaps", named("a"));
        assert_eq!(again["metadata"]["resourceVersion"], "2");
        store.remove("configmaps", "n/a");
        assert_eq!(store.revision(), 3);
        let told: Vec<_> = store.since(1).unwrap().map(|change| (change.revision, change.kind)).collect();
        assert_eq!(told, [(2, ChangeKind::Modified), (3, ChangeKind::Deleted)]);
        assert!(store.get("configmaps", "n/a").is_none());
    }

    #[test]
    fn old_revisions_expire() {
        let mut store = Store::default();
        store.put("configmaps", named("a"));
        store.put("configmaps", named("b"));
        store.compact();
        assert_eq!(store.since(1).err(), Some(TooOld { oldest: 2 }));
        assert_eq!(store.since(2).unwrap().count(), 0);
        let kept: Store = serde_json::from_value(serde_json::to_value(&store).unwrap()).unwrap();
        assert_eq!(kept.since(1).err(), Some(TooOld { oldest: 2 }), "nor do they survive a restart");
    }
}
