//! Refusals, proxies, servers in trouble, and many callers at once.

use super::fake::{Asked, Fake, token};
use super::*;

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
async fn nobody_there_is_told_without_the_librarys_frames() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = format!("https://{}/", listener.local_addr().unwrap());
    drop(listener);
    let settings = settings(|it| {
        with_secret(it);
        it.active_directory_authority_host = Some(authority);
    });
    let error = refused(&Fake::granting().await, &settings).await;
    assert!(error.contains(": No connection to 127.0.0.1") && error.contains("HTTPS_PROXY"), "{error}");
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
