//! Deleting objects: at once, after a grace period, or when the last finalizer is gone.

use serde_json::{Value, json};

use super::cluster::{Cluster, Scene};
use super::object::{self, text};
use super::read;
use super::request::{self, Place};
use super::resources::Resource;
use super::status::{About, Refusal};
use super::write::Done;
use crate::sandbox::clock::rfc3339_seconds;
use crate::sandbox::exchange::Call;

/// What a request says about the deletion: body and query, the query first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// Seconds.
    pub(crate) grace: Option<u64>,
    pub(crate) uid: Option<String>,
    pub(crate) revision: Option<String>,
}

impl Options {
    pub(crate) fn of(call: &Call) -> Result<Self, Refusal> {
        let body = if call.body.is_empty() {
            Value::Null
        } else {
            request::body(call).map_err(Refusal::bad_request)?
        };
        let seconds = call.parameter("gracePeriodSeconds").and_then(|text| text.parse().ok());
        let read = Self::read(&body);
        Ok(Self { grace: seconds.or(read.grace), ..read })
    }

    /// From a `DeleteOptions` object.
    pub(crate) fn read(options: &Value) -> Self {
        let precondition = |field: &str| {
            options.pointer(&format!("/preconditions/{field}")).and_then(Value::as_str).map(str::to_owned)
        };
        Self {
            grace: options["gracePeriodSeconds"].as_u64(),
            uid: precondition("uid"),
            revision: precondition("resourceVersion"),
        }
    }
}

impl Cluster {
    /// DELETE of one object.
    pub(crate) fn delete(
        &mut self,
        scene: &Scene<'_>,
        resource: &Resource,
        place: &Place,
        call: &Call,
    ) -> Result<Done, Refusal> {
        let found = read::object(&self.store, resource, place)?.clone();
        let options = Options::of(call)?;
        self.delete_object(scene, resource, &found, &options).map(Done::ok)
    }

    /// DELETE of a collection: everything that the selectors choose. Answers with what was there.
    pub(crate) fn delete_collection(
        &mut self,
        scene: &Scene<'_>,
        resource: &Resource,
        place: &Place,
        call: &Call,
    ) -> Result<Done, Refusal> {
        let selector = read::selector(resource, call)?;
        let options = Options::of(call)?;
        let chosen: Vec<_> = read::objects(&self.store, resource, place.namespace.as_deref())
            .filter(|object| selector.matches(object))
            .cloned()
            .collect();
        for object in &chosen {
            self.delete_object(scene, resource, object, &options)?;
        }
        Ok(Done::ok(json!({"kind": format!("{}List", resource.kind), "apiVersion": resource.api_version(),
            "metadata": {"resourceVersion": self.store.revision().to_string()}, "items": chosen})))
    }

    /// Deletes or marks an object, and returns the answer's body.
    pub(crate) fn delete_object(
        &mut self,
        scene: &Scene<'_>,
        resource: &Resource,
        object: &Value,
        options: &Options,
    ) -> Result<Value, Refusal> {
        let about = About { plural: &resource.plural, group: &resource.group, name: object::name(object) };
        let present = (object::uid(object), text(object, "/metadata/resourceVersion"));
        for (wanted, found, what) in
            [(&options.uid, present.0, "UID"), (&options.revision, present.1, "ResourceVersion")]
        {
            if let Some(wanted) = wanted.as_ref().filter(|wanted| *wanted != found) {
                let why = format!(
                    "Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {found}"
                );
                return Err(Refusal::conflict(&about, &why));
            }
        }
        let namespace = resource.id() == "namespaces";
        let kept = !object::list(object, "/metadata/finalizers").is_empty();
        let bound = resource.id() == "pods" && !text(object, "/spec/nodeName").is_empty();
        let grace = if bound {
            let own = object.pointer("/spec/terminationGracePeriodSeconds").and_then(Value::as_u64);
            options.grace.or(own).unwrap_or(30)
        } else {
            0
        };
        if grace > 0 || kept || namespace {
            if object::terminating(object) {
                return Ok(object.clone());
            }
            let mut marked = object.clone();
            let at = scene.now + grace * 1000;
            marked["metadata"]["deletionTimestamp"] = json!(rfc3339_seconds(at));
            marked["metadata"]["deletionGracePeriodSeconds"] = json!(grace);
            if namespace {
                marked["status"]["phase"] = json!("Terminating");
            }
            return Ok(self.store.put(&resource.id(), marked));
        }
        self.store.remove(&resource.id(), &object::key_of(object));
        let mut details = json!({"name": about.name, "kind": resource.plural, "uid": present.0});
        if !resource.group.is_empty() {
            details["group"] = json!(resource.group);
        }
        Ok(
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}),
        )
    }
}
