//! Making a node group smaller without ending pods.
//!
//! EKS ends the instances that are too many at once when its sizes are lowered. So the nodes that are to go are cordoned and
//! drained first, through the cluster's own API, and their instances are ended one by one by Auto Scaling, which lowers the
//! wanted number with each. For that the least number is lowered first.

use std::time::Duration;

use super::super::errors::{Action, Trouble};
use super::super::wire;
use super::Updating;
use crate::cloud::attempts::{Kind, attempt};
use crate::cloud::fault::Fault;
use crate::cloud::words::sentence;
use crate::nodepool::pools::{DrainedNode, ErrorKind};
use crate::nodepool::{Path, PoolError};

/// The pause between two looks at instances that are being ended.
const PAUSE: Duration = Duration::from_secs(2);

/// The id of a node's instance: the end of `aws:///us-east-1a/i-0123`.
fn instance(provider_id: &str) -> Option<&str> {
    provider_id.rsplit('/').next().filter(|id| id.starts_with("i-"))
}

/// `a, b and c`.
fn names(nodes: &[DrainedNode]) -> String {
    let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
    names.join(" ")
}

/// Whether an instance still counts.
fn counts(instance: &wire::Instance) -> bool {
    !instance.state.starts_with("Terminat") && !instance.state.starts_with("Warmed")
}

impl Updating<'_> {
    /// Whether pods are to be moved before nodes go.
    fn drains(&self) -> bool {
        self.wanted.options.text("scale_down") != Some("immediate")
    }

    /// How many instances there are too many for `most` nodes.
    async fn surplus(&self, doing: &str, most: u32) -> Result<u32, PoolError> {
        let explained = |trouble: Trouble| self.cannot_drain(trouble.explain(doing, self.call.timeout));
        let Some(group) = self.scaling_group().await.map_err(explained)? else {
            return Ok(self.live.desired().saturating_sub(most));
        };
        let there = group.instances.iter().filter(|it| counts(it)).count();
        Ok(u32::try_from(there).unwrap_or(u32::MAX).saturating_sub(most))
    }

    async fn scaling_group(&self) -> Result<Option<wire::ScalingGroup>, Trouble> {
        let Some(name) = self.live.scaling_group() else { return Ok(None) };
        attempt(&self.limits, Kind::Read, || self.eks.api.client.scaling_group(self.place, name)).await
    }

    /// Empties and ends nodes until `most` are left. Nothing is done where there are no more than that, or where pods are not
    /// to be moved.
    pub(super) async fn make_room(&mut self, doing: &str, most: u32) -> Result<(), PoolError> {
        if !self.drains() || self.live.desired() <= most {
            return Ok(());
        }
        let count = self.surplus(doing, most).await?;
        if count == 0 {
            return Ok(());
        }
        let Some(nodes) = self.call.nodes.clone() else {
            return Err(self.cannot_drain(PoolError {
                kind: ErrorKind::Transport,
                summary: format!("Cannot {doing}"),
                detail: "Pods are to be moved before nodes go, and nothing here reaches the cluster's Kubernetes API."
                    .to_owned(),
                attribute: None,
            }));
        };
        // Auto Scaling ends no instance when that leaves fewer than the least.
        let least = self.live.scaling_config.map_or(0, |scaling| scaling.min_size);
        if least > most {
            let lower = wire::ScalingChange { min_size: Some(most), ..wire::ScalingChange::default() };
            self.send_config(
                wire::UpdateNodegroupConfig { scaling_config: Some(lower), ..Default::default() },
                doing,
                false,
            )
            .await?;
        }
        tracing::info!(pool = %self.id, count, "draining nodes");
        let drained =
            nodes.drain(self.call, self.id, count).await.map_err(|error| self.cannot_drain(error))?;
        self.end(doing, &drained).await?;
        self.look(doing).await?;
        self.checkpoint(None);
        Ok(())
    }

    /// Ends the instances of drained nodes, and waits until they are gone.
    async fn end(&self, doing: &str, drained: &[DrainedNode]) -> Result<(), PoolError> {
        for (position, node) in drained.iter().enumerate() {
            let Some(instance) = instance(&node.provider_id) else {
                return Err(self.left_cordoned(
                    doing,
                    &drained[position..],
                    ErrorKind::Invalid,
                    &format!("The node {} does not say which instance it is.", node.name),
                ));
            };
            tracing::info!(pool = %self.id, node = node.name, instance, "ending a drained node");
            // Repeated, it would not end another instance: it names the one.
            let ended = attempt(&self.limits, Kind::Repeatable, || {
                self.eks.api.client.terminate_instance(self.place, instance)
            })
            .await;
            match ended {
                Ok(()) => {}
                // Auto Scaling knows no such instance any more.
                Err(trouble) if trouble.action() == Some(Action::NotFound) => {}
                Err(trouble) => {
                    let error = trouble.explain(doing, self.call.timeout);
                    return Err(self.left_cordoned(doing, &drained[position..], error.kind, &error.detail));
                }
            }
        }
        self.wait_for_ends(doing, drained).await
    }

    async fn wait_for_ends(&self, doing: &str, drained: &[DrainedNode]) -> Result<(), PoolError> {
        let going: Vec<&str> = drained.iter().filter_map(|node| instance(&node.provider_id)).collect();
        loop {
            let still = match self.scaling_group().await {
                Ok(Some(group)) => {
                    group.instances.iter().any(|it| counts(it) && going.contains(&it.id.as_str()))
                }
                Ok(None) => false,
                Err(Trouble::Api(error)) if error.action() == Action::Again => true,
                Err(trouble) => return Err(trouble.explain(doing, self.call.timeout)),
            };
            if !still {
                return Ok(());
            }
            if let Err(why) = self.limits.sleep(PAUSE).await {
                return Err(Trouble::from(why).explain(doing, self.call.timeout));
            }
        }
    }

    /// An error of draining, with the way around it.
    fn cannot_drain(&self, mut error: PoolError) -> PoolError {
        error.detail = format!(
            "{} eks.scale_down = \"immediate\" makes the node group smaller without draining: EKS then ends pods at once.",
            sentence(&error.detail)
        );
        error.attribute = error.attribute.or_else(|| Some(Path::of("eks.scale_down")));
        error
    }

    /// Nodes that are drained, and whose instances could not be ended.
    fn left_cordoned(&self, doing: &str, nodes: &[DrainedNode], kind: ErrorKind, why: &str) -> PoolError {
        let names = names(nodes);
        self.cannot_drain(PoolError {
            kind,
            summary: format!("Cannot {doing}: drained nodes could not be ended"),
            detail: format!(
                "{} Cordoned and empty are: {names}. The next apply goes on with them; `kubectl uncordon {names}` gives \
                 them back. The identity needs autoscaling:TerminateInstanceInAutoScalingGroup.",
                sentence(why)
            ),
            attribute: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instance_is_the_end_of_the_provider_id() {
        assert_eq!(instance("aws:///us-east-1a/i-0123456789abcdef0"), Some("i-0123456789abcdef0"));
        assert_eq!(instance("aws:///us-east-1a/fargate-x"), None);
        assert_eq!(instance(""), None);
    }
}
