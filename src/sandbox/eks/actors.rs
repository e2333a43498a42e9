//! What others do to EKS clusters: the cluster autoscaler, colleagues, the stock itself.

use serde_json::{Map, Value, json};

use super::Context;
use super::model::{Eks, Issue, strings};
use super::operations::Work;
use super::seed::Plan;
use super::signature::ACCOUNT;
use super::{hardware, nodes};
use crate::sandbox::actors::ActorError;
use crate::sandbox::parameters::Parameters;

/// kind, its fields, meaning.
const KINDS: &[(&str, &[&str], &str)] = &[
    ("delete_pool", &["cluster", "pool"], "the node group and its nodes are gone at once"),
    ("delete_cluster", &["cluster"], "the cluster is gone at once, with all node groups"),
    ("add_cluster", &["cluster"], "a cluster with its two first node groups; cluster is the new ARN"),
    ("resize", &["cluster", "pool", "node_count"], "the cluster autoscaler sets the desired size"),
    (
        "edit_labels",
        &["cluster", "pool", "set", "remove"],
        "set: object of labels, remove: list of keys; at once",
    ),
    ("edit_tags", &["cluster", "pool", "set", "remove"], "somebody sets or removes tags; at once"),
    ("occupy", &["cluster", "pool"], "somebody else's update of the node group"),
    ("degrade", &["cluster", "pool", "code", "message"], "a health issue, and the status DEGRADED; at once"),
    (
        "delete_template",
        &["cluster", "pool"],
        "somebody deletes the launch template of the node group; EKS works on from its copy",
    ),
    ("delete_role", &["role"], "the IAM role with that ARN is gone: its nodes run on, and no new one joins"),
    (
        "delete_access_entry",
        &["cluster", "principal"],
        "somebody takes a principal's access entry away, by default that of everybody here: the API server answers 401",
    ),
    (
        "set_stock",
        &["zone", "machine_type", "count"],
        "machines of the instance type that exist in the zone, those in use included",
    ),
];

/// Something to do, checked as far as it can be before it is done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Act {
    AddCluster { region: String, name: String },
    DeleteCluster { cluster: String },
    DeleteRole { role: String },
    DeleteAccessEntry { cluster: String, principal: Option<String> },
    SetStock { zone: String, machine_type: String, count: u32 },
    Pool { cluster: String, pool: String, deed: Deed },
}

/// Something to do with a node group.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Deed {
    Delete,
    Resize(u32),
    Edit { field: &'static str, set: Map<String, Value>, remove: Vec<String> },
    Occupy,
    Degrade { code: String, message: String },
    DeleteTemplate,
}

fn impossible(text: String) -> ActorError {
    ActorError::Impossible(text)
}

impl Act {
    /// All kinds with their fields.
    pub(crate) fn kinds() -> Vec<Value> {
        let kinds = KINDS.iter();
        kinds
            .map(|(kind, fields, meaning)| json!({"cloud": "eks", "kind": kind, "fields": fields, "meaning": meaning}))
            .collect()
    }

    /// An act from its JSON fields.
    pub(crate) fn read(kind: &str, given: &Map<String, Value>) -> Result<Self, ActorError> {
        let Some((kind, fields, _)) = KINDS.iter().find(|(known, ..)| *known == kind) else {
            let known: Vec<_> = KINDS.iter().map(|(kind, ..)| *kind).collect();
            return Err(ActorError::Kind { given: kind.to_owned(), known: known.join(", ") });
        };
        let fields = Parameters::of(kind, given, fields)?;
        let text = |name: &str| fields.needed(name).map(str::to_owned);
        if *kind == "set_stock" {
            let machine_type = text("machine_type")?;
            if hardware::machine(&machine_type).is_none() {
                return Err(impossible(format!("there is no instance type {machine_type:?}")));
            }
            return Ok(Self::SetStock { zone: text("zone")?, machine_type, count: fields.count("count")? });
        }
        if *kind == "delete_role" {
            return Ok(Self::DeleteRole { role: text("role")? });
        }
        let cluster = text("cluster")?;
        let deed = match *kind {
            "delete_cluster" => return Ok(Self::DeleteCluster { cluster }),
            "add_cluster" => return new_cluster(&cluster),
            "delete_access_entry" => {
                let principal = fields.text("principal")?.map(str::to_owned);
                return Ok(Self::DeleteAccessEntry { cluster, principal });
            }
            "resize" => Deed::Resize(fields.count("node_count")?),
            "edit_labels" | "edit_tags" => {
                let object = |value: &Value| value.as_object().cloned();
                let set = fields.value("set").map_or(Some(Map::new()), object);
                let set = set.ok_or_else(|| impossible("set is an object of texts".to_owned()))?;
                let remove = fields.value("remove").map(strings).unwrap_or_default();
                Deed::Edit { field: if *kind == "edit_tags" { "tags" } else { "labels" }, set, remove }
            }
            "occupy" => Deed::Occupy,
            "degrade" => Deed::Degrade {
                code: fields.text("code")?.unwrap_or("Ec2SubnetNotFound").to_owned(),
                message: fields.text("message")?.unwrap_or("One or more subnets were not found.").to_owned(),
            },
            "delete_template" => Deed::DeleteTemplate,
            _ => Deed::Delete,
        };
        Ok(Self::Pool { cluster, pool: text("pool")?, deed })
    }
}

fn new_cluster(arn: &str) -> Result<Act, ActorError> {
    let wrong = || impossible(format!("{arn:?} is not arn:aws:eks:REGION:{ACCOUNT}:cluster/NAME"));
    let rest = arn.strip_prefix("arn:aws:eks:").ok_or_else(wrong)?;
    let (region, name) = rest.split_once(&format!(":{ACCOUNT}:cluster/")).ok_or_else(wrong)?;
    if region.is_empty() || name.is_empty() || name.contains('/') {
        return Err(wrong());
    }
    Ok(Act::AddCluster { region: region.to_owned(), name: name.to_owned() })
}

impl Eks {
    /// Does it. What it should act on may be gone by then, which is an error for those who ask for it to be done now.
    pub(crate) fn act(&mut self, context: &mut Context<'_>, act: &Act) -> Result<(), ActorError> {
        let no_cluster = |eks: &Self, cluster: &str| {
            impossible(format!("there is no cluster {cluster:?}; there are {}", eks.known()))
        };
        match act {
            Act::AddCluster { region, name } => {
                let stack = crate::sandbox::kubernetes::Stack::Nothing;
                let plan = Plan { account: ACCOUNT, region, name, stack, note: "added" };
                self.add_cluster(&plan, context.now, context.random);
            }
            Act::DeleteCluster { cluster } => {
                self.clusters.remove(cluster).ok_or_else(|| no_cluster(self, cluster))?;
            }
            Act::DeleteRole { role } => {
                self.lost_roles.insert(role.clone());
            }
            Act::DeleteAccessEntry { cluster, principal } => {
                let missing = no_cluster(self, cluster);
                let found = self.clusters.get_mut(cluster).ok_or(missing)?;
                let principal = principal.clone().unwrap_or_else(|| found.creator());
                found
                    .access
                    .remove(&principal)
                    .ok_or_else(|| impossible(format!("{principal} has no access entry in {cluster}")))?;
            }
            Act::SetStock { zone, machine_type, count } => {
                self.stock.entry(zone.clone()).or_default().insert(machine_type.clone(), *count);
                self.advance(context.now, context.latency, context.random);
            }
            Act::Pool { cluster, pool, deed } => {
                let found = self.clusters.get(cluster).ok_or_else(|| no_cluster(self, cluster))?;
                if !found.groups.contains_key(pool) {
                    let known: Vec<_> = found.groups.keys().map(String::as_str).collect();
                    return Err(impossible(format!(
                        "there is no node group {pool:?} in {cluster}; there are {}",
                        known.join(", ")
                    )));
                }
                self.carry_out_deed(context, cluster, pool, deed)?;
            }
        }
        Ok(())
    }

    fn carry_out_deed(
        &mut self,
        context: &mut Context<'_>,
        arn: &str,
        name: &str,
        deed: &Deed,
    ) -> Result<(), ActorError> {
        match deed {
            Deed::Delete => {
                self.clusters.get_mut(arn).map(|cluster| cluster.groups.remove(name));
                return Ok(());
            }
            Deed::Occupy => {
                self.start(context, "UPDATING", arn, name, Vec::new(), Work::Occupy);
                return Ok(());
            }
            _ => {}
        }
        let Some(group) = self.group_mut(arn, name) else { return Ok(()) };
        match deed {
            Deed::Resize(count) => {
                group.spec["scalingConfig"]["desiredSize"] = json!(count);
                nodes::shrink(group);
                self.advance(context.now, context.latency, context.random);
            }
            Deed::Edit { field, set, remove } => {
                let mut edited = group.spec[*field].as_object().cloned().unwrap_or_default();
                edited.retain(|key, _| !remove.contains(key));
                edited.extend(set.clone());
                group.spec[*field] = Value::Object(edited);
                nodes::refresh(group);
            }
            Deed::Degrade { code, message } => {
                let issue = Issue::new(code, message.clone(), &group.scaling_group());
                group.settle("DEGRADED", vec![issue], context.now);
            }
            Deed::DeleteTemplate => {
                let template = group.recipe.template.clone();
                let (id, _) = template.ok_or_else(|| impossible(format!("{name} has no launch template")))?;
                self.templates.remove(&id);
            }
            Deed::Delete | Deed::Occupy => {}
        }
        Ok(())
    }
}
