//! Tables: what `kubectl get` prints is made by the server, column by column.

mod cells;

use serde_json::{Value, json};

use super::object::{self, text};
use super::read;
use super::resources::Resource;
use super::store::Store;
use crate::sandbox::clock::{Millis, from_rfc3339};

/// A column: its name, whether only `-o wide` shows it, and its cell for an object.
type Column = (&'static str, bool, fn(&Value, Millis) -> Value);

/// The objects as a `Table`. `definitions` is false where a watch has shown the columns already.
pub(crate) fn table(
    store: &Store,
    resource: &Resource,
    objects: &[&Value],
    meta: &Value,
    now: Millis,
    definitions: bool,
) -> Value {
    let custom = custom_columns(store, resource);
    let columns = cells::columns(resource);
    let mut shown: Vec<Value> = columns
        .iter()
        .map(|(name, wide, _)| {
            let format = if *name == "Name" { "name" } else { "" };
            json!({"name": name, "type": "string", "format": format, "description": name,
                "priority": u32::from(*wide)})
        })
        .collect();
    // The age goes last, the columns of a definition before it.
    let age = if custom.is_empty() { None } else { shown.pop() };
    shown.extend(custom.iter().map(|column| {
        json!({"name": column["name"], "type": "string", "format": "", "description": column["name"],
            "priority": column["priority"].as_u64().unwrap_or(0)})
    }));
    let names_age = custom.iter().any(|column| column["name"] == "Age");
    shown.extend(age.filter(|_| !names_age));
    let rows: Vec<_> = objects
        .iter()
        .map(|object| {
            let mut cells: Vec<_> = columns.iter().map(|(.., cell)| cell(object, now)).collect();
            let age = if custom.is_empty() { None } else { cells.pop() };
            cells.extend(custom.iter().map(|column| custom_cell(column, object, now)));
            cells.extend(age.filter(|_| !names_age));
            json!({"cells": cells, "object": read::metadata(object)})
        })
        .collect();
    let mut table = json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "rows": rows});
    table["columnDefinitions"] = if definitions { json!(shown) } else { Value::Null };
    table
}

/// `additionalPrinterColumns` of a custom resource's definition.
fn custom_columns(store: &Store, resource: &Resource) -> Vec<Value> {
    if !resource.custom {
        return Vec::new();
    }
    let definition = store.get("customresourcedefinitions.apiextensions.k8s.io", &resource.id());
    let versions = definition.map_or(&[][..], |definition| object::list(definition, "/spec/versions"));
    let version = versions.iter().find(|version| version["name"] == *resource.version);
    version.map_or_else(Vec::new, |version| object::list(version, "/additionalPrinterColumns").to_vec())
}

fn custom_cell(column: &Value, object: &Value, now: Millis) -> Value {
    // Only plain paths, `.status.state`; that is what the definitions here have.
    let pointer = text(column, "/jsonPath").replace('.', "/");
    match object.pointer(&pointer) {
        Some(Value::String(instant)) if column["type"] == "date" => json!(age(instant, now)),
        Some(value) => value.clone(),
        None => Value::Null,
    }
}

/// The time since an instant, as kubectl writes it.
fn age(instant: &str, now: Millis) -> String {
    match from_rfc3339(instant) {
        Some(then) => human(now.saturating_sub(then) / 1000),
        None => "<unknown>".to_owned(),
    }
}

/// Seconds in the one or two units that matter: `45s`, `5m30s`, `7h`, `12d`.
fn human(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    let two = |first: u64, unit: &str, second: u64, small: &str| {
        if second == 0 { format!("{first}{unit}") } else { format!("{first}{unit}{second}{small}") }
    };
    match seconds {
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        _ => two(days / 365, "y", days % 365, "d"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_written_as_kubectl_does() {
        for (seconds, words) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (330, "5m30s"),
            (600, "10m"),
            (10_800, "3h"),
            (86_400, "24h"),
            (180_000, "2d2h"),
            (864_000, "10d"),
        ] {
            assert_eq!(human(seconds), words);
        }
    }
}
