//! Who asks, and whether they may: any bearer token is somebody, and everybody may do everything, unless a fault says
//! otherwise, or a cloud whose API server knows its visitors.

use serde_json::{Value, json};

use super::cluster::View;
use super::request::{Path, Place};
use super::status::{About, Refusal};
use crate::sandbox::clock::Millis;
use crate::sandbox::exchange::Call;
use crate::sandbox::faults::Faults;
use crate::sandbox::matching::Asked;

/// Somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) groups: Vec<String>,
    pub(crate) rights: Rights,
}

/// What somebody may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rights {
    All,
    /// What one of these permits.
    Granted(Vec<Grant>),
}

/// A part of what somebody may do: reading, and perhaps more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    /// Change things, too.
    pub(crate) write: bool,
    /// What is in no namespace, too.
    pub(crate) cluster: bool,
    /// Secrets, too.
    pub(crate) secrets: bool,
    /// In these namespaces; none: in all of them.
    pub(crate) namespaces: Option<Vec<String>>,
}

impl Rights {
    /// Whether a call is permitted.
    pub(crate) fn allow(&self, verb: &str, place: &Place) -> bool {
        let permits = |grant: &Grant| {
            let reads = matches!(verb, "get" | "list" | "watch");
            let inside = match (&grant.namespaces, &place.namespace) {
                (Some(namespaces), Some(namespace)) => namespaces.contains(namespace),
                (Some(_), None) => false,
                (None, _) => true,
            };
            // A list over all namespaces names none.
            let cluster_wide = CLUSTER_WIDE.contains(&place.plural.as_str());
            (grant.write || reads)
                && inside
                && (grant.cluster || !cluster_wide)
                && (grant.secrets || place.plural != "secrets")
        };
        match self {
            Self::All => true,
            Self::Granted(grants) => grants.iter().any(permits),
        }
    }
}

/// Resources in no namespace, as far as they are served here.
const CLUSTER_WIDE: &[&str] = &["nodes", "namespaces", "clusterpolicies", "customresourcedefinitions"];

/// A cloud whose clusters know who comes.
pub(crate) trait Doorkeeper: std::fmt::Debug {
    /// Who a bearer token stands for in a cluster; none: nobody that it knows.
    fn admit(&self, cluster: &str, token: &str, now: Millis) -> Option<User>;
}

impl User {
    /// Who a bearer token of this cloud stands for.
    fn of_cloud(cloud: &str) -> Self {
        let name = match cloud {
            // RBAC knows a Google account by its e-mail address.
            "gke" => "sandbox@sandbox.iam.gserviceaccount.com",
            // EKS an access entry by the principal's ARN.
            "eks" => "arn:aws:iam::000000000000:user/sandbox",
            // And a service principal of Entra ID by its object id.
            _ => "11111111-1111-1111-1111-111111111111",
        };
        Self { name: name.to_owned(), groups: vec!["system:authenticated".to_owned()], rights: Rights::All }
    }
}

/// The user of a call: a bearer token or a client certificate, as far as the cluster takes them; else nobody.
pub(crate) fn authenticate(
    view: &View<'_>,
    call: &Call,
    certificate: Option<&User>,
    now: Millis,
) -> Result<User, Refusal> {
    let token = call.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let token = token.map(str::trim).filter(|token| !token.is_empty());
    // The word is that of the sandbox's own kubeconfig.
    if let (Some(token), Some(door)) = (token, view.door)
        && token != "sandbox"
    {
        return door.admit(&view.id, token, now).ok_or_else(Refusal::unauthorized);
    }
    match (token, certificate.filter(|_| view.certificates)) {
        (Some(_), _) if view.tokens => Ok(User::of_cloud(view.cloud)),
        (None, Some(user)) => Ok(user.clone()),
        _ => Err(Refusal::unauthorized()),
    }
}

/// 403 in Kubernetes' words, with what the cloud adds to them.
pub(crate) fn forbidden(cloud: &str, user: &User, place: &Place, verb: &str) -> Refusal {
    let scope = match &place.namespace {
        Some(namespace) => format!("in the namespace {namespace:?}"),
        None => "at the cluster scope".to_owned(),
    };
    // The additions are as their users report them; no source of the clouds says them.
    let hint = match cloud {
        "gke" => format!(": requires one of [\"container.{}.{verb}\"] permission(s).", place.plural),
        _ => String::new(),
    };
    let why = format!(
        "User {:?} cannot {verb} resource {:?} in API group {:?} {scope}{hint}",
        user.name,
        place.resource(),
        place.group
    );
    let about =
        About { plural: &place.plural, group: &place.group, name: place.name.as_deref().unwrap_or_default() };
    Refusal::forbidden(&about, &why)
}

/// What faults are matched against, for a call to a cluster.
pub(crate) fn asked<'a>(
    cluster: &'a str,
    method: &'a str,
    path: &'a str,
    place: Option<&'a Place>,
    verb: &'a str,
) -> Asked<'a> {
    Asked {
        cloud: "kubernetes",
        method,
        path,
        cluster: Some(cluster),
        verb: Some(verb),
        resource: place.map(|place| place.plural.as_str()),
        namespace: place.and_then(|place| place.namespace.as_deref()),
    }
}

/// Answers a review: `SelfSubjectReview`, `SelfSubjectAccessReview`, `SelfSubjectRulesReview`.
pub(crate) fn review(
    cluster: &str,
    place: &Place,
    mut body: Value,
    user: &User,
    faults: &Faults,
) -> Result<Value, Refusal> {
    if !body.is_object() {
        return Err(Refusal::bad_request("the body of the request is no object"));
    }
    body["status"] = match place.plural.as_str() {
        "selfsubjectreviews" => json!({"userInfo": {"username": user.name, "groups": user.groups}}),
        "selfsubjectrulesreviews" => json!({
            "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
            "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
            "incomplete": false,
        }),
        _ => {
            let allowed = allowed(cluster, &body["spec"], user, faults);
            if allowed {
                json!({"allowed": true})
            } else {
                json!({"allowed": false, "reason": "no RBAC policy matched"})
            }
        }
    };
    Ok(body)
}

/// Whether what an access review asks about would not be refused, by rights or by a fault.
fn allowed(cluster: &str, spec: &Value, user: &User, faults: &Faults) -> bool {
    let attributes = &spec["resourceAttributes"];
    let text = |field: &str| attributes[field].as_str().unwrap_or_default().to_owned();
    let some = |field: &str| Some(text(field)).filter(|text| !text.is_empty());
    let Some(plural) = some("resource") else { return true };
    let version = some("version").filter(|version| version != "*").unwrap_or_else(|| "v1".to_owned());
    let place = Place {
        group: text("group"),
        version,
        plural,
        namespace: some("namespace"),
        name: some("name"),
        subresource: some("subresource"),
    };
    let verb = text("verb");
    let method = match verb.as_str() {
        "create" => "POST",
        "update" => "PUT",
        "patch" => "PATCH",
        "delete" | "deletecollection" => "DELETE",
        _ => "GET",
    };
    user.rights.allow(&verb, &place)
        && !faults.forbids(&asked(cluster, method, &place.path(), Some(&place), &verb))
}

/// True for the calls by which everybody may ask what they may do.
pub(crate) fn is_review(path: &Path) -> bool {
    matches!(path, Path::Resource(place) if place.plural.starts_with("selfsubject"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::kubernetes::cluster::Stack;
    use crate::sandbox::kubernetes::tests::call;

    #[test]
    fn tokens_and_certificates_count_where_the_cluster_takes_them() {
        let view = |tokens: bool, certificates: bool| View {
            id: String::new(),
            cloud: "aks",
            version: "1",
            created_at: 0,
            tokens,
            certificates,
            stack: Stack::Nothing,
            workload: false,
            door: None,
            nodes: Vec::new(),
        };
        let with_token = call("GET", "/api", &Value::Null);
        let mut without = with_token.clone();
        without.headers.remove("authorization");
        let mut empty = with_token.clone();
        empty.headers.insert("authorization", "Bearer  ".parse().unwrap());
        let admin = User { name: "masterclient".to_owned(), groups: Vec::new(), rights: Rights::All };
        let who = |view: &View<'_>, call: &Call, user: Option<&User>| {
            authenticate(view, call, user, 0).map_or_else(|_| "nobody".to_owned(), |user| user.name)
        };
        let entra = User::of_cloud("aks").name;
        assert_eq!(who(&view(true, true), &with_token, None), entra);
        assert_eq!(who(&view(true, true), &without, Some(&admin)), "masterclient");
        for (view, call, user) in [
            (view(true, true), &without, None),
            (view(true, true), &empty, None),
            (view(false, true), &with_token, None),
            (view(true, false), &without, Some(&admin)),
        ] {
            assert_eq!(who(&view, call, user), "nobody", "{view:?}");
        }
    }
}
