//! The identity service of a machine, and the Azure CLI.

use std::os::unix::fs::PermissionsExt;

use super::super::command::Command;
use super::fake::{Fake, identity_token};
use super::*;

#[tokio::test]
async fn the_machines_identity_service_is_asked() {
    let fake = Fake::serve(|_| (200, identity_token("of-the-machine"))).await;
    let settings = settings(|it| it.use_msi = Some(true));
    assert_eq!(headers(&fake, &settings).await.unwrap()[AUTHORIZATION], "Bearer of-the-machine");
    let asked = fake.only();
    assert_eq!(asked.method, "GET");
    assert_eq!(asked.url.host_str(), Some("169.254.169.254"));
    assert_eq!(asked.url.path(), "/metadata/identity/oauth2/token");
    assert_eq!(asked.headers["metadata"], "true");
    assert_eq!(asked.parameter("resource").as_deref(), Some("https://management.azure.com"));
    assert_eq!(asked.parameter("client_id").as_deref(), Some("client"));
}

#[tokio::test]
async fn another_identity_service_is_asked_where_it_is_written() {
    let fake = Fake::serve(|_| (200, identity_token("t"))).await;
    let settings = settings(|it| {
        it.use_msi = Some(true);
        it.client_id = None;
        it.msi_endpoint = Some(fake.base.join("msi/token?kept=1").unwrap().to_string());
        it.msi_api_version = Some("2018-02-01".into());
    });
    headers(&fake, &settings).await.unwrap();
    let asked = fake.only();
    assert_eq!(asked.url.path(), "/msi/token");
    assert_eq!(asked.parameter("kept").as_deref(), Some("1"));
    assert_eq!(asked.parameter("api-version").as_deref(), Some("2018-02-01"));
    assert_eq!(asked.parameter("client_id"), None);
}

#[tokio::test]
async fn a_machine_without_an_identity_is_told_so() {
    let fake = Fake::serve(|_| (400, r#"{"error":"invalid_request"}"#.into())).await;
    let error = refused(&fake, &settings(|it| it.use_msi = Some(true))).await;
    assert!(error.contains("has not been assigned") && error.contains("ARM_CLIENT_ID"), "{error}");
}

/// The library reads the variables of App Service by itself, so they are those of another process.
#[tokio::test]
async fn an_app_service_has_an_identity_service_of_its_own() {
    let fake = Fake::serve(|_| (200, identity_token("of-the-app"))).await;
    let endpoint = fake.base.join("msi/token").unwrap();
    let output = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "cloud::aks::auth::tests::local::in_an_app_service"])
        .env("IDENTITY_ENDPOINT", endpoint.as_str())
        .env("IDENTITY_HEADER", "app")
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let asked = fake.only();
    assert_eq!((asked.headers["x-identity-header"].as_str(), asked.url.path()), ("app", "/msi/token"));
    assert_eq!(asked.parameter("api-version").as_deref(), Some("2019-08-01"));
}

#[tokio::test]
#[ignore = "the other process of the test above"]
async fn in_an_app_service() {
    let auth = Auth::azure(&settings(|it| it.use_msi = Some(true)), "test");
    assert_eq!(auth.headers(&pool()).await.unwrap()[AUTHORIZATION], "Bearer of-the-app");
}

/// A folder with an `az` that says this, and keeps what it was asked in a file beside it.
fn azure_cli(script: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("az");
    let kept = folder.path().join("asked").display().to_string();
    std::fs::write(&path, format!("#!/bin/sh\necho \"$@\" >> {kept}\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

async fn by_cli(folder: &tempfile::TempDir, settings: &AzureSettings) -> Result<HeaderMap, AuthError> {
    let fake = Fake::granting().await;
    let command = Command { path: Some(folder.path().as_os_str().to_owned()) };
    fake.auth_with(settings, command).headers(&pool()).await
}

#[tokio::test]
async fn the_azure_cli_is_asked_last() {
    let expires = crate::cloud::instant::now() + std::time::Duration::from_secs(3600);
    let expires = expires.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let folder = azure_cli(&format!(
        r#"echo '{{"accessToken": "of-the-cli", "expires_on": {expires}, "tokenType": "Bearer"}}'"#
    ));
    let asked = || std::fs::read_to_string(folder.path().join("asked")).unwrap();
    let found = by_cli(&folder, &settings(|_| {})).await.unwrap();
    assert_eq!(found[AUTHORIZATION], "Bearer of-the-cli");
    assert_eq!(
        asked().trim(),
        "account get-access-token -o json --scope https://management.azure.com/.default --tenant tenant"
    );
    let by_subscription = AzureSettings { subscription_id: Some("sub".into()), ..AzureSettings::default() };
    by_cli(&folder, &by_subscription).await.unwrap();
    assert!(asked().trim_end().ends_with("--subscription sub"), "{}", asked());
}

#[tokio::test]
async fn what_is_wrong_with_the_azure_cli_is_told() {
    let empty = tempfile::tempdir().unwrap();
    let error = by_cli(&empty, &settings(|_| {})).await.unwrap_err().to_string();
    assert!(error.contains("not found on PATH") && error.contains("Install the Azure CLI"), "{error}");
    assert!(error.contains("azure.client_id and tenant_id with client_secret"), "{error}");
    for (said, expected) in [
        ("ERROR: Please run 'az login' to setup account.", "Run `az login`, with `--tenant`"),
        (
            "ERROR: AADSTS50020: User account does not exist in tenant 'Contoso'.",
            "Run `az login`, with `--tenant`",
        ),
        (
            "ERROR: Subscription 'sub' not found. Check the spelling and casing and try again.",
            "`az account list` shows the subscriptions",
        ),
        ("ERROR: something else", "Run `az account get-access-token`"),
    ] {
        let folder = azure_cli(&format!("echo \"{said}\" >&2; exit 1"));
        let error = by_cli(&folder, &settings(|_| {})).await.unwrap_err().to_string();
        assert!(error.contains(said) && error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn credentials_that_were_meant_and_not_used_are_named() {
    let folder = azure_cli("echo \"Please run 'az login' to setup account.\" >&2; exit 1");
    let error = by_cli(&folder, &settings(|it| it.use_oidc = Some(true))).await.unwrap_err().to_string();
    assert!(error.contains("az login") && error.contains("id-token: write"), "{error}");
}
