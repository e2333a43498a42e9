//! Who owns which field of an object: `metadata.managedFields`, kept on every write.
//!
//! - [`fieldset`]: sets of paths. [`typed`]: objects by their types. [`entries`]: the list in an object.
//! - [`mod@apply`]: server-side apply, with its conflicts.
//!
//! The rules are Kubernetes' own (source: k8s.io/apimachinery, managedfields).

mod apply;
mod entries;
mod fieldset;
mod typed;

#[cfg(test)]
mod tests;

use serde_json::Value;

pub(crate) use apply::{Conflict, apply};
use entries::{Entry, Managers, Operation};
use fieldset::FieldSet;

use super::schema::Type;

/// Who writes, and through which door.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writer<'a> {
    /// The field manager's name.
    pub(crate) manager: &'a str,
    /// As the request spells it, `v1` or `apps/v1`.
    pub(crate) api_version: &'a str,
    /// Empty for the object itself.
    pub(crate) subresource: &'a str,
    /// RFC 3339, seconds.
    pub(crate) now: &'a str,
}

/// What belongs to the server alone and is never owned.
const UNOWNED: [&str; 8] = [
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "generation",
    "managedFields",
    "resourceVersion",
];

/// Without what nobody owns, and without what the request's door does not write.
fn owned(set: &FieldSet, has_status: bool, subresource: &str) -> FieldSet {
    let mut unowned = FieldSet::default();
    for field in UNOWNED {
        unowned.insert(&["f:metadata".to_owned(), format!("f:{field}")]);
    }
    for field in ["apiVersion", "kind", "metadata"] {
        unowned.insert(&[format!("f:{field}")]);
    }
    let set = set.difference(&unowned);
    match (has_status, subresource) {
        (true, "") => set.without("f:status"),
        (_, "status") => set.only("f:status"),
        _ => set,
    }
}

/// Notes on `new` that `writer` made it of `old` by anything but server-side apply. `old` is null for a create.
/// A `managedFields` list that the request itself sent counts, and an empty one forgets all owners.
pub(crate) fn note_update(kind: &Type, has_status: bool, old: &Value, new: &mut Value, writer: &Writer<'_>) {
    let sent = new.pointer("/metadata/managedFields").cloned();
    let mut managers = match &sent {
        Some(list) if entries::is_reset(list) && writer.subresource.is_empty() => Managers::default(),
        Some(list) if writer.subresource.is_empty() && !Managers::read(list).is_empty() => {
            Managers::read(list)
        }
        _ => Managers::of(old),
    };
    let untracked = managers.is_empty() && !old.is_null();
    entries::strip(new);
    let mut before = old.clone();
    entries::strip(&mut before);
    if before.is_null() {
        before = Value::Object(serde_json::Map::new());
    }
    let found = typed::compare(kind, &before, new);
    if !untracked {
        let touched = found.added.union(&found.modified).union(&found.removed);
        managers.release(&touched);
        let mine = owned(&found.added.union(&found.modified), has_status, writer.subresource);
        if !mine.is_empty() {
            managers.grant(writer, Operation::Update, &mine);
        }
    }
    managers.write(new);
}

impl Entry {
    fn of(writer: &Writer<'_>, operation: Operation, set: FieldSet) -> Self {
        Self {
            manager: if writer.manager.is_empty() { "unknown" } else { writer.manager }.to_owned(),
            operation,
            api_version: writer.api_version.to_owned(),
            subresource: writer.subresource.to_owned(),
            time: writer.now.to_owned(),
            set,
        }
    }
}
