//! Node pools: create, get, list, delete, and how a pool is shown.

use serde_json::{Map, Value, json};

use super::errors::Refusal;
use super::model::{Cluster, Gke, Pool, strings};
use super::operations::Work;
use super::{Context, autoscaling, fields, rules, spec, versions};

impl Gke {
    /// The cluster, or Google's 404.
    pub(super) fn cluster(&self, id: &str) -> Result<&Cluster, Refusal> {
        self.clusters.get(id).ok_or_else(|| Refusal::not_found(id))
    }

    /// The cluster and the pool, or Google's 404.
    pub(super) fn pool(&self, cluster: &str, name: &str) -> Result<(&Cluster, &Pool), Refusal> {
        let cluster = self.cluster(cluster)?;
        let pool = cluster.pools.get(name);
        let pool = pool.ok_or_else(|| Refusal::not_found(&format!("{}/nodePools/{name}", cluster.id())))?;
        Ok((cluster, pool))
    }

    /// The cluster, where pools can be changed by users.
    pub(super) fn standard_cluster(&self, id: &str) -> Result<&Cluster, Refusal> {
        let cluster = self.cluster(id)?;
        if cluster.autopilot {
            // The text is unverified.
            return Err(Refusal::invalid("Autopilot clusters do not support mutating node pools."));
        }
        Ok(cluster)
    }

    pub(super) fn list_pools(&self, cluster: &str) -> Result<Value, Refusal> {
        let cluster = self.cluster(cluster)?;
        let pools: Vec<_> = cluster.pools.values().map(|pool| view(cluster, pool)).collect();
        Ok(if pools.is_empty() { json!({}) } else { json!({"nodePools": pools}) })
    }

    pub(super) fn get_pool(&self, cluster: &str, name: &str) -> Result<Value, Refusal> {
        let (cluster, pool) = self.pool(cluster, name)?;
        Ok(view(cluster, pool))
    }

    pub(super) fn create_pool(
        &mut self,
        context: &mut Context<'_>,
        cluster_id: &str,
        mut request: Map<String, Value>,
    ) -> Result<Value, Refusal> {
        let cluster = self.standard_cluster(cluster_id)?;
        let Some(Value::Object(mut wanted)) = request.remove("nodePool") else {
            return Err(Refusal::invalid("Node_pool must be specified."));
        };
        let asked = wanted.get("version").and_then(Value::as_str).unwrap_or_default().to_owned();
        // An unknown version stays as it is and is refused by the rules.
        let version = versions::resolve(cluster, &asked).unwrap_or(asked);
        wanted.insert("version".to_owned(), json!(version));
        let scaling = autoscaling::checked(wanted.get("autoscaling").unwrap_or(&Value::Null))?;
        wanted.insert("autoscaling".to_owned(), scaling);
        if wanted.get("locations").is_some_and(|zones| zones.as_array().is_some_and(Vec::is_empty)) {
            wanted.remove("locations");
        }
        let mut spec = spec::with_defaults(cluster, wanted);
        rules::check(cluster, &spec)?;
        let name = spec["name"].as_str().unwrap_or_default().to_owned();
        if cluster.pools.contains_key(&name) {
            return Err(Refusal::exists(&format!("{cluster_id}/nodePools/{name}")));
        }
        self.check_idle(cluster, Some(&name))?;
        spec::add_gpu_taint(cluster, &mut spec);
        let count =
            spec["initialNodeCount"].as_u64().and_then(|count| u32::try_from(count).ok()).unwrap_or(0);
        let mut pool = Pool {
            name: name.clone(),
            hash: context.random.hex(8),
            status: "PROVISIONING".to_owned(),
            status_message: String::new(),
            conditions: Vec::new(),
            sizes: autoscaling::per_zone(&strings(&spec["locations"]), count),
            spec,
            nodes: Vec::new(),
            created_at: context.now,
            revision: 1,
            drought: None,
        };
        autoscaling::keep_minimum(&mut pool);
        if let Some(cluster) = self.clusters.get_mut(cluster_id) {
            cluster.pools.insert(name.clone(), pool);
        }
        Ok(self.start(context, "CREATE_NODE_POOL", cluster_id, Some(&name), Work::Create))
    }

    pub(super) fn delete_pool(
        &mut self,
        context: &mut Context<'_>,
        cluster_id: &str,
        name: &str,
    ) -> Result<Value, Refusal> {
        self.standard_cluster(cluster_id)?;
        let (cluster, _) = self.pool(cluster_id, name)?;
        self.check_idle(cluster, Some(name))?;
        self.mark(cluster_id, name, "STOPPING");
        Ok(self.start(context, "DELETE_NODE_POOL", cluster_id, Some(name), Work::Delete))
    }

    /// The pool's status while something is under way.
    pub(super) fn mark(&mut self, cluster: &str, name: &str, status: &str) {
        if let Some(pool) = self.pool_mut(cluster, name) {
            status.clone_into(&mut pool.status);
        }
    }
}

/// The `NodePool` resource.
pub(super) fn view(cluster: &Cluster, pool: &Pool) -> Value {
    let mut shown = pool.spec.as_object().cloned().unwrap_or_default();
    let link = format!(
        "https://container.googleapis.com/v1/projects/{}/{}/clusters/{}/nodePools/{}",
        cluster.project,
        cluster.place(),
        cluster.name,
        pool.name
    );
    let groups: Vec<_> = match pool.status.as_str() {
        "PROVISIONING" => Vec::new(),
        _ => pool.sizes.keys().map(|zone| group_link(cluster, pool, zone)).collect(),
    };
    let mut put = |key: &str, value: Value| shown.insert(key.to_owned(), value);
    put("status", json!(pool.status));
    put("statusMessage", json!(pool.status_message));
    put("conditions", json!(pool.conditions));
    put("selfLink", json!(link));
    put("instanceGroupUrls", json!(groups));
    put("etag", json!(pool.etag()));
    put("podIpv4CidrSize", json!(pod_range_size(&pool.spec)));
    fields::write("NodePool", &shown)
}

/// The link of the pool's instance group manager in a zone. It leads to Google, as on the real service: a client that
/// wants the sandbox's own takes project, zone and name from it.
pub(super) fn group_link(cluster: &Cluster, pool: &Pool, zone: &str) -> String {
    format!(
        "https://www.googleapis.com/compute/v1/projects/{}/zones/{zone}/instanceGroupManagers/{}",
        cluster.project,
        pool.group_name(&cluster.name, zone)
    )
}

/// The prefix length of a node's pod range: twice as many addresses as pods, rounded up to a power of two (source:
/// GKE documentation, flexible pod CIDR).
fn pod_range_size(spec: &Value) -> u32 {
    let pods = spec["maxPodsConstraint"]["maxPodsPerNode"].as_str().and_then(|text| text.parse::<u32>().ok());
    32 - (pods.unwrap_or(110) * 2).next_power_of_two().trailing_zeros()
}
