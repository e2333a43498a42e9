//! The calls to Azure Resource Manager.
//!
//! Source of the permissions: Azure role-based access control, "Azure permissions for Containers", provider
//! Microsoft.ContainerService.

use super::{Calls, Methods, life};
use crate::support::Sandbox;

pub(super) const CALLS: Calls = Calls {
    cluster: "/subscriptions/*/resourceGroups/*/providers/Microsoft.ContainerService/managedClusters/*",
    roots: &["/subscriptions/*/providers/"],
    methods: ALL,
};

const ALL: &[Methods] = &[
    Methods {
        names: "Managed Clusters - Get",
        requests: &[("GET", "")],
        permission: "Microsoft.ContainerService/managedClusters/read",
        when: "before a pool is created, when one is imported, and when one is not found",
    },
    Methods {
        names: "Agent Pools - List, Get",
        requests: &[("GET", "/agentPools"), ("GET", "/agentPools/*")],
        permission: "Microsoft.ContainerService/managedClusters/agentPools/read",
        when: "refresh, import, and around every change",
    },
    Methods {
        names: "Agent Pools - Create Or Update",
        requests: &[("PUT", "/agentPools/*")],
        permission: "Microsoft.ContainerService/managedClusters/agentPools/write",
        when: "create, update",
    },
    Methods {
        names: "Agent Pools - Delete",
        requests: &[("DELETE", "/agentPools/*")],
        permission: "Microsoft.ContainerService/managedClusters/agentPools/delete",
        when: "destroy, replace",
    },
    Methods {
        names: "Managed Clusters - List Cluster User Credentials",
        requests: &[("POST", "/listClusterUserCredential")],
        permission: "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
        when: "to reach the cluster: for the device plugin's configuration, and to look at slices",
    },
    Methods {
        names: "the operation that an answer points to",
        requests: &[(
            "GET",
            "/subscriptions/*/providers/Microsoft.ContainerService/locations/*/operations/*",
        )],
        permission: "Microsoft.ContainerService/locations/operations/read",
        when: "while something is under way",
    },
];

#[test]
fn the_table_holds_every_call_and_no_other() {
    const CLUSTER: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/sandbox/providers/Microsoft.ContainerService/managedClusters/sandbox";
    let sandbox = Sandbox::start();
    sandbox.fault(serde_json::json!({
        "kind": "drop_connection", "match": {"method": "PUT", "path": "/agentPools"}, "params": {"effect": "after"},
    }));
    let pool = format!(
        "  cluster_id = \"{CLUSTER}\"\n  name = \"x\"\n  machine_type = \"Standard_NC24ads_A100_v4\"\n  mig_profile = \"1g.10gb\""
    );
    let changes = [
        "  node_count = 2\n  labels = { team = \"a\" }",
        "  autoscaling = { min_nodes = 0, max_nodes = 2 }\n  aks = { drain_timeout = \"45m\" }",
    ];
    life(&sandbox, &pool, &changes, &format!("{CLUSTER}/agentPools/x"));
    CALLS.are_those_of(&sandbox.records());
    super::kubernetes::are_allowed(&sandbox.records());
}
