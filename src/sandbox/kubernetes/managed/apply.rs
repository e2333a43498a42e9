//! Server-side apply: the applier's fields go in, what it no longer applies and nobody else owns goes out, and what
//! another manager owns with another value is a conflict unless it is forced.

use serde_json::{Map, Value, json};

use super::entries::{self, Managers, Operation};
use super::fieldset::FieldSet;
use super::{Writer, owned, typed};
use crate::sandbox::kubernetes::schema::Type;

/// The annotation in which `kubectl apply` keeps what it applied.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Fields of another manager that the applier wants to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Conflict {
    /// The manager as conflicts name it.
    pub(crate) manager: String,
    pub(crate) fields: Vec<String>,
}

impl Conflict {
    /// Kubernetes' words for conflicts.
    pub(crate) fn message(conflicts: &[Self]) -> String {
        let count: usize = conflicts.iter().map(|conflict| conflict.fields.len()).sum();
        if let ([only], 1) = (conflicts, count) {
            return format!(
                "Apply failed with 1 conflict: conflict with {}: {}",
                only.manager, only.fields[0]
            );
        }
        let texts = conflicts.iter().map(|conflict| {
            let fields: String = conflict.fields.iter().map(|field| format!("\n- {field}")).collect();
            format!("conflicts with {}:{fields}", conflict.manager)
        });
        format!("Apply failed with {count} conflicts: {}", texts.collect::<Vec<_>>().join("\n"))
    }

    /// The causes in a `Status`.
    pub(crate) fn causes(conflicts: &[Self]) -> Vec<Value> {
        let causes = conflicts.iter().flat_map(|conflict| {
            conflict.fields.iter().map(|field| {
                json!({"reason": "FieldManagerConflict", "message": format!("conflict with {}", conflict.manager),
                    "field": field})
            })
        });
        causes.collect()
    }
}

/// The object after an apply.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Applied {
    pub(crate) object: Value,
    /// The object is another one than before, owners aside.
    pub(crate) changed: bool,
}

/// Applies `config` to `live`, which is null where the object does not exist yet.
pub(crate) fn apply(
    kind: &Type,
    has_status: bool,
    live: &Value,
    config: &Value,
    writer: &Writer<'_>,
    force: bool,
) -> Result<Applied, Vec<Conflict>> {
    let mut managers = Managers::of(live);
    let mut before = live.clone();
    entries::strip(&mut before);
    if before.is_null() {
        before = Value::Object(Map::new());
    } else if managers.is_empty() {
        // An object whose owners are unknown: what is there belongs to somebody before the first apply.
        let everything = typed::compare(kind, &Value::Object(Map::new()), &before).added;
        let earlier = Writer { manager: "before-first-apply", ..*writer };
        managers.grant(&earlier, Operation::Update, &owned(&everything, has_status, ""));
    }
    match attempt(kind, has_status, &before, config, managers.clone(), writer, force) {
        Err(conflicts) if writer.manager == "kubectl" => {
            let left = without_last_applied(kind, &before, conflicts);
            if left.is_empty() {
                attempt(kind, has_status, &before, config, managers, writer, true)
            } else {
                Err(left)
            }
        }
        done => done,
    }
}

fn attempt(
    kind: &Type,
    has_status: bool,
    live: &Value,
    config: &Value,
    mut managers: Managers,
    writer: &Writer<'_>,
    force: bool,
) -> Result<Applied, Vec<Conflict>> {
    let is_mine = |entry: &entries::Entry| entry.is_of(writer, Operation::Apply);
    let mine = owned(&typed::fields(kind, config), has_status, writer.subresource);
    let earlier =
        managers.0.iter().find(|entry| is_mine(entry)).map(|entry| entry.set.clone()).unwrap_or_default();
    managers.0.retain(|entry| !is_mine(entry));

    let merged = typed::merge(kind, live, config);
    let everybody = managers.0.iter().fold(mine.clone(), |all, entry| all.union(&entry.set));
    let orphans = typed::with_records(kind, &earlier).difference(&typed::with_records(kind, &everybody));
    let mut object = typed::remove(kind, &merged, &orphans);
    super::super::object::drop_nulls(&mut object);

    let found = typed::compare(kind, live, &object);
    let touched = found.added.union(&found.modified);
    let disputed: Vec<Conflict> = managers
        .0
        .iter()
        .map(|entry| Conflict { manager: entry.spoken(), fields: entry.set.intersection(&touched).paths() })
        .filter(|conflict| !conflict.fields.is_empty())
        .collect();
    if !disputed.is_empty() && !force {
        return Err(disputed);
    }
    managers.release(&touched.union(&found.removed));
    let changed = object != *live;
    if !mine.is_empty() {
        managers.grant(writer, Operation::Apply, &mine);
    }
    managers.write(&mut object);
    Ok(Applied { object, changed })
}

/// `kubectl apply --server-side` after a plain `kubectl apply`: what the earlier one wrote, by its own annotation, and
/// nobody has changed since, is no conflict.
fn without_last_applied(kind: &Type, live: &Value, conflicts: Vec<Conflict>) -> Vec<Conflict> {
    let last = super::super::object::annotation(live, LAST_APPLIED);
    let Some(last) = last.and_then(|text| serde_json::from_str::<Value>(text).ok()) else { return conflicts };
    let found = typed::compare(kind, &last, live);
    let changed = found.added.union(&found.modified).union(&found.removed);
    let same: FieldSet = typed::fields(kind, &last).difference(&changed);
    let allowed = same.paths();
    let left = conflicts.into_iter().map(|conflict| Conflict {
        fields: conflict.fields.into_iter().filter(|field| !allowed.contains(field)).collect(),
        ..conflict
    });
    left.filter(|conflict| !conflict.fields.is_empty()).collect()
}
