//! Judges that nobody here wrote: `gcloud`, Google's Python client, and Google's discovery documents.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::{CLUSTER, create};
use crate::support::output::Checked;
use crate::support::{Sandbox, command, tools};

const JUDGE: &str = "tests/python/judge_gke.py";

/// Has the discovery documents judge everything that was recorded.
#[track_caller]
fn judged(sandbox: &Sandbox) -> Checked {
    tools::run_python(JUDGE, [sandbox.record_file()]).success()
}

#[test]
fn googles_python_client_creates_changes_and_deletes_pools() {
    let sandbox = Sandbox::start();
    tools::run_python("tests/python/gke_client.py", [sandbox.url()]).success();
    judged(&sandbox);
}

#[test]
fn errors_and_shortages_have_googles_shape() {
    let sandbox = Sandbox::start();
    for kind in
        ["throttle", "busy", "quota_operations", "quota", "permission", "unauthenticated", "unavailable"]
    {
        sandbox.fault(json!({"kind": kind}));
        super::google(&sandbox, "GET", CLUSTER, &Value::Null);
    }
    sandbox.fault(json!({"kind": "stockout"}));
    let operation = create(&sandbox, "mig");
    super::wait_for(&sandbox, "mig", "ERROR");
    let name = operation["name"].as_str().expect("a name");
    let path = format!("projects/sandbox/locations/us-central1/operations/{name}");
    super::google(&sandbox, "GET", &path, &Value::Null);
    for record in sandbox.records() {
        assert_eq!(record["request_body"].is_null(), record["method"] == "GET");
    }
    judged(&sandbox).says("0 violations");
}

#[test]
fn the_judge_finds_what_google_does_not_know() {
    let exchange = |method: &str, url: &str, request: Value, status: u16, response: Value| {
        json!({"method": method, "url": format!("http://x/v1/{url}"), "request_body": request, "status": status,
            "response_body": response, "error_type": null, "fault": null})
    };
    let pools = format!("{CLUSTER}/nodePools");
    let config = |config: Value| json!({"nodePool": {"name": "x", "config": config}});
    let operation = || json!({"name": "o", "status": "DONE"});
    let create = |body: Value| exchange("POST", &pools, body, 200, operation());
    let accelerator = |field: &str, value: Value| {
        let mut entry = json!({"acceleratorType": "nvidia-l4"});
        entry[field] = value;
        create(config(json!({"accelerators": [entry]})))
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("record");
    let judge = |record: &Value| {
        fs::write(&file, format!("{record}\n")).expect("a writable folder");
        tools::run_python(JUDGE, [&file])
    };
    judge(&accelerator("acceleratorCount", json!("1"))).success();
    for (record, sentence) in [
        (
            create(config(json!({"acelerators": []}))),
            "request.nodePool.config.acelerators: unknown field of NodeConfig",
        ),
        (accelerator("acceleratorCount", json!(1)), "1 is not a string (format int64)"),
        (accelerator("acceleratorCount", json!("one")), "is not of format int64"),
        (create(config(json!({"diskSizeGb": "100"}))), "\"100\" is not a whole number"),
        (create(config(json!({"taints": [{"effect": "NoSchedule"}]}))), "is not one of EFFECT_UNSPECIFIED"),
        (create(config(json!({"labels": {"a": 1}}))), "1 is not a string"),
        (create(config(json!({"maxRunDuration": "1h"}))), "is not of format google-duration"),
        (create(json!({"nodePool": {"status": "RUNNING"}})), "written by the service alone"),
        (
            exchange("GET", &format!("{CLUSTER}/nodepools"), Value::Null, 200, json!({})),
            "Google has no such method",
        ),
        (exchange("PATCH", &pools, Value::Null, 200, json!({})), "Google has no such method"),
        (exchange("GET", &format!("{pools}?page=1"), Value::Null, 200, json!({})), "unknown parameter"),
        (exchange("GET", &pools, json!({}), 200, json!({})), "a body where the method has none"),
        (
            exchange("GET", &pools, Value::Null, 200, json!({"pools": []})),
            "unknown field of ListNodePoolsResponse",
        ),
        (exchange("GET", &pools, Value::Null, 404, json!("gone")), "without Google's error object"),
        (
            exchange(
                "GET",
                &pools,
                Value::Null,
                404,
                json!({"error": {"code": 404, "message": "m", "status": "ABORTED"}}),
            ),
            "does not go with HTTP 404",
        ),
    ] {
        judge(&record).exits(1).says(sentence);
    }
    fs::write(&file, "").expect("a writable folder");
    tools::run_python(JUDGE, [&file]).exits(2).says("nothing to judge");
}

#[test]
fn the_field_table_is_googles() {
    tools::run_python(
        "tests/python/gke_fields.py",
        ["--check", "src/sandbox/gke/fields.txt"].map(in_repository),
    )
    .success();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("fields.txt");
    fs::write(&file, "NodePool\n  name string\n").expect("a writable folder");
    let arguments = [Path::new("--check"), &file];
    tools::run_python("tests/python/gke_fields.py", arguments).exits(1).says("is not what Google's");
}

/// A file's full path; an option stays as it is.
fn in_repository(argument: &str) -> PathBuf {
    if argument.starts_with('-') { PathBuf::from(argument) } else { tools::repository().join(argument) }
}

/// `gcloud` with a configuration of its own, so that the tester's accounts stay out.
struct Gcloud {
    program: PathBuf,
    folder: tempfile::TempDir,
    url: String,
}

impl Gcloud {
    /// None, with the reason printed, where it is not installed.
    fn find(sandbox: &Sandbox) -> Option<Self> {
        let search = std::env::var_os("PATH").unwrap_or_default();
        let found =
            std::env::split_paths(&search).map(|folder| folder.join("gcloud")).find(|path| path.is_file());
        let Some(program) = found else {
            eprintln!("skipped: gcloud is not in PATH");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("token"), "sandbox").expect("a writable folder");
        Some(Self { program, folder, url: sandbox.url().to_owned() })
    }

    /// Runs `gcloud container …` and reads its JSON.
    #[track_caller]
    fn container(&self, words: &str) -> Value {
        let mut gcloud = Command::new(&self.program);
        command::isolate(&mut gcloud);
        gcloud
            .env("HOME", self.folder.path())
            .env("CLOUDSDK_CONFIG", self.folder.path())
            .env("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", self.folder.path().join("token"))
            .env("CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER", format!("{}/", self.url))
            .env("CLOUDSDK_CORE_PROJECT", "sandbox")
            .env("CLOUDSDK_CORE_DISABLE_PROMPTS", "1")
            .env("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "1")
            .env("CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "1")
            .arg("container")
            .args(words.split_whitespace())
            .args(["--region", "us-central1", "--format", "json"]);
        let output = command::run(gcloud).success();
        serde_json::from_str(&output.stdout).unwrap_or(Value::Null)
    }

    #[track_caller]
    fn pool(&self) -> Value {
        self.container("node-pools describe g1 --cluster sandbox")
    }
}

#[test]
fn gcloud_creates_changes_and_deletes_pools() {
    let sandbox = Sandbox::start();
    let Some(gcloud) = Gcloud::find(&sandbox) else { return };
    let gpu = "type=nvidia-tesla-a100,count=1,gpu-partition-size=1g.5gb";
    gcloud.container(&format!(
        "node-pools create g1 --cluster sandbox --machine-type a2-highgpu-1g --num-nodes 1 \
         --node-locations us-central1-a --accelerator {gpu},gpu-driver-version=latest"
    ));
    let listed = gcloud.container("node-pools list --cluster sandbox");
    let names: Vec<_> = listed.as_array().expect("a list").iter().map(|pool| pool["name"].clone()).collect();
    assert_eq!(names, ["default-pool", "foreign-gpu", "g1"]);
    let described = gcloud.pool();
    assert_eq!(described["status"], "RUNNING");
    assert_eq!(described["config"]["accelerators"][0]["gpuPartitionSize"], "1g.5gb");

    gcloud.container("node-pools update g1 --cluster sandbox --node-labels x=y");
    gcloud.container(
        "node-pools update g1 --cluster sandbox --enable-autoscaling --total-min-nodes 1 --total-max-nodes 3",
    );
    gcloud.container(&format!(
        "node-pools update g1 --cluster sandbox \
         --accelerator {gpu},gpu-sharing-strategy=mps,max-shared-clients-per-gpu=5"
    ));
    gcloud.container("clusters resize sandbox --node-pool g1 --num-nodes 2");
    let changed = gcloud.pool();
    assert_eq!(changed["config"]["labels"], json!({"x": "y"}));
    assert_eq!(changed["autoscaling"]["totalMaxNodeCount"], 3);
    assert_eq!(changed["config"]["accelerators"][0]["gpuSharingConfig"]["maxSharedClientsPerGpu"], "5");
    assert_eq!(sandbox.nodes_of(CLUSTER, "g1").len(), 2);

    let operations = gcloud.container("operations list");
    assert!(operations.as_array().is_some_and(|list| list.iter().all(|one| one["status"] == "DONE")));
    assert!(gcloud.container("clusters describe sandbox")["nodePools"].is_array());
    gcloud.container("node-pools delete g1 --cluster sandbox");
    assert_eq!(sandbox.nodes_of(CLUSTER, "g1").len(), 0);
    judged(&sandbox);
}
