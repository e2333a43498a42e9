//! Creating, reading and deleting node pools.

use super::*;

#[test]
fn a_pool_is_created_in_steps_and_shown_with_its_defaults() {
    let mut google = Google::new();
    let started = google.create(REGIONAL, &a100("mig", 1, &["a", "b"]));
    assert_eq!(started["operationType"], "CREATE_NODE_POOL");
    assert_eq!(started["status"], "PENDING");
    google.pass(LATENCY / 2);
    assert_eq!(google.operation(&started)["status"], "RUNNING");
    let pool = google.pool(REGIONAL, "mig");
    assert_eq!(pool["status"], "PROVISIONING");
    assert_eq!(pool.get("instanceGroupUrls"), None, "they come with the machines");
    google.pass(LATENCY / 2);
    let done = google.operation(&started);
    assert_eq!((&done["status"], done.get("error")), (&json!("DONE"), None));
    assert!(
        done["endTime"].is_string() && done["selfLink"].as_str().unwrap().contains("/projects/100000000001/")
    );
    let pool = google.pool(REGIONAL, "mig");
    assert_eq!(pool["status"], "RUNNING");
    assert_eq!(pool["instanceGroupUrls"].as_array().unwrap().len(), 2);
    let config = &pool["config"];
    let driver = json!({"gpuDriverVersion": "DEFAULT"});
    assert_eq!(config["accelerators"][0]["gpuDriverInstallationConfig"], driver, "GKE says what it installs");
    assert_eq!(
        (&config["diskType"], &config["diskSizeGb"], &config["imageType"]),
        (&json!("pd-standard"), &json!(100), &json!("COS_CONTAINERD"))
    );
    assert_eq!(pool["maxPodsConstraint"]["maxPodsPerNode"], "110");
    assert_eq!(
        pool["management"],
        json!({"autoUpgrade": true, "autoRepair": true}),
        "the cluster is in a channel"
    );
}

#[test]
fn an_ampere_node_shows_its_partitions_after_a_restart() {
    let mut google = Google::new();
    google.create(ZONAL, &a100("mig", 1, &["a"]));
    google.pass(LATENCY);
    let early = google.nodes(ZONAL, "mig").remove(0);
    assert_eq!((&early["ready"], early["allocatable"].get("nvidia.com/gpu")), (&json!(true), None));
    google.pass(LATENCY);
    let late = google.nodes(ZONAL, "mig").remove(0);
    assert_eq!((&late["ready"], &late["allocatable"]["nvidia.com/gpu"]), (&json!(true), &json!("7")));
    assert_eq!(late["uid"], early["uid"]);
    assert_ne!(late["boot_id"], early["boot_id"], "MIG mode takes effect after a restart");
    assert_eq!(late["labels"]["cloud.google.com/gke-gpu-partition-size"], "1g.5gb");
}

#[test]
fn allocatable_is_gpus_times_partitions_times_clients() {
    let mut google = Google::new();
    // Google's own example: 4 GPUs, 3 partitions each, 5 clients each.
    let pool = json!({"name": "shared", "initialNodeCount": 1, "config": {
        "machineType": "a2-ultragpu-4g", "accelerators": [
        {"acceleratorType": "nvidia-a100-80gb", "acceleratorCount": 4, "gpuPartitionSize": "2g.20gb",
         "gpuSharingConfig": {"gpuSharingStrategy": "TIME_SHARING", "maxSharedClientsPerGpu": 5}}]}});
    google.created(ZONAL, &pool);
    let node = google.nodes(ZONAL, "shared").remove(0);
    assert_eq!(node["allocatable"]["nvidia.com/gpu"], "60");
    assert_eq!(node["labels"]["cloud.google.com/gke-gpu-sharing-strategy"], "time-sharing");
    assert_eq!(node["labels"]["cloud.google.com/gke-max-shared-clients-per-gpu"], "5");
}

#[test]
fn without_driver_or_device_plugin_nothing_is_advertised() {
    let mut google = Google::new();
    let mut no_driver = a100("no-driver", 1, &["a"]);
    no_driver["config"]["accelerators"][0]["gpuDriverInstallationConfig"] =
        json!({"gpuDriverVersion": "INSTALLATION_DISABLED"});
    let mut no_plugin = a100("no-plugin", 1, &["a"]);
    no_plugin["config"]["labels"] = json!({"gke-no-default-nvidia-gpu-device-plugin": "true"});
    for pool in [no_driver, no_plugin] {
        google.created(ZONAL, &pool);
        let node = google.nodes(ZONAL, pool["name"].as_str().unwrap()).remove(0);
        assert_eq!(node["allocatable"].get("nvidia.com/gpu"), None, "{}", pool["name"]);
    }
}

#[test]
fn gke_taints_gpu_nodes_unless_all_pools_have_gpus() {
    let mut google = Google::new();
    let taint = json!({"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"});
    google.created(ZONAL, &a100("one", 0, &["a"]));
    assert_eq!(google.pool(ZONAL, "one")["config"]["taints"], json!([taint]));
    let mut own = a100("two", 0, &["a"]);
    own["config"]["taints"] = json!([taint]);
    google.created(ZONAL, &own);
    assert_eq!(google.pool(ZONAL, "two")["config"]["taints"], json!([taint]), "never twice");
    google.act(&json!({"kind": "delete_pool", "cluster": ZONAL, "pool": "default-pool"}));
    google.created(ZONAL, &a100("three", 0, &["a"]));
    assert_eq!(google.pool(ZONAL, "three")["config"].get("taints"), None);
}

#[test]
fn arm_nodes_are_tainted_unless_told_otherwise() {
    let mut google = Google::new();
    let arm = |name: &str, taint: Value| {
        json!({"name": name, "initialNodeCount": 1, "config": {"machineType": "a4x-highgpu-4g", "taintConfig": taint,
            "accelerators": [{"acceleratorType": "nvidia-gb200", "acceleratorCount": "4"}]}})
    };
    for (name, taint, tainted) in
        [("default", json!({}), true), ("free", json!({"architectureTaintBehavior": "NONE"}), false)]
    {
        google.created(ZONAL, &arm(name, taint));
        let node = google.nodes(ZONAL, name).remove(0);
        let taints = node["taints"].as_array().unwrap();
        assert_eq!(taints.iter().any(|taint| taint["key"] == "kubernetes.io/arch"), tainted, "{name}");
        assert_eq!(node["labels"]["kubernetes.io/arch"], "arm64");
    }
}

#[test]
fn what_can_never_work_is_refused_at_once() {
    let mut google = Google::new();
    let path = format!("{REGIONAL}/nodePools");
    let mut refused = |change: &dyn Fn(&mut Value), part: &str| {
        let mut pool = a100("x", 1, &["a"]);
        change(&mut pool);
        let (status, message) = google.refused("POST", &path, &json!({"nodePool": pool}));
        assert_eq!(status, 400, "{message}");
        assert!(message.contains(part), "{message}");
    };
    refused(&|pool| pool["name"] = json!("Big"), "node_pool.name");
    refused(&|pool| pool["locations"] = json!(["us-east1-b"]), "not a zone of region");
    refused(&|pool| pool["locations"] = json!(["us-central1"]), "not a zone of region");
    refused(&|pool| pool["version"] = json!("1.99"), "Node version");
    refused(&|pool| pool["version"] = json!("1.36.1-gke.1203000"), "master version");
    refused(&|pool| pool["maxPodsConstraint"] = json!({"maxPodsPerNode": "300"}), "Max pods");
    refused(&|pool| pool["management"] = json!({"autoRepair": true}), "Auto_upgrade must be true");
    refused(
        &|pool| pool["upgradeSettings"] = json!({"maxSurge": 0, "maxUnavailable": 0}),
        "upgrade settings",
    );
    refused(&|pool| pool["autoscaling"] = json!({"enabled": true}), "autoscaling limits");
    refused(&|pool| pool["config"]["machineType"] = json!("z9-gpu-1g"), "z9-gpu-1g");
    refused(
        &|pool| pool["config"]["gpuPartitionSize"] = json!("1g.5gb"),
        "Unknown name \"gpuPartitionSize\"",
    );
    refused(&|pool| pool["config"]["diskSizeGb"] = json!(5), "too small");
    refused(&|pool| pool["config"]["labels"] = json!({"kubernetes.io/x": "y"}), "reserved");
    refused(&|pool| pool["config"]["imageType"] = json!("BEOS"), "BEOS");
    let specific = json!({"consumeReservationType": "SPECIFIC_RESERVATION"});
    refused(&|pool| pool["config"]["reservationAffinity"] = specific.clone(), "reservation-name");
    assert_eq!(google.refused("POST", &path, &json!({})).0, 400);
}

#[test]
fn only_hyperdisk_fits_the_newest_machines() {
    let mut google = Google::new();
    let mut pool = json!({"name": "b200", "initialNodeCount": 0, "config": {"machineType": "a4-highgpu-8g",
        "accelerators": [{"acceleratorType": "nvidia-b200", "acceleratorCount": "8", "gpuPartitionSize": "1g.23gb"}]}});
    pool["config"]["diskType"] = json!("pd-balanced");
    let path = format!("{ZONAL}/nodePools");
    let (_, message) = google.refused("POST", &path, &json!({"nodePool": pool}));
    assert!(message.contains("Disk type pd-balanced"), "{message}");
    pool["config"].as_object_mut().unwrap().remove("diskType");
    google.created(ZONAL, &pool);
    assert_eq!(google.pool(ZONAL, "b200")["config"]["diskType"], "hyperdisk-balanced");
}

#[test]
fn a_name_can_be_taken_once() {
    let mut google = Google::new();
    google.create(REGIONAL, &a100("mig", 1, &["a"]));
    let path = format!("{REGIONAL}/nodePools");
    let (status, answer) = google.call("POST", &path, &json!({"nodePool": a100("mig", 1, &["a"])}));
    assert_eq!((status, &answer["error"]["status"]), (409, &json!("ALREADY_EXISTS")));
}

#[test]
fn a_deleted_pool_stops_and_is_gone() {
    let mut google = Google::new();
    google.created(REGIONAL, &a100("mig", 1, &["a"]));
    let path = format!("{REGIONAL}/nodePools/mig");
    let started = google.ok("DELETE", &path, &Value::Null);
    assert_eq!(google.pool(REGIONAL, "mig")["status"], "STOPPING");
    google.pass(LATENCY);
    assert_eq!(google.operation(&started)["status"], "DONE");
    let (status, message) = google.refused("GET", &path, &Value::Null);
    assert_eq!((status, message), (404, format!("Not found: {path}.")));
    assert_eq!(google.refused("DELETE", &path, &Value::Null).0, 404);
    assert_eq!(google.nodes(REGIONAL, "mig").len(), 0);
}

#[test]
fn autopilot_has_no_pools_of_ones_own() {
    let mut google = Google::new();
    let autopilot = "projects/sandbox/locations/us-central1/clusters/autopilot";
    assert_eq!(google.get(autopilot)["autopilot"]["enabled"], true);
    assert_eq!(google.get(&format!("{autopilot}/nodePools")), json!({}));
    let body = json!({"nodePool": a100("mig", 1, &["a"])});
    let (status, message) = google.refused("POST", &format!("{autopilot}/nodePools"), &body);
    assert_eq!(status, 400);
    assert!(message.contains("Autopilot"), "{message}");
}

#[test]
fn an_autoscaled_pool_starts_with_its_minimum() {
    let mut google = Google::new();
    let mut per_zone = a100("per-zone", 0, &["a", "b"]);
    per_zone["autoscaling"] = json!({"enabled": true, "minNodeCount": 1, "maxNodeCount": 3});
    google.created(REGIONAL, &per_zone);
    assert_eq!(google.sizes(REGIONAL, "per-zone"), "ab");
    let mut total = a100("total", 1, &["a", "b"]);
    total["autoscaling"] = json!({"enabled": true, "totalMinNodeCount": 3, "totalMaxNodeCount": 9});
    google.created(REGIONAL, &total);
    assert_eq!(google.nodes(REGIONAL, "total").len(), 3);
}
