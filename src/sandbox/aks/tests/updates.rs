//! A PUT of a pool that is there.

use super::*;

#[test]
fn labels_taints_and_tags_are_replaced_as_a_whole_on_the_nodes_that_are_there() {
    let mut azure = Azure::new();
    let mut pool = managed(2);
    pool["nodeLabels"] = json!({"a": "1", "b": "2"});
    pool["tags"] = json!({"b": "x"});
    azure.created(CLUSTER, "gpu", &pool);
    let uids = azure.uids(CLUSTER, "gpu");
    pool["nodeLabels"] = json!({"b": "3"});
    pool["nodeTaints"] = json!(["nvidia.com/gpu=present:NoSchedule"]);
    pool.as_object_mut().unwrap().remove("tags");
    azure.put(CLUSTER, "gpu", &pool);
    assert_eq!(azure.pool(CLUSTER, "gpu")["provisioningState"], "Updating");
    azure.pass(LATENCY);
    let shown = azure.pool(CLUSTER, "gpu");
    assert_eq!((&shown["nodeLabels"], &shown["tags"]), (&json!({"b": "3"}), &Value::Null));
    assert_eq!(azure.uids(CLUSTER, "gpu"), uids, "in place");
    let node = azure.nodes(CLUSTER, "gpu")[0].clone();
    assert_eq!((&node["labels"]["a"], &node["labels"]["b"]), (&Value::Null, &json!("3")));
    assert_eq!(node["taints"][0]["key"], "nvidia.com/gpu");
}

#[test]
fn properties_that_never_change_may_be_left_out_and_not_changed() {
    let mut azure = Azure::new();
    let subnet =
        format!("{SUBSCRIPTION}/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/v/subnets/s");
    let mut pool = managed(1);
    pool["availabilityZones"] = json!(["1", "2"]);
    pool["vnetSubnetID"] = json!(subnet);
    pool["kubeletConfig"] = json!({"cpuManagerPolicy": "static"});
    azure.created(CLUSTER, "gpu", &pool);
    for (path, value) in [
        ("vmSize", json!("Standard_NC48ads_A100_v4")),
        ("gpuInstanceProfile", json!("MIG1g")),
        ("gpuProfile.driver", json!("None")),
        ("gpuProfile.nvidia.managementMode", json!("Unmanaged")),
        ("availabilityZones", json!(["1"])),
        ("maxPods", json!(60)),
        ("osDiskSizeGB", json!(100)),
        ("scaleSetPriority", json!("Spot")),
        ("enableFIPS", json!(true)),
        ("vnetSubnetID", json!(subnet.replace("subnets/s", "subnets/t"))),
        ("kubeletConfig", json!({"cpuManagerPolicy": "none"})),
        ("proximityPlacementGroupID", json!(format!("{SUBSCRIPTION}/x/proximityPlacementGroups/p"))),
    ] {
        let pointer = format!("/{}", path.replace('.', "/"));
        let changed = azure.patched(CLUSTER, "gpu", |pool| match pool.pointer_mut(&pointer) {
            Some(place) => *place = value.clone(),
            None => pool[path] = value.clone(),
        });
        let (status, code, message) = azure.refused(CLUSTER, "gpu", &changed);
        assert_eq!((status, code.as_str()), (400, "PropertyChangeNotAllowed"), "{path}");
        assert_eq!(message, format!("Changing property 'properties.{path}' is not allowed."));
        azure.pass(10 * LATENCY);
    }
    let same = json!({
        "count": 1, "vmSize": "STANDARD_NC24ADS_A100_V4", "availabilityZones": ["2", "1"],
        "vnetSubnetID": subnet.to_uppercase(), "scaleSetPriority": "Regular", "osDiskSizeGB": 0,
    });
    azure.put(CLUSTER, "gpu", &same);
    azure.pass(LATENCY);
    assert_eq!(azure.pool(CLUSTER, "gpu")["gpuInstanceProfile"], "MIG2g", "kept");
    assert_eq!(azure.pool(CLUSTER, "gpu")["gpuProfile"]["nvidia"]["managementMode"], "Managed");
}

#[test]
fn a_careful_update_keeps_what_others_set() {
    let mut azure = Azure::new();
    azure.created(CLUSTER, "gpu", &a100(1));
    let value = json!({"mode": "Required"});
    azure.act(
        &json!({"kind": "set_property", "cluster": CLUSTER, "pool": "gpu", "property": "localDNSProfile",
        "value": value}),
    );
    let careful = azure.patched(CLUSTER, "gpu", |pool| pool["count"] = json!(2));
    azure.put(CLUSTER, "gpu", &careful);
    azure.pass(LATENCY);
    assert_eq!(azure.pool(CLUSTER, "gpu")["localDNSProfile"], value);
    azure.put(CLUSTER, "gpu", &a100(2));
    azure.pass(LATENCY);
    assert!(azure.pool(CLUSTER, "gpu")["localDNSProfile"].is_null(), "a PUT is the whole object");
}

#[test]
fn etags_change_with_every_change_and_guard_it() {
    let mut azure = Azure::new();
    let path = format!("{CLUSTER}/agentPools/gpu");
    let body = json!({"properties": a100(1)});
    let created = azure.send("PUT", &path, &[("if-none-match", "*")], &body);
    assert_eq!(created.status, 201);
    let first = json_of(&created)["properties"]["eTag"].as_str().unwrap().to_owned();
    azure.pass(LATENCY);
    let second = azure.pool(CLUSTER, "gpu")["eTag"].as_str().unwrap().to_owned();
    assert_ne!(first, second, "the end of an operation is a change");
    assert_eq!(azure.pool(CLUSTER, "gpu")["eTag"], second, "looking is none");
    let mut status = |method: &str, name: &'static str, etag: &str| {
        let answer = azure.send(method, &path, &[(name, &format!("\"{etag}\""))], &body);
        (answer.status, json_of(&answer)["code"].clone())
    };
    assert_eq!(status("PUT", "if-none-match", "*"), (412, json!("PreconditionFailed")), "it exists");
    assert_eq!(status("PUT", "if-match", &first).0, 412);
    assert_eq!(status("DELETE", "if-match", &first).0, 412);
    assert_eq!(status("PUT", "if-match", &second).0, 200);
    let answer = azure.send("PUT", &format!("{CLUSTER}/agentPools/none"), &[("if-match", "*")], &body);
    assert_eq!(answer.status, 412, "there is nothing to match");
}

#[test]
fn a_cluster_does_one_thing_at_a_time() {
    let mut azure = Azure::new();
    azure.put(CLUSTER, "gpu", &a100(1));
    let (status, code, message) = azure.refused(CLUSTER, "other", &a100(1));
    assert_eq!((status, code.as_str()), (409, "OperationNotAllowed"));
    assert!(message.contains("Another agentpool operation (gpu - Creating) is in progress"), "{message}");
    let delete = azure.call("DELETE", &format!("{CLUSTER}/agentPools/foreigngpu"), &Value::Null);
    assert_eq!(delete.0, 409);
    azure.put(OVERLAY, "gpu", &a100(1));
    azure.act(&json!({"kind": "occupy", "cluster": OVERLAY.to_uppercase()}));
    azure.pass(LATENCY / 2);
    assert_eq!(azure.get(OVERLAY)["properties"]["provisioningState"], "Updating");
    azure.pass(LATENCY);
    azure.put(CLUSTER, "other", &a100(1));
    azure.put(OVERLAY, "other", &a100(1));
}

#[test]
fn a_put_of_what_is_there_changes_nothing() {
    let mut azure = Azure::new();
    azure.created(CLUSTER, "gpu", &managed(2));
    let (before, uids) = (azure.patched(CLUSTER, "gpu", |_| {}), azure.uids(CLUSTER, "gpu"));
    azure.put(CLUSTER, "gpu", &managed(2));
    azure.pass(LATENCY);
    azure.put(CLUSTER, "gpu", &before);
    azure.pass(LATENCY);
    assert_eq!(azure.patched(CLUSTER, "gpu", |_| {}), before);
    assert_eq!(azure.uids(CLUSTER, "gpu"), uids);
}

#[test]
fn autoscaling_goes_on_and_off() {
    let mut azure = Azure::new();
    azure.created(CLUSTER, "gpu", &a100(2));
    let on = azure.patched(CLUSTER, "gpu", |pool| {
        pool["enableAutoScaling"] = json!(true);
        pool["minCount"] = json!(0);
        pool["maxCount"] = json!(4);
    });
    azure.put(CLUSTER, "gpu", &on);
    azure.pass(LATENCY);
    azure.act(&json!({"kind": "resize", "cluster": CLUSTER, "pool": "gpu", "node_count": 0}));
    assert_eq!(azure.pool(CLUSTER, "gpu")["count"], 0);
    assert!(azure.nodes(CLUSTER, "gpu").is_empty());
    let beyond = azure.patched(CLUSTER, "gpu", |pool| pool["count"] = json!(5));
    assert_eq!(azure.refused(CLUSTER, "gpu", &beyond).0, 400);
    let off = azure.patched(CLUSTER, "gpu", |pool| {
        pool["enableAutoScaling"] = json!(false);
        pool["minCount"] = Value::Null;
        pool["maxCount"] = Value::Null;
    });
    azure.put(CLUSTER, "gpu", &off);
    azure.pass(LATENCY);
    let shown = azure.pool(CLUSTER, "gpu");
    assert_eq!((&shown["enableAutoScaling"], &shown["minCount"]), (&json!(false), &Value::Null));
}

#[test]
fn drain_settings_cannot_be_cleared() {
    let mut azure = Azure::new();
    let mut pool = a100(1);
    pool["upgradeSettings"] = json!({"maxSurge": "0", "maxUnavailable": "1", "drainTimeoutInMinutes": 45});
    azure.created(CLUSTER, "gpu", &pool);
    azure.put(CLUSTER, "gpu", &a100(1));
    azure.pass(LATENCY);
    let kept = json!({"maxSurge": "0", "maxUnavailable": "1", "drainTimeoutInMinutes": 45});
    assert_eq!(azure.pool(CLUSTER, "gpu")["upgradeSettings"], kept);
}

#[test]
fn the_preview_scales_without_the_whole_object_and_tells_operations() {
    let mut azure = Azure::new();
    azure.created(CLUSTER, "gpu", &a100(1));
    let path = format!("{CLUSTER}/agentPools/gpu");
    let body = json!({"properties": {"count": 3}});
    assert_eq!(azure.call("PATCH", &path, &body).0, 405, "not in the stable version");
    assert_eq!(azure.call("GET", &format!("{path}/operations"), &Value::Null).0, 404);
    azure.version = PREVIEW;
    let answer = azure.send("PATCH", &path, &[], &body);
    assert_eq!(
        (answer.status, &json_of(&answer)["properties"]["provisioningState"]),
        (200, &json!("Scaling"))
    );
    let active = azure.get(&format!("{path}/operations?api-version={PREVIEW}&activeOnly=true"));
    let id = active["value"][0]["name"].as_str().unwrap().to_owned();
    assert_eq!(azure.get(&format!("{path}/operations/{id}"))["status"], "InProgress");
    azure.pass(LATENCY);
    assert_eq!(azure.nodes(CLUSTER, "gpu").len(), 3);
    assert_eq!(azure.get(&format!("{path}/operations"))["value"].as_array().unwrap().len(), 2);
    let too_much = json!({"properties": {"count": 1, "nodeLabels": {}}});
    assert_eq!(azure.call("PATCH", &path, &too_much).1["code"], "UnmarshalError");
}
