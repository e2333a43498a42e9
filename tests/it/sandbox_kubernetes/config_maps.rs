//! `ConfigMap`s before kubectl: the ways of writing one, and who owns which key.

use crate::support::{Kubectl, Sandbox};

use super::ZONAL;

/// A manifest of the shared map with these lines of data.
fn manifest(data: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shared\n  namespace: plugin\ndata: {data}\n")
}

/// A cluster with the namespace of the tests.
fn start(sandbox: &Sandbox) -> Option<Kubectl> {
    let kubectl = Kubectl::of(sandbox, ZONAL)?;
    kubectl.run("create namespace plugin").success().says("namespace/plugin created");
    kubectl.run("config set-context --current --namespace=plugin").success();
    Some(kubectl)
}

fn data(kubectl: &Kubectl) -> String {
    kubectl.print("get configmap shared -o jsonpath={.data}")
}

#[test]
fn kubectl_creates_edits_and_deletes_maps() {
    let sandbox = Sandbox::start();
    let Some(kubectl) = start(&sandbox) else { return };
    kubectl.run("create configmap shared --from-literal=a=1").success().says("created");
    kubectl
        .run("create configmap shared --from-literal=a=1")
        .failure()
        .says("configmaps \"shared\" already exists");
    kubectl.run("get cm").success().says("NAME DATA AGE");
    kubectl.run_with("patch cm shared -p", r#"{"data":{"b":"2"}}"#).success();
    kubectl.run_with("patch cm shared --type=merge -p", r#"{"data":{"a":null}}"#).success();
    let add = r#"[{"op":"add","path":"/data/c","value":"3"},{"op":"test","path":"/data/b","value":"2"}]"#;
    kubectl.run_with("patch cm shared --type=json -p", add).success();
    kubectl.run_with("patch cm shared --type=json -p", r#"[{"op":"remove","path":"/data/x"}]"#).failure();
    assert_eq!(data(&kubectl), r#"{"b":"2","c":"3"}"#);
    kubectl.run("describe cm shared").success().says("b: ---- 2");
    kubectl.write("replacement.yaml", &manifest("{d: \"4\"}"));
    kubectl.run("replace -f replacement.yaml").success().says("replaced");
    assert_eq!(data(&kubectl), r#"{"d":"4"}"#);
    kubectl.write("wrong.yaml", &manifest("{\"a b\": \"\"}"));
    kubectl
        .run("apply --server-side --force-conflicts -f wrong.yaml")
        .failure()
        .says("a valid config key must consist of");
    kubectl.run("delete cm shared").success().says("deleted");
    kubectl.run("get cm shared").failure().says("configmaps \"shared\" not found");
}

#[test]
fn kubectl_applies_dry_runs_and_shows_differences() {
    let sandbox = Sandbox::start();
    let Some(kubectl) = start(&sandbox) else { return };
    kubectl.write("one.yaml", &manifest("{a: \"1\", b: \"2\"}"));
    kubectl.write("two.yaml", &manifest("{a: \"9\"}"));
    kubectl.run("apply -f one.yaml --dry-run=server").success().says("created (server dry run)");
    kubectl.run("get cm shared").failure();
    kubectl.run("apply -f one.yaml").success().says("configmap/shared created");
    kubectl.run("apply -f one.yaml").success().says("unchanged");
    kubectl.run("diff -f two.yaml").exits(1).says("- b: \"2\"").says("+ a: \"9\"");
    kubectl.run("apply -f two.yaml").success().says("configured");
    assert_eq!(data(&kubectl), r#"{"a":"9"}"#, "what is no longer applied goes");
    kubectl.write("typo.yaml", &manifest("{}").replace("\ndata:", "\ndota:"));
    kubectl.run("apply -f typo.yaml").failure().says("unknown field \"dota\"");
    kubectl
        .run("apply --server-side --force-conflicts -f typo.yaml")
        .failure()
        .says("field not declared in schema");
    kubectl.run("apply -f two.yaml --server-side").success().says("serverside-applied");
    kubectl.run("delete -f two.yaml").success();
}

#[test]
fn two_managers_share_a_map_by_server_side_apply() {
    let sandbox = Sandbox::start();
    let Some(kubectl) = start(&sandbox) else { return };
    for (name, data) in
        [("one", "{a: \"1\"}"), ("two", "{b: \"2\"}"), ("taken", "{a: \"x\", b: \"2\"}"), ("none", "{}")]
    {
        kubectl.write(&format!("{name}.yaml"), &manifest(data));
    }
    let apply = |manager: &str, file: &str| {
        kubectl.run(&format!("apply --server-side --field-manager={manager} -f {file}.yaml"))
    };
    apply("first", "one").success();
    apply("second", "two").success();
    assert_eq!(data(&kubectl), r#"{"a":"1","b":"2"}"#);
    apply("second", "taken").failure().says("Apply failed with 1 conflict: conflict with \"first\": .data.a");
    apply("first", "none").success();
    assert_eq!(data(&kubectl), r#"{"b":"2"}"#, "a manager that applies without its key loses just that key");
    let owners = kubectl.print("get cm shared --show-managed-fields -o jsonpath={.metadata.managedFields}");
    assert!(owners.contains(r#"{"f:data":{"f:b":{}}}"#) && owners.contains(r#"{"f:data":{}}"#), "{owners}");
    apply("first", "one").success();
    kubectl.run("apply --server-side --field-manager=second --force-conflicts -f taken.yaml").success();
    assert_eq!(data(&kubectl), r#"{"a":"x","b":"2"}"#);
    kubectl.run_with("patch cm shared --field-manager=third -p", r#"{"data":{"b":"3"}}"#).success();
    apply("second", "taken").failure().says("conflict with \"third\" using v1: .data.b");
}
