//! The keys that may exist in the cluster, as the private state names them: more than one while an update goes on.

use serde::{Deserialize, Serialize};

/// Keys of a pool in one ConfigMap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Held {
    /// The ConfigMap's namespace.
    pub(in super::super) namespace: String,
    /// The ConfigMap's name.
    pub(in super::super) config_map: String,
    /// The keys.
    pub(in super::super) names: Vec<String>,
}

/// A deletion that has begun: what is left of it is finished by the next apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "pool", rename_all = "snake_case")]
pub(in super::super) enum Deleting {
    /// The cloud was asked to delete the pool.
    Asked,
    /// The pool is gone. One that has the same name later is another.
    Gone,
}

impl Held {
    /// `namespace/name` of the ConfigMap.
    pub(in super::super) fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.config_map)
    }

    /// Notes that a key may be there.
    pub(in super::super) fn add(held: &mut Vec<Held>, namespace: &str, config_map: &str, name: &str) {
        let here = |one: &&mut Held| one.namespace == namespace && one.config_map == config_map;
        let Some(place) = held.iter_mut().find(here) else {
            held.push(Held {
                namespace: namespace.to_owned(),
                config_map: config_map.to_owned(),
                names: vec![name.to_owned()],
            });
            return;
        };
        if !place.names.iter().any(|known| known == name) {
            place.names.push(name.to_owned());
        }
    }

    /// Whether this key is there, and no other.
    pub(in super::super) fn is_only(held: &[Held], name: &str) -> bool {
        matches!(held, [one] if one.names.len() == 1 && one.names.iter().any(|known| known == name))
    }

    /// All keys, for messages.
    pub(in super::super) fn all_names(held: &[Held]) -> String {
        let names: Vec<&str> = held.iter().flat_map(|one| &one.names).map(String::as_str).collect();
        names.join(", ")
    }
}
