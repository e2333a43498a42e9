//! The provider's `kubernetes` block: other ways to one cluster.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::site::{Site, Stack};
use crate::clouds::Cloud;
use crate::mig_pool::{Pool, SHARED, ZONAL};

/// The provider block with a `kubernetes` object that says this about a cluster.
fn bound(cluster: &str, inside: &str) -> String {
    format!("provider \"gpuslice\" {{\n kubernetes = {{\n cluster_id = {cluster:?}\n {inside}\n }}\n}}")
}

/// How often AKS was asked for credentials of a cluster.
fn credentials(site: &Site) -> usize {
    site.sandbox.count("POST", "listClusterUserCredential")
}

/// A pool's whole life in this way; its cloud is never asked how to reach the cluster.
#[track_caller]
fn lives(site: &Site, block: &str) {
    let pool = Stack::Configured.shared().beside(block);
    site.settle(&pool);
    assert_eq!(site.state()["allocatable_slices"], 4);
    site.assert_key_in_place();
    site.update(&pool.set("replicas", "2")).keeps_nodes();
    assert_eq!(site.state()["allocatable_slices"], 2);
    site.workspace.destroy().success().never_says("kubectl");
    site.assert_left_as_found();
    assert_eq!(credentials(site), 0);
}

/// A line of the kubeconfig.
fn value<'a>(config: &'a str, key: &str) -> &'a str {
    let (_, found) = config.split_once(&format!("{key}: ")).unwrap_or_else(|| panic!("no {key} in {config}"));
    found.lines().next().expect("a line").trim().trim_matches('"')
}

/// `host` and `cluster_ca_certificate` for a site.
fn address(site: &Site) -> String {
    let config = site.api.kubeconfig();
    format!(
        "host = {:?}\n cluster_ca_certificate = {:?}",
        value(config, "server"),
        value(config, "certificate-authority-data")
    )
}

#[test]
fn a_kubeconfig() {
    let site = Site::at(Stack::Configured);
    site.workspace.write("kubeconfig", site.api.kubeconfig());
    lives(&site, &bound(site.cluster, "config_path = \"kubeconfig\""));
}

#[test]
fn a_context_of_a_kubeconfig_and_the_cluster_in_another_spelling() {
    let site = Site::at(Stack::Configured);
    let config = site.api.kubeconfig();
    let context = value(config, "current-context").to_owned();
    site.workspace.write(
        "kubeconfig",
        &config.replace(&format!("current-context: {context}"), "current-context: \"\""),
    );
    let inside = format!("config_path = \"kubeconfig\"\n config_context = {context:?}");
    lives(&site, &bound(&site.cluster.to_uppercase().replace("/SUBSCRIPTIONS/", "/subscriptions/"), &inside));
}

#[test]
fn a_kubeconfig_with_a_program_that_prints_the_token() {
    let site = Site::at(Stack::Configured);
    let program = site.workspace.path().join("token.sh");
    site.workspace.write(
        "token.sh",
        "#!/bin/sh\necho \"$CLUSTER\" >> asked\necho '{\"apiVersion\": \"client.authentication.k8s.io/v1\", \"kind\": \
         \"ExecCredential\", \"status\": {\"token\": \"printed\"}}'\n",
    );
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("our own file");
    let config = site.api.kubeconfig();
    let exec = format!(
        "exec: {{apiVersion: client.authentication.k8s.io/v1, command: {}, interactiveMode: Never, env: [{{name: CLUSTER, \
         value: home}}]}}",
        program.display()
    );
    assert!(config.contains("token: sandbox"), "{config}");
    site.workspace.write("kubeconfig", &config.replace("token: sandbox", &exec));
    lives(&site, &bound(site.cluster, "config_path = \"kubeconfig\""));
    assert!(site.workspace.read("asked").starts_with("home\n"));
}

#[test]
fn an_address_with_token_and_authority() {
    let site = Site::at(Stack::Configured);
    lives(&site, &bound(site.cluster, &format!("{}\n token = \"abc\"", address(&site))));
    let state = site.workspace.read("terraform.tfstate");
    assert!(!state.contains("abc"), "secrets are never in the state");
}

#[test]
fn a_cluster_of_gke_in_another_spelling() {
    let site = Site::shared(Cloud::Gke);
    let link = format!("https://container.googleapis.com/v1/{ZONAL}");
    let block = bound(&link, &format!("{}\n token = \"abc\"", address(&site)));
    // Another token than the cloud's: who asks for nodes brings it.
    site.settle(&Cloud::Gke.shared().beside(&block));
    assert_eq!(site.state()["allocatable_slices"], 4);
    site.trouble("unauthenticated", json!({}), &json!({}));
    site.write(&Cloud::Gke.shared().set("replicas", "2").beside(&block));
    site.workspace.apply().success().says("kubernetes.token");
}

#[test]
fn a_block_that_is_bound_to_another_cluster_is_not_used() {
    let site = Site::at(Stack::Configured);
    let block = bound(Stack::Operator.cluster(), "host = \"https://127.0.0.1:9\"\n token = \"abc\"");
    site.settle(&Stack::Configured.shared().beside(&block));
    assert_eq!(site.state()["allocatable_slices"], 4);
    assert!(credentials(&site) > 0);
}

/// Nothing is made, and the error says enough to mend it.
#[track_caller]
fn refused(site: &Site, pool: &Pool, says: &[&str]) {
    site.write(pool);
    let mut refused = site.workspace.apply().failure();
    for words in says {
        refused = refused.says(words);
    }
    assert!(!site.knows_the_pool());
    assert_eq!((site.creates().len(), site.our_key_names().len()), (0, 0));
    refused.never_says("abc-secret");
}

#[test]
fn a_wrong_token_is_told_with_where_it_comes_from() {
    // This cluster takes certificates alone.
    let site = Site::at(Stack::Bare);
    let block = bound(site.cluster, &format!("{}\n token = \"abc-secret\"", address(&site)));
    let pool = Stack::Bare.shared().beside(&block);
    refused(&site, &pool, &["does not know the identity (401)", "the provider's kubernetes.token"]);
    let config = site.api.kubeconfig();
    let (server, authority) = (value(config, "server"), value(config, "certificate-authority-data"));
    site.workspace.write(
        "kubeconfig",
        &format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster: {{server: {server:?}, \
             certificate-authority-data: {authority}}}\nusers:\n- name: me\n  user: {{token: abc-secret}}\ncontexts:\n- \
             name: work\n  context: {{cluster: c, user: me}}\ncurrent-context: work\n"
        ),
    );
    let pool = Stack::Bare.shared().beside(&bound(site.cluster, "config_path = \"kubeconfig\""));
    refused(&site, &pool, &["(401)", "the user \"me\" of the context \"work\" in"]);
}

#[test]
fn a_right_that_is_missing_is_told_with_its_verb() {
    let site = Site::at(Stack::Configured);
    let block = bound(site.cluster, &format!("{}\n token = \"abc-secret\"", address(&site)));
    site.trouble("permission", json!({"verb": "create", "resource": "configmaps"}), &json!({}));
    let pool = Stack::Configured.shared().beside(&block);
    refused(
        &site,
        &pool,
        &[
            "the provider's kubernetes.token",
            "create configmaps",
            "in the namespace \"nvidia-device-plugin\"",
        ],
    );
}

#[test]
fn the_authority_of_another_cluster_is_not_trusted() {
    let site = Site::at(Stack::Configured);
    let another = crate::support::Sandbox::start();
    let strange = crate::support::ApiServer::of(&another, site.cluster);
    let authority = value(strange.kubeconfig(), "certificate-authority-data").to_owned();
    let inside = format!(
        "host = {:?}\n cluster_ca_certificate = {authority:?}\n token = \"abc-secret\"",
        value(site.api.kubeconfig(), "server")
    );
    let pool = Stack::Configured.shared().beside(&bound(site.cluster, &inside));
    refused(&site, &pool, &["is not trusted", "cluster_ca_certificate"]);
}

#[test]
fn what_cannot_be_used_is_told_with_its_name() {
    let site = Site::at(Stack::Configured);
    for (inside, says) in [
        ("config_path = \"missing\"", "kubernetes.config_path"),
        ("config_path = \"main.tf\"", "kubernetes.config_path"),
        ("host = \"https://127.0.0.1:9\"", "kubernetes.token"),
        ("token = \"abc-secret\"", "kubernetes"),
        ("config_path = \"a\"\n host = \"https://127.0.0.1:9\"\n token = \"abc-secret\"", "kubernetes.host"),
    ] {
        refused(&site, &Stack::Configured.shared().beside(&bound(site.cluster, inside)), &[says]);
    }
    let pool = Stack::Configured.shared().beside(&bound("nonsense", "config_path = \"kubeconfig\""));
    refused(&site, &pool, &["cluster_id"]);
}

/// A block that becomes known only at apply is used there.
#[test]
fn a_block_that_is_not_known_at_plan() {
    let site = Site::at(Stack::Configured);
    site.workspace.write("kubeconfig", site.api.kubeconfig());
    let later = crate::mig_unknowns::later("\"kubeconfig\"");
    let block = bound(site.cluster, "config_path = terraform_data.later.output");
    site.settle(&Stack::Configured.shared().beside(&later).beside(&block));
    assert_eq!((site.state()["allocatable_slices"].clone(), credentials(&site)), (json!(4), 0));
    assert!(site.workspace.has(SHARED));
}
