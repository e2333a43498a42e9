//! Creating a node group, exactly once.
//!
//! Its launch template comes first. A template that no node group came of is deleted again, or found by its tags and
//! used by the next create.

use std::time::{Duration, SystemTime};

use super::errors::{ApiError, Trouble};
use super::follow::pending;
use super::parts::Place;
use super::{Eks, parts, translate, wire};
use crate::cloud::fault::Fault;
use crate::cloud::instant;
use crate::cloud::limits::Limits;
use crate::cloud::once::{Became, Creating, send_once};
use crate::cloud::words::{already_exists, stopped};
use crate::nodepool::pools::{Call, Checkpoint, ErrorKind, Finished, PendingKind};
use crate::nodepool::{NodePoolSpec, Path, PoolError, PoolId};

mod own_template;
pub(super) mod template;

use template::{Made, token};

/// How far Amazon's clock may be from this machine's. A signature from further away is refused anyway (source: AWS
/// documentation, "Signature Version 4": five minutes).
const CLOCK_SLACK: Duration = Duration::from_secs(5 * 60);

impl Eks {
    /// Makes sure that the node group can be created.
    pub(super) async fn may_create(&self, call: &Call, spec: &NodePoolSpec) -> Result<(), PoolError> {
        let limits = Limits::of(call);
        let place = super::place(&spec.cluster)?;
        let cluster = self.require_cluster(call, &limits, &spec.cluster).await?;
        if !matches!(cluster.status.as_str(), "ACTIVE" | "UPDATING") {
            return Err(PoolError {
                kind: ErrorKind::Unsupported,
                summary: format!("The cluster {} takes no node groups now", place.cluster),
                detail: format!(
                    "Its status is {}. Wait until it is ACTIVE (`aws eks wait cluster-active --region {} --name {}`), \
                     then apply again.",
                    cluster.status, place.region, place.cluster
                ),
                attribute: Some(Path::of("cluster_id")),
            });
        }
        let found = self.api.group(&limits, place, &spec.name).await;
        if found.map_err(|it| it.explain(&creating(&spec.name), call.timeout))?.is_some() {
            return Err(already_exists(&id_of(spec)));
        }
        if let Some(template) = parts::own_template(&spec.options) {
            self.own_template(call, &limits, spec, &template).await?;
        }
        Ok(())
    }

    /// Creates the node group and waits for it.
    pub(super) async fn make(&self, call: &Call, spec: &NodePoolSpec) -> Result<Finished, PoolError> {
        let place = super::place(&spec.cluster)?;
        let id = id_of(spec);
        let limits = Limits::of(call);
        let doing = creating(&spec.name);
        let cut = |why| stopped(why, call.timeout, &doing, ApiError::COMPANY, None);
        let pool_turn = self.gates.pool(&limits, &id.to_string()).await.map_err(cut)?;
        let turn = self.gates.cluster(&limits, &spec.cluster.canonical()).await.map_err(cut)?;

        let (body, made) = self.body(call, &limits, spec).await?;
        self.api.forget(&spec.cluster);
        let group = match self.send(call, &limits, place, &id, &body).await {
            Ok(group) => group,
            Err(error) => {
                if let Some(made) = &made {
                    self.take_back(call, &id, made).await;
                }
                return Err(error);
            }
        };
        let pending = pending(&id, PendingKind::Create, "");
        call.progress.checkpoint(Checkpoint { id: id.clone(), pool: None, pending: Some(pending.clone()) });
        tracing::info!(pool = %id, arn = group.nodegroup_arn, "EKS has accepted the node group");
        let finished = self.follow(call, &id, &pending, Some(turn)).await?;
        self.catch_up(call, &id, &finished).await;
        drop(pool_turn);
        Ok(finished)
    }

    /// The body of the create, and the launch template that was made for it.
    async fn body(
        &self,
        call: &Call,
        limits: &Limits,
        spec: &NodePoolSpec,
    ) -> Result<(wire::CreateNodegroup, Option<Made>), PoolError> {
        if let Some(template) = parts::own_template(&spec.options) {
            let version = self.own_template(call, limits, spec, &template).await?;
            let body = translate::create(spec, template, token()).map_err(super::untranslatable)?;
            return Ok((own_template::fit(body, spec, &version)?, None));
        }
        // What cannot be said in EKS's words is found before anything is made.
        let cluster = self.require_cluster(call, limits, &spec.cluster).await?;
        let data =
            translate::template(spec, cluster.security_group.as_deref()).map_err(super::untranslatable)?;
        let mut body = translate::create(spec, wire::LaunchTemplate::default(), token())
            .map_err(super::untranslatable)?;
        let made = self.first_template(call, limits, spec, &data).await?;
        body.launch_template = made.launch_template();
        Ok((body, Some(made)))
    }

    /// Sends the create until it is certain that Amazon has it, or will not have it. Its token makes a repeated request the
    /// same request.
    async fn send(
        &self,
        call: &Call,
        limits: &Limits,
        place: Place<'_>,
        id: &PoolId,
        body: &wire::CreateNodegroup,
    ) -> Result<wire::Nodegroup, PoolError> {
        let begun = instant::now();
        let doing = creating(&id.name);
        send_once(
            limits,
            Creating { id, doing: &doing, timeout: call.timeout },
            || self.api.client.create(place, body),
            |limits| self.became(limits, place, body, begun),
        )
        .await
    }

    /// Finds out what became of a create without an answer.
    async fn became(
        &self,
        limits: Limits,
        place: Place<'_>,
        body: &wire::CreateNodegroup,
        begun: SystemTime,
    ) -> Result<Became<wire::Nodegroup>, Trouble> {
        Ok(match self.api.group(&limits, place, &body.nodegroup_name).await? {
            None => Became::Nothing,
            Some(group) if is_fresh(&group, begun) && equals_sent(&group, body) => Became::Ours(group),
            Some(_) => Became::Foreign,
        })
    }
}

/// Whether a node group was begun after the request, as far as EKS tells when it was.
fn is_fresh(group: &wire::Nodegroup, begun: SystemTime) -> bool {
    let created = group.created_at.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    created.is_none_or(|created| SystemTime::UNIX_EPOCH + created + CLOCK_SLACK >= begun)
}

/// Whether a node group is what was sent. What EKS fills in makes no difference; a launch template that was made for this
/// request says it all.
fn equals_sent(live: &wire::Nodegroup, sent: &wire::CreateNodegroup) -> bool {
    let template = live.launch_template.as_ref();
    let sorted = |texts: &[String]| {
        let mut sorted = texts.to_vec();
        sorted.sort();
        sorted
    };
    template.is_some_and(|it| it.id == sent.launch_template.id && it.version == sent.launch_template.version)
        && live.node_role.as_ref() == Some(&sent.node_role)
        && sorted(&live.subnets) == sorted(&sent.subnets)
        && sent.instance_types.as_ref().is_none_or(|types| *types == live.instance_types)
        && live.capacity_type.as_deref().is_none_or(|it| it == sent.capacity_type)
        && sent.labels.iter().all(|(key, value)| live.labels.get(key) == Some(value))
        && sent.taints.iter().all(|taint| live.taints.contains(taint))
        && sent.tags.iter().all(|(key, value)| live.tags.get(key) == Some(value))
}

fn id_of(spec: &NodePoolSpec) -> PoolId {
    PoolId { cluster: spec.cluster.clone(), name: spec.name.clone() }
}

fn creating(name: &str) -> String {
    format!("create the node group {name}")
}

#[cfg(test)]
mod tests;
