//! `properties` of a pool: what a request makes of them, with the defaults that AKS fills in, and how they are shown.

use serde_json::{Map, Value, json};

use super::api::ApiVersion;
use super::fields;
use super::hardware;
use super::model::{Cluster, Pool, strings};
use super::operations::Failure;

/// Key of the label and of the taint that AKS puts on spot nodes.
pub(crate) const SPOT: &str = "kubernetes.azure.com/scalesetpriority";

/// The taint of spot nodes.
pub(crate) const SPOT_TAINT: &str = "kubernetes.azure.com/scalesetpriority=spot:NoSchedule";

/// Properties that never change, and may be left out of a request that changes others.
pub(crate) const IMMUTABLE: &[&str] = &[
    "vmSize",
    "osDiskSizeGB",
    "osDiskType",
    "kubeletDiskType",
    "workloadRuntime",
    "messageOfTheDay",
    "vnetSubnetID",
    "podSubnetID",
    "podIPAllocationMode",
    "maxPods",
    "osType",
    "type",
    "availabilityZones",
    "enableNodePublicIP",
    "nodePublicIPPrefixID",
    "scaleSetPriority",
    "scaleSetEvictionPolicy",
    "spotMaxPrice",
    "proximityPlacementGroupID",
    "kubeletConfig",
    "linuxOSConfig",
    "enableEncryptionAtHost",
    "enableUltraSSD",
    "enableFIPS",
    "gpuInstanceProfile",
    "gpuProfile.driver",
    "gpuProfile.driverType",
    "gpuProfile.nvidia.managementMode",
    "gpuProfile.nvidia.migStrategy",
    "gpuProfile.nvidia.migProfiles",
    "gpuProfile.nvidia.driverMode",
    "creationData",
    "capacityReservationGroupID",
    "hostGroupID",
    "windowsProfile",
];

/// Properties that keep their value when a request leaves them out, besides those that never change. A PUT is meant to
/// be the whole object; which of the others AKS keeps all the same is unverified, but that labels that are not sent are
/// gone is known (Azure/AKS issue 3152), and that drain time-outs cannot be cleared (azure-rest-api-specs issue 27373).
const KEPT: &[&str] =
    &["count", "mode", "osSKU", "orchestratorVersion", "powerState", "upgradeSettings", "securityProfile"];

/// The properties that a request means: what it leaves out is kept from the pool that is there, or gets its default.
pub(crate) fn wanted(cluster: &Cluster, old: Option<&Value>, mut sent: Map<String, Value>) -> Value {
    // Zero stands for the default of the VM size (source: model documentation of `osDiskSizeGB`).
    if sent.get("osDiskSizeGB").is_some_and(|size| *size == 0) {
        sent.remove("osDiskSizeGB");
    }
    let mut spec = Value::Object(sent);
    if let Some(old) = old {
        for path in IMMUTABLE.iter().chain(KEPT) {
            let pointer = pointer(path);
            if let Some(kept) = old.pointer(&pointer).filter(|kept| !kept.is_null()) {
                keep(&mut spec, path, kept);
            }
        }
    }
    fill_in(cluster, &mut spec);
    spec
}

/// A dotted path as a JSON pointer.
pub(crate) fn pointer(path: &str) -> String {
    format!("/{}", path.replace('.', "/"))
}

/// Puts `kept` at `path` where nothing is said; into objects, member by member. The table of fields has been asked
/// before, so whatever has members is an object.
fn keep(spec: &mut Value, path: &str, kept: &Value) {
    if let Some((outer, inner)) = path.split_once('.') {
        if spec[outer].is_null() {
            spec[outer] = json!({});
        }
        keep(&mut spec[outer], inner, kept);
        return;
    }
    match (&mut spec[path], kept) {
        (place @ Value::Null, kept) => *place = kept.clone(),
        (Value::Object(given), Value::Object(kept)) => {
            for (name, value) in kept {
                given.entry(name).or_insert_with(|| value.clone());
            }
        }
        _ => {}
    }
}

/// What AKS fills in. Sources: model documentation of each property; the 30 pods of Azure CNI, the disk sizes and the
/// surge of 10 % from the AKS documentation. That `gpuProfile` is filled in for GPU sizes is a user's finding
/// (hashicorp/terraform-provider-azurerm issue 30990).
fn fill_in(cluster: &Cluster, spec: &mut Value) {
    let size = hardware::size(spec["vmSize"].as_str().unwrap_or_default());
    let mut default = |path: &str, value: Value| keep(spec, path, &value);
    default("count", json!(1));
    default("mode", json!("User"));
    default("type", json!("VirtualMachineScaleSets"));
    default("osType", json!("Linux"));
    default("osSKU", json!("Ubuntu"));
    default("kubeletDiskType", json!("OS"));
    default("workloadRuntime", json!("OCIContainer"));
    default("maxPods", json!(cluster.network.max_pods()));
    default("enableAutoScaling", json!(false));
    default("scaleDownMode", json!("Delete"));
    default("orchestratorVersion", json!(cluster.version));
    default("powerState", json!({"code": "Running"}));
    for switch in ["enableNodePublicIP", "enableEncryptionAtHost", "enableUltraSSD", "enableFIPS"] {
        default(switch, json!(false));
    }
    default("securityProfile", json!({"enableVTPM": false, "enableSecureBoot": false}));
    if let Some(size) = size {
        default("osDiskType", json!(if size.ephemeral() { "Ephemeral" } else { "Managed" }));
        default("osDiskSizeGB", json!(size.disk_gb()));
        if size.gpu.is_some() {
            default("gpuProfile", json!({"driver": "Install"}));
        }
    }
    if is_spot(spec) {
        keep(spec, "scaleSetEvictionPolicy", &json!("Delete"));
        keep(spec, "spotMaxPrice", &json!(-1));
    } else {
        keep(spec, "upgradeSettings", &json!({}));
        let upgrade = &mut spec["upgradeSettings"];
        // Without surge there must be nodes that may be missing, so only one of the two has a default.
        if upgrade["maxSurge"].is_null() {
            upgrade["maxSurge"] = json!("10%");
        }
        keep(upgrade, "maxUnavailable", &json!("0"));
    }
    if let Some(name) = spec["vmSize"].as_str().and_then(hardware::size).map(|size| size.name) {
        // Sizes are found in any case; how AKS spells them afterwards is unverified.
        spec["vmSize"] = json!(name);
    }
}

pub(crate) fn is_spot(spec: &Value) -> bool {
    spec["scaleSetPriority"] == "Spot"
}

/// What the GPUs are cut into: profile and instances per GPU, whichever field says it.
pub(crate) fn profiles(spec: &Value) -> Vec<(String, u32)> {
    let nvidia = &spec["gpuProfile"]["nvidia"];
    let layout = strings(&nvidia["migProfiles"]);
    if nvidia["migStrategy"] == "Mixed" {
        // An ordered list of single instances.
        return layout.into_iter().map(|profile| (profile, 1)).collect();
    }
    let uniform = spec["gpuInstanceProfile"].as_str().map(str::to_owned);
    let uniform = uniform.or_else(|| layout.into_iter().next());
    uniform.and_then(|profile| Some((profile.clone(), hardware::slices(&profile)?))).into_iter().collect()
}

/// The pool as a version of the API shows it.
pub(crate) fn view(cluster: &Cluster, pool: &Pool, version: ApiVersion) -> Value {
    let mut shown = pool.spec.clone();
    shown["eTag"] = json!(pool.etag);
    shown["provisioningState"] = json!(pool.state);
    shown["currentOrchestratorVersion"] = json!(pool.version);
    shown["nodeImageVersion"] = json!(pool.image_name());
    if let Some(error) = &pool.error {
        shown["status"] = json!({"provisioningError": Failure::view(error)});
    }
    if cluster.stopped {
        shown["powerState"] = json!({"code": "Stopped"});
    }
    if is_spot(&pool.spec) {
        shown["nodeLabels"][SPOT] = json!("spot");
        let mut taints = strings(&shown["nodeTaints"]);
        if !taints.iter().any(|taint| taint == SPOT_TAINT) {
            taints.push(SPOT_TAINT.to_owned());
        }
        shown["nodeTaints"] = json!(taints);
    }
    if let Some(tags) = shown["tags"].as_object() {
        // Resource Manager returns some keys in another case than they were given (source: AKS documentation, tags).
        shown["tags"] = tags.iter().map(|(key, value)| (other_case(key), value.clone())).collect();
    }
    if let Some(Value::Object(gpu)) = shown.get_mut("gpuProfile") {
        // Unset leaves are shown as empty text and as null (source: AKS documentation, managed GPU pools).
        gpu.entry("driverType").or_insert(json!(""));
        if let Value::Object(nvidia) = gpu.entry("nvidia").or_insert(Value::Null) {
            nvidia.entry("migStrategy").or_insert(Value::Null);
        }
    }
    for (name, spelled) in [
        ("vnetSubnetID", "resourcegroups"),
        ("podSubnetID", "resourcegroups"),
        ("capacityReservationGroupID", "RESOURCEGROUPS"),
    ] {
        // References come back in the spelling of the service that owns the resource.
        if let Some(id) = shown[name].as_str() {
            shown[name] = json!(id.replace("resourceGroups", spelled));
        }
    }
    let properties = match shown {
        Value::Object(mut properties) => {
            properties.retain(|_, value| !value.is_null());
            properties
        }
        _ => Map::new(),
    };
    json!({
        "id": format!("{}/agentPools/{}", cluster.shown_id(), pool.name),
        "name": pool.name,
        "type": "Microsoft.ContainerService/managedClusters/agentPools",
        "properties": fields::write(fields::PROPERTIES, &properties, version),
    })
}

/// Some keys with a capital letter at the front: which, depends on the key alone, so that a key that comes back from a
/// client stays as it is.
fn other_case(key: &str) -> String {
    let sum: u32 = key.bytes().map(|byte| u32::from(byte.to_ascii_lowercase())).sum();
    let mut letters = key.chars();
    match letters.next() {
        Some(first) if sum % 2 == 1 => first.to_ascii_uppercase().to_string() + letters.as_str(),
        _ => key.to_owned(),
    }
}
