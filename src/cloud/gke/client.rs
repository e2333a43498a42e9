//! The routes: one method per request, without retries (sources: GKE API discovery document v1, Compute Engine API
//! discovery document v1).

use http::Method;
use http::header::AUTHORIZATION;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::auth::{Auth, AuthError};
use super::errors::{ApiError, Refusal};
use super::parts::Place;
use super::steps::Request;
use super::wire;
use crate::cloud::http::HttpClient;
use crate::cloud::settings::Settings;
use crate::nodepool::pools::ErrorKind;
use crate::nodepool::{Path, PoolError};

const CONTAINER: &str = "https://container.googleapis.com/";
const COMPUTE: &str = "https://compute.googleapis.com/compute/v1/";

/// The most that Compute Engine puts on a page.
const PAGE: &str = "500";

/// Google's APIs.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) http: HttpClient,
    auth: Auth,
    container: Url,
    compute: Url,
}

impl Client {
    /// The APIs as the settings reach them. Connects to nothing.
    pub(crate) fn new(settings: &Settings) -> Result<Self, PoolError> {
        let google = &settings.google;
        let (auth, container, compute) = match &settings.sandbox {
            Some(sandbox) => (Auth::sandbox(), sandbox.clone(), compute_base(sandbox.clone())),
            None => (
                Auth::google(google),
                container_base(endpoint(
                    "container_custom_endpoint",
                    google.container_custom_endpoint.as_deref(),
                    CONTAINER,
                )?),
                compute_base(endpoint(
                    "compute_custom_endpoint",
                    google.compute_custom_endpoint.as_deref(),
                    COMPUTE,
                )?),
            ),
        };
        let http = HttpClient::new(&settings.user_agent, settings.sandbox.is_some());
        Ok(Client { http, auth, container, compute })
    }

    /// A token that is good now, for a service that takes Google's tokens.
    pub(crate) async fn token(&self, project: &str) -> Result<String, ApiError> {
        let headers = self.auth.headers(project).await?;
        let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let none = || AuthError::NoToken("The credentials gave no bearer token.".to_owned());
        Ok(token.ok_or_else(none)?.to_owned())
    }

    /// Who asks, for messages.
    pub(crate) fn identity(&self) -> String {
        self.auth.identity()
    }

    async fn call<T: DeserializeOwned>(
        &self,
        project: &str,
        method: Method,
        url: Url,
        body: Option<Vec<u8>>,
    ) -> Result<T, ApiError> {
        let headers = self.auth.headers(project).await?;
        let shown = url.to_string();
        let answer = self.http.send(method, url, headers, body).await?;
        if !answer.status.is_success() {
            return Err(ApiError::Refused(Box::new(Refusal::of(&answer))));
        }
        serde_json::from_slice(&answer.body)
            .map_err(|error| ApiError::Nonsense { url: shown, why: error.to_string() })
    }

    async fn get<T: DeserializeOwned>(&self, project: &str, url: Url) -> Result<T, ApiError> {
        self.call(project, Method::GET, url, None).await
    }

    /// The cluster.
    pub(crate) async fn cluster(&self, place: Place<'_>) -> Result<wire::Cluster, ApiError> {
        self.get(place.project, self.cluster_url(place, &[])).await
    }

    /// One pool.
    pub(crate) async fn pool(&self, place: Place<'_>, name: &str) -> Result<wire::NodePool, ApiError> {
        self.get(place.project, self.cluster_url(place, &["nodePools", name])).await
    }

    /// Every pool of the cluster.
    pub(crate) async fn pools(&self, place: Place<'_>) -> Result<Vec<wire::NodePool>, ApiError> {
        let list: wire::NodePools = self.get(place.project, self.cluster_url(place, &["nodePools"])).await?;
        Ok(list.node_pools)
    }

    /// Creates a pool.
    pub(crate) async fn create(
        &self,
        place: Place<'_>,
        body: &wire::CreateNodePool,
    ) -> Result<wire::Operation, ApiError> {
        let url = self.cluster_url(place, &["nodePools"]);
        self.call(place.project, Method::POST, url, Some(json(body)?)).await
    }

    /// Deletes a pool.
    pub(crate) async fn delete(&self, place: Place<'_>, name: &str) -> Result<wire::Operation, ApiError> {
        let url = self.cluster_url(place, &["nodePools", name]);
        self.call(place.project, Method::DELETE, url, None).await
    }

    /// Changes a pool.
    pub(crate) async fn change(
        &self,
        place: Place<'_>,
        name: &str,
        request: &Request,
    ) -> Result<wire::Operation, ApiError> {
        let (method, verb, body) = match request {
            Request::Put(body) => (Method::PUT, "", json(body)?),
            Request::Size(body) => (Method::POST, ":setSize", json(body)?),
            Request::Autoscaling(body) => (Method::POST, ":setAutoscaling", json(body)?),
            Request::Management(body) => (Method::POST, ":setManagement", json(body)?),
        };
        let url = self.cluster_url(place, &["nodePools", &format!("{name}{verb}")]);
        self.call(place.project, method, url, Some(body)).await
    }

    /// One operation.
    pub(crate) async fn operation(
        &self,
        project: &str,
        location: &str,
        name: &str,
    ) -> Result<wire::Operation, ApiError> {
        let url = self.container_url(&["projects", project, "locations", location, "operations", name]);
        self.get(project, url).await
    }

    /// The operations of the last days in a location.
    pub(crate) async fn operations(
        &self,
        project: &str,
        location: &str,
    ) -> Result<Vec<wire::Operation>, ApiError> {
        let url = self.container_url(&["projects", project, "locations", location, "operations"]);
        let list: wire::Operations = self.get(project, url).await?;
        Ok(list.operations)
    }

    /// One page of the instance group managers of a zone.
    pub(crate) async fn instance_groups(
        &self,
        project: &str,
        zone: &str,
        page: Option<&str>,
    ) -> Result<wire::InstanceGroupManagers, ApiError> {
        let mut url = with_segments(
            self.compute.clone(),
            &["projects", project, "zones", zone, "instanceGroupManagers"],
        );
        url.query_pairs_mut()
            .append_pair("maxResults", PAGE)
            .append_pair("fields", "items(name,targetSize),nextPageToken")
            .extend_pairs(page.map(|page| ("pageToken", page)));
        self.get(project, url).await
    }

    fn container_url(&self, segments: &[&str]) -> Url {
        let mut all = vec!["v1"];
        all.extend(segments);
        with_segments(self.container.clone(), &all)
    }

    fn cluster_url(&self, place: Place<'_>, segments: &[&str]) -> Url {
        let mut all = vec!["projects", place.project, "locations", place.location, "clusters", place.cluster];
        all.extend(segments);
        self.container_url(&all)
    }
}

fn json(body: &impl Serialize) -> Result<Vec<u8>, ApiError> {
    serde_json::to_vec(body)
        .map_err(|error| ApiError::Nonsense { url: "(a request of ours)".to_owned(), why: error.to_string() })
}

/// The URL with more segments, each of them escaped.
fn with_segments(mut url: Url, segments: &[&str]) -> Url {
    // Only a URL such as `mailto:` has no segments, and `endpoint` lets none through.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

fn endpoint(setting: &str, written: Option<&str>, default: &str) -> Result<Url, PoolError> {
    let text = written.unwrap_or(default);
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host()).ok_or_else(
        || PoolError {
            kind: ErrorKind::Invalid,
            summary: format!("{setting} is no address"),
            detail: format!("{text:?} is no URL. Write one such as {default:?}, or leave {setting} out."),
            attribute: Some(Path::of(&format!("google.{setting}"))),
        },
    )
}

/// Drops a version at the end, which hashicorp/google's endpoints carry.
fn container_base(mut url: Url) -> Url {
    let last = |url: &Url| {
        url.path().trim_end_matches('/').rsplit('/').next().map(ToOwned::to_owned).unwrap_or_default()
    };
    if matches!(last(&url).as_str(), "v1" | "v1beta1")
        && let Ok(mut path) = url.path_segments_mut()
    {
        path.pop_if_empty().pop();
    }
    url
}

/// Adds what is missing of `compute/v1` at the end.
fn compute_base(url: Url) -> Url {
    let path = url.path().trim_end_matches('/').to_owned();
    if path.ends_with("/compute/v1") {
        url
    } else if path.ends_with("/compute") {
        with_segments(url, &["v1"])
    } else {
        with_segments(url, &["compute", "v1"])
    }
}

#[cfg(test)]
mod tests;
