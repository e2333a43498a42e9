//! How many slices a node pool gives, and what each of them is worth.

use super::confidence::Confidence;
use super::figures::{Gib, Share};
use super::gpu::{Gpu, ProfileMatch};
use super::layout::{Layout, LayoutError};
use super::profile::MigProfile;
use super::sharing::{GPU_RESOURCE, MigStrategy, Sharing};

/// The question: GPUs of one model, cut alike and shared alike, on nodes that are all alike.
#[derive(Debug, Clone, Copy)]
pub struct PoolShape<'a> {
    /// The GPU model.
    pub gpu: &'a Gpu,
    /// How each GPU is cut; `None` leaves it whole.
    pub layout: Option<&'a Layout>,
    /// GPU devices per node. A fraction of a GPU is one device, and shares are then shares of that device.
    pub gpus_per_node: u32,
    /// How each GPU or slice is shared.
    pub sharing: Sharing,
    /// How slices are named. [`MigStrategy::Single`] also for clouds that know no other, such as GKE.
    pub strategy: MigStrategy,
    /// Nodes in the pool; `None` where the number moves by itself.
    pub nodes: Option<u32>,
}

/// What one extended resource of a pool amounts to.
///
/// "Slice" here is what one unit of the resource gives: a MIG instance, a replica of one, or a replica of a
/// whole GPU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacity {
    /// The profile; `None` for whole GPUs.
    pub profile: Option<MigProfile>,
    /// Slices of one GPU.
    pub per_gpu: u64,
    /// Slices of one node.
    pub per_node: u64,
    /// Slices of the pool; `None` where the number of nodes moves by itself.
    pub total: Option<u64>,
    /// Memory in GiB that one slice can use. With MPS its equal part; with time-slicing all of what the replicas
    /// share, none of it set aside. `None` where no source gives the figure: never the number in the name.
    pub memory_gib: Option<Gib>,
    /// Streaming multiprocessors that one slice can use at a time; with MPS its equal part, rounded down.
    /// `None` where no source gives the figure.
    pub sm_count: Option<u32>,
    /// Share of the GPU's compute that one slice gets, 0 to 1: multiprocessors of the instance over those of the
    /// full profile, divided by the number of replicas. With time-slicing that is the part of a replica when
    /// all are busy. `None` where no source gives the figures.
    pub compute_share: Option<Share>,
    /// The extended resource that a container asks for: `nvidia.com/gpu` or `nvidia.com/mig-...`.
    pub resource_name: String,
    /// Memory of each GPU, in GiB, that no slice of the layout can use. `None` where figures are missing.
    pub wasted_memory_gib: Option<Gib>,
    /// Share of each GPU's multiprocessors, 0 to 1, that no slice of the layout uses. `None` where figures are
    /// missing.
    pub wasted_compute: Option<Share>,
    /// How well the counts are founded.
    pub counts_confidence: Confidence,
    /// How well memory and multiprocessors are founded; `None` where there are none.
    pub figures_confidence: Option<Confidence>,
}

/// Why a pool's capacity cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CapacityError {
    /// The layout does not fit the GPU.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// Several profiles under the single strategy: the device plugin would announce nothing at all.
    /// Remedy: one profile, or the mixed strategy.
    #[error(
        "a node with {layout} on each GPU announces no slices under MIG strategy single, which needs one and the same profile on all GPUs"
    )]
    MixedLayoutUnderSingle {
        /// The layout.
        layout: Layout,
    },
    /// Several profiles where one resource was asked for. Remedy: [`capacities`].
    #[error("{layout} gives several resources, not one")]
    SeveralResources {
        /// The layout.
        layout: Layout,
    },
    /// Fewer than two replicas is not sharing, and the device plugin treats it as none.
    #[error("{sharing} with {replicas} replicas shares nothing; use at least 2")]
    TooFewReplicas {
        /// How GPUs were to be shared.
        sharing: Sharing,
        /// The number given.
        replicas: u32,
    },
    /// The numbers are beyond any pool that can exist.
    #[error("the number of slices is too large to count")]
    TooLarge,
}

/// The capacity of a pool that has one extended resource: whole GPUs, or one profile.
///
/// # Errors
///
/// Any [`CapacityError`].
pub fn capacity(shape: &PoolShape<'_>) -> Result<Capacity, CapacityError> {
    if let Some(layout) = shape.layout.filter(|layout| layout.counts().len() > 1) {
        let layout = layout.clone();
        return Err(match shape.strategy {
            MigStrategy::Single => CapacityError::MixedLayoutUnderSingle { layout },
            MigStrategy::Mixed => CapacityError::SeveralResources { layout },
        });
    }
    let mut all = capacities(shape)?;
    all.pop().ok_or(CapacityError::Layout(LayoutError::Empty))
}

/// The capacity of a pool, one entry per extended resource, in the order of the layout.
///
/// # Errors
///
/// Any [`CapacityError`] but [`CapacityError::SeveralResources`].
pub fn capacities(shape: &PoolShape<'_>) -> Result<Vec<Capacity>, CapacityError> {
    let replicas = shape.sharing.replicas();
    if shape.sharing != Sharing::None && replicas < 2 {
        return Err(CapacityError::TooFewReplicas { sharing: shape.sharing, replicas });
    }
    let Some(layout) = shape.layout else { return Ok(vec![whole_gpus(shape)?]) };
    layout.fit(shape.gpu)?;
    let counts = layout.counts();
    if counts.len() > 1 && shape.strategy == MigStrategy::Single {
        return Err(CapacityError::MixedLayoutUnderSingle { layout: layout.clone() });
    }
    let waste = Waste::of(shape.gpu, &counts);
    counts.into_iter().map(|(profile, count)| slices(shape, profile, count, waste)).collect()
}

fn whole_gpus(shape: &PoolShape<'_>) -> Result<Capacity, CapacityError> {
    let Counts { per_gpu, per_node, total } = Counts::of(shape, 1)?;
    Ok(Capacity {
        profile: None,
        per_gpu,
        per_node,
        total,
        // No table holds what a whole GPU leaves to containers: the full MIG profile is smaller than that.
        memory_gib: None,
        sm_count: None,
        compute_share: Share::ratio(1, u64::from(shape.sharing.replicas())),
        resource_name: GPU_RESOURCE.to_owned(),
        wasted_memory_gib: Some(Gib::ZERO),
        wasted_compute: Some(Share::ZERO),
        counts_confidence: Confidence::TwoSources,
        figures_confidence: None,
    })
}

fn slices(
    shape: &PoolShape<'_>,
    profile: MigProfile,
    count: u32,
    waste: Waste,
) -> Result<Capacity, CapacityError> {
    let gpu = shape.gpu;
    let not_offered = || LayoutError::NotOffered { profile, gpu: gpu.name.clone() };
    let found = gpu.find(profile).ok_or_else(not_offered)?;
    let facts = found.facts();
    let replicas = u64::from(shape.sharing.replicas());
    let mps = matches!(shape.sharing, Sharing::Mps { .. });
    let full_sms = gpu.full_profile().and_then(|full| full.sm_count);
    // Under a driver that reports other memory the multiprocessors stay, the memory does not.
    let memory_gib = match found {
        ProfileMatch::Listed(facts) => facts.usable_gib,
        ProfileMatch::OtherName(_) => None,
    };
    let Counts { per_gpu, per_node, total } = Counts::of(shape, count)?;
    Ok(Capacity {
        profile: Some(profile),
        per_gpu,
        per_node,
        total,
        memory_gib: memory_gib.and_then(|gib| if mps { gib.divided_by(replicas) } else { Some(gib) }),
        sm_count: facts.sm_count.map(|sms| if mps { sms / shape.sharing.replicas().max(1) } else { sms }),
        compute_share: facts
            .sm_count
            .zip(full_sms)
            .and_then(|(sms, full)| Share::ratio(u64::from(sms), u64::from(full).checked_mul(replicas)?)),
        resource_name: match shape.strategy {
            MigStrategy::Single => GPU_RESOURCE.to_owned(),
            MigStrategy::Mixed => profile.mixed_resource_name(),
        },
        wasted_memory_gib: waste.memory_gib,
        wasted_compute: waste.compute,
        counts_confidence: facts.confidence,
        figures_confidence: facts.figures_confidence,
    })
}

struct Counts {
    per_gpu: u64,
    per_node: u64,
    total: Option<u64>,
}

impl Counts {
    fn of(shape: &PoolShape<'_>, slices: u32) -> Result<Self, CapacityError> {
        let multiply =
            |one: u64, other: u32| one.checked_mul(u64::from(other)).ok_or(CapacityError::TooLarge);
        let per_gpu = multiply(u64::from(slices), shape.sharing.replicas())?;
        let per_node = multiply(per_gpu, shape.gpus_per_node)?;
        let total = shape.nodes.map(|nodes| multiply(per_node, nodes)).transpose()?;
        Ok(Self { per_gpu, per_node, total })
    }
}

/// What a layout leaves unused of one GPU.
#[derive(Clone, Copy)]
struct Waste {
    memory_gib: Option<Gib>,
    compute: Option<Share>,
}

impl Waste {
    fn of(gpu: &Gpu, counts: &[(MigProfile, u32)]) -> Self {
        let full = gpu.full_profile();
        let used_memory = counts.iter().map(|&(profile, count)| match gpu.find(profile)? {
            ProfileMatch::Listed(facts) => facts.usable_gib?.checked_mul(u64::from(count)),
            ProfileMatch::OtherName(_) => None,
        });
        let used_sms = counts.iter().map(|&(profile, count)| {
            Some(u64::from(gpu.find(profile)?.facts().sm_count?) * u64::from(count))
        });
        let memory_gib = full.and_then(|full| {
            let used = used_memory.sum::<Option<Gib>>()?;
            // Instances can add up to a hair more than the full profile, since each figure is rounded.
            Some(full.usable_gib?.saturating_sub(used))
        });
        let compute = full.and_then(|full| {
            let (all, used) = (u64::from(full.sm_count?), used_sms.sum::<Option<u64>>()?);
            Share::ratio(all.saturating_sub(used), all)
        });
        Self { memory_gib, compute }
    }
}

#[cfg(test)]
mod tests;
