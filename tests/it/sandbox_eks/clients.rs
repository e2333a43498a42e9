//! Amazon's Python client, and the table of fields that comes from its service models.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{JUDGE, eks};
use crate::support::{Sandbox, tools};

#[test]
fn amazons_python_client_creates_changes_and_deletes_groups() {
    let sandbox = Sandbox::start();
    tools::run_python("tests/python/eks_client.py", [sandbox.url()]).success();
    tools::run_python(JUDGE, [sandbox.record_file()]).success().says(" 0 violations");
}

#[test]
fn errors_have_amazons_shape() {
    let sandbox = Sandbox::start();
    let path = "/clusters/sandbox/node-groups/system";
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
        assert!(eks(&sandbox, "GET", path, &Value::Null).0 >= 400, "{kind}");
    }
    for path in ["/clusters/missing", "/clusters/sandbox/node-groups/missing", "/clusters/sandbox/updates/u"]
    {
        assert_eq!(eks(&sandbox, "GET", path, &Value::Null).0, 404, "{path}");
    }
    tools::run_python(JUDGE, [sandbox.record_file()]).success().says(" 0 violations");
}

#[test]
fn the_field_table_is_amazons() {
    const FIELDS: &str = "tests/python/eks_fields.py";
    let table = tools::repository().join("src/sandbox/eks/fields.txt");
    tools::run_python(FIELDS, [Path::new("--check"), &table]).success();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("fields.txt");
    let text = fs::read_to_string(&table).expect("the table");
    fs::write(&file, text.replacen("  nodeRole!", "  nodeRoll!", 1)).expect("a writable folder");
    tools::run_python(FIELDS, [Path::new("--check"), &file]).exits(1).says("is not what botocore's");
}
