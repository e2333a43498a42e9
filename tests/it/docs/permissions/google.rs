//! The calls to Google's APIs.
//!
//! Source of the permissions: the GKE reference, "API permissions" and the page of each method; the Compute Engine
//! reference of access control.

use super::{Calls, Methods, life};
use crate::support::Sandbox;

pub(super) const CALLS: Calls =
    Calls { cluster: "/v1/projects/*/locations/*/clusters/*", roots: &["/v1/", "/compute/"], methods: ALL };

const ALL: &[Methods] = &[
    Methods {
        names: "container clusters.get",
        requests: &[("GET", "")],
        permission: "container.clusters.get",
        when: "before a pool is created, when one is imported, and when one is not found",
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

#[test]
fn the_table_holds_every_call_and_no_other() {
    const CLUSTER: &str = "projects/sandbox/locations/us-central1-a/clusters/zonal";
    let sandbox = Sandbox::start();
    sandbox.fault(serde_json::json!({
        "kind": "drop_connection", "match": {"method": "POST", "path": "/nodePools"}, "params": {"effect": "after"},
    }));
    let pool = format!(
        "  cluster_id = \"{CLUSTER}\"\n  name = \"x\"\n  machine_type = \"a2-highgpu-1g\"\n  mig_profile = \"1g.5gb\""
    );
    let changes = [
        "  node_count = 2\n  labels = { team = \"a\" }\n  gke = { auto_upgrade = false }",
        "  autoscaling = { min_nodes = 0, max_nodes = 2 }\n  labels = { team = \"a\" }\n  gke = { auto_upgrade = false }",
    ];
    life(&sandbox, &pool, &changes, &format!("{CLUSTER}/nodePools/x"));
    CALLS.are_those_of(&sandbox.records());
}
