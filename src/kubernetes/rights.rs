//! What is asked of a cluster: a verb on a kind of object. Each request is described by one of these, for messages and
//! for the question whether the identity may.

use std::fmt;

/// What may be done with objects, in Kubernetes' words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Read one.
    Get,
    /// Read all of them.
    List,
    /// Follow their changes.
    Watch,
    /// Make one.
    Create,
    /// Change one; also what a server-side apply needs.
    Patch,
}

impl Verb {
    /// Kubernetes' word.
    pub fn word(self) -> &'static str {
        match self {
            Verb::Get => "get",
            Verb::List => "list",
            Verb::Watch => "watch",
            Verb::Create => "create",
            Verb::Patch => "patch",
        }
    }

    /// Whether the cluster changes by it.
    pub(super) fn changes(self) -> bool {
        matches!(self, Verb::Create | Verb::Patch)
    }
}

/// A verb on a kind of object, in a namespace or in the whole cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Right {
    /// What is done.
    pub verb: Verb,
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The objects, in the plural and in lower case; a part of them behind a slash, such as `pods/eviction`.
    pub resource: &'static str,
    /// The namespace; `None` is all of them, or objects that are in none.
    pub namespace: Option<String>,
    /// The one object that it is about; `None` is any.
    pub name: Option<String>,
}

impl Right {
    /// A right in the whole cluster.
    pub fn everywhere(verb: Verb, group: &'static str, resource: &'static str) -> Self {
        Right { verb, group, resource, namespace: None, name: None }
    }

    /// A right on one object.
    pub fn on(verb: Verb, group: &'static str, resource: &'static str, namespace: &str, name: &str) -> Self {
        Right { verb, group, resource, namespace: Some(namespace.to_owned()), name: Some(name.to_owned()) }
    }

    /// The rule of a Role or ClusterRole that grants it, in YAML's flow form.
    pub fn rule(&self) -> String {
        let names = self.name.as_ref().filter(|_| self.verb != Verb::Create);
        let names = names.map(|name| format!(", resourceNames: [{name:?}]")).unwrap_or_default();
        format!(
            "{{apiGroups: [{:?}], resources: [{:?}]{names}, verbs: [{:?}]}}",
            self.group,
            self.resource,
            self.verb.word()
        )
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb.word(), self.resource)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        if let Some(name) = &self.name {
            write!(f, " {name:?}")?;
        }
        match &self.namespace {
            Some(namespace) => write!(f, " in the namespace {namespace:?}"),
            None => Ok(()),
        }
    }
}

/// Rights in words, with the rules that grant them, a line each.
pub(super) fn listed(rights: &[Right]) -> String {
    let lines = rights.iter().map(|right| {
        let kind = match &right.namespace {
            Some(namespace) => format!("a Role in {namespace:?}"),
            None => "a ClusterRole".to_owned(),
        };
        format!("  - {right}: {kind} with the rule {}", right.rule())
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_named_with_the_rule_that_grants_them() {
        let rights = [
            Right::everywhere(Verb::List, "", "nodes"),
            Right::everywhere(Verb::List, "apps", "daemonsets"),
            Right::on(Verb::Patch, "", "configmaps", "gpu", "slices"),
            Right::on(Verb::Create, "", "configmaps", "gpu", "slices"),
        ];
        insta::assert_snapshot!(listed(&rights), @r#"
          - list nodes: a ClusterRole with the rule {apiGroups: [""], resources: ["nodes"], verbs: ["list"]}
          - list daemonsets.apps: a ClusterRole with the rule {apiGroups: ["apps"], resources: ["daemonsets"], verbs: ["list"]}
          - patch configmaps "slices" in the namespace "gpu": a Role in "gpu" with the rule {apiGroups: [""], resources: ["configmaps"], resourceNames: ["slices"], verbs: ["patch"]}
          - create configmaps "slices" in the namespace "gpu": a Role in "gpu" with the rule {apiGroups: [""], resources: ["configmaps"], verbs: ["create"]}
        "#);
    }
}
