//! The sandbox's own API where it concerns AKS.

use serde_json::{Value, json};

use super::{CLUSTER, azure, create, path, wait_for};
use crate::support::Sandbox;

#[test]
fn clusters_and_nodes_are_told() {
    let sandbox = Sandbox::start();
    let clusters = sandbox.clusters();
    let of_aks: Vec<_> = clusters.iter().filter(|cluster| cluster["cloud"] == "aks").collect();
    assert!(of_aks.iter().any(|cluster| cluster["cluster_id"] == CLUSTER));
    for cluster in of_aks {
        let id = cluster["cluster_id"].as_str().expect("an id");
        assert_eq!(azure(&sandbox, "GET", id, &Value::Null).status, 200, "{id}");
        assert!(cluster["note"].is_string());
    }
    let foreign = sandbox.nodes_of(CLUSTER, "foreigngpu").remove(0);
    assert_eq!(foreign["labels"]["team"], "somebody-else");
    assert_eq!(foreign["machine_type"], "Standard_NC24ads_A100_v4");
}

#[test]
fn an_actor_comes_between_reading_and_writing() {
    let sandbox = Sandbox::start();
    create(&sandbox, "gpu");
    wait_for(&sandbox, "gpu", "Succeeded");
    sandbox.actor(json!({"kind": "resize", "cluster": CLUSTER, "pool": "gpu", "node_count": 3,
        "when": {"before": {"cloud": "aks", "method": "PUT"}}}));
    let read = azure(&sandbox, "GET", &path("gpu"), &Value::Null).body;
    assert_eq!(read["properties"]["count"], 1, "not yet");
    azure(&sandbox, "PUT", &path("other"), &json!({"properties": {}}));
    let now = azure(&sandbox, "GET", &path("gpu"), &Value::Null).body;
    assert_eq!(now["properties"]["count"], 3);
    assert_ne!(now["properties"]["eTag"], read["properties"]["eTag"]);
    assert_eq!(sandbox.get("/sandbox/actors")["waiting"], json!([]), "once");
}

#[test]
fn the_cloud_of_an_actor_is_that_of_its_cluster_or_named() {
    let sandbox = Sandbox::start();
    let stock = json!({"kind": "set_stock", "cloud": "aks", "location": "eastus", "vm_size": "Standard_ND96asr_v4",
        "count": 8});
    sandbox.actor(stock.clone());
    let mut nameless = stock;
    nameless["cloud"] = json!("oke");
    let (status, answer) = sandbox.call("POST", "/sandbox/actors", Some(&nameless));
    assert!(
        status == 400 && answer["error"].as_str().is_some_and(|text| text.contains("gke, aks")),
        "{answer:#}"
    );
    let unknown = json!({"kind": "edit_autoscaling", "cluster": CLUSTER, "pool": "gpu"});
    let (status, answer) = sandbox.call("POST", "/sandbox/actors", Some(&unknown));
    assert!(
        status == 400 && answer["error"].as_str().is_some_and(|text| text.contains("set_property")),
        "{answer:#}"
    );
    let kinds = sandbox.get("/sandbox/actors")["kinds"].clone();
    let of_aks = kinds.as_array().expect("a list").iter().filter(|kind| kind["cloud"] == "aks");
    assert!(of_aks.clone().any(|kind| kind["kind"] == "edit_tags") && of_aks.count() > 10);
}

#[test]
fn a_reset_goes_back_to_the_seeds() {
    let sandbox = Sandbox::start();
    create(&sandbox, "gpu");
    sandbox.reset();
    assert_eq!(azure(&sandbox, "GET", &path("gpu"), &Value::Null).status, 404);
    create(&sandbox, "gpu");
}
