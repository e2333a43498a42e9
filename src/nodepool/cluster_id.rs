//! The ids of clusters and of their pools on the three clouds, in every spelling that Terraform users paste.

use std::fmt;
use std::str::FromStr;

use crate::slicing::Cloud;

/// A cluster of one of the three clouds.
///
/// Two spellings of one cluster are equal: ARM ids do not distinguish case, and a Google self-link is its path.
#[derive(Debug, Clone)]
pub enum ClusterId {
    /// An AKS cluster, by its ARM id.
    Aks {
        /// The subscription's id.
        subscription: String,
        /// The resource group.
        resource_group: String,
        /// The cluster's name.
        cluster: String,
    },
    /// A GKE cluster.
    Gke {
        /// The project's id.
        project: String,
        /// A region or a zone.
        location: String,
        /// The cluster's name.
        cluster: String,
    },
    /// An EKS cluster, by its ARN.
    Eks {
        /// `aws`, `aws-cn`, `aws-us-gov`, …
        partition: String,
        /// The region.
        region: String,
        /// The account, 12 digits.
        account: String,
        /// The cluster's name.
        cluster: String,
    },
}

/// A text that is no cluster id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The name of a cluster alone. Remedy: the ARN, or the id of the cluster's own resource.
    #[error(
        "{0:?} is only a name, and a name does not say where the cluster is. Use the cluster's id: \
         `aws_eks_cluster.<name>.arn` on EKS (not `.name` or `.id`), `google_container_cluster.<name>.id` on GKE, \
         `azurerm_kubernetes_cluster.<name>.id` on AKS"
    )]
    BareName(String),
    /// Something else. Remedy: one of the three forms.
    #[error(
        "{0:?} is none of the three forms: \
         /subscriptions/<subscription>/resourceGroups/<group>/providers/Microsoft.ContainerService/managedClusters/<name> (AKS), \
         projects/<project>/locations/<region or zone>/clusters/<name> (GKE), \
         arn:aws:eks:<region>:<account>:cluster/<name> (EKS)"
    )]
    Malformed(String),
    /// Something else where the id of a pool was wanted. Remedy: the pool's id.
    #[error("{0:?} is not the id of a node pool. {POOL_FORMS}")]
    NotAPool(String),
    /// The id of a cluster where that of a pool was wanted. Remedy: the pool's id.
    #[error("{0:?} is the id of a cluster, and no node pool's. {POOL_FORMS}")]
    OnlyACluster(String),
    /// The id that the aws provider has for a node group. Remedy: the node group's ARN.
    #[error(
        "{0:?} is how the aws provider names a node group, and does not say where its cluster is. Use the node group's \
         ARN (`aws_eks_node_group.<name>.arn`), or the cluster's ARN, a colon and the name"
    )]
    AwsName(String),
}

/// How the ids of pools read.
const POOL_FORMS: &str = "It reads \
    /subscriptions/<subscription>/resourceGroups/<group>/providers/Microsoft.ContainerService/managedClusters/<cluster>/agentPools/<name> on AKS, \
    projects/<project>/locations/<region or zone>/clusters/<cluster>/nodePools/<name> on GKE, \
    arn:aws:eks:<region>:<account>:cluster/<cluster>:<name> or the node group's own ARN on EKS";

impl FromStr for ClusterId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        aks_cluster(text).or_else(|| gke_cluster(text)).or_else(|| eks_cluster(text)).ok_or_else(|| {
            if is_bare_name(text) {
                IdError::BareName(text.to_owned())
            } else {
                IdError::Malformed(text.to_owned())
            }
        })
    }
}

fn is_bare_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

fn aks_cluster(text: &str) -> Option<ClusterId> {
    let parts: Vec<&str> = text.strip_prefix('/')?.trim_end_matches('/').split('/').collect();
    let [s, subscription, g, resource_group, p, namespace, kind, cluster] = parts.as_slice() else {
        return None;
    };
    let words = [
        (s, "subscriptions"),
        (g, "resourceGroups"),
        (p, "providers"),
        (namespace, "Microsoft.ContainerService"),
        (kind, "managedClusters"),
    ];
    let spelt = words.iter().all(|(found, wanted)| found.eq_ignore_ascii_case(wanted));
    let filled = [subscription, resource_group, cluster].iter().all(|part| !part.is_empty());
    (spelt && filled).then(|| ClusterId::Aks {
        subscription: (*subscription).to_owned(),
        resource_group: (*resource_group).to_owned(),
        cluster: (*cluster).to_owned(),
    })
}

/// The path of a Google self-link: what follows the host and the API's version.
fn google_path(text: &str) -> &str {
    let without_host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .or_else(|| text.strip_prefix("//"))
        .and_then(|rest| rest.split_once('/'))
        .map_or(text, |(_, path)| path);
    ["v1/", "v1beta1/"].iter().find_map(|version| without_host.strip_prefix(version)).unwrap_or(without_host)
}

fn gke_cluster(text: &str) -> Option<ClusterId> {
    let parts: Vec<&str> = google_path(text).split('/').collect();
    let ["projects", project, "locations" | "zones" | "regions", location, "clusters", cluster] =
        parts.as_slice()
    else {
        return None;
    };
    let filled = [project, location, cluster].iter().all(|part| !part.is_empty());
    filled.then(|| ClusterId::Gke {
        project: (*project).to_owned(),
        location: (*location).to_owned(),
        cluster: (*cluster).to_owned(),
    })
}

fn eks_cluster(text: &str) -> Option<ClusterId> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, "eks", region, account, resource] = parts.as_slice() else { return None };
    let cluster = resource.strip_prefix("cluster/")?;
    let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let filled = partition.starts_with("aws")
        && !region.is_empty()
        && !cluster.is_empty()
        && !cluster.contains(['/', ':']);
    (digits && filled).then(|| ClusterId::Eks {
        partition: (*partition).to_owned(),
        region: (*region).to_owned(),
        account: (*account).to_owned(),
        cluster: cluster.to_owned(),
    })
}

impl ClusterId {
    /// The cloud it is on.
    pub fn cloud(&self) -> Cloud {
        match self {
            ClusterId::Aks { .. } => Cloud::Aks,
            ClusterId::Gke { .. } => Cloud::Gke,
            ClusterId::Eks { .. } => Cloud::Eks,
        }
    }

    /// The cluster's name.
    pub fn name(&self) -> &str {
        match self {
            ClusterId::Aks { cluster, .. }
            | ClusterId::Gke { cluster, .. }
            | ClusterId::Eks { cluster, .. } => cluster,
        }
    }

    /// The one spelling that all spellings of this cluster share.
    pub fn canonical(&self) -> String {
        match self {
            ClusterId::Aks { .. } => self.to_string().to_lowercase(),
            ClusterId::Gke { .. } | ClusterId::Eks { .. } => self.to_string(),
        }
    }

    /// Whether this can only be a cluster of a sandbox: its owner is one that no cloud gives out.
    pub fn is_sandbox(&self) -> bool {
        match self {
            ClusterId::Aks { subscription, .. } => subscription == "00000000-0000-0000-0000-000000000000",
            ClusterId::Gke { project, .. } => project == "sandbox",
            ClusterId::Eks { account, .. } => account == "000000000000",
        }
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClusterId::Aks { subscription, resource_group, cluster } => write!(
                f,
                "/subscriptions/{subscription}/resourceGroups/{resource_group}/providers/Microsoft.ContainerService/managedClusters/{cluster}"
            ),
            ClusterId::Gke { project, location, cluster } => {
                write!(f, "projects/{project}/locations/{location}/clusters/{cluster}")
            }
            ClusterId::Eks { partition, region, account, cluster } => {
                write!(f, "arn:{partition}:eks:{region}:{account}:cluster/{cluster}")
            }
        }
    }
}

impl PartialEq for ClusterId {
    fn eq(&self, other: &Self) -> bool {
        self.canonical() == other.canonical()
    }
}

impl Eq for ClusterId {}

impl std::hash::Hash for ClusterId {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.canonical().hash(state);
    }
}

/// The cluster's ARN and the name in the ARN of a node group: `arn:…:nodegroup/CLUSTER/NAME/UUID`.
fn node_group(text: &str) -> Option<(String, &str)> {
    let (place, resource) = text.split_once(":nodegroup/")?;
    let parts: Vec<&str> = resource.split('/').collect();
    let [cluster, name, uuid] = parts.as_slice() else { return None };
    (!uuid.is_empty()).then(|| (format!("{place}:cluster/{cluster}"), *name))
}

/// A node pool of a cluster. Its text is the cloud's native id, and what `terraform import` takes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PoolId {
    /// The cluster.
    pub cluster: ClusterId,
    /// The pool's name.
    pub name: String,
}

impl FromStr for PoolId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let not_a_pool = || {
            let text = text.to_owned();
            if text.parse::<ClusterId>().is_ok() {
                IdError::OnlyACluster(text)
            } else if text
                .split_once(':')
                .is_some_and(|(cluster, name)| is_bare_name(cluster) && is_bare_name(name))
            {
                IdError::AwsName(text)
            } else {
                IdError::NotAPool(text)
            }
        };
        let path = google_path(text);
        let (cluster, name) = if let Some((cluster, name)) = node_group(text) {
            (cluster, name)
        } else if text.starts_with("arn:") {
            let (cluster, name) = text.rsplit_once(':').ok_or_else(not_a_pool)?;
            (cluster.to_owned(), name)
        } else {
            let (parent, name) = path.rsplit_once('/').ok_or_else(not_a_pool)?;
            let (cluster, kind) = parent.rsplit_once('/').ok_or_else(not_a_pool)?;
            if !["nodePools", "agentPools"].iter().any(|known| kind.eq_ignore_ascii_case(known)) {
                return Err(not_a_pool());
            }
            (cluster.to_owned(), name)
        };
        let cluster: ClusterId = cluster.parse().map_err(|_| not_a_pool())?;
        if name.is_empty() || name.contains('/') {
            return Err(not_a_pool());
        }
        Ok(PoolId { cluster, name: name.to_owned() })
    }
}

impl fmt::Display for PoolId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cluster {
            ClusterId::Aks { .. } => write!(f, "{}/agentPools/{}", self.cluster, self.name),
            ClusterId::Gke { .. } => write!(f, "{}/nodePools/{}", self.cluster, self.name),
            ClusterId::Eks { .. } => write!(f, "{}:{}", self.cluster, self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> ClusterId {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn the_three_clouds_are_told_apart() {
        let aks = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";
        assert_eq!(parse(aks).cloud(), Cloud::Aks);
        assert_eq!(parse("projects/p/locations/us-central1/clusters/c").cloud(), Cloud::Gke);
        assert_eq!(parse("arn:aws-us-gov:eks:us-gov-west-1:123456789012:cluster/c").cloud(), Cloud::Eks);
    }

    #[test]
    fn a_self_link_is_its_path() {
        let path = parse("projects/p/locations/us-central1-a/clusters/c");
        for link in [
            "https://container.googleapis.com/v1/projects/p/zones/us-central1-a/clusters/c",
            "https://container.googleapis.com/v1beta1/projects/p/locations/us-central1-a/clusters/c",
            "//container.googleapis.com/projects/p/locations/us-central1-a/clusters/c",
        ] {
            assert_eq!(parse(link), path, "{link}");
        }
        assert_ne!(parse("projects/p/locations/us-central1-a/clusters/C"), path);
    }

    #[test]
    fn arm_ids_do_not_distinguish_case() {
        let id = "/subscriptions/S/resourcegroups/G/providers/microsoft.containerservice/managedclusters/C";
        assert_eq!(parse(id), parse(&id.to_uppercase()));
    }

    #[test]
    fn a_bare_eks_name_is_refused_and_the_arn_is_named() {
        let error = "my-cluster".parse::<ClusterId>().unwrap_err().to_string();
        assert!(error.contains("aws_eks_cluster.<name>.arn"), "{error}");
    }

    #[test]
    fn half_ids_are_refused() {
        for text in [
            "",
            "projects/p/locations/l/clusters/",
            "projects/p/locations/l/clusters/c/nodePools/n",
            "arn:aws:eks:us-east-1:12:cluster/c",
            "arn:aws:eks:us-east-1:123456789012:nodegroup/c/n/u",
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/c",
        ] {
            assert!(text.parse::<ClusterId>().is_err(), "{text}");
        }
    }

    #[test]
    fn pool_ids_print_as_they_are_read() {
        for text in [
            "projects/p/locations/l/clusters/c/nodePools/n",
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c/agentPools/n",
            "arn:aws:eks:us-east-1:123456789012:cluster/c:n",
        ] {
            let id: PoolId = text.parse().unwrap();
            assert_eq!(id.to_string(), text);
            assert_eq!(id.name, "n");
        }
        assert!("projects/p/locations/l/clusters/c".parse::<PoolId>().is_err());
    }

    #[test]
    fn a_node_group_may_be_named_by_its_own_arn() {
        let arn = "arn:aws-cn:eks:cn-north-1:123456789012:nodegroup/c/n/0ec2a1f0-9bc4-4d5e-8f12-3456789abcde";
        let id: PoolId = arn.parse().unwrap();
        assert_eq!(id.to_string(), "arn:aws-cn:eks:cn-north-1:123456789012:cluster/c:n");
        for half in [
            "arn:aws:eks:us-east-1:123456789012:nodegroup/c/n",
            "arn:aws:eks:us-east-1:123456789012:nodegroup/c//u",
            "arn:aws:eks:us-east-1:12:nodegroup/c/n/u",
            "arn:aws:ec2:us-east-1:123456789012:nodegroup/c/n/u",
        ] {
            assert!(half.parse::<PoolId>().is_err(), "{half}");
        }
    }

    #[test]
    fn what_is_no_pool_on_eks_is_told_with_what_is() {
        let said = |text: &str| text.parse::<PoolId>().unwrap_err().to_string();
        let cluster = said("arn:aws:eks:us-east-1:123456789012:cluster/c");
        assert!(cluster.contains("is the id of a cluster") && cluster.contains("cluster/<cluster>:<name>"));
        assert!(said("main:gpus").contains("aws_eks_node_group.<name>.arn"));
        assert!(said("gpus").contains("is not the id of a node pool"));
    }

    #[test]
    fn only_invented_owners_are_the_sandbox() {
        assert!(parse("projects/sandbox/locations/us-central1/clusters/sandbox").is_sandbox());
        assert!(parse("arn:aws:eks:us-east-1:000000000000:cluster/sandbox").is_sandbox());
        assert!(!parse("projects/sandbox-2/locations/us-central1/clusters/sandbox").is_sandbox());
    }
}
