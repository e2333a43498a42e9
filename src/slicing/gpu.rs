//! A GPU model and the profiles it can be cut into.

use super::confidence::Confidence;
use super::figures::Gib;
use super::grid::Starts;
use super::naming;
use super::profile::{Attribute, MigProfile};

/// A GPU model: one row of `data/gpus.csv`, with its rows of `data/mig_profiles.csv`.
#[derive(Debug, Clone)]
pub struct Gpu {
    /// The stable lower-case id used in HCL: `a100-40gb`, `h100-94gb-nvl`, `t4`.
    pub id: String,
    /// NVIDIA's name, for messages.
    pub name: String,
    /// Memory in GB as NVIDIA sells it. `None` where the model is sold with several, or shares the CPU's.
    pub memory_gb: Option<u16>,
    /// The placement grid and compute slices. `None` without MIG, and where no source gives the grid.
    pub grid: Option<Grid>,
    /// Other amounts of memory, in GB, that some drivers report for this model, and with them other names of
    /// the same profiles.
    pub also_reported_gb: Vec<u16>,
    /// Other names by which clouds call this model, such as GKE's accelerator types.
    pub aliases: Vec<String>,
    /// PCI device ids, four upper-case hexadecimal digits each, without NVIDIA's vendor id.
    pub pci_device_ids: Vec<String>,
    /// The profiles, smallest first; empty without MIG.
    pub profiles: Vec<ProfileFacts>,
    /// How well the model and its list of profiles are founded.
    pub confidence: Confidence,
    /// Where the row comes from.
    pub source: String,
    /// What else a reader should know; empty when nothing.
    pub remark: String,
}

/// The size of a GPU in placement units and compute slices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Placement units of memory: 8, 4 or 12.
    pub memory_units: u8,
    /// Compute slices: 7 or 4.
    pub compute_slices: u8,
}

/// What is known of one profile on one GPU model: one row of `data/mig_profiles.csv`.
#[derive(Debug, Clone)]
pub struct ProfileFacts {
    /// The profile.
    pub profile: MigProfile,
    /// NVIDIA's number for it on this model, as `nvidia-smi mig -cgi` takes it. The same number means another
    /// profile on another family: 14 is `2g` on A100 and `1g` on A30.
    pub profile_id: Option<u16>,
    /// How many instances fit on one GPU.
    pub max_instances: u32,
    /// Where instances may be placed. `None` where no source says.
    pub placements: Option<Starts>,
    /// How well [`Self::placements`] is founded; `None` with it.
    pub placements_confidence: Option<Confidence>,
    /// Streaming multiprocessors of one instance. Not proportional to the slices on Hopper and later.
    pub sm_count: Option<u32>,
    /// Memory that a container can use, in GiB: less than the name says. `None` where no source gives it.
    pub usable_gib: Option<Gib>,
    /// How well [`Self::sm_count`] and [`Self::usable_gib`] are founded; `None` without them.
    pub figures_confidence: Option<Confidence>,
    /// How well the profile's existence and count are founded.
    pub confidence: Confidence,
    /// Where the row comes from.
    pub source: String,
}

impl ProfileFacts {
    /// Compute slices of one instance: the `G` in its name.
    #[must_use]
    pub const fn compute_slices(&self) -> u8 {
        self.profile.slices
    }

    /// Memory of one instance in placement units of its GPU. `None` where no source gives the placements.
    #[must_use]
    pub fn memory_slices(&self) -> Option<u8> {
        self.placements.as_ref().map(|placements| placements.size)
    }
}

/// A profile found on a GPU model by [`Gpu::find`].
#[derive(Debug, Clone, Copy)]
pub enum ProfileMatch<'a> {
    /// The model lists the profile by this name.
    Listed(&'a ProfileFacts),
    /// The model has this profile under another name; the name asked for is the one that some drivers use,
    /// which report another amount of memory. Whether it works depends on the node's driver.
    OtherName(&'a ProfileFacts),
}

impl<'a> ProfileMatch<'a> {
    /// The facts, whichever name was used.
    #[must_use]
    pub const fn facts(self) -> &'a ProfileFacts {
        match self {
            Self::Listed(facts) | Self::OtherName(facts) => facts,
        }
    }
}

impl Gpu {
    /// Whether the model can be cut by MIG at all.
    #[must_use]
    pub fn has_mig(&self) -> bool {
        !self.profiles.is_empty()
    }

    /// Whether `name` is this model's id or one of its aliases.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        self.id == name || self.aliases.iter().any(|alias| alias == name)
    }

    /// The facts of a profile, by its listed name or by the name under another driver.
    #[must_use]
    pub fn find(&self, profile: MigProfile) -> Option<ProfileMatch<'_>> {
        let listed = |wanted: MigProfile| self.profiles.iter().find(|facts| facts.profile == wanted);
        if let Some(facts) = listed(profile) {
            return Some(ProfileMatch::Listed(facts));
        }
        let units = self.grid?.memory_units;
        self.profiles
            .iter()
            .find(|facts| {
                let Some(size) = facts.memory_slices() else { return false };
                self.also_reported_gb.iter().any(|&total_gb| {
                    let memory_gb = naming::memory_gb(size, units, total_gb);
                    MigProfile { memory_gb, ..facts.profile } == profile
                })
            })
            .map(ProfileMatch::OtherName)
    }

    /// The plain profile that takes the whole GPU, such as `7g.80gb`: the yardstick for shares.
    /// `None` where the grid is not known.
    #[must_use]
    pub fn full_profile(&self) -> Option<&ProfileFacts> {
        let units = self.grid?.memory_units;
        self.profiles
            .iter()
            .find(|facts| facts.profile.attribute == Attribute::Plain && facts.memory_slices() == Some(units))
    }
}
