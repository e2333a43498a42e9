//! Paths of Google's APIs and what they mean.

use serde_json::{Map, Value, json};

use super::errors::Refusal;
use super::{Context, Gke, PROJECT_NUMBER, fields, versions};
use crate::sandbox::exchange::Call;

/// A call that the sandbox knows. Cluster ids are `projects/P/locations/L/clusters/C`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    ListClusters { project: String, location: String },
    GetCluster(String),
    UpdateCluster(String),
    CreatePool(String),
    ListPools(String),
    GetPool(String, String),
    UpdatePool(String, String),
    DeletePool(String, String),
    PoolAction(String, String, &'static str),
    ListOperations { project: String, location: String },
    GetOperation { location: String, name: String },
    CancelOperation { location: String, name: String },
    ServerConfig,
    ListGroups { project: String, zone: String },
    GetGroup { project: String, zone: String, name: String },
}

const ACTIONS: &[&str] = &["setSize", "setAutoscaling", "setManagement", "rollback", "completeUpgrade"];

/// The project that a path names, by its id.
pub(super) fn project(path: &str) -> Option<&str> {
    let (_, rest) = path.split_once("/projects/")?;
    let project = rest.split('/').next()?;
    Some(if project == PROJECT_NUMBER { super::seed::PROJECT } else { project })
}

/// The call behind a method and a path; none where Google has no such path, or the sandbox does not serve it.
pub(super) fn route(method: &str, path: &str) -> Option<Route> {
    if let Some(path) = path.strip_prefix("/compute/v1/") {
        return compute(method, path);
    }
    let path = path.strip_prefix("/v1/")?;
    let (path, verb) = match path.rsplit_once(':') {
        Some((path, verb)) if !verb.contains('/') => (path, Some(verb)),
        _ => (path, None),
    };
    let parts: Vec<&str> = path.split('/').collect();
    let ["projects", project, "locations", location, rest @ ..] = parts.as_slice() else { return None };
    if project.is_empty() || location.is_empty() {
        return None;
    }
    let project = if *project == PROJECT_NUMBER { super::seed::PROJECT } else { project };
    let (project, location) = (project.to_owned(), (*location).to_owned());
    let cluster = |name: &str| format!("projects/{project}/locations/{location}/clusters/{name}");
    Some(match (method, rest, verb) {
        ("GET", ["serverConfig"], None) => Route::ServerConfig,
        ("GET", ["clusters"], None) => Route::ListClusters { project, location },
        ("GET", ["clusters", name], None) => Route::GetCluster(cluster(name)),
        ("PUT", ["clusters", name], None) => Route::UpdateCluster(cluster(name)),
        ("GET", ["clusters", name, "nodePools"], None) => Route::ListPools(cluster(name)),
        ("POST", ["clusters", name, "nodePools"], None) => Route::CreatePool(cluster(name)),
        (_, ["clusters", name, "nodePools", pool], verb) if !pool.is_empty() => {
            let (cluster, pool) = (cluster(name), (*pool).to_owned());
            match (method, verb) {
                ("GET", None) => Route::GetPool(cluster, pool),
                ("PUT", None) => Route::UpdatePool(cluster, pool),
                ("DELETE", None) => Route::DeletePool(cluster, pool),
                ("POST", Some(verb)) => {
                    Route::PoolAction(cluster, pool, ACTIONS.iter().find(|known| **known == verb)?)
                }
                _ => return None,
            }
        }
        ("GET", ["operations"], None) => Route::ListOperations { project, location },
        ("GET", ["operations", name], None) => Route::GetOperation { location, name: (*name).to_owned() },
        ("POST", ["operations", name], Some("cancel")) => {
            Route::CancelOperation { location, name: (*name).to_owned() }
        }
        _ => return None,
    })
}

fn compute(method: &str, path: &str) -> Option<Route> {
    let parts: Vec<&str> = path.split('/').collect();
    let ["projects", project, "zones", zone, "instanceGroupManagers", rest @ ..] = parts.as_slice() else {
        return None;
    };
    let project = if *project == PROJECT_NUMBER { super::seed::PROJECT } else { project };
    let (project, zone) = (project.to_owned(), (*zone).to_owned());
    match (method, rest) {
        ("GET", []) => Some(Route::ListGroups { project, zone }),
        ("GET", [name]) => Some(Route::GetGroup { project, zone, name: (*name).to_owned() }),
        _ => None,
    }
}

/// The request body as a message of the API.
pub(super) fn body(call: &Call, message: &'static str) -> Result<Map<String, Value>, Refusal> {
    if call.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    let parsed: Value = serde_json::from_slice(&call.body)
        .map_err(|error| Refusal::invalid(format!("Invalid JSON payload received. {error}.")))?;
    fields::read(message, &parsed).map_err(|violation| Refusal::field(&violation))
}

impl Gke {
    /// Hands a call to its module.
    pub(super) fn dispatch(
        &mut self,
        context: &mut Context<'_>,
        call: &Call,
        route: Route,
    ) -> Result<Value, Refusal> {
        match route {
            Route::ServerConfig => Ok(versions::server_config()),
            Route::ListClusters { project, location } => self.list_clusters(context, &project, &location),
            Route::GetCluster(cluster) => self.get_cluster(context, &cluster),
            Route::UpdateCluster(cluster) => {
                self.update_cluster(context, &cluster, body(call, "UpdateClusterRequest")?)
            }
            Route::ListPools(cluster) => self.list_pools(&cluster),
            Route::GetPool(cluster, pool) => self.get_pool(&cluster, &pool),
            Route::CreatePool(cluster) => {
                self.create_pool(context, &cluster, body(call, "CreateNodePoolRequest")?)
            }
            Route::UpdatePool(cluster, pool) => {
                self.update_pool(context, &cluster, &pool, &body(call, "UpdateNodePoolRequest")?)
            }
            Route::DeletePool(cluster, pool) => self.delete_pool(context, &cluster, &pool),
            Route::PoolAction(cluster, pool, "setSize") => {
                self.set_size(context, &cluster, &pool, &body(call, "SetNodePoolSizeRequest")?)
            }
            Route::PoolAction(cluster, pool, "setAutoscaling") => {
                self.set_autoscaling(context, &cluster, &pool, &body(call, "SetNodePoolAutoscalingRequest")?)
            }
            Route::PoolAction(cluster, pool, "setManagement") => {
                self.set_management(context, &cluster, &pool, &body(call, "SetNodePoolManagementRequest")?)
            }
            Route::PoolAction(cluster, pool, "rollback") => {
                body(call, "RollbackNodePoolUpgradeRequest")?;
                self.rollback(context, &cluster, &pool)
            }
            Route::PoolAction(cluster, pool, _) => {
                body(call, "CompleteNodePoolUpgradeRequest")?;
                self.pool(&cluster, &pool)?;
                Err(Refusal::precondition(format!("Node pool {pool} has no blue-green upgrade under way.")))
            }
            Route::ListOperations { project, location } => {
                Ok(self.list_operations(context, &project, &location))
            }
            Route::GetOperation { location, name } => self.get_operation(context, &location, &name),
            Route::CancelOperation { location, name } => {
                body(call, "CancelOperationRequest")?;
                self.cancel_operation(context, &location, &name).map(|()| json!({}))
            }
            Route::ListGroups { project, zone } => self.list_groups(call, &project, &zone),
            Route::GetGroup { project, zone, name } => self.get_group(&project, &zone, &name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read() {
        let cluster = "projects/p/locations/us-central1/clusters/c".to_owned();
        assert_eq!(route("GET", &format!("/v1/{cluster}")), Some(Route::GetCluster(cluster.clone())));
        assert_eq!(
            route("POST", &format!("/v1/{cluster}/nodePools")),
            Some(Route::CreatePool(cluster.clone()))
        );
        assert_eq!(
            route("POST", &format!("/v1/{cluster}/nodePools/x:setSize")),
            Some(Route::PoolAction(cluster.clone(), "x".to_owned(), "setSize"))
        );
        assert_eq!(
            route("POST", "/v1/projects/p/locations/l/operations/o:cancel"),
            Some(Route::CancelOperation { location: "l".to_owned(), name: "o".to_owned() })
        );
        for unknown in
            ["/v1/", "/v1/projects", "/v2/projects/p/locations/l/clusters", "/v1/projects/p/zones/z/clusters"]
        {
            assert_eq!(route("GET", unknown), None, "{unknown}");
        }
        assert_eq!(route("POST", &format!("/v1/{cluster}/nodePools/x:setSizes")), None);
        assert_eq!(route("PATCH", &format!("/v1/{cluster}/nodePools/x")), None);
    }
}
