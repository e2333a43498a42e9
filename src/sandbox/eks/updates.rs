//! Updates of node groups: starting them, and telling how far they are.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Context;
use super::amis;
use super::errors::Refusal;
use super::model::{Done, Eks, Recipe};
use super::nodegroups::check_configs;
use super::operations::{Operation, Roll, Work};
use super::paging::page;
use super::rules;
use crate::sandbox::exchange::Call;

impl Eks {
    pub(super) fn update_config(
        &mut self,
        context: &mut Context<'_>,
        arn: &str,
        name: &str,
        body: &Map<String, Value>,
    ) -> Result<Value, Refusal> {
        if let Some(again) = self.done_before(arn, name, "config", body)? {
            return Ok(again);
        }
        self.check_active(arn, name)?;
        let group = self.group(arn, name)?;
        let mut spec = group.spec.clone();
        let params = change(&mut spec, body)?;
        rules::check_scaling(&spec["scalingConfig"])?;
        rules::check_labels(&spec["labels"])?;
        rules::check_taints(&spec["taints"])?;
        check_configs(&spec)?;
        if let Some(group) = self.group_mut(arn, name) {
            group.spec = spec;
        }
        let id = self.start(context, "UPDATING", arn, name, params, Work::Config);
        self.remember(arn, name, "config", body, &id);
        self.show_update(arn, name, &id)
    }

    pub(super) fn update_version(
        &mut self,
        context: &mut Context<'_>,
        arn: &str,
        name: &str,
        body: &Map<String, Value>,
    ) -> Result<Value, Refusal> {
        if let Some(again) = self.done_before(arn, name, "version", body)? {
            return Ok(again);
        }
        self.check_active(arn, name)?;
        let (recipe, template) = self.next_recipe(arn, name, body)?;
        let group = self.group(arn, name)?;
        let mut spec = group.spec.clone();
        let text = |key: &str| body.get(key).and_then(Value::as_str);
        let mut params = Vec::new();
        let mut param = |kind: &str, value: &str| params.push((kind.to_owned(), value.to_owned()));
        if let Some(template) = template {
            for (kind, key) in [("LaunchTemplateName", "name"), ("LaunchTemplateVersion", "version")] {
                param(kind, template[key].as_str().unwrap_or_default());
            }
            spec["launchTemplate"] = template;
        }
        if text("version").is_some() || group.recipe.version != recipe.version {
            param("Version", &recipe.version);
        }
        if !recipe.release.is_empty() {
            param("ReleaseVersion", &recipe.release);
        }
        let config = &spec["updateConfig"];
        let count = group.nodes.len();
        let percentage = config["maxUnavailablePercentage"].as_u64();
        let batch = match percentage.and_then(|percentage| usize::try_from(percentage).ok()) {
            Some(percentage) => (count * percentage / 100).max(1),
            None => usize::try_from(config["maxUnavailable"].as_u64().unwrap_or(1)).unwrap_or(1),
        };
        let minimal = config["updateStrategy"] == "MINIMAL";
        // Nodes that are as wanted stay (unverified for an update that changes nothing).
        let same = group.recipe == recipe;
        let remaining: Vec<_> = group.nodes.iter().filter(|_| !same).map(|node| node.uid.clone()).collect();
        let step = context.latency / (remaining.len().div_ceil(batch.max(1)) as u64 + 1);
        let next_at = context.now + step;
        let force = body.get("force") == Some(&json!(true));
        let (drains, missing, late) = (BTreeMap::new(), Vec::new(), 0);
        let roll =
            Roll { spec, recipe, remaining, batch, minimal, force, drains, missing, late, step, next_at };
        let id = self.start(context, "UPDATING", arn, name, params, Work::Version(Box::new(roll)));
        self.remember(arn, name, "version", body, &id);
        self.show_update(arn, name, &id)
    }

    /// How machines will be made after an `UpdateNodegroupVersion`, and the group's `launchTemplate` then.
    fn next_recipe(
        &self,
        arn: &str,
        name: &str,
        body: &Map<String, Value>,
    ) -> Result<(Recipe, Option<Value>), Refusal> {
        let (cluster, group) = (self.cluster(arn)?, self.group(arn, name)?);
        let asked = body.get("launchTemplate");
        let has = &group.spec["launchTemplate"];
        if asked.is_some() && has.is_null() {
            return Err(Refusal::request(
                "A nodegroup that was created without a launch template cannot be updated to use one",
            ));
        }
        let mut whole = Map::new();
        for key in ["instanceTypes", "amiType", "capacityType"] {
            if let Some(value) = group.spec.get(key) {
                whole.insert(key.to_owned(), value.clone());
            }
        }
        if let Some(asked) = asked {
            let (template, ..) = self.asked_template(cluster, asked)?;
            if has["id"] != *template.id {
                return Err(Refusal::request(format!(
                    "The launch template of a nodegroup cannot be changed to another one: it is {}",
                    has["id"].as_str().unwrap_or_default()
                )));
            }
            whole.insert("launchTemplate".to_owned(), asked.clone());
        } else if !has.is_null() {
            whole.insert("launchTemplate".to_owned(), json!({"id": has["id"], "version": has["version"]}));
        }
        let (mut recipe, shown) = self.recipe(cluster, &whole)?;
        // A template version may name an image where there was none, and the other way round.
        if (recipe.ami_type == "CUSTOM") != (group.recipe.ami_type == "CUSTOM") {
            return Err(Refusal::request(
                "The AMI type of a nodegroup cannot be changed by its launch template",
            ));
        }
        let text = |key: &str| body.get(key).and_then(Value::as_str);
        let family = amis::ami(&recipe.ami_type).family;
        let now = (group.recipe.version.as_str(), group.recipe.release.as_str());
        // Without a version or a release only the template changes, and the image stays what it is (source: AWS guide,
        // for groups that are moved to another template version).
        (recipe.version, recipe.release) =
            if text("version").is_none() && text("releaseVersion").is_none() && asked.is_some() {
                (group.recipe.version.clone(), group.recipe.release.clone())
            } else {
                rules::check_versions(cluster, family, (text("version"), text("releaseVersion")), Some(now))?
            };
        Ok((recipe, shown.filter(|_| asked.is_some())))
    }

    /// One update at a time, and only on a group that is well.
    fn check_active(&self, arn: &str, name: &str) -> Result<(), Refusal> {
        let group = self.group(arn, name)?;
        let cluster = self.cluster(arn)?;
        match group.status.as_str() {
            "ACTIVE" | "DEGRADED" => Ok(()),
            "UPDATING" => Err(Refusal::in_use(format!(
                "Nodegroup {name} has an update in progress and cannot be updated"
            ))
            .about("clusterName", &cluster.name)
            .about("nodegroupName", name)),
            // Source of the text: reports of EKS users.
            _ => Err(Refusal::request("Nodegroup cannot be updated as it is currently not in Active State")
                .about("clusterName", &cluster.name)
                .about("nodegroupName", name)),
        }
    }

    /// The update that the same request with the same token made before.
    fn done_before(
        &self,
        arn: &str,
        name: &str,
        what: &str,
        body: &Map<String, Value>,
    ) -> Result<Option<Value>, Refusal> {
        let Some(done) = token(arn, name, what, body).and_then(|token| self.tokens.get(&token)) else {
            return Ok(None);
        };
        if done.request == json!(body) {
            return self.show_update(arn, name, &done.result).map(Some);
        }
        Err(Refusal::parameter("The clientRequestToken was used before, in a request with other parameters."))
    }

    fn remember(&mut self, arn: &str, name: &str, what: &str, body: &Map<String, Value>, id: &str) {
        if let Some(token) = token(arn, name, what, body) {
            self.tokens.insert(token, Done { request: json!(body), result: id.to_owned() });
        }
    }

    fn show_update(&self, arn: &str, name: &str, id: &str) -> Result<Value, Refusal> {
        let cluster = self.cluster(arn)?.name.clone();
        let found = self.update(arn, name, id).and_then(Operation::view);
        let missing = || {
            Refusal::not_found(format!("No update found for ID: {id}"))
                .about("clusterName", &cluster)
                .about("nodegroupName", name)
        };
        found.map(|view| json!({"update": view})).ok_or_else(missing)
    }

    pub(super) fn describe_update(&self, arn: &str, id: &str, call: &Call) -> Result<Value, Refusal> {
        let name = call.parameter("nodegroupName").unwrap_or_default();
        if name.is_empty() {
            // Updates of clusters: there are none here.
            let cluster = self.cluster(arn)?;
            return Err(Refusal::not_found(format!("No update found for ID: {id}"))
                .about("clusterName", &cluster.name));
        }
        self.group(arn, &name)?;
        self.show_update(arn, &name, id)
    }

    pub(super) fn list_updates(&self, arn: &str, call: &Call) -> Result<Value, Refusal> {
        self.cluster(arn)?;
        let ids: Vec<_> = match call.parameter("nodegroupName").filter(|name| !name.is_empty()) {
            Some(name) => {
                self.group(arn, &name)?;
                self.updates(arn, &name).iter().map(|op| op.id.clone()).collect()
            }
            None => Vec::new(),
        };
        page("updateIds", &ids, call)
    }
}

fn token(arn: &str, name: &str, what: &str, body: &Map<String, Value>) -> Option<String> {
    Some(format!("{arn}/{name}/{what}#{}", body.get("clientRequestToken")?.as_str()?))
}

/// Puts the changes of an `UpdateNodegroupConfig` into the group's resource; the params by which EKS tells of them.
fn change(spec: &mut Value, body: &Map<String, Value>) -> Result<Vec<(String, String)>, Refusal> {
    let mut params = Vec::new();
    let mut param = |kind: &str, value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        params.push((kind.to_owned(), text));
    };
    let none = Value::Null;
    let given = |key: &str| body.get(key).unwrap_or(&none);
    let mut labels = spec["labels"].as_object().cloned().unwrap_or_default();
    if let Some(added) = given("labels")["addOrUpdateLabels"].as_object().filter(|added| !added.is_empty()) {
        labels.extend(added.clone());
        param("LabelsToAdd", &json!(added));
    }
    if let Some(removed) = given("labels")["removeLabels"].as_array().filter(|removed| !removed.is_empty()) {
        labels.retain(|key, _| !removed.iter().any(|other| other == key));
        param("LabelsToRemove", &json!(removed));
    }
    spec["labels"] = Value::Object(labels);
    let same = |one: &Value, other: &Value| one["key"] == other["key"] && one["effect"] == other["effect"];
    let mut taints = spec["taints"].as_array().cloned().unwrap_or_default();
    // What comes goes in after what leaves has left, so that a changed value may be both.
    if let Some(removed) = given("taints")["removeTaints"].as_array().filter(|removed| !removed.is_empty()) {
        taints.retain(|taint| !removed.iter().any(|other| same(taint, other)));
        param("TaintsToRemove", &json!(removed));
    }
    if let Some(added) = given("taints")["addOrUpdateTaints"].as_array().filter(|added| !added.is_empty()) {
        taints.retain(|taint| !added.iter().any(|other| same(taint, other)));
        taints.extend(added.iter().cloned());
        param("TaintsToAdd", &json!(added));
    }
    if !taints.is_empty() || spec.get("taints").is_some() {
        spec["taints"] = json!(taints);
    }
    for (key, kind) in [("minSize", "MinSize"), ("maxSize", "MaxSize"), ("desiredSize", "DesiredSize")] {
        let value = &given("scalingConfig")[key];
        if !value.is_null() {
            spec["scalingConfig"][key] = value.clone();
            param(kind, value);
        }
    }
    if let Some(update) = given("updateConfig").as_object() {
        rules::check_pairs(given("updateConfig"), &[("maxUnavailable", "maxUnavailablePercentage")])?;
        for (key, other, kind) in [
            ("maxUnavailable", "maxUnavailablePercentage", "MaxUnavailable"),
            ("maxUnavailablePercentage", "maxUnavailable", "MaxUnavailablePercentage"),
            ("updateStrategy", "", "UpdateStrategy"),
        ] {
            let Some(value) = update.get(key) else { continue };
            spec["updateConfig"][key] = value.clone();
            param(kind, value);
            if let Some(config) = spec["updateConfig"].as_object_mut() {
                config.remove(other);
            }
        }
    }
    if !given("nodeRepairConfig").is_null() {
        spec["nodeRepairConfig"] = given("nodeRepairConfig").clone();
        let enabled = &given("nodeRepairConfig")["enabled"];
        if enabled.is_boolean() {
            param("NodeRepairEnabled", enabled);
        }
        param("NodeRepairConfig", given("nodeRepairConfig"));
    }
    let warm = given("warmPoolConfig");
    if !warm.is_null() {
        if warm["enabled"] == false {
            spec.as_object_mut().map(|spec| spec.remove("warmPoolConfig"));
        } else {
            spec["warmPoolConfig"] = warm.clone();
        }
        param("WarmPoolEnabled", &json!(warm["enabled"] != false));
        for (key, kind) in [
            ("minSize", "WarmPoolMinSize"),
            ("maxGroupPreparedCapacity", "WarmPoolMaxGroupPreparedCapacity"),
            ("poolState", "WarmPoolState"),
            ("reuseOnScaleIn", "WarmPoolReuseOnScaleIn"),
        ] {
            if !warm[key].is_null() {
                param(kind, &warm[key]);
            }
        }
    }
    if params.is_empty() {
        // Source of the text: reports of EKS users.
        return Err(Refusal::request("No changes needed for the nodegroup configuration provided"));
    }
    Ok(params)
}
