//! The Auto Scaling group behind a node group: its tags and its machines (source: Auto Scaling API model 2011-01-01).

use std::collections::BTreeMap;

use roxmltree::Node;

use super::Client;
use super::endpoints::AUTO_SCALING;
use super::query::{Form, items, number, required, text};
use crate::cloud::eks::errors::ApiError;
use crate::cloud::eks::parts::Place;
use crate::cloud::eks::wire;

impl Client {
    /// The group; `None` where there is none of that name.
    pub(crate) async fn scaling_group(
        &self,
        place: Place<'_>,
        name: &str,
    ) -> Result<Option<wire::ScalingGroup>, ApiError> {
        let mut form = Form::new(&AUTO_SCALING, "DescribeAutoScalingGroups");
        form.list("AutoScalingGroupNames.member", [name]);
        self.ask(place, form, |root| {
            let result = required(root, "DescribeAutoScalingGroupsResult")?;
            required(result, "AutoScalingGroups")?;
            let found = items(result, "AutoScalingGroups")
                .find(|group| text(*group, "AutoScalingGroupName").as_deref() == Some(name));
            found.map(group).transpose()
        })
        .await
    }

    /// Sets tags of the group, and leaves the others. They are not handed on to its machines.
    pub(crate) async fn tag_scaling_group(
        &self,
        place: Place<'_>,
        name: &str,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), ApiError> {
        let mut form = Form::new(&AUTO_SCALING, "CreateOrUpdateTags");
        for (number, (key, value)) in (1..).zip(tags) {
            let tag = tag(&mut form, number, name, key);
            form.put(format!("{tag}.Value"), value);
            form.put(format!("{tag}.PropagateAtLaunch"), "false");
        }
        self.ask(place, form, |_| Ok(())).await
    }

    /// Removes tags of the group; those that it does not have count as removed.
    pub(crate) async fn untag_scaling_group(
        &self,
        place: Place<'_>,
        name: &str,
        keys: &[String],
    ) -> Result<(), ApiError> {
        let mut form = Form::new(&AUTO_SCALING, "DeleteTags");
        for (number, key) in (1..).zip(keys) {
            tag(&mut form, number, name, key);
        }
        self.ask(place, form, |_| Ok(())).await
    }

    /// Ends a machine, and makes the group smaller by one, so that no other takes its place.
    pub(crate) async fn terminate_instance(&self, place: Place<'_>, instance: &str) -> Result<(), ApiError> {
        let mut form = Form::new(&AUTO_SCALING, "TerminateInstanceInAutoScalingGroup");
        form.put("InstanceId", instance);
        form.put("ShouldDecrementDesiredCapacity", "true");
        self.ask(place, form, |_| Ok(())).await
    }
}

/// The beginning of a tag's parameters.
fn tag(form: &mut Form, number: u32, group: &str, key: &str) -> String {
    let tag = format!("Tags.member.{number}");
    form.put(format!("{tag}.ResourceId"), group);
    form.put(format!("{tag}.ResourceType"), "auto-scaling-group");
    form.put(format!("{tag}.Key"), key);
    tag
}

fn group(node: Node<'_, '_>) -> Result<wire::ScalingGroup, String> {
    let size = |name: &str| number(node, name).ok_or_else(|| format!("a group tells no <{name}>"));
    let machine = |node| wire::Instance {
        id: text(node, "InstanceId").unwrap_or_default(),
        zone: text(node, "AvailabilityZone").unwrap_or_default(),
        state: text(node, "LifecycleState").unwrap_or_default(),
    };
    Ok(wire::ScalingGroup {
        name: text(node, "AutoScalingGroupName").unwrap_or_default(),
        min: size("MinSize")?,
        max: size("MaxSize")?,
        desired: size("DesiredCapacity")?,
        instances: items(node, "Instances").map(machine).collect(),
        tags: items(node, "Tags")
            .filter_map(|tag| Some((text(tag, "Key")?, text(tag, "Value").unwrap_or_default())))
            .collect(),
    })
}
