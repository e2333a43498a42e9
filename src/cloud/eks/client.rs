//! The calls: one method per request, without loops of our own. What fails in passing is repeated below, by the AWS
//! SDK; a create, and calls that it does not carry, are repeated above, like those to other clouds.
//!
//! - `nodegroups`: the calls to EKS through its SDK; `requests` and `answers` translate between its types and ours.
//! - `templates`: launch templates of EC2. `scaling`: the group of machines behind a node group. Both speak the Query
//!   protocol by `query`, at the addresses of `endpoints`: the SDK of EC2 takes more memory to compile than most
//!   machines have.
//! - `transport`: the SDK's requests through the HTTP client that all clouds share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::auth::Auth;
use super::errors::ApiError;
use super::parts::Place;
use crate::cloud::settings::Settings;

mod answers;
pub(crate) mod endpoints;
#[cfg(test)]
pub(crate) mod fake;
mod nodegroups;
mod query;
mod requests;
mod scaling;
mod templates;
mod transport;

pub(crate) use templates::Templates;
pub(crate) use transport::Transport;

/// EKS, and what node groups need of EC2, Auto Scaling and STS.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) auth: Arc<Auth>,
    /// The SDK's client of each region that was asked.
    regions: Mutex<BTreeMap<String, aws_sdk_eks::Client>>,
}

impl Client {
    /// AWS as the settings reach it. Connects to nothing, and looks for no credentials.
    pub(crate) fn new(settings: &Settings) -> Self {
        Client { auth: Arc::new(Auth::new(settings)), regions: Mutex::default() }
    }

    /// The SDK's client for the region of the cluster.
    async fn eks(&self, place: Place<'_>) -> Result<aws_sdk_eks::Client, ApiError> {
        self.auth.identity(place).await?;
        // An error of the credentials is best told before the SDK wraps it.
        self.auth.credentials(place).await?;
        let mut config = aws_sdk_eks::config::Builder::from(&self.auth.config(place).await?);
        if let Some(given) = self.auth.given(&endpoints::EKS) {
            config = config.endpoint_url(given);
        }
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        let made = regions
            .entry(place.region.to_owned())
            .or_insert_with(|| aws_sdk_eks::Client::from_conf(config.build()));
        Ok(made.clone())
    }
}

#[cfg(test)]
mod tests;
