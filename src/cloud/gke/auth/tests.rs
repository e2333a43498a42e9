use super::*;

fn settings(change: impl FnOnce(&mut GoogleSettings)) -> GoogleSettings {
    let mut settings = GoogleSettings::default();
    change(&mut settings);
    settings
}

async fn headers(settings: &GoogleSettings) -> Result<HeaderMap, AuthError> {
    Auth::google(settings).headers("the-project").await
}

#[tokio::test]
async fn an_access_token_is_sent_as_it_is() {
    let found = headers(&settings(|it| it.access_token = Some("ya29.x\n".into()))).await.unwrap();
    assert_eq!(found[AUTHORIZATION], "Bearer ya29.x");
    assert!(found[AUTHORIZATION].is_sensitive());
    assert!(!found.contains_key(QUOTA_PROJECT));
}

#[tokio::test]
async fn the_quota_project_is_the_billing_project_or_the_clusters() {
    let with = |billing: Option<&str>, switched| {
        settings(|it| {
            it.access_token = Some("t".into());
            it.billing_project = billing.map(Into::into);
            it.user_project_override = switched;
        })
    };
    let quota = |found: HeaderMap| found.get(QUOTA_PROJECT).map(|it| it.to_str().unwrap().to_owned());
    assert_eq!(quota(headers(&with(Some("b"), Some(true))).await.unwrap()).as_deref(), Some("b"));
    assert_eq!(quota(headers(&with(None, Some(true))).await.unwrap()).as_deref(), Some("the-project"));
    assert_eq!(quota(headers(&with(Some("b"), None)).await.unwrap()), None);
}

#[tokio::test]
async fn the_sandbox_sees_no_real_token() {
    let found = Auth::sandbox().headers("p").await.unwrap();
    assert_eq!(found[AUTHORIZATION], "Bearer sandbox");
}

#[tokio::test]
async fn unusable_credentials_say_why_and_keep_their_secrets() {
    for (text, expected) in [
        ("/nowhere/key.json", "cannot be read"),
        ("{\"type\": \"service_account\", \"private_key\": secret", "not JSON: line 1"),
        ("{\"type\": \"gdch_service_account\"}", "cannot be used here"),
        ("{}", "Known types"),
    ] {
        let error = headers(&settings(|it| it.credentials = Some(text.into()))).await.unwrap_err();
        let shown = error.to_string();
        assert!(shown.contains(expected), "{shown}");
        assert!(!shown.contains("secret"), "{shown}");
        assert!(matches!(error, AuthError::Unusable(_)));
    }
}

#[tokio::test]
async fn a_credentials_file_is_read_from_its_path() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "{\"type\": \"no_such_type\"}").unwrap();
    let path = file.path().display().to_string();
    let error = headers(&settings(|it| it.credentials = Some(path))).await.unwrap_err();
    assert!(error.to_string().contains("no_such_type"), "{error}");
}

#[tokio::test]
async fn a_token_with_a_line_break_inside_is_refused() {
    let error = headers(&settings(|it| it.access_token = Some("a\nb".into()))).await.unwrap_err();
    assert!(error.to_string().contains("line break"), "{error}");
}

/// The claims of a bearer token that is a JWT.
fn claims(headers: &HeaderMap) -> Value {
    use base64::Engine;
    let token = headers[AUTHORIZATION].to_str().unwrap().strip_prefix("Bearer ").unwrap();
    let middle = token.split('.').nth(1).expect("a JWT has three parts");
    let json = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(middle).unwrap();
    serde_json::from_slice(&json).unwrap()
}

#[tokio::test]
async fn a_service_account_key_signs_its_own_tokens() {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let json = serde_json::json!({
        "type": "service_account",
        "project_id": "p",
        "private_key_id": "1",
        "private_key": key.serialize_pem(),
        "client_email": "robot@p.iam.gserviceaccount.com",
    });
    let found = headers(&settings(|it| it.credentials = Some(json.to_string()))).await.unwrap();
    let claims = claims(&found);
    assert_eq!(
        (&claims["iss"], &claims["scope"]),
        (&"robot@p.iam.gserviceaccount.com".into(), &SCOPE.into())
    );
}
