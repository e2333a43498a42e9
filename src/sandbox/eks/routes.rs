//! Which service and which call is meant.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::errors::Refusal;
use super::signature::{self, Caller};
use super::{Service, fields, model, xml};
use crate::sandbox::exchange::Call;

/// A call to EKS. Clusters are named by their ARN.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    ListClusters,
    DescribeCluster(String),
    ListGroups(String),
    CreateGroup(String),
    DescribeGroup(String, String),
    DeleteGroup(String, String),
    UpdateConfig(String, String),
    UpdateVersion(String, String),
    ListUpdates(String),
    /// Of that id.
    DescribeUpdate(String, String),
    ListTags(String),
    Tag(String),
    Untag(String),
    ListEntries(String),
    CreateEntry(String),
    /// The principal's ARN comes second.
    DescribeEntry(String, String),
    UpdateEntry(String, String),
    DeleteEntry(String, String),
    ListPolicies(String, String),
    AssociatePolicy(String, String),
    /// The policy's ARN comes third.
    DisassociatePolicy(String, String, String),
}

/// Where the services of AWS are below the sandbox's address.
const PREFIXES: [(&str, Service); 4] = [
    ("/eks", Service::Eks),
    ("/ec2", Service::Ec2),
    ("/sts", Service::Sts),
    ("/autoscaling", Service::AutoScaling),
];

/// The call under the path by which AWS's services are known here; none where it is for no service of AWS.
pub(crate) fn addressed(call: &Call) -> Option<String> {
    let path = call.path.as_str();
    let below =
        |prefix: &str| path.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    if let Some((service, rest)) =
        PREFIXES.iter().find_map(|(prefix, service)| Some((*service, below(prefix)?)))
    {
        return Some(match service {
            Service::Eks => format!("/{}", rest.trim_start_matches('/')),
            _ => query_path(service, call),
        });
    }
    if below("/clusters").is_some() || path.starts_with("/tags/arn:") {
        return Some(path.to_owned());
    }
    if !path.is_empty() && path != "/" {
        return None;
    }
    let signed_for = signature::caller(call)?.service;
    let (_, service) = PREFIXES.iter().find(|(prefix, _)| prefix.trim_start_matches('/') == signed_for)?;
    match service {
        Service::Eks => Some("/".to_owned()),
        other => Some(query_path(*other, call)),
    }
}

/// `/ec2/CreateLaunchTemplate`.
fn query_path(service: Service, call: &Call) -> String {
    let form = [xml::form(&call.body), xml::form(call.query.as_bytes())].concat();
    let action = form.iter().find(|(name, _)| name == "Action").map_or("", |(_, value)| value);
    let prefix = PREFIXES.iter().find(|(_, other)| *other == service).map_or("", |(prefix, _)| prefix);
    format!("{prefix}/{action}")
}

/// The service of a path from [`addressed`].
pub(super) fn service(path: &str) -> Service {
    let found = PREFIXES.iter().skip(1).find(|(prefix, _)| path.starts_with(&format!("{prefix}/")));
    found.map_or(Service::Eks, |(_, service)| *service)
}

/// The call to EKS behind a method and a path.
pub(super) fn route(call: &Call, caller: &Caller) -> Result<Route, Refusal> {
    // What AWS answers at other paths is unverified.
    let unknown = || Refusal::new(404, "UnknownOperationException", "");
    let (method, path) = (call.method.as_str(), call.path.as_str());
    if let Some(arn) = path.strip_prefix("/tags/") {
        let arn = arn.to_owned();
        return match method {
            "GET" => Ok(Route::ListTags(arn)),
            "POST" => Ok(Route::Tag(arn)),
            "DELETE" => Ok(Route::Untag(arn)),
            _ => Err(unknown()),
        };
    }
    let parts = segments(call);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let cluster = |name: &str| model::arn(&caller.account, &caller.region, name);
    let own = |name: &str| name.to_owned();
    Ok(match (method, parts.as_slice()) {
        ("GET", ["clusters"]) => Route::ListClusters,
        ("GET", ["clusters", name]) => Route::DescribeCluster(cluster(name)),
        ("GET", ["clusters", name, "node-groups"]) => Route::ListGroups(cluster(name)),
        ("POST", ["clusters", name, "node-groups"]) => Route::CreateGroup(cluster(name)),
        ("GET", ["clusters", name, "node-groups", group]) => Route::DescribeGroup(cluster(name), own(group)),
        ("DELETE", ["clusters", name, "node-groups", group]) => Route::DeleteGroup(cluster(name), own(group)),
        ("POST", ["clusters", name, "node-groups", group, "update-config"]) => {
            Route::UpdateConfig(cluster(name), own(group))
        }
        ("POST", ["clusters", name, "node-groups", group, "update-version"]) => {
            Route::UpdateVersion(cluster(name), own(group))
        }
        ("GET", ["clusters", name, "updates"]) => Route::ListUpdates(cluster(name)),
        ("GET", ["clusters", name, "updates", id]) => Route::DescribeUpdate(cluster(name), own(id)),
        (_, ["clusters", name, "access-entries", rest @ ..]) => {
            return access_route(method, cluster(name), rest).ok_or_else(unknown);
        }
        _ => return Err(unknown()),
    })
}

/// A call about access entries, by what comes after that word.
fn access_route(method: &str, cluster: String, rest: &[&str]) -> Option<Route> {
    let own = |name: &str| name.to_owned();
    Some(match (method, rest) {
        ("GET", []) => Route::ListEntries(cluster),
        ("POST", []) => Route::CreateEntry(cluster),
        ("GET", [principal]) => Route::DescribeEntry(cluster, own(principal)),
        ("POST", [principal]) => Route::UpdateEntry(cluster, own(principal)),
        ("DELETE", [principal]) => Route::DeleteEntry(cluster, own(principal)),
        ("GET", [principal, "access-policies"]) => Route::ListPolicies(cluster, own(principal)),
        ("POST", [principal, "access-policies"]) => Route::AssociatePolicy(cluster, own(principal)),
        ("DELETE", [principal, "access-policies", policy]) => {
            Route::DisassociatePolicy(cluster, own(principal), own(policy))
        }
        _ => return None,
    })
}

/// The parts of a path, decoded one by one: an ARN in it has slashes of its own.
fn segments(call: &Call) -> Vec<String> {
    let sent = call.target.split('?').next().unwrap_or_default();
    let sent = sent.strip_prefix("/eks").filter(|rest| rest.starts_with('/')).unwrap_or(sent);
    let parts = sent.trim_matches('/').split('/');
    parts.map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned()).collect()
}

/// The body of a call to EKS as a shape of its model.
pub(super) fn body(call: &Call, shape: &str) -> Result<Map<String, Value>, Refusal> {
    let parsed: Value = if call.body.is_empty() {
        Value::Object(Map::new())
    } else {
        serde_json::from_slice(&call.body)
            .map_err(|error| Refusal::new(400, "SerializationException", error.to_string()))?
    };
    fields::read(shape, &parsed).map_err(|violation| Refusal::unreadable(Service::Eks, &violation))
}

/// The action of a form and its parameters, as a tree.
pub(super) fn action(
    service: Service,
    form: &[(String, String)],
) -> Result<(String, Map<String, Value>), Refusal> {
    let text = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let action = text("Action").unwrap_or_default().to_owned();
    if action.is_empty() {
        return Err(Refusal::new(400, "MissingAction", "The request must contain the parameter Action"));
    }
    if text("Version") != Some(service.version()) {
        let message = format!("The action {action} is not valid for this web service.");
        return Err(Refusal::new(400, "InvalidAction", message));
    }
    let parameters: Vec<_> =
        form.iter().filter(|(name, _)| name != "Action" && name != "Version").cloned().collect();
    let tree = xml::tree(&parameters).ok_or_else(|| {
        Refusal::new(400, "MalformedQueryString", "a parameter is both a value and a structure")
    })?;
    Ok((action, tree))
}
