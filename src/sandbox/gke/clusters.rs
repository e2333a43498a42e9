//! Clusters and operations as the API shows them, and the cluster update by which node pools are changed too.

use serde_json::{Map, Value, json};

use super::errors::Refusal;
use super::model::{Cluster, Gke};
use super::nodepools::view;
use super::operations::{Changes, Place, Work};
use super::{Context, autoscaling, update, versions};
use crate::sandbox::clock::{Millis, rfc3339};
use crate::sandbox::kubernetes::{Access, Stack, View};
use crate::sandbox::nodes::Node;

impl Gke {
    pub(super) fn get_cluster(&self, context: &Context<'_>, id: &str) -> Result<Value, Refusal> {
        let cluster = self.cluster(id)?;
        let busy = self.operations.iter().any(|op| op.active() && op.cluster == id && op.pool.is_none());
        debug_assert!(cluster.created_at <= context.now);
        let access = context.directory.map(|directory| directory.access(id)).transpose();
        let access = access.map_err(|_| Refusal::unavailable())?;
        Ok(show(cluster, if busy { "RECONCILING" } else { "RUNNING" }, access.as_ref()))
    }

    pub(super) fn list_clusters(
        &self,
        context: &Context<'_>,
        project: &str,
        location: &str,
    ) -> Result<Value, Refusal> {
        let here = |cluster: &&Cluster| {
            cluster.project == project && (location == "-" || cluster.location == location)
        };
        let clusters: Result<Vec<_>, _> = self
            .clusters
            .values()
            .filter(here)
            .map(|cluster| self.get_cluster(context, &cluster.id()))
            .collect();
        let clusters = clusters?;
        Ok(if clusters.is_empty() { json!({}) } else { json!({"clusters": clusters}) })
    }

    /// Exactly one update per request (source: discovery document). The sandbox carries out those that concern node
    /// pools and the control plane's version.
    pub(super) fn update_cluster(
        &mut self,
        context: &mut Context<'_>,
        id: &str,
        mut request: Map<String, Value>,
    ) -> Result<Value, Refusal> {
        let cluster = self.cluster(id)?;
        let Some(Value::Object(mut update)) = request.remove("update") else {
            return Err(Refusal::invalid("Must specify a field to update."));
        };
        if let Some(etag) = update.remove("etag").filter(|etag| *etag != json!(etag_of(cluster))) {
            return Err(Refusal::aborted(format!(
                "The etag {etag} does not match the current etag of the cluster."
            )));
        }
        let pool = update.remove("desiredNodePoolId");
        let pool = pool.as_ref().and_then(Value::as_str);
        let mut updates = update.into_iter();
        let (Some((field, value)), None) = (updates.next(), updates.next()) else {
            return Err(Refusal::invalid("Must specify exactly one field to update."));
        };
        let named = || {
            let only = || (cluster.pools.len() == 1).then(|| cluster.pools.keys().next()).flatten();
            pool.or_else(|| only().map(String::as_str)).map(str::to_owned).ok_or_else(|| {
                Refusal::invalid(
                    "desired_node_pool_id must be specified: the cluster has several node pools.",
                )
            })
        };
        match field.as_str() {
            "desiredNodePoolAutoscaling" => {
                let pool = named()?;
                let changes = Changes::from([("autoscaling".to_owned(), autoscaling::checked(&value)?)]);
                self.change_pool(context, id, &pool, "UPDATE_CLUSTER", changes)
            }
            "desiredImageType" => {
                let pool = named()?;
                let image = json!(value.as_str().unwrap_or_default().to_ascii_uppercase());
                let changes = Changes::from([("config.imageType".to_owned(), image)]);
                self.roll_pool(context, id, &pool, "UPDATE_CLUSTER", changes)
            }
            "desiredNodeVersion" => {
                let pool = named()?;
                let changes = Changes::from([("version".to_owned(), update::version(cluster, &value)?)]);
                self.roll_pool(context, id, &pool, "UPGRADE_NODES", changes)
            }
            "desiredMasterVersion" => {
                let asked = value.as_str().unwrap_or_default();
                if !versions::VERSIONS.contains(&asked) {
                    return Err(Refusal::invalid(format!("Master version \"{asked}\" is unsupported.")));
                }
                self.check_idle(cluster, None)?;
                let work = Work::Master(asked.to_owned());
                Ok(self.start(context, "UPGRADE_MASTER", id, None, work))
            }
            other => Err(Refusal::invalid(format!(
                "The sandbox does not carry out the cluster update {other}; it carries out \
                 desiredNodePoolAutoscaling, desiredImageType, desiredNodeVersion and desiredMasterVersion."
            ))),
        }
    }

    pub(super) fn list_operations(&self, context: &Context<'_>, project: &str, location: &str) -> Value {
        let here = |cluster: &str| match location {
            "-" => cluster.starts_with(&format!("projects/{project}/")),
            _ => cluster.starts_with(&format!("projects/{project}/locations/{location}/")),
        };
        let shown = self.operations.iter().filter(|op| here(&op.cluster));
        let shown: Vec<_> = shown.map(|op| op.view(&Place::of(&op.cluster), context.now)).collect();
        if shown.is_empty() { json!({}) } else { json!({"operations": shown}) }
    }

    pub(super) fn get_operation(
        &self,
        context: &Context<'_>,
        location: &str,
        name: &str,
    ) -> Result<Value, Refusal> {
        let place = |cluster: &str| Place::of(cluster);
        let found = self.operations.iter().find(|op| op.name == name && place(&op.cluster).is_in(location));
        let found =
            found.ok_or_else(|| Refusal::not_found(&format!("locations/{location}/operations/{name}")))?;
        Ok(found.view(&place(&found.cluster), context.now))
    }

    /// Only upgrades of nodes can be cancelled (unverified: what else).
    pub(super) fn cancel_operation(
        &mut self,
        context: &mut Context<'_>,
        location: &str,
        name: &str,
    ) -> Result<(), Refusal> {
        let found = self.operations.iter_mut();
        let found = found.into_iter().find(|op| op.name == name && Place::of(&op.cluster).is_in(location));
        let Some(operation) = found else {
            return Err(Refusal::not_found(&format!("locations/{location}/operations/{name}")));
        };
        if !operation.active() || !matches!(operation.work, Work::Roll(_)) {
            return Err(Refusal::precondition(format!("Operation {name} cannot be cancelled.")));
        }
        operation.cancelled = true;
        self.advance(context.now, context.latency, context.random);
        Ok(())
    }
}

fn etag_of(cluster: &Cluster) -> String {
    format!("c{:08x}", cluster.revision)
}

fn show(cluster: &Cluster, status: &str, access: Option<&Access>) -> Value {
    let pools: Vec<_> = cluster.pools.values().map(|pool| view(cluster, pool)).collect();
    let nodes: usize = cluster.pools.values().map(|pool| pool.nodes.len()).sum();
    let root =
        format!("https://container.googleapis.com/v1/projects/{}/{}", cluster.project, cluster.place());
    let mut shown = json!({
        "name": cluster.name,
        "id": format!("{:x}", cluster.created_at),
        "location": cluster.location,
        "zone": cluster.location,
        "locations": cluster.zones,
        "status": status,
        "initialClusterVersion": cluster.version,
        "currentMasterVersion": cluster.version,
        "currentNodeVersion": node_version(cluster),
        "createTime": rfc3339(cluster.created_at),
        "network": "default",
        "subnetwork": "default",
        "loggingService": "logging.googleapis.com/kubernetes",
        "monitoringService": "monitoring.googleapis.com/kubernetes",
        "defaultMaxPodsConstraint": {"maxPodsPerNode": "110"},
        "selfLink": format!("{root}/clusters/{}", cluster.name),
        "etag": etag_of(cluster),
    });
    let mut put = |key: &str, value: Value| shown[key] = value;
    if let Some(access) = access {
        put("endpoint", json!(access.host));
        put("masterAuth", json!({"clusterCaCertificate": access.authority}));
        // The name that the DNS endpoint would have; from outside it is not allowed in.
        let name = format!("gke-{:x}.{}.gke.goog", cluster.created_at, cluster.region());
        put(
            "controlPlaneEndpointsConfig",
            json!({
                "dnsEndpointConfig": {"endpoint": name},
                "ipEndpointsConfig": {"enabled": true, "enablePublicEndpoint": true, "publicEndpoint": access.host},
            }),
        );
    }
    if !pools.is_empty() {
        put("nodePools", json!(pools));
    }
    if nodes > 0 {
        put("currentNodeCount", json!(nodes));
    }
    if cluster.autopilot {
        put("autopilot", json!({"enabled": true}));
    }
    if let Some(channel) = &cluster.release_channel {
        put("releaseChannel", json!({"channel": channel}));
    }
    shown
}

/// What the sandbox's own API tells.
impl Gke {
    /// Every cluster with what it is there for.
    pub(crate) fn overview(&self) -> Vec<Value> {
        let shown = self
            .clusters
            .iter()
            .map(|(id, cluster)| json!({"cloud": "gke", "cluster_id": id, "note": cluster.note}));
        shown.collect()
    }

    /// The cluster as Kubernetes begins from it.
    pub(crate) fn view(&self, id: &str) -> Option<View<'_>> {
        let cluster = self.clusters.get(id)?;
        Some(View {
            id: id.to_owned(),
            cloud: "gke",
            version: &cluster.version,
            created_at: cluster.created_at,
            tokens: true,
            certificates: false,
            stack: cluster.stack,
            workload: cluster.stack != Stack::Nothing,
            door: None,
            nodes: cluster.pools.values().flat_map(|pool| &pool.nodes).collect(),
        })
    }

    /// All nodes of all clusters.
    pub(crate) fn nodes_mut(&mut self) -> impl Iterator<Item = &mut Node> {
        let pools = self.clusters.values_mut().flat_map(|cluster| cluster.pools.values_mut());
        pools.flat_map(|pool| &mut pool.nodes)
    }

    /// The ids of clusters with nodes that wait to be drained.
    pub(crate) fn draining(&self) -> Vec<String> {
        let waits = |cluster: &Cluster| {
            cluster.pools.values().any(|pool| pool.nodes.iter().any(|node| node.draining))
        };
        let clusters = self.clusters.values().filter(|cluster| waits(cluster));
        clusters.map(Cluster::id).collect()
    }

    /// The nodes of a cluster; a sentence where there is no such cluster.
    pub(crate) fn nodes_view(&self, id: &str, now: Millis) -> Result<Value, String> {
        let Some(cluster) = self.clusters.get(id) else {
            let known: Vec<_> = self.clusters.keys().map(String::as_str).collect();
            return Err(format!("there is no cluster {id:?}; there are {}", known.join(", ")));
        };
        let nodes = cluster.pools.values().flat_map(|pool| &pool.nodes);
        Ok(nodes.map(|node| node.view(now)).collect())
    }
}

/// The nodes' version, with a star where pools differ. Deprecated, and still read by gcloud.
fn node_version(cluster: &Cluster) -> String {
    let versions: std::collections::BTreeSet<_> =
        cluster.pools.values().filter_map(|pool| pool.spec["version"].as_str()).collect();
    match versions.first() {
        Some(oldest) if versions.len() > 1 => format!("{oldest} *"),
        Some(only) => (*only).to_owned(),
        None => cluster.version.clone(),
    }
}
