//! Changing a node group, one sound step after the other.

use std::collections::BTreeMap;

use super::create::template::{Used, token};
use super::errors::{ApiError, Trouble};
use super::follow::{cut_short, pending, warn_degraded, where_to_look};
use super::health::{self, Outlook};
use super::parts::Place;
use super::steps::{self, Change, Request, Step};
use super::wait::{Cut, End, ended};
use super::{Eks, seen, wire};
use crate::cloud::attempts::{Kind, attempt};
use crate::cloud::fault::Fault;
use crate::cloud::limits::Limits;
use crate::cloud::words::stopped;
use crate::nodepool::pools::{Call, Checkpoint, ErrorKind, Finished, Pending, PendingKind};
use crate::nodepool::{NodePoolSpec, PoolError, PoolId};

pub(super) mod autoscaler;
pub(super) mod refused;
mod shrink;

/// One update under way.
struct Updating<'a> {
    eks: &'a Eks,
    call: &'a Call,
    limits: Limits,
    place: Place<'a>,
    id: &'a PoolId,
    prior: &'a NodePoolSpec,
    wanted: &'a NodePoolSpec,
    /// The node group as last seen.
    live: wire::Nodegroup,
    /// The launch template that it uses.
    template: Used,
    /// The cluster's own security group.
    security_group: Option<String>,
}

impl wire::Nodegroup {
    /// The nodes that EKS wants the group to have.
    fn desired(&self) -> u32 {
        self.scaling_config.map_or(0, |scaling| scaling.desired_size)
    }

    /// The Auto Scaling group behind it.
    fn scaling_group(&self) -> Option<&str> {
        self.resources.auto_scaling_groups.first().map(|group| group.name.as_str())
    }
}

impl Eks {
    /// Changes the node group from `prior` to `wanted`.
    pub(super) async fn change(
        &self,
        call: &Call,
        id: &PoolId,
        prior: &NodePoolSpec,
        wanted: &NodePoolSpec,
    ) -> Result<Finished, PoolError> {
        let limits = Limits::of(call);
        let doing = format!("change the node group {}", id.name);
        let _pool = self
            .gates
            .pool(&limits, &id.to_string())
            .await
            .map_err(|why| stopped(why, call.timeout, &doing, ApiError::COMPANY, None))?;
        let place = super::place(&id.cluster)?;
        let cluster = self.require_cluster(call, &limits, &id.cluster).await?;
        let mut live = self.must_find(call, &limits, id, &doing).await?;
        // What an update under way makes of the group is not shown before its end, and would be asked for twice; of
        // anything else EKS says only that this is no time for changes.
        if matches!(
            live.status.as_str(),
            "CREATING" | "UPDATING" | "DELETING" | "CREATE_FAILED" | "DELETE_FAILED"
        ) {
            let earlier = pending(id, PendingKind::Update, "");
            match self.settle(call, id, &earlier, None).await? {
                Finished::Ready(_) => live = self.must_find(call, &limits, id, &doing).await?,
                unfinished @ Finished::Incomplete(_) => return Ok(unfinished),
            }
        }
        let mut updating = Updating {
            eks: self,
            call,
            limits,
            place,
            id,
            prior,
            wanted,
            live,
            template: Used::default(),
            security_group: cluster.security_group,
        };
        updating.find_template(&doing).await?;
        for step in steps::ORDER {
            if let Some(finished) = updating.step(step).await? {
                return Ok(finished);
            }
        }
        updating.finish().await
    }

    /// The node group as it is now, which an update starts from.
    async fn must_find(
        &self,
        call: &Call,
        limits: &Limits,
        id: &PoolId,
        doing: &str,
    ) -> Result<wire::Nodegroup, PoolError> {
        let place = super::place(&id.cluster)?;
        let found = self.api.group(limits, place, &id.name).await;
        found.map_err(|trouble| trouble.explain(doing, call.timeout))?.ok_or_else(|| PoolError {
            kind: ErrorKind::PoolNotFound,
            summary: format!("Cannot {doing}: it does not exist"),
            detail: "Somebody deleted it after it was last read. `terraform plan` will show that it is to be created."
                .to_owned(),
            attribute: None,
        })
    }
}

impl Updating<'_> {
    async fn find_template(&mut self, doing: &str) -> Result<(), PoolError> {
        let found = self.eks.api.used_template(&self.limits, self.place, self.id, &self.live).await;
        self.template = found.map_err(|trouble| trouble.explain(doing, self.call.timeout))?;
        Ok(())
    }

    /// Reads the node group again.
    async fn look(&mut self, doing: &str) -> Result<(), PoolError> {
        self.live = self.eks.must_find(self.call, &self.limits, self.id, doing).await?;
        Ok(())
    }

    fn checkpoint(&self, pending: Option<Pending>) {
        let template = self.template.seen(self.security_group.as_deref());
        let pool = seen::pool(self.id, &self.live, template).ok();
        self.call.progress.checkpoint(Checkpoint { id: self.id.clone(), pool, pending });
    }
}

impl Updating<'_> {
    fn request(&self, step: Step) -> Result<Option<Request>, PoolError> {
        let change = Change {
            prior: self.prior,
            wanted: self.wanted,
            live: &self.live,
            template: self.template.own(),
            security_group: self.security_group.as_deref(),
        };
        change.request(step).map_err(super::untranslatable)
    }

    fn doing(&self, step: Step) -> String {
        format!("change {} of the node group {}", step.noun(), self.id.name)
    }

    /// Whether a step after this one has something to do.
    fn more_after(&self, step: Step) -> Result<bool, PoolError> {
        for later in steps::ORDER.into_iter().skip_while(|it| *it != step).skip(1) {
            if self.request(later)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes one step, if there is something to do. `Some` ends the update.
    async fn step(&mut self, step: Step) -> Result<Option<Finished>, PoolError> {
        let Some(request) = self.request(step)? else { return Ok(None) };
        let doing = self.doing(step);
        let last = !self.more_after(step)?;
        let turn = self
            .eks
            .gates
            .cluster(&self.limits, &self.id.cluster.canonical())
            .await
            .map_err(|why| stopped(why, self.call.timeout, &doing, ApiError::COMPANY, None))?;
        let ended = match request {
            Request::Tags { set, removed } => Box::pin(self.tag(&doing, &set, &removed)).await.map(|()| None),
            Request::Config(body) => Box::pin(self.configure(step, &doing, body, last)).await,
            Request::Roll(roll) => Box::pin(self.roll(&doing, &roll, last)).await,
        };
        drop(turn);
        ended
    }

    async fn tag(
        &mut self,
        doing: &str,
        set: &BTreeMap<String, String>,
        removed: &[String],
    ) -> Result<(), PoolError> {
        let (client, arn) = (&self.eks.api.client, self.live.nodegroup_arn.as_str());
        let tagged = async {
            if !set.is_empty() {
                attempt(&self.limits, Kind::Repeatable, || client.tag(self.place, arn, set)).await?;
            }
            if !removed.is_empty() {
                attempt(&self.limits, Kind::Repeatable, || client.untag(self.place, arn, removed)).await?;
            }
            Ok(())
        };
        tagged.await.map_err(|trouble: Trouble| trouble.explain(doing, self.call.timeout))?;
        self.look(doing).await?;
        self.checkpoint(None);
        let dropped = autoscaler::dropped(self.prior, self.wanted);
        self.eks.tell_autoscaler(self.call, &self.limits, self.id, &dropped).await;
        Ok(())
    }

    /// Changes what EKS changes in place. Nodes that are to go are emptied first.
    async fn configure(
        &mut self,
        step: Step,
        doing: &str,
        body: wire::UpdateNodegroupConfig,
        last: bool,
    ) -> Result<Option<Finished>, PoolError> {
        let most = body.scaling_config.as_ref().and_then(|scaling| scaling.desired_size);
        let Some(most) = most.filter(|most| *most < self.live.desired()) else {
            return self.send_config(body, doing, last).await;
        };
        self.make_room(doing, most).await?;
        // The group may be smaller by now.
        match self.request(step)? {
            Some(Request::Config(body)) => self.send_config(body, doing, last).await,
            _ => Ok(None),
        }
    }

    /// Sends a change of the configuration and waits for its end. `Some` ends the update.
    async fn send_config(
        &mut self,
        body: wire::UpdateNodegroupConfig,
        doing: &str,
        last: bool,
    ) -> Result<Option<Finished>, PoolError> {
        let body = wire::UpdateNodegroupConfig { client_request_token: token(), ..body };
        self.eks.api.forget(&self.id.cluster);
        let client = &self.eks.api.client;
        // The token makes a repeated request the same request. A group that EKS is working on is "in use": the request
        // waits for its turn until the time-out.
        let sent = attempt(&self.limits, Kind::Repeatable, || {
            client.update_config(self.place, &self.id.name, &body)
        })
        .await;
        self.follow_update(doing, sent, last).await
    }

    /// Exchanges the nodes for ones of another launch template, image or version.
    async fn roll(
        &mut self,
        doing: &str,
        roll: &steps::Roll,
        last: bool,
    ) -> Result<Option<Finished>, PoolError> {
        let explained = |trouble: Trouble| trouble.explain(doing, self.call.timeout);
        let template = match (&roll.template, &self.live.launch_template) {
            (Some(steps::Template::Ours(data)), Some(used)) => {
                let said = self.eks.api.version_saying(&self.limits, self.place, &used.id, data).await;
                let version = said.map_err(explained)?.to_string();
                Some(wire::LaunchTemplate { id: used.id.clone(), version })
            }
            (Some(steps::Template::Theirs(template)), _) => Some(template.clone()),
            (Some(steps::Template::Ours(_)), None) | (None, _) => None,
        };
        let body = wire::UpdateNodegroupVersion {
            version: roll.version.clone(),
            release_version: roll.release_version.clone(),
            launch_template: template,
            force: roll.force,
            client_request_token: token(),
        };
        self.eks.api.forget(&self.id.cluster);
        let client = &self.eks.api.client;
        let sent = attempt(&self.limits, Kind::Repeatable, || {
            client.update_version(self.place, &self.id.name, &body)
        })
        .await;
        let ended = self.follow_update(doing, sent, last).await?;
        if ended.is_none() {
            self.find_template(doing).await?;
            self.checkpoint(None);
            if let (Some(used), Some(version)) = (&self.live.launch_template, self.template.own()) {
                self.eks.api.prune(&self.limits, self.place, &used.id, version.number).await;
            }
        }
        Ok(ended)
    }

    /// Waits for the end of an update that EKS has taken, or not. `Some` ends the update as a whole.
    async fn follow_update(
        &mut self,
        doing: &str,
        sent: Result<wire::Update, Trouble>,
        last: bool,
    ) -> Result<Option<Finished>, PoolError> {
        let update = sent.map_err(|trouble| trouble.explain(doing, self.call.timeout))?;
        let pending = pending(self.id, PendingKind::Update, &update.id);
        tracing::info!(pool = %self.id, update = update.id, doing, "EKS has accepted a change");
        self.checkpoint(Some(pending.clone()));
        let end = match ended(&update) {
            Some(end) => Ok(end),
            None => self.eks.api.end_of_update(&self.limits, self.place, &self.id.name, &pending).await,
        };
        self.eks.api.forget(&self.id.cluster);
        let failure = match end {
            Ok(End::Done | End::Forgotten) => None,
            Ok(End::Failed(errors)) => Some(refused::failed(doing, self.id, &pending, &errors)),
            Ok(End::Cancelled) => Some(refused::cancelled(doing, self.id, &pending)),
            Err(trouble) => return self.cut(doing, &pending, trouble, last).map(Some),
        };
        match failure {
            None => {
                self.look(doing).await?;
                self.checkpoint(None);
                Ok(None)
            }
            Some(error) => {
                // What the state says of the pool is what a failed update has left.
                if self.look(doing).await.is_ok() {
                    self.checkpoint(None);
                }
                Err(error)
            }
        }
    }

    /// The wait for a step was stopped: the end of a last step can be waited for later, the steps after another one must be
    /// planned anew.
    fn cut(
        &self,
        doing: &str,
        pending: &Pending,
        trouble: Trouble,
        last: bool,
    ) -> Result<Finished, PoolError> {
        if last {
            return Ok(cut_short(self.call, self.id, pending, Cut { trouble, last: None }));
        }
        let mut error = trouble.explain(doing, self.call.timeout);
        error.detail = format!(
            "EKS has accepted this step and goes on with it; {}. The steps after it have not begun. {}",
            where_to_look(self.id, pending),
            error.detail
        );
        Err(error)
    }

    /// Every step is taken: the node group is ready, or as unwell as something else has made it.
    async fn finish(&self) -> Result<Finished, PoolError> {
        let outlook = health::outlook(&self.live);
        match outlook {
            Outlook::Ready | Outlook::Degraded => {
                if outlook == Outlook::Degraded {
                    warn_degraded(self.call, self.id, &self.live);
                }
                self.eks.described(self.call, &self.limits, self.id, &self.live).await.map(Finished::Ready)
            }
            Outlook::Starved | Outlook::Working | Outlook::Broken | Outlook::Deleting => {
                let pending = pending(self.id, PendingKind::Update, "");
                self.eks.settle(self.call, self.id, &pending, None).await
            }
        }
    }
}
