//! The ways in: what the clouds' own APIs hand out, tokens, certificates, and who may what.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{ZONAL, aks};
use crate::support::{Kubectl, Sandbox};

/// A kubeconfig as gcloud would write it, with a token instead of its plugin.
fn config(host: &str, authority: &str, user: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster:\n    server: https://{host}\n    \
         certificate-authority-data: {authority}\nusers:\n- name: u\n  user: {user}\ncontexts:\n- name: x\n  context: \
         {{cluster: c, user: u}}\ncurrent-context: x\n"
    )
}

fn credential(sandbox: &Sandbox, cluster: &str, whose: &str) -> (u16, Value) {
    sandbox.call_cloud("POST", &format!("{cluster}/{whose}?api-version=2026-08-01"), None)
}

/// The kubeconfig that AKS hands out.
fn kubeconfig(sandbox: &Sandbox, cluster: &str, whose: &str) -> String {
    let (status, answer) = credential(sandbox, cluster, whose);
    assert_eq!(status, 200, "{answer}");
    let value = answer["kubeconfigs"][0]["value"].as_str().expect("a text");
    String::from_utf8(STANDARD.decode(value).expect("base64")).expect("text")
}

/// The value behind a key of a kubeconfig.
fn value<'a>(config: &'a str, key: &str) -> &'a str {
    let found = config.split_once(&format!("{key}: ")).expect("the key is there").1;
    found.lines().next().expect("a line")
}

#[test]
fn gke_hands_out_endpoint_and_authority() {
    let sandbox = Sandbox::start();
    let (_, cluster) = sandbox.call_cloud("GET", &format!("/v1/{ZONAL}"), None);
    let host = cluster["endpoint"].as_str().expect("an endpoint");
    let authority = cluster["masterAuth"]["clusterCaCertificate"].as_str().expect("an authority");
    assert_eq!(cluster["controlPlaneEndpointsConfig"]["ipEndpointsConfig"]["publicEndpoint"], host);
    let Some(kubectl) = Kubectl::without_config() else { return };
    kubectl.set_config(&config(host, authority, "{token: of-google}"));
    kubectl.run("get nodes").success().says("foreign-gpu");
    kubectl.run("auth whoami").success().says("sandbox@sandbox.iam.gserviceaccount.com");
    let (_, other) =
        sandbox.call_cloud("GET", "/v1/projects/sandbox/locations/us-central1/clusters/sandbox", None);
    assert_ne!(other["endpoint"], host, "each cluster has a port of its own");
    let another = Sandbox::start();
    let (_, cluster) = another.call_cloud("GET", &format!("/v1/{ZONAL}"), None);
    let strange = cluster["masterAuth"]["clusterCaCertificate"].as_str().expect("an authority");
    kubectl.set_config(&config(host, strange, "{token: of-google}"));
    kubectl.run("get nodes").failure().says("certificate signed by unknown authority");
}

#[test]
fn aks_hands_out_certificates_where_there_is_no_entra_id() {
    let sandbox = Sandbox::start();
    let cluster = aks("platform", "overlay");
    let text = kubeconfig(&sandbox, &cluster, "listClusterUserCredential");
    let Some(kubectl) = Kubectl::without_config() else { return };
    kubectl.set_config(&text);
    kubectl.run("get nodes").success().says("aks-foreigngpu");
    kubectl.run("auth whoami").success().says("masterclient").says("system:masters");
    let (host, authority) =
        (value(&text, "server").replace("https://", ""), value(&text, "certificate-authority-data"));
    kubectl.set_config(&config(&host, authority, "{token: of-entra}"));
    kubectl.run("get nodes").failure().says("You must be logged in to the server");
}

#[test]
fn aks_hands_out_kubelogin_where_there_is_entra_id() {
    let sandbox = Sandbox::start();
    let cluster = aks("sandbox", "sandbox");
    let text = kubeconfig(&sandbox, &cluster, "listClusterUserCredential");
    assert!(text.contains("kubelogin") && !text.contains("client-key-data"), "{text}");
    let Some(kubectl) = Kubectl::without_config() else { return };
    let (host, authority) =
        (value(&text, "server").replace("https://", ""), value(&text, "certificate-authority-data"));
    kubectl.set_config(&config(&host, authority, "{token: of-entra}"));
    kubectl.run("get nodes").success().says("aks-foreigngpu");
    kubectl.set_config(&kubeconfig(&sandbox, &cluster, "listClusterAdminCredential"));
    kubectl.run("get nodes").success().says("aks-foreigngpu");
}

#[test]
fn without_local_accounts_a_certificate_is_worth_nothing() {
    let sandbox = Sandbox::start();
    let closed = aks("stacks", "operator");
    let (status, answer) = credential(&sandbox, &closed, "listClusterAdminCredential");
    assert!(status == 400 && answer.to_string().contains("disable local accounts"), "{answer}");
    let Some(kubectl) = Kubectl::without_config() else { return };
    let admin = kubeconfig(&sandbox, &aks("sandbox", "sandbox"), "listClusterAdminCredential");
    let user = kubeconfig(&sandbox, &closed, "listClusterUserCredential");
    kubectl.set_config(&admin.replace(value(&admin, "server"), value(&user, "server")));
    kubectl.run("get nodes").failure().says("You must be logged in to the server");
}

#[test]
fn rights_are_refused_in_kubernetes_words_and_reviews_say_so_before() {
    let sandbox = Sandbox::start();
    let Some(kubectl) = Kubectl::of(&sandbox, ZONAL) else { return };
    kubectl.run("auth can-i patch configmaps").success().says("yes");
    sandbox.fault(json!({"kind": "permission", "times": 1000,
        "match": {"cloud": "kubernetes", "verb": "patch", "resource": "configmaps"}}));
    kubectl.run("auth can-i patch configmaps").failure().says("no");
    kubectl.run("auth can-i get configmaps").success().says("yes");
    kubectl.run("auth can-i --list").success().says("*.*");
    kubectl.run("create cm c --from-literal=a=1").success();
    kubectl.run_with("patch cm c -p", "{}").failure().says(
        "configmaps \"c\" is forbidden: User \"sandbox@sandbox.iam.gserviceaccount.com\" cannot patch resource \
         \"configmaps\" in API group \"\" in the namespace \"default\"",
    );
    sandbox.fault(
        json!({"kind": "permission", "match": {"cloud": "kubernetes", "verb": "list", "resource": "nodes"}}),
    );
    kubectl
        .run("get nodes")
        .failure()
        .says("cannot list resource \"nodes\" in API group \"\" at the cluster scope");
    kubectl.run("get nodes").success();
}
