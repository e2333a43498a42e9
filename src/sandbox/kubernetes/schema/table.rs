//! The table of types, `types.txt`, one field a line: name, type, `#` and its protobuf number, notes.
//!
//! - `string`, `number`, `bool`, `bytes`, `time`, `quantity`, `int-or-string`, `raw`, `any`, or the name of a type;
//! - `map(T)`, merged by key; with `atomic` behind it replaced as a whole;
//! - `list(T)`, replaced as a whole by server-side apply; `list(T;a,b)`, merged by the fields a and b; `set(T)`, merged
//!   by value. What merges there also merges in strategic merge patches, by the first key, unless `replace` stands
//!   behind it; `merge=a` says that only patches merge it;
//! - `retain` behind a field: a patch may carry `$retainKeys` for it;
//! - `#2.19`: in protobuf the field 19 of the message in field 2. `!`: there a zero is a value and not its absence.
//!
//! `atomic` behind a type's name: server-side apply replaces it as a whole.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{Field, Merge, Patch, Record, Type};

/// All types, by name.
pub(super) static TABLE: LazyLock<BTreeMap<String, Record>> =
    LazyLock::new(|| read(include_str!("types.txt")));

fn read(table: &str) -> BTreeMap<String, Record> {
    let mut types: BTreeMap<String, Record> = BTreeMap::new();
    let mut current = String::new();
    for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let words: Vec<_> = line.split_whitespace().collect();
        match (line.starts_with(' '), words.as_slice()) {
            (false, [name, rest @ ..]) => {
                current = (*name).to_owned();
                let record = Record { atomic: rest.contains(&"atomic"), fields: BTreeMap::new() };
                types.insert(current.clone(), record);
            }
            (true, [name, kind, notes @ ..]) => {
                if let Some(record) = types.get_mut(&current) {
                    record.fields.insert((*name).to_owned(), field(kind, notes));
                }
            }
            _ => {}
        }
    }
    types
}

fn field(kind: &str, notes: &[&str]) -> Field {
    let mut kind = parse(kind);
    if let Type::Map { atomic, .. } = &mut kind {
        *atomic = notes.contains(&"atomic");
    }
    let named = notes.iter().find_map(|note| note.strip_prefix("merge="));
    let patch = match (&kind, named) {
        (_, Some(key)) => Patch::By(key.to_owned()),
        (Type::List { merge: Merge::Keyed(keys), .. }, None) if !notes.contains(&"replace") => {
            keys.first().map_or(Patch::Replace, |key| Patch::By(key.clone()))
        }
        (Type::List { merge: Merge::Set, .. }, None) if !notes.contains(&"replace") => Patch::Values,
        _ => Patch::Replace,
    };
    let number = notes.iter().find_map(|note| note.strip_prefix('#')).unwrap_or_default();
    let path = number.trim_end_matches('!').split('.').filter_map(|step| step.parse().ok()).collect();
    Field { kind, patch, retain: notes.contains(&"retain"), path, zero: number.ends_with('!') }
}

fn parse(text: &str) -> Type {
    let inside = |head: &str| text.strip_prefix(head).and_then(|rest| rest.strip_suffix(')'));
    if let Some(element) = inside("map(") {
        return Type::Map { element: Box::new(parse(element)), atomic: false };
    }
    if let Some(element) = inside("set(") {
        return Type::List { element: Box::new(parse(element)), merge: Merge::Set };
    }
    if let Some(element) = inside("list(") {
        let (element, merge) = match element.rsplit_once(';') {
            Some((element, keys)) => (element, Merge::Keyed(keys.split(',').map(str::to_owned).collect())),
            None => (element, Merge::Atomic),
        };
        return Type::List { element: Box::new(parse(element)), merge };
    }
    match text {
        "string" => Type::String,
        "number" => Type::Number,
        "bool" => Type::Bool,
        "bytes" => Type::Bytes,
        "time" => Type::Time,
        "quantity" => Type::Quantity,
        "int-or-string" => Type::IntOrString,
        "raw" => Type::Raw,
        "any" => Type::Any,
        name => Type::Named(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_that_is_named_is_there() {
        for (name, record) in TABLE.iter() {
            for (field, found) in &record.fields {
                let mut names = Vec::new();
                found.kind.closure(&mut names);
                for named in names {
                    assert!(TABLE.contains_key(&named), "{name}.{field}: {named}");
                }
            }
        }
        assert!(TABLE.len() > 100, "{}", TABLE.len());
    }

    #[test]
    fn lists_know_how_they_merge() {
        let of = |name: &str, field: &str| TABLE[name].fields[field].clone();
        let taints = of("NodeSpec", "taints");
        assert!(matches!(&taints.kind, Type::List { merge: Merge::Atomic, .. }));
        assert_eq!(taints.patch, Patch::Replace);
        let ports = of("Container", "ports");
        assert_eq!(ports.patch, Patch::By("containerPort".to_owned()));
        assert!(matches!(&ports.kind, Type::List { merge: Merge::Keyed(keys), .. } if keys.len() == 2));
        assert_eq!(of("ObjectMeta", "finalizers").patch, Patch::Values);
        assert!(of("PodSpec", "volumes").retain && of("DeploymentSpec", "strategy").retain);
        assert!(TABLE["LabelSelector"].atomic);
        assert_eq!(of("Volume", "configMap").path, [2, 19]);
    }
}
