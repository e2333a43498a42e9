use std::os::unix::fs::PermissionsExt;

use super::command::Command;
use super::*;
use fake::{Asked, Fake, identity_token, token};

mod fake;

fn settings(change: impl FnOnce(&mut AzureSettings)) -> AzureSettings {
    let mut settings = AzureSettings {
        tenant_id: Some("tenant".into()),
        client_id: Some("client".into()),
        ..AzureSettings::default()
    };
    change(&mut settings);
    settings
}

fn with_secret(it: &mut AzureSettings) {
    it.client_secret = Some("s3cret".into());
}

fn pool() -> Url {
    Url::parse("https://management.azure.com/subscriptions/s?api-version=1").unwrap()
}

/// The headers of a request to the public cloud.
async fn headers(fake: &Fake, settings: &AzureSettings) -> Result<HeaderMap, AuthError> {
    fake.auth(settings).headers(&pool()).await
}

async fn refused(fake: &Fake, settings: &AzureSettings) -> String {
    let text = headers(fake, settings).await.unwrap_err().to_string();
    assert!(!text.contains("s3cret") && !text.contains("\n"), "{text}");
    text
}

#[tokio::test]
async fn the_sandbox_sees_no_real_token_and_nobody_else_sees_the_sandboxs() {
    let auth = Auth::sandbox(Url::parse("http://127.0.0.1:8642").unwrap());
    let found = auth.headers(&Url::parse("http://127.0.0.1:8642/x").unwrap()).await.unwrap();
    assert_eq!(found[AUTHORIZATION], "Bearer sandbox");
    let error = auth.headers(&pool()).await.unwrap_err();
    assert!(matches!(error, AuthError::Elsewhere(_)), "{error}");
}

#[tokio::test]
async fn a_secret_is_sent_to_the_tenant_and_nowhere_else() {
    let fake = Fake::granting().await;
    let found = headers(&fake, &settings(with_secret)).await.unwrap();
    assert_eq!(found[AUTHORIZATION], "Bearer t");
    assert!(found[AUTHORIZATION].is_sensitive());
    assert!(!found.contains_key(AUXILIARY));
    let asked = fake.only();
    assert_eq!(asked.method, "POST");
    assert_eq!(asked.url.as_str(), "https://login.microsoftonline.com/tenant/oauth2/v2.0/token");
    assert_eq!(asked.headers["content-type"], "application/x-www-form-urlencoded");
    for (name, value) in [
        ("grant_type", "client_credentials"),
        ("client_id", "client"),
        ("client_secret", "s3cret"),
        ("scope", "https://management.azure.com/.default"),
    ] {
        assert_eq!(asked.field(name).as_deref(), Some(value), "{name}");
    }
}

#[tokio::test]
async fn tokens_of_further_tenants_go_along() {
    let fake = Fake::serve(|asked| {
        let tenant = asked.url.path_segments().unwrap().next().unwrap().to_owned();
        (200, token(&format!("token-of-{tenant}"), 3600))
    })
    .await;
    let settings = settings(|it| {
        with_secret(it);
        it.auxiliary_tenant_ids = vec!["one".into(), "two".into()];
    });
    let found = headers(&fake, &settings).await.unwrap();
    assert_eq!(found[AUTHORIZATION], "Bearer token-of-tenant");
    assert_eq!(found[AUXILIARY], "Bearer token-of-one, Bearer token-of-two");
    assert!(found[AUXILIARY].is_sensitive());
}

#[tokio::test]
async fn other_clouds_have_other_addresses() {
    for (environment, authority, home) in [
        ("usgovernment", "login.microsoftonline.us", "https://management.usgovcloudapi.net/"),
        ("china", "login.chinacloudapi.cn", "https://management.chinacloudapi.cn/"),
    ] {
        let fake = Fake::granting().await;
        let settings = settings(|it| {
            with_secret(it);
            it.environment = Some(environment.into());
        });
        let auth = fake.auth(&settings);
        assert_eq!(auth.resource_manager().await.unwrap().as_str(), home);
        auth.headers(&Url::parse(home).unwrap()).await.unwrap();
        assert_eq!(fake.only().url.host_str(), Some(authority));
        assert_eq!(fake.only().field("scope").unwrap(), format!("{home}.default"));
        assert!(matches!(auth.headers(&pool()).await, Err(AuthError::Elsewhere(_))));
    }
    let fake = Fake::granting().await;
    let error = refused(&fake, &settings(|it| it.environment = Some("german".into()))).await;
    assert!(error.contains("ARM_ENVIRONMENT") && error.contains("usgovernment"), "{error}");
}

#[tokio::test]
async fn a_host_tells_the_addresses_of_its_cloud() {
    let fake = Fake::serve(|asked| match asked.url.path() {
        "/metadata/endpoints" => (
            200,
            serde_json::json!({
                "name": "AzureStack",
                "resourceManager": "https://management.stack.local/",
                "authentication": {
                    "loginEndpoint": "https://login.stack.local/",
                    "audiences": ["https://management.stack.local/uuid"],
                    "identityProvider": "AAD",
                },
            })
            .to_string(),
        ),
        _ => (200, token("t", 3600)),
    })
    .await;
    let settings = settings(|it| {
        with_secret(it);
        it.metadata_host = Some("management.stack.local".into());
    });
    let auth = fake.auth(&settings);
    for _ in 0..2 {
        auth.headers(&Url::parse("https://management.stack.local/x").unwrap()).await.unwrap();
    }
    let asked = fake.asked();
    let [metadata, token] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(
        metadata.url.as_str(),
        "https://management.stack.local/metadata/endpoints?api-version=2022-09-01"
    );
    assert!(!metadata.headers.contains_key("authorization"));
    assert_eq!(token.url.host_str(), Some("login.stack.local"));
    assert_eq!(token.field("scope").unwrap(), "https://management.stack.local/uuid/.default");
}

#[tokio::test]
async fn a_host_that_tells_nothing_is_named() {
    for (status, body, expected) in [
        (404, "{}", "HTTP 404"),
        (200, "<html>", "not understood"),
        (
            200,
            r#"{"resourceManager":"http://x/","authentication":{"loginEndpoint":"https://l/"}}"#,
            "not https",
        ),
    ] {
        let fake = Fake::serve(move |_| (status, body.to_owned())).await;
        let error = refused(&fake, &settings(|it| it.metadata_host = Some("stack.local".into()))).await;
        assert!(error.contains(expected) && error.contains("ARM_METADATA_HOSTNAME"), "{error}");
    }
}

#[tokio::test]
async fn a_token_goes_nowhere_but_to_the_written_address() {
    let fake = Fake::granting().await;
    let custom = |endpoint: &str| {
        settings(|it| {
            with_secret(it);
            it.resource_manager_endpoint = Some(endpoint.into());
        })
    };
    let auth = fake.auth(&custom("http://127.0.0.1:9/"));
    assert!(auth.headers(&Url::parse("http://127.0.0.1:9/x").unwrap()).await.is_ok());
    for elsewhere in ["http://127.0.0.1:10/x", "https://127.0.0.1:9/x", "https://management.azure.com/x"] {
        let error = auth.headers(&Url::parse(elsewhere).unwrap()).await.unwrap_err();
        assert!(matches!(error, AuthError::Elsewhere(_)), "{error}");
    }
    let error = fake.auth(&custom("http://example.com/")).resource_manager().await.unwrap_err().to_string();
    assert!(error.contains("azure.resource_manager_endpoint") && error.contains("unencrypted"), "{error}");
    let error = fake.auth(&custom("example")).resource_manager().await.unwrap_err().to_string();
    assert!(error.contains("no address"), "{error}");
}

#[tokio::test]
async fn a_certificate_signs_in_place_of_a_secret() {
    let fake = Fake::granting().await;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cloud/aks/auth/certificate/testdata/legacy.pfx");
    let settings = settings(|it| {
        it.client_certificate_path = Some(path.into());
        it.client_certificate_password = Some("test".into());
    });
    assert_eq!(headers(&fake, &settings).await.unwrap()[AUTHORIZATION], "Bearer t");
    let asked = fake.only();
    assert_eq!(
        asked.field("client_assertion_type").as_deref(),
        Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
    );
    assert_eq!(asked.field("client_secret"), None);
    let assertion = asked.field("client_assertion").unwrap();
    let claims = assertion.split('.').nth(1).unwrap();
    let claims = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, claims).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["aud"], asked.url.as_str(), "it is good where it is sent, and nowhere else");
}

#[tokio::test]
async fn a_token_file_is_read_each_time() {
    let fake = Fake::serve(|_| (200, token("t", 1))).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let settings = settings(|it| {
        it.use_oidc = Some(true);
        it.oidc_token_file_path = Some(file.path().display().to_string());
    });
    let auth = fake.auth(&settings);
    for text in ["first\n", "second\n"] {
        std::fs::write(file.path(), text).unwrap();
        auth.headers(&pool()).await.unwrap();
    }
    let sent: Vec<_> = fake.asked().iter().map(|asked| asked.field("client_assertion").unwrap()).collect();
    assert_eq!(sent, ["first", "second"]);
    std::fs::write(file.path(), "").unwrap();
    let error = auth.headers(&pool()).await.unwrap_err().to_string();
    assert!(error.contains("is empty") && error.contains("ARM_OIDC_TOKEN_FILE_PATH"), "{error}");
}

/// Stands for Microsoft Entra ID, and on this machine for whoever gives out tokens about the job.
async fn issuing(issued: &'static str) -> Fake {
    Fake::serve(move |asked| match asked.url.host_str() {
        Some("127.0.0.1") => (200, issued.to_owned()),
        _ => (200, token("t", 3600)),
    })
    .await
}

fn requested(fake: &Fake, path: &str) -> AzureSettings {
    settings(|it| {
        it.use_oidc = Some(true);
        it.oidc_request_url = Some(fake.base.join(path).unwrap().to_string());
        it.oidc_request_token = Some("right".into());
    })
}

#[tokio::test]
async fn github_actions_give_out_a_token() {
    let fake = issuing(r#"{"count":1,"value":"of-github"}"#).await;
    headers(&fake, &requested(&fake, "token?job=1")).await.unwrap();
    let asked = fake.asked();
    let [github, entra] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!((github.method.as_str(), github.headers["authorization"].as_str()), ("GET", "Bearer right"));
    assert_eq!(github.parameter("job").as_deref(), Some("1"));
    assert_eq!(github.parameter("audience").as_deref(), Some("api://AzureADTokenExchange"));
    assert_eq!(entra.field("client_assertion").as_deref(), Some("of-github"));
    assert_eq!(entra.field("grant_type").as_deref(), Some("client_credentials"));
}

#[tokio::test]
async fn azure_pipelines_give_out_a_token() {
    let fake = issuing(r#"{"oidcToken":"of-pipelines"}"#).await;
    let mut settings = requested(&fake, "oidctoken");
    settings.ado_pipeline_service_connection_id = Some("connection".into());
    headers(&fake, &settings).await.unwrap();
    let asked = fake.asked();
    let [pipelines, entra] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(
        (pipelines.method.as_str(), pipelines.headers["authorization"].as_str()),
        ("POST", "Bearer right")
    );
    assert_eq!(pipelines.parameter("serviceConnectionId").as_deref(), Some("connection"));
    assert_eq!(pipelines.parameter("api-version").as_deref(), Some("7.1"));
    assert_eq!(entra.field("client_assertion").as_deref(), Some("of-pipelines"));
}

#[tokio::test]
async fn a_job_without_the_right_is_told_what_it_needs() {
    let fake = Fake::serve(|_| (403, "no right".into())).await;
    let mut settings = requested(&fake, "token");
    let error = refused(&fake, &settings).await;
    assert!(error.contains("HTTP 403: no right") && error.contains("id-token: write"), "{error}");
    settings.ado_pipeline_service_connection_id = Some("connection".into());
    let error = refused(&fake, &settings).await;
    assert!(error.contains("SYSTEM_ACCESSTOKEN: $(System.AccessToken)"), "{error}");
    let fake = issuing(r#"{"unknown":"right-shape-of-no-token"}"#).await;
    let error = refused(&fake, &requested(&fake, "token")).await;
    assert!(error.contains("without a token") && !error.contains("right-shape"), "{error}");
}

#[tokio::test]
async fn a_pod_shows_its_token() {
    let fake = Fake::granting().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "of-the-pod").unwrap();
    let settings = settings(|it| {
        it.use_aks_workload_identity = Some(true);
        it.workload_identity_token_file_path = Some(file.path().display().to_string());
    });
    headers(&fake, &settings).await.unwrap();
    assert_eq!(fake.only().field("client_assertion").as_deref(), Some("of-the-pod"));
}

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
        .args(["--ignored", "--exact", "cloud::aks::auth::tests::in_an_app_service"])
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

/// The answer of Microsoft Entra ID to a request that it refuses.
fn entra_error(code: u32, said: &str) -> String {
    serde_json::json!({
        "error": "invalid_client",
        "error_description": format!("AADSTS{code}: {said} Trace ID: 1 Correlation ID: 2"),
        "error_codes": [code],
    })
    .to_string()
}

#[tokio::test]
async fn refused_credentials_say_why_and_how_to_mend_it() {
    for (code, expected) in [
        (7_000_215, "Use the secret's value"),
        (7_000_222, "Make a new secret"),
        (700_016, "ARM_CLIENT_ID and ARM_TENANT_ID"),
        (90_002, "ARM_CLIENT_ID and ARM_TENANT_ID"),
        (53_003, "Check azure.client_id"),
    ] {
        let fake = Fake::serve(move |_| (401, entra_error(code, "No."))).await;
        let error = refused(&fake, &settings(with_secret)).await;
        assert!(error.contains(&format!("AADSTS{code}: No.")) && error.contains(expected), "{error}");
        assert!(error.contains("ARM_CLIENT_SECRET") && !error.contains("aka.ms"), "{error}");
    }
    let fake = Fake::serve(|_| (401, entra_error(700_213, "No match."))).await;
    let error = refused(
        &fake,
        &settings(|it| {
            it.use_oidc = Some(true);
            it.oidc_token = Some("s3cret".into());
        }),
    )
    .await;
    assert!(error.contains("AADSTS700213") && error.contains("federated credential"), "{error}");
}

#[tokio::test]
async fn a_proxy_on_the_way_is_quoted() {
    let fake = Fake::serve(|_| (403, "<html> Blocked by\n policy </html>".into())).await;
    let error = refused(&fake, &settings(with_secret)).await;
    assert!(error.contains("HTTP 403") && error.contains("Blocked by policy"), "{error}");
    assert_eq!(fake.asked().len(), 1, "nothing is tried again");
}

#[tokio::test]
async fn a_server_in_trouble_is_asked_again() {
    let tries = std::sync::atomic::AtomicUsize::new(0);
    let fake = Fake::serve(move |_| match tries.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0 => (503, "<html>".into()),
        1 => (429, "{}".into()),
        _ => (200, token("t", 3600)),
    })
    .await;
    assert_eq!(headers(&fake, &settings(with_secret)).await.unwrap()[AUTHORIZATION], "Bearer t");
    assert_eq!(fake.asked().len(), 3);
}

#[tokio::test]
async fn callers_at_once_share_one_token() {
    let fake = Fake::granting().await;
    let auth = fake.auth(&settings(with_secret));
    let home = pool();
    let all = (0..20).map(|_| auth.headers(&home));
    assert!(futures_util::future::join_all(all).await.iter().all(Result::is_ok));
    auth.headers(&home).await.unwrap();
    fake.only();
}

#[tokio::test]
async fn callers_at_once_share_one_error() {
    let fake = Fake::serve(|_| (401, entra_error(1, "No."))).await;
    let auth = fake.auth(&settings(with_secret));
    let home = pool();
    let all = (0..20).map(|_| auth.headers(&home));
    assert!(futures_util::future::join_all(all).await.iter().all(Result::is_err));
    assert_eq!(fake.asked().len(), 1);
    assert!(auth.headers(&home).await.is_err());
    assert_eq!(fake.asked().len(), 2, "who comes later asks again");
}

#[tokio::test]
async fn a_token_near_its_end_is_replaced_or_used_up() {
    let tries = std::sync::atomic::AtomicUsize::new(0);
    let answer = move |_: &Asked| match tries.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0 => (200, token("first", 200)),
        1 => (200, token("second", 200)),
        _ => (400, entra_error(1, "No.")),
    };
    let fake = Fake::serve(answer).await;
    let auth = fake.auth(&settings(with_secret));
    for expected in ["Bearer first", "Bearer second", "Bearer second"] {
        assert_eq!(auth.headers(&pool()).await.unwrap()[AUTHORIZATION], expected);
    }
    assert_eq!(fake.asked().len(), 3);
}
