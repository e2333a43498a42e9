use std::collections::BTreeMap;

use super::*;

fn object(entries: &[(&str, Value)]) -> Value {
    Value::Object(entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

fn list(texts: &[&str]) -> Value {
    Value::List(texts.iter().map(|text| Value::from(*text)).collect())
}

/// What the rules of these attributes, and of those below them, find.
fn walk(path: &AttributePath, attributes: &[Attribute], block: &Value, diagnostics: &mut Diagnostics) {
    for attribute in attributes {
        let path = path.clone().attribute(attribute.name());
        let value = block.lookup(attribute.name());
        for validator in attribute.validators() {
            validator.check(&path, value, diagnostics);
        }
        match value {
            Value::List(elements) if !attribute.nested().is_empty() => {
                for (index, element) in elements.iter().enumerate() {
                    walk(&path.clone().index(index), attribute.nested(), element, diagnostics);
                }
            }
            _ => walk(&path, attribute.nested(), value, diagnostics),
        }
    }
}

/// What is wrong with a block that says this, as one text.
fn faults(entries: &[(&str, Value)]) -> String {
    let block = object(entries);
    let mut diagnostics = Diagnostics::new();
    validate(&block, &mut diagnostics);
    walk(&AttributePath::parse("aws"), attribute().nested(), &block, &mut diagnostics);
    diagnostics.to_string()
}

const ROLE: &str = "arn:aws:iam::123456789012:role/ops/deploy";

#[test]
fn words_that_aws_does_not_know() {
    let endpoints = |name: &str, url: &str| object(&[(name, Value::from(url))]);
    let role = |name: &str, value: &str| {
        Value::List(vec![object(&[("role_arn", Value::from(ROLE)), (name, Value::from(value))])])
    };
    for (name, value, expected) in [
        ("region", Value::from("Ireland"), "no region"),
        ("sts_region", Value::from("us-east-1a"), "no region"),
        ("profile", Value::from(""), "empty"),
        ("allowed_account_ids", list(&["123456789012", "12"]), "twelve digits"),
        ("https_proxy", Value::from("proxy:3128"), "no address of a proxy"),
        ("endpoints", endpoints("eks", "eks.us-east-1.amazonaws.com"), "is no address"),
        ("endpoints", endpoints("sts", "http://example.com/"), "unencrypted"),
        ("assume_role", role("role_arn", "deploy"), "not the ARN of a role"),
        ("assume_role", role("role_arn", "arn:aws:iam::123456789012:user/x"), "not the ARN of a role"),
        ("assume_role", role("session_name", "my session"), "no session name"),
        ("assume_role", role("duration", "3600"), "is not a duration"),
        ("assume_role", role("duration", "5m"), "15m to 12h"),
        ("assume_role", role("policy", "{Version: 1}"), "no object in JSON"),
    ] {
        let faults = faults(&[(name, value)]);
        assert!(faults.contains(expected) && faults.contains(&format!("aws.{name}")), "{name}: {faults}");
    }
    for (name, value) in [
        ("region", Value::from("us-gov-west-1")),
        ("allowed_account_ids", list(&["123456789012"])),
        ("https_proxy", Value::from("http://me:secret@proxy:3128")),
        ("endpoints", endpoints("eks", "http://127.0.0.1:8642/eks")),
        ("assume_role", role("duration", "1h30m")),
        ("assume_role", role("policy", "{\"Version\": \"2012-10-17\"}")),
    ] {
        assert_eq!(faults(&[(name, value)]), "", "{name}");
    }
}

#[test]
fn a_proxys_password_is_not_told() {
    let faults = faults(&[("http_proxy", Value::from("me:hunter2@proxy:3128"))]);
    assert!(faults.contains("no address of a proxy") && !faults.contains("hunter2"), "{faults}");
}

#[test]
fn what_goes_together_and_what_does_not() {
    let value = |name: &str| match name {
        "allowed_account_ids" | "forbidden_account_ids" => list(&["123456789012"]),
        "assume_role_with_web_identity" => object(&[("role_arn", Value::from(ROLE))]),
        _ => Value::from("x"),
    };
    for (one, other) in EITHER {
        let told = faults(&[(one, value(one)), (other, value(other)), ("secret_key", Value::from("x"))]);
        assert!(told.contains("exclude each other") && told.contains(&format!("aws.{one} or")), "{told}");
        let mut diagnostics = Diagnostics::new();
        let unknown = [(*one, value(one)), (*other, Value::UNKNOWN), ("secret_key", Value::UNKNOWN)];
        validate(&object(&unknown), &mut diagnostics);
        assert!(diagnostics.is_empty(), "an unknown value may become null");
    }
    for (one, other) in GOES_WITH {
        let told = faults(&[(one, value(one))]);
        assert!(told.contains(&format!("aws.{one} goes with aws.{other}")), "{told}");
        let told = faults(&[(one, value(one)), (other, Value::UNKNOWN)]);
        assert!(!told.contains(&format!("aws.{one} goes with")), "{told}");
    }
    let both = object(&[
        ("web_identity_token", Value::from("jwt")),
        ("web_identity_token_file", Value::from("/token")),
    ]);
    assert!(faults(&[("assume_role_with_web_identity", both)]).contains("exclude each other"));
    let role = object(&[
        ("role_arn", Value::from(ROLE)),
        ("tags", Value::Map(BTreeMap::from([("team".to_owned(), Value::from("ml"))]))),
        ("transitive_tag_keys", list(&["team", "cost"])),
    ]);
    let told = faults(&[("assume_role", Value::List(vec![role]))]);
    assert!(told.contains("no tag \"cost\"") && !told.contains("\"team\""), "{told}");
}

/// A value of this attribute, that is written.
fn written(attribute: &Attribute) -> Value {
    if !attribute.nested().is_empty() {
        let entries = attribute.nested().iter().map(|one| (one.name().to_owned(), written(one)));
        let entry = Value::Object(entries.collect());
        return if attribute.name() == "assume_role" { Value::List(vec![entry]) } else { entry };
    }
    match (attribute.name(), attribute.ty()) {
        ("duration", _) => Value::from("1h30m"),
        (_, Type::String) => Value::from("its-value"),
        (_, Type::Bool) => Value::from(true),
        (_, Type::Number) => Value::from(3_i64),
        (_, Type::List(_)) => list(&["its-value"]),
        (_, Type::Map(_)) => Value::Map(BTreeMap::from([("a".to_owned(), Value::from("its-value"))])),
        (name, ty) => panic!("{name} is {ty:?}"),
    }
}

/// A field that nobody fills would be silently ignored.
#[test]
fn every_attribute_reaches_the_settings() {
    for attribute in attribute().nested() {
        let whole = written(attribute);
        let block = object(&[(attribute.name(), whole.clone())]);
        let read = settings(&block);
        assert_ne!(read, AwsSettings::default(), "{}", attribute.name());
        for inner in attribute.nested() {
            let without = |value: &Value| {
                let mut entries = value.as_object().unwrap().clone();
                entries.remove(inner.name());
                Value::Object(entries)
            };
            let lacking = match &whole {
                Value::List(elements) => Value::List(elements.iter().map(without).collect()),
                other => without(other),
            };
            let lacking = settings(&object(&[(attribute.name(), lacking)]));
            assert_ne!(read, lacking, "{}.{}", attribute.name(), inner.name());
        }
    }
    let role = Value::List(vec![object(&[("role_arn", Value::from(ROLE)), ("duration", Value::from("1h"))])]);
    assert_eq!(settings(&object(&[("assume_role", role)])).assume_role[0].duration_seconds, Some(3600));
}

/// What `Debug` hides must be hidden by Terraform too, and the other way round.
#[test]
fn secrets_are_sensitive() {
    let whole = attribute();
    let texts = |attributes: &[Attribute], wrap: &dyn Fn(&str, Value) -> Value| {
        for attribute in attributes.iter().filter(|attribute| attribute.ty() == Type::String) {
            let name = attribute.name();
            let text = if name == "duration" { "1h" } else { "its-value" };
            let printed = format!("{:?}", settings(&wrap(name, Value::from(text))));
            assert_eq!(attribute.is_sensitive(), printed.contains("(hidden)"), "{name}: {printed}");
        }
    };
    texts(whole.nested(), &|name, value| object(&[(name, value)]));
    for nested in whole.nested().iter().filter(|attribute| !attribute.nested().is_empty()) {
        texts(nested.nested(), &|name, value| {
            let entry = object(&[(name, value)]);
            let entry = if nested.name() == "assume_role" { Value::List(vec![entry]) } else { entry };
            object(&[(nested.name(), entry)])
        });
    }
}
