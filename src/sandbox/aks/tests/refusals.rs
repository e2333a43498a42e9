//! What can never work is refused at once, in AKS's own shape.

use super::*;

/// `a100` with one property changed.
fn with(name: &str, value: Value) -> Value {
    let mut pool = a100(1);
    pool[name] = value;
    pool
}

#[test]
fn what_can_never_work_is_refused_at_once() {
    let mut azure = Azure::new();
    for (pool, code, part) in [
        (with("vmSize", json!("Standard_NC25")), "BadRequest", "VM size"),
        (with("vmSize", Value::Null), "BadRequest", "VM size"),
        (with("gpuInstanceProfile", json!("MIG5g")), "InvalidParameter", "MIG1g, MIG2g"),
        (
            with("vmSize", json!("Standard_NC4as_T4_v3")),
            "BadRequest",
            "not supported by VM size Standard_NC4as_T4_v3",
        ),
        (with("vmSize", json!("Standard_NC144ds_xl_RTXPRO6000BSE_v6")), "BadRequest", "not supported"),
        (with("vmSize", json!("Standard_D4s_v5")), "BadRequest", "has no GPU"),
        (with("count", json!(1001)), "InvalidParameter", "not between 0 and 1000"),
        (with("minCount", json!(1)), "InvalidParameter", "must be unset"),
        (with("enableAutoScaling", json!(true)), "InvalidParameter", "must be set"),
        (with("availabilityZones", json!(["4"])), "AvailabilityZoneNotSupported", "'1,2,3'"),
        (with("maxPods", json!(9)), "InvalidParameter", "maxPods"),
        (with("spotMaxPrice", json!(1.5)), "InvalidParameter", "scaleSetPriority"),
        (with("mode", json!("user")), "InvalidParameter", "System, User"),
        (with("upgradeSettings", json!({"maxSurge": "x"})), "InvalidParameter", "percentage"),
        (with("upgradeSettings", json!({"maxSurge": "0"})), "InvalidParameter", "cannot both be 0"),
        (with("orchestratorVersion", json!("1.36.0")), "NodePoolMcVersionIncompatible", "newer"),
        (with("orchestratorVersion", json!("1.30")), "AgentPoolK8sVersionNotSupported", "1.30"),
        (with("vnetSubnetID", json!("net")), "InvalidParameter", "vnetSubnetID"),
        (with("vmsize", json!("x")), "UnmarshalError", "unknown field \"vmsize\""),
        (with("nodeImageVersion", json!(1)), "UnmarshalError", "string"),
    ] {
        let (status, found, message) = azure.refused(CLUSTER, "gpu", &pool);
        assert_eq!((status, found.as_str()), (400, code), "{pool}: {message}");
        assert!(message.contains(part), "{pool}: {message}");
        azure.pass(10 * LATENCY);
    }
    assert_eq!(
        azure.refused(OVERLAY, "gpu", &with("availabilityZones", json!(["1"]))).1,
        "AvailabilityZoneNotSupported"
    );
    assert_eq!(azure.call("GET", &format!("{CLUSTER}/agentPools/gpu"), &Value::Null).0, 404);
}

#[test]
fn names_are_short_and_lower_case() {
    let mut azure = Azure::new();
    for name in ["gpu-1", "1gpu", "Gpu", "aksmignodenam", "g_u"] {
        assert_eq!(azure.refused(CLUSTER, name, &a100(1)).1, "InvalidParameter", "{name}");
    }
    azure.put(CLUSTER, "aksmignodena", &a100(1));
}

#[test]
fn labels_taints_and_tags_have_rules() {
    let mut azure = Azure::new();
    for (name, value) in [
        ("nodeLabels", json!({"kubernetes.azure.com/mode": "x"})),
        ("nodeLabels", json!({"kubernetes.azure.com/scalesetpriority": "spot"})),
        ("nodeLabels", json!({"kubernetes.io/role": "x"})),
        ("nodeLabels", json!({"agentpool": "x"})),
        ("nodeLabels", json!({"a b": "x"})),
        ("nodeLabels", json!({"a": "-"})),
        ("nodeTaints", json!(["a=b"])),
        ("nodeTaints", json!(["a=b:NoWay"])),
        ("nodeTaints", json!(["a=b:NoSchedule", "a=c:NoSchedule"])),
        ("nodeTaints", json!(["kubernetes.azure.com/x=b:NoSchedule"])),
    ] {
        assert_eq!(azure.refused(CLUSTER, "gpu", &with(name, value.clone())).0, 400, "{value}");
        azure.pass(10 * LATENCY);
    }
    let twice = json!({"properties": with("tags", json!({"team": "a", "Team": "b"}))});
    let (status, answer) = azure.call("PUT", &format!("{CLUSTER}/agentPools/gpu"), &twice);
    assert_eq!(
        (status, &answer["error"]["code"]),
        (400, &json!("InvalidTagNameOrValue")),
        "by Resource Manager"
    );
    let mut fine = with("nodeLabels", json!({"nvidia.com/gpu.present": "true", "node.kubernetes.io/x": "y"}));
    fine["nodeTaints"] = json!(["a=b:NoSchedule", "a=b:NoExecute"]);
    azure.put(CLUSTER, "gpu", &fine);
}

#[test]
fn ways_to_cut_a_gpu_exclude_each_other() {
    let mut azure = Azure::new();
    azure.version = PREVIEW;
    let mut refused = |nvidia: Value, uniform: Value| {
        let pool = json!({
            "vmSize": "Standard_NC24ads_A100_v4", "gpuInstanceProfile": uniform, "gpuProfile": {"nvidia": nvidia},
        });
        azure.pass(10 * LATENCY);
        azure.refused(CLUSTER, "gpu", &pool).2
    };
    let of = |strategy: &str, profiles: &[&str]| json!({"managementMode": "Managed", "migStrategy": strategy, "migProfiles": profiles});
    assert!(refused(of("Single", &["MIG2g"]), json!("MIG2g")).contains("together"));
    assert!(refused(of("Single", &["MIG2g", "MIG1g"]), Value::Null).contains("exactly one"));
    assert!(refused(of("Mixed", &["MIG3g", "MIG3g", "MIG1g"]), Value::Null).contains("do not fit"));
    assert!(refused(of("None", &["MIG1g"]), Value::Null).contains("Single or Mixed"));
    assert!(refused(of("Mixed", &[]), Value::Null).contains("needs a profile"));
    assert!(refused(json!({"migStrategy": "Single"}), json!("MIG2g")).contains("managementMode Managed"));
}

#[test]
fn system_and_spot_pools_have_their_limits() {
    let mut azure = Azure::new();
    let (_, _, message) = azure.refused(CLUSTER, "gpu", &{
        let mut pool = with("mode", json!("System"));
        pool["count"] = json!(0);
        pool
    });
    assert!(message.contains("between 1 and 1000"), "{message}");
    let mut spot = with("scaleSetPriority", json!("Spot"));
    for (name, value) in [
        ("mode", json!("System")),
        ("spotMaxPrice", json!(0)),
        ("spotMaxPrice", json!(1.234_567)),
        ("upgradeSettings", json!({"maxSurge": "1"})),
    ] {
        let mut pool = spot.clone();
        pool[name] = value;
        assert_eq!(azure.refused(CLUSTER, "gpu", &pool).0, 400, "{pool}");
    }
    spot["spotMaxPrice"] = json!(1.23456);
    azure.put(CLUSTER, "gpu", &spot);
    azure.pass(LATENCY);
    let (status, code, _) =
        azure.refused(CLUSTER, "system", &json!({"vmSize": "Standard_D4ds_v5", "mode": "User"}));
    assert_eq!((status, code.as_str()), (400, "OperationNotAllowed"), "the last one");
    assert_eq!(azure.call("DELETE", &format!("{CLUSTER}/agentPools/system"), &Value::Null).0, 400);
}

#[test]
fn quota_is_by_family_and_counts_surge() {
    let mut azure = Azure::new();
    let quota = |vcpus: u32| json!({"kind": "set_quota", "location": "eastus", "vm_size": "Standard_NC24ads_A100_v4", "count": vcpus});
    azure.act(&quota(72));
    let (status, code, message) = azure.refused(CLUSTER, "gpu", &a100(3));
    assert_eq!((status, code.as_str()), (400, "ErrCode_InsufficientVCPUQuota"));
    assert!(message.contains("requested 72, remaining 48 for family StandardNCADSA100v4Family"), "{message}");
    let mut older = a100(2);
    older["orchestratorVersion"] = json!("1.33.5");
    azure.created(CLUSTER, "gpu", &older);
    let upgrade = azure.patched(CLUSTER, "gpu", |pool| pool["orchestratorVersion"] = json!("1.34"));
    assert!(
        azure.refused(CLUSTER, "gpu", &upgrade).2.contains("requested 24, remaining 0"),
        "for the surge node"
    );
    azure.act(&quota(96));
    azure.put(CLUSTER, "gpu", &upgrade);
}
