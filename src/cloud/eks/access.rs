//! The way to a cluster's Kubernetes API, from what EKS says of the cluster.
//!
//! - `token`: what proves there who comes.
//! - `grant`: how who comes is let in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::Mutex;
use url::Url;

use super::auth::{Auth, AuthError};
use super::errors::ApiError;
use super::parts::Place;
use super::{Eks, wire};
use crate::cloud::fault::Fault;
use crate::cloud::limits::Limits;
use crate::nodepool::access::{Credential, Trust};
use crate::nodepool::pools::{Call, ErrorKind};
use crate::nodepool::{ClusterAccess, ClusterId, Path, PoolError, TokenSource};

mod grant;
mod token;

/// How old a token may be. A cluster takes it for fifteen minutes (source: aws-iam-authenticator, `pkg/token`).
const OLD: Duration = Duration::from_secs(600);

impl Eks {
    /// How the cluster's Kubernetes API is reached.
    pub(super) async fn way_to(&self, call: &Call, cluster: &ClusterId) -> Result<ClusterAccess, PoolError> {
        let found = self.require_cluster(call, &Limits::of(call), cluster).await?;
        let place = super::place(cluster)?;
        let auth = Arc::clone(&self.api.client.auth);
        let who = auth.identity(place).await.map_err(|error| error.explain("log in to the cluster"))?;
        let (server, trust) = endpoint(&found).map_err(|why| PoolError {
            kind: ErrorKind::Unsupported,
            summary: format!("The Kubernetes API of the cluster {} cannot be reached", place.cluster),
            detail: why,
            attribute: Some(Path::of("cluster_id")),
        })?;
        if !found.public_endpoint {
            tracing::info!(
                cluster = place.cluster,
                "the cluster's API is reached from within its network only"
            );
        }
        Ok(ClusterAccess {
            server,
            trust,
            credential: Credential::Bearer(Arc::new(Tokens::new(auth, place))),
            identity: who.arn.clone(),
            grant: grant::words(&who.arn, place, found.authentication_mode.as_deref()),
        })
    }
}

/// Tokens of the credentials that node groups are managed with.
#[derive(Debug)]
struct Tokens {
    auth: Arc<Auth>,
    partition: String,
    region: String,
    account: String,
    cluster: String,
    last: Mutex<Option<Made>>,
}

/// A token, and since when it is there. Its `Debug` output holds no secrets.
struct Made {
    token: String,
    at: Instant,
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Made").field("at", &self.at).finish_non_exhaustive()
    }
}

impl Tokens {
    fn new(auth: Arc<Auth>, place: Place<'_>) -> Self {
        Tokens {
            auth,
            partition: place.partition.to_owned(),
            region: place.region.to_owned(),
            account: place.account.to_owned(),
            cluster: place.cluster.to_owned(),
            last: Mutex::default(),
        }
    }

    fn place(&self) -> Place<'_> {
        Place {
            partition: &self.partition,
            region: &self.region,
            account: &self.account,
            cluster: &self.cluster,
        }
    }

    /// Makes a token, which asks nobody but the source of the credentials.
    async fn make(&self) -> Result<String, ApiError> {
        let place = self.place();
        let credentials = self.auth.credentials(place).await?;
        let now = self.auth.http(place).await?.server_time();
        let made = token::presigned(&credentials, place, now);
        Ok(made.map_err(|why| AuthError::Unusable(format!("No login can be signed: {why}.")))?)
    }
}

#[async_trait::async_trait]
impl TokenSource for Tokens {
    async fn token(&self) -> Result<String, PoolError> {
        let mut last = self.last.lock().await;
        if let Some(made) = last.as_ref().filter(|made| made.at.elapsed() < OLD) {
            return Ok(made.token.clone());
        }
        let made = self.make().await;
        let token = made.map_err(|error| error.explain("log in to the cluster's Kubernetes API"))?;
        *last = Some(Made { token: token.clone(), at: Instant::now() });
        Ok(token)
    }
}

/// The server, and who vouches for it.
fn endpoint(cluster: &wire::Cluster) -> Result<(Url, Trust), String> {
    if !matches!(cluster.status.as_str(), "" | "ACTIVE" | "UPDATING") && cluster.endpoint.is_none() {
        return Err(format!(
            "EKS names no endpoint for it: its status is {}. Apply again when it is ACTIVE.",
            cluster.status
        ));
    }
    if matches!(cluster.status.as_str(), "DELETING" | "FAILED") {
        return Err(format!(
            "Its status is {}, so that nothing can be set up there. Look at it with `aws eks describe-cluster`.",
            cluster.status
        ));
    }
    let Some(address) = &cluster.endpoint else {
        return Err(
            "EKS names no endpoint for it: it is being made, or its creation failed. Apply again when it is \
                    ACTIVE."
                .to_owned(),
        );
    };
    let server = Url::parse(address).ok().filter(|url| url.host_str().is_some());
    let server = server.ok_or_else(|| format!("EKS names the endpoint {address:?}, which is no URL."))?;
    let packed: String = cluster.authority.iter().flat_map(|text| text.split_whitespace()).collect();
    let authority = STANDARD.decode(packed).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match authority.filter(|pem| !pem.is_empty()) {
        Some(pem) => Ok((server, Trust::Authority(pem))),
        None => Err(
            "EKS's answer holds no certificate authority (certificateAuthority.data), so that the server \
                     could not be told from an impostor."
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(status: &str, endpoint: Option<&str>, authority: &str) -> wire::Cluster {
        wire::Cluster {
            status: status.to_owned(),
            endpoint: endpoint.map(str::to_owned),
            authority: Some(authority.to_owned()),
            ..wire::Cluster::default()
        }
    }

    #[test]
    fn the_address_comes_with_the_clusters_authority() {
        let packed = STANDARD.encode("PEM\n");
        for status in ["ACTIVE", "UPDATING", "SOMETHING_NEW"] {
            let found = cluster(status, Some("https://ABC.gr7.us-east-1.eks.amazonaws.com"), &packed);
            let (server, trust) = endpoint(&found).unwrap();
            assert_eq!(server.as_str(), "https://abc.gr7.us-east-1.eks.amazonaws.com/");
            assert_eq!(trust, Trust::Authority("PEM\n".to_owned()));
        }
    }

    #[test]
    fn without_a_way_the_reason_is_told() {
        let (url, packed) = (Some("https://x.eks.amazonaws.com"), STANDARD.encode("PEM\n"));
        for (found, reason) in [
            (cluster("CREATING", None, &packed), "its status is CREATING"),
            (cluster("ACTIVE", None, &packed), "no endpoint"),
            (cluster("FAILED", url, &packed), "FAILED"),
            (cluster("DELETING", url, &packed), "DELETING"),
            (cluster("ACTIVE", Some("somewhere"), &packed), "no URL"),
            // What moto says.
            (cluster("ACTIVE", url, "not base64!"), "no certificate authority"),
        ] {
            let why = endpoint(&found).unwrap_err();
            assert!(why.contains(reason), "{why}");
        }
    }
}
