//! From the settings to a source of credentials.

use std::sync::Arc;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::identity::IdentityCache;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_types::service_config::ServiceConfigKey;

use super::cached::Cached;
use super::roles::{Role, WebRole};
use super::{AuthError, Identity};
use crate::cloud::eks::client::Transport;
use crate::cloud::eks::errors::ApiError;
use crate::cloud::http::{Proxies, Way};
use crate::cloud::settings::AwsSettings;

/// How often a request is sent, where neither settings nor environment nor profile say it.
const ATTEMPTS: u32 = 8;
/// The longest pause between two of them.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// How long one of them may take.
const ATTEMPT_TIME: Duration = Duration::from_secs(60);
/// How long all of them may take.
const OPERATION_TIME: Duration = Duration::from_secs(180);

/// Where credentials come from, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// A key in the settings.
    Key,
    /// A profile that the settings name.
    Profile(String),
    /// A token of another issuer.
    WebIdentity,
    /// Wherever AWS's tools look.
    Everywhere,
}

/// Credentials, and how AWS is reached with them.
#[derive(Debug)]
pub(super) struct Chain {
    /// For the SDK's clients. Its region is that in which credentials are looked for.
    pub config: SdkConfig,
    pub credentials: Arc<Cached>,
    pub transport: Transport,
}

impl Chain {
    /// The credentials that the settings mean. Reads the shared files, and asks nobody.
    pub(super) async fn of(
        aws: &AwsSettings,
        sandbox: bool,
        user_agent: &str,
        cluster_region: &str,
    ) -> Result<Self, AuthError> {
        let transport = Transport::new(user_agent, way(aws, sandbox)?);
        if sandbox {
            return Ok(Chain::of_sandbox(transport));
        }
        let files = files(aws);
        let region = match aws.sts_region.as_ref().or(aws.region.as_ref()) {
            Some(region) => Region::new(region.clone()),
            None => region(aws, &files, cluster_region).await,
        };
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(transport.way().connect)
            .read_timeout(transport.way().silence)
            .operation_attempt_timeout(ATTEMPT_TIME)
            .operation_timeout(OPERATION_TIME)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(transport.clone())
            .region(region.clone())
            .timeout_config(timeouts)
            .retry_config(retries(ATTEMPTS))
            .identity_cache(IdentityCache::no_cache())
            .profile_files(files.clone());
        if let Some(profile) = &aws.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(fips) = aws.use_fips_endpoint {
            loader = loader.use_fips(fips);
        }
        if let Some(dual_stack) = aws.use_dualstack_endpoint {
            loader = loader.use_dual_stack(dual_stack);
        }
        let mut config = loader.load().await;
        if let Some(attempts) = attempts(aws, &config) {
            config = config.into_builder().retry_config(retries(attempts)).build();
        }
        let (source, first) = first(aws, &config, &files);
        if let Some(first) = first {
            config = config.into_builder().credentials_provider(first).build();
        }
        for role in &aws.assume_role {
            let next = Role::new(&config, aws.endpoints.sts.as_deref(), role.clone());
            config = config.into_builder().credentials_provider(SharedCredentialsProvider::new(next)).build();
        }
        let provider = config.credentials_provider().ok_or_else(|| {
            // Without a source of our own the loader always sets one.
            AuthError::Unusable("No source of AWS credentials is set up.".to_owned())
        })?;
        let roles = aws.assume_role.iter().map(|role| role.role_arn.clone()).collect();
        let credentials = Arc::new(Cached::new(source, roles, provider));
        let cached: Arc<dyn ProvideCredentials> = Arc::<Cached>::clone(&credentials);
        let provider = SharedCredentialsProvider::new(cached);
        let config = config.into_builder().credentials_provider(provider).build();
        Ok(Chain { config, credentials, transport })
    }

    /// The sandbox, which verifies what this key of its own signs. Nothing of this machine is read, so that no key
    /// of the user's goes there.
    fn of_sandbox(transport: Transport) -> Self {
        let key = Credentials::new("sandbox", "sandbox", None, None, "sandbox");
        let provider = SharedCredentialsProvider::new(key);
        let credentials = Arc::new(Cached::new(Source::Key, Vec::new(), provider.clone()));
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(transport.clone())
            .retry_config(retries(ATTEMPTS))
            .identity_cache(IdentityCache::no_cache())
            .credentials_provider(provider)
            .build();
        Chain { config, credentials, transport }
    }

    /// Whose the credentials are, asked of the region's STS.
    pub(super) async fn identity(
        &self,
        region: String,
        endpoint: Option<String>,
    ) -> Result<Identity, ApiError> {
        self.credentials.get().await?;
        let host = format!("STS in {region}");
        let shared = self.config.to_builder().region(Region::new(region)).build();
        let mut config = aws_sdk_sts::config::Builder::from(&shared);
        if let Some(endpoint) = endpoint {
            config = config.endpoint_url(endpoint);
        }
        let client = aws_sdk_sts::Client::from_conf(config.build());
        let asked = client.get_caller_identity().send().await;
        let answer =
            asked.map_err(|error| ApiError::of_sdk(error, &host).for_want_of("sts:GetCallerIdentity"))?;
        match (answer.account, answer.arn) {
            (Some(account), Some(arn)) => Ok(Identity { account, arn }),
            _ => Err(ApiError::Nonsense { url: host, why: "it names no caller".to_owned() }),
        }
    }
}

fn retries(attempts: u32) -> RetryConfig {
    RetryConfig::standard().with_max_attempts(attempts).with_max_backoff(LONGEST_PAUSE)
}

/// How often a request is sent by the settings, the variable or the profile.
fn attempts(aws: &AwsSettings, config: &SdkConfig) -> Option<u32> {
    if let Some(retries) = aws.max_retries {
        return Some(retries.saturating_add(1));
    }
    let key = ServiceConfigKey::builder()
        .service_id("EKS")
        .env("AWS_MAX_ATTEMPTS")
        .profile("max_attempts")
        .build()
        .ok()?;
    config.service_config()?.load_config(key)?.trim().parse().ok().filter(|attempts| *attempts > 0)
}

/// The source that the settings name, and what comes first of it; `None` for that of the loader.
fn first(
    aws: &AwsSettings,
    config: &SdkConfig,
    files: &EnvConfigFiles,
) -> (Source, Option<SharedCredentialsProvider>) {
    if let Some(web) = &aws.assume_role_with_web_identity {
        let role = WebRole::new(config, aws.endpoints.sts.as_deref(), web.clone());
        return (Source::WebIdentity, Some(SharedCredentialsProvider::new(role)));
    }
    if let (Some(key), Some(secret)) = (&aws.access_key, &aws.secret_key) {
        let key = Credentials::new(key, secret, aws.token.clone(), None, "the provider block");
        return (Source::Key, Some(SharedCredentialsProvider::new(key)));
    }
    // A profile that is written wins over keys of the environment, as in hashicorp/aws.
    if let Some(profile) = &aws.profile {
        let provider = ProfileFileCredentialsProvider::builder()
            .configure(&provider_config(config))
            .profile_files(files.clone())
            .profile_name(profile)
            .build();
        return (Source::Profile(profile.clone()), Some(SharedCredentialsProvider::new(provider)));
    }
    (Source::Everywhere, None)
}

/// What sources of credentials reach AWS with.
fn provider_config(config: &SdkConfig) -> ProviderConfig {
    let mut provider = ProviderConfig::without_region()
        .with_region(config.region().cloned())
        .with_use_fips(config.use_fips())
        .with_use_dual_stack(config.use_dual_stack())
        .with_behavior_version(config.behavior_version());
    if let Some(http) = config.http_client() {
        provider = provider.with_http_client(http);
    }
    if let Some(retries) = config.retry_config() {
        provider = provider.with_retry_config(retries.clone());
    }
    if let Some(timeouts) = config.timeout_config() {
        provider = provider.with_timeout_config(timeouts.clone());
    }
    provider
}

/// The region in which credentials are looked for: by which STS a role is assumed.
async fn region(aws: &AwsSettings, files: &EnvConfigFiles, cluster_region: &str) -> Region {
    let mut profile = ProfileFileRegionProvider::builder().profile_files(files.clone());
    if let Some(name) = &aws.profile {
        profile = profile.profile_name(name);
    }
    let found = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(profile.build())
        .region()
        .await;
    found.unwrap_or_else(|| Region::new(cluster_region.to_owned()))
}

/// The shared files: those of the settings, and the usual ones of a kind for which they name none.
fn files(aws: &AwsSettings) -> EnvConfigFiles {
    let mut files = EnvConfigFiles::builder()
        .include_default_config_file(aws.shared_config_files.is_empty())
        .include_default_credentials_file(aws.shared_credentials_files.is_empty());
    for path in &aws.shared_config_files {
        files = files.with_file(EnvConfigFileKind::Config, path);
    }
    for path in &aws.shared_credentials_files {
        files = files.with_file(EnvConfigFileKind::Credentials, path);
    }
    files.build()
}

/// By which proxies and with which certificate authorities AWS is reached.
fn way(aws: &AwsSettings, sandbox: bool) -> Result<Way, AuthError> {
    let mut way = Way::new(sandbox);
    if sandbox {
        return Ok(way);
    }
    if let Some(path) = &aws.custom_ca_bundle {
        let unusable = |why: String| {
            AuthError::Unusable(format!(
                "The file {path} (aws.custom_ca_bundle or AWS_CA_BUNDLE) cannot be used: {why}. Name a file of \
                 certificates in PEM."
            ))
        };
        let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
        let authorities =
            reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| unusable(error.to_string()))?;
        if authorities.is_empty() {
            return Err(unusable("it holds no certificate".to_owned()));
        }
        way.authorities = Some(authorities);
    }
    if aws.http_proxy.is_some() || aws.https_proxy.is_some() || aws.no_proxy.is_some() {
        let passed_by = aws.no_proxy.as_deref().and_then(reqwest::NoProxy::from_string);
        let proxy = |name: &str, url: &Option<String>, make: fn(&str) -> reqwest::Result<reqwest::Proxy>| {
            let Some(url) = url else { return Ok(None) };
            let proxy = make(url).map_err(|error| {
                AuthError::Unusable(format!(
                    "The proxy of aws.{name} cannot be used: {error}. Write it as http://host:port."
                ))
            })?;
            Ok(Some(proxy.no_proxy(passed_by.clone())))
        };
        way.proxies = Some(Proxies {
            http: proxy("http_proxy", &aws.http_proxy, |url| reqwest::Proxy::http(url))?,
            https: proxy("https_proxy", &aws.https_proxy, |url| reqwest::Proxy::https(url))?,
        });
    }
    Ok(way)
}
