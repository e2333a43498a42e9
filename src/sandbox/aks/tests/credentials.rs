//! Kubeconfigs: who gets which.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// The kubeconfig that a call answers with, and its name.
fn kubeconfig(azure: &mut Azure, cluster: &str, whose: &str) -> (String, String) {
    let (status, answer) = azure.call("POST", &format!("{cluster}/{whose}"), &Value::Null);
    assert_eq!(status, 200, "{answer}");
    let config = &answer["kubeconfigs"][0];
    let text = STANDARD.decode(config["value"].as_str().unwrap()).unwrap();
    (config["name"].as_str().unwrap().to_owned(), String::from_utf8(text).unwrap())
}

fn stack(name: &str) -> String {
    CLUSTER
        .replace("resourceGroups/sandbox", "resourceGroups/stacks")
        .replace("managedClusters/sandbox", &format!("managedClusters/{name}"))
}

#[test]
fn a_user_of_entra_id_gets_a_program_and_an_administrator_a_certificate() {
    let mut azure = Azure::new();
    let (name, text) = kubeconfig(&mut azure, CLUSTER, "listClusterUserCredential");
    assert_eq!(name, "clusterUser");
    assert!(text.contains("kubelogin") && text.contains("6dae42f8-4368-4678-94ff-3960e28e3630"), "{text}");
    assert!(
        text.contains("server: https://127.0.0.1:") && text.contains("user: clusterUser_sandbox_sandbox"),
        "{text}"
    );
    assert!(!text.contains("client-key-data"), "{text}");
    let (name, text) = kubeconfig(&mut azure, CLUSTER, "listClusterAdminCredential");
    assert_eq!(name, "clusterAdmin");
    assert!(text.contains("client-key-data") && text.contains("current-context: sandbox-admin"), "{text}");
}

#[test]
fn without_entra_id_everybody_gets_the_certificate() {
    let mut azure = Azure::new();
    let (_, text) = kubeconfig(&mut azure, &stack("two-plugins"), "listClusterUserCredential");
    assert!(text.contains("client-certificate-data") && !text.contains("exec"), "{text}");
    let cluster = azure.get(&stack("two-plugins"));
    assert_eq!(cluster["properties"].get("aadProfile"), None);
}

#[test]
fn without_local_accounts_there_is_no_certificate() {
    let mut azure = Azure::new();
    let (status, answer) =
        azure.call("POST", &format!("{}/listClusterAdminCredential", stack("operator")), &Value::Null);
    let message = answer.to_string();
    assert!(status == 400 && message.contains("disable local accounts"), "{message}");
    assert_eq!(azure.get(&stack("operator"))["properties"]["disableLocalAccounts"], true);
    let (_, text) = kubeconfig(&mut azure, &stack("operator"), "listClusterUserCredential");
    assert!(text.contains("exec"), "{text}");
}
