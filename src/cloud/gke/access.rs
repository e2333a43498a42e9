//! The way to a cluster's Kubernetes API, from what GKE says of the cluster.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use super::{Api, Gke, wire};
use crate::cloud::fault::Fault;
use crate::cloud::limits::Limits;
use crate::nodepool::access::{Credential, Trust};
use crate::nodepool::pools::{Call, ErrorKind};
use crate::nodepool::{ClusterAccess, ClusterId, Path, PoolError, TokenSource};

/// How a Google identity is given rights in a cluster.
const GRANT: &str = "On GKE the IAM role roles/container.developer on the project gives access to a cluster's objects \
                     (a DNS endpoint needs the permission container.clusters.connect, which it includes), or a \
                     RoleBinding in the cluster to the identity's e-mail address.";

impl Gke {
    /// How the cluster's Kubernetes API is reached.
    pub(super) async fn way_to(&self, call: &Call, cluster: &ClusterId) -> Result<ClusterAccess, PoolError> {
        let found = self.require_cluster(call, &Limits::of(call), cluster).await?;
        let place = super::place(cluster)?;
        let (server, trust) = endpoint(&found).map_err(|why| PoolError {
            kind: ErrorKind::Unsupported,
            summary: format!("The Kubernetes API of the cluster {} cannot be reached", place.cluster),
            detail: why,
            attribute: Some(Path::of("cluster_id")),
        })?;
        let source = Tokens { api: Arc::clone(&self.api), project: place.project.to_owned() };
        Ok(ClusterAccess {
            server,
            trust,
            credential: Credential::Bearer(Arc::new(source)),
            identity: self.api.client.identity(),
            grant: GRANT.to_owned(),
        })
    }
}

/// Tokens of the credentials that node pools are managed with.
#[derive(Debug)]
struct Tokens {
    api: Arc<Api>,
    project: String,
}

#[async_trait::async_trait]
impl TokenSource for Tokens {
    async fn token(&self) -> Result<String, PoolError> {
        let token = self.api.client.token(&self.project).await;
        token.map_err(|error| error.explain("log in to the cluster's Kubernetes API"))
    }
}

/// The server, and who vouches for it. A DNS endpoint that outsiders may use reaches private clusters too; its
/// certificate is a public one, not of the cluster's own authority (source: gcloud, which leaves the authority out
/// of the kubeconfig there).
fn endpoint(cluster: &wire::Cluster) -> Result<(Url, Trust), String> {
    let control_plane = &cluster.control_plane_endpoints_config;
    let dns = &control_plane.dns_endpoint_config;
    if dns.allow_external_traffic && !dns.endpoint.is_empty() {
        return Ok((address(&dns.endpoint)?, Trust::System));
    }
    if control_plane.ip_endpoints_config.enabled == Some(false) {
        return Err("Its IP endpoints are switched off, and its DNS endpoint takes no traffic from outside. Allow \
                    that (dns_endpoint_config.allow_external_traffic on google_container_cluster), or set the \
                    provider's kubernetes block to an address that can be reached."
            .to_owned());
    }
    if cluster.endpoint.is_empty() {
        return Err(
            "GKE names no endpoint for it: it is being made, or its creation failed. Apply again when it \
                    is RUNNING."
                .to_owned(),
        );
    }
    let packed: String = cluster.master_auth.cluster_ca_certificate.split_whitespace().collect();
    let authority = STANDARD.decode(packed).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match authority.filter(|pem| !pem.is_empty()) {
        Some(pem) => Ok((address(&cluster.endpoint)?, Trust::Authority(pem))),
        None => {
            Err("GKE's answer holds no certificate authority (masterAuth.clusterCaCertificate), so that the \
                     server could not be told from an impostor."
                .to_owned())
        }
    }
}

fn address(host: &str) -> Result<Url, String> {
    Url::parse(&format!("https://{host}"))
        .map_err(|_| format!("GKE names the endpoint {host:?}, which is no host."))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(cluster: Value) -> Result<(String, Trust), String> {
        let cluster: wire::Cluster = serde_json::from_value(cluster).unwrap();
        endpoint(&cluster).map(|(server, trust)| (server.to_string(), trust))
    }

    #[test]
    fn the_address_comes_with_the_clusters_authority() {
        let found = of(json!({
            "endpoint": "34.1.2.3",
            "masterAuth": {"clusterCaCertificate": STANDARD.encode("PEM\n")},
            "controlPlaneEndpointsConfig": {
                "dnsEndpointConfig": {"endpoint": "gke-abc.us-central1.gke.goog"},
                "ipEndpointsConfig": {"enabled": true},
            },
        }));
        assert_eq!(found, Ok(("https://34.1.2.3/".to_owned(), Trust::Authority("PEM\n".to_owned()))));
    }

    #[test]
    fn an_open_dns_endpoint_is_preferred_and_publicly_trusted() {
        let found = of(json!({
            "endpoint": "10.0.0.2",
            "masterAuth": {"clusterCaCertificate": STANDARD.encode("PEM\n")},
            "controlPlaneEndpointsConfig": {"dnsEndpointConfig": {
                "endpoint": "gke-abc.us-central1.gke.goog", "allowExternalTraffic": true,
            }},
        }));
        assert_eq!(found, Ok(("https://gke-abc.us-central1.gke.goog/".to_owned(), Trust::System)));
    }

    #[test]
    fn without_a_way_the_reason_is_told() {
        let closed = json!({"endpoint": "1.2.3.4", "controlPlaneEndpointsConfig": {"ipEndpointsConfig": {"enabled": false}}});
        for (cluster, reason) in [
            (closed, "switched off"),
            (json!({}), "no endpoint"),
            (json!({"endpoint": "34.1.2.3"}), "no certificate authority"),
            (
                json!({"endpoint": "34.1.2.3", "masterAuth": {"clusterCaCertificate": "?"}}),
                "no certificate authority",
            ),
        ] {
            let why = of(cluster).unwrap_err();
            assert!(why.contains(reason), "{why}");
        }
    }
}
