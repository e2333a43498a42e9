//! A cluster's Kubernetes API: requests with time-outs, tried again where that helps, with errors that name the cause.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use futures_util::future::try_join_all;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::api::{Api, PostParams};
use kube::{Client, Resource};

use super::cause::{Asked, cause};
use super::connect::{Connection, connect};
use super::error::KubeError;
use super::identity::Identity;
use super::plugin::store::KUBELET_SYNC;
use super::reach::Reach;
use super::rights::{Right, Verb};
use crate::nodepool::Call;

/// How long one request may take.
pub(super) const REQUEST: Duration = Duration::from_secs(30);

/// How often a request is tried again.
const AGAIN: u32 = 3;

/// The first pause between two tries; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(250);

/// The longest pause that a server may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A cluster that can be asked.
#[derive(Clone)]
pub struct Cluster {
    pub(super) client: Client,
    server: String,
    identity: Identity,
    kubelet_sync: Duration,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Cluster {
    /// The cluster that this way leads to. Nothing is asked of it yet; a credential plugin may run.
    ///
    /// # Errors
    /// When what is set cannot be used, or a credential plugin gives nothing.
    pub async fn connect(reach: &Reach, user_agent: &str) -> Result<Self, KubeError> {
        let Connection { client, server, identity } = connect(reach, user_agent).await?;
        Ok(Cluster { client, server, identity, kubelet_sync: KUBELET_SYNC })
    }

    /// The cluster, whose kubelets take no longer than this until they see a changed ConfigMap: those of a sandbox.
    #[must_use]
    pub fn with_kubelet_sync(mut self, longest: Duration) -> Self {
        self.kubelet_sync = longest;
        self
    }

    /// How long the kubelets may take.
    pub(super) fn kubelet_sync(&self) -> Duration {
        self.kubelet_sync
    }

    /// The address of the API.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Makes sure that all of this may be done, before anything is.
    ///
    /// Nobody has to be permitted to ask this; a cluster that forbids even the question is asked no further, since the
    /// requests themselves will show.
    ///
    /// # Errors
    /// [`KubeError::Lacking`] with all that is missing, and whatever keeps the cluster from answering.
    pub async fn preflight(&self, call: &Call, rights: &[Right]) -> Result<(), KubeError> {
        let answers = try_join_all(rights.iter().map(|right| self.may(call, right))).await?;
        let lacking: Vec<Right> =
            rights.iter().zip(answers).filter(|(_, may)| !may).map(|(right, _)| right.clone()).collect();
        if lacking.is_empty() {
            return Ok(());
        }
        Err(KubeError::Lacking {
            rights: lacking,
            identity: self.identity.to_string(),
            grant: self.identity.grant.clone(),
        })
    }

    async fn may(&self, call: &Call, right: &Right) -> Result<bool, KubeError> {
        let (resource, subresource) = match right.resource.split_once('/') {
            Some((resource, subresource)) => (resource, Some(subresource.to_owned())),
            None => (right.resource, None),
        };
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(ResourceAttributes {
                    verb: Some(right.verb.word().to_owned()),
                    group: Some(right.group.to_owned()),
                    resource: Some(resource.to_owned()),
                    subresource,
                    namespace: right.namespace.clone(),
                    // A server-side apply that makes an object is judged without its name.
                    name: right.name.clone().filter(|_| right.verb != Verb::Create),
                    ..ResourceAttributes::default()
                }),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        let api: Api<SelfSubjectAccessReview> = Api::all(self.client.clone());
        let question = Right {
            verb: Verb::Create,
            group: "authorization.k8s.io",
            resource: "selfsubjectaccessreviews",
            namespace: None,
            name: None,
        };
        let options = PostParams::default();
        match self.ask(call, &question, || api.create(&options, &review)).await {
            Ok(answer) => Ok(answer.status.is_some_and(|status| status.allowed)),
            Err(KubeError::Forbidden { .. }) => {
                tracing::debug!(%right, "the cluster does not tell whether this is permitted");
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    /// Sends a request, and again where it may pass. All requests of this module come to the same end however often
    /// they are sent.
    pub(super) async fn ask<T, F>(
        &self,
        call: &Call,
        right: &Right,
        send: impl Fn() -> F,
    ) -> Result<T, KubeError>
    where
        F: Future<Output = Result<T, kube::Error>>,
    {
        let mut pause = PAUSE;
        let mut left = AGAIN;
        loop {
            let error = match self.once(call, right, send()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let wait = error.retry_after().unwrap_or(pause).min(LONGEST_PAUSE);
            if left == 0 || !error.passes() || wait >= call.remaining() {
                return Err(error);
            }
            tracing::info!(%right, reason = %error, wait_ms = wait.as_millis(), "trying again");
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = call.cancelled.cancelled() => return Err(KubeError::Interrupted { right: Box::new(right.clone()) }),
            }
            left -= 1;
            pause *= 2;
        }
    }

    /// Sends a request once.
    pub(super) async fn once<T>(
        &self,
        call: &Call,
        right: &Right,
        answer: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<T, KubeError> {
        let interrupted = || KubeError::Interrupted { right: Box::new(right.clone()) };
        if call.cancelled.is_cancelled() {
            return Err(interrupted());
        }
        let limit = REQUEST.min(call.remaining());
        let timed_out = || KubeError::TimedOut {
            server: self.server.clone(),
            right: Box::new(right.clone()),
            after: rounded(limit),
        };
        let answer = tokio::time::timeout(limit, answer);
        let result = if right.verb.changes() {
            // What has been sent is waited for, so that its outcome is known.
            answer.await
        } else {
            tokio::select! {
                biased;
                result = answer => result,
                () = call.cancelled.cancelled() => return Err(interrupted()),
            }
        };
        match result {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.cause(&error, right)),
            Err(_) => Err(timed_out()),
        }
    }

    /// The cause of a failed request.
    pub(super) fn cause(&self, error: &kube::Error, right: &Right) -> KubeError {
        cause(error, Asked { server: &self.server, identity: &self.identity, right, limit: REQUEST })
    }

    /// The objects of a kind in all namespaces, or those without namespaces.
    pub(super) fn all<K>(&self) -> Api<K>
    where
        K: Resource,
        K::DynamicType: Default,
    {
        Api::all(self.client.clone())
    }

    /// A cluster whose answers a test makes up.
    #[cfg(test)]
    pub(super) fn scripted(client: Client) -> Self {
        let identity = Identity::new("the test's credentials", "Nobody grants anything here.");
        Cluster { client, server: "https://cluster.example".to_owned(), identity, kubelet_sync: KUBELET_SYNC }
    }
}

/// A length of time as it is told: nobody reads nanoseconds.
fn rounded(time: Duration) -> Duration {
    if time >= Duration::from_secs(1) {
        Duration::from_secs(time.as_secs())
    } else {
        Duration::from_millis(u64::from(time.subsec_millis()))
    }
}

#[cfg(test)]
mod tests;
