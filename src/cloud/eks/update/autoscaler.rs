//! The tags of the Auto Scaling group behind a node group.
//!
//! They tell the cluster autoscaler what a node would have while there is none. EKS does not pass the tags of a node group
//! on, so that those for the autoscaler are written to both.

use std::collections::BTreeMap;

use super::super::errors::{Action, Trouble};
use super::super::{Eks, labels, wire};
use crate::cloud::attempts::{Kind, attempt};
use crate::cloud::fault::Fault;
use crate::cloud::limits::Limits;
use crate::cloud::words::sentence;
use crate::nodepool::pools::{Call, ErrorKind};
use crate::nodepool::{NodePoolSpec, PoolId};

/// What an identity has to be allowed for this.
const STATEMENT: &str = r#"{ "Effect": "Allow", "Action": ["autoscaling:CreateOrUpdateTags", "autoscaling:DeleteTags"], "Resource": "*" }"#;

/// The tags of a node group that are meant for the cluster autoscaler.
fn meant(group: &wire::Nodegroup) -> BTreeMap<String, String> {
    let tags = group.tags.iter().filter(|(key, _)| key.starts_with(labels::NODE_TEMPLATE_TAGS));
    tags.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The keys of tags for the autoscaler that a pool had from us and is not to have any more.
pub(in super::super) fn dropped(prior: &NodePoolSpec, wanted: &NodePoolSpec) -> Vec<String> {
    let keys = |spec: &NodePoolSpec| {
        let tags = super::super::parts::tags(spec);
        tags.into_keys().filter(|key| key.starts_with(labels::NODE_TEMPLATE_TAGS)).collect::<Vec<_>>()
    };
    let kept = keys(wanted);
    keys(prior).into_iter().filter(|key| !kept.contains(key)).collect()
}

impl Eks {
    /// Writes the node group's tags for the autoscaler to its Auto Scaling group, and takes these keys off. What is refused
    /// is told and no error: the node group is as wanted.
    pub(in super::super) async fn tell_autoscaler(
        &self,
        call: &Call,
        limits: &Limits,
        id: &PoolId,
        dropped: &[String],
    ) {
        if let Err(trouble) = self.write_tags(limits, id, dropped).await {
            let detail = match &trouble {
                Trouble::Api(error) if error.action() == Action::Final(ErrorKind::Forbidden) => format!(
                    "{} The identity lacks this statement of an IAM policy: {STATEMENT} Without these tags the cluster \
                     autoscaler may count whole GPUs when it starts the first node. eks.scale_from_zero_tags = false \
                     does without them.",
                    sentence(&error.words()),
                ),
                Trouble::Api(error) => format!(
                    "{} The next apply that changes the pool writes them again.",
                    sentence(&error.words())
                ),
                Trouble::Stopped { .. } => {
                    "There was no time left. The next apply that changes the pool writes them again."
                        .to_owned()
                }
            };
            call.progress
                .warn(format!("The Auto Scaling group of {} does not have all its tags", id.name), detail);
        }
    }

    async fn write_tags(&self, limits: &Limits, id: &PoolId, dropped: &[String]) -> Result<(), Trouble> {
        let Ok(place) = super::super::place(&id.cluster) else { return Ok(()) };
        let Some(group) = self.api.group(limits, place, &id.name).await? else { return Ok(()) };
        let Some(scaling_group) = group.scaling_group() else { return Ok(()) };
        let tags = meant(&group);
        if !tags.is_empty() {
            attempt(limits, Kind::Repeatable, || {
                self.api.client.tag_scaling_group(place, scaling_group, &tags)
            })
            .await?;
        }
        let dropped: Vec<String> = dropped.iter().filter(|key| !tags.contains_key(*key)).cloned().collect();
        if !dropped.is_empty() {
            attempt(limits, Kind::Repeatable, || {
                self.api.client.untag_scaling_group(place, scaling_group, &dropped)
            })
            .await?;
        }
        Ok(())
    }
}
