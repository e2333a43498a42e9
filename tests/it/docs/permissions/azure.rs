//! The calls to Azure Resource Manager.
//!
//! Source of the permissions: Azure role-based access control, "Azure permissions for Containers", provider
//! Microsoft.ContainerService.

use super::{Calls, Methods};

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
        names: "the operation that an answer points to",
        requests: &[(
            "GET",
            "/subscriptions/*/providers/Microsoft.ContainerService/locations/*/operations/*",
        )],
        permission: "Microsoft.ContainerService/locations/operations/read",
        when: "while something is under way",
    },
];
