//! What proves an application's identity in place of a secret.

use super::fake::{Fake, token};
use super::*;

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
