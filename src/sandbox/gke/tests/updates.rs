//! Changes of live pools: what stays, what is replaced, what is refused.

use super::*;

/// Updates the pool and waits for the end.
fn update(google: &mut Google, pool: &str, request: &Value) {
    let started = google.ok("PUT", &format!("{REGIONAL}/nodePools/{pool}"), request);
    assert_eq!(google.pool(REGIONAL, pool)["status"], "RECONCILING");
    google.pass(2 * LATENCY);
    let done = google.operation(&started);
    assert_eq!((&done["status"], done.get("error")), (&json!("DONE"), None));
    assert_eq!(google.pool(REGIONAL, pool)["status"], "RUNNING");
}

#[test]
fn labels_taints_and_tags_change_on_the_nodes_that_are_there() {
    let mut google = Google::new();
    google.created(REGIONAL, &a100("mig", 1, &["a", "b"]));
    let before = google.uids(REGIONAL, "mig");
    update(&mut google, "mig", &json!({"labels": {"labels": {"x": "y"}}}));
    update(
        &mut google,
        "mig",
        &json!({"taints": {"taints": [{"key": "k", "value": "v", "effect": "NO_EXECUTE"}]}}),
    );
    update(&mut google, "mig", &json!({"tags": {"tags": ["t"]}}));
    update(&mut google, "mig", &json!({"resourceLabels": {"labels": {"cost": "ml"}}}));
    update(&mut google, "mig", &json!({"upgradeSettings": {"maxSurge": 0, "maxUnavailable": 1}}));
    assert_eq!(google.uids(REGIONAL, "mig"), before, "no node is replaced");
    let node = google.nodes(REGIONAL, "mig").remove(0);
    assert_eq!(node["labels"]["x"], "y");
    let taints = json!([{"key": "k", "value": "v", "effect": "NoExecute"}]);
    assert_eq!(node["taints"], taints, "the GPU taint was not sent again, so it is gone");
    let config = google.pool(REGIONAL, "mig")["config"].clone();
    assert_eq!(config["tags"], json!(["t"]));
    assert_eq!(config["resourceLabels"]["cost"], "ml");
    assert_eq!(config["resourceLabels"]["goog-gke-node-pool-provisioning-model"], "on-demand");
}

#[test]
fn labels_are_replaced_as_a_whole_and_absent_means_unchanged() {
    let mut google = Google::new();
    google.created(REGIONAL, &a100("mig", 0, &["a"]));
    update(&mut google, "mig", &json!({"labels": {"labels": {"a": "1", "b": "2"}}}));
    update(&mut google, "mig", &json!({"labels": {"labels": {"b": "3"}}}));
    assert_eq!(google.pool(REGIONAL, "mig")["config"]["labels"], json!({"b": "3"}));
    update(&mut google, "mig", &json!({"tags": {"tags": []}}));
    assert_eq!(google.pool(REGIONAL, "mig")["config"]["labels"], json!({"b": "3"}));
    update(&mut google, "mig", &json!({"labels": {"labels": {}}}));
    assert_eq!(google.pool(REGIONAL, "mig")["config"].get("labels"), None);
}

#[test]
fn driver_sharing_disk_machine_image_and_version_replace_the_nodes() {
    let mut google = Google::new();
    let mut old = a100("mig", 1, &["a"]);
    old["version"] = json!("1.34");
    google.created(REGIONAL, &old);
    assert_eq!(
        google.pool(REGIONAL, "mig")["version"],
        "1.34.6-gke.1307000",
        "an alias is the newest that it names"
    );
    let mut entry = google.pool(REGIONAL, "mig")["config"]["accelerators"][0].clone();
    entry["gpuDriverInstallationConfig"] = json!({"gpuDriverVersion": "LATEST"});
    let driver = json!({"accelerators": [entry]});
    entry["gpuSharingConfig"] = json!({"gpuSharingStrategy": "MPS", "maxSharedClientsPerGpu": "3"});
    for request in [
        driver,
        json!({"accelerators": [entry]}),
        json!({"diskSizeGb": "200", "diskType": "pd-ssd"}),
        json!({"imageType": "ubuntu_containerd"}),
        json!({"nodeVersion": "-"}),
        json!({"kubeletConfig": {"podPidsLimit": "2048"}}),
    ] {
        let before = google.uids(REGIONAL, "mig");
        update(&mut google, "mig", &request);
        let after = google.uids(REGIONAL, "mig");
        assert_eq!(after.len(), 1);
        assert_ne!(before, after, "{request}");
    }
    let pool = google.pool(REGIONAL, "mig");
    assert_eq!(pool["config"]["diskSizeGb"], 200);
    assert_eq!(pool["config"]["imageType"], "UBUNTU_CONTAINERD");
    assert_eq!(pool["version"], "1.35.2-gke.1485000");
    google.pass(2 * LATENCY);
    let node = google.nodes(REGIONAL, "mig").remove(0);
    assert_eq!(node["allocatable"]["nvidia.com/gpu"], "21");
    assert_eq!(node["labels"]["cloud.google.com/gke-gpu-driver-version"], "latest");
    let before = google.uids(REGIONAL, "mig");
    update(&mut google, "mig", &json!({"diskSizeGb": "200"}));
    assert_eq!(google.uids(REGIONAL, "mig"), before, "nothing changes, nothing is replaced");
}

#[test]
fn gpu_type_count_and_partition_size_stay() {
    let mut google = Google::new();
    google.created(REGIONAL, &a100("mig", 0, &["a"]));
    let path = format!("{REGIONAL}/nodePools/mig");
    let entry = |count: &str, size: &str| {
        json!({"accelerators": [
            {"acceleratorType": "nvidia-tesla-a100", "acceleratorCount": count, "gpuPartitionSize": size}]})
    };
    let (status, message) = google.refused("PUT", &path, &entry("2", "1g.5gb"));
    assert_eq!((status, message.as_str()), (400, "Accelerator count: 2 should not be updated."));
    assert_eq!(google.refused("PUT", &path, &entry("1", "2g.10gb")).0, 400);
    assert_eq!(
        google.refused("PUT", &path, &json!({"machineType": "a2-highgpu-2g"})).0,
        400,
        "it has other GPUs"
    );
    update(&mut google, "mig", &json!({"accelerators": []}));
    let accelerators = google.pool(REGIONAL, "mig")["config"]["accelerators"].clone();
    assert_eq!(accelerators[0]["gpuPartitionSize"], "1g.5gb", "an empty list changes nothing");
}

#[test]
fn a_stale_etag_is_refused() {
    let mut google = Google::new();
    google.created(REGIONAL, &a100("mig", 0, &["a"]));
    let path = format!("{REGIONAL}/nodePools/mig");
    let etag = google.pool(REGIONAL, "mig")["etag"].clone();
    update(&mut google, "mig", &json!({"labels": {"labels": {"a": "1"}}, "etag": etag}));
    let stale = json!({"labels": {"labels": {"a": "2"}}, "etag": etag});
    let (status, answer) = google.call("PUT", &path, &stale);
    assert_eq!((status, &answer["error"]["status"]), (409, &json!("ABORTED")));
}

#[test]
fn a_size_counts_per_zone() {
    let mut google = Google::new();
    google.created(REGIONAL, &a100("mig", 1, &["a", "b"]));
    let before = google.uids(REGIONAL, "mig");
    let path = format!("{REGIONAL}/nodePools/mig:setSize");
    google.ok("POST", &path, &json!({"nodeCount": 2}));
    google.pass(LATENCY);
    assert_eq!(google.sizes(REGIONAL, "mig"), "aabb");
    assert!(
        before.iter().all(|uid| google.uids(REGIONAL, "mig").contains(uid)),
        "those that were there stay"
    );
    google.ok("POST", &path, &json!({}));
    google.pass(LATENCY);
    assert_eq!(google.sizes(REGIONAL, "mig"), "", "an absent count is zero");
    assert_eq!(google.refused("POST", &path, &json!({"nodeCount": -1})).0, 400);
}

#[test]
fn other_zones_move_only_their_nodes() {
    let mut google = Google::new();
    google.created(REGIONAL, &a100("mig", 1, &["a", "b"]));
    let kept: Vec<_> =
        google.nodes(REGIONAL, "mig").into_iter().filter(|node| node["zone"] == "us-central1-b").collect();
    update(
        &mut google,
        "mig",
        &json!({"locations": ["us-central1-b", "us-central1-c"], "labels": {"labels": {"x": "y"}}}),
    );
    assert_eq!(google.sizes(REGIONAL, "mig"), "bc");
    for node in google.nodes(REGIONAL, "mig") {
        let old = node["uid"] == kept[0]["uid"];
        assert_eq!(node["labels"].get("x").is_none(), old, "other changes reach the new nodes only");
    }
}

#[test]
fn autoscaling_is_set_by_either_way() {
    let mut google = Google::new();
    google.created(REGIONAL, &a100("mig", 1, &["a"]));
    let scaling =
        json!({"enabled": true, "totalMinNodeCount": 2, "totalMaxNodeCount": 4, "locationPolicy": "ANY"});
    google.ok("POST", &format!("{REGIONAL}/nodePools/mig:setAutoscaling"), &json!({"autoscaling": scaling}));
    google.pass(2 * LATENCY);
    assert_eq!(google.pool(REGIONAL, "mig")["autoscaling"], scaling);
    assert_eq!(google.sizes(REGIONAL, "mig"), "aa", "the autoscaler keeps the minimum");
    let update =
        json!({"update": {"desiredNodePoolId": "mig", "desiredNodePoolAutoscaling": {"enabled": false}}});
    let started = google.ok("PUT", REGIONAL, &update);
    assert!(started["targetLink"].as_str().unwrap().ends_with("/nodePools/mig"));
    google.pass(LATENCY);
    assert_eq!(google.pool(REGIONAL, "mig")["autoscaling"], json!({}));
}

#[test]
fn management_is_bound_by_the_release_channel() {
    let mut google = Google::new();
    google.created(REGIONAL, &a100("mig", 0, &["a"]));
    google.created(ZONAL, &a100("mig", 0, &["a"]));
    let repair = json!({"management": {"autoRepair": true}});
    assert_eq!(google.refused("POST", &format!("{REGIONAL}/nodePools/mig:setManagement"), &repair).0, 400);
    google.ok("POST", &format!("{ZONAL}/nodePools/mig:setManagement"), &repair);
    google.pass(LATENCY);
    assert_eq!(google.pool(ZONAL, "mig")["management"], json!({"autoRepair": true}));
}
