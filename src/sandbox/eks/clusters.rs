//! Clusters as the API shows them, and what the sandbox's own API tells.

use serde_json::{Value, json};

use super::Context;
use super::errors::Refusal;
use super::model::{Cluster, Eks, epoch};
use super::signature::{Caller, partition};
use crate::sandbox::clock::Millis;
use crate::sandbox::kubernetes::{Stack, View};
use crate::sandbox::nodes::Node;

impl Eks {
    pub(super) fn list_clusters(&self, caller: &Caller) -> Result<Value, Refusal> {
        let own = |cluster: &&Cluster| cluster.account == caller.account && cluster.region == caller.region;
        let names: Vec<_> = self.clusters.values().filter(own).map(|cluster| &cluster.name).collect();
        Ok(json!({"clusters": names}))
    }

    pub(super) fn describe_cluster(&self, context: &Context<'_>, arn: &str) -> Result<Value, Refusal> {
        let cluster = self.cluster(arn)?;
        let directory = context.directory.as_ref().ok_or_else(no_port)?;
        let access = directory.access(arn).map_err(|_| no_port())?;
        let role = format!("arn:{}:iam::{}:role/cluster", partition(&cluster.region), cluster.account);
        Ok(json!({"cluster": {
            "name": cluster.name,
            "arn": arn,
            "createdAt": epoch(cluster.created_at),
            "version": cluster.version,
            "endpoint": format!("https://{}", access.host),
            "roleArn": role,
            "resourcesVpcConfig": {
                "subnetIds": cluster.subnets.keys().collect::<Vec<_>>(),
                "securityGroupIds": [],
                "clusterSecurityGroupId": SECURITY_GROUP,
                "vpcId": "vpc-00000000000000000",
                "endpointPublicAccess": true,
                "endpointPrivateAccess": false,
                "publicAccessCidrs": ["0.0.0.0/0"],
            },
            "kubernetesNetworkConfig": {"serviceIpv4Cidr": "172.20.0.0/16", "ipFamily": "ipv4"},
            "accessConfig": {"authenticationMode": "API"},
            "status": "ACTIVE",
            "certificateAuthority": {"data": access.authority},
            "platformVersion": "eks.1",
            "tags": {},
            "health": {"issues": []},
        }}))
    }

    /// Every cluster with what it is there for.
    pub(crate) fn overview(&self) -> Vec<Value> {
        let clusters = self.clusters.values();
        clusters
            .map(|cluster| json!({"cloud": "eks", "cluster_id": cluster.arn(), "note": cluster.note}))
            .collect()
    }

    /// The cluster as Kubernetes begins from it.
    pub(crate) fn view(&self, id: &str) -> Option<View<'_>> {
        let cluster = self.clusters.get(id)?;
        Some(View {
            id: cluster.arn(),
            cloud: "eks",
            version: &cluster.version,
            created_at: cluster.created_at,
            tokens: true,
            certificates: false,
            stack: cluster.stack,
            workload: cluster.stack != Stack::Nothing,
            door: Some(self),
            nodes: cluster.groups.values().flat_map(|group| &group.nodes).collect(),
        })
    }

    /// The nodes of a cluster; a sentence where there is no such cluster.
    pub(crate) fn nodes_view(&self, id: &str, now: Millis) -> Result<Value, String> {
        let Some(cluster) = self.clusters.get(id) else {
            return Err(format!("there is no cluster {id:?}; there are {}", self.known()));
        };
        let nodes = cluster.groups.values().flat_map(|group| &group.nodes);
        Ok(nodes.map(|node| node.view(now)).collect())
    }

    /// All nodes of all clusters.
    pub(crate) fn nodes_mut(&mut self) -> impl Iterator<Item = &mut Node> {
        let groups = self.clusters.values_mut().flat_map(|cluster| cluster.groups.values_mut());
        groups.flat_map(|group| &mut group.nodes)
    }

    /// The ids of clusters with nodes that wait to be drained.
    pub(crate) fn draining(&self) -> Vec<String> {
        let draining = |cluster: &&Cluster| {
            cluster.groups.values().any(|group| group.nodes.iter().any(|node| node.draining))
        };
        self.clusters.values().filter(draining).map(Cluster::arn).collect()
    }

    /// The ids of all clusters, for people.
    pub(super) fn known(&self) -> String {
        let known: Vec<_> = self.clusters.values().map(Cluster::arn).collect();
        known.join(", ")
    }
}

/// The security group that EKS makes for a cluster.
const SECURITY_GROUP: &str = "sg-00000000000000000";

fn no_port() -> Refusal {
    Refusal::new(500, "ServerException", "the system gives the cluster's API server no port")
}
