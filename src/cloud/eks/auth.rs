//! Credentials of AWS: which are meant, whose they are, and where they may be used.
//!
//! - `chain`: from the settings to a source of credentials. `roles`: roles that are assumed on the way.
//! - `cached`: the last credentials, asked for again before they expire.
//! - `explain`: what is wrong with them, in words.

use std::sync::Arc;
use std::time::Duration;

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use futures_util::FutureExt;
use tokio::sync::OnceCell;
use url::Url;

use super::client::endpoints::{self, Service};
use super::errors::ApiError;
use super::parts::Place;
use crate::cloud::coalesce::Coalesced;
use crate::cloud::http::HttpClient;
use crate::cloud::settings::{AwsEndpoints, AwsSettings, Settings};
use crate::nodepool::pools::ErrorKind;

mod cached;
mod chain;
mod explain;
mod roles;

use chain::Chain;

/// Credentials that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AuthError {
    /// What the settings name cannot be used, such as a bundle of certificates that is no file. Remedy: mend it.
    #[error("{0}")]
    Unusable(String),
    /// No source has credentials. Remedy: log in.
    #[error("{0}")]
    NoCredentials(String),
    /// They are those of another account, or of one that the settings forbid. Remedy: other credentials, or another
    /// cluster.
    #[error("{0}")]
    WrongAccount(String),
}

impl AuthError {
    /// What kind of error it is to a user.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            AuthError::Unusable(_) | AuthError::NoCredentials(_) => ErrorKind::Unauthenticated,
            AuthError::WrongAccount(_) => ErrorKind::Forbidden,
        }
    }
}

/// Whose credentials they are, as STS says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub account: String,
    pub arn: String,
}

/// The way to AWS. Nothing is looked for before the first request.
#[derive(Debug)]
pub(crate) struct Auth {
    aws: AwsSettings,
    sandbox: Option<Url>,
    user_agent: String,
    chain: OnceCell<Arc<Chain>>,
    /// By region: whose the credentials are does not differ there, but whether they may be used.
    identities: Coalesced<String, Identity, ApiError>,
}

impl Auth {
    /// AWS as the settings reach it.
    pub(crate) fn new(settings: &Settings) -> Self {
        Auth {
            aws: settings.aws.clone(),
            sandbox: settings.sandbox.clone(),
            user_agent: settings.user_agent.clone(),
            chain: OnceCell::new(),
            identities: Coalesced::new(Duration::MAX),
        }
    }

    async fn chain(&self, place: Place<'_>) -> Result<&Arc<Chain>, AuthError> {
        let made = self.chain.get_or_try_init(|| async {
            let sandbox = self.sandbox.is_some();
            Chain::of(&self.aws, sandbox, &self.user_agent, place.region).await.map(Arc::new)
        });
        made.await
    }

    /// Credentials that are good for some time yet.
    pub(crate) async fn credentials(&self, place: Place<'_>) -> Result<Credentials, AuthError> {
        self.chain(place).await?.credentials.get().await
    }

    /// What the SDK's client of the region is made with.
    pub(crate) async fn config(&self, place: Place<'_>) -> Result<SdkConfig, AuthError> {
        let region = Region::new(place.region.to_owned());
        Ok(self.chain(place).await?.config.to_builder().region(region).build())
    }

    /// The HTTP client of the requests that the SDK does not carry.
    pub(crate) async fn http(&self, place: Place<'_>) -> Result<Arc<HttpClient>, AuthError> {
        Ok(self.chain(place).await?.transport.http())
    }

    /// The address of a service that the settings give, or the sandbox.
    pub(crate) fn given(&self, service: &Service) -> Option<String> {
        let AwsEndpoints { eks, ec2, sts, autoscaling } = &self.aws.endpoints;
        let written = match service.name {
            "eks" => eks,
            "ec2" => ec2,
            "sts" => sts,
            _ => autoscaling,
        };
        let sandbox = self.sandbox.as_ref();
        let below = sandbox.map(|url| format!("{}/{}", url.as_str().trim_end_matches('/'), service.name));
        below.or_else(|| written.clone())
    }

    /// The address of a service that is asked without the SDK.
    pub(crate) async fn address(&self, place: Place<'_>, service: &Service) -> Result<String, AuthError> {
        match self.given(service) {
            Some(given) => Ok(given),
            None => {
                let config = &self.chain(place).await?.config;
                Ok(endpoints::address(service, config, place.partition, place.region))
            }
        }
    }

    /// Whose the credentials are. It is asked once per region, before anything else there.
    ///
    /// # Errors
    /// [`AuthError::WrongAccount`] when they are not the cluster's account's, or of one that the settings forbid.
    pub(crate) async fn identity(&self, place: Place<'_>) -> Result<Identity, ApiError> {
        let chain = Arc::clone(self.chain(place).await?);
        let region = place.region.to_owned();
        let endpoint = self.given(&endpoints::STS);
        let ask = || async move { chain.identity(region, endpoint).await }.boxed();
        let found = self.identities.get(place.region.to_owned(), ask).await?;
        self.check_account(place, &found)?;
        Ok(found)
    }

    fn check_account(&self, place: Place<'_>, found: &Identity) -> Result<(), AuthError> {
        let AwsSettings { allowed_account_ids: allowed, forbidden_account_ids: forbidden, .. } = &self.aws;
        // What the settings say of accounts is about AWS; the sandbox has one of its own.
        let (allowed, forbidden) = match &self.sandbox {
            Some(_) => (&[][..], &[][..]),
            None => (allowed.as_slice(), forbidden.as_slice()),
        };
        let wrong = if forbidden.contains(&found.account) {
            Some(explain::forbidden(found))
        } else if !allowed.is_empty() && !allowed.contains(&found.account) {
            Some(explain::not_allowed(found, allowed))
        } else if found.account != place.account {
            Some(explain::other_account(found, place))
        } else {
            None
        };
        wrong.map_or(Ok(()), |text| Err(AuthError::WrongAccount(text)))
    }
}

#[cfg(test)]
mod tests;
