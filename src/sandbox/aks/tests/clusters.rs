//! Clusters, their lists, and what can be had in them.

use super::*;

#[test]
fn a_cluster_tells_its_location_version_and_pools() {
    let mut azure = Azure::new();
    let cluster = azure.get(&CLUSTER.to_lowercase());
    let properties = &cluster["properties"];
    assert_eq!(
        (&properties["disableLocalAccounts"], &properties["aadProfile"]["managed"]),
        (&json!(false), &json!(true))
    );
    assert_eq!((&cluster["location"], &cluster["name"]), (&json!("eastus"), &json!("sandbox")));
    assert_eq!(properties["currentKubernetesVersion"], "1.34.4");
    assert_eq!(
        (&properties["provisioningState"], &properties["powerState"]["code"]),
        (&json!("Succeeded"), &json!("Running"))
    );
    assert_eq!(properties["nodeResourceGroup"], "MC_sandbox_sandbox_eastus");
    let pools: Vec<_> =
        properties["agentPoolProfiles"].as_array().unwrap().iter().map(|pool| pool["name"].clone()).collect();
    assert_eq!(pools, ["foreigngpu", "system"]);
}

#[test]
fn clusters_are_listed_by_subscription_and_by_group() {
    let mut azure = Azure::new();
    let mut names = |path: &str| {
        let list = azure.get(path);
        list["value"].as_array().unwrap().iter().map(|cluster| cluster["name"].clone()).collect::<Vec<_>>()
    };
    let provider = "providers/Microsoft.ContainerService/managedClusters";
    assert_eq!(
        names(&format!("{SUBSCRIPTION}/{provider}")),
        ["overlay", "sandbox", "stopped", "operator", "plain", "two-plugins"]
    );
    assert_eq!(names(&format!("{SUBSCRIPTION}/resourceGroups/SANDBOX/{provider}")), ["sandbox", "stopped"]);
}

#[test]
fn a_stopped_cluster_takes_no_work() {
    let mut azure = Azure::new();
    let stopped = CLUSTER.replace("managedClusters/sandbox", "managedClusters/stopped");
    assert_eq!(azure.get(&stopped)["properties"]["powerState"]["code"], "Stopped");
    let (status, code, _) = azure.refused(&stopped, "gpu", &a100(1));
    assert_eq!((status, code.as_str()), (400, "OperationNotAllowed"), "not to be tried again");
    assert_eq!(azure.pool(&stopped, "system")["powerState"]["code"], "Stopped");
    assert!(azure.nodes(&stopped, "system").is_empty());
}

#[test]
fn versions_are_those_that_the_control_plane_allows() {
    let mut azure = Azure::new();
    let list = azure.get(&format!("{CLUSTER}/availableAgentPoolVersions"));
    let versions: Vec<_> = list["properties"]["agentPoolVersions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| version["kubernetesVersion"].as_str().unwrap())
        .collect();
    assert_eq!(versions, ["1.34.4", "1.34.2", "1.33.7", "1.33.5", "1.32.9"]);
    let mut older = a100(1);
    older["orchestratorVersion"] = json!("1.33.5");
    azure.created(CLUSTER, "gpu", &older);
    let profile = azure.get(&format!("{CLUSTER}/agentPools/gpu/upgradeProfiles/default"));
    assert_eq!(profile["properties"]["kubernetesVersion"], "1.33.5");
    assert_eq!(profile["properties"]["upgrades"][0]["kubernetesVersion"], "1.34.4");
    let latest = profile["properties"]["latestNodeImageVersion"].clone();
    assert_ne!(azure.pool(CLUSTER, "gpu")["nodeImageVersion"], latest);
}

#[test]
fn machines_are_those_of_the_pool() {
    let mut azure = Azure::new();
    let mut pool = a100(2);
    pool["availabilityZones"] = json!(["2"]);
    azure.created(CLUSTER, "gpu", &pool);
    let list = azure.get(&format!("{CLUSTER}/agentPools/gpu/machines"));
    let machines = list["value"].as_array().unwrap();
    assert_eq!(machines.len(), 2);
    assert_eq!(machines[0]["zones"], json!(["2"]));
    let name = machines[1]["name"].as_str().unwrap();
    assert_eq!(azure.get(&format!("{CLUSTER}/agentPools/gpu/machines/{name}")), machines[1]);
    assert_eq!(azure.call("GET", &format!("{CLUSTER}/agentPools/gpu/machines/x"), &Value::Null).0, 404);
}
