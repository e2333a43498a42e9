//! Tags of node groups. These calls have exceptions of their own names.

use serde_json::{Map, Value, json};

use super::errors::Refusal;
use super::model::{Eks, NodeGroup};
use super::rules;
use crate::sandbox::exchange::Call;

impl Eks {
    pub(super) fn list_tags(&self, arn: &str) -> Result<Value, Refusal> {
        let mut found = self
            .clusters
            .values()
            .flat_map(|cluster| cluster.groups.values().filter(move |group| cluster.group_arn(group) == arn));
        if let Some(group) = found.next() {
            return Ok(json!({"tags": group.spec["tags"]}));
        }
        // A cluster has none here.
        if self.clusters.contains_key(arn) { Ok(json!({"tags": {}})) } else { Err(no_resource(arn)) }
    }

    pub(super) fn tag(&mut self, arn: &str, body: &Map<String, Value>) -> Result<Value, Refusal> {
        let group = self.tagged(arn)?;
        let mut tags = group.spec["tags"].as_object().cloned().unwrap_or_default();
        tags.extend(body["tags"].as_object().cloned().unwrap_or_default());
        let tags = Value::Object(tags);
        rules::check_tags(&tags).map_err(|refusal| bad(&refusal.message))?;
        group.spec["tags"] = tags;
        Ok(json!({}))
    }

    pub(super) fn untag(&mut self, arn: &str, call: &Call) -> Result<Value, Refusal> {
        let keys: Vec<String> = url::form_urlencoded::parse(call.query.as_bytes())
            .filter(|(name, _)| name == "tagKeys")
            .map(|(_, key)| key.into_owned())
            .collect();
        let group = self.tagged(arn)?;
        if keys.is_empty() {
            return Err(bad("tagKeys must be given"));
        }
        if let Some(tags) = group.spec["tags"].as_object_mut() {
            tags.retain(|key, _| !keys.contains(key));
        }
        Ok(json!({}))
    }

    fn tagged(&mut self, arn: &str) -> Result<&mut NodeGroup, Refusal> {
        let found = self.clusters.iter().find_map(|(cluster_arn, cluster)| {
            let group = cluster.groups.values().find(|group| cluster.group_arn(group) == arn)?;
            Some((cluster_arn.clone(), group.name.clone()))
        });
        let (cluster, name) = found.ok_or_else(|| no_resource(arn))?;
        self.group_mut(&cluster, &name).ok_or_else(|| no_resource(arn))
    }
}

fn no_resource(arn: &str) -> Refusal {
    Refusal::new(404, "NotFoundException", format!("Resource {arn} not found"))
}

fn bad(message: &str) -> Refusal {
    Refusal::new(400, "BadRequestException", message)
}
