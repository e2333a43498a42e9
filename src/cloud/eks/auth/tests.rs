use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use tempfile::NamedTempFile;

use super::chain::Source;
use super::*;
use crate::cloud::eks::client::fake::{Asked, Fake, PLACE, caller};
use crate::cloud::instant;
use crate::cloud::settings::{AssumeRole, AssumeRoleWithWebIdentity};

fn auth(aws: AwsSettings) -> Auth {
    Auth::new(&Settings { aws, user_agent: "gpuslice/test".to_owned(), ..Settings::default() })
}

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

/// A session of this key for `life` from now.
fn session(action: &str, key: &str, life: Duration) -> String {
    let end = aws_smithy_types::DateTime::from(instant::now() + life);
    let end = end.fmt(aws_smithy_types::date_time::Format::DateTime).unwrap();
    format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><Credentials>\
         <AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
         <Expiration>{end}</Expiration></Credentials></{action}Result></{action}Response>"
    )
}

const HOUR: Duration = Duration::from_secs(3600);

fn role(name: &str) -> String {
    format!("arn:aws:iam::123456789012:role/{name}")
}

/// STS, where the key of a session is its role's name.
async fn sts() -> Fake {
    Fake::bare(|asked| match asked.what().as_str() {
        "GetCallerIdentity" => (200, caller(PLACE.account)),
        action => {
            let role = asked.field("RoleArn").unwrap();
            (200, session(action, role.rsplit('/').next().unwrap(), HOUR))
        }
    })
    .await
}

#[tokio::test]
async fn roles_are_assumed_one_after_the_other() {
    let fake = sts().await;
    let first = AssumeRole {
        role_arn: role("first"),
        session_name: Some("me".into()),
        external_id: Some("x1".into()),
        duration_seconds: Some(900),
        policy: Some("{}".into()),
        policy_arns: vec!["arn:aws:iam::aws:policy/ReadOnlyAccess".into()],
        source_identity: Some("ann".into()),
        tags: [("team".to_owned(), "ml".to_owned())].into(),
        transitive_tag_keys: vec!["team".into()],
    };
    let second = AssumeRole { role_arn: role("second"), ..AssumeRole::default() };
    let auth = auth(AwsSettings { assume_role: vec![first, second], ..fake.settings() });
    auth.identity(PLACE).await.unwrap();
    assert_eq!(auth.credentials(PLACE).await.unwrap().access_key_id(), "second");
    let asked = fake.asked();
    let [one, other, who] = asked.as_slice() else { panic!("{:?}", fake.actions()) };
    assert_eq!([one.key(), other.key(), who.key()], ["AKIDEXAMPLE", "first", "second"]);
    assert_eq!(who.headers["x-amz-security-token"], "t");
    for (name, value) in [
        ("RoleArn", role("first").as_str()),
        ("RoleSessionName", "me"),
        ("ExternalId", "x1"),
        ("DurationSeconds", "900"),
        ("Policy", "{}"),
        ("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        ("SourceIdentity", "ann"),
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "ml"),
        ("TransitiveTagKeys.member.1", "team"),
    ] {
        assert_eq!(one.field(name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(other.field("RoleSessionName").as_deref(), Some("terraform-provider-gpuslice"));
    assert_eq!(other.field("ExternalId"), None);
}

#[tokio::test]
async fn a_token_of_another_issuer_is_read_from_its_file() {
    let fake = sts().await;
    let token = file("jwt\n");
    let web = AssumeRoleWithWebIdentity {
        role_arn: Some(role("ci")),
        web_identity_token_file: Some(token.path().display().to_string()),
        duration_seconds: Some(1800),
        ..AssumeRoleWithWebIdentity::default()
    };
    let settings = AwsSettings { assume_role_with_web_identity: Some(web.clone()), ..fake.settings() };
    let auth = auth(AwsSettings { access_key: None, secret_key: None, ..settings.clone() });
    assert_eq!(auth.credentials(PLACE).await.unwrap().access_key_id(), "ci");
    let asked = fake.last();
    assert_eq!(asked.field("WebIdentityToken").as_deref(), Some("jwt"));
    assert_eq!(asked.field("DurationSeconds").as_deref(), Some("1800"));
    assert!(!asked.headers.contains_key("authorization"), "the token is all that there is");
    let missing = AssumeRoleWithWebIdentity { web_identity_token_file: Some("/no/such".into()), ..web };
    let settings = AwsSettings { assume_role_with_web_identity: Some(missing), ..settings };
    let error = super::tests::auth(settings).credentials(PLACE).await.unwrap_err().to_string();
    assert!(error.contains("/no/such"), "{error}");
}

#[tokio::test]
async fn a_written_profile_decides_key_endpoints_and_attempts() {
    let fake = sts().await;
    let config = file(
        "[profile work]\nrole_arn = arn:aws:iam::123456789012:role/deploy\nsource_profile = keys\n\
         region = eu-west-1\nmax_attempts = 5\nservices = near\n\
         [profile keys]\n[services near]\nec2 =\n  endpoint_url = https://ec2.near.example\nsts =\n  \
         endpoint_url = http://127.0.0.1:1\n",
    );
    let keys = file("[keys]\naws_access_key_id = AKIDKEYS\naws_secret_access_key = s\n");
    let path = |file: &NamedTempFile| vec![file.path().display().to_string()];
    let mut settings = AwsSettings {
        profile: Some("keys".into()),
        shared_config_files: path(&config),
        shared_credentials_files: path(&keys),
        max_retries: None,
        ..fake.settings()
    };
    (settings.access_key, settings.secret_key, settings.endpoints.ec2) = (None, None, None);
    assert_eq!(auth(settings.clone()).credentials(PLACE).await.unwrap().access_key_id(), "AKIDKEYS");
    let work = auth(AwsSettings { profile: Some("work".into()), ..settings.clone() });
    assert_eq!(work.address(PLACE, &endpoints::EC2).await.unwrap(), "https://ec2.near.example");
    let written = fake.settings().endpoints.autoscaling.unwrap();
    assert_eq!(work.address(PLACE, &endpoints::AUTO_SCALING).await.unwrap(), written);
    let retries = work.config(PLACE).await.unwrap().retry_config().unwrap().max_attempts();
    assert_eq!(retries, 5);
    let usual = auth(AwsSettings { profile: Some("keys".into()), ..settings.clone() });
    assert_eq!(usual.config(PLACE).await.unwrap().retry_config().unwrap().max_attempts(), 8);
    assert_eq!(usual.address(PLACE, &endpoints::EC2).await.unwrap(), "https://ec2.us-east-1.amazonaws.com");
    let nowhere = auth(AwsSettings { profile: Some("nobody".into()), ..settings });
    let error = nowhere.credentials(PLACE).await.unwrap_err().to_string();
    assert!(error.contains("\"nobody\"") && error.contains("aws configure list-profiles"), "{error}");
}

#[tokio::test]
async fn sessions_are_kept_and_renewed_before_they_end() {
    for (life, expected) in [(HOUR, 1), (Duration::from_secs(200), 2)] {
        let times = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&times);
        let fake = Fake::bare(move |asked: &Asked| {
            counted.fetch_add(1, Ordering::Relaxed);
            (200, session(&asked.what(), "k", life))
        })
        .await;
        let one = AssumeRole { role_arn: role("r"), ..AssumeRole::default() };
        let auth = auth(AwsSettings { assume_role: vec![one], ..fake.settings() });
        let (a, b) = tokio::join!(auth.credentials(PLACE), auth.credentials(PLACE));
        assert!(a.is_ok() && b.is_ok());
        assert_eq!(times.load(Ordering::Relaxed), expected, "{life:?}");
    }
}

#[tokio::test]
async fn who_waits_together_hears_the_same_refusal() {
    let fake = Fake::bare(|_| {
        let denied = "<Type>Sender</Type><Code>AccessDenied</Code><Message>User: u is not authorized to perform: \
                      sts:AssumeRole on resource: r</Message>";
        (403, format!("<ErrorResponse><Error>{denied}</Error><RequestId>r</RequestId></ErrorResponse>"))
    })
    .await;
    let one = AssumeRole { role_arn: role("r"), ..AssumeRole::default() };
    let auth = auth(AwsSettings { assume_role: vec![one], ..fake.settings() });
    let (a, b) = tokio::join!(auth.credentials(PLACE), auth.credentials(PLACE));
    let error = a.unwrap_err();
    assert_eq!(Err(error.clone()), b.map(|_| ()));
    let text = error.to_string();
    assert!(text.contains("trust policy of arn:aws:iam::123456789012:role/r"), "{text}");
    assert!(text.contains("not authorized to perform: sts:AssumeRole"), "{text}");
    assert_eq!(fake.actions(), ["AssumeRole"]);
}

#[tokio::test]
async fn a_written_proxy_is_used() {
    let proxy = Fake::serve(|_| (200, "{\"nodegroup\": {\"nodegroupName\": \"p\"}}".to_owned())).await;
    let elsewhere = |service: &str| Some(format!("http://{service}.example.test/"));
    let settings = AwsSettings {
        http_proxy: Some(proxy.base.to_string()),
        endpoints: AwsEndpoints {
            eks: elsewhere("eks"),
            sts: Some(format!("{}sts", proxy.base)),
            ..AwsEndpoints::default()
        },
        ..proxy.settings()
    };
    super::super::client::fake::client(settings).nodegroup(PLACE, "p").await.unwrap();
    assert_eq!(proxy.last().url.as_str(), "http://eks.example.test/clusters/main/node-groups/p");
}

#[tokio::test]
async fn authorities_that_are_none_are_told() {
    let empty = file("no certificate here");
    for (path, expected) in
        [("/no/such.pem".to_owned(), "No such file"), (empty.path().display().to_string(), "no certificate")]
    {
        let error = auth(AwsSettings { custom_ca_bundle: Some(path.clone()), ..AwsSettings::default() })
            .credentials(PLACE)
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(&path) && error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn the_sandbox_gets_no_key_of_the_users() {
    let settings = Settings {
        aws: AwsSettings {
            access_key: Some("AKIDREAL".into()),
            secret_key: Some("s".into()),
            endpoints: AwsEndpoints { eks: Some("https://elsewhere/".into()), ..AwsEndpoints::default() },
            ..AwsSettings::default()
        },
        sandbox: Some(Url::parse("http://127.0.0.1:8642").unwrap()),
        ..Settings::default()
    };
    let auth = Auth::new(&settings);
    assert_eq!(auth.credentials(PLACE).await.unwrap().access_key_id(), "sandbox");
    assert_eq!(auth.given(&endpoints::EKS).as_deref(), Some("http://127.0.0.1:8642/eks"));
    let address = auth.address(PLACE, &endpoints::AUTO_SCALING).await.unwrap();
    assert_eq!(address, "http://127.0.0.1:8642/autoscaling");
}

/// One message of each kind, for reading.
#[test]
fn the_messages() {
    let roles = [role("first"), role("second")];
    let said = |text: &str| CredentialsError::provider_error(text.to_owned());
    let identity =
        Identity { account: "999999999999".into(), arn: "arn:aws:iam::999999999999:user/ann".into() };
    let profile = Source::Profile("work".into());
    let lines = [
        explain::no_credentials(&Source::Everywhere, &[], &CredentialsError::not_loaded("none")),
        explain::no_credentials(&profile, &[], &said("the SSO session has expired")),
        explain::no_credentials(&profile, &[], &said("connection refused")),
        explain::no_credentials(&Source::Key, &roles, &said("AccessDenied: not authorized: sts:AssumeRole")),
        explain::no_credentials(&Source::WebIdentity, &[], &said("InvalidIdentityToken: no provider")),
        explain::no_credentials(&Source::WebIdentity, &[], &said("ExpiredTokenException: token expired")),
        explain::too_slow(&Source::Everywhere, &[], Duration::from_secs(60)),
        AuthError::WrongAccount(explain::other_account(&identity, PLACE)),
        AuthError::WrongAccount(explain::not_allowed(&identity, &["111111111111".to_owned()])),
        AuthError::WrongAccount(explain::forbidden(&identity)),
    ];
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n\n"));
}
