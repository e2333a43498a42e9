//! What a key's text tells the device plugin: the way back from [`PluginConfig::yaml`].
//!
//! A pool's own key says how its GPUs are shared, and nothing at the cloud does. A foreign key is read as far as it is
//! about naming and sharing; that it says more is told by [`lint`](super::lint()).

use serde_json::Value;

use super::{Finding, PREFIX, PluginConfig, Weight, lint};
use crate::slicing::{GPU_RESOURCE, MigStrategy, Sharing};

/// What a text says about naming and sharing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// How MIG slices are named; `None` where it says nothing, and where it says that they are not announced at all.
    pub mig_strategy: Option<MigStrategy>,
    /// How containers share; `None` where they do not.
    pub shared: Option<Shared>,
}

/// What a text says about sharing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// Whether by MPS; by time-slicing else.
    pub mps: bool,
    /// Whether shared resources get a name of their own.
    pub rename: bool,
    /// Whether a pod that asks for more than one replica fails.
    pub fail_requests_greater_than_one: bool,
    /// What is shared, by its full name without sharing, and by how many containers.
    pub resources: Vec<(String, u32)>,
}

/// A text that the device plugin itself does not take: it announces nothing with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct Unreadable(
    /// What is wrong with it.
    pub Vec<Finding>,
);

impl Told {
    /// Reads a text as the plugin does: fields that it does not know say nothing, MPS wins over time-slicing, and a
    /// switch that is not written has the plugin's own default (source: NVIDIA k8s-device-plugin v0.20.0,
    /// `api/config/v1`).
    ///
    /// # Errors
    /// When the plugin would refuse the text.
    pub fn read(yaml: &str) -> Result<Self, Unreadable> {
        let mut refused = lint(yaml);
        refused.retain(|finding| finding.weight == Weight::Refused);
        if !refused.is_empty() {
            return Err(Unreadable(refused));
        }
        // What the lint has passed is YAML.
        let file: Value = serde_saphyr::from_str(yaml).unwrap_or_default();
        let mig_strategy = match field(field(&file, "flags"), "migStrategy").as_str() {
            Some("single") => Some(MigStrategy::Single),
            Some("mixed") => Some(MigStrategy::Mixed),
            _ => None,
        };
        let sharing = field(&file, "sharing");
        let section = |name: &str| Some(field(sharing, name)).filter(|section| !section.is_null());
        let shared = match (section("mps"), section("timeSlicing")) {
            (Some(section), _) => Some(Shared::read(section, true)),
            (None, Some(section)) => Some(Shared::read(section, false)),
            (None, None) => None,
        };
        Ok(Told { mig_strategy, shared })
    }

    /// What it says to a node whose GPUs or slices are announced under this name without sharing. What it says about
    /// other resources does not concern such a node.
    pub fn of(&self, resource: &str) -> PluginConfig {
        let shared = self.shared.as_ref().and_then(|shared| {
            let (_, replicas) = shared.resources.iter().find(|(name, _)| name == resource)?;
            Some((shared, *replicas))
        });
        PluginConfig {
            mig_strategy: self.mig_strategy,
            sharing: match shared {
                None => Sharing::None,
                Some((Shared { mps: true, .. }, replicas)) => Sharing::Mps { replicas },
                Some((_, replicas)) => Sharing::TimeSlicing { replicas },
            },
            resource: resource.to_owned(),
            rename: shared.is_some_and(|(shared, _)| shared.rename),
            fail_requests_greater_than_one: shared
                .is_none_or(|(shared, _)| shared.fail_requests_greater_than_one),
        }
    }

    /// What it says to a node of this kind of slices: the naming that the text has decides which resource that is.
    /// `slice` is the resource of one slice under the strategy mixed; `None` where GPUs are whole.
    pub fn to_node(&self, slice: Option<&str>) -> PluginConfig {
        match (self.mig_strategy, slice) {
            (Some(MigStrategy::Mixed), Some(slice)) => self.of(slice),
            _ => self.of(GPU_RESOURCE),
        }
    }
}

impl Shared {
    fn read(section: &Value, mps: bool) -> Self {
        let flag = |name: &str, default: bool| truth(&section[name]).unwrap_or(default);
        let resources = section["resources"].as_array().into_iter().flatten();
        Shared {
            mps,
            rename: flag("renameByDefault", false),
            fail_requests_greater_than_one: flag("failRequestsGreaterThanOne", mps),
            resources: resources
                .filter_map(|one| {
                    let name = one["name"].as_str()?;
                    let name =
                        if name.starts_with(PREFIX) { name.to_owned() } else { format!("{PREFIX}{name}") };
                    Some((name, u32::try_from(one["replicas"].as_u64()?).ok()?))
                })
                .collect(),
        }
    }
}

/// A field by its name without case, as Go's JSON reader finds it.
fn field<'a>(object: &'a Value, name: &str) -> &'a Value {
    let fields = object.as_object();
    let found = fields.and_then(|fields| {
        let exact = fields.get(name);
        exact
            .or_else(|| fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
    });
    found.unwrap_or(&Value::Null)
}

/// A truth value, also in the words of the older YAML that the plugin's reader takes.
fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(word) => match word.to_ascii_lowercase().as_str() {
            "yes" | "on" | "y" => Some(true),
            "no" | "off" | "n" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_text_says_what_it_says() {
        let text = "version: v1\nflags: {migStrategy: mixed, plugin: {passDeviceSpecs: true}}\nsharing:\n  timeSlicing:\n    \
                    resources:\n    - {name: gpu, replicas: 4}\n    - {name: nvidia.com/mig-1g.10gb, replicas: 2}\n";
        let told = Told::read(text).unwrap();
        let slice = told.to_node(Some("nvidia.com/mig-1g.10gb"));
        assert_eq!(
            (slice.mig_strategy, slice.sharing),
            (Some(MigStrategy::Mixed), Sharing::TimeSlicing { replicas: 2 })
        );
        assert!(!slice.fail_requests_greater_than_one && !slice.rename, "the plugin's own defaults");
        let whole = told.to_node(None);
        assert_eq!(
            (whole.resource.as_str(), whole.sharing),
            (GPU_RESOURCE, Sharing::TimeSlicing { replicas: 4 })
        );
        assert_eq!(told.of("nvidia.com/mig-3g.40gb").sharing, Sharing::None, "not shared by this text");
    }

    #[test]
    fn mps_wins_and_lets_nobody_ask_for_more() {
        let section = |more: &str| format!("{{resources: [{{name: nvidia.com/gpu, replicas: 3}}]{more}}}");
        let text = format!(
            "Sharing:\n  mps: {}\n  timeslicing: {}\n",
            section(", renameByDefault: \"yes\""),
            section("")
        );
        let told = Told::read(&text).unwrap().to_node(None);
        assert_eq!(told.sharing, Sharing::Mps { replicas: 3 });
        assert!(told.rename && told.fail_requests_greater_than_one);
    }

    #[test]
    fn nothing_said_is_nothing_shared() {
        for text in ["", "version: v1\n", "flags: {migStrategy: none}\n", "sharing: {timeSlicing: null}\n"] {
            assert_eq!(Told::read(text), Ok(Told::default()), "{text}");
        }
    }

    #[test]
    fn what_the_plugin_refuses_is_not_read() {
        for (text, why) in [
            ("version: v2\n", "version stops the device plugin"),
            (
                "sharing: {timeSlicing: {resources: [{name: nvidia.com/gpu, replicas: 1}]}}\n",
                "2 is the least",
            ),
            ("a: [", "it is not YAML"),
            ("- a\n", "it is a list, not fields"),
        ] {
            let error = Told::read(text).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
