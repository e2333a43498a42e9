//! Bottlerocket's settings as they come in user data, and what its device plugin and nvidia-migmanager make of a
//! machine's GPUs with them.
//!
//! Sources: Bottlerocket's settings reference; nvidia-migmanager of bottlerocket-kernel-kit.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::hardware::{INSTANCES, Machine};

/// Most clients that MPS takes.
const MOST_CLIENTS: u32 = 48;

/// The part of the settings that concerns GPUs and pods.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct File {
    settings: Settings,
}

/// What is not about GPUs is taken as it is.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Settings {
    kubernetes: KubernetesSettings,
    kubelet_device_plugins: Plugins,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct KubernetesSettings {
    max_pods: Option<u32>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Plugins {
    nvidia: Nvidia,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Nvidia {
    enabled: bool,
    pass_device_specs: Option<bool>,
    device_id_strategy: Option<IdStrategy>,
    device_list_strategy: Option<toml::Value>,
    device_sharing_strategy: Sharing,
    device_partitioning_strategy: Partitioning,
    time_slicing: TimeSlicing,
    mps: Mps,
    mig: Mig,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum IdStrategy {
    Index,
    Uuid,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Sharing {
    None,
    TimeSlicing,
    Mps,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Partitioning {
    None,
    Mig,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct TimeSlicing {
    replicas: u32,
    rename_by_default: bool,
    fail_requests_greater_than_one: bool,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Mps {
    replicas: u32,
    rename_by_default: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Mig {
    profile: BTreeMap<String, String>,
}

// Bottlerocket's own defaults, which are the opposite of those of NVIDIA's chart.
impl Default for TimeSlicing {
    fn default() -> Self {
        Self { replicas: 2, rename_by_default: true, fail_requests_greater_than_one: true }
    }
}

impl Default for Mps {
    fn default() -> Self {
        Self { replicas: 2, rename_by_default: true }
    }
}

impl Default for Nvidia {
    fn default() -> Self {
        Self {
            enabled: true,
            pass_device_specs: None,
            device_id_strategy: None,
            device_list_strategy: None,
            device_sharing_strategy: Sharing::None,
            device_partitioning_strategy: Partitioning::None,
            time_slicing: TimeSlicing::default(),
            mps: Mps::default(),
            mig: Mig::default(),
        }
    }
}

/// What a machine makes of its settings.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Made {
    /// Extended resources that the device plugin registers.
    pub(super) resources: Vec<(String, u32)>,
    /// Profile and instances on each GPU; none where MIG is off.
    pub(super) cut: Option<(String, u32)>,
    pub(super) max_pods: Option<u32>,
}

/// Starts a machine with user data (empty: none). An error is why it never becomes a node: Bottlerocket does not boot on
/// settings that it cannot take.
pub(super) fn boot(user_data: &str, machine: &Machine) -> Result<Made, String> {
    let file: File = toml::from_str(user_data).map_err(|error| error.message().to_owned())?;
    let nvidia = &file.settings.kubelet_device_plugins.nvidia;
    nvidia.check()?;
    let mut made = Made { max_pods: file.settings.kubernetes.max_pods, ..Made::default() };
    let Some((gpu, count)) = machine.gpu.filter(|_| machine.driven) else { return Ok(made) };
    // Switched off, the plugin takes the MIG configuration with it.
    if !nvidia.enabled {
        return Ok(made);
    }
    let mut shown = count;
    if nvidia.device_partitioning_strategy == Partitioning::Mig
        && let Some(key) = gpu.mig_key
    {
        // Without MIG in the hardware it logs a warning and goes on. A model that is not named is cut into one.
        let asked = nvidia.mig.profile.get(key).map_or("1", String::as_str);
        let (profile, instances) = slices(&gpu.profiles, asked);
        shown = count * instances;
        made.cut = Some((profile.to_owned(), instances));
    }
    let (replicas, renamed) = match nvidia.device_sharing_strategy {
        Sharing::None => (1, false),
        Sharing::TimeSlicing => (nvidia.time_slicing.replicas, nvidia.time_slicing.rename_by_default),
        Sharing::Mps => (nvidia.mps.replicas, nvidia.mps.rename_by_default),
    };
    let name = if renamed { "nvidia.com/gpu.shared" } else { "nvidia.com/gpu" };
    made.resources = vec![(name.to_owned(), shown * replicas)];
    Ok(made)
}

/// The layout that nvidia-migmanager makes: a number of instances or a profile; what it does not know becomes one
/// instance of the whole GPU, without a word.
fn slices(profiles: &[&'static str; 5], asked: &str) -> (&'static str, u32) {
    let mut known = profiles.iter().zip(INSTANCES).filter(|(profile, _)| !profile.is_empty());
    let found = known.clone().find(|(profile, count)| **profile == asked || count.to_string() == asked);
    found.or_else(|| known.next_back()).map_or(("", 1), |(profile, count)| (*profile, count))
}

impl Nvidia {
    fn check(&self) -> Result<(), String> {
        let slicing = self.device_sharing_strategy == Sharing::TimeSlicing;
        if slicing && self.time_slicing.replicas < 2 {
            return Err("time-slicing.replicas must be at least 2".to_owned());
        }
        if !(2..=MOST_CLIENTS).contains(&self.mps.replicas) {
            return Err(format!("mps.replicas must be between 2 and {MOST_CLIENTS}"));
        }
        let cut = self.device_partitioning_strategy == Partitioning::Mig;
        if cut && self.device_sharing_strategy == Sharing::Mps {
            return Err("MPS cannot be used with MIG".to_owned());
        }
        let lists = match &self.device_list_strategy {
            Some(toml::Value::Array(words)) => words.iter().filter_map(toml::Value::as_str).collect(),
            Some(toml::Value::String(word)) => vec![word.as_str()],
            Some(_) => return Err("device-list-strategy must be a text or a list of texts".to_owned()),
            None => Vec::new(),
        };
        if let Some(word) = lists.iter().find(|word| !["envvar", "volume-mounts", "cdi-cri"].contains(*word))
        {
            return Err(format!("unknown device-list-strategy {word:?}"));
        }
        match self.mig.profile.values().find(|value| !is_profile(value)) {
            Some(value) => Err(format!("{value:?} is neither a MIG profile nor a number of slices")),
            None => Ok(()),
        }
    }
}

/// `1`, `2`, `3`, `4`, `7` or a profile without attributes.
fn is_profile(value: &str) -> bool {
    let profile = || {
        let (slices, memory) = value.split_once("g.")?;
        let memory = memory.strip_suffix("gb")?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        Some(slices.len() == 1 && digits(slices) && digits(memory))
    };
    ["1", "2", "3", "4", "7"].contains(&value) || profile().unwrap_or(false)
}

/// What EKS cannot merge into its own settings (source: AWS guide to launch templates of managed node groups); none where
/// it can.
pub(super) fn unmergeable(user_data: &str) -> Option<String> {
    for line in user_data.lines().map(str::trim) {
        if line.starts_with('[') && !line.contains('=') && line.contains(['"', '\'']) {
            return Some(format!("a table header with quoted keys: {line}"));
        }
        if line.contains("\\\"") {
            return Some(format!("an escaped quote: {line}"));
        }
    }
    toml::from_str::<toml::Table>(user_data).err().map(|error| error.message().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::eks::hardware::machine;

    const TABLE: &str = "[settings.kubelet-device-plugins.nvidia]\n";

    fn started(name: &str, text: &str) -> (String, u32, Option<(String, u32)>) {
        let made = boot(&format!("{TABLE}{text}"), &machine(name).unwrap()).unwrap();
        let (resource, count) = made.resources.first().cloned().unwrap_or_default();
        (resource, count, made.cut)
    }

    fn mig(entry: &str) -> String {
        let header = "[settings.kubelet-device-plugins.nvidia.mig.profile]";
        format!("device-partitioning-strategy = \"mig\"\n{header}\n{entry}\n")
    }

    #[test]
    fn profiles_and_numbers_cut_every_gpu() {
        for (entry, count, profile, instances) in [
            ("\"a100.40gb\" = \"1g.5gb\"", 56, "1g.5gb", 7),
            ("\"a100.40gb\" = \"3\"", 24, "2g.10gb", 3),
            ("\"a100.40gb\" = \"4g.20gb\"", 8, "7g.40gb", 1),
            ("\"h100.80gb\" = \"1g.10gb\"", 8, "7g.40gb", 1),
        ] {
            let expected = ("nvidia.com/gpu".to_owned(), count, Some((profile.to_owned(), instances)));
            assert_eq!(started("p4d.24xlarge", &mig(entry)), expected, "{entry}");
        }
        let unsplit = ("nvidia.com/gpu".to_owned(), 1, None);
        assert_eq!(started("g5.xlarge", &mig("\"a100.40gb\" = \"1g.5gb\"")), unsplit);
    }

    #[test]
    fn sharing_renames_unless_it_is_told_not_to() {
        let slicing = "device-sharing-strategy = \"time-slicing\"\n";
        let table = "[settings.kubelet-device-plugins.nvidia.time-slicing]\n";
        assert_eq!(started("g5.xlarge", slicing), ("nvidia.com/gpu.shared".to_owned(), 2, None));
        let plain = format!("{slicing}{table}replicas = 4\nrename-by-default = false\n");
        assert_eq!(started("g5.12xlarge", &plain), ("nvidia.com/gpu".to_owned(), 16, None));
        let both = format!(
            "{plain}{}",
            mig("\"h100.80gb\" = \"7\"").replace("device-partitioning-strategy = \"mig\"\n", "")
        )
        .replace(slicing, &format!("{slicing}device-partitioning-strategy = \"mig\"\n"));
        assert_eq!(started("p5.4xlarge", &both).1, 28);
        assert_eq!(started("g5.xlarge", "enabled = false\n"), (String::new(), 0, None));
    }

    #[test]
    fn settings_that_cannot_be_taken_stop_the_boot() {
        let machine = machine("p4d.24xlarge").unwrap();
        for (text, words) in [
            ("device-sharing-strategy = \"mig\"", "unknown variant"),
            ("device-sharing = \"mps\"", "unknown field"),
            ("[settings.kubelet-device-plugins.nvidia.mps]\nreplicas = 64", "between 2 and 48"),
            (
                "device-sharing-strategy = \"mps\"\ndevice-partitioning-strategy = \"mig\"",
                "cannot be used with MIG",
            ),
            (
                "[settings.kubelet-device-plugins.nvidia.mig.profile]\n\"a100.40gb\" = \"1g.5gb+me\"",
                "neither",
            ),
        ] {
            let error = boot(&format!("{TABLE}{text}"), &machine).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
        assert!(boot("", &machine).is_ok() && boot("[settings.motd]\nx = 1\n", &machine).is_ok());
    }

    #[test]
    fn what_eks_cannot_merge_is_found() {
        let quoted = "[settings.kubelet-device-plugins.nvidia.mig.profile.\"a100.40gb\"]";
        assert!(unmergeable(quoted).is_some_and(|why| why.contains("quoted keys")));
        assert!(unmergeable("a = \"b\\\"c\"").is_some_and(|why| why.contains("escaped")));
        assert!(unmergeable("a = ").is_some());
        assert_eq!(unmergeable("[settings.x]\n\"a100.40gb\" = \"1g.5gb\"\n"), None);
    }
}
