//! A layout: the list of profiles that one GPU is cut into, and whether they fit.
//!
//! A list fits when every instance gets one of its profile's starts so that no two overlap, at most one has
//! media extensions, and `+me.all` has only `-me` beside it. The search is exact; greedy placement is not,
//! since `3g` with four `1g` fits only with the `3g` in the second half.

use std::cmp::Reverse;
use std::fmt;

use super::confidence::Confidence;
use super::gpu::{Gpu, ProfileFacts};
use super::grid::{Starts, Units, units};
use super::profile::{Attribute, MigProfile};

/// The profiles that one GPU is cut into. Every GPU of a node pool is cut alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Layout {
    profiles: Vec<MigProfile>,
}

/// One instance on the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Placement {
    /// The first unit.
    pub start: u8,
    /// How many units.
    pub size: u8,
    /// The profile of the instance.
    pub profile: MigProfile,
}

/// The answer to "does this layout fit?" when nothing speaks against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    /// It fits like this, ordered by start.
    Placed(Vec<Placement>),
    /// The counts are allowed, but no source gives the placement grid of this GPU, so nobody can say.
    GridUnknown,
}

/// Why a layout cannot be cut into a GPU.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// The list is empty. Remedy: name at least one profile.
    #[error("the layout holds no profile")]
    Empty,
    /// The GPU has no MIG. Remedy: another machine type, or time-slicing.
    #[error("{gpu} has no MIG")]
    NoMig {
        /// The GPU's name.
        gpu: String,
    },
    /// The GPU has no such profile. Remedy: one of the GPU's own, see [`super::suggest`].
    #[error("{gpu} has no MIG profile {profile}")]
    NotOffered {
        /// The profile asked for.
        profile: MigProfile,
        /// The GPU's name.
        gpu: String,
    },
    /// A compute instance smaller than its GPU instance. Kubernetes shows only whole GPU instances.
    /// Remedy: drop the `c` part.
    #[error("{profile} is a compute instance inside a GPU instance, which Kubernetes does not show; use {base}", base = profile.base())]
    ComputeInstance {
        /// The profile asked for.
        profile: MigProfile,
    },
    /// More instances of one profile than a GPU holds. Remedy: fewer.
    #[error("{count} of {profile} do not fit on one {gpu}, which holds at most {max}")]
    TooMany {
        /// The profile.
        profile: MigProfile,
        /// How many were asked for.
        count: u32,
        /// How many fit.
        max: u32,
        /// The GPU's name.
        gpu: String,
    },
    /// More than one instance with media extensions. Remedy: drop `+me` from all but one.
    #[error("only one instance per GPU can have media extensions (+me)")]
    TwoMediaExtensions,
    /// `+me.all` takes every media engine, so its neighbours can have none. Remedy: make them `-me`.
    #[error("{taker} takes all media engines of the GPU, so {neighbour} beside it must be a -me profile")]
    MediaEnginesTaken {
        /// The `+me.all` profile.
        taker: MigProfile,
        /// A neighbour that is not `-me`.
        neighbour: MigProfile,
    },
    /// Each count is allowed, but together they overlap wherever they are put. Remedy: fewer or smaller.
    #[error("{layout} do not fit together on one {gpu}")]
    NoRoom {
        /// The layout.
        layout: Layout,
        /// The GPU's name.
        gpu: String,
    },
}

impl Layout {
    /// A layout of these profiles, in this order.
    #[must_use]
    pub const fn new(profiles: Vec<MigProfile>) -> Self {
        Self { profiles }
    }

    /// As many instances of one profile as `gpu` holds.
    ///
    /// # Errors
    ///
    /// [`LayoutError::NoMig`], [`LayoutError::NotOffered`] or [`LayoutError::ComputeInstance`].
    pub fn uniform(gpu: &Gpu, profile: MigProfile) -> Result<Self, LayoutError> {
        let facts = offered(gpu, profile)?;
        Ok(Self { profiles: vec![profile; facts.max_instances as usize] })
    }

    /// The profiles, as they were listed.
    #[must_use]
    pub fn profiles(&self) -> &[MigProfile] {
        &self.profiles
    }

    /// The distinct profiles with their counts, in order of first appearance.
    #[must_use]
    pub fn counts(&self) -> Vec<(MigProfile, u32)> {
        let mut counts: Vec<(MigProfile, u32)> = Vec::new();
        for &profile in &self.profiles {
            match counts.iter_mut().find(|(seen, _)| *seen == profile) {
                Some((_, count)) => *count += 1,
                None => counts.push((profile, 1)),
            }
        }
        counts
    }

    /// The profile, when all instances are of the same one.
    #[must_use]
    pub fn single_profile(&self) -> Option<MigProfile> {
        let &first = self.profiles.first()?;
        self.profiles.iter().all(|&profile| profile == first).then_some(first)
    }

    /// Whether and how the layout fits on `gpu`.
    ///
    /// # Errors
    ///
    /// The first rule that it breaks, as a [`LayoutError`].
    pub fn fit(&self, gpu: &Gpu) -> Result<Fit, LayoutError> {
        if self.profiles.is_empty() {
            return Err(LayoutError::Empty);
        }
        for (profile, count) in self.counts() {
            let max = offered(gpu, profile)?.max_instances;
            if count > max {
                return Err(LayoutError::TooMany { profile, count, max, gpu: gpu.name.clone() });
            }
        }
        self.check_media_engines()?;

        let mut instances = Vec::with_capacity(self.profiles.len());
        for &profile in &self.profiles {
            let Some(placements) = &offered(gpu, profile)?.placements else { return Ok(Fit::GridUnknown) };
            instances.push((profile, placements));
        }
        // The hardest to place first; those with the same starts become neighbours, which `place_rest` relies on.
        instances.sort_by_key(|&(profile, placements)| {
            (Reverse(placements.size), placements.starts.len(), profile)
        });
        let mut placed = Vec::with_capacity(instances.len());
        if !place_rest(&instances, 0, &mut placed) {
            return Err(LayoutError::NoRoom { layout: self.clone(), gpu: gpu.name.clone() });
        }
        placed.sort_unstable();
        Ok(Fit::Placed(placed))
    }

    /// Whether nothing that is known speaks against this layout on `gpu`.
    #[must_use]
    pub fn is_valid(&self, gpu: &Gpu) -> bool {
        self.fit(gpu).is_ok()
    }

    /// Where the instances go, ordered by start. `None` when they do not fit or the grid is not known.
    #[must_use]
    pub fn place(&self, gpu: &Gpu) -> Option<Vec<Placement>> {
        match self.fit(gpu) {
            Ok(Fit::Placed(placements)) => Some(placements),
            Ok(Fit::GridUnknown) | Err(_) => None,
        }
    }

    /// How well the facts behind this layout on `gpu` are founded: the weakest of them.
    /// `None` when `gpu` lacks one of the profiles.
    #[must_use]
    pub fn confidence(&self, gpu: &Gpu) -> Option<Confidence> {
        let facts = self.profiles.iter().map(|&profile| Some(gpu.find(profile)?.facts().confidence));
        facts.collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    /// Source: NVIDIA MIG user guide, supported profiles: one `+me` per GPU; `+me.all` takes all media engines.
    fn check_media_engines(&self) -> Result<(), LayoutError> {
        let having = |attribute| self.profiles.iter().filter(move |profile| profile.attribute == attribute);
        if having(Attribute::Media).count() > 1 {
            return Err(LayoutError::TwoMediaExtensions);
        }
        let Some(&taker) = having(Attribute::MediaAll).next() else { return Ok(()) };
        let mut neighbours = self.profiles.clone();
        neighbours.remove(neighbours.iter().position(|&profile| profile == taker).unwrap_or(0));
        match neighbours.into_iter().find(|profile| profile.attribute != Attribute::NoMedia) {
            Some(neighbour) => Err(LayoutError::MediaEnginesTaken { taker, neighbour }),
            None => Ok(()),
        }
    }
}

fn offered(gpu: &Gpu, profile: MigProfile) -> Result<&ProfileFacts, LayoutError> {
    if profile.compute_instance.is_some() {
        return Err(LayoutError::ComputeInstance { profile });
    }
    if !gpu.has_mig() {
        return Err(LayoutError::NoMig { gpu: gpu.name.clone() });
    }
    let found =
        gpu.find(profile).ok_or_else(|| LayoutError::NotOffered { profile, gpu: gpu.name.clone() })?;
    Ok(found.facts())
}

/// Places `wanted` on the units that are not in `taken`, by backtracking, from the end of the grid.
///
/// Instances with the same starts are interchangeable, so each is only tried below the one before it; without
/// that, seven equal ones beside one too many would be tried in every order.
fn place_rest(wanted: &[(MigProfile, &Starts)], taken: Units, placed: &mut Vec<Placement>) -> bool {
    let next = placed.len();
    let Some(&(profile, placements)) = wanted.get(next) else { return true };
    let below = match placed.last() {
        Some(last) if wanted[next - 1].1 == placements => last.start,
        _ => u8::MAX,
    };
    for &start in placements.starts.iter().rev().filter(|&&start| start < below) {
        let mask = units(start, placements.size);
        if mask & taken != 0 {
            continue;
        }
        placed.push(Placement { start, size: placements.size, profile });
        if place_rest(wanted, taken | mask, placed) {
            return true;
        }
        placed.pop();
    }
    false
}

impl fmt::Display for Layout {
    /// `3g.20gb + 4 x 1g.5gb`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (profile, count)) in self.counts().into_iter().enumerate() {
            if index > 0 {
                f.write_str(" + ")?;
            }
            if count > 1 {
                write!(f, "{count} x ")?;
            }
            write!(f, "{profile}")?;
        }
        Ok(())
    }
}
