//! Making a node group smaller without ending pods.
//!
//! EKS ends the instances that are too many at once when its sizes are lowered. So the nodes that are to go are cordoned and
//! drained first, through the cluster's own API. Then the least number of nodes is lowered, so that Auto Scaling can end their
//! instances one by one, which lowers the wanted number with each. Whatever goes wrong before the drain has changed nothing.

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

/// The names of nodes, as kubectl takes them.
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
        let explained = |trouble: Trouble| way_around(trouble.explain(doing, self.call.timeout));
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
            return Err(way_around(PoolError {
                kind: ErrorKind::Transport,
                summary: format!("Cannot {doing}"),
                detail: "Pods are to be moved before nodes go, and nothing here reaches the cluster's Kubernetes API."
                    .to_owned(),
                attribute: None,
            }));
        };
        tracing::info!(pool = %self.id, count, "draining nodes");
        // Its errors tell the way around by themselves.
        let drained = nodes.drain(self.call, self.id, count).await?;
        self.lower_least(doing, most, &drained).await?;
        self.end(doing, &drained).await?;
        self.look(doing).await?;
        self.checkpoint(None);
        Ok(())
    }

    /// Lowers the least number of nodes to `most`: Auto Scaling ends no instance when that leaves fewer.
    async fn lower_least(
        &mut self,
        doing: &str,
        most: u32,
        drained: &[DrainedNode],
    ) -> Result<(), PoolError> {
        let least = self.live.scaling_config.map_or(0, |scaling| scaling.min_size);
        if least <= most {
            return Ok(());
        }
        let lower = wire::ScalingChange { min_size: Some(most), ..wire::ScalingChange::default() };
        let body = wire::UpdateNodegroupConfig { scaling_config: Some(lower), ..Default::default() };
        match self.send_config(body, doing, false).await {
            Ok(_) => Ok(()),
            Err(error) => Err(left_cordoned(error, drained)),
        }
    }

    /// Ends the instances of drained nodes, and waits until they are gone.
    async fn end(&self, doing: &str, drained: &[DrainedNode]) -> Result<(), PoolError> {
        for (position, node) in drained.iter().enumerate() {
            let Some(instance) = instance(&node.provider_id) else {
                let error = PoolError {
                    kind: ErrorKind::Invalid,
                    summary: format!("Cannot {doing}: a drained node could not be ended"),
                    detail: format!("The node {} does not say which instance it is.", node.name),
                    attribute: None,
                };
                return Err(left_cordoned(way_around(error), &drained[position..]));
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
                    return Err(left_cordoned(way_around(error), &drained[position..]));
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
}

/// An error on the way to a smaller node group, with the way around it. An interrupt needs none.
fn way_around(mut error: PoolError) -> PoolError {
    if error.kind == ErrorKind::Interrupted {
        return error;
    }
    error.detail = format!(
        "{} eks.scale_down = \"immediate\" makes the node group smaller without draining: EKS then ends pods at once.",
        sentence(&error.detail)
    );
    error.attribute = error.attribute.or_else(|| Some(Path::of("eks.scale_down")));
    error
}

/// An error that leaves drained nodes as they are.
fn left_cordoned(mut error: PoolError, nodes: &[DrainedNode]) -> PoolError {
    if !nodes.is_empty() {
        let names = names(nodes);
        error.detail = format!(
            "{} These nodes are cordoned and empty: {names}. The next apply goes on with them; `kubectl uncordon {names}` \
             gives them back.",
            sentence(&error.detail)
        );
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drained_nodes_that_stay_are_named() {
        let node = |name: &str| DrainedNode { name: name.to_owned(), provider_id: String::new() };
        let error =
            |kind| PoolError { kind, summary: String::new(), detail: "No".to_owned(), attribute: None };
        let told = left_cordoned(way_around(error(ErrorKind::Forbidden)), &[node("a"), node("b")]);
        assert_eq!(
            told.detail,
            "No. eks.scale_down = \"immediate\" makes the node group smaller without draining: EKS then ends pods at once. \
             These nodes are cordoned and empty: a b. The next apply goes on with them; `kubectl uncordon a b` gives them \
             back."
        );
        assert_eq!(told.attribute, Some(Path::of("eks.scale_down")));
        let interrupted = left_cordoned(way_around(error(ErrorKind::Interrupted)), &[]);
        assert_eq!((interrupted.detail.as_str(), interrupted.attribute), ("No", None));
    }

    #[test]
    fn the_instance_is_the_end_of_the_provider_id() {
        assert_eq!(instance("aws:///us-east-1a/i-0123456789abcdef0"), Some("i-0123456789abcdef0"));
        assert_eq!(instance("aws:///us-east-1a/fargate-x"), None);
        assert_eq!(instance(""), None);
    }
}
