//! Writing objects: from the request's body to the stored object, with owners of fields, and what writing refuses.

use serde_json::{Value, json};

use super::cluster::{Cluster, Scene};
use super::managed::{self, Writer};
use super::object::{self, text};
use super::patch::{self, PatchKind};
use super::request::{self, Place};
use super::resources::Resource;
use super::status::{About, Refusal};
use super::{kinds, placement, read};
use crate::sandbox::clock::rfc3339_seconds;
use crate::sandbox::exchange::Call;

/// A write that was carried out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Done {
    pub(crate) status: u16,
    pub(crate) body: Value,
    /// Each goes into a `Warning` header.
    pub(crate) warnings: Vec<String>,
}

impl Done {
    pub(crate) fn ok(body: Value) -> Self {
        Self { status: 200, body, warnings: Vec::new() }
    }
}

/// How strictly a body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strictness {
    Ignore,
    Warn,
    Strict,
}

impl Strictness {
    fn of(call: &Call) -> Result<Self, Refusal> {
        match call.parameter("fieldValidation").as_deref() {
            None | Some("" | "Warn") => Ok(Self::Warn),
            Some("Ignore") => Ok(Self::Ignore),
            Some("Strict") => Ok(Self::Strict),
            Some(other) => Err(Refusal::bad_request(format!("invalid fieldValidation {other:?}"))),
        }
    }
}

/// The object of a request's body, typed: unknown fields are told or refused and dropped.
fn typed(
    resource: &Resource,
    mut object: Value,
    strictness: Strictness,
    warnings: &mut Vec<String>,
) -> Result<Value, Refusal> {
    let mut unknown = Vec::new();
    let kind = &resource.kind;
    let decoded = resource.schema.complaints(&object, "", &mut unknown);
    decoded.map_err(|wrong| {
        Refusal::bad_request(format!(
            "{kind} in version {:?} cannot be handled as a {kind}: json: cannot unmarshal: {wrong}",
            resource.version
        ))
    })?;
    let found = unknown.iter().map(|field| format!("unknown field {field:?}"));
    match strictness {
        Strictness::Strict if !unknown.is_empty() => {
            return Err(Refusal::bad_request(format!(
                "{kind} in version {:?} cannot be handled as a {kind}: strict decoding error: {}",
                resource.version,
                found.collect::<Vec<_>>().join(", ")
            )));
        }
        Strictness::Warn | Strictness::Strict => warnings.extend(found),
        Strictness::Ignore => {}
    }
    resource.schema.prune(&mut object);
    if !resource.custom {
        object::drop_nulls(&mut object);
    }
    Ok(object)
}

/// Checks that a body is an object of this kind and version for this place, and completes it from the place.
fn placed(resource: &Resource, place: &Place, mut body: Value) -> Result<Value, Refusal> {
    let sentence = |text: String| Err(Refusal::bad_request(text));
    if !body.is_object() {
        return sentence("the body of the request is no object".to_owned());
    }
    for (field, expected) in [("kind", resource.kind.clone()), ("apiVersion", resource.api_version())] {
        let given = text(&body, &format!("/{field}"));
        if given.is_empty() && !resource.custom {
            body[field] = json!(expected);
        } else if given != expected {
            return sentence(format!(
                "{} in version {:?} cannot be handled as a {}: no kind {:?} is registered for version {:?}",
                text(&body, "/kind"),
                text(&body, "/apiVersion"),
                resource.kind,
                text(&body, "/kind"),
                text(&body, "/apiVersion")
            ));
        }
    }
    if !body["metadata"].is_object() && !body["metadata"].is_null() {
        return sentence("metadata is no object".to_owned());
    }
    let namespace = place.namespace.clone().unwrap_or_default();
    let given = text(&body, "/metadata/namespace").to_owned();
    if resource.namespaced && given.is_empty() {
        body["metadata"]["namespace"] = json!(namespace);
    } else if resource.namespaced && given != namespace {
        return sentence(format!(
            "the namespace of the provided object does not match the namespace sent on the request ({given} / {namespace})"
        ));
    }
    if let Some(name) = &place.name {
        let given = text(&body, "/metadata/name").to_owned();
        if given.is_empty() {
            body["metadata"]["name"] = json!(name);
        } else if given != *name {
            return sentence(format!(
                "the name of the object ({given}) does not match the name on the URL ({name})"
            ));
        }
    }
    Ok(body)
}

impl Cluster {
    /// POST of an object.
    pub(crate) fn create(
        &mut self,
        scene: &mut Scene<'_>,
        resource: &Resource,
        place: &Place,
        call: &Call,
    ) -> Result<Done, Refusal> {
        let mut warnings = Vec::new();
        let body = request::body(call).map_err(Refusal::bad_request)?;
        let mut body = placed(resource, place, body)?;
        if text(&body, "/metadata/name").is_empty() {
            let prefix = text(&body, "/metadata/generateName").to_owned();
            if !prefix.is_empty() {
                body["metadata"]["name"] = json!(format!("{prefix}{}", scene.random.suffix(5)));
            }
        }
        let mut object = typed(resource, body, Strictness::of(call)?, &mut warnings)?;
        if resource.id() == "pods" {
            placement::tolerate_own_resources(&mut object["spec"]);
        }
        let manager = request::manager(call);
        let created = self.insert(scene, resource, object, &manager, None)?;
        Ok(Done { status: 201, body: created, warnings })
    }

    /// A new object: defaults, rules, owners. `applied` are the owners where an apply already noted them.
    fn insert(
        &mut self,
        scene: &mut Scene<'_>,
        resource: &Resource,
        mut object: Value,
        manager: &str,
        applied: Option<Value>,
    ) -> Result<Value, Refusal> {
        let name = object::name(&object).to_owned();
        let about = About { plural: &resource.plural, group: &resource.group, name: &name };
        if !text(&object, "/metadata/resourceVersion").is_empty() {
            return Err(Refusal::bad_request("resourceVersion should not be set on objects to be created"));
        }
        if resource.namespaced {
            self.check_namespace(object::namespace(&object), &about)?;
        }
        if self.store.get(&resource.id(), &object::key_of(&object)).is_some() {
            return Err(Refusal::already_exists(&about));
        }
        let sent = object.pointer("/metadata/managedFields").cloned();
        kinds::prepare_create(resource, &mut object);
        object["metadata"]["uid"] = json!(scene.random.uuid());
        object["metadata"]["creationTimestamp"] = json!(rfc3339_seconds(scene.now));
        object::drop_nulls(&mut object);
        kinds::validate(resource, &object, None)?;
        match applied {
            Some(owners) => object["metadata"]["managedFields"] = owners,
            None => {
                if let Some(sent) = sent {
                    object["metadata"]["managedFields"] = sent;
                }
                let now = rfc3339_seconds(scene.now);
                let api_version = resource.api_version();
                let writer = Writer { manager, api_version: &api_version, subresource: "", now: &now };
                let has_status = resource.has("status");
                managed::note_update(&resource.schema, has_status, &Value::Null, &mut object, &writer);
            }
        }
        Ok(self.store.put(&resource.id(), object))
    }

    fn check_namespace(&self, namespace: &str, about: &About<'_>) -> Result<(), Refusal> {
        let Some(found) = self.store.get("namespaces", namespace) else {
            return Err(Refusal::not_found(&About { plural: "namespaces", group: "", name: namespace }));
        };
        if object::terminating(found) {
            let why = format!(
                "unable to create new content in namespace {namespace} because it is being terminated"
            );
            return Err(Refusal::forbidden(about, &why));
        }
        Ok(())
    }

    /// PUT of an object or of its subresource.
    pub(crate) fn update(
        &mut self,
        scene: &mut Scene<'_>,
        resource: &Resource,
        place: &Place,
        call: &Call,
    ) -> Result<Done, Refusal> {
        let mut warnings = Vec::new();
        let body = request::body(call).map_err(Refusal::bad_request)?;
        let object = typed(resource, placed(resource, place, body)?, Strictness::of(call)?, &mut warnings)?;
        let old = read::object(&self.store, resource, place)?.clone();
        let manager = request::manager(call);
        let subresource = place.subresource.clone().unwrap_or_default();
        let body = self.replace(scene, resource, &old, object, &manager, &subresource)?;
        Ok(Done { warnings, ..Done::ok(body) })
    }

    /// PATCH of an object or of its subresource.
    pub(crate) fn patch(
        &mut self,
        scene: &mut Scene<'_>,
        resource: &Resource,
        place: &Place,
        call: &Call,
    ) -> Result<Done, Refusal> {
        let kind = PatchKind::of(call.header("content-type"), !resource.custom)?;
        if kind == PatchKind::Apply {
            return self.apply(scene, resource, place, call);
        }
        if request::flag(call, "force") {
            return Err(Refusal::bad_options("force", "may not be specified for non-apply patch"));
        }
        let old = read::object(&self.store, resource, place)?.clone();
        let after = patch::patched(kind, &resource.schema, &old, &call.body)?;
        let mut warnings = Vec::new();
        let after = typed(resource, placed(resource, place, after)?, Strictness::of(call)?, &mut warnings)?;
        let manager = request::manager(call);
        let subresource = place.subresource.clone().unwrap_or_default();
        let body = self.replace(scene, resource, &old, after, &manager, &subresource)?;
        Ok(Done { warnings, ..Done::ok(body) })
    }

    fn apply(
        &mut self,
        scene: &mut Scene<'_>,
        resource: &Resource,
        place: &Place,
        call: &Call,
    ) -> Result<Done, Refusal> {
        let Some(manager) = call.parameter("fieldManager").filter(|name| !name.is_empty()) else {
            return Err(Refusal::bad_options("fieldManager", "is required for apply patch"));
        };
        let config = placed(resource, place, request::body(call).map_err(Refusal::bad_request)?)?;
        if config.pointer("/metadata/managedFields").is_some() {
            return Err(Refusal::bad_request("metadata.managedFields must be nil"));
        }
        let mut unknown = Vec::new();
        let complaint = resource.schema.complaints(&config, "", &mut unknown).err();
        let undeclared = unknown.first().map(|field| format!(".{field}: field not declared in schema"));
        if let Some(wrong) = complaint.or(undeclared) {
            return Err(Refusal::untyped(&format!(
                "failed to create typed patch object ({}; {}, Kind={}): {wrong}",
                object::key_of(&config),
                resource.api_version(),
                resource.kind
            )));
        }
        let live = read::object(&self.store, resource, place).ok().cloned();
        let name = place.name.clone().unwrap_or_default();
        let about = About { plural: &resource.plural, group: &resource.group, name: &name };
        if let (Some(live), Some(wanted)) = (&live, config.pointer("/metadata/resourceVersion"))
            && live.pointer("/metadata/resourceVersion") != Some(wanted)
        {
            return Err(Refusal::modified(&about));
        }
        let subresource = place.subresource.clone().unwrap_or_default();
        if live.is_none() && !subresource.is_empty() {
            return Err(Refusal::not_found(&about));
        }
        let now = rfc3339_seconds(scene.now);
        let api_version = resource.api_version();
        let writer =
            Writer { manager: &manager, api_version: &api_version, subresource: &subresource, now: &now };
        let base = live.clone().unwrap_or(Value::Null);
        let force = request::flag(call, "force");
        let applied =
            managed::apply(&resource.schema, resource.has("status"), &base, &config, &writer, force)
                .map_err(|conflicts| {
                    let causes = managed::Conflict::causes(&conflicts);
                    Refusal::apply_conflict(&causes, managed::Conflict::message(&conflicts))
                })?;
        let owners = applied.object.pointer("/metadata/managedFields").cloned().unwrap_or(Value::Null);
        match live {
            None => {
                let body = self.insert(scene, resource, applied.object, &manager, Some(owners))?;
                Ok(Done { status: 201, body, warnings: Vec::new() })
            }
            Some(live) => {
                let mut object = applied.object;
                self.keep_identity(&live, &mut object);
                kinds::prepare_update(resource, &live, &mut object, &subresource);
                object["metadata"]["managedFields"] = owners;
                self.store_changed(resource, &live, object).map(Done::ok)
            }
        }
    }

    /// Puts an object in the place of an older one, for one who is not an applier.
    fn replace(
        &mut self,
        scene: &Scene<'_>,
        resource: &Resource,
        old: &Value,
        mut new: Value,
        manager: &str,
        subresource: &str,
    ) -> Result<Value, Refusal> {
        let about = About { plural: &resource.plural, group: &resource.group, name: object::name(old) };
        let revision = text(&new, "/metadata/resourceVersion");
        if !revision.is_empty() && revision != text(old, "/metadata/resourceVersion") {
            return Err(Refusal::modified(&about));
        }
        let uid = object::uid(&new);
        if !uid.is_empty() && uid != object::uid(old) {
            let why = format!(
                "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
                object::uid(old)
            );
            return Err(Refusal::conflict(&about, &why));
        }
        self.keep_identity(old, &mut new);
        kinds::prepare_update(resource, old, &mut new, subresource);
        let now = rfc3339_seconds(scene.now);
        let api_version = resource.api_version();
        let writer = Writer { manager, api_version: &api_version, subresource, now: &now };
        managed::note_update(&resource.schema, resource.has("status"), old, &mut new, &writer);
        self.store_changed(resource, old, new)
    }

    /// What no writer changes.
    #[expect(clippy::unused_self, reason = "reads as one of the steps of a write")]
    fn keep_identity(&self, old: &Value, new: &mut Value) {
        for field in [
            "uid",
            "creationTimestamp",
            "generation",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "resourceVersion",
        ] {
            let value = old["metadata"].get(field).cloned();
            let Some(metadata) = new["metadata"].as_object_mut() else { continue };
            match value {
                Some(value) => metadata.insert(field.to_owned(), value),
                None => metadata.remove(field),
            };
        }
    }

    /// Stores an object unless nothing but times changed; one that was only kept by finalizers goes with the last.
    fn store_changed(&mut self, resource: &Resource, old: &Value, mut new: Value) -> Result<Value, Refusal> {
        object::drop_nulls(&mut new);
        kinds::validate(resource, &new, Some(old))?;
        if timeless(old) == timeless(&new) {
            return Ok(old.clone());
        }
        if object::terminating(&new)
            && object::list(&new, "/metadata/finalizers").is_empty()
            && new.pointer("/metadata/deletionGracePeriodSeconds").is_none_or(|grace| *grace == 0)
            && !matches!(resource.plural.as_str(), "namespaces" | "pods")
        {
            self.store.remove(&resource.id(), &object::key_of(&new));
            return Ok(new);
        }
        Ok(self.store.put(&resource.id(), new))
    }

    /// A new object of the system, or of somebody who installed it: with all defaults. One that is there already stays.
    pub(crate) fn install(
        &mut self,
        scene: &mut Scene<'_>,
        resource: &str,
        mut object: Value,
        manager: &str,
    ) {
        let Some(found) = super::resources::all(&self.store).into_iter().find(|known| known.id() == resource)
        else {
            return;
        };
        if self.store.get(resource, &object::key_of(&object)).is_some() {
            return;
        }
        let status = object.get("status").cloned();
        kinds::prepare_create(&found, &mut object);
        if let Some(status) = status {
            object["status"] = status;
        }
        object["metadata"]["uid"] = json!(scene.random.uuid());
        object["metadata"]["creationTimestamp"] = json!(rfc3339_seconds(scene.now));
        self.save(scene.now, resource, object, manager, "");
    }

    /// A write of the system itself: a controller, a kubelet. Nothing happens where nothing changes.
    pub(crate) fn save(
        &mut self,
        now: u64,
        resource: &str,
        mut new: Value,
        manager: &str,
        subresource: &str,
    ) {
        let Some(found) = super::resources::all(&self.store).into_iter().find(|known| known.id() == resource)
        else {
            return;
        };
        let old = self.store.get(resource, &object::key_of(&new)).cloned().unwrap_or(Value::Null);
        object::drop_nulls(&mut new);
        let now = rfc3339_seconds(now);
        let api_version = found.api_version();
        let writer = Writer { manager, api_version: &api_version, subresource, now: &now };
        if let Some(owners) = old.pointer("/metadata/managedFields") {
            new["metadata"]["managedFields"] = owners.clone();
        }
        if old == new {
            return;
        }
        managed::note_update(&found.schema, false, &old, &mut new, &writer);
        self.store.put(resource, new);
    }
}

/// The object without the times of its owners.
fn timeless(object: &Value) -> Value {
    let mut copy = object.clone();
    for entry in
        copy.pointer_mut("/metadata/managedFields").and_then(Value::as_array_mut).into_iter().flatten()
    {
        if let Some(map) = entry.as_object_mut() {
            map.remove("time");
        }
    }
    copy
}
