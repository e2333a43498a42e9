//! Creating, reading, listing and deleting node groups.

use serde_json::{Map, Value, json};

use super::Context;
use super::errors::Refusal;
use super::model::{Cluster, Done, Eks, Issue, NodeGroup, epoch};
use super::operations::Work;
use super::paging::page;
use super::rules;
use crate::sandbox::exchange::Call;

impl Eks {
    /// The cluster, or EKS's 404.
    pub(super) fn cluster(&self, arn: &str) -> Result<&Cluster, Refusal> {
        self.clusters.get(arn).ok_or_else(|| Refusal::no_cluster(arn.rsplit('/').next().unwrap_or_default()))
    }

    /// A node group, or EKS's 404.
    pub(super) fn group(&self, arn: &str, name: &str) -> Result<&NodeGroup, Refusal> {
        let cluster = self.cluster(arn)?;
        cluster.groups.get(name).ok_or_else(|| Refusal::no_group(&cluster.name, name))
    }

    pub(super) fn describe_group(&self, arn: &str, name: &str) -> Result<Value, Refusal> {
        let group = self.group(arn, name)?;
        Ok(json!({"nodegroup": self.show(self.cluster(arn)?, group)}))
    }

    /// The `Nodegroup` as it is now.
    fn show(&self, cluster: &Cluster, group: &NodeGroup) -> Value {
        let mut shown = group.spec.clone();
        let mut issues: Vec<Value> = group.issues.iter().map(Issue::view).collect();
        let mut status = group.status.as_str();
        // EKS works from a copy of the template; that the original is gone makes the group unwell all the same.
        if let Some((id, version)) = &group.recipe.template
            && !self.templates.get(id).is_some_and(|template| template.versions.contains_key(version))
            && matches!(status, "ACTIVE" | "DEGRADED")
        {
            status = "DEGRADED";
            let message = format!("Launch template {id} version {version} was not found.");
            issues.push(Issue::new("Ec2LaunchTemplateNotFound", message, id).view());
        }
        if self.roleless(group) && matches!(status, "ACTIVE" | "DEGRADED") {
            status = "DEGRADED";
            let message = "The aws-auth ConfigMap or access entry names an IAM role that was not found.";
            issues.push(Issue::new("IamNodeRoleNotFound", message, group.role()).view());
        }
        shown["nodegroupName"] = json!(group.name);
        shown["nodegroupArn"] = json!(cluster.group_arn(group));
        shown["clusterName"] = json!(cluster.name);
        shown["version"] = json!(group.recipe.version);
        // An image of one's own has no release but its id (unverified what is shown then).
        if !group.recipe.release.is_empty() {
            shown["releaseVersion"] = json!(group.recipe.release);
        }
        shown["status"] = json!(status);
        shown["health"] = json!({"issues": issues});
        shown["resources"] = json!({"autoScalingGroups": [{"name": group.scaling_group()}]});
        shown["createdAt"] = epoch(group.created_at);
        shown["modifiedAt"] = epoch(group.modified_at);
        shown
    }

    pub(super) fn list_groups(&self, arn: &str, call: &Call) -> Result<Value, Refusal> {
        let names: Vec<_> = self.cluster(arn)?.groups.keys().cloned().collect();
        page("nodegroups", &names, call)
    }

    pub(super) fn create_group(
        &mut self,
        context: &mut Context<'_>,
        arn: &str,
        mut body: Map<String, Value>,
    ) -> Result<Value, Refusal> {
        let cluster = self.cluster(arn)?;
        let name = body["nodegroupName"].as_str().unwrap_or_default().to_owned();
        let token = body.remove("clientRequestToken");
        let request = Value::Object(body.clone());
        let token = token.and_then(|token| Some(format!("{arn}/{name}#{}", token.as_str()?)));
        if let Some(done) = token.as_ref().and_then(|token| self.tokens.get(token))
            && cluster.groups.get(&name).is_some_and(|group| group.uuid == done.result)
        {
            return if done.request == request {
                self.describe_group(arn, &name)
            } else {
                Err(Refusal::parameter(
                    "The clientRequestToken was used before, in a request with other parameters.",
                )
                .about("nodegroupName", &name))
            };
        }
        if cluster.groups.contains_key(&name) {
            // Source of the text: reports of EKS users.
            return Err(Refusal::in_use(format!(
                "NodeGroup already exists with name {name} and cluster name {}",
                cluster.name
            ))
            .about("clusterName", &cluster.name)
            .about("nodegroupName", &name));
        }
        rules::check_new(cluster, &body)?;
        let role = body["nodeRole"].as_str().unwrap_or_default();
        if self.lost_roles.contains(role) {
            // Source of the text: reports of EKS users.
            let name = role.rsplit('/').next().unwrap_or_default();
            return Err(Refusal::parameter(format!("The role with name {name} cannot be found.")));
        }
        let (recipe, template) = self.recipe(cluster, &body)?;
        let spec = with_defaults(body, &recipe.ami_type, template);
        rules::check_scaling(&spec["scalingConfig"])?;
        check_configs(&spec)?;
        let group = NodeGroup {
            name: name.clone(),
            uuid: context.random.uuid(),
            spec,
            status: String::new(),
            issues: Vec::new(),
            recipe,
            scaling_tags: [
                ("eks:cluster-name", cluster.name.as_str()),
                ("eks:nodegroup-name", name.as_str()),
                ("k8s.io/cluster-autoscaler/enabled", "true"),
            ]
            .into_iter()
            .map(|(key, value)| (key.to_owned(), (value.to_owned(), true)))
            .chain([(format!("kubernetes.io/cluster/{}", cluster.name), ("owned".to_owned(), true))])
            .chain([(format!("k8s.io/cluster-autoscaler/{}", cluster.name), ("owned".to_owned(), true))])
            .collect(),
            nodes: Vec::new(),
            created_at: context.now,
            modified_at: context.now,
            drought: None,
        };
        if let Some(token) = token {
            self.tokens.insert(token, Done { request, result: group.uuid.clone() });
        }
        let role = group.spec["nodeRole"].as_str().unwrap_or_default().to_owned();
        let entry = context.random.uuid();
        if let Some(cluster) = self.clusters.get_mut(arn) {
            cluster.admit_nodes(&role, entry, context.now);
            cluster.groups.insert(name.clone(), group);
        }
        self.start(context, "CREATING", arn, &name, Vec::new(), Work::Create);
        self.describe_group(arn, &name)
    }

    /// Whether a group that is being created can be deleted is unverified; here it can.
    pub(super) fn delete_group(
        &mut self,
        context: &mut Context<'_>,
        arn: &str,
        name: &str,
    ) -> Result<Value, Refusal> {
        let group = self.group(arn, name)?;
        if matches!(group.status.as_str(), "UPDATING" | "DELETING") {
            return Err(Refusal::in_use(format!(
                "Nodegroup {name} cannot be deleted as it is currently in {} state",
                group.status
            ))
            .about("nodegroupName", name));
        }
        let uuid = group.uuid.clone();
        let creation = self.operations.iter_mut().filter(|op| op.active() && op.uuid == uuid);
        for operation in creation {
            operation.ended_at = Some(context.now);
            operation.end = Some(super::operations::End::Cancelled);
        }
        let mut shown = self.describe_group(arn, name)?;
        self.start(context, "DELETING", arn, name, Vec::new(), Work::Delete);
        shown["nodegroup"]["status"] = json!("DELETING");
        Ok(shown)
    }
}

/// Rules on parts that creations and updates share.
pub(super) fn check_configs(spec: &Value) -> Result<(), Refusal> {
    rules::check_pairs(&spec["updateConfig"], &[("maxUnavailable", "maxUnavailablePercentage")])?;
    rules::check_pairs(
        &spec["nodeRepairConfig"],
        &[
            ("maxUnhealthyNodeThresholdCount", "maxUnhealthyNodeThresholdPercentage"),
            ("maxParallelNodesRepairedCount", "maxParallelNodesRepairedPercentage"),
        ],
    )
}

/// What EKS fills in. The sizes that are given when none are asked for are unverified.
fn with_defaults(mut body: Map<String, Value>, ami_type: &str, template: Option<Value>) -> Value {
    for key in ["version", "releaseVersion"] {
        body.remove(key);
    }
    let mut default = |key: &str, value: Value| {
        body.entry(key).or_insert(value);
    };
    default("capacityType", json!("ON_DEMAND"));
    default("scalingConfig", json!({"minSize": 1, "maxSize": 2, "desiredSize": 2}));
    default("updateConfig", json!({"maxUnavailable": 1}));
    default("amiType", json!(ami_type));
    default("labels", json!({}));
    default("tags", json!({}));
    match template {
        Some(template) => {
            body.insert("launchTemplate".to_owned(), template);
        }
        None => {
            default("diskSize", json!(20));
            default("instanceTypes", json!(["t3.medium"]));
        }
    }
    if let Some(update) = body.get_mut("updateConfig").and_then(Value::as_object_mut)
        && !update.contains_key("maxUnavailablePercentage")
    {
        update.entry("maxUnavailable").or_insert(json!(1));
    }
    Value::Object(body)
}
