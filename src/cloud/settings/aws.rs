//! What EKS is reached with: the settings of hashicorp/aws.

use std::collections::BTreeMap;
use std::fmt;

/// What AWS's APIs are reached with. Names and meanings are those of the provider hashicorp/aws.
///
/// What is not set is looked for where every AWS tool looks: `AWS_…` variables, the files in `~/.aws`, the roles of
/// pods, tasks and machines. Its `Debug` output holds no secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AwsSettings {
    /// The id of an access key. It goes with `secret_key`.
    pub access_key: Option<String>,
    /// The access key's secret.
    pub secret_key: Option<String>,
    /// The session token of a temporary access key.
    pub token: Option<String>,
    /// The profile of the shared files.
    pub profile: Option<String>,
    /// The region in which credentials are looked for. Node pools are in the region of their cluster's ARN.
    pub region: Option<String>,
    /// Config files in place of `~/.aws/config`; what a later one says wins.
    pub shared_config_files: Vec<String>,
    /// Credentials files in place of `~/.aws/credentials`; what a later one says wins.
    pub shared_credentials_files: Vec<String>,
    /// The roles to assume, each with the credentials of the one before it.
    pub assume_role: Vec<AssumeRole>,
    /// The role to assume with a token of another issuer.
    pub assume_role_with_web_identity: Option<AssumeRoleWithWebIdentity>,
    /// Other addresses of the services.
    pub endpoints: AwsEndpoints,
    /// The region whose STS gives out credentials.
    pub sts_region: Option<String>,
    /// How often a request that failed in passing is repeated.
    pub max_retries: Option<u32>,
    /// Whether endpoints with FIPS 140 cryptography are used.
    pub use_fips_endpoint: Option<bool>,
    /// Whether endpoints with IPv6 are used.
    pub use_dualstack_endpoint: Option<bool>,
    /// A PEM file of the certificate authorities that are trusted, in place of the system's.
    pub custom_ca_bundle: Option<String>,
    /// The proxy for addresses that begin with `http:`.
    pub http_proxy: Option<String>,
    /// The proxy for addresses that begin with `https:`.
    pub https_proxy: Option<String>,
    /// Hosts that are reached without a proxy, separated by commas.
    pub no_proxy: Option<String>,
    /// Accounts that may be worked in; any where none is named.
    pub allowed_account_ids: Vec<String>,
    /// Accounts that must not be worked in.
    pub forbidden_account_ids: Vec<String>,
}

/// A role, and how it is assumed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AssumeRole {
    /// Its ARN.
    pub role_arn: String,
    /// What the session is called, in `CloudTrail` and in the ARN of who acts.
    pub session_name: Option<String>,
    /// What the role's trust policy may demand of other accounts.
    pub external_id: Option<String>,
    /// How long the session is good, in seconds.
    pub duration_seconds: Option<i32>,
    /// An IAM policy in JSON that further limits the session.
    pub policy: Option<String>,
    /// Managed policies that further limit the session.
    pub policy_arns: Vec<String>,
    /// Who is behind the session, for `CloudTrail`.
    pub source_identity: Option<String>,
    /// Tags of the session.
    pub tags: BTreeMap<String, String>,
    /// Which of the tags go along to roles that are assumed from this one.
    pub transitive_tag_keys: Vec<String>,
}

/// A role that is assumed with a token of another issuer, such as a CI system.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AssumeRoleWithWebIdentity {
    /// Else `AWS_ROLE_ARN`.
    pub role_arn: Option<String>,
    /// Else `AWS_ROLE_SESSION_NAME`.
    pub session_name: Option<String>,
    /// The token itself.
    pub web_identity_token: Option<String>,
    /// The path of a file that holds it, read anew each time. Else `AWS_WEB_IDENTITY_TOKEN_FILE`.
    pub web_identity_token_file: Option<String>,
    /// How long the session is good, in seconds.
    pub duration_seconds: Option<i32>,
    /// An IAM policy in JSON that further limits the session.
    pub policy: Option<String>,
    /// Managed policies that further limit the session.
    pub policy_arns: Vec<String>,
}

/// Other addresses of AWS's services.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AwsEndpoints {
    /// Of EKS.
    pub eks: Option<String>,
    /// Of EC2.
    pub ec2: Option<String>,
    /// Of STS.
    pub sts: Option<String>,
    /// Of EC2 Auto Scaling.
    pub autoscaling: Option<String>,
}

fn hidden(value: &Option<String>) -> Option<&'static str> {
    value.as_ref().map(|_| "(hidden)")
}

impl fmt::Debug for AwsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsSettings")
            .field("access_key", &self.access_key)
            .field("secret_key", &hidden(&self.secret_key))
            .field("token", &hidden(&self.token))
            .field("profile", &self.profile)
            .field("region", &self.region)
            .field("shared_config_files", &self.shared_config_files)
            .field("shared_credentials_files", &self.shared_credentials_files)
            .field("assume_role", &self.assume_role)
            .field("assume_role_with_web_identity", &self.assume_role_with_web_identity)
            .field("endpoints", &self.endpoints)
            .field("sts_region", &self.sts_region)
            .field("max_retries", &self.max_retries)
            .field("use_fips_endpoint", &self.use_fips_endpoint)
            .field("use_dualstack_endpoint", &self.use_dualstack_endpoint)
            .field("custom_ca_bundle", &self.custom_ca_bundle)
            // The address of a proxy may hold a password.
            .field("http_proxy", &hidden(&self.http_proxy))
            .field("https_proxy", &hidden(&self.https_proxy))
            .field("no_proxy", &self.no_proxy)
            .field("allowed_account_ids", &self.allowed_account_ids)
            .field("forbidden_account_ids", &self.forbidden_account_ids)
            .finish()
    }
}

impl fmt::Debug for AssumeRoleWithWebIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssumeRoleWithWebIdentity")
            .field("role_arn", &self.role_arn)
            .field("session_name", &self.session_name)
            .field("web_identity_token", &hidden(&self.web_identity_token))
            .field("web_identity_token_file", &self.web_identity_token_file)
            .field("duration_seconds", &self.duration_seconds)
            .field("policy", &self.policy)
            .field("policy_arns", &self.policy_arns)
            .finish()
    }
}

impl AwsSettings {
    /// These settings, with what they leave open taken from variables of the environment.
    ///
    /// The variables that choose credentials, regions and endpoints are read by the AWS SDK when it is first used, since
    /// they rank with the shared files. Here come those that it does not read, or that are used without it.
    #[must_use]
    pub fn completed(mut self, variable: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: &[&str]| names.iter().find_map(|name| variable(name).filter(|it| !it.is_empty()));
        let complete = |value: &mut Option<String>, names: &[&str]| {
            if value.is_none() {
                *value = first(names);
            }
        };
        complete(&mut self.custom_ca_bundle, &["AWS_CA_BUNDLE"]);
        // A written proxy must not switch those of the environment off for what it does not cover.
        if self.http_proxy.is_some() || self.https_proxy.is_some() || self.no_proxy.is_some() {
            complete(&mut self.http_proxy, &["HTTP_PROXY", "http_proxy"]);
            complete(&mut self.https_proxy, &["HTTPS_PROXY", "https_proxy"]);
            complete(&mut self.no_proxy, &["NO_PROXY", "no_proxy"]);
        }
        if let Some(web) = &mut self.assume_role_with_web_identity {
            complete(&mut web.role_arn, &["AWS_ROLE_ARN"]);
            complete(&mut web.session_name, &["AWS_ROLE_SESSION_NAME"]);
            if web.web_identity_token.is_none() {
                complete(&mut web.web_identity_token_file, &["AWS_WEB_IDENTITY_TOKEN_FILE"]);
            }
        }
        let home = variable("HOME");
        let paths = [&mut self.custom_ca_bundle].into_iter().flatten();
        let lists = [&mut self.shared_config_files, &mut self.shared_credentials_files].into_iter().flatten();
        let web = self.assume_role_with_web_identity.as_mut();
        let token = web.and_then(|web| web.web_identity_token_file.as_mut());
        for path in paths.chain(lists).chain(token) {
            if let (Some(rest), Some(home)) = (path.strip_prefix("~/"), &home) {
                *path = format!("{home}/{rest}");
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::environment;
    use super::*;

    #[test]
    fn the_environment_fills_what_is_open() {
        let web = AssumeRoleWithWebIdentity { session_name: Some("mine".into()), ..Default::default() };
        let settings = AwsSettings {
            shared_config_files: vec!["~/aws/config".into(), "/etc/aws".into()],
            assume_role_with_web_identity: Some(web),
            ..AwsSettings::default()
        };
        let settings = settings.completed(environment(&[
            ("HOME", "/home/me"),
            ("AWS_CA_BUNDLE", "~/ca.pem"),
            ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/ci"),
            ("AWS_ROLE_SESSION_NAME", "other"),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token"),
            ("HTTPS_PROXY", "http://proxy:3128"),
        ]));
        assert_eq!(settings.shared_config_files, ["/home/me/aws/config", "/etc/aws"]);
        assert_eq!(settings.custom_ca_bundle.as_deref(), Some("/home/me/ca.pem"));
        assert_eq!(settings.https_proxy, None, "the HTTP client reads the variables itself");
        let web = settings.assume_role_with_web_identity.unwrap();
        assert_eq!(web.role_arn.as_deref(), Some("arn:aws:iam::123456789012:role/ci"));
        assert_eq!(web.session_name.as_deref(), Some("mine"));
        assert_eq!(web.web_identity_token_file.as_deref(), Some("/var/run/token"));
    }

    #[test]
    fn a_written_proxy_keeps_the_others_of_the_environment() {
        let settings = AwsSettings { http_proxy: Some("http://mine:1".into()), ..AwsSettings::default() };
        let settings = settings.completed(environment(&[
            ("HTTP_PROXY", "http://other:1"),
            ("https_proxy", "http://proxy:3128"),
            ("NO_PROXY", "localhost"),
        ]));
        assert_eq!(settings.http_proxy.as_deref(), Some("http://mine:1"));
        assert_eq!(settings.https_proxy.as_deref(), Some("http://proxy:3128"));
        assert_eq!(settings.no_proxy.as_deref(), Some("localhost"));
    }

    #[test]
    fn a_written_token_keeps_the_file_of_the_environment_out() {
        let web = AssumeRoleWithWebIdentity { web_identity_token: Some("jwt".into()), ..Default::default() };
        let settings = AwsSettings { assume_role_with_web_identity: Some(web), ..AwsSettings::default() };
        let settings = settings.completed(environment(&[("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token")]));
        assert_eq!(settings.assume_role_with_web_identity.unwrap().web_identity_token_file, None);
    }

    #[test]
    fn secrets_are_not_printed() {
        let web =
            AssumeRoleWithWebIdentity { web_identity_token: Some("secret-jwt".into()), ..Default::default() };
        let settings = AwsSettings {
            access_key: Some("AKIDEXAMPLE".into()),
            secret_key: Some("secret".into()),
            token: Some("secret".into()),
            https_proxy: Some("http://me:secret@proxy:3128".into()),
            assume_role_with_web_identity: Some(web),
            ..AwsSettings::default()
        };
        let printed = format!("{settings:?}");
        assert!(
            !printed.contains("secret\"") && !printed.contains("secret-") && !printed.contains("secret@")
        );
        assert!(printed.contains("AKIDEXAMPLE") && printed.contains("(hidden)"), "{printed}");
    }
}
