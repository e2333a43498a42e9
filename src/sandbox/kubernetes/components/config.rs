//! The device plugin's configuration file, and what the plugin makes of a machine's GPUs with it.
//!
//! Source: k8s-device-plugin v0.20 (api/config/v1, internal/rm). As there, keys that are not known are dropped without a
//! word.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// The domain of all resources.
const DOMAIN: &str = "nvidia.com/";

/// Characters that an extended resource's name may have (source: k8s-device-plugin).
const LONGEST: usize = 63;

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Config {
    version: Option<String>,
    flags: Flags,
    sharing: Sharing,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Flags {
    mig_strategy: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sharing {
    time_slicing: Option<Replicated>,
    mps: Option<Replicated>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Replicated {
    rename_by_default: bool,
    fail_requests_greater_than_one: Option<bool>,
    resources: Vec<Share>,
}

/// `rename` and `devices` are read by the plugin too, and ignored with a warning.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Share {
    name: String,
    replicas: Option<i64>,
}

/// What the plugin finds on a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) gpus: u32,
    /// Slices of each GPU, by profile; none where MIG is off.
    pub(crate) slices: Option<Vec<(String, u32)>>,
    /// The MPS control daemon runs there.
    pub(crate) mps_daemon: bool,
}

/// What the plugin shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) resources: BTreeMap<String, u32>,
    /// Of these a container may ask for one only.
    pub(crate) single: BTreeSet<String>,
    /// `none`, `time-slicing`, `mps`.
    pub(crate) sharing: &'static str,
    pub(crate) replicas: u32,
    pub(crate) mig_strategy: String,
}

impl Config {
    /// From the file's text; an error is why the plugin does not start.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let config: Option<Self> =
            serde_saphyr::from_str(text).map_err(|error| format!("unable to parse config file: {error}"))?;
        let config = config.unwrap_or_default();
        match config.version.as_deref() {
            None | Some("v1") => {}
            Some(other) => return Err(format!("unable to parse config file: unknown version: {other}")),
        }
        for shared in [&config.sharing.time_slicing, &config.sharing.mps].into_iter().flatten() {
            if shared.resources.is_empty() {
                return Err("unable to parse config file: no resources specified".to_owned());
            }
            for share in &shared.resources {
                if share.name.is_empty() {
                    return Err("unable to parse config file: no resource name specified".to_owned());
                }
                if named(&share.name).len() > LONGEST {
                    return Err(format!(
                        "unable to parse config file: {} is longer than {LONGEST} characters",
                        share.name
                    ));
                }
                if share.replicas.unwrap_or(0) < 2 {
                    return Err("unable to parse config file: number of replicas must be >= 2".to_owned());
                }
            }
        }
        Ok(config)
    }

    /// What the plugin shows of a machine. `environment` is `MIG_STRATEGY`, which goes before the file.
    pub(crate) fn shown(&self, environment: Option<&str>, found: &Found) -> Result<Shown, String> {
        let strategy = environment.or(self.flags.mig_strategy.as_deref()).unwrap_or("none");
        let sharing = match (&self.sharing.mps, &self.sharing.time_slicing) {
            (Some(mps), _) => Some(("mps", mps)),
            (None, Some(slicing)) => Some(("time-slicing", slicing)),
            (None, None) => None,
        };
        if let Some(("mps", _)) = sharing {
            if strategy == "mixed" {
                return Err("using --mig-strategy=mixed is not supported with MPS".to_owned());
            }
            if found.slices.is_some() {
                return Err("sharing using MPS is not supported on MIG devices".to_owned());
            }
            if !found.mps_daemon {
                return Err("waiting for MPS daemon: the MPS control daemon is not ready".to_owned());
            }
        }
        let whole = devices(strategy, found)?;
        let mut shown =
            Shown { sharing: "none", replicas: 1, mig_strategy: strategy.to_owned(), ..Shown::default() };
        for (name, count) in whole {
            let share = sharing.and_then(|(kind, shared)| {
                let share = shared.resources.iter().find(|share| named(&share.name) == name)?;
                Some((kind, shared, u32::try_from(share.replicas.unwrap_or(1)).unwrap_or(1)))
            });
            let Some((kind, shared, replicas)) = share else {
                shown.resources.insert(name, count);
                continue;
            };
            let name = if shared.rename_by_default { format!("{name}.shared") } else { name };
            if shared.fail_requests_greater_than_one.unwrap_or(kind == "mps") {
                shown.single.insert(name.clone());
            }
            shown.resources.insert(name, count.saturating_mul(replicas));
            (shown.sharing, shown.replicas) = (kind, replicas);
        }
        Ok(shown)
    }
}

/// With the domain, which the file may leave out.
fn named(name: &str) -> String {
    if name.starts_with(DOMAIN) { name.to_owned() } else { format!("{DOMAIN}{name}") }
}

/// The resource of a MIG profile.
pub(crate) fn mig_resource(profile: &str) -> String {
    format!("{DOMAIN}mig-{}", profile.replace('+', "."))
}

/// The resources of a machine before any sharing.
fn devices(strategy: &str, found: &Found) -> Result<BTreeMap<String, u32>, String> {
    let whole = || BTreeMap::from([(named("gpu"), found.gpus)]);
    let Some(slices) = &found.slices else { return Ok(whole()) };
    match strategy {
        "none" => Ok(whole()),
        "single" => match slices.as_slice() {
            [(_, count)] => Ok(BTreeMap::from([(named("gpu"), found.gpus * count)])),
            [] => Err("at least one device with migEnabled=true was not configured correctly".to_owned()),
            _ => Err("more than one MIG device type present on node".to_owned()),
        },
        "mixed" => {
            let mut resources = BTreeMap::new();
            for (profile, count) in slices {
                *resources.entry(mig_resource(profile)).or_default() += found.gpus * count;
            }
            Ok(resources)
        }
        other => Err(format!("unknown strategy: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(slices: Option<&[(&str, u32)]>) -> Found {
        let slices = slices.map(|all| all.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect());
        Found { gpus: 2, slices, mps_daemon: true }
    }

    fn resources(text: &str, found: &Found) -> Result<Vec<(String, u32)>, String> {
        Ok(Config::read(text)?.shown(None, found)?.resources.into_iter().collect())
    }

    fn one(name: &str, count: u32) -> Result<Vec<(String, u32)>, String> {
        Ok(vec![(name.to_owned(), count)])
    }

    const SLICING: &str =
        "version: v1\nsharing: {timeSlicing: {resources: [{name: nvidia.com/gpu, replicas: 4}]}}";

    #[test]
    fn the_verification_table_of_what_shows_up() {
        let plain = found(None);
        let cut = found(Some(&[("1g.10gb", 7)]));
        assert_eq!(resources("version: v1", &plain), one("nvidia.com/gpu", 2));
        assert_eq!(resources("", &plain), one("nvidia.com/gpu", 2), "an empty file says nothing");
        assert_eq!(resources(SLICING, &plain), one("nvidia.com/gpu", 8));
        let renamed = SLICING.replace("{resources", "{renameByDefault: true, resources");
        assert_eq!(resources(&renamed, &plain), one("nvidia.com/gpu.shared", 8));
        assert_eq!(resources("flags: {migStrategy: single}", &cut), one("nvidia.com/gpu", 14));
        assert_eq!(resources("flags: {migStrategy: mixed}", &cut), one("nvidia.com/mig-1g.10gb", 14));
        assert_eq!(
            resources("version: v1", &cut),
            one("nvidia.com/gpu", 2),
            "without a strategy slices are not seen"
        );
        let over = "flags: {migStrategy: mixed}\nsharing: {timeSlicing: {renameByDefault: true, resources: \
                    [{name: mig-1g.10gb, replicas: 2}, {name: gpu, replicas: 9}]}}";
        assert_eq!(
            resources(over, &cut),
            one("nvidia.com/mig-1g.10gb.shared", 28),
            "what is not there is skipped"
        );
        assert_eq!(resources(&SLICING.replace("timeSlicing", "mps"), &plain), one("nvidia.com/gpu", 8));
    }

    #[test]
    fn what_stops_the_plugin() {
        let plain = found(None);
        for (text, part) in [
            ("version: v2", "unknown version: v2"),
            ("sharing: {timeSlicing: {resources: []}}", "no resources specified"),
            ("sharing: {timeSlicing: {resources: [{name: gpu, replicas: 1}]}}", "must be >= 2"),
            ("sharing: {timeSlicing: {resources: [{name: gpu}]}}", "must be >= 2"),
            ("sharing: {timeSlicing: {resources: [{name: gpu, replicas: many}]}}", "unable to parse"),
            ("sharing: [", "unable to parse"),
            (
                "flags: {migStrategy: mixed}\nsharing: {mps: {resources: [{name: gpu, replicas: 2}]}}",
                "not supported",
            ),
        ] {
            let error = resources(text, &plain).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        let mixed = found(Some(&[("1g.10gb", 2), ("3g.40gb", 1)]));
        let error = resources("flags: {migStrategy: single}", &mixed).unwrap_err();
        assert!(error.contains("more than one MIG device type"), "{error}");
        let lonely = Found { mps_daemon: false, ..plain };
        assert!(resources(&SLICING.replace("timeSlicing", "mps"), &lonely).is_err());
    }

    #[test]
    fn the_environment_goes_before_the_file_and_strange_keys_say_nothing() {
        let cut = found(Some(&[("1g.10gb", 7)]));
        let config = Config::read("flags: {migStrategy: mixed, renameByDefault: true}\nextra: 1").unwrap();
        let shown = config.shown(Some("single"), &cut).unwrap();
        assert_eq!(shown.resources, BTreeMap::from([("nvidia.com/gpu".to_owned(), 14)]));
        let strict = SLICING.replace("{resources", "{failRequestsGreaterThanOne: true, resources");
        let shown = Config::read(&strict).unwrap().shown(None, &found(None)).unwrap();
        assert!(shown.single.contains("nvidia.com/gpu"));
        assert!(Config::read(SLICING).unwrap().shown(None, &found(None)).unwrap().single.is_empty());
    }
}
