//! Credentials against servers on loopback.
//!
//! - `fake`: the server.
//! - `issuers`: what proves an application's identity in place of a secret.
//! - `local`: the identity service of a machine, and the Azure CLI.
//! - `trouble`: refusals, proxies, and many callers at once.

use super::*;
use fake::{Fake, token};

mod fake;
mod issuers;
#[cfg(unix)]
mod local;
mod trouble;

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
async fn a_clusters_token_is_not_azures() {
    let fake = Fake::serve(|asked| (200, token(&asked.field("scope").unwrap(), 3600))).await;
    let auth = fake.auth(&settings(with_secret));
    for _ in 0..2 {
        let found = auth.headers(&pool()).await.unwrap();
        assert_eq!(found[AUTHORIZATION], "Bearer https://management.azure.com/.default");
        assert_eq!(auth.cluster_token().await.unwrap(), "6dae42f8-4368-4678-94ff-3960e28e3630/.default");
    }
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
