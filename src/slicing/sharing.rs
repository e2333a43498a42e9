//! Sharing of one GPU, or one slice, by several containers; and how slices are named to Kubernetes.

use std::fmt;

/// The extended resource of a whole GPU, and of any slice under [`MigStrategy::Single`].
pub const GPU_RESOURCE: &str = "nvidia.com/gpu";

/// The most clients that MPS serves on one GPU of the Volta generation or later
/// (source: NVIDIA MPS documentation; a higher limit in release 615 is unverified). GKE caps time-sharing there too.
pub const MAX_MPS_CLIENTS: u32 = 48;

/// How containers share one GPU or one MIG slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Sharing {
    /// One container per GPU or slice.
    #[default]
    None,
    /// The containers take turns. No memory is set aside: one of them can use up what the others need.
    TimeSlicing {
        /// How many containers share; at least 2 to be sharing at all.
        replicas: u32,
    },
    /// CUDA Multi-Process Service: each container is held to an equal fraction of memory and compute.
    Mps {
        /// How many containers share; at least 2 to be sharing at all.
        replicas: u32,
    },
}

impl Sharing {
    /// How many containers each GPU or slice is announced as: 1 without sharing.
    #[must_use]
    pub const fn replicas(self) -> u32 {
        match self {
            Self::None => 1,
            Self::TimeSlicing { replicas } | Self::Mps { replicas } => replicas,
        }
    }

    /// `none`, `time-slicing` or `mps`: the value of the label `gpuslice/sharing`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::TimeSlicing { .. } => "time-slicing",
            Self::Mps { .. } => "mps",
        }
    }
}

impl fmt::Display for Sharing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Under which resource name the device plugin announces MIG slices
/// (source: NVIDIA device plugin, MIG strategies).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MigStrategy {
    /// Every slice is one `nvidia.com/gpu`. All GPUs of a node must hold slices of one and the same profile:
    /// with anything else the plugin announces nothing and marks the node `MIG-INVALID`.
    #[default]
    Single,
    /// Every slice is one `nvidia.com/mig-<profile>`.
    Mixed,
}

impl MigStrategy {
    /// `single` or `mixed`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Mixed => "mixed",
        }
    }
}

impl fmt::Display for MigStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
