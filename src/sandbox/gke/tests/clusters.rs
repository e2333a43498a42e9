//! Clusters, versions, and who may ask.

use super::*;

#[test]
fn clusters_are_shown_with_what_clients_read() {
    let mut google = Google::new();
    let cluster = google.get(REGIONAL);
    for field in
        ["name", "zone", "location", "status", "endpoint", "currentMasterVersion", "selfLink", "etag"]
    {
        assert!(cluster[field].is_string(), "{field}");
    }
    assert!(cluster["masterAuth"]["clusterCaCertificate"].is_string());
    let endpoints = &cluster["controlPlaneEndpointsConfig"];
    assert_eq!(endpoints["ipEndpointsConfig"]["publicEndpoint"], cluster["endpoint"]);
    assert_eq!(endpoints["dnsEndpointConfig"].get("allowExternalTraffic"), None, "false");
    assert!(cluster["endpoint"].as_str().unwrap().starts_with("127.0.0.1:"));
    assert_ne!(google.get(ZONAL)["endpoint"], cluster["endpoint"], "each has a port of its own");
    assert_eq!(cluster["nodePools"].as_array().unwrap().len(), 2);
    assert_eq!(cluster["releaseChannel"]["channel"], "REGULAR");
    let listed = |google: &mut Google, location: &str| {
        let list = google.get(&format!("projects/sandbox/locations/{location}/clusters"));
        list["clusters"].as_array().map_or(0, Vec::len)
    };
    assert_eq!((listed(&mut google, "-"), listed(&mut google, "us-central1")), (5, 2));
    assert_eq!(listed(&mut google, "us-east1"), 0);
    let (status, message) = google.refused("GET", "projects/sandbox/locations/x/clusters/y", &Value::Null);
    assert_eq!((status, message.as_str()), (404, "Not found: projects/sandbox/locations/x/clusters/y."));
    let strange = REGIONAL.replace("projects/sandbox", "projects/somebody-elses");
    let (status, answer) = google.call("GET", &strange, &Value::Null);
    assert_eq!((status, &answer["error"]["status"]), (403, &json!("PERMISSION_DENIED")));
    let by_number = REGIONAL.replace("projects/sandbox", "projects/100000000001");
    assert_eq!(google.get(&by_number), cluster, "a project has an id and a number");
}

#[test]
fn a_cluster_update_is_one_update() {
    let mut google = Google::new();
    let update = |fields: Value| json!({ "update": fields });
    let several = update(json!({"desiredNodePoolId": "default-pool", "desiredImageType": "COS_CONTAINERD",
        "desiredNodePoolAutoscaling": {"enabled": false}}));
    assert_eq!(google.refused("PUT", REGIONAL, &several).0, 400);
    assert_eq!(google.refused("PUT", REGIONAL, &update(json!({}))).0, 400);
    let unnamed = update(json!({"desiredImageType": "COS_CONTAINERD"}));
    let (_, message) = google.refused("PUT", REGIONAL, &unnamed);
    assert!(message.contains("desired_node_pool_id"), "{message}");
    let unmodelled = update(json!({"desiredLoggingService": "none"}));
    let (_, message) = google.refused("PUT", REGIONAL, &unmodelled);
    assert!(message.contains("The sandbox does not carry out"), "{message}");
    let before = google.uids(REGIONAL, "default-pool");
    let image = update(json!({"desiredNodePoolId": "default-pool", "desiredImageType": "UBUNTU_CONTAINERD"}));
    google.ok("PUT", REGIONAL, &image);
    google.pass(2 * LATENCY);
    assert_ne!(google.uids(REGIONAL, "default-pool"), before);
    let stale = update(json!({"etag": "old", "desiredMasterVersion": "1.36.1-gke.1203000"}));
    assert_eq!(google.refused("PUT", REGIONAL, &stale).0, 409);
    google.ok("PUT", REGIONAL, &update(json!({"desiredMasterVersion": "1.36.1-gke.1203000"})));
    assert_eq!(google.get(REGIONAL)["status"], "RECONCILING");
    google.pass(LATENCY);
    let cluster = google.get(REGIONAL);
    assert_eq!(
        (&cluster["status"], &cluster["currentMasterVersion"]),
        (&json!("RUNNING"), &json!("1.36.1-gke.1203000"))
    );
}

#[test]
fn versions_can_be_asked_for() {
    let mut google = Google::new();
    let config = google.get("projects/sandbox/locations/us-central1/serverConfig");
    assert!(config["validNodeVersions"].as_array().unwrap().contains(&config["defaultClusterVersion"]));
}

#[test]
fn unknown_paths_get_googles_page_and_strangers_get_401() {
    let mut google = Google::new();
    let (status, page) = google.call("GET", "projects/sandbox/zones/us-central1-a/clusters", &Value::Null);
    assert_eq!(status, 404);
    assert!(page.as_str().unwrap().starts_with("<!DOCTYPE html>"));
    let call = Call {
        method: "GET".to_owned(),
        target: String::new(),
        path: format!("/v1/{REGIONAL}"),
        query: String::new(),
        headers: HeaderMap::new(),
        body: Vec::new(),
    };
    let mut context = Context {
        now: 0,
        latency: LATENCY,
        random: &mut google.random,
        faults: &mut google.faults,
        call: Some(&call),
        directory: None,
        applied: None,
    };
    let answer = google.gke.answer(&mut context, &call);
    assert_eq!((answer.status, answer.error_type.as_deref()), (401, Some("UNAUTHENTICATED")));
}

#[test]
fn json_that_is_none_is_refused() {
    let mut google = Google::new();
    let (status, message) = google.refused("POST", &format!("{REGIONAL}/nodePools"), &json!(["x"]));
    assert_eq!(status, 400);
    assert!(message.starts_with("Invalid JSON payload received."), "{message}");
}
