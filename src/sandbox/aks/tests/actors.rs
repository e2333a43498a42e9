//! What others do.

use super::*;

fn acted(azure: &mut Azure, kind: &str, more: &Value) -> Value {
    let mut actor = json!({"kind": kind, "cluster": CLUSTER, "pool": "gpu"});
    actor.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    azure.act(&actor);
    azure.pool(CLUSTER, "gpu")
}

#[test]
fn others_change_what_is_there_and_its_etag() {
    let mut azure = Azure::new();
    azure.created(CLUSTER, "gpu", &a100(1));
    let mut etag = azure.pool(CLUSTER, "gpu")["eTag"].take();
    let mut changed = |pool: &Value| {
        assert_ne!(pool["eTag"], etag);
        etag = pool["eTag"].clone();
    };
    let pool = acted(&mut azure, "resize", &json!({"node_count": 3}));
    assert_eq!((&pool["count"], azure.nodes(CLUSTER, "gpu").len()), (&json!(3), 3));
    changed(&pool);
    let pool = acted(&mut azure, "edit_labels", &json!({"set": {"x": "1", "y": "2"}}));
    let pool_again = acted(&mut azure, "edit_labels", &json!({"remove": ["y"]}));
    assert_eq!((&pool["nodeLabels"]["y"], &pool_again["nodeLabels"]), (&json!("2"), &json!({"x": "1"})));
    assert_eq!(azure.nodes(CLUSTER, "gpu")[0]["labels"]["x"], "1");
    changed(&pool_again);
    let pool = acted(&mut azure, "edit_tags", &json!({"set": {"b": "policy"}}));
    assert_eq!(pool["tags"], json!({"b": "policy"}));
    changed(&pool);
    assert_eq!(acted(&mut azure, "edit_tags", &json!({"remove": ["B"]}))["tags"], json!({}));
    let pool = acted(&mut azure, "add_taint", &json!({"key": "k", "value": "v"}));
    assert_eq!(pool["nodeTaints"], json!(["k=v:NoSchedule"]));
    assert_eq!(acted(&mut azure, "remove_taint", &json!({"key": "k"}))["nodeTaints"], json!([]));
    let pool = acted(&mut azure, "stop_pool", &json!({}));
    assert_eq!((&pool["powerState"]["code"], azure.nodes(CLUSTER, "gpu").len()), (&json!("Stopped"), 0));
    let mut delete = json!({"kind": "delete_pool", "cluster": CLUSTER.to_lowercase(), "pool": "gpu"});
    azure.act(&delete);
    assert_eq!(azure.call("GET", &format!("{CLUSTER}/agentPools/gpu"), &Value::Null).0, 404);
    delete["kind"] = json!("delete_cluster");
    delete.as_object_mut().unwrap().remove("pool");
    azure.act(&delete);
    assert_eq!(azure.call("GET", CLUSTER, &Value::Null).0, 404);
}

#[test]
fn upgrades_by_themselves_replace_nodes_in_an_operation() {
    let mut azure = Azure::new();
    let mut pool = a100(2);
    pool["orchestratorVersion"] = json!("1.33.5");
    azure.created(CLUSTER, "gpu", &pool);
    let first = azure.uids(CLUSTER, "gpu");
    assert_eq!(acted(&mut azure, "auto_upgrade", &json!({}))["provisioningState"], "Upgrading");
    assert_eq!(azure.refused(CLUSTER, "gpu", &pool).0, 400, "a downgrade by now");
    azure.pass(LATENCY);
    let second = azure.uids(CLUSTER, "gpu");
    assert!(second.len() == 2 && second.iter().all(|uid| !first.contains(uid)));
    let image = azure.pool(CLUSTER, "gpu")["nodeImageVersion"].take();
    acted(&mut azure, "auto_upgrade_image", &json!({}));
    azure.pass(LATENCY);
    let shown = azure.pool(CLUSTER, "gpu");
    assert_eq!(
        (&shown["currentOrchestratorVersion"], &shown["provisioningState"]),
        (&json!("1.34.4"), &json!("Succeeded"))
    );
    assert_ne!(shown["nodeImageVersion"], image);
    assert!(azure.uids(CLUSTER, "gpu").iter().all(|uid| !second.contains(uid)));
}

#[test]
fn a_reboot_keeps_the_node_and_not_its_boot() {
    let mut azure = Azure::new();
    azure.created(CLUSTER, "gpu", &a100(1));
    azure.pass(2 * LATENCY);
    let before = azure.nodes(CLUSTER, "gpu")[0].clone();
    acted(&mut azure, "reboot_nodes", &json!({}));
    let after = azure.nodes(CLUSTER, "gpu")[0].clone();
    assert_eq!(before["uid"], after["uid"]);
    assert_ne!(before["boot_id"], after["boot_id"]);
}

#[test]
fn a_cluster_can_be_added() {
    let mut azure = Azure::new();
    let id = format!(
        "{SUBSCRIPTION}/resourceGroups/New/providers/Microsoft.ContainerService/managedClusters/More"
    );
    azure.act(&json!({"kind": "add_cluster", "cluster": id, "location": "westeurope"}));
    let cluster = azure.get(&id);
    assert_eq!((&cluster["name"], &cluster["location"]), (&json!("More"), &json!("westeurope")));
    azure.created(&id, "gpu", &a100(1));
}

#[test]
fn mistakes_are_answered_with_the_choices() {
    let read = |actor: Value| {
        let mut fields = actor.as_object().unwrap().clone();
        let kind = fields.remove("kind").unwrap();
        Act::read(kind.as_str().unwrap(), &fields).unwrap_err().to_string()
    };
    for (actor, part) in [
        (json!({"kind": "explode"}), "the kinds are delete_pool"),
        (json!({"kind": "resize", "cluster": CLUSTER, "pool": "gpu"}), "needs node_count"),
        (json!({"kind": "set_stock", "location": "eastus", "vm_size": "x", "count": 1}), "no VM size"),
        (
            json!({"kind": "set_stock", "location": "eastus", "vm_size": "Standard_D4s_v5", "count": 1}),
            "has no GPU",
        ),
        (json!({"kind": "add_cluster", "cluster": "/x"}), "managedClusters/NAME"),
        (
            json!({"kind": "set_property", "cluster": CLUSTER, "pool": "gpu", "property": "nonsense", "value": 1}),
            "unknown field",
        ),
    ] {
        let message = read(actor.clone());
        assert!(message.contains(part), "{actor}: {message}");
    }
}
