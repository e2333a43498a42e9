//! Microsoft's Python client, and its classes as a judge.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{CLUSTER, JUDGE, judged};
use crate::support::{Sandbox, tools};

const STABLE: &str = "2026-08-01";
const PREVIEW: &str = "2026-08-02-preview";

#[test]
fn microsofts_python_client_creates_changes_and_deletes_pools() {
    let sandbox = Sandbox::start();
    tools::run_python("tests/python/aks_client.py", [sandbox.url()]).success();
    judged(&sandbox);
}

/// The status of the answer to a request with any version; the rest is the judge's to look at.
#[track_caller]
fn status_of(sandbox: &Sandbox, method: &str, path: &str, body: &Value) -> u16 {
    super::azure(sandbox, method, &format!("{}{path}", sandbox.url()), body).status
}

#[test]
fn errors_have_azures_shape() {
    let sandbox = Sandbox::start();
    let path = format!("{CLUSTER}/agentPools/x?api-version={STABLE}");
    for kind in [
        "throttle",
        "busy",
        "quota_operations",
        "quota",
        "permission",
        "unauthenticated",
        "unavailable",
        "not_found",
        "etag_mismatch",
    ] {
        sandbox.fault(json!({"kind": kind}));
        assert!(status_of(&sandbox, "GET", &path, &Value::Null) >= 400, "{kind}");
    }
    for (path, expected) in [
        (format!("{CLUSTER}/agentPools/missing?api-version={STABLE}"), 404),
        (
            CLUSTER.replace("managedClusters/sandbox", "managedClusters/missing") + "?api-version=2026-08-01",
            404,
        ),
        (format!("{CLUSTER}?api-version=1999-01-01"), 400),
    ] {
        assert_eq!(status_of(&sandbox, "GET", &path, &Value::Null), expected, "{path}");
    }
    judged(&sandbox);
}

/// Both versions of the API see a pool that holds everything, each with what it knows.
#[test]
fn a_pool_is_answered_by_each_versions_classes() {
    let sandbox = Sandbox::start();
    let nvidia = json!({"managementMode": "Managed", "migStrategy": "Single", "migProfiles": ["MIG2g"]});
    let body = json!({"properties": {
        "count": 1, "mode": "User", "vmSize": "Standard_NC24ads_A100_v4",
        "gpuProfile": {"driver": "Install", "nvidia": nvidia},
        "tags": {"Team": "a"}, "nodeTaints": ["a=b:NoSchedule"],
        "upgradeSettings": {"maxSurge": "1"},
    }});
    let pool = |version: &str| format!("{CLUSTER}/agentPools/all?api-version={version}");
    assert_eq!(status_of(&sandbox, "PUT", &pool(PREVIEW), &body), 201);
    for version in [STABLE, PREVIEW] {
        assert_eq!(status_of(&sandbox, "GET", &pool(version), &Value::Null), 200);
        let pools = format!("{CLUSTER}/agentPools?api-version={version}");
        assert_eq!(status_of(&sandbox, "GET", &pools, &Value::Null), 200);
    }
    judged(&sandbox);
}

/// One exchange, as a sandbox records it.
fn exchange(method: &str, path: &str, request: &Value, status: u16, response: &Value) -> Value {
    json!({"method": method, "url": format!("http://x{path}"), "request_body": request, "status": status,
        "response_body": response, "error_type": null, "fault": null})
}

#[test]
fn the_judge_finds_what_azure_does_not_know() {
    let at = |path: &str, version: &str| format!("{CLUSTER}{path}?api-version={version}");
    let answer = || json!({"name": "x", "properties": {"provisioningState": "Creating"}});
    let put = |properties: Value| {
        let body = json!({"properties": properties});
        exchange("PUT", &at("/agentPools/x", STABLE), &body, 201, &answer())
    };
    let get =
        |status: u16, body: Value| exchange("GET", &at("/agentPools/x", STABLE), &Value::Null, status, &body);
    let operation = |body: Value| {
        let path =
            "/subscriptions/s/providers/Microsoft.ContainerService/locations/l/operations/o?api-version=1";
        exchange("GET", path, &Value::Null, 200, &body)
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("record");
    let judge = |records: &[Value]| {
        let lines: Vec<String> = records.iter().map(|record| format!("{record}\n")).collect();
        fs::write(&file, lines.concat()).expect("a writable folder");
        tools::run_python(JUDGE, [&file])
    };
    let profiles = json!({"gpuProfile": {"nvidia": {"migProfiles": ["MIG2g"]}}});
    let in_preview = exchange(
        "PUT",
        &at("/agentPools/x", PREVIEW),
        &json!({"properties": profiles.clone()}),
        200,
        &answer(),
    );
    judge(&[put(json!({"count": 1, "vmSize": null})), in_preview, operation(json!({"status": "Running"}))])
        .success();
    let wrong = [
        (put(json!({"cuont": 1})), "request.properties.cuont: unknown field of AgentPool"),
        (
            put(profiles),
            "request.properties.gpuProfile.nvidia.migProfiles: unknown field of NvidiaGPUProfile",
        ),
        (put(json!({"count": "1"})), "\"1\" is not a whole number"),
        (put(json!({"count": true})), "true is not a whole number"),
        (put(json!({"spotMaxPrice": "1"})), "\"1\" is not a number"),
        (put(json!({"enableFIPS": "true"})), "is not a boolean"),
        (put(json!({"vmSize": 1})), "1 is not a string"),
        (put(json!({"mode": "user"})), "\"user\" is not one of System, User"),
        (put(json!({"gpuInstanceProfile": "MIG5g"})), "\"MIG5g\" is not one of MIG1g"),
        (put(json!({"nodeLabels": {"a": 1}})), "request.properties.nodeLabels.a: 1 is not a string"),
        (put(json!({"nodeTaints": "a"})), "\"a\" is not a list"),
        (put(json!({"eTag": "x"})), "request.properties.eTag: is written by the service alone"),
        (put(json!({"provisioningState": "x"})), "is written by the service alone"),
        (
            exchange("PUT", &at("/agentPools/x", STABLE), &json!({"name": "x"}), 201, &answer()),
            "request.name: is written by the service alone",
        ),
        (exchange("PUT", &at("/agentPools/x", STABLE), &Value::Null, 201, &answer()), "no body where"),
        (exchange("GET", &at("/agentPools/x", STABLE), &json!({}), 200, &answer()), "a body where"),
        (
            exchange("PATCH", &at("/agentPools/x", STABLE), &json!({}), 200, &answer()),
            "Azure has no such method",
        ),
        (
            exchange("GET", &at("/nodePools/x", STABLE), &Value::Null, 200, &answer()),
            "Azure has no such method",
        ),
        (
            exchange(
                "GET",
                &(at("/agentPools", STABLE) + "&top=1"),
                &Value::Null,
                200,
                &json!({"value": []}),
            ),
            "query.top: unknown parameter",
        ),
        (exchange("GET", &at("", "2020-01-01"), &Value::Null, 200, &json!({})), "'2020-01-01' is none of"),
        (get(200, json!({"properties": {"powerState": {"code": "Off"}}})), "\"Off\" is not one of Running"),
        (get(200, json!({"propertys": {}})), "response.propertys: unknown field of AgentPool"),
        (get(202, answer()), "does not expect HTTP 202"),
        (
            exchange("GET", &at("/agentPools", STABLE), &Value::Null, 200, &json!([answer()])),
            "response: is no page",
        ),
        (get(404, json!("gone")), "an error that is no object"),
        (get(404, json!({"error": {"code": "NotFound"}})), "response.error.message: is missing"),
        (get(409, json!({"code": "x", "message": "m", "sub_code": "y"})), "response.sub_code: unknown field"),
        (operation(json!({"state": "Running"})), "an operation without a status"),
        (operation(json!({"status": "Failed"})), "a failed operation without an error code"),
    ];
    let records: Vec<Value> = wrong.iter().map(|(record, _)| record.clone()).collect();
    let verdict = judge(&records).exits(1);
    for (index, (record, sentence)) in wrong.iter().enumerate() {
        let place = format!("{}:{}: ", file.display(), index + 1);
        let found = verdict.stdout.lines().any(|line| line.starts_with(&place) && line.contains(sentence));
        assert!(found, "expected to read {sentence:?} about {record}\n{}", verdict.stdout);
    }
    fs::write(&file, "").expect("a writable folder");
    tools::run_python(JUDGE, [&file]).exits(2).says("nothing to judge");
}

#[test]
fn the_field_table_is_microsofts() {
    const FIELDS: &str = "tests/python/aks_fields.py";
    let table = tools::repository().join("src/sandbox/aks/fields.txt");
    tools::run_python(FIELDS, [Path::new("--installed"), &table]).success();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file: PathBuf = folder.path().join("fields.txt");
    let text = fs::read_to_string(&table).expect("the table");
    fs::write(&file, text.replacen("  count int32", "  cuont int32", 1)).expect("a writable folder");
    tools::run_python(FIELDS, [Path::new("--installed"), &file])
        .exits(1)
        .says("lacks: AgentPool")
        .says("cuont int32");
}
