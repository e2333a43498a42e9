//! The routes: one method per request, without retries (source: the azure-mgmt-containerservice package 41.8.0).

use std::time::Duration;

use http::header::{ACCEPT, IF_MATCH, IF_NONE_MATCH, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::auth::Auth;
use super::errors::{Action, ApiError, Ids, Refusal};
use super::parts::Place;
use super::wire;
use crate::cloud::fault::Fault;
use crate::cloud::http::{Answer, HttpClient};
use crate::cloud::retry::retry_after;
use crate::cloud::settings::Settings;

/// Where the progress of a long operation is told; it wins over `location`.
const ASYNC_OPERATION: HeaderName = HeaderName::from_static("azure-asyncoperation");
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-client-request-id");
const CORRELATION_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-correlation-request-id");

/// Azure Resource Manager.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) http: HttpClient,
    auth: Auth,
    api_version: &'static str,
    /// What ties the requests of one run together in Azure's logs.
    correlation: Option<HeaderValue>,
}

/// Ties the requests of one operation together in Azure's logs: the polls carry the id of the request that they wait
/// for.
#[derive(Debug, Clone)]
pub(crate) struct Errand(HeaderValue);

impl Errand {
    /// A new one.
    pub(crate) fn new() -> Self {
        Errand(random_id())
    }
}

/// What a change of a pool demands of the pool that is there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Only<'a> {
    /// That there is none.
    IfAbsent,
    /// That it has not changed since it was read. A pool without an etag is changed whatever happened to it.
    IfUnchanged(Option<&'a str>),
}

/// A change that Azure has accepted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Accepted {
    /// Where its progress is told; `None` where only the pool itself tells.
    pub operation: Option<Url>,
    /// How long to wait before the first look.
    pub retry_after: Option<Duration>,
    pub ids: Ids,
}

/// An answer about a long operation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Polled {
    pub http: u16,
    /// `None` for an answer without a body.
    pub body: Option<wire::Operation>,
    pub retry_after: Option<Duration>,
    pub ids: Ids,
}

impl Client {
    /// Azure Resource Manager as the settings reach it. Connects to nothing.
    pub(crate) fn new(settings: &Settings) -> Self {
        let azure = &settings.azure;
        let mut user_agent = settings.user_agent.clone();
        if let Some(partner) = &azure.partner_id {
            user_agent.push_str(&format!(" pid-{partner}"));
        }
        let auth = match &settings.sandbox {
            Some(sandbox) => Auth::sandbox(sandbox.clone()),
            None => Auth::azure(azure, &user_agent),
        };
        let correlated = azure.disable_correlation_request_id != Some(true);
        Client {
            http: HttpClient::new(&user_agent, settings.sandbox.is_some()),
            auth,
            api_version: azure.api_version.as_str(),
            correlation: correlated.then(random_id),
        }
    }

    async fn send(
        &self,
        errand: &Errand,
        method: Method,
        url: Url,
        more: HeaderMap,
        body: Option<&Value>,
    ) -> Result<Answer, ApiError> {
        let mut headers = self.auth.headers(&url).await?;
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CLIENT_REQUEST_ID, errand.0.clone());
        if let Some(correlation) = &self.correlation {
            headers.insert(CORRELATION_REQUEST_ID, correlation.clone());
        }
        headers.extend(more);
        let body = body.map(|body| body.to_string().into_bytes());
        let answer = self.http.send(method, url, headers, body).await?;
        if !answer.status.is_success() {
            return Err(ApiError::Refused(Box::new(Refusal::of(&answer))));
        }
        Ok(answer)
    }

    async fn get<T: DeserializeOwned>(&self, errand: &Errand, url: Url) -> Result<T, ApiError> {
        let shown = url.to_string();
        let answer = self.send(errand, Method::GET, url, HeaderMap::new(), None).await?;
        serde_json::from_slice(&answer.body)
            .map_err(|error| ApiError::Nonsense { url: shown, why: error.to_string() })
    }

    /// The cluster.
    pub(crate) async fn cluster(
        &self,
        errand: &Errand,
        place: Place<'_>,
    ) -> Result<wire::ManagedCluster, ApiError> {
        self.get(errand, self.cluster_url(place, &[]).await?).await
    }

    /// The kubeconfig of the cluster's user. A request that changes nothing, though it is a POST.
    pub(crate) async fn user_credential(
        &self,
        errand: &Errand,
        place: Place<'_>,
    ) -> Result<wire::CredentialResults, ApiError> {
        let mut url = self.cluster_url(place, &["listClusterUserCredential"]).await?;
        url.query_pairs_mut().append_pair("format", "exec");
        let shown = url.to_string();
        let answer = self.send(errand, Method::POST, url, HeaderMap::new(), None).await?;
        // The error of the parser could quote a private key, so only its place is told.
        serde_json::from_slice(&answer.body).map_err(|error| ApiError::Nonsense {
            url: shown,
            why: format!("line {}, column {}", error.line(), error.column()),
        })
    }

    /// A token for the Kubernetes API of a cluster with Microsoft Entra ID.
    pub(crate) async fn cluster_token(&self) -> Result<String, ApiError> {
        Ok(self.auth.cluster_token().await?)
    }

    /// One pool.
    pub(crate) async fn pool(
        &self,
        errand: &Errand,
        place: Place<'_>,
        name: &str,
    ) -> Result<wire::Shown, ApiError> {
        self.get(errand, self.cluster_url(place, &["agentPools", name]).await?).await
    }

    /// One page of the cluster's pools: the first, or the one at an address that the page before it named.
    pub(crate) async fn pools(
        &self,
        errand: &Errand,
        place: Place<'_>,
        next: Option<&str>,
    ) -> Result<wire::AgentPools, ApiError> {
        let url = match next {
            None => self.cluster_url(place, &["agentPools"]).await?,
            Some(next) => Url::parse(next)
                .map_err(|error| ApiError::Nonsense { url: next.to_owned(), why: error.to_string() })?,
        };
        self.get(errand, url).await
    }

    /// Creates or replaces a pool.
    pub(crate) async fn put(
        &self,
        errand: &Errand,
        place: Place<'_>,
        name: &str,
        only: Only<'_>,
        body: &Value,
    ) -> Result<Accepted, ApiError> {
        let url = self.cluster_url(place, &["agentPools", name]).await?;
        let mut headers = HeaderMap::new();
        match only {
            Only::IfAbsent => {
                headers.insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
            }
            // An etag that no header can carry is as good as none.
            Only::IfUnchanged(etag) => {
                let quoted = etag.and_then(|etag| HeaderValue::from_str(&quoted(etag)).ok());
                headers.extend(quoted.map(|etag| (IF_MATCH, etag)));
            }
        }
        let shown = url.to_string();
        let answer = self.send(errand, Method::PUT, url, headers, Some(body)).await?;
        let accepted = accepted(&answer);
        // Somebody in between may say "200" to everything. Azure names an operation, or shows the pool.
        let shows_pool = |body: &[u8]| {
            serde_json::from_slice::<wire::Shown>(body).is_ok_and(|it| !it.properties.is_empty())
        };
        if accepted.operation.is_none() && !shows_pool(&answer.body) {
            return Err(ApiError::Nonsense { url: shown, why: "it shows no node pool".to_owned() });
        }
        Ok(accepted)
    }

    /// Creates a pool, after a look that shows that there is none. A PUT replaces what it finds, and that AKS minds
    /// `If-None-Match` on a create is not documented.
    pub(crate) async fn create(
        &self,
        errand: &Errand,
        place: Place<'_>,
        name: &str,
        body: &Value,
    ) -> Result<Accepted, ApiError> {
        match self.pool(errand, place, name).await {
            Ok(_) => Err(ApiError::Taken),
            Err(error) if error.action() == Action::NotFound => {
                self.put(errand, place, name, Only::IfAbsent, body).await
            }
            Err(error) => Err(error),
        }
    }

    /// Deletes a pool; `None` when there is none.
    pub(crate) async fn delete(
        &self,
        errand: &Errand,
        place: Place<'_>,
        name: &str,
        ignore_pod_disruption_budget: bool,
    ) -> Result<Option<Accepted>, ApiError> {
        let mut url = self.cluster_url(place, &["agentPools", name]).await?;
        if ignore_pod_disruption_budget {
            url.query_pairs_mut().append_pair("ignore-pod-disruption-budget", "true");
        }
        let answer = self.send(errand, Method::DELETE, url, HeaderMap::new(), None).await?;
        Ok((answer.status != http::StatusCode::NO_CONTENT).then(|| accepted(&answer)))
    }

    /// How far a long operation is. The address is used as Azure gave it, with its own API version.
    pub(crate) async fn operation(&self, errand: &Errand, url: &Url) -> Result<Polled, ApiError> {
        let answer = self.send(errand, Method::GET, url.clone(), HeaderMap::new(), None).await?;
        let empty = answer.body.iter().all(u8::is_ascii_whitespace);
        let body = (!empty)
            .then(|| serde_json::from_slice(&answer.body))
            .transpose()
            .map_err(|error| ApiError::Nonsense { url: url.to_string(), why: error.to_string() })?;
        Ok(Polled {
            http: answer.status.as_u16(),
            body,
            retry_after: retry_after(&answer.headers),
            ids: Ids::of(&answer.headers),
        })
    }

    async fn cluster_url(&self, place: Place<'_>, segments: &[&str]) -> Result<Url, ApiError> {
        let mut url = self.auth.resource_manager().await?;
        let cluster = [
            "subscriptions",
            place.subscription,
            "resourceGroups",
            place.resource_group,
            "providers",
            "Microsoft.ContainerService",
            "managedClusters",
            place.cluster,
        ];
        // Only a URL such as `mailto:` has no segments, and none of those is an endpoint.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(cluster).extend(segments);
        }
        url.query_pairs_mut().append_pair("api-version", self.api_version);
        Ok(url)
    }
}

fn accepted(answer: &Answer) -> Accepted {
    let named = [ASYNC_OPERATION, LOCATION].iter().find_map(|name| answer.headers.get(name)).cloned();
    let operation = named.and_then(|url| Url::parse(url.to_str().ok()?).ok());
    Accepted { operation, retry_after: retry_after(&answer.headers), ids: Ids::of(&answer.headers) }
}

/// An etag as headers carry it. Bodies carry it without quotes.
fn quoted(etag: &str) -> String {
    if etag.ends_with('"') { etag.to_owned() } else { format!("\"{etag}\"") }
}

/// A random id in the form of a UUID, version 4. It only has to differ from others, so the standard library's hash
/// seeds will do.
fn random_id() -> HeaderValue {
    use std::hash::{BuildHasher, RandomState};
    let (high, low) = (RandomState::new().hash_one(0_u8), RandomState::new().hash_one(1_u8));
    let text = format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | (low >> 48) & 0x3fff,
        low & 0xffff_ffff_ffff,
    );
    // Hexadecimal digits and dashes are fit for a header.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etags_are_quoted_once() {
        assert_eq!(quoted("e1"), "\"e1\"");
        assert_eq!(quoted("\"e1\""), "\"e1\"");
        assert_eq!(quoted("W/\"e1\""), "W/\"e1\"");
    }

    #[test]
    fn ids_look_like_uuids_and_differ() {
        let (one, other) = (random_id(), random_id());
        assert_ne!(one, other);
        let lengths: Vec<usize> = one.to_str().unwrap().split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
    }

    #[test]
    fn the_operation_is_told_by_either_header() {
        let of = |headers: &[(&'static str, &'static str)]| {
            let headers = headers
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            let answer =
                Answer { status: http::StatusCode::ACCEPTED, headers: headers.collect(), body: Vec::new() };
            accepted(&answer).operation.map(String::from)
        };
        let (status, result) = ("https://a/operations/1?v=1", "https://a/operationresults/1?v=1");
        assert_eq!(of(&[("location", result), ("azure-asyncoperation", status)]).as_deref(), Some(status));
        assert_eq!(of(&[("location", result)]).as_deref(), Some(result));
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("location", "/relative")]), None);
    }
}
