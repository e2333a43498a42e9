//! The names of MIG profiles: NVIDIA's grammar, and the forms that Kubernetes makes of it.

use std::fmt;
use std::str::FromStr;

/// A MIG profile by its name, such as `1g.10gb` or `1g.24gb+me.all`.
///
/// The grammar is `[<C>c.]<G>g.<N>gb[+me|+me.all|+gfx|-me]` (source: NVIDIA go-nvlib, MIG profile parsing).
/// `N` is a rounded number that depends on the memory the driver reports; it is a name, not a size: see
/// [`ProfileFacts::usable_gib`](super::ProfileFacts::usable_gib) for memory that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MigProfile {
    /// `C`: the slices of a compute instance smaller than its GPU instance. Kubernetes exposes no such thing,
    /// so a layout refuses it; it is read in order to be refused by name.
    pub compute_instance: Option<u8>,
    /// `G`: the compute slices of the GPU instance.
    pub slices: u8,
    /// `N`: the rounded memory in the name, in GB. 0 on GPUs that share their memory with the CPU.
    pub memory_gb: u16,
    /// What the profile adds to, or leaves out of, the plain one.
    pub attribute: Attribute,
}

/// The suffix of a profile's name.
///
/// NVIDIA's grammar allows a list of suffixes; no GPU has a profile with more than one, and Kubernetes
/// resource names cannot hold the comma between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Attribute {
    /// No suffix.
    #[default]
    Plain,
    /// `+me`: with media extensions (JPEG and optical-flow engines). One instance per GPU can have them.
    Media,
    /// `+me.all`: with every media engine of the GPU, so that all its neighbours must be `-me`.
    MediaAll,
    /// `+gfx`: with graphics. Only on RTX PRO GPUs.
    Graphics,
    /// `-me`: without any media engine.
    NoMedia,
}

impl Attribute {
    /// The suffix as NVIDIA writes it, with its sign; empty for [`Attribute::Plain`].
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Media => "+me",
            Self::MediaAll => "+me.all",
            Self::Graphics => "+gfx",
            Self::NoMedia => "-me",
        }
    }

    /// The suffix as labels and resource names hold it: `+` is not allowed there and becomes `.`.
    const fn label_suffix(self) -> &'static str {
        match self {
            Self::Media => ".me",
            Self::MediaAll => ".me.all",
            Self::Graphics => ".gfx",
            Self::Plain | Self::NoMedia => self.suffix(),
        }
    }

    const ALL: [Self; 5] = [Self::Plain, Self::Media, Self::MediaAll, Self::Graphics, Self::NoMedia];
}

impl MigProfile {
    /// The plain profile with `slices` compute slices and `memory_gb` in its name.
    #[must_use]
    pub const fn plain(slices: u8, memory_gb: u16) -> Self {
        Self { compute_instance: None, slices, memory_gb, attribute: Attribute::Plain }
    }

    /// This profile without its suffix and without a compute instance: `1g.24gb` for `1g.24gb+me`.
    #[must_use]
    pub const fn base(self) -> Self {
        Self::plain(self.slices, self.memory_gb)
    }

    /// The name with `+` replaced by `.`, fit for a Kubernetes label value: `1g.24gb.me.all`, `1g.24gb-me`.
    #[must_use]
    pub fn label_value(self) -> String {
        Spelling { profile: self, suffix: self.attribute.label_suffix() }.to_string()
    }

    /// The value of `nvidia.com/mig.config` with which mig-manager cuts every GPU of a node into as many of
    /// these as it holds: `all-1g.10gb` (source: NVIDIA mig-parted, generated configuration).
    #[must_use]
    pub fn mig_config_label(self) -> String {
        format!("all-{}", self.label_value())
    }

    /// The extended resource under the mixed strategy: `nvidia.com/mig-1g.10gb`
    /// (source: NVIDIA device plugin, resource manager).
    #[must_use]
    pub fn mixed_resource_name(self) -> String {
        format!("nvidia.com/mig-{}", self.label_value())
    }
}

struct Spelling {
    profile: MigProfile,
    suffix: &'static str,
}

impl fmt::Display for Spelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MigProfile { compute_instance, slices, memory_gb, .. } = self.profile;
        if let Some(compute) = compute_instance {
            write!(f, "{compute}c.")?;
        }
        write!(f, "{slices}g.{memory_gb}gb{}", self.suffix)
    }
}

impl fmt::Display for MigProfile {
    /// NVIDIA's name, as `nvidia-smi` prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Spelling { profile: *self, suffix: self.attribute.suffix() }.to_string();
        f.pad(&name)
    }
}

/// The text is not the name of a MIG profile. Remedy: write it as NVIDIA does, such as `1g.10gb`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileNameError {
    /// The text does not have the form of a profile's name at all.
    #[error("{0:?} is not a MIG profile name; the form is <slices>g.<memory>gb, such as 1g.10gb")]
    Form(String),
    /// The part after `gb` is none of the known suffixes.
    #[error(
        "{text:?} ends in {suffix:?}, which is not a MIG profile suffix; the suffixes are +me, +me.all, +gfx and -me"
    )]
    Suffix {
        /// The whole text.
        text: String,
        /// What follows `gb`.
        suffix: String,
    },
    /// More than one suffix. NVIDIA's grammar has room for it, but no GPU offers such a profile.
    #[error("{0:?} has several suffixes; no GPU has such a MIG profile")]
    SeveralSuffixes(String),
    /// A compute instance that is not smaller than its GPU instance: `2c.2g` is written `2g`.
    #[error(
        "{text:?} asks for a compute instance of {compute} in a GPU instance of {slices}; it must be smaller, else leave the c part out"
    )]
    ComputeInstance {
        /// The whole text.
        text: String,
        /// The number before `c`.
        compute: u8,
        /// The number before `g`.
        slices: u8,
    },
}

impl FromStr for MigProfile {
    type Err = ProfileNameError;

    /// Reads NVIDIA's spelling, and the label spelling with `.` for `+` (`1g.24gb.me`).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = || ProfileNameError::Form(text.to_owned());
        let (first, after_first) = number(text).ok_or_else(form)?;
        let (compute_instance, slices, rest) = match after_first.strip_prefix("c.") {
            Some(rest) => {
                let (slices, rest) = number(rest).ok_or_else(form)?;
                (Some(first), slices, rest)
            }
            None => (None, first, after_first),
        };
        let (memory_gb, rest) = rest.strip_prefix("g.").and_then(number).ok_or_else(form)?;
        let suffix = rest.strip_prefix("gb").ok_or_else(form)?;

        let to_u8 = |number: u16| u8::try_from(number).ok().filter(|&number| number > 0).ok_or_else(form);
        let slices = to_u8(slices)?;
        let compute_instance = compute_instance.map(to_u8).transpose()?;
        if let Some(compute) = compute_instance.filter(|&compute| compute >= slices) {
            return Err(ProfileNameError::ComputeInstance { text: text.to_owned(), compute, slices });
        }
        if suffix.contains(',') {
            return Err(ProfileNameError::SeveralSuffixes(text.to_owned()));
        }
        let attribute = Attribute::ALL
            .into_iter()
            .find(|attribute| attribute.suffix() == suffix || attribute.label_suffix() == suffix)
            .ok_or_else(|| ProfileNameError::Suffix { text: text.to_owned(), suffix: suffix.to_owned() })?;
        Ok(Self { compute_instance, slices, memory_gb, attribute })
    }
}

/// Splits a decimal number without leading zeros off the front of `text`.
fn number(text: &str) -> Option<(u16, &str)> {
    let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.len() > 1 && digits.starts_with('0') {
        return None;
    }
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests;
