//! Who comes to a cluster with a token of `aws eks get-token`, and what they may do there.

use serde_json::{Value, json};

use super::{CLUSTER, done};
use crate::support::{Kubectl, Sandbox, tools};

const SCRIPT: &str = "tests/python/eks_token.py";

const BOB: &str = "arn:aws:iam::000000000000:user/bob";

/// What kubectl says of a 401.
const UNKNOWN: &str = "You must be logged in to the server";

/// `kubectl` that comes to the cluster as that user.
fn kubectl(sandbox: &Sandbox, user: &Value) -> Option<Kubectl> {
    let kubectl = Kubectl::without_config()?;
    let cluster = done(sandbox, "GET", "/clusters/sandbox", &Value::Null)["cluster"].take();
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": cluster["endpoint"],
            "certificate-authority-data": cluster["certificateAuthority"]["data"]}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    });
    // JSON is YAML too.
    kubectl.set_config(&config.to_string());
    Some(kubectl)
}

/// One that asks botocore for tokens, with an access key.
fn asking(key: &str) -> Value {
    let variable = |name: &str, value: &str| json!({"name": name, "value": value});
    json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "interactiveMode": "Never",
        "command": tools::venv_python(),
        "args": [tools::repository().join(SCRIPT), "sandbox", "us-east-1"],
        "env": [variable("AWS_ACCESS_KEY_ID", key), variable("AWS_SECRET_ACCESS_KEY", "sandbox")],
    }})
}

/// One with a token that botocore made before, for a cluster of that name.
#[track_caller]
fn holding(name: &str, key: &str) -> Value {
    let made = tools::run_python(SCRIPT, [name, "us-east-1", key, "sandbox"]).success();
    json!({"token": made.stdout.trim()})
}

#[test]
fn the_creator_of_a_cluster_comes_in_with_a_token_of_botocores() {
    let sandbox = Sandbox::start();
    let Some(creator) = kubectl(&sandbox, &asking("AKIASANDBOX")) else { return };
    let nodes = creator.print("get nodes -o name");
    assert_eq!(nodes.lines().count(), 2, "{nodes}");
    assert_eq!(
        creator.print("auth whoami -o jsonpath={.status.userInfo.username}"),
        "arn:aws:iam::000000000000:user/sandbox"
    );
    // A key whose secret nobody here knows is taken at its word.
    let other = kubectl(&sandbox, &holding("sandbox", "AKIDEXAMPLE")).expect("there is kubectl");
    other.run("get nodes").success();
    let wrong = kubectl(&sandbox, &holding("another", "AKIASANDBOX")).expect("there is kubectl");
    wrong.run("get nodes").failure().says(UNKNOWN);
    sandbox.actor(json!({"kind": "delete_access_entry", "cluster": CLUSTER}));
    other.run("get nodes").failure().says(UNKNOWN);
}

#[test]
fn access_entries_and_their_policies_decide() {
    let sandbox = Sandbox::start();
    let Some(bob) = kubectl(&sandbox, &holding("sandbox", "AKIASANDBOXBOB")) else { return };
    bob.run("get nodes").failure().says(UNKNOWN);
    done(&sandbox, "POST", "/clusters/sandbox/access-entries", &json!({"principalArn": BOB}));
    // Known, and with no rights.
    bob.run("get nodes").failure().says("Forbidden").says(BOB);
    let entry = "/clusters/sandbox/access-entries/arn%3Aaws%3Aiam%3A%3A000000000000%3Auser%2Fbob";
    let associate = |policy: &str, scope: Value| {
        let arn = format!("arn:aws:eks::aws:cluster-access-policy/{policy}");
        let body = json!({"policyArn": arn, "accessScope": scope});
        done(&sandbox, "POST", &format!("{entry}/access-policies"), &body);
    };
    let can = |what: &str| bob.run(&format!("auth can-i {what}")).stdout.trim() == "yes";
    associate("AmazonEKSViewPolicy", json!({"type": "namespace", "namespaces": ["default"]}));
    bob.run("get configmaps").success();
    bob.run("get configmaps -n kube-system").failure().says("Forbidden");
    assert!(can("list pods") && !can("create configmaps") && !can("list nodes") && !can("get secrets"));
    associate("AmazonEKSAdminViewPolicy", json!({"type": "cluster"}));
    bob.run("get nodes").success();
    bob.run("create configmap c").failure().says("cannot create resource");
    associate("AmazonEKSClusterAdminPolicy", json!({"type": "cluster"}));
    bob.run("create configmap c").success();
    assert!(can("patch nodes"));
    done(&sandbox, "DELETE", entry, &Value::Null);
    bob.run("get nodes").failure().says(UNKNOWN);
}
