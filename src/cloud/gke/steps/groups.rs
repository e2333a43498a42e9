//! What GKE changes in one request, and in which order.

/// A group of fields that GKE changes in one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    Upgrade,
    Drain,
    Management,
    Autoscaling,
    Shrink,
    Zones,
    ResourceLabels,
    NetworkTags,
    ManagerTags,
    Version,
    Image,
    Disk,
    Accelerators,
    Metadata,
    PrivateNodes,
    Gvnic,
    ImageStreaming,
    FlexStart,
    Queued,
    RunDuration,
    Labels,
    Taints,
    Grow,
}

/// Every group, in an order in which each beginning of it leaves a sound pool: first what says how nodes are
/// replaced, then fewer nodes, then what replaces them, then labels and taints (which promise slices to pods), and
/// last more nodes, which thus come with everything else in place.
pub(crate) const ORDER: [Group; 23] = [
    Group::Upgrade,
    Group::Drain,
    Group::Management,
    Group::Autoscaling,
    Group::Shrink,
    Group::Zones,
    Group::ResourceLabels,
    Group::NetworkTags,
    Group::ManagerTags,
    Group::Version,
    Group::Image,
    Group::Disk,
    Group::Accelerators,
    Group::Metadata,
    Group::PrivateNodes,
    Group::Gvnic,
    Group::ImageStreaming,
    Group::FlexStart,
    Group::Queued,
    Group::RunDuration,
    Group::Labels,
    Group::Taints,
    Group::Grow,
];

impl Group {
    /// What changes, for messages.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Group::Upgrade => "the upgrade settings",
            Group::Drain => "the node drain settings",
            Group::Management => "auto-repair and auto-upgrade",
            Group::Autoscaling => "the autoscaler's limits",
            Group::Shrink | Group::Grow => "the number of nodes",
            Group::Zones => "the zones",
            Group::ResourceLabels => "the tags",
            Group::NetworkTags => "the network tags",
            Group::ManagerTags => "the resource manager tags",
            Group::Version => "the Kubernetes version",
            Group::Image => "the image type",
            Group::Disk => "the boot disk",
            Group::Accelerators => "GPU sharing or driver",
            Group::Metadata => "the workload metadata mode",
            Group::PrivateNodes => "private nodes",
            Group::Gvnic => "gVNIC",
            Group::ImageStreaming => "image streaming",
            Group::FlexStart => "flex-start",
            Group::Queued => "queued provisioning",
            Group::RunDuration => "the run duration",
            Group::Labels => "the labels",
            Group::Taints => "the taints",
        }
    }
}
