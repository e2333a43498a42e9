//! Auto Scaling groups, as far as those of node groups show there: their tags, their sizes and their machines.

use serde_json::{Map, Value, json};

use super::errors::Refusal;
use super::model::{Cluster, Eks, NodeGroup, strings};
use super::nodes::instance_id;
use super::signature::{Caller, partition};
use super::{Context, Service, fields, paging};
use crate::sandbox::clock::{Millis, rfc3339};

/// The shape of the answer, and the answer.
type Answered = Result<(Option<&'static str>, Value), Refusal>;

/// What a tag is on.
const RESOURCE: &str = "auto-scaling-group";

impl Eks {
    /// Carries out an action of Auto Scaling.
    pub(super) fn scaling_action(
        &mut self,
        context: &mut Context<'_>,
        caller: &Caller,
        action: &str,
        body: &Map<String, Value>,
    ) -> Answered {
        let read = |shape: &str| {
            let read = fields::read(shape, &Value::Object(body.clone()));
            read.map_err(|violation| Refusal::unreadable(Service::AutoScaling, &violation))
        };
        match action {
            "CreateOrUpdateTags" => {
                self.set_tags(caller, &read("autoscaling.CreateOrUpdateTagsType")?, false)
            }
            "DeleteTags" => self.set_tags(caller, &read("autoscaling.DeleteTagsType")?, true),
            "DescribeAutoScalingGroups" => {
                self.describe_scaling(caller, &read("autoscaling.AutoScalingGroupNamesType")?, context.now)
            }
            "TerminateInstanceInAutoScalingGroup" => {
                self.terminate(context, caller, &read("autoscaling.TerminateInstanceInAutoScalingGroupType")?)
            }
            _ => Err(Refusal::new(
                400,
                "InvalidAction",
                format!("Could not find operation {action} for version 2011-01-01"),
            )),
        }
    }

    /// The cluster's ARN and the name of the node group behind an Auto Scaling group.
    fn behind(&self, caller: &Caller, name: &str) -> Option<(String, String)> {
        self.own_groups(caller)
            .find(|(_, group)| group.scaling_group() == name)
            .map(|(cluster, group)| (cluster.arn(), group.name.clone()))
    }

    fn own_groups(&self, caller: &Caller) -> impl Iterator<Item = (&Cluster, &NodeGroup)> {
        let (account, region) = (caller.account.clone(), caller.region.clone());
        let own = move |cluster: &&Cluster| cluster.account == account && cluster.region == region;
        let clusters = self.clusters.values().filter(own);
        clusters.flat_map(|cluster| cluster.groups.values().map(move |group| (cluster, group)))
    }

    /// Sets or removes tags; all of them, or none where one is refused.
    fn set_tags(&mut self, caller: &Caller, body: &Map<String, Value>, remove: bool) -> Answered {
        let tags = body["Tags"].as_array().cloned().unwrap_or_default();
        let mut places = Vec::new();
        for tag in &tags {
            let text = |key: &str| tag[key].as_str().unwrap_or_default();
            if text("ResourceType") != RESOURCE {
                return Err(invalid(format!("Tag resource type must be {RESOURCE}")));
            }
            if text("Key").starts_with("aws:") {
                return Err(invalid(
                    "aws: prefixed tag key names are not allowed for external use".to_owned(),
                ));
            }
            let name = text("ResourceId");
            // Source of the text: reports of Auto Scaling's users.
            let missing =
                || invalid(format!("AutoScalingGroup name not found - AutoScalingGroup {name} not found"));
            places.push(self.behind(caller, name).ok_or_else(missing)?);
        }
        for (tag, (arn, name)) in tags.iter().zip(places) {
            let Some(group) = self.group_mut(&arn, &name) else { continue };
            let text = |key: &str| tag[key].as_str().unwrap_or_default().to_owned();
            if remove {
                // With a value it is removed only if that is its value.
                let value = tag["Value"].as_str();
                let same = |key: &String, found: &str| {
                    *key == text("Key") && value.is_none_or(|value| value == found)
                };
                group.scaling_tags.retain(|key, (found, _)| !same(key, found));
            } else {
                let at_launch = tag["PropagateAtLaunch"] != false;
                group.scaling_tags.insert(text("Key"), (text("Value"), at_launch));
            }
        }
        Ok((None, Value::Null))
    }

    fn describe_scaling(&self, caller: &Caller, body: &Map<String, Value>, now: Millis) -> Answered {
        let names = body.get("AutoScalingGroupNames").map(strings).unwrap_or_default();
        let filters = body.get("Filters").and_then(Value::as_array).cloned().unwrap_or_default();
        let fits = |group: &NodeGroup, filter: &Value| {
            let values = strings(&filter["Values"]);
            let name = filter["Name"].as_str().unwrap_or_default();
            match name.strip_prefix("tag:") {
                Some(key) => group.scaling_tags.get(key).is_some_and(|(value, _)| values.contains(value)),
                None => name == "tag-key" && group.scaling_tags.keys().any(|key| values.contains(key)),
            }
        };
        // Names that are not there are passed over in silence.
        let wanted = |(_, group): &(&Cluster, &NodeGroup)| {
            (names.is_empty() || names.contains(&group.scaling_group()))
                && filters.iter().all(|filter| fits(group, filter))
        };
        let views: Vec<_> = self
            .own_groups(caller)
            .filter(wanted)
            .map(|(cluster, group)| view(cluster, group, now))
            .collect();
        // Source of the default: Auto Scaling's API reference.
        let shown = paging::cut("AutoScalingGroups", views, body, "MaxRecords", 50)?;
        Ok((Some("autoscaling.AutoScalingGroupsType"), shown))
    }

    /// Ends one machine, with its pods. Unless the wanted size goes down with it, another one comes.
    fn terminate(
        &mut self,
        context: &mut Context<'_>,
        caller: &Caller,
        body: &Map<String, Value>,
    ) -> Answered {
        let id = body.get("InstanceId").and_then(Value::as_str).unwrap_or_default();
        let is_it = |node: &crate::sandbox::nodes::Node| instance_id(&node.uid) == id;
        let found = self
            .own_groups(caller)
            .find(|(_, group)| group.nodes.iter().any(is_it))
            .map(|(cluster, group)| (cluster.arn(), group.name.clone()));
        let (arn, name) = found.ok_or_else(|| {
            invalid(format!("Instance Id not found - No managed instance found for instance ID: {id}"))
        })?;
        let smaller = body["ShouldDecrementDesiredCapacity"] == true;
        let Some(group) = self.group_mut(&arn, &name) else { return Ok((None, Value::Null)) };
        if smaller {
            let scaling = &mut group.spec["scalingConfig"];
            let desired = scaling["desiredSize"].as_u64().unwrap_or(0).saturating_sub(1);
            let smallest = scaling["minSize"].as_u64().unwrap_or(0);
            if desired < smallest {
                // Source of the text: reports of Auto Scaling's users.
                return Err(invalid(format!(
                    "Currently, desiredSize equals minSize ({smallest}). Terminating instance without replacement will \
                     violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or \
                     lower group's min size."
                )));
            }
            scaling["desiredSize"] = json!(desired);
        }
        group.nodes.retain(|node| !is_it(node));
        let scaling_group = group.scaling_group();
        self.advance(context.now, context.latency, context.random);
        let activity = json!({"ActivityId": context.random.uuid(), "AutoScalingGroupName": scaling_group,
            "Description": format!("Terminating EC2 instance: {id}"), "Cause": "a user request",
            "StartTime": rfc3339(context.now), "StatusCode": "InProgress", "Progress": 0});
        Ok((Some("autoscaling.ActivityType"), json!({"Activity": activity})))
    }
}

fn view(cluster: &Cluster, group: &NodeGroup, now: Millis) -> Value {
    let name = group.scaling_group();
    let (partition, region, account) = (partition(&cluster.region), &cluster.region, &cluster.account);
    let tags: Vec<_> = group
        .scaling_tags
        .iter()
        .map(|(key, (value, at_launch))| {
            json!({"ResourceId": name, "ResourceType": RESOURCE, "Key": key, "Value": value,
                "PropagateAtLaunch": at_launch})
        })
        .collect();
    let instances: Vec<_> = group
        .nodes
        .iter()
        .map(|node| {
            let state = if node.created_at <= now { "InService" } else { "Pending" };
            json!({"InstanceId": instance_id(&node.uid), "InstanceType": node.machine_type,
                "AvailabilityZone": node.zone, "LifecycleState": state, "HealthStatus": "Healthy",
                "ProtectedFromScaleIn": false})
        })
        .collect();
    let scaling = &group.spec["scalingConfig"];
    json!({
        "AutoScalingGroupName": name,
        "AutoScalingGroupARN": format!(
            "arn:{partition}:autoscaling:{region}:{account}:autoScalingGroup:{}:autoScalingGroupName/{name}", group.uuid
        ),
        "MinSize": scaling["minSize"],
        "MaxSize": scaling["maxSize"],
        "DesiredCapacity": scaling["desiredSize"],
        "DefaultCooldown": 300,
        "AvailabilityZones": cluster.zones(&group.spec),
        "HealthCheckType": "EC2",
        "HealthCheckGracePeriod": 15,
        "CreatedTime": rfc3339(group.created_at),
        "VPCZoneIdentifier": strings(&group.spec["subnets"]).join(","),
        "Instances": instances,
        "Tags": tags,
    })
}

fn invalid(message: String) -> Refusal {
    Refusal::new(400, "ValidationError", message)
}
