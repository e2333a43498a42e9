//! What the API server serves: groups, versions, resources with their kinds, short names and subresources.

use serde_json::Value;

use super::object::{self, text};
use super::schema::Type;
use super::store::Store;

/// A resource of the API.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Resource {
    /// Empty for the core group.
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) plural: String,
    pub(crate) singular: String,
    pub(crate) kind: String,
    pub(crate) namespaced: bool,
    pub(crate) short: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) subresources: Vec<String>,
    pub(crate) schema: Type,
    /// Defined by a `CustomResourceDefinition`.
    pub(crate) custom: bool,
    /// Answers a question and keeps nothing.
    pub(crate) review: bool,
}

/// group, version, plural, kind, namespaced, short names, subresources.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    bool,
    &'static [&'static str],
    &'static [&'static str],
);

const ROWS: &[Row] = &[
    ("", "v1", "namespaces", "Namespace", false, &["ns"], &["status", "finalize"]),
    ("", "v1", "nodes", "Node", false, &["no"], &["status"]),
    ("", "v1", "pods", "Pod", true, &["po"], &["status", "eviction", "binding"]),
    ("", "v1", "configmaps", "ConfigMap", true, &["cm"], &[]),
    ("", "v1", "events", "Event", true, &["ev"], &[]),
    ("", "v1", "secrets", "Secret", true, &[], &[]),
    ("", "v1", "serviceaccounts", "ServiceAccount", true, &["sa"], &[]),
    ("apps", "v1", "daemonsets", "DaemonSet", true, &["ds"], &["status"]),
    ("apps", "v1", "deployments", "Deployment", true, &["deploy"], &["status"]),
    ("apps", "v1", "replicasets", "ReplicaSet", true, &["rs"], &["status"]),
    ("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true, &["pdb"], &["status"]),
    ("coordination.k8s.io", "v1", "leases", "Lease", true, &[], &[]),
    (
        "apiextensions.k8s.io",
        "v1",
        "customresourcedefinitions",
        "CustomResourceDefinition",
        false,
        &["crd", "crds"],
        &["status"],
    ),
];

/// Resources that only answer: group, plural, kind.
const REVIEWS: &[(&str, &str, &str)] = &[
    ("authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview"),
    ("authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview"),
    ("authorization.k8s.io", "selfsubjectrulesreviews", "SelfSubjectRulesReview"),
];

impl Resource {
    /// `configmaps`, `daemonsets.apps`.
    pub(crate) fn id(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// `v1`, `apps/v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    pub(crate) fn has(&self, subresource: &str) -> bool {
        self.subresources.iter().any(|known| known == subresource)
    }

    /// What can be done with it, as discovery lists it.
    pub(crate) fn verbs(&self) -> &'static [&'static str] {
        if self.review {
            &["create"]
        } else {
            &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
        }
    }
}

/// Everything that is served now: what is built in, and what `CustomResourceDefinition`s add.
pub(crate) fn all(store: &Store) -> Vec<Resource> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let built_in = ROWS.iter().map(|(group, version, plural, kind, namespaced, short, subresources)| {
        let known = *kind != "CustomResourceDefinition";
        Resource {
            group: (*group).to_owned(),
            version: (*version).to_owned(),
            plural: (*plural).to_owned(),
            singular: kind.to_ascii_lowercase(),
            kind: (*kind).to_owned(),
            namespaced: *namespaced,
            short: words(short),
            categories: if matches!(*plural, "pods" | "daemonsets" | "deployments" | "replicasets") {
                words(&["all"])
            } else {
                Vec::new()
            },
            subresources: words(subresources),
            schema: if known { Type::Named((*kind).to_owned()) } else { Type::Any },
            custom: false,
            review: false,
        }
    });
    let reviews = REVIEWS.iter().map(|(group, plural, kind)| Resource {
        group: (*group).to_owned(),
        version: "v1".to_owned(),
        plural: (*plural).to_owned(),
        singular: kind.to_ascii_lowercase(),
        kind: (*kind).to_owned(),
        namespaced: false,
        short: Vec::new(),
        categories: Vec::new(),
        subresources: Vec::new(),
        schema: Type::Named((*kind).to_owned()),
        custom: false,
        review: true,
    });
    let custom = store.all("customresourcedefinitions.apiextensions.k8s.io").flat_map(defined);
    built_in.chain(reviews).chain(custom).collect()
}

/// The resources of a `CustomResourceDefinition`: one for each version that is served.
fn defined(definition: &Value) -> Vec<Resource> {
    let strings = |pointer: &str| {
        let items = object::list(definition, pointer).iter();
        items.filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
    };
    let names = |field: &str| text(definition, &format!("/spec/names/{field}")).to_owned();
    let versions =
        object::list(definition, "/spec/versions").iter().filter(|version| version["served"] == true);
    let kind = names("kind");
    versions
        .map(|version| Resource {
            group: text(definition, "/spec/group").to_owned(),
            version: text(version, "/name").to_owned(),
            plural: names("plural"),
            singular: match names("singular") {
                none if none.is_empty() => kind.to_ascii_lowercase(),
                given => given,
            },
            kind: kind.clone(),
            namespaced: text(definition, "/spec/scope") == "Namespaced",
            short: strings("/spec/names/shortNames"),
            categories: strings("/spec/names/categories"),
            subresources: version
                .pointer("/subresources/status")
                .map(|_| "status".to_owned())
                .into_iter()
                .collect(),
            schema: Type::Any,
            custom: true,
            review: false,
        })
        .collect()
}
