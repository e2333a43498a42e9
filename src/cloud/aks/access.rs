//! The way to a cluster's Kubernetes API, from the kubeconfig that AKS hands out.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::config::Kubeconfig;
use secrecy::ExposeSecret;
use url::Url;

use super::client::Errand;
use super::{Aks, Api, wire};
use crate::cloud::attempts::{Kind, attempt};
use crate::cloud::fault::Fault;
use crate::cloud::limits::Limits;
use crate::nodepool::access::{ClientCertificate, Credential, Trust};
use crate::nodepool::pools::{Call, ErrorKind};
use crate::nodepool::{ClusterAccess, ClusterId, Path, PoolError, TokenSource};

/// How a Microsoft Entra identity is given rights in a cluster.
const GRANT: &str = "On AKS with Azure RBAC the role \"Azure Kubernetes Service RBAC Admin\" or \"… RBAC Cluster \
                     Admin\" on the cluster gives rights; with Kubernetes RBAC, a RoleBinding in the cluster to the \
                     identity's object id or to a group of it.";

/// How the holder of AKS's own client certificate gets rights. It has them all, unless somebody took them away.
const LOCAL_GRANT: &str = "It is the cluster's own user, whom AKS makes an administrator; after a rotation of the \
                           cluster's certificates, apply again.";

impl Aks {
    /// How the cluster's Kubernetes API is reached.
    pub(super) async fn way_to(&self, call: &Call, cluster: &ClusterId) -> Result<ClusterAccess, PoolError> {
        let limits = Limits::of(call);
        // A missing cluster is told best by the cluster itself.
        self.require_cluster(call, &limits, cluster).await?;
        let place = super::place(cluster)?;
        let errand = Errand::new();
        let asked = attempt(&limits, Kind::Read, || self.api.client.user_credential(&errand, place)).await;
        let found = asked.map_err(|trouble| {
            let doing = format!("get the kubeconfig of the cluster {}", place.cluster);
            let mut error = trouble.explain(&doing, call.timeout);
            if error.kind == ErrorKind::Forbidden {
                error.detail.push_str(
                    " The role \"Azure Kubernetes Service Cluster User Role\" on the cluster permits it.",
                );
            }
            error
        })?;
        let unusable = |why: String| PoolError {
            kind: ErrorKind::Unsupported,
            summary: format!("The kubeconfig of the cluster {} cannot be used", place.cluster),
            detail: why,
            attribute: Some(Path::of("cluster_id")),
        };
        let Way { server, trust, user } = way(&found).map_err(unusable)?;
        let (credential, identity, grant) = match user {
            User::Entra => {
                let source = Tokens { api: Arc::clone(&self.api) };
                (Credential::Bearer(Arc::new(source)), "the Azure credentials of the provider", GRANT)
            }
            User::Certificate(pair) => (
                Credential::Certificate(pair),
                "the client certificate of the cluster's own user (clusterUser), which AKS hands out",
                LOCAL_GRANT,
            ),
        };
        Ok(ClusterAccess {
            server,
            trust,
            credential,
            identity: identity.to_owned(),
            grant: grant.to_owned(),
        })
    }
}

/// Tokens for Kubernetes APIs, of the credentials that node pools are managed with.
#[derive(Debug)]
struct Tokens {
    api: Arc<Api>,
}

#[async_trait::async_trait]
impl TokenSource for Tokens {
    async fn token(&self) -> Result<String, PoolError> {
        let token = self.api.client.cluster_token().await;
        token.map_err(|error| error.explain("log in to the cluster's Kubernetes API"))
    }
}

/// What a kubeconfig says.
#[derive(Debug, PartialEq)]
struct Way {
    server: Url,
    trust: Trust,
    user: User,
}

/// Whom a kubeconfig is for.
#[derive(PartialEq)]
enum User {
    /// Whoever has a token of Microsoft Entra ID: the kubeconfig names kubelogin, which would ask for one.
    Entra,
    /// The holder of this certificate.
    Certificate(ClientCertificate),
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            User::Entra => "Entra",
            User::Certificate(_) => "Certificate",
        })
    }
}

/// What the first of the kubeconfigs says: AKS hands out one, with one cluster and one user.
fn way(answer: &wire::CredentialResults) -> Result<Way, String> {
    let Some(first) = answer.kubeconfigs.first() else {
        return Err("AKS hands out none for it.".to_owned());
    };
    let text = decoded(&first.value).ok_or("It is not text in base64.")?;
    let file = Kubeconfig::from_yaml(&text).map_err(|error| format!("It is no kubeconfig: {error}"))?;
    let cluster =
        file.clusters.first().and_then(|named| named.cluster.as_ref()).ok_or("It names no cluster.")?;
    let user =
        file.auth_infos.first().and_then(|named| named.auth_info.as_ref()).ok_or("It names no user.")?;
    let server = cluster.server.as_deref().unwrap_or_default();
    let server = Url::parse(server).map_err(|_| format!("Its server, {server:?}, is no URL."))?;
    let authority = cluster.certificate_authority_data.as_deref().and_then(decoded);
    let trust = Trust::Authority(authority.ok_or("It holds no certificate authority.")?);
    let certificate = user.client_certificate_data.as_deref().and_then(decoded);
    let key = user.client_key_data.as_ref().and_then(|key| decoded(key.expose_secret()));
    let user = match (user.exec.is_some() || user.auth_provider.is_some(), certificate, key) {
        (true, _, _) => User::Entra,
        (false, Some(certificate), Some(key)) => User::Certificate(ClientCertificate { certificate, key }),
        (false, _, _) => {
            return Err("It holds neither a client certificate nor a login by Microsoft Entra ID.".to_owned());
        }
    };
    Ok(Way { server, trust, user })
}

fn decoded(text: &str) -> Option<String> {
    let packed: String = text.split_whitespace().collect();
    String::from_utf8(STANDARD.decode(packed).ok()?).ok().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(user: &serde_json::Value) -> Result<Way, String> {
        let file = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {
                "server": "https://c-dns.hcp.westeurope.azmk8s.io:443",
                "certificate-authority-data": STANDARD.encode("AUTHORITY"),
            }}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "users": [{"name": "u", "user": user}],
        });
        let answer =
            json!({"kubeconfigs": [{"name": "clusterUser", "value": STANDARD.encode(file.to_string())}]});
        way(&serde_json::from_value(answer).unwrap())
    }

    #[test]
    fn an_entra_clusters_user_brings_a_token_of_our_own() {
        for user in [
            json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "kubelogin"}}),
            json!({"auth-provider": {"name": "azure", "config": {}}}),
        ] {
            let way = of(&user).unwrap();
            assert_eq!(way.server.as_str(), "https://c-dns.hcp.westeurope.azmk8s.io/");
            assert_eq!((way.trust, way.user), (Trust::Authority("AUTHORITY".to_owned()), User::Entra));
        }
    }

    #[test]
    fn without_entra_the_certificate_is_used() {
        let user = json!({
            "client-certificate-data": STANDARD.encode("CERTIFICATE"),
            "client-key-data": STANDARD.encode("KEY"),
            "token": "abc",
        });
        let pair = ClientCertificate { certificate: "CERTIFICATE".to_owned(), key: "KEY".to_owned() };
        let way = of(&user).unwrap();
        assert_eq!(way.user, User::Certificate(pair));
        assert!(!format!("{way:?}").contains("KEY"));
    }

    #[test]
    fn what_cannot_be_used_is_told() {
        assert!(of(&json!({"token": "abc"})).unwrap_err().contains("neither a client certificate"));
        let answer = |value: &str| {
            way(&wire::CredentialResults {
                kubeconfigs: vec![wire::CredentialResult { value: value.to_owned() }],
            })
        };
        assert!(way(&wire::CredentialResults::default()).unwrap_err().contains("hands out none"));
        assert!(answer("?").unwrap_err().contains("base64"));
        assert!(answer(&STANDARD.encode("[")).unwrap_err().contains("no kubeconfig"));
        assert!(answer(&STANDARD.encode("{}")).unwrap_err().contains("no cluster"));
    }
}
