//! The kinds of node pools, each a resource type of its own. What differs between them is told here and in `schema`.

/// A kind of node pool, by what its GPUs are divided into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Every GPU is cut into GPU instances, each for one container.
    Mig,
    /// Every GPU, or every GPU instance, is shared by several containers.
    TimeSlice,
}

impl Kind {
    /// Every kind, in the order of lists.
    pub const ALL: [Kind; 2] = [Kind::Mig, Kind::TimeSlice];

    /// The resource's type name.
    pub const fn resource_type(self) -> &'static str {
        match self {
            Kind::Mig => "gpuslice_mig_nodepool",
            Kind::TimeSlice => "gpuslice_timeslice_nodepool",
        }
    }

    /// The attributes that say how the GPUs of a node are divided.
    pub(super) const fn slicing(self) -> &'static [&'static str] {
        match self {
            Kind::Mig => &["mig_profile", "mig_strategy"],
            Kind::TimeSlice => &["mig_profile", "replicas", "sharing_strategy"],
        }
    }

    /// Those of them that the labels `gpuslice/profile` and `gpuslice/sharing` tell.
    pub(super) const fn labelled(self) -> &'static [&'static str] {
        match self {
            Kind::Mig => &["mig_profile"],
            Kind::TimeSlice => &["mig_profile", "replicas", "sharing_strategy"],
        }
    }
}
