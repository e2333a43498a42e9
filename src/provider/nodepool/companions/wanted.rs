//! The key that a plan or a state tells of, and what is to be done about it.

use crate::kubernetes::config::ConfigKey;
use crate::kubernetes::plugin::Wanted;
use crate::tfplugin::Value;

use super::held::Held;

/// A key, and what the configuration says about where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct WantedKey {
    /// Its name and its text.
    pub(in super::super) key: ConfigKey,
    /// Where it goes.
    pub(in super::super) place: Wanted,
}

impl WantedKey {
    /// The key of a planned state; `None` where the pool needs none, or somebody else writes it.
    pub(in super::super) fn of(planned: &Value) -> Option<Self> {
        is_managed(planned).then(|| Self::named(planned))?
    }

    /// The key of a planned state, whoever writes it.
    pub(in super::super) fn named(planned: &Value) -> Option<Self> {
        let text = |path: &str| planned.lookup(path).as_str().map(str::to_owned);
        let key = ConfigKey { name: text("config_key")?, yaml: text("config_yaml")? };
        let place = Wanted {
            namespace: text("device_plugin.namespace"),
            config_map: text("device_plugin.config_map"),
        };
        Some(WantedKey { key, place })
    }
}

/// Whether the provider writes the key.
pub(super) fn is_managed(state: &Value) -> bool {
    state.lookup("device_plugin.manage_config").as_bool() != Some(false)
}

/// What an update does about keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Change {
    /// Nothing: the cluster is not asked.
    Nothing,
    /// This key is put there, and all others go once no node names them.
    Put(WantedKey),
    /// No key is needed any more: all go.
    Drop,
    /// Somebody else writes keys from now on: they stay, and are no longer ours.
    LetGo,
}

impl Change {
    /// From a prior state, as a refresh left it, to a planned one.
    pub(in super::super) fn of(prior: &Value, planned: &Value, held: &[Held]) -> Self {
        let Some(wanted) = WantedKey::of(planned) else {
            return match (is_managed(planned), held.is_empty()) {
                (_, true) => Change::Nothing,
                (true, false) => Change::Drop,
                (false, false) => Change::LetGo,
            };
        };
        let same = |path: &str| prior.lookup(path) == planned.lookup(path);
        let unchanged = ["config_key", "config_yaml", "device_plugin.namespace", "device_plugin.config_map"]
            .into_iter()
            .all(same);
        if unchanged && Held::is_only(held, &wanted.key.name) { Change::Nothing } else { Change::Put(wanted) }
    }

    /// Whether keys are to go at the end of the update.
    pub(in super::super) fn leaves_keys_to_drop(&self, held: &[Held]) -> bool {
        match self {
            Change::Nothing | Change::LetGo => false,
            Change::Put(wanted) => !Held::is_only(held, &wanted.key.name),
            Change::Drop => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(key: &str, yaml: Option<&str>, plugin: Value) -> Value {
        Value::object([
            ("config_key", Value::from(key)),
            ("config_yaml", yaml.map(str::to_owned).into()),
            ("device_plugin", plugin),
        ])
    }

    fn held(names: &[&str]) -> Vec<Held> {
        let mut held = Vec::new();
        for name in names {
            Held::add(&mut held, "gpu", "slices", name);
        }
        held
    }

    fn puts(prior: &Value, planned: &Value, held: &[Held]) -> bool {
        matches!(Change::of(prior, planned, held), Change::Put(_))
    }

    #[test]
    fn the_cluster_is_asked_only_when_something_of_the_key_changes() {
        let four = state("ts4", Some("four"), Value::Null);
        assert_eq!(Change::of(&four, &four, &held(&["ts4"])), Change::Nothing);
        let eight = state("ts8", Some("eight"), Value::Null);
        assert!(puts(&four, &eight, &held(&["ts4"])));
        for drifted in [None, Some("edited")] {
            assert!(puts(&state("ts4", drifted, Value::Null), &four, &held(&["ts4"])), "{drifted:?}");
        }
        // An import, and an update that was interrupted.
        assert!(puts(&four, &four, &[]));
        assert!(puts(&four, &four, &held(&["ts4", "ts8"])));
        let elsewhere = Value::object([("namespace", Value::from("team"))]);
        assert!(puts(&four, &state("ts4", Some("four"), elsewhere), &held(&["ts4"])));
    }

    #[test]
    fn keys_go_with_what_needed_them_and_stay_for_gitops() {
        let four = state("ts4", Some("four"), Value::Null);
        let none = Value::object([("config_key", Value::Null), ("config_yaml", Value::Null)]);
        assert_eq!(Change::of(&four, &none, &held(&["ts4"])), Change::Drop);
        assert_eq!(Change::of(&none, &none, &[]), Change::Nothing);
        let unmanaged = Value::object([("manage_config", Value::Bool(false))]);
        let theirs = state("ts4", Some("four"), unmanaged);
        assert_eq!(Change::of(&four, &theirs, &held(&["ts4"])), Change::LetGo);
        assert_eq!(Change::of(&theirs, &theirs, &[]), Change::Nothing);
        assert!(puts(&theirs, &four, &[]));
    }
}
