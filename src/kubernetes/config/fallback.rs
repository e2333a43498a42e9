//! What the device plugin tells nodes without a label, and the `default` key that keeps it so.
//!
//! A node whose label names no key gets the plugin's own default, else what the first strategy finds that finds
//! anything: the key named `default`, the only key, or nothing (source: NVIDIA k8s-device-plugin v0.20.0,
//! `cmd/config-manager`). So our first key in an empty ConfigMap would be everybody's, and our second beside a foreign
//! one would leave everybody with none. Before our first key, `default` says what holds without us.

use std::collections::BTreeMap;

use super::key::looks_ours;

/// The key that the strategy [`Strategy::Named`] looks for.
pub const DEFAULT: &str = "default";

/// A configuration that changes nothing: every GPU is announced once.
pub const NO_SHARING: &str = "version: v1\n";

/// What a device plugin does with a node that has no label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fallback {
    /// The key that its installation names for such nodes.
    pub default: Option<String>,
    /// Without one, how a key is looked for, in this order.
    pub strategies: Vec<Strategy>,
}

impl Default for Fallback {
    /// What NVIDIA's chart of the plugin installs when nothing is set.
    fn default() -> Self {
        Fallback { default: None, strategies: vec![Strategy::Named, Strategy::Single] }
    }
}

impl Fallback {
    /// From the variables `DEFAULT_CONFIG` and `FALLBACK_STRATEGIES` of a `config-manager`.
    pub fn of(default: Option<&str>, strategies: Option<&str>) -> Self {
        let words = strategies.unwrap_or_default().split(',').map(str::trim);
        Fallback {
            default: default.filter(|key| !key.is_empty()).map(str::to_owned),
            strategies: words.filter_map(Strategy::from_word).collect(),
        }
    }

    /// Whether the key `default` would be found.
    fn looks_for_default(&self) -> bool {
        let mut before_empty = self.strategies.iter().take_while(|strategy| **strategy != Strategy::Empty);
        self.default.is_none() && before_empty.any(|strategy| *strategy == Strategy::Named)
    }

    /// The key that a node without a label gets; `None` is no configuration.
    ///
    /// # Errors
    /// With none of the keys, when the plugin does not start.
    pub fn choose<'a>(&'a self, keys: &[&'a str]) -> Result<Option<&'a str>, NoKey> {
        if keys.is_empty() {
            return Err(NoKey);
        }
        if let Some(named) = &self.default {
            return if keys.contains(&named.as_str()) { Ok(Some(named)) } else { Err(NoKey) };
        }
        for strategy in &self.strategies {
            match (strategy, keys) {
                (Strategy::Named, keys) if keys.contains(&DEFAULT) => return Ok(Some(DEFAULT)),
                (Strategy::Single, [only]) => return Ok(Some(only)),
                (Strategy::Empty, _) => return Ok(None),
                (Strategy::Named | Strategy::Single, _) => {}
            }
        }
        Err(NoKey)
    }
}

/// How a key for nodes without a label is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// The key `default`.
    Named,
    /// The only key.
    Single,
    /// No key at all: nothing is shared. The GPU operator uses this one alone.
    Empty,
}

impl Strategy {
    /// The strategy of the plugin's word for it.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "named" => Some(Strategy::Named),
            "single" => Some(Strategy::Single),
            "empty" => Some(Strategy::Empty),
            _ => None,
        }
    }
}

/// No key for a node without a label: the device plugin does not start there, and its GPUs are not announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no key for nodes without the label")]
pub struct NoKey;

/// What is to be done about the key `default` before our first key comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DefaultKey {
    /// Nothing: nodes without a label go on as they are, whatever keys we add.
    Nothing,
    /// It has to say this, so that they do.
    Ensure(String),
    /// It would not help: the plugin takes the only key of a ConfigMap and looks for no other, so that any key of ours
    /// changes what those nodes get. Remedy: a default or the strategy `named` in the plugin's installation.
    NoHelp,
}

/// The rule, over the ConfigMap's data as it is and the plugin's ways.
///
/// Found by trying: what nodes without a label get now has to be what they get with keys of ours beside it. Where they
/// get nothing now, because their plugin does not start, anything but our keys is right.
///
/// Keys of ours that are there already do not count as what those nodes have: they were never meant for them.
pub fn default_key(data: &BTreeMap<String, String>, fallback: &Fallback) -> DefaultKey {
    let foreign: BTreeMap<&str, &str> = data
        .iter()
        .filter(|(name, _)| !looks_ours(name))
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let now = given(&foreign, fallback);
    let stays = |keys: &BTreeMap<&str, &str>| {
        // One key of ours could be the only one; two could end that.
        OURS.into_iter()
            .scan(keys.clone(), |keys, ours| {
                keys.insert(ours, ours);
                Some(given(keys, fallback))
            })
            .all(|then| {
                then == now
                    || (now.is_err() && !then.is_ok_and(|text| text.is_some_and(|it| OURS.contains(&it))))
            })
    };
    let text = now.ok().flatten().unwrap_or(NO_SHARING);
    let mut with_default = foreign.clone();
    with_default.entry(DEFAULT).or_insert(text);
    let is_new = with_default.len() > foreign.len();
    let ensured = is_new && fallback.looks_for_default() && stays(&with_default);
    // Without the strategy `named` the key helps only by not leaving ours alone.
    if ensured || (is_new && !stays(&foreign) && stays(&with_default)) {
        DefaultKey::Ensure(text.to_owned())
    } else if stays(&foreign) {
        DefaultKey::Nothing
    } else {
        DefaultKey::NoHelp
    }
}

/// Two keys that stand for ours. Neither is a name that a ConfigMap can hold.
const OURS: [&str; 2] = ["/1", "/2"];

/// The text that a node without a label gets.
fn given<'a>(data: &BTreeMap<&'a str, &'a str>, fallback: &Fallback) -> Result<Option<&'a str>, NoKey> {
    let keys: Vec<&str> = data.keys().copied().collect();
    let key = fallback.choose(&keys)?;
    Ok(key.and_then(|key| data.get(key).copied()))
}
