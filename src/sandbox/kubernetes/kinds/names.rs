//! Names, labels and keys: Kubernetes' grammar for them (source: apimachinery's validation, with its texts).

use serde_json::Value;

use crate::sandbox::kubernetes::object::{self, map, text};
use crate::sandbox::kubernetes::resources::Resource;
use crate::sandbox::kubernetes::status::Cause;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
    '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
    start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or \
    '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex \
    used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end \
    with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
    '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/// What is wrong with the metadata.
pub(super) fn check(resource: &Resource, object: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let name = object::name(object);
    if name.is_empty() {
        causes.push(Cause::required("metadata.name", "name or generateName is required"));
    } else if resource.plural == "namespaces" && !is_label(name) {
        causes.push(Cause::invalid("metadata.name", name, LABEL));
    } else if !is_subdomain(name) {
        causes.push(Cause::invalid("metadata.name", name, SUBDOMAIN));
    }
    for (key, value) in map(object, "/metadata/labels").into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        if !is_qualified(key) {
            causes.push(Cause::invalid("metadata.labels", key, QUALIFIED));
        }
        if value.len() > 63 {
            causes.push(Cause::invalid("metadata.labels", value, "must be no more than 63 characters"));
        }
        if !is_label_value(value) {
            causes.push(Cause::invalid("metadata.labels", value, LABEL_VALUE));
        }
    }
    for key in map(object, "/metadata/annotations").into_iter().flat_map(serde_json::Map::keys) {
        if !is_qualified(key) {
            causes.push(Cause::invalid("metadata.annotations", key, QUALIFIED));
        }
    }
    let scope = text(object, "/metadata/namespace");
    if !resource.namespaced && !scope.is_empty() {
        causes.push(Cause::forbidden("metadata.namespace", "not allowed on this type"));
    }
    causes
}

fn inner(text: &str, extra: &[char], upper: bool) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || (upper && c.is_ascii_uppercase());
    text.starts_with(plain) && text.ends_with(plain) && text.chars().all(|c| plain(c) || extra.contains(&c))
}

fn is_label(text: &str) -> bool {
    text.len() <= 63 && inner(text, &['-'], false)
}

fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(|part| inner(part, &['-'], false))
}

/// A label's value.
pub(super) fn is_label_value(text: &str) -> bool {
    text.is_empty() || inner(text, &['-', '_', '.'], true)
}

/// `name` or `prefix/name`.
pub(super) fn is_qualified(text: &str) -> bool {
    let (prefix, name) = text.split_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
    prefix.is_none_or(is_subdomain) && name.len() <= 63 && inner(name, &['-', '_', '.'], true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grammars() {
        assert!(
            is_subdomain("gke-a.b-1") && !is_subdomain("A") && !is_subdomain("a..b") && !is_subdomain("-a")
        );
        assert!(
            is_label_value("") && is_label_value("A_b.c") && !is_label_value("a b") && !is_label_value("a-")
        );
        assert!(
            is_qualified("nvidia.com/gpu")
                && is_qualified("a")
                && !is_qualified("a/b/c")
                && !is_qualified("/a")
        );
    }
}
