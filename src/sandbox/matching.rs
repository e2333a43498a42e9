//! Which calls a fault or an actor waits for.

use serde_json::{Map, Value, json};

use super::clouds::Cloud;
use super::exchange::Call;

/// The name of all clusters' API servers in a `match`.
pub(crate) const KUBERNETES: &str = "kubernetes";

/// A call, as far as a `match` looks at it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// `gke`, `aks`, `kubernetes`.
    pub(crate) cloud: &'a str,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// What follows is there for calls to a cluster's API server only. The cluster's id.
    pub(crate) cluster: Option<&'a str>,
    /// As access control knows it: `list`, `patch`.
    pub(crate) verb: Option<&'a str>,
    /// The plural, `configmaps`.
    pub(crate) resource: Option<&'a str>,
    pub(crate) namespace: Option<&'a str>,
}

impl<'a> Asked<'a> {
    /// A call to a cloud's API.
    pub(crate) fn of(cloud: &'a str, call: &'a Call) -> Self {
        let (method, path) = (&call.method, &call.path);
        Self { cloud, method, path, cluster: None, verb: None, resource: None, namespace: None }
    }
}

/// A `match` that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MatchError {
    /// A field that there is not.
    #[error(
        "match has no field {0:?}; its fields are cloud, method, path, and for Kubernetes cluster, verb, resource, \
         namespace, all of them texts"
    )]
    Field(String),
    /// A cloud that the sandbox does not have.
    #[error("match.cloud: {0}")]
    Cloud(String),
}

/// Conditions on a call; what is not given matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Match {
    cloud: Option<String>,
    /// Upper case.
    method: Option<String>,
    /// A part of the path.
    path: Option<String>,
    cluster: Option<String>,
    verb: Option<String>,
    resource: Option<String>,
    namespace: Option<String>,
}

impl Match {
    pub(crate) fn read(fields: &Map<String, Value>) -> Result<Self, MatchError> {
        let mut read = Self::default();
        for (name, value) in fields {
            let Some(text) = value.as_str() else { return Err(MatchError::Field(name.clone())) };
            match name.as_str() {
                "cloud" if text == KUBERNETES => read.cloud = Some(text.to_owned()),
                "cloud" => {
                    read.cloud = Some(Cloud::named(text).map_err(MatchError::Cloud)?.name().to_owned());
                }
                "method" => read.method = Some(text.to_ascii_uppercase()),
                "path" => read.path = Some(text.to_owned()),
                "cluster" => read.cluster = Some(text.to_owned()),
                "verb" => read.verb = Some(text.to_owned()),
                "resource" => read.resource = Some(text.to_owned()),
                "namespace" => read.namespace = Some(text.to_owned()),
                _ => return Err(MatchError::Field(name.clone())),
            }
        }
        Ok(read)
    }

    pub(crate) fn matches(&self, asked: &Asked<'_>) -> bool {
        let same = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_ref().is_none_or(|wanted| found.is_some_and(|found| found.eq_ignore_ascii_case(wanted)))
        };
        same(&self.cloud, Some(asked.cloud))
            && same(&self.method, Some(asked.method))
            && self.path.as_ref().is_none_or(|part| asked.path.contains(part.as_str()))
            && same(&self.cluster, asked.cluster)
            && same(&self.verb, asked.verb)
            && same(&self.resource, asked.resource)
            && same(&self.namespace, asked.namespace)
    }

    pub(crate) fn view(&self) -> Value {
        let fields = [
            ("cloud", &self.cloud),
            ("method", &self.method),
            ("path", &self.path),
            ("cluster", &self.cluster),
            ("verb", &self.verb),
            ("resource", &self.resource),
            ("namespace", &self.namespace),
        ];
        let given =
            fields.iter().filter_map(|(name, value)| Some(((*name).to_owned(), json!(value.as_ref()?))));
        Value::Object(given.collect())
    }
}
