//! The calls that the provider makes, each with the permission that Google demands for it.

use super::tables::{RULE, row};
use crate::support::{Sandbox, Workspace};

/// Methods of Google's APIs that one permission allows, on one occasion.
struct Methods {
    /// Google's names of them.
    names: &'static str,
    /// HTTP method and path, with a star for what differs. A path that does not begin at a version is the cluster's.
    requests: &'static [(&'static str, &'static str)],
    /// Source: the GKE reference, "API permissions" and the page of each method; the Compute Engine reference of
    /// access control.
    permission: &'static str,
    /// When the provider asks.
    when: &'static str,
}

const CLUSTER: &str = "/v1/projects/*/locations/*/clusters/*";

const ALL: &[Methods] = &[
    Methods {
        names: "container clusters.get",
        requests: &[("GET", "")],
        permission: "container.clusters.get",
        when: "before a pool is created, and when a pool is not found",
    },
    Methods {
        names: "container nodePools.list, .get",
        requests: &[("GET", "/nodePools"), ("GET", "/nodePools/*")],
        permission: "container.clusters.get",
        when: "refresh, import, and around every change",
    },
    Methods {
        names: "container nodePools.create",
        requests: &[("POST", "/nodePools")],
        permission: "container.clusters.update",
        when: "create",
    },
    Methods {
        names: "container nodePools.update, .setSize, .setAutoscaling, .setManagement",
        requests: &[
            ("PUT", "/nodePools/*"),
            ("POST", "/nodePools/*:setSize"),
            ("POST", "/nodePools/*:setAutoscaling"),
            ("POST", "/nodePools/*:setManagement"),
        ],
        permission: "container.clusters.update",
        when: "update",
    },
    Methods {
        names: "container nodePools.delete",
        requests: &[("DELETE", "/nodePools/*")],
        permission: "container.clusters.update",
        when: "destroy, replace",
    },
    Methods {
        names: "container operations.get",
        requests: &[("GET", "/v1/projects/*/locations/*/operations/*")],
        permission: "container.operations.get",
        when: "while something is under way",
    },
    Methods {
        names: "container operations.list",
        requests: &[("GET", "/v1/projects/*/locations/*/operations")],
        permission: "container.operations.list",
        when: "when the answer to a create was lost, to know whether it was heard",
    },
    Methods {
        names: "compute instanceGroupManagers.list",
        requests: &[("GET", "/compute/v1/projects/*/zones/*/instanceGroupManagers")],
        permission: "compute.instanceGroupManagers.list",
        when: "refresh and import, to know how many nodes there are",
    },
];

/// Every request of the table.
fn requests() -> Vec<(&'static str, String)> {
    let absolute = |path: &str| path.starts_with("/v1/") || path.starts_with("/compute/");
    let whole = |path: &str| if absolute(path) { path.to_owned() } else { format!("{CLUSTER}{path}") };
    ALL.iter().flat_map(|methods| methods.requests).map(|(http, path)| (*http, whole(path))).collect()
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

/// The table of the guide.
pub(super) fn table() -> String {
    let mut text = row(["permission", "methods", "when"]) + &row([RULE; 3]);
    for methods in ALL {
        text += &row([&format!("`{}`", methods.permission), methods.names, methods.when]);
    }
    text.trim_end().to_owned()
}

/// A call that the table lacks is a permission that nobody grants; one that is never made is one too many.
#[test]
fn the_table_holds_every_call_and_no_other() {
    let sandbox = Sandbox::start();
    let workspace = Workspace::on(&sandbox);
    let pool = |more: &str| {
        workspace.write(
            "main.tf",
            &format!(
                "terraform {{\n  required_providers {{\n    gpuslice = {{ source = \"gpuslice/gpuslice\" }}\n  }}\n}}\n\
                 resource \"gpuslice_mig_nodepool\" \"x\" {{\n  \
                 cluster_id = \"projects/sandbox/locations/us-central1-a/clusters/zonal\"\n  \
                 name = \"x\"\n  machine_type = \"a2-highgpu-1g\"\n  mig_profile = \"1g.5gb\"\n{more}\n}}\n"
            ),
        );
    };
    pool("");
    sandbox.fault(serde_json::json!({
        "kind": "drop_connection", "match": {"method": "POST", "path": "/nodePools"}, "params": {"effect": "after"},
    }));
    let _ = workspace.apply().success();
    for more in [
        "  node_count = 2\n  labels = { team = \"a\" }\n  gke = { auto_upgrade = false }",
        "  autoscaling = { min_nodes = 0, max_nodes = 2 }\n  labels = { team = \"a\" }\n  gke = { auto_upgrade = false }",
    ] {
        pool(more);
        let _ = workspace.apply().success();
    }
    let _ = workspace.destroy().success();

    let mut never = requests();
    for record in sandbox.records() {
        let http = record["method"].as_str().expect("a method");
        let url = url::Url::parse(record["url"].as_str().expect("an address")).expect("a URL");
        let is_this = |(method, shape): &(&str, String)| *method == http && has_shape(url.path(), shape);
        assert!(requests().iter().any(is_this), "no permission is told for {http} {}", url.path());
        never.retain(|request| !is_this(request));
    }
    assert!(never.is_empty(), "never asked: {never:?}");
}

#[test]
fn a_path_is_known_by_its_shape() {
    let pool = format!("{CLUSTER}/nodePools/*");
    let path = "/v1/projects/p/locations/l/clusters/c/nodePools/x";
    assert!(has_shape(path, &pool));
    assert!(!has_shape(&format!("{path}:setSize"), &pool));
    assert!(has_shape(&format!("{path}:setSize"), &format!("{pool}:setSize")));
    assert!(!has_shape("/v1/projects/p/locations/l/clusters/c", &pool));
}
