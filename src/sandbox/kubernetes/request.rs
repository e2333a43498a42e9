//! Which request is meant: verb, resource, namespace, name and subresource from method and path.

use serde_json::Value;

use super::resources::Resource;
use super::schema;
use crate::sandbox::exchange::Call;

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Path {
    /// `/version`.
    Version,
    /// `/healthz`, `/livez`, `/readyz` and what is below them.
    Health,
    /// `/api` and `/apis`, and what is below them without being a resource: group and version, where given.
    Discovery {
        core: bool,
        group: Option<String>,
        version: Option<String>,
    },
    /// `/openapi/v3` and below.
    OpenApi(String),
    /// A resource or an object.
    Resource(Place),
    Unknown,
}

/// The place of a resource or an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) plural: String,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) subresource: Option<String>,
}

impl Path {
    pub(crate) fn read(path: &str) -> Self {
        let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
        let text = |part: &&str| (**part).to_owned();
        match parts.as_slice() {
            ["version"] => Self::Version,
            ["healthz" | "livez" | "readyz", ..] => Self::Health,
            ["openapi", "v3", rest @ ..] => Self::OpenApi(rest.join("/")),
            ["api"] => Self::Discovery { core: true, group: None, version: None },
            ["api", version] => {
                Self::Discovery { core: true, group: Some(String::new()), version: Some(text(version)) }
            }
            ["apis"] => Self::Discovery { core: false, group: None, version: None },
            ["apis", group] => Self::Discovery { core: false, group: Some(text(group)), version: None },
            ["apis", group, version] => {
                Self::Discovery { core: false, group: Some(text(group)), version: Some(text(version)) }
            }
            ["api", version, rest @ ..] => Self::resource("", version, rest),
            ["apis", group, version, rest @ ..] => Self::resource(group, version, rest),
            _ => Self::Unknown,
        }
    }

    fn resource(group: &str, version: &str, rest: &[&str]) -> Self {
        let text = |part: &str| Some(part.to_owned());
        let (namespace, rest) = match rest {
            // The namespace's own subresources are told from resources in it by their names.
            ["namespaces", _, "status" | "finalize"] => (None, rest),
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (text(namespace), rest),
            _ => (None, rest),
        };
        let (plural, name, subresource) = match rest {
            [plural] => (plural, None, None),
            [plural, name] => (plural, text(name), None),
            [plural, name, subresource] => (plural, text(name), text(subresource)),
            _ => return Self::Unknown,
        };
        Self::Resource(Place {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: (*plural).to_owned(),
            namespace,
            name,
            subresource,
        })
    }
}

impl Place {
    /// The verb as access control knows it.
    pub(crate) fn verb(&self, call: &Call) -> &'static str {
        match (call.method.as_str(), self.name.is_some()) {
            ("GET", true) => "get",
            ("GET", false) if flag(call, "watch") => "watch",
            ("GET", false) => "list",
            ("POST", _) => "create",
            ("PUT", _) => "update",
            ("PATCH", _) => "patch",
            ("DELETE", true) => "delete",
            ("DELETE", false) => "deletecollection",
            _ => "",
        }
    }

    /// The resource as access control knows it: `pods`, `pods/eviction`.
    pub(crate) fn resource(&self) -> String {
        match &self.subresource {
            None => self.plural.clone(),
            Some(subresource) => format!("{}/{subresource}", self.plural),
        }
    }

    /// The path, as a request for this place would have it.
    pub(crate) fn path(&self) -> String {
        let mut path = match self.group.as_str() {
            "" => format!("/api/{}", self.version),
            group => format!("/apis/{group}/{}", self.version),
        };
        if let Some(namespace) = &self.namespace {
            path = format!("{path}/namespaces/{namespace}");
        }
        for part in [Some(&self.plural), self.name.as_ref(), self.subresource.as_ref()].into_iter().flatten()
        {
            path = format!("{path}/{part}");
        }
        path
    }

    pub(crate) fn is_of(&self, resource: &Resource) -> bool {
        self.group == resource.group && self.version == resource.version && self.plural == resource.plural
    }
}

/// A query parameter that is true or 1.
pub(crate) fn flag(call: &Call, name: &str) -> bool {
    call.parameter(name).is_some_and(|value| value == "true" || value == "1")
}

/// How the caller wants objects to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Whole,
    /// For people: `kubectl get`.
    Table,
    /// `metadata` alone.
    Metadata,
}

impl Form {
    /// The first form in the `Accept` header that is known here.
    pub(crate) fn of(call: &Call) -> Self {
        let accepted = call.header("accept").unwrap_or_default();
        for part in accepted.split(',') {
            let mut words = part.split(';').map(str::trim);
            if words.next() != Some("application/json") {
                continue;
            }
            let words: Vec<_> = words.collect();
            let v1 = words.contains(&"v=v1") && words.contains(&"g=meta.k8s.io");
            if v1 && words.contains(&"as=Table") {
                return Self::Table;
            }
            if v1
                && (words.contains(&"as=PartialObjectMetadata")
                    || words.contains(&"as=PartialObjectMetadataList"))
            {
                return Self::Metadata;
            }
            if !words.iter().any(|word| word.starts_with("as=")) {
                return Self::Whole;
            }
        }
        Self::Whole
    }
}

/// The field manager of a write: what the request says, else the first word of the client's name.
pub(crate) fn manager(call: &Call) -> String {
    let given = call.parameter("fieldManager").filter(|name| !name.is_empty());
    given.unwrap_or_else(|| {
        let agent = call.header("user-agent").unwrap_or_default();
        let first = agent.split('/').next().unwrap_or_default();
        let clean: String = first.chars().filter(|c| !c.is_control()).take(128).collect();
        if clean.is_empty() { "unknown".to_owned() } else { clean }
    })
}

/// The body as an object: JSON, or YAML or protobuf where the content type says so.
pub(crate) fn body(call: &Call) -> Result<Value, String> {
    if call.header("content-type").is_some_and(|kind| kind.starts_with(schema::MEDIA_TYPE)) {
        return schema::decode(&call.body);
    }
    let yaml = call.header("content-type").is_some_and(|kind| kind.contains("yaml"));
    if yaml {
        let text = String::from_utf8_lossy(&call.body);
        return serde_saphyr::from_str(&text).map_err(|error| format!("error parsing YAML: {error}"));
    }
    serde_json::from_slice(&call.body).map_err(|error| format!("error decoding: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::kubernetes::tests::call;

    fn place(path: &str) -> Place {
        match Path::read(path) {
            Path::Resource(place) => place,
            other => panic!("{path}: {other:?}"),
        }
    }

    #[test]
    fn paths_lead_to_resources() {
        let found = place("/apis/apps/v1/namespaces/n/daemonsets/d/status");
        assert_eq!(
            (found.group.as_str(), found.version.as_str(), found.plural.as_str()),
            ("apps", "v1", "daemonsets")
        );
        assert_eq!((found.namespace.as_deref(), found.name.as_deref()), (Some("n"), Some("d")));
        assert_eq!(found.resource(), "daemonsets/status");
        let namespace = place("/api/v1/namespaces/n");
        assert_eq!((namespace.plural.as_str(), namespace.name.as_deref()), ("namespaces", Some("n")));
        assert_eq!(place("/api/v1/namespaces/n/finalize").subresource.as_deref(), Some("finalize"));
        assert_eq!(place("/api/v1/namespaces/n/pods").namespace.as_deref(), Some("n"));
        assert_eq!(Path::read("/metrics"), Path::Unknown);
    }

    #[test]
    fn verbs_are_those_of_access_control() {
        let verb = |method: &str, target: &str| {
            let call = call(method, target, &Value::Null);
            place(&call.path).verb(&call)
        };
        assert_eq!(verb("GET", "/api/v1/nodes"), "list");
        assert_eq!(verb("GET", "/api/v1/nodes?watch=true"), "watch");
        assert_eq!(verb("GET", "/api/v1/nodes/n"), "get");
        assert_eq!(verb("PATCH", "/api/v1/nodes/n"), "patch");
        assert_eq!(verb("DELETE", "/api/v1/namespaces/n/configmaps"), "deletecollection");
    }

    #[test]
    fn kubectl_gets_tables() {
        let mut call = call("GET", "/api/v1/nodes", &Value::Null);
        let mut accepted = |text: &str| {
            call.headers.insert("accept", text.parse().unwrap());
            Form::of(&call)
        };
        let kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;\
                       g=meta.k8s.io,application/json";
        assert_eq!(accepted(kubectl), Form::Table);
        assert_eq!(accepted("application/vnd.kubernetes.protobuf,application/json"), Form::Whole);
        assert_eq!(accepted("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"), Form::Metadata);
        assert_eq!(accepted("*/*"), Form::Whole);
    }
}
