//! Paths of Azure Resource Manager and what they mean. Their words do not distinguish case.

use super::credentials::Whose;
use super::model::key;

/// A call that the sandbox knows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    Endpoints,
    Tenants,
    Subscriptions,
    Subscription,
    /// In the whole subscription.
    ClustersOfSubscription,
    /// In one group.
    Clusters,
    Cluster,
    AbortCluster,
    AvailableVersions,
    Credentials(Whose),
    Pools,
    Pool(String),
    AbortPool(String),
    UpgradeImage(String),
    UpgradeProfile(String),
    Machines(String, Option<String>),
    /// Of a pool, or one of them: in the preview only.
    PoolOperations(String, Option<String>),
    Operation(String),
    OperationResult(String),
}

/// A path taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) route: Route,
    pub(super) subscription: Option<String>,
    pub(super) group: Option<String>,
    /// The cluster's key.
    pub(super) cluster: Option<String>,
    pub(super) location: Option<String>,
}

/// Why there is no target.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// No such path.
    Path,
    /// The path is there, but not for this method.
    Method,
}

/// True for a path of Resource Manager's.
pub(crate) fn owns(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    path.starts_with('/')
        && (["subscriptions", "tenants"].iter().any(|word| first.eq_ignore_ascii_case(word))
            || path.eq_ignore_ascii_case("/metadata/endpoints"))
}

/// The call behind a method and a path.
pub(super) fn target(method: &str, path: &str) -> Result<Target, Lost> {
    let original: Vec<&str> = path.trim_matches('/').split('/').collect();
    let lower: Vec<String> = original.iter().map(|part| part.to_ascii_lowercase()).collect();
    let words: Vec<&str> = lower.iter().map(String::as_str).collect();
    if words.iter().any(|word| word.is_empty()) {
        return Err(Lost::Path);
    }
    let mut target =
        Target { route: Route::Endpoints, subscription: None, group: None, cluster: None, location: None };
    let rest = match words.as_slice() {
        ["metadata", "endpoints"] => return wanted(method, "GET", target, Route::Endpoints),
        ["tenants"] => return wanted(method, "GET", target, Route::Tenants),
        ["subscriptions"] => return wanted(method, "GET", target, Route::Subscriptions),
        ["subscriptions", subscription, rest @ ..] => {
            target.subscription = Some((*subscription).to_owned());
            rest
        }
        _ => return Err(Lost::Path),
    };
    let name = |word: &&str| (*word).to_owned();
    let (allowed, route) = match rest {
        [] => ("GET", Route::Subscription),
        ["providers", "microsoft.containerservice", "managedclusters"] => {
            ("GET", Route::ClustersOfSubscription)
        }
        ["providers", "microsoft.containerservice", "locations", location, kind, id] => {
            target.location = Some(name(location));
            match *kind {
                "operations" => ("GET", Route::Operation(name(id))),
                "operationresults" => ("GET", Route::OperationResult(name(id))),
                _ => return Err(Lost::Path),
            }
        }
        [
            "resourcegroups",
            group,
            "providers",
            "microsoft.containerservice",
            "managedclusters",
            rest @ ..,
        ] => {
            target.group = Some(original[3].to_owned());
            let [cluster, rest @ ..] = rest else {
                return wanted(method, "GET", target, Route::Clusters);
            };
            debug_assert_eq!(original[3].to_ascii_lowercase(), *group);
            target.cluster = Some(key(&format!("/{}", original[..8].join("/"))));
            debug_assert!(!cluster.is_empty());
            match rest {
                [] => ("GET", Route::Cluster),
                ["abort"] => ("POST", Route::AbortCluster),
                ["listclusterusercredential"] => ("POST", Route::Credentials(Whose::User)),
                ["listclusteradmincredential"] => ("POST", Route::Credentials(Whose::Admin)),
                ["availableagentpoolversions"] => ("GET", Route::AvailableVersions),
                ["agentpools"] => ("GET", Route::Pools),
                // As it was written: a new pool with capital letters in its name is refused.
                ["agentpools", _] => ("GET PUT PATCH DELETE", Route::Pool(original[9].to_owned())),
                ["agentpools", pool, "abort"] => ("POST", Route::AbortPool(name(pool))),
                ["agentpools", pool, "upgradenodeimageversion"] => ("POST", Route::UpgradeImage(name(pool))),
                ["agentpools", pool, "upgradeprofiles", "default"] => {
                    ("GET", Route::UpgradeProfile(name(pool)))
                }
                ["agentpools", pool, "operations"] => ("GET", Route::PoolOperations(name(pool), None)),
                ["agentpools", pool, "operations", id] => {
                    ("GET", Route::PoolOperations(name(pool), Some(name(id))))
                }
                ["agentpools", pool, "machines"] => ("GET", Route::Machines(name(pool), None)),
                ["agentpools", pool, "machines", machine] => {
                    ("GET", Route::Machines(name(pool), Some(name(machine))))
                }
                _ => return Err(Lost::Path),
            }
        }
        _ => return Err(Lost::Path),
    };
    wanted(method, allowed, target, route)
}

fn wanted(method: &str, allowed: &str, target: Target, route: Route) -> Result<Target, Lost> {
    if allowed.split(' ').any(|allowed| allowed == method) {
        Ok(Target { route, ..target })
    } else {
        Err(Lost::Method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLUSTER: &str =
        "/subscriptions/S/resourceGroups/Team/providers/Microsoft.ContainerService/managedClusters/Main";

    fn route(method: &str, path: &str) -> Result<Route, Lost> {
        target(method, path).map(|target| target.route)
    }

    #[test]
    fn words_are_read_in_any_case() {
        let found = target("PUT", &format!("{CLUSTER}/agentPools/gpu").to_uppercase()).unwrap();
        assert_eq!(found.route, Route::Pool("GPU".into()));
        assert_eq!(found.cluster, Some(CLUSTER.to_lowercase()));
        assert_eq!(found.group.as_deref(), Some("TEAM"));
        assert!(owns("/SUBSCRIPTIONS/x") && owns("/metadata/endpoints") && !owns("/v1/subscriptions"));
    }

    #[test]
    fn paths_are_read() {
        assert_eq!(route("GET", CLUSTER), Ok(Route::Cluster));
        assert_eq!(route("GET", &format!("{CLUSTER}/agentPools")), Ok(Route::Pools));
        assert_eq!(route("POST", &format!("{CLUSTER}/agentPools/a/abort")), Ok(Route::AbortPool("a".into())));
        let operation =
            "/subscriptions/S/providers/Microsoft.ContainerService/locations/eastus/operations/ID";
        assert_eq!(route("GET", operation), Ok(Route::Operation("id".into())));
        assert_eq!(route("POST", &format!("{CLUSTER}/agentPools/a")), Err(Lost::Method));
        for unknown in
            ["/subscriptions/S/providers/Microsoft.Compute", &format!("{CLUSTER}/agentPools/a/b"), "//"]
        {
            assert_eq!(route("GET", unknown), Err(Lost::Path), "{unknown}");
        }
    }
}
