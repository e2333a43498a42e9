//! A machine type and its GPUs.

use std::fmt;
use std::sync::Arc;

use super::cloud::Cloud;
use super::figures::Fixed;
use super::gpu::Gpu;

/// A machine type with NVIDIA GPUs: one row of `data/gpu_machines.csv`, or a type to which GPUs of the
/// user's choice are attached (`data/attachable_gpus.csv`).
#[derive(Debug, Clone)]
pub struct Machine {
    /// The cloud that sells it.
    pub cloud: Cloud,
    /// Its name as the cloud spells it.
    pub name: String,
    /// Its GPUs.
    pub gpus: MachineGpus,
    /// Memory of each GPU (or fraction of one) in GB, as the cloud states it: EC2 counts in GiB, the others in
    /// the rounded GB that NVIDIA sells. `None` where no source gives it, or the GPU is chosen.
    pub gpu_memory_gb: Option<Fixed<2>>,
    /// Virtual CPUs. `None` where no source gives them.
    pub vcpus: Option<u32>,
    /// Main memory in GiB. `None` where no source gives it.
    pub memory_gib: Option<u32>,
    /// The CPU's architecture; images must match it.
    pub arch: Arch,
    /// Whether its GPUs can be cut by MIG through this cloud.
    pub mig: MigSupport,
    /// The cloud's own name of the accelerator (GKE). `None` on other clouds, or where the GPU is chosen.
    pub accelerator_type: Option<String>,
    /// Where the row comes from.
    pub source: String,
    /// What else a reader should know; empty when nothing.
    pub notes: String,
}

/// The GPUs of a machine type.
#[derive(Debug, Clone)]
pub enum MachineGpus {
    /// Built in.
    BuiltIn {
        /// The model.
        gpu: Arc<Gpu>,
        /// How many.
        count: GpuCount,
    },
    /// Attached at creation: the user chooses the model and how many.
    Attached(Vec<Attachable>),
}

/// A GPU model that can be attached to a machine type.
#[derive(Debug, Clone)]
pub struct Attachable {
    /// The model.
    pub gpu: Arc<Gpu>,
    /// The counts that can be attached, ascending.
    pub counts: Vec<AttachableCount>,
    /// The cloud's own name of the accelerator.
    pub accelerator_type: String,
}

/// A number of GPUs that can be attached, and what it asks of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttachableCount {
    /// How many GPUs.
    pub gpus: u32,
    /// The most virtual CPUs that a machine with so many of these GPUs may have.
    pub max_vcpus: u32,
}

/// How many GPUs a machine type has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GpuCount {
    /// Whole GPUs.
    Whole(u32),
    /// A fraction of one GPU (vGPU), such as 1/8.
    Fraction {
        /// Always below the denominator.
        numerator: u32,
        /// Never 0.
        denominator: u32,
    },
    /// A fraction of one GPU; no source gives which.
    UnknownFraction,
}

impl GpuCount {
    /// The number of whole GPUs; `None` for a fraction, whose cloud may report 0 (EC2) or 1 (Azure).
    #[must_use]
    pub const fn whole(self) -> Option<u32> {
        match self {
            Self::Whole(count) => Some(count),
            Self::Fraction { .. } | Self::UnknownFraction => None,
        }
    }

    /// How many GPU devices a node of this type shows: a fraction is one device.
    #[must_use]
    pub const fn devices(self) -> u32 {
        match self {
            Self::Whole(count) => count,
            Self::Fraction { .. } | Self::UnknownFraction => 1,
        }
    }
}

impl fmt::Display for GpuCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(count) => write!(f, "{count}"),
            Self::Fraction { numerator, denominator } => write!(f, "{numerator}/{denominator}"),
            Self::UnknownFraction => f.write_str("a fraction"),
        }
    }
}

/// The CPU architecture of a machine type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arch {
    /// `x86_64`, which Kubernetes calls `amd64`.
    X86_64,
    /// `arm64`.
    Arm64,
}

impl Arch {
    /// The value of the node label `kubernetes.io/arch`.
    #[must_use]
    pub const fn kubernetes_name(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }
}

/// Whether a machine type's GPUs can be cut by MIG through its cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MigSupport {
    /// They can.
    Yes,
    /// They cannot, for this reason: an error.
    No {
        /// The reason, as a clause without a full stop.
        reason: String,
    },
    /// The hardware can; whether the cloud's own tools can is unverified: a warning.
    HardwareOnly {
        /// What is known, as a clause without a full stop.
        note: String,
    },
    /// Nobody could say: a warning.
    Unverified {
        /// What is known, as a clause without a full stop.
        note: String,
    },
}

impl Machine {
    /// The built-in GPU model; `None` where the user chooses it.
    #[must_use]
    pub fn gpu(&self) -> Option<&Arc<Gpu>> {
        match &self.gpus {
            MachineGpus::BuiltIn { gpu, .. } => Some(gpu),
            MachineGpus::Attached(_) => None,
        }
    }

    /// The number of built-in GPUs; `None` where the user chooses it.
    #[must_use]
    pub const fn gpu_count(&self) -> Option<GpuCount> {
        match &self.gpus {
            MachineGpus::BuiltIn { count, .. } => Some(*count),
            MachineGpus::Attached(_) => None,
        }
    }

    /// What can be attached; empty where GPUs are built in.
    #[must_use]
    pub fn attachable(&self) -> &[Attachable] {
        match &self.gpus {
            MachineGpus::BuiltIn { .. } => &[],
            MachineGpus::Attached(choices) => choices,
        }
    }
}
