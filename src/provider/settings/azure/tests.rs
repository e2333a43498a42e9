use std::collections::BTreeMap;

use super::*;

fn object(entries: &[(&str, Value)]) -> Value {
    Value::Object(entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

/// What is wrong with a block that says this, as one text.
fn faults(entries: &[(&str, Value)]) -> String {
    let block = object(entries);
    let mut diagnostics = Diagnostics::new();
    validate(&block, &mut diagnostics);
    for attribute in attribute().nested() {
        let path = AttributePath::parse("azure").attribute(attribute.name());
        for validator in attribute.validators() {
            validator.check(&path, block.lookup(attribute.name()), &mut diagnostics);
        }
    }
    diagnostics.to_string()
}

#[test]
fn words_that_azure_does_not_know() {
    for (name, text, expected) in [
        ("environment", "german", "\"public\", \"usgovernment\", \"china\""),
        ("api_version", "2025-01-01", "\"2026-08-01\", \"2026-08-02-preview\""),
        ("metadata_host", "https://management.azure.com/", "without https://"),
        ("resource_manager_endpoint", "management.azure.com", "is no address"),
        ("resource_manager_endpoint", "http://example.com/", "unencrypted"),
        ("active_directory_authority_host", "http://127.0.0.1:1/", "unencrypted"),
        ("oidc_request_url", "http://example.com/token", "unencrypted"),
        ("partner_id", "me", "is no partner id"),
    ] {
        let faults = faults(&[(name, Value::from(text))]);
        assert!(faults.contains(expected) && faults.contains(&format!("azure.{name}")), "{name}: {faults}");
    }
    for (name, text) in [
        ("environment", "china"),
        ("api_version", "2026-08-02-preview"),
        ("metadata_host", "management.azure.com"),
        ("resource_manager_endpoint", "http://127.0.0.1:8642"),
        ("partner_id", "pid-6f3c9a52-7a2f-4b06-9d6e-8b6f0a1c2d3e-partnercenter"),
        ("partner_id", "6f3c9a52-7a2f-4b06-9d6e-8b6f0a1c2d3e"),
    ] {
        assert_eq!(faults(&[(name, Value::from(text))]), "", "{name}");
    }
}

#[test]
fn credentials_that_exclude_each_other() {
    let text = || Value::from("x");
    for (one, other) in EITHER {
        let faults = faults(&[(one, text()), (other, text())]);
        assert!(
            faults.contains("exclude each other") && faults.contains(&format!("azure.{one} or")),
            "{faults}"
        );
        let unknown = [(*one, text()), (*other, Value::UNKNOWN)];
        let mut diagnostics = Diagnostics::new();
        validate(&object(&unknown), &mut diagnostics);
        assert!(diagnostics.is_empty(), "an unknown value may become null");
    }
    let faults = faults(&[("oidc_token", text()), ("use_oidc", Value::from(false))]);
    assert!(faults.contains("Set azure.use_oidc to true"), "{faults}");
}

/// A field that nobody fills would be silently ignored.
#[test]
fn every_attribute_reaches_the_settings() {
    for attribute in attribute().nested() {
        let value = match (attribute.name(), attribute.ty()) {
            ("api_version", _) => Value::from("2026-08-02-preview"),
            (_, Type::String) => Value::from("written"),
            (_, Type::Bool) => Value::from(true),
            (_, Type::List(_)) => Value::List(vec![Value::from("written")]),
            (name, ty) => panic!("{name} is {ty:?}"),
        };
        let block = Value::Object(BTreeMap::from([(attribute.name().to_owned(), value)]));
        assert_ne!(settings(&block), AzureSettings::default(), "{}", attribute.name());
    }
}

/// What `Debug` hides must be hidden by Terraform too, and the other way round.
#[test]
fn secrets_are_sensitive() {
    let nested = attribute();
    for attribute in nested.nested().iter().filter(|attribute| attribute.ty() == Type::String) {
        let name = attribute.name();
        let text = if name == "api_version" { "2026-08-02-preview" } else { "its-value" };
        let block = Value::Object(BTreeMap::from([(name.to_owned(), Value::from(text))]));
        let printed = format!("{:?}", settings(&block));
        assert_eq!(attribute.is_sensitive(), printed.contains("(hidden)"), "{name}: {printed}");
    }
}
