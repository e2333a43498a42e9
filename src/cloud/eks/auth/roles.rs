//! Roles that are assumed: with other credentials, or with a token of another issuer. The AWS SDK has sources for both
//! that take less than the settings can say.

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use aws_sdk_sts::types::{PolicyDescriptorType, Tag};

use crate::cloud::settings::{AssumeRole, AssumeRoleWithWebIdentity};

/// How sessions are named where nobody names them.
const SESSION: &str = "terraform-provider-gpuslice";

/// A role that is assumed with the credentials of a configuration.
#[derive(Debug)]
pub(super) struct Role {
    sts: aws_sdk_sts::Client,
    role: AssumeRole,
}

/// A role that is assumed with a token of another issuer.
#[derive(Debug)]
pub(super) struct WebRole {
    sts: aws_sdk_sts::Client,
    role: AssumeRoleWithWebIdentity,
}

fn sts(config: &SdkConfig, endpoint: Option<&str>) -> aws_sdk_sts::Client {
    let mut config = aws_sdk_sts::config::Builder::from(config);
    if let Some(endpoint) = endpoint {
        config = config.endpoint_url(endpoint);
    }
    aws_sdk_sts::Client::from_conf(config.build())
}

impl Role {
    pub(super) fn new(config: &SdkConfig, endpoint: Option<&str>, role: AssumeRole) -> Self {
        Role { sts: sts(config, endpoint), role }
    }

    async fn assume(&self) -> provider::Result {
        let role = &self.role;
        let tags: Result<Vec<Tag>, _> =
            role.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        let tags = tags.map_err(CredentialsError::invalid_configuration)?;
        let asked = self
            .sts
            .assume_role()
            .role_arn(&role.role_arn)
            .role_session_name(role.session_name.as_deref().unwrap_or(SESSION))
            .set_external_id(role.external_id.clone())
            .set_duration_seconds(role.duration_seconds)
            .set_policy(role.policy.clone())
            .set_policy_arns(policies(&role.policy_arns))
            .set_source_identity(role.source_identity.clone())
            .set_tags(Some(tags).filter(|tags| !tags.is_empty()))
            .set_transitive_tag_keys(Some(role.transitive_tag_keys.clone()).filter(|keys| !keys.is_empty()));
        let answer = asked.send().await.map_err(CredentialsError::provider_error)?;
        credentials(answer.credentials)
    }
}

impl WebRole {
    pub(super) fn new(config: &SdkConfig, endpoint: Option<&str>, role: AssumeRoleWithWebIdentity) -> Self {
        WebRole { sts: sts(config, endpoint), role }
    }

    async fn assume(&self) -> provider::Result {
        let role = &self.role;
        let arn = role.role_arn.as_ref().ok_or_else(|| {
            CredentialsError::invalid_configuration(
                "neither aws.assume_role_with_web_identity.role_arn nor AWS_ROLE_ARN names the role",
            )
        })?;
        let token = match (&role.web_identity_token, &role.web_identity_token_file) {
            (Some(token), _) => token.clone(),
            (None, Some(path)) => tokio::fs::read_to_string(path).await.map_err(|error| {
                CredentialsError::invalid_configuration(format!("the token's file {path}: {error}"))
            })?,
            (None, None) => {
                return Err(CredentialsError::invalid_configuration(
                    "there is neither web_identity_token nor web_identity_token_file in \
                     aws.assume_role_with_web_identity, nor AWS_WEB_IDENTITY_TOKEN_FILE",
                ));
            }
        };
        let asked = self
            .sts
            .assume_role_with_web_identity()
            .role_arn(arn)
            .role_session_name(role.session_name.as_deref().unwrap_or(SESSION))
            .web_identity_token(token.trim())
            .set_duration_seconds(role.duration_seconds)
            .set_policy(role.policy.clone())
            .set_policy_arns(policies(&role.policy_arns));
        let answer = asked.send().await.map_err(CredentialsError::provider_error)?;
        credentials(answer.credentials)
    }
}

fn policies(arns: &[String]) -> Option<Vec<PolicyDescriptorType>> {
    let policies = arns.iter().map(|arn| PolicyDescriptorType::builder().arn(arn).build());
    (!arns.is_empty()).then(|| policies.collect())
}

fn credentials(answer: Option<aws_sdk_sts::types::Credentials>) -> provider::Result {
    let found = answer.ok_or_else(|| CredentialsError::unhandled("STS answers without credentials"))?;
    let end = SystemTime::try_from(found.expiration).map_err(CredentialsError::unhandled)?;
    let token = Some(found.session_token);
    Ok(Credentials::new(found.access_key_id, found.secret_access_key, token, Some(end), "STS"))
}

impl ProvideCredentials for Role {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.assume())
    }
}

impl ProvideCredentials for WebRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.assume())
    }
}
