//! What the clouds call the same things, for tests that hold on all of them: they are written once, and run on each.

use serde_json::{Value, json};

use crate::aks_pool::{AKS, MACHINE, REAL_AKS};
use crate::eks_pool::{EKS, OPERATOR, PLUGIN, REAL_EKS};
use crate::mig_pool::{Pool, REGIONAL, ZONAL};

/// A cloud that the provider and the sandbox have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cloud {
    Aks,
    Gke,
    Eks,
}

/// Makes a test of each function, once per cloud: `on_every_cloud!(a, b)` gives `aks::a`, `gke::a`, `eks::a`, `aks::b`, …
/// What follows `not eks:` does not hold on EKS, which has tests of its own instead.
macro_rules! on_every_cloud {
    ($($test:ident),* $(,)? $(; not eks: $($two:ident),+ $(,)?)?) => {
        mod aks {
            $(#[test] fn $test() { super::$test($crate::clouds::Cloud::Aks); })*
            $($(#[test] fn $two() { super::$two($crate::clouds::Cloud::Aks); })+)?
        }
        mod gke {
            $(#[test] fn $test() { super::$test($crate::clouds::Cloud::Gke); })*
            $($(#[test] fn $two() { super::$two($crate::clouds::Cloud::Gke); })+)?
        }
        mod eks {
            $(#[test] fn $test() { super::$test($crate::clouds::Cloud::Eks); })*
        }
    };
}
pub(crate) use on_every_cloud;

impl Cloud {
    /// As the sandbox and the attribute `cloud` name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Aks => "aks",
            Self::Gke => "gke",
            Self::Eks => "eks",
        }
    }

    /// The seeded cluster that tests work on, where nothing but size, machine and profile must be said.
    pub(crate) fn home(self) -> &'static str {
        match self {
            Self::Aks => AKS,
            Self::Gke => ZONAL,
            Self::Eks => EKS,
        }
    }

    /// The seeded clusters in which tests make pools.
    pub(crate) fn clusters(self) -> &'static [&'static str] {
        match self {
            Self::Aks => &[AKS],
            Self::Gke => &[ZONAL, REGIONAL],
            Self::Eks => &[EKS, PLUGIN, OPERATOR],
        }
    }

    /// The id of a cluster in the sandbox that is not seeded.
    pub(crate) fn other_cluster(self) -> String {
        match self {
            Self::Aks => AKS.replace("managedClusters/sandbox", "managedClusters/other"),
            Self::Gke => "projects/sandbox/locations/us-central1-b/clusters/other".to_owned(),
            Self::Eks => EKS.replace("cluster/sandbox", "cluster/other"),
        }
    }

    /// One GPU per node, cut into seven.
    pub(crate) fn pool(self) -> Pool {
        match self {
            Self::Aks => Pool::aks(),
            Self::Gke => Pool::zonal(),
            Self::Eks => Pool::eks(),
        }
    }

    /// The same at a cluster of a cloud that nobody reaches.
    pub(crate) fn real(self) -> Pool {
        match self {
            Self::Aks => Pool::real_aks(),
            Self::Gke => Pool::real(),
            Self::Eks => Pool::real_eks(),
        }
    }

    /// The profile of [`Self::pool`].
    pub(crate) fn seventh(self) -> &'static str {
        match self {
            Self::Aks | Self::Eks => "1g.10gb",
            Self::Gke => "1g.5gb",
        }
    }

    /// A profile that cuts the same GPU into three.
    pub(crate) fn third(self) -> &'static str {
        match self {
            Self::Aks | Self::Eks => "2g.20gb",
            Self::Gke => "2g.10gb",
        }
    }

    /// The entry of `native` that makes [`Self::seventh`].
    pub(crate) fn native_seventh(self) -> (&'static str, &'static str) {
        match self {
            Self::Aks => ("gpuInstanceProfile", "MIG1g"),
            Self::Gke => ("gpuPartitionSize", "1g.5gb"),
            Self::Eks => ("settings.kubelet-device-plugins.nvidia.device-partitioning-strategy", "mig"),
        }
    }

    /// The machine of [`Self::pool`].
    pub(crate) fn machine(self) -> &'static str {
        match self {
            Self::Aks => MACHINE,
            Self::Gke => "a2-highgpu-1g",
            Self::Eks => crate::eks_pool::MACHINE,
        }
    }

    /// The GPUs of that machine, as the attribute `gpu` would say.
    pub(crate) fn gpu(self) -> &'static str {
        match self {
            Self::Aks => r#"{ model = "a100-80gb", count = 1 }"#,
            Self::Gke => r#"{ model = "a100-40gb", count = 1 }"#,
            Self::Eks => r#"{ model = "h100-80gb", count = 1 }"#,
        }
    }

    /// A prefix of names that leaves room for the suffix.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Aks => "mig",
            Self::Gke => "mig-",
            Self::Eks => "mig_",
        }
    }

    /// The machine of [`Self::pool`] with more of the same GPUs.
    pub(crate) fn larger(self) -> &'static str {
        match self {
            Self::Aks => "Standard_NC48ads_A100_v4",
            Self::Gke => "a2-highgpu-2g",
            Self::Eks => "p5.48xlarge",
        }
    }

    /// The slices of [`Self::larger`] with [`Self::seventh`].
    pub(crate) fn larger_slices(self) -> u64 {
        match self {
            Self::Aks | Self::Gke => 14,
            // EC2 has none with two.
            Self::Eks => 56,
        }
    }

    /// The id of a pool.
    pub(crate) fn id(self, cluster: &str, pool: &str) -> String {
        match self {
            Self::Aks => format!("{cluster}/agentPools/{pool}"),
            Self::Gke => format!("{cluster}/nodePools/{pool}"),
            Self::Eks => format!("{cluster}:{pool}"),
        }
    }

    /// What follows the cluster in the path of everything about pools.
    pub(crate) fn pools(self) -> &'static str {
        match self {
            Self::Aks => "/agentPools",
            Self::Gke => "/nodePools",
            Self::Eks => "/node-groups",
        }
    }

    /// The path, with its query, at which the cloud's own API shows a pool. On EKS the region is asked for beside it.
    pub(crate) fn pool_path(self, cluster: &str, pool: &str) -> String {
        match self {
            Self::Aks => format!("{}?api-version=2026-08-01", self.id(cluster, pool)),
            Self::Gke => format!("/v1/{}", self.id(cluster, pool)),
            Self::Eks => {
                let (_, name) = cluster.rsplit_once('/').expect("an ARN");
                format!("/clusters/{name}/node-groups/{pool}")
            }
        }
    }

    /// The call that creates a pool, as faults and actors match it. On AKS updates are the same call.
    pub(crate) fn creation(self) -> Value {
        match self {
            Self::Aks => json!({"cloud": "aks", "method": "PUT", "path": "/agentPools/"}),
            Self::Gke => json!({"cloud": "gke", "method": "POST", "path": "/nodePools"}),
            Self::Eks => json!({"cloud": "eks", "method": "POST", "path": "/node-groups"}),
        }
    }

    /// What is in the path of a question how far the creation of the pool is.
    pub(crate) fn polling(self) -> &'static str {
        match self {
            Self::Aks | Self::Gke => "/operations/",
            Self::Eks => "/node-groups/mig",
        }
    }

    /// What the cloud calls a change under way.
    pub(crate) fn operation(self) -> &'static str {
        if self == Self::Eks { "update" } else { "operation" }
    }

    /// A call that changes the labels of the pool.
    pub(crate) fn labelling(self) -> Value {
        match self {
            Self::Aks => self.creation(),
            Self::Gke => json!({"cloud": "gke", "method": "PUT", "path": "/nodePools/"}),
            Self::Eks => json!({"cloud": "eks", "method": "POST", "path": "/update-config"}),
        }
    }

    /// A call that changes the size of the pool.
    pub(crate) fn sizing(self) -> Value {
        match self {
            Self::Aks => self.creation(),
            Self::Gke => json!({"cloud": "gke", "method": "POST", "path": ":setSize"}),
            Self::Eks => json!({"cloud": "eks", "method": "POST", "path": "/update-config"}),
        }
    }

    /// The call that deletes a pool.
    pub(crate) fn deletion(self) -> Value {
        json!({"cloud": self.name(), "method": "DELETE"})
    }

    /// The call that reads the cluster.
    pub(crate) fn preflight(self) -> Value {
        let path = match self {
            Self::Aks => "/managedClusters/sandbox",
            Self::Gke => "/clusters/zonal",
            Self::Eks => "/clusters/sandbox",
        };
        json!({"cloud": self.name(), "method": "GET", "path": path})
    }

    /// Whether a recorded exchange is one that created a pool.
    pub(crate) fn created(self, record: &Value) -> bool {
        let path = crate::mig_desk::path(record);
        match self {
            // A PUT of what was there already is answered with 200.
            Self::Aks => record["method"] == "PUT" && record["status"] == 201 && path.contains(self.pools()),
            Self::Gke | Self::Eks => {
                record["method"] == "POST" && record["status"] == 200 && path.ends_with(self.pools())
            }
        }
    }

    /// The name of the pool that a recorded exchange created.
    pub(crate) fn created_name(self, record: &Value) -> String {
        match self {
            Self::Aks => crate::mig_desk::path(record).rsplit('/').next().expect("a path").to_owned(),
            Self::Gke => {
                record["request_body"]["nodePool"]["name"].as_str().expect("a name is sent").to_owned()
            }
            Self::Eks => record["request_body"]["nodegroupName"].as_str().expect("a name is sent").to_owned(),
        }
    }

    /// The cluster of [`Self::real`].
    pub(crate) fn real_cluster(self) -> &'static str {
        match self {
            Self::Aks => REAL_AKS,
            Self::Gke => "projects/acme-prod/locations/us-central1-a/clusters/main",
            Self::Eks => REAL_EKS,
        }
    }

    /// The word for a missing permission, and for the right to be asked for.
    pub(crate) fn forbidden(self) -> (&'static str, &'static str) {
        match self {
            Self::Aks => ("AuthorizationFailed", "Microsoft.ContainerService/managedClusters/agentPools"),
            Self::Gke => ("permission", "roles/container"),
            Self::Eks => ("AccessDeniedException", "eks:CreateNodegroup"),
        }
    }

    /// What the cloud labels spot machines with.
    pub(crate) fn spot_label(self) -> (&'static str, &'static str) {
        match self {
            Self::Aks => ("kubernetes.azure.com/scalesetpriority", "spot"),
            Self::Gke => ("cloud.google.com/gke-spot", "true"),
            Self::Eks => ("eks.amazonaws.com/capacityType", "SPOT"),
        }
    }

    /// The taint's effect as the cloud spells it.
    pub(crate) fn effect(self, kubernetes: &str) -> &str {
        match (self, kubernetes) {
            (Self::Gke | Self::Eks, "NoSchedule") => "NO_SCHEDULE",
            (Self::Gke | Self::Eks, "NoExecute") => "NO_EXECUTE",
            (Self::Gke | Self::Eks, "PreferNoSchedule") => "PREFER_NO_SCHEDULE",
            _ => kubernetes,
        }
    }
}
