use std::io::Write;

use super::*;
use crate::cloud::aks::auth::transport::{Shared, pipeline};
use crate::cloud::http::HttpClient;

fn choice(change: impl FnOnce(&mut AzureSettings)) -> Result<Choice, AuthError> {
    let mut settings = AzureSettings {
        tenant_id: Some("tenant".into()),
        client_id: Some("client".into()),
        ..AzureSettings::default()
    };
    change(&mut settings);
    let wire: Transported = Arc::new(Shared(HttpClient::new("test", true)));
    choose(&settings, &pipeline(&wire))
}

fn chosen(change: impl FnOnce(&mut AzureSettings)) -> Result<Chosen, AuthError> {
    choice(change).map(|choice| choice.chosen)
}

fn kind(change: impl FnOnce(&mut AzureSettings)) -> Kind {
    chosen(change).unwrap().kind()
}

fn fault(change: impl FnOnce(&mut AzureSettings)) -> String {
    chosen(change).unwrap_err().to_string()
}

const PFX: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cloud/aks/auth/certificate/testdata/modern.pfx");

/// Everything at once; then what has won is taken away, and the next wins.
#[test]
fn credentials_are_tried_in_azurerms_order() {
    let text = || Some("x".to_owned());
    let mut settings = AzureSettings {
        client_certificate_path: Some(PFX.into()),
        client_certificate_password: Some("test".into()),
        client_secret: text(),
        use_oidc: Some(true),
        oidc_token: text(),
        oidc_request_url: Some("https://example.com".into()),
        oidc_request_token: text(),
        ado_pipeline_service_connection_id: text(),
        use_aks_workload_identity: Some(true),
        workload_identity_token_file_path: text(),
        use_msi: Some(true),
        ..AzureSettings::default()
    };
    type Loss = fn(&mut AzureSettings);
    let fallen: [(Kind, Loss); 8] = [
        (Kind::Certificate, |it| it.client_certificate_path = None),
        (Kind::Secret, |it| it.client_secret = None),
        (Kind::OidcToken, |it| it.oidc_token = None),
        (Kind::AzureDevOps, |it| it.ado_pipeline_service_connection_id = None),
        (Kind::GitHub, |it| it.use_oidc = None),
        (Kind::WorkloadIdentity, |it| it.use_aks_workload_identity = None),
        (Kind::ManagedIdentity, |it| it.use_msi = None),
        (Kind::Cli, |it| it.use_cli = Some(false)),
    ];
    for (expected, take_away) in fallen {
        let all = settings.clone();
        assert_eq!(kind(|it| *it = AzureSettings { tenant_id: text(), client_id: text(), ..all }), expected);
        take_away(&mut settings);
    }
    let error = fault(|it| *it = settings);
    assert!(error.contains("no credentials for Azure") && error.contains("az login"), "{error}");
}

#[test]
fn a_secret_of_nobody_is_an_error_and_no_step_to_the_next() {
    let secret = |it: &mut AzureSettings| it.client_secret = Some("s3cret".into());
    let error = fault(|it| {
        secret(it);
        it.tenant_id = None;
    });
    assert!(error.contains("azure.tenant_id (or ARM_TENANT_ID)") && !error.contains("client_id"), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
    let error = fault(|it| {
        secret(it);
        it.client_id = Some(" ".into());
    });
    assert!(error.contains("azure.client_id (or ARM_CLIENT_ID)"), "{error}");
    let error = fault(|it| {
        it.use_oidc = Some(true);
        it.oidc_request_url = Some("https://example.com".into());
        it.ado_pipeline_service_connection_id = Some("c".into());
    });
    assert!(error.contains("azure.oidc_request_token") && error.contains("SYSTEM_ACCESSTOKEN"), "{error}");
}

/// `use_oidc = true` stands in configurations that are also run by hand.
#[test]
fn a_switch_alone_is_no_credential() {
    let switched = choice(|it| it.use_oidc = Some(true)).unwrap();
    assert_eq!((switched.chosen.kind(), switched.passed_over), (Kind::Cli, Some(NO_ISSUER)));
    let in_a_pipeline = choice(|it| {
        it.use_oidc = Some(true);
        it.oidc_request_url = Some("https://example.com".into());
    });
    assert_eq!(in_a_pipeline.unwrap().chosen.kind(), Kind::Cli);
    assert_eq!(choice(|_| {}).unwrap().passed_over, None);
    let token = |it: &mut AzureSettings| it.oidc_token = Some("x".into());
    assert_eq!(kind(token), Kind::Cli, "without the switch a token of the environment does not count");
}

#[test]
fn files_hold_ids_and_secrets() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "from-file").unwrap();
    let path = file.path().display().to_string();
    let Chosen::Secret(who, secret) = chosen(|it| {
        (it.client_id, it.client_id_file_path) = (None, Some(path.clone()));
        it.client_secret_file_path = Some(path.clone());
    })
    .unwrap() else {
        panic!("a secret");
    };
    assert_eq!((who.client.as_str(), secret.secret()), ("from-file", "from-file"));
    for (path, expected) in [("/nowhere/secret", "cannot be read"), ("/dev/null", "is empty")] {
        let error = fault(|it| it.client_secret_file_path = Some(path.into()));
        assert!(error.contains(expected) && error.contains("azure.client_secret_file_path"), "{error}");
    }
}

#[test]
fn certificates_that_cannot_be_used_are_named() {
    let error = fault(|it| it.client_certificate_path = Some(PFX.into()));
    assert!(error.contains(PFX) && error.contains("the password is wrong"), "{error}");
    let error = fault(|it| it.client_certificate_path = Some("/nowhere.pfx".into()));
    assert!(error.contains("/nowhere.pfx") && error.contains("cannot be read"), "{error}");
    let error = fault(|it| it.client_certificate = Some("!".into()));
    assert!(error.contains("ARM_CLIENT_CERTIFICATE") && error.contains("not base64"), "{error}");
}

#[test]
fn secrets_are_not_sent_unencrypted() {
    let error = fault(|it| {
        it.use_oidc = Some(true);
        it.oidc_request_url = Some("http://example.com".into());
        it.oidc_request_token = Some("x".into());
    });
    assert!(error.contains("azure.oidc_request_url") && error.contains("unencrypted"), "{error}");
}

#[test]
fn a_pod_without_a_token_is_no_workload() {
    let error = fault(|it| it.use_aks_workload_identity = Some(true));
    assert!(error.contains("AZURE_FEDERATED_TOKEN_FILE"), "{error}");
}

#[test]
fn the_address_for_tokens_is_that_of_the_library() {
    let authority = Url::parse("https://login.microsoftonline.us/").unwrap();
    assert_eq!(token_address(&authority, "t"), "https://login.microsoftonline.us/t/oauth2/v2.0/token");
}
