//! The calls that the provider makes, each with the permission that its cloud demands for it.

mod amazon;
mod azure;
mod google;
mod kubernetes;

use serde_json::Value;

use super::tables::{RULE, row};
use crate::support::{Sandbox, Workspace};

/// Methods of a cloud's API that one permission allows, on one occasion.
struct Methods {
    /// The cloud's names of them.
    names: &'static str,
    /// HTTP method and path, with a star for what differs. A path that does not begin at the API's root is the
    /// cluster's.
    requests: &'static [(&'static str, &'static str)],
    /// By the cloud's reference.
    permission: &'static str,
    /// When the provider asks.
    when: &'static str,
}

/// All that the provider asks of one cloud.
struct Calls {
    /// The path of a cluster.
    cluster: &'static str,
    /// How paths begin that are no cluster's.
    roots: &'static [&'static str],
    /// Every method.
    methods: &'static [Methods],
}

/// The table of the guide for one cloud.
pub(super) fn table(cloud: &str) -> String {
    match cloud {
        "kubernetes" => return kubernetes::table(),
        "eks" => return amazon::table(),
        _ => {}
    }
    let calls = match cloud {
        "aks" => azure::CALLS,
        "gke" => google::CALLS,
        other => panic!("no permissions are told for {other:?}"),
    };
    let mut text = row(["permission", "methods", "when"]) + &row([RULE; 3]);
    for methods in calls.methods {
        text += &row([&format!("`{}`", methods.permission), methods.names, methods.when]);
    }
    text.trim_end().to_owned()
}

impl Calls {
    /// Every request of the table, with whole paths.
    fn requests(&self) -> Vec<(&'static str, String)> {
        let whole = |path: &str| {
            let absolute = self.roots.iter().any(|root| path.starts_with(root));
            if absolute { path.to_owned() } else { format!("{}{path}", self.cluster) }
        };
        let requests = self.methods.iter().flat_map(|methods| methods.requests);
        requests.map(|(http, path)| (*http, whole(path))).collect()
    }

    /// A call that the table lacks is a permission that nobody grants; one that is never made is one too many.
    #[track_caller]
    fn are_those_of(&self, records: &[Value]) {
        let requests = self.requests();
        let mut never = requests.clone();
        for record in records.iter().filter(|record| !kubernetes::is_call(record)) {
            let http = record["method"].as_str().expect("a method");
            let url = url::Url::parse(record["url"].as_str().expect("an address")).expect("a URL");
            let is_this = |(method, shape): &(&str, String)| *method == http && has_shape(url.path(), shape);
            assert!(requests.iter().any(is_this), "no permission is told for {http} {}", url.path());
            never.retain(|request| !is_this(request));
        }
        assert!(never.is_empty(), "never asked: {never:?}");
    }
}

/// Whether a path is one of this shape. A verb behind a name, such as `:setSize`, is a part of the shape.
fn has_shape(path: &str, shape: &str) -> bool {
    let (parts, wanted): (Vec<_>, Vec<_>) = (path.split('/').collect(), shape.split('/').collect());
    let verb = |part: &str| part.split_once(':').map_or(String::new(), |(_, verb)| verb.to_owned());
    let fits = |(part, wanted): (&&str, &&str)| {
        if wanted.starts_with('*') { verb(part) == verb(wanted) } else { part == wanted }
    };
    parts.len() == wanted.len() && parts.iter().zip(&wanted).all(fits)
}

/// A pool in a sandbox: created with `pool`, changed by each of `changes`, imported anew, and destroyed.
fn life(sandbox: &Sandbox, pool: &str, changes: &[&str], id: &str) {
    let workspace = Workspace::on(sandbox);
    let write = |more: &str| {
        workspace.write(
            "main.tf",
            &format!(
                "{}\nresource \"gpuslice_mig_nodepool\" \"x\" {{\n{pool}\n{more}\n}}\n",
                super::examples::REQUIRED
            ),
        );
    };
    // A pool that is not whole without its first change is made with that.
    if pool.contains("mig_profile") {
        write("");
        let _ = workspace.apply().success();
    }
    for change in changes {
        write(change);
        let _ = workspace.apply().success();
    }
    let _ = workspace.state_rm("gpuslice_mig_nodepool.x").success();
    let _ = workspace.import("gpuslice_mig_nodepool.x", id).success();
    let _ = workspace.destroy().success();
}

#[test]
fn a_path_is_known_by_its_shape() {
    let pool = "/v1/projects/*/locations/*/clusters/*/nodePools/*";
    let path = "/v1/projects/p/locations/l/clusters/c/nodePools/x";
    assert!(has_shape(path, pool));
    assert!(!has_shape(&format!("{path}:setSize"), pool));
    assert!(has_shape(&format!("{path}:setSize"), &format!("{pool}:setSize")));
    assert!(!has_shape("/v1/projects/p/locations/l/clusters/c", pool));
}
