//! Emptying nodes before their machines end, for clouds that end machines as they are.
//!
//! It does what `kubectl drain --ignore-daemonsets --delete-emptydir-data --force` does, on nodes that it chooses itself
//! (`choice`). The machine ends with everything on it, so that a volume of the node or a pod that nothing makes anew keeps
//! nothing alive: such pods are asked to leave in good order as all others are, and the latter are told of. Nothing is
//! ever deleted past a disruption budget.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::api::policy::v1::Eviction;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{DeleteOptions, ObjectMeta, Preconditions};
use kube::Api;
use kube::api::{ListParams, PostParams};
use kube::core::Status;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::cluster::Cluster;
use super::error::KubeError;
use super::nodes::pool_selector;
use super::rights::{Right, Verb};
use crate::nodepool::pools::{Checkpoint, DrainedNode, Progress};
use crate::nodepool::{Call, PoolId};
use choice::{Candidate, Tenant, choose};

mod choice;

/// Requests that are under way at the same time.
const AT_ONCE: usize = 8;

/// The first pause between two looks at the pods; each further one is half as long again.
const PAUSE: Duration = Duration::from_millis(500);

/// The longest pause: as long as kubectl's before it asks a disruption budget again.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long no pod may leave: as long as EKS itself waits for a disruption budget when it exchanges nodes (source: EKS
/// user guide, "Managed node group update behavior").
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// The time that is kept back from a call for what comes after the drain, at most.
const FOR_THE_REST: Duration = Duration::from_secs(60);

/// How long it may take to open nodes again that were cordoned in vain.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// What a drain asks of the cluster, for [`Cluster::preflight`].
pub fn rights() -> Vec<Right> {
    vec![list_nodes(), cordon_nodes(), list_pods(), evict_pods()]
}

fn list_nodes() -> Right {
    Right::everywhere(Verb::List, "", "nodes")
}

fn cordon_nodes() -> Right {
    Right::everywhere(Verb::Patch, "", "nodes")
}

fn list_pods() -> Right {
    Right::everywhere(Verb::List, "", "pods")
}

fn evict_pods() -> Right {
    Right::everywhere(Verb::Create, "", "pods/eviction")
}

/// What came of asking a pod to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    /// It leaves, or is gone.
    Leaves,
    /// Not now, in the cluster's words, which name the disruption budget.
    NotNow(String),
}

/// Nothing is reported from the last words.
struct Silent;

impl Progress for Silent {
    fn checkpoint(&self, _: Checkpoint) {}
    fn warn(&self, _: String, _: String) {}
}

impl Cluster {
    /// Cordons and empties nodes of the pool until `count` of them have no pods but those of DaemonSets, and says which:
    /// fewer where the cluster has fewer. With a `count` of 0 it is only made sure that all of that may be done.
    ///
    /// # Errors
    /// [`KubeError::Lacking`] before anything is changed, [`KubeError::PodsStay`] when pods do not leave in time, and
    /// whatever keeps the cluster from answering. What was cordoned here is open again then.
    pub async fn drain(&self, call: &Call, pool: &PoolId, count: u32) -> Result<Vec<DrainedNode>, KubeError> {
        self.preflight(call, &rights()).await?;
        if count == 0 {
            return Ok(Vec::new());
        }
        let nodes = self.candidates(call, pool).await?;
        let chosen = choose(nodes, usize::try_from(count).unwrap_or(usize::MAX));
        let names: Vec<&str> = chosen.iter().map(|it| it.node.name.as_str()).collect();
        tracing::info!(%pool, nodes = names.join(", "), "draining nodes");
        let mut cordoned = Vec::new();
        match self.emptied(call, &chosen, &mut cordoned).await {
            Ok(()) => {
                warn_of_lost(call, &chosen);
                Ok(chosen.into_iter().map(|it| it.node).collect())
            }
            Err(error) => {
                self.open(call, cordoned).await;
                Err(error)
            }
        }
    }

    /// The pool's nodes with the pods that would have to leave them.
    async fn candidates(&self, call: &Call, pool: &PoolId) -> Result<Vec<Candidate>, KubeError> {
        let (api, options): (Api<Node>, _) = (self.all(), ListParams::default().labels(&pool_selector(pool)));
        let found = self.ask(call, &list_nodes(), || api.list(&options)).await?;
        let mut candidates: Vec<Candidate> = found.items.into_iter().map(Candidate::of).collect();
        let mut looks = Vec::new();
        for one in &candidates {
            looks.push(self.tenants(call, &one.node.name));
        }
        let found: Vec<Vec<Tenant>> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
        for (one, tenants) in candidates.iter_mut().zip(found) {
            one.tenants = tenants;
        }
        Ok(candidates)
    }

    /// The pods that have to leave a node.
    async fn tenants(&self, call: &Call, node: &str) -> Result<Vec<Tenant>, KubeError> {
        let options = ListParams::default().fields(&format!("spec.nodeName={node}"));
        let api: Api<Pod> = self.all();
        let found = self.ask(call, &list_pods(), || api.list(&options)).await?;
        Ok(found.items.into_iter().filter_map(Tenant::of).collect())
    }

    /// Cordons the nodes and waits until their pods are gone; `cordoned` are those that this call has closed.
    async fn emptied(
        &self,
        call: &Call,
        chosen: &[Candidate],
        cordoned: &mut Vec<String>,
    ) -> Result<(), KubeError> {
        let nodes: Api<Node> = self.all();
        for one in chosen.iter().filter(|it| !it.cordoned) {
            // A lost answer may have come through.
            cordoned.push(one.node.name.clone());
            self.ask(call, &cordon_nodes(), || nodes.cordon(&one.node.name)).await?;
        }
        let mut waiting = Waiting::new(call);
        let mut last: Vec<(&str, Tenant)> = Vec::new();
        loop {
            let left = match self.left(call, chosen, &mut waiting).await {
                // The call's time ran out over a slow answer: what keeps the pods tells more than that.
                Err(KubeError::TimedOut { .. }) if waiting.time_is_up() && !last.is_empty() => {
                    return Err(waiting.verdict(&last));
                }
                left => left?,
            };
            if left.is_empty() {
                return Ok(());
            }
            let mut asked = Vec::new();
            for (_, tenant) in &left {
                if tenant.leaving.is_none() {
                    asked.push(self.evict(call, tenant));
                }
            }
            let answers: Vec<(String, Asked)> =
                stream::iter(asked).buffer_unordered(AT_ONCE).try_collect().await?;
            let refusals = answers.into_iter().filter_map(|(uid, asked)| match asked {
                Asked::NotNow(why) => Some((uid, why)),
                Asked::Leaves => None,
            });
            waiting.refusals = refusals.collect();
            if waiting.is_over(&left) {
                return Err(waiting.verdict(&left));
            }
            waiting.pause(call).await?;
            last = left;
        }
    }

    /// The pods that are still on the nodes, each with its node's name.
    async fn left<'a>(
        &self,
        call: &Call,
        chosen: &'a [Candidate],
        waiting: &mut Waiting,
    ) -> Result<Vec<(&'a str, Tenant)>, KubeError> {
        let mut looks = Vec::new();
        for one in chosen {
            looks.push(self.tenants(call, &one.node.name));
        }
        let found: Vec<Vec<Tenant>> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
        let mut left = Vec::new();
        for (one, tenants) in chosen.iter().zip(found) {
            for tenant in tenants {
                if !waiting.has_ended_unseen(one.ready, &tenant) {
                    left.push((one.node.name.as_str(), tenant));
                }
            }
        }
        waiting.note(left.len());
        Ok(left)
    }

    /// Asks a pod to leave; its uid, and the answer.
    async fn evict(&self, call: &Call, tenant: &Tenant) -> Result<(String, Asked), KubeError> {
        let api: Api<Pod> = Api::namespaced(self.client.clone(), &tenant.namespace);
        let eviction = Eviction {
            metadata: ObjectMeta {
                name: Some(tenant.name.clone()),
                namespace: Some(tenant.namespace.clone()),
                ..ObjectMeta::default()
            },
            delete_options: Some(DeleteOptions {
                // A pod that took its name meanwhile is another one.
                preconditions: Some(Preconditions {
                    uid: Some(tenant.uid.clone()),
                    ..Preconditions::default()
                }),
                ..DeleteOptions::default()
            }),
        };
        let right = Right::on(Verb::Create, "", "pods/eviction", &tenant.namespace, &tenant.name);
        let options = PostParams::default();
        let sent = api.create_subresource::<_, Status>("eviction", &tenant.name, &options, &eviction);
        let asked = match self.once(call, &right, sent).await {
            Ok(_) | Err(KubeError::Missing { .. } | KubeError::Conflict { .. }) => Asked::Leaves,
            // 429 is a budget's word; 500 is said of a pod that has two of them, and of troubles that pass.
            Err(KubeError::Rejected { message, .. }) => Asked::NotNow(message),
            Err(error @ (KubeError::TimedOut { .. } | KubeError::Broken { .. })) => {
                Asked::NotNow(error.summary())
            }
            // Its whole namespace is going, and takes no evictions any more.
            Err(KubeError::Forbidden { message, .. }) if message.contains("being terminated") => {
                Asked::NotNow(message)
            }
            Err(error) => return Err(error),
        };
        tracing::debug!(pod = tenant.full_name(), ?asked, "asked to leave");
        Ok((tenant.uid.clone(), asked))
    }

    /// Lets nodes take pods again. The call itself may be over or interrupted.
    async fn open(&self, call: &Call, nodes: Vec<String>) {
        let last = Call {
            cancelled: CancellationToken::new(),
            deadline: std::time::Instant::now() + LAST_WORDS,
            timeout: LAST_WORDS,
            progress: Box::new(Silent),
            nodes: None,
        };
        let api: Api<Node> = self.all();
        let mut closed = Vec::new();
        for name in nodes {
            let opened = self.ask(&last, &cordon_nodes(), || api.uncordon(&name)).await;
            match opened {
                Ok(_) | Err(KubeError::Missing { .. }) => {}
                Err(error) => {
                    tracing::warn!(node = name, %error, "the node stays cordoned");
                    closed.push(name);
                }
            }
        }
        if !closed.is_empty() {
            call.progress.warn(
                format!("Nodes stay cordoned: {}", closed.join(", ")),
                format!(
                    "They were cordoned to be drained, which did not come to its end, and could not be opened again. \
                     They take no new pods until you run `kubectl uncordon {}`, or a later apply ends them: it takes \
                     cordoned nodes first.",
                    closed.join(" ")
                ),
            );
        }
    }
}

/// How a drain goes on.
#[derive(Debug)]
struct Waiting {
    begun: Instant,
    /// When time is up, whatever happens.
    until: Instant,
    pause: Duration,
    /// The fewest pods that were left, and since when.
    fewest: usize,
    since: Instant,
    /// When pods were first seen to leave, by uid.
    leaving: BTreeMap<String, Instant>,
    /// Why pods do not leave now, by uid.
    refusals: BTreeMap<String, String>,
}

impl Waiting {
    fn new(call: &Call) -> Self {
        let (begun, left) = (Instant::now(), call.remaining());
        Waiting {
            begun,
            until: begun + left.saturating_sub(FOR_THE_REST.min(left / 4)),
            pause: PAUSE,
            fewest: usize::MAX,
            since: begun,
            leaving: BTreeMap::new(),
            refusals: BTreeMap::new(),
        }
    }

    fn note(&mut self, left: usize) {
        if left < self.fewest {
            self.fewest = left;
            self.since = Instant::now();
            self.pause = PAUSE;
        }
    }

    /// Whether a pod has had its time on a node whose kubelet says nothing: nobody will ever confirm its end.
    fn has_ended_unseen(&mut self, ready: bool, tenant: &Tenant) -> bool {
        let Some(grace) = tenant.leaving else { return false };
        let now = Instant::now();
        let since = *self.leaving.entry(tenant.uid.clone()).or_insert(now);
        !ready && now.duration_since(since) >= grace
    }

    fn time_is_up(&self) -> bool {
        Instant::now() >= self.until
    }

    fn is_over(&self, left: &[(&str, Tenant)]) -> bool {
        let longest = left.iter().filter_map(|(_, tenant)| tenant.leaving).max().unwrap_or_default();
        self.time_is_up() || self.since.elapsed() >= PATIENCE + longest
    }

    fn verdict(&self, left: &[(&str, Tenant)]) -> KubeError {
        let pods = left.iter().map(|(node, tenant)| {
            let why = match (self.refusals.get(&tenant.uid), tenant.leaving) {
                (Some(why), _) => why.clone(),
                (None, Some(_)) => "it was asked to leave, and has not ended".to_owned(),
                (None, None) => "it was asked to leave just now".to_owned(),
            };
            format!("{} on {node}: {why}", tenant.full_name())
        });
        KubeError::PodsStay {
            pods: pods.collect(),
            after: Duration::from_secs(self.begun.elapsed().as_secs()),
        }
    }

    async fn pause(&mut self, call: &Call) -> Result<(), KubeError> {
        let until = self.until.min(Instant::now() + self.pause);
        self.pause = self.pause.mul_f32(1.5).min(LONGEST_PAUSE);
        tokio::select! {
            () = tokio::time::sleep_until(until) => Ok(()),
            () = call.cancelled.cancelled() => {
                Err(KubeError::Interrupted { right: Box::new(evict_pods()) })
            }
        }
    }
}

/// Tells of pods that nothing makes anew.
fn warn_of_lost(call: &Call, chosen: &[Candidate]) {
    let tenants = chosen.iter().flat_map(|one| &one.tenants);
    let lost: Vec<String> = tenants.filter(|it| !it.managed).map(Tenant::full_name).collect();
    if !lost.is_empty() {
        call.progress.warn(
            format!("Pods that nothing makes anew were evicted: {}", lost.join(", ")),
            "They ran on nodes that the pool loses, and no Deployment, StatefulSet or Job makes them anew elsewhere. Make \
             them again where they are still wanted."
                .to_owned(),
        );
    }
}

#[cfg(test)]
mod tests;
