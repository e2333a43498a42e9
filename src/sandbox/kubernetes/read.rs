//! Reading objects: one, or a list in pieces, in the form that the caller wants.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::object;
use super::request::{Form, Place};
use super::resources::Resource;
use super::selectors::Selector;
use super::status::{About, Refusal};
use super::store::Store;
use super::tables;
use crate::sandbox::clock::Millis;
use crate::sandbox::exchange::Call;

/// Fields that selectors may name, by resource; name and namespace go everywhere.
const SELECTABLE: &[(&str, &[&str])] = &[
    (
        "pods",
        &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
    ),
    ("nodes", &["spec.unschedulable"]),
    ("namespaces", &["status.phase"]),
    ("secrets", &["type"]),
    (
        "events",
        &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
    ),
];

/// The selectors of a request.
pub(crate) fn selector(resource: &Resource, call: &Call) -> Result<Selector, Refusal> {
    let parameter = |name: &str| call.parameter(name).unwrap_or_default();
    let (labels, fields) = (parameter("labelSelector"), parameter("fieldSelector"));
    let selector = Selector::read(&labels, &fields).map_err(Refusal::bad_request)?;
    let own = SELECTABLE.iter().find(|(id, _)| *id == resource.id()).map_or(&[][..], |(_, own)| own);
    let known: Vec<_> = own.iter().copied().chain(["metadata.name", "metadata.namespace"]).collect();
    if let Some(unknown) = selector.unknown_field(&known) {
        return Err(Refusal::bad_request(format!(
            "Unable to find {:?} that match label selector {labels:?}, field selector {fields:?}: field label not \
             supported: {unknown}",
            format!("{}, Resource={}", resource.api_version(), resource.plural)
        )));
    }
    Ok(selector)
}

/// The objects of a resource, of one namespace or all.
pub(crate) fn objects<'a>(
    store: &'a Store,
    resource: &Resource,
    namespace: Option<&'a str>,
) -> impl Iterator<Item = &'a Value> {
    let here = move |item: &&Value| namespace.is_none_or(|namespace| object::namespace(item) == namespace);
    store.all(&resource.id()).filter(here)
}

/// One object, or why not.
pub(crate) fn object<'a>(store: &'a Store, resource: &Resource, place: &Place) -> Result<&'a Value, Refusal> {
    let name = place.name.as_deref().unwrap_or_default();
    let key = object::key(place.namespace.as_deref().unwrap_or_default(), name);
    let about = About { plural: &resource.plural, group: &resource.group, name };
    store.get(&resource.id(), &key).ok_or_else(|| Refusal::not_found(&about))
}

/// One object as the caller wants to see it.
pub(crate) fn get(
    store: &Store,
    resource: &Resource,
    place: &Place,
    call: &Call,
    now: Millis,
) -> Result<Value, Refusal> {
    let found = object(store, resource, place)?;
    Ok(match Form::of(call) {
        Form::Whole => found.clone(),
        Form::Metadata => metadata(found),
        Form::Table => tables::table(store, resource, &[found], &json!({}), now, true),
    })
}

/// A list, in pieces where the request has a `limit`.
pub(crate) fn list(
    store: &Store,
    resource: &Resource,
    place: &Place,
    call: &Call,
    now: Millis,
) -> Result<Value, Refusal> {
    let selector = selector(resource, call)?;
    let limit = call.parameter("limit").and_then(|text| text.parse().ok()).filter(|limit: &usize| *limit > 0);
    let token = call.parameter("continue").filter(|token| !token.is_empty());
    let (revision, after) = match &token {
        None => (store.revision(), None),
        Some(token) => {
            let (revision, after) = read_token(token)?;
            if store.since(revision).is_err() {
                return Err(Refusal::expired(
                    "The provided continue parameter is too old to display a consistent list result. You can start \
                     a new list without the continue parameter.",
                ));
            }
            (revision, Some(after))
        }
    };
    if let Some(wanted) = call.parameter("resourceVersion").and_then(|text| text.parse::<u64>().ok())
        && wanted > store.revision()
    {
        return Err(Refusal::too_large(wanted, store.revision()));
    }
    let rest: Vec<_> = objects(store, resource, place.namespace.as_deref())
        .filter(|item| selector.matches(item))
        .filter(|item| after.as_ref().is_none_or(|after| object::key_of(item) > *after))
        .collect();
    let count = limit.unwrap_or(rest.len()).min(rest.len());
    let (shown, left) = rest.split_at(count);
    let mut meta = json!({"resourceVersion": revision.to_string()});
    if let (Some(last), false) = (shown.last(), left.is_empty()) {
        meta["continue"] = json!(token_after(revision, &object::key_of(last)));
        // With a selector the real server does not know how many are left.
        if selector.is_empty() {
            meta["remainingItemCount"] = json!(left.len());
        }
    }
    Ok(match Form::of(call) {
        Form::Table => tables::table(store, resource, shown, &meta, now, true),
        Form::Metadata => {
            let items: Vec<_> = shown.iter().map(|item| metadata(item)).collect();
            json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "items": items})
        }
        Form::Whole => {
            let items: Vec<_> = shown.iter().map(|item| item_of_list(resource, item)).collect();
            json!({"kind": format!("{}List", resource.kind), "apiVersion": resource.api_version(), "metadata": meta,
                "items": items})
        }
    })
}

/// Items of a list of built-in objects carry neither kind nor version.
fn item_of_list(resource: &Resource, item: &Value) -> Value {
    let mut item = item.clone();
    if let (false, Some(map)) = (resource.custom, item.as_object_mut()) {
        map.remove("kind");
        map.remove("apiVersion");
    }
    item
}

/// `PartialObjectMetadata` of an object.
pub(crate) fn metadata(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
}

fn token_after(revision: u64, last: &str) -> String {
    STANDARD.encode(json!({"v": "meta.k8s.io/v1", "rv": revision, "start": last}).to_string())
}

fn read_token(token: &str) -> Result<(u64, String), Refusal> {
    let unreadable = || Refusal::bad_request("continue key is not valid: invalid character in the token");
    let bytes = STANDARD.decode(token).map_err(|_| unreadable())?;
    let token: Value = serde_json::from_slice(&bytes).map_err(|_| unreadable())?;
    match (token["rv"].as_u64(), token["start"].as_str()) {
        (Some(revision), Some(start)) => Ok((revision, start.to_owned())),
        _ => Err(unreadable()),
    }
}
