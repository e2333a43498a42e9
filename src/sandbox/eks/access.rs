//! Access entries: which principals a cluster's API server knows, and what its access policies let them do.
//!
//! Sources: botocore's service model; AWS guide to access entries and access policies. Texts without a source are unverified.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Context;
use super::errors::Refusal;
use super::model::{Cluster, Eks, epoch, strings};
use super::paging::page;
use super::signature::{self, partition};
use crate::sandbox::clock::Millis;
use crate::sandbox::exchange::Call;
use crate::sandbox::kubernetes::{Grant, Rights};

/// Policies by name: whether they let one write, see what is in no namespace, and see secrets.
const POLICIES: &[(&str, bool, bool, bool)] = &[
    ("AmazonEKSClusterAdminPolicy", true, true, true),
    ("AmazonEKSAdminViewPolicy", false, true, true),
    ("AmazonEKSAdminPolicy", true, false, true),
    ("AmazonEKSEditPolicy", true, false, true),
    ("AmazonEKSViewPolicy", false, false, false),
];

/// Of the creator of a cluster.
const ADMIN: &str = "AmazonEKSClusterAdminPolicy";

/// What a cluster knows of a principal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct AccessEntry {
    uuid: String,
    created_at: Millis,
    modified_at: Millis,
    /// `STANDARD`, or how nodes come.
    kind: String,
    username: Option<String>,
    groups: Vec<String>,
    tags: Value,
    /// By ARN.
    policies: BTreeMap<String, Associated>,
}

/// A policy of an entry.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Associated {
    /// `accessScope`.
    scope: Value,
    associated_at: Millis,
    modified_at: Millis,
}

impl Associated {
    fn view(&self, policy: &str) -> Value {
        json!({"policyArn": policy, "accessScope": self.scope, "associatedAt": epoch(self.associated_at),
            "modifiedAt": epoch(self.modified_at)})
    }
}

impl AccessEntry {
    fn new(kind: &str, uuid: String, now: Millis) -> Self {
        Self {
            uuid,
            created_at: now,
            modified_at: now,
            kind: kind.to_owned(),
            username: None,
            groups: Vec::new(),
            tags: json!({}),
            policies: BTreeMap::new(),
        }
    }

    /// What EKS calls somebody who does not choose it.
    fn username(&self, principal: &str) -> String {
        let default = || match principal.split_once(":role/") {
            _ if self.kind != "STANDARD" => "system:node:{{EC2PrivateDNSName}}".to_owned(),
            Some((account, role)) => {
                let role = role.rsplit('/').next().unwrap_or_default();
                format!("{}:assumed-role/{role}/{{{{SessionName}}}}", account.replace(":iam::", ":sts::"))
            }
            None => principal.to_owned(),
        };
        self.username.clone().unwrap_or_else(default)
    }

    fn view(&self, cluster: &Cluster, principal: &str) -> Value {
        let (kind, name) =
            principal.rsplit(':').next().and_then(|last| last.split_once('/')).unwrap_or_default();
        let (partition, region, account) = (partition(&cluster.region), &cluster.region, &cluster.account);
        json!({
            "clusterName": cluster.name,
            "principalArn": principal,
            "kubernetesGroups": self.groups,
            "accessEntryArn": format!(
                "arn:{partition}:eks:{region}:{account}:access-entry/{}/{kind}/{account}/{name}/{}", cluster.name, self.uuid
            ),
            "createdAt": epoch(self.created_at),
            "modifiedAt": epoch(self.modified_at),
            "tags": self.tags,
            "username": self.username(principal),
            "type": self.kind,
        })
    }

    /// What its policies let one do. Groups of Kubernetes are what somebody's role bindings make of them: here everything.
    fn rights(&self) -> Rights {
        if !self.groups.is_empty() && self.kind == "STANDARD" {
            return Rights::All;
        }
        let granted = self.policies.iter().filter_map(|(arn, associated)| {
            let (_, write, cluster, secrets) = known(arn)?;
            let everywhere = associated.scope["type"] == "cluster";
            let namespaces = (!everywhere).then(|| strings(&associated.scope["namespaces"]));
            Some(Grant { write: *write, cluster: *cluster && everywhere, secrets: *secrets, namespaces })
        });
        Rights::Granted(granted.collect())
    }
}

/// The policy with that ARN.
fn known(arn: &str) -> Option<&'static (&'static str, bool, bool, bool)> {
    let (_, name) = arn.split_once(":eks::aws:cluster-access-policy/")?;
    POLICIES.iter().find(|(known, ..)| *known == name)
}

impl Cluster {
    /// Lets the one who made the cluster do everything.
    pub(super) fn admit_creator(&mut self, uuid: String) {
        let mut entry = AccessEntry::new("STANDARD", uuid, self.created_at);
        let policy = format!("arn:{}:eks::aws:cluster-access-policy/{ADMIN}", partition(&self.region));
        let (associated_at, modified_at) = (self.created_at, self.created_at);
        let scope = json!({"type": "cluster", "namespaces": []});
        entry.policies.insert(policy, Associated { scope, associated_at, modified_at });
        self.access.insert(self.creator(), entry);
    }

    /// The ARN of the one who made it.
    pub(super) fn creator(&self) -> String {
        signature::user(&self.region, &self.account, signature::USER)
    }

    /// Lets nodes with a role join, as EKS does for its node groups.
    pub(super) fn admit_nodes(&mut self, role: &str, uuid: String, now: Millis) {
        let entry = || AccessEntry {
            groups: vec!["system:nodes".to_owned()],
            ..AccessEntry::new("EC2_LINUX", uuid, now)
        };
        self.access.entry(role.to_owned()).or_insert_with(entry);
    }

    /// What a principal with an entry is called, and what it may do.
    pub(super) fn admits(&self, principal: &str, session: &str) -> Option<(String, Vec<String>, Rights)> {
        let entry = self.access.get(principal)?;
        let name = entry.username(principal).replace("{{SessionName}}", session);
        Some((name, entry.groups.clone(), entry.rights()))
    }
}

impl Eks {
    fn entry(&self, arn: &str, principal: &str) -> Result<(&Cluster, &AccessEntry), Refusal> {
        let cluster = self.cluster(arn)?;
        let entry = cluster.access.get(principal).ok_or_else(no_entry)?;
        Ok((cluster, entry))
    }

    fn entry_mut(&mut self, arn: &str, principal: &str) -> Result<&mut AccessEntry, Refusal> {
        self.entry(arn, principal)?;
        let found = self.clusters.get_mut(arn).and_then(|cluster| cluster.access.get_mut(principal));
        found.ok_or_else(no_entry)
    }

    pub(super) fn list_entries(&self, arn: &str, call: &Call) -> Result<Value, Refusal> {
        let policy = call.parameter("associatedPolicyArn");
        let has =
            |entry: &AccessEntry| policy.as_ref().is_none_or(|policy| entry.policies.contains_key(policy));
        let entries = self.cluster(arn)?.access.iter().filter(|(_, entry)| has(entry));
        let principals: Vec<_> = entries.map(|(principal, _)| principal.clone()).collect();
        page("accessEntries", &principals, call)
    }

    pub(super) fn describe_entry(&self, arn: &str, principal: &str) -> Result<Value, Refusal> {
        let (cluster, entry) = self.entry(arn, principal)?;
        Ok(json!({"accessEntry": entry.view(cluster, principal)}))
    }

    pub(super) fn create_entry(
        &mut self,
        context: &mut Context<'_>,
        arn: &str,
        body: &Map<String, Value>,
    ) -> Result<Value, Refusal> {
        let cluster = self.cluster(arn)?;
        let principal = body["principalArn"].as_str().unwrap_or_default().to_owned();
        let parts: Vec<&str> = principal.splitn(6, ':').collect();
        let is_iam = matches!(parts.as_slice(), ["arn", _, "iam", "", _, who]
            if who.starts_with("user/") || who.starts_with("role/"));
        if !is_iam {
            return Err(Refusal::parameter("The principalArn parameter format is not valid"));
        }
        if cluster.access.contains_key(&principal) {
            return Err(Refusal::in_use(
                "The specified access entry resource is already in use on this cluster.",
            )
            .about("clusterName", &cluster.name));
        }
        let kind = body.get("type").and_then(Value::as_str).unwrap_or("STANDARD");
        let mut entry = AccessEntry::new(kind, context.random.uuid(), context.now);
        entry.change(body)?;
        if let Some(tags) = body.get("tags") {
            entry.tags = tags.clone();
        }
        if let Some(cluster) = self.clusters.get_mut(arn) {
            cluster.access.insert(principal.clone(), entry);
        }
        self.describe_entry(arn, &principal)
    }

    pub(super) fn update_entry(
        &mut self,
        context: &Context<'_>,
        arn: &str,
        principal: &str,
        body: &Map<String, Value>,
    ) -> Result<Value, Refusal> {
        let entry = self.entry_mut(arn, principal)?;
        entry.change(body)?;
        entry.modified_at = context.now;
        self.describe_entry(arn, principal)
    }

    pub(super) fn delete_entry(&mut self, arn: &str, principal: &str) -> Result<Value, Refusal> {
        self.entry(arn, principal)?;
        self.clusters.get_mut(arn).map(|cluster| cluster.access.remove(principal));
        Ok(json!({}))
    }

    pub(super) fn list_policies(&self, arn: &str, principal: &str, call: &Call) -> Result<Value, Refusal> {
        let (cluster, entry) = self.entry(arn, principal)?;
        let mut shown =
            page("associatedAccessPolicies", &entry.policies.keys().cloned().collect::<Vec<_>>(), call)?;
        for policy in shown["associatedAccessPolicies"].as_array_mut().into_iter().flatten() {
            let arn = policy.as_str().unwrap_or_default().to_owned();
            if let Some(associated) = entry.policies.get(&arn) {
                *policy = associated.view(&arn);
            }
        }
        shown["clusterName"] = json!(cluster.name);
        shown["principalArn"] = json!(principal);
        Ok(shown)
    }

    pub(super) fn associate_policy(
        &mut self,
        context: &Context<'_>,
        arn: &str,
        principal: &str,
        body: &Map<String, Value>,
    ) -> Result<Value, Refusal> {
        let policy = body["policyArn"].as_str().unwrap_or_default().to_owned();
        let scope = body["accessScope"].clone();
        let now = context.now;
        let name = self.cluster(arn)?.name.clone();
        let entry = self.entry_mut(arn, principal)?;
        if known(&policy).is_none() {
            return Err(Refusal::parameter("The policyArn parameter format is not valid"));
        }
        if (scope["type"] == "namespace") == strings(&scope["namespaces"]).is_empty() {
            return Err(Refusal::parameter(
                "Namespaces belong to the scope type namespace, which needs them",
            ));
        }
        let associated_at = entry.policies.get(&policy).map_or(now, |before| before.associated_at);
        let associated = Associated { scope, associated_at, modified_at: now };
        let shown = associated.view(&policy);
        entry.policies.insert(policy, associated);
        Ok(json!({"clusterName": name, "principalArn": principal, "associatedAccessPolicy": shown}))
    }

    pub(super) fn disassociate_policy(
        &mut self,
        arn: &str,
        principal: &str,
        policy: &str,
    ) -> Result<Value, Refusal> {
        let entry = self.entry_mut(arn, principal)?;
        entry.policies.remove(policy).map(|_| json!({})).ok_or_else(|| {
            Refusal::not_found("The specified policyArn is not associated with the access entry.")
        })
    }
}

impl AccessEntry {
    /// What a creation and an update have in common.
    fn change(&mut self, body: &Map<String, Value>) -> Result<(), Refusal> {
        if let Some(groups) = body.get("kubernetesGroups") {
            let groups = strings(groups);
            if let Some(group) = groups.iter().find(|group| group.starts_with("system:")) {
                // Source: AWS guide to access entries.
                return Err(Refusal::parameter(format!("The kubernetes group name {group} is invalid")));
            }
            self.groups = groups;
        }
        if let Some(name) = body.get("username").and_then(Value::as_str) {
            self.username = Some(name.to_owned());
        }
        Ok(())
    }
}

fn no_entry() -> Refusal {
    Refusal::not_found(
        "The specified principalArn could not be found. You can view your available access entries with \
         'list-access-entries'.",
    )
}
