//! Creating, reading, listing and deleting pools.

use super::*;

#[test]
fn a_new_pool_answers_with_its_wish_and_where_to_ask() {
    let mut azure = Azure::new();
    let body = json!({"properties": a100(1)});
    let answer = azure.send("PUT", &format!("{CLUSTER}/agentPools/gpu"), &[], &body);
    assert_eq!(answer.status, 201);
    let pool = json_of(&answer);
    assert_eq!(
        (&pool["name"], &pool["properties"]["provisioningState"]),
        (&json!("gpu"), &json!("Creating"))
    );
    let url = header(&answer, "azure-asyncoperation").unwrap().to_owned();
    assert!(
        url.starts_with("http://sandbox/subscriptions/") && url.contains("/locations/eastus/operations/"),
        "{url}"
    );
    assert!(header(&answer, "location").unwrap().contains("/operationresults/"));
    assert_eq!(header(&answer, "retry-after"), Some("1"));
    assert_eq!(azure.get(&url)["status"], "InProgress");
    azure.pass(LATENCY);
    assert_eq!(azure.get(&url)["status"], "Succeeded");
    assert_eq!(azure.pool(CLUSTER, "gpu")["provisioningState"], "Succeeded");
    assert_eq!(azure.nodes(CLUSTER, "gpu").len(), 1);
}

#[test]
fn what_was_not_asked_for_is_filled_in() {
    let mut azure = Azure::new();
    azure.created(CLUSTER, "gpu", &json!({"vmSize": "standard_nc24ads_a100_v4"}));
    let pool = azure.pool(CLUSTER, "gpu");
    for (name, value) in [
        ("count", json!(1)),
        ("mode", json!("User")),
        ("vmSize", json!("Standard_NC24ads_A100_v4")),
        ("osType", json!("Linux")),
        ("osSKU", json!("Ubuntu")),
        ("osDiskType", json!("Ephemeral")),
        ("osDiskSizeGB", json!(512)),
        ("kubeletDiskType", json!("OS")),
        ("maxPods", json!(30)),
        ("type", json!("VirtualMachineScaleSets")),
        ("enableAutoScaling", json!(false)),
        ("enableFIPS", json!(false)),
        ("scaleDownMode", json!("Delete")),
        ("orchestratorVersion", json!("1.34.4")),
        ("currentOrchestratorVersion", json!("1.34.4")),
        ("nodeImageVersion", json!("AKSUbuntu-2204gen2containerd-202610.06.0")),
        ("powerState", json!({"code": "Running"})),
        ("upgradeSettings", json!({"maxSurge": "10%", "maxUnavailable": "0"})),
        ("gpuProfile", json!({"driver": "Install", "nvidia": null})),
    ] {
        assert_eq!(pool[name], value, "{name}");
    }
    azure.created(OVERLAY, "gpu", &a100(1));
    assert_eq!(azure.pool(OVERLAY, "gpu")["maxPods"], 250, "the overlay has addresses");
}

#[test]
fn older_versions_hide_what_they_do_not_know_and_refuse_it() {
    let mut azure = Azure::new();
    azure.version = PREVIEW;
    let nvidia =
        json!({"managementMode": "Managed", "migStrategy": "Mixed", "migProfiles": ["MIG3g", "MIG1g"]});
    let pool = json!({"vmSize": "Standard_NC24ads_A100_v4", "gpuProfile": {"nvidia": nvidia}});
    azure.created(CLUSTER, "gpu", &pool);
    let mut shown = azure.pool(CLUSTER, "gpu")["gpuProfile"].take();
    assert_eq!(shown, json!({"driver": "Install", "driverType": "", "nvidia": nvidia}));
    azure.version = STABLE;
    shown = azure.pool(CLUSTER, "gpu")["gpuProfile"].take();
    assert_eq!(shown, json!({"driver": "Install", "nvidia": {"managementMode": "Managed"}}));
    let (status, code, message) = azure.refused(CLUSTER, "gpu2", &pool);
    assert_eq!((status, code.as_str()), (400, "UnmarshalError"));
    assert!(message.contains("unknown field \"mig"), "{message}");
    azure.version = "2026-07-01";
    assert_eq!(azure.pool(CLUSTER, "gpu")["gpuProfile"], json!({"driver": "Install"}));
}

#[test]
fn spot_pools_get_their_label_and_taint() {
    let mut azure = Azure::new();
    let mut pool = a100(1);
    pool["scaleSetPriority"] = json!("Spot");
    pool["nodeLabels"] = json!({"own": "x"});
    pool["nodeTaints"] = json!(["nvidia.com/gpu=present:NoSchedule"]);
    azure.created(CLUSTER, "gpu", &pool);
    let shown = azure.pool(CLUSTER, "gpu");
    assert_eq!(shown["nodeLabels"], json!({"kubernetes.azure.com/scalesetpriority": "spot", "own": "x"}));
    let taints =
        ["nvidia.com/gpu=present:NoSchedule", "kubernetes.azure.com/scalesetpriority=spot:NoSchedule"];
    assert_eq!(shown["nodeTaints"], json!(taints));
    assert_eq!((&shown["scaleSetEvictionPolicy"], &shown["spotMaxPrice"]), (&json!("Delete"), &json!(-1)));
    assert!(shown["upgradeSettings"].is_null(), "spot pools have none");
    let node = azure.nodes(CLUSTER, "gpu")[0].clone();
    assert_eq!(node["labels"]["kubernetes.azure.com/scalesetpriority"], "spot");
    assert_eq!(node["taints"].as_array().unwrap().len(), 2);
    // What was read can be sent.
    let same = azure.patched(CLUSTER, "gpu", |_| {});
    azure.put(CLUSTER, "gpu", &same);
}

#[test]
fn keys_of_tags_and_references_come_back_in_other_case() {
    let mut azure = Azure::new();
    let subnet =
        format!("{SUBSCRIPTION}/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/v/subnets/s");
    let mut pool = a100(1);
    pool["tags"] = json!({"team": "a", "b": "c", "costCenter": "7"});
    pool["vnetSubnetID"] = json!(subnet);
    azure.created(CLUSTER, "gpu", &pool);
    let shown = azure.pool(CLUSTER, "gpu");
    assert_eq!(shown["tags"], json!({"Team": "a", "b": "c", "costCenter": "7"}));
    assert_ne!(shown["vnetSubnetID"], subnet);
    assert!(shown["vnetSubnetID"].as_str().unwrap().eq_ignore_ascii_case(&subnet));
    let same = azure.patched(CLUSTER, "gpu", |_| {});
    azure.put(CLUSTER, "gpu", &same);
    azure.pass(LATENCY);
    assert_eq!(azure.pool(CLUSTER, "gpu")["tags"], shown["tags"], "not another case each time");
}

#[test]
fn slices_come_after_the_restart_and_only_with_a_device_plugin() {
    let mut azure = Azure::new();
    azure.put(CLUSTER, "managed", &managed(1));
    azure.pass(LATENCY);
    let seen = |azure: &mut Azure| {
        let node = azure.nodes(CLUSTER, "managed")[0].clone();
        (node["ready"] == true, node["allocatable"]["nvidia.com/gpu"].clone(), node["boot_id"].clone())
    };
    let (ready, slices, boot) = seen(&mut azure);
    assert!(ready && slices.is_null(), "ready, and not cut yet");
    azure.pass(LATENCY / 5);
    assert!(!seen(&mut azure).0, "the machine restarts");
    azure.pass(LATENCY);
    let (ready, slices, other) = seen(&mut azure);
    assert!(ready && boot != other);
    assert_eq!(slices, "3");
    azure.created(CLUSTER, "plain", &a100(1));
    let node = azure.nodes(CLUSTER, "plain")[0].clone();
    assert!(node["allocatable"]["nvidia.com/gpu"].is_null(), "nobody advertises them");
}

#[test]
fn a_managed_pool_advertises_by_its_strategy() {
    let mut azure = Azure::new();
    azure.version = PREVIEW;
    let mut allocatable = |name: &str, size: &str, nvidia: Value| {
        azure.created(CLUSTER, name, &json!({"vmSize": size, "gpuProfile": {"nvidia": nvidia}}));
        azure.pass(2 * LATENCY);
        let mut resources = azure.nodes(CLUSTER, name)[0]["allocatable"].clone();
        resources.as_object_mut().unwrap().retain(|key, _| key.starts_with("nvidia.com/"));
        resources
    };
    let eight = "Standard_ND96asr_v4";
    let of = |strategy: &str, profiles: &[&str]| json!({"managementMode": "Managed", "migStrategy": strategy, "migProfiles": profiles});
    assert_eq!(allocatable("single", eight, of("Single", &["MIG1g"])), json!({"nvidia.com/gpu": "56"}));
    assert_eq!(
        allocatable("mixed", "Standard_NC48ads_A100_v4", of("Mixed", &["MIG3g", "MIG2g", "MIG1g", "MIG1g"])),
        json!({"nvidia.com/mig-3g.40gb": "2", "nvidia.com/mig-2g.20gb": "2", "nvidia.com/mig-1g.10gb": "4"})
    );
    let whole = json!({"managementMode": "Managed"});
    assert_eq!(allocatable("whole", eight, whole), json!({"nvidia.com/gpu": "8"}));
    let dra = json!({"managementMode": "Managed", "driverMode": "DRA"});
    assert_eq!(allocatable("dra", eight, dra), json!({}));
}

#[test]
fn long_lists_come_in_pages() {
    let mut azure = Azure::new();
    for number in 0..70 {
        azure.put(CLUSTER, &format!("p{number:02}"), &json!({"vmSize": "Standard_D2s_v5", "count": 0}));
        azure.pass(LATENCY);
    }
    let first = azure.get(&format!("{CLUSTER}/agentPools"));
    assert_eq!(first["value"].as_array().unwrap().len(), 60);
    let next = first["nextLink"].as_str().unwrap();
    assert!(next.starts_with("http://sandbox/"), "{next}");
    let second = azure.get(next);
    assert_eq!(second["value"].as_array().unwrap().len(), 12);
    assert!(second["nextLink"].is_null());
    assert_eq!(second["value"][0]["name"], "p59");
}

#[test]
fn a_pool_is_deleted_in_an_operation_and_what_is_missing_at_once() {
    let mut azure = Azure::new();
    azure.created(CLUSTER, "gpu", &a100(1));
    let path = format!("{CLUSTER}/agentPools/gpu");
    let answer = azure.send(
        "DELETE",
        &format!("{path}?api-version={STABLE}&ignore-pod-disruption-budget=true"),
        &[],
        &Value::Null,
    );
    assert_eq!((answer.status, json_of(&answer)), (202, Value::Null));
    let result = header(&answer, "location").unwrap().to_owned();
    assert_eq!(azure.pool(CLUSTER, "gpu")["provisioningState"], "Deleting");
    assert_eq!(azure.call("GET", &result, &Value::Null).0, 202);
    azure.pass(LATENCY);
    assert_eq!(azure.call("GET", &path, &Value::Null).0, 404);
    assert_eq!(azure.call("GET", &result, &Value::Null).0, 204);
    let again = azure.send("DELETE", &path, &[], &Value::Null);
    assert_eq!((again.status, header(&again, "azure-asyncoperation")), (204, None));
    let odd = format!("{path}?api-version={STABLE}&ignore-pod-disruption-budget=yes");
    assert_eq!(azure.call("DELETE", &odd, &Value::Null).0, 400);
}
