//! Single attributes at the root: given, changed, left out, removed, imported.

use super::*;
use crate::tfplugin::type_::Type;
use crate::tfplugin::value::Refinements;

/// `size` to change things with, and one attribute of every kind.
fn case() -> Case {
    Case::new([
        Attribute::string("name").required(),
        Attribute::number("size").optional(),
        Attribute::string("plain").optional(),
        Attribute::string("defaulted").default("on"),
        Attribute::string("id").computed().use_state(),
        Attribute::string("stamp").computed(),
        Attribute::string("kept").optional_computed().use_state(),
        Attribute::string("fresh").optional_computed(),
    ])
}

fn existing() -> Case {
    case().prior([
        ("name", "a".into()),
        ("defaulted", "on".into()),
        ("id", "i".into()),
        ("stamp", "s".into()),
        ("kept", "k".into()),
        ("fresh", "f".into()),
    ])
}

#[test]
fn create_leaves_to_the_provider_what_nobody_gives() {
    let planned = case().plan([("name", "a".into())]).state;
    assert_eq!(planned.lookup("name"), &Value::string("a"));
    assert_eq!(planned.lookup("plain"), &Value::Null);
    assert_eq!(planned.lookup("defaulted"), &Value::string("on"));
    for computed in ["id", "stamp", "kept", "fresh"] {
        assert_eq!(planned.lookup(computed), &Value::UNKNOWN, "{computed}");
    }
}

#[test]
fn create_takes_what_is_given() {
    let planned =
        case().plan([("name", "a".into()), ("kept", "x".into()), ("defaulted", "off".into())]).state;
    assert_eq!(planned.lookup("kept"), &Value::string("x"));
    assert_eq!(planned.lookup("defaulted"), &Value::string("off"));
}

#[test]
fn nothing_changed_plans_nothing() {
    assert!(existing().is_quiet([("name", "a".into())]));
    assert!(existing().is_quiet([("name", "a".into()), ("kept", "k".into()), ("defaulted", "on".into())]));
}

#[test]
fn omitted_means_unchanged_while_something_else_changes() {
    let planned = existing().plan([("name", "a".into()), ("size", 3.into())]).state;
    assert_eq!(planned.lookup("id"), &Value::string("i"));
    assert_eq!(planned.lookup("kept"), &Value::string("k"));
    assert_eq!(planned.lookup("stamp"), &Value::UNKNOWN);
    assert_eq!(planned.lookup("fresh"), &Value::UNKNOWN);
}

#[test]
fn set_changes_it() {
    let planned = existing().plan([("name", "a".into()), ("kept", "new".into())]).state;
    assert_eq!(planned.lookup("kept"), &Value::string("new"));
    assert_eq!(planned.lookup("stamp"), &Value::UNKNOWN);
}

#[test]
fn removed_is_unchanged_where_it_is_computed_and_null_where_it_is_not() {
    let case = case().prior([
        ("name", "a".into()),
        ("plain", "p".into()),
        ("defaulted", "off".into()),
        ("id", "i".into()),
        ("kept", "was configured".into()),
    ]);
    let planned = case.plan([("name", "a".into())]).state;
    assert_eq!(planned.lookup("kept"), &Value::string("was configured"));
    assert_eq!(planned.lookup("plain"), &Value::Null);
    assert_eq!(planned.lookup("defaulted"), &Value::string("on"));
}

#[test]
fn a_prior_null_is_kept_too() {
    let case = case().prior([("name", "a".into()), ("defaulted", "on".into())]);
    let planned = case.plan([("name", "a".into()), ("size", 3.into())]).state;
    assert_eq!(planned.lookup("kept"), &Value::Null);
    assert_eq!(planned.lookup("stamp"), &Value::UNKNOWN);
}

#[test]
fn imported_values_plan_nothing_whether_configured_or_not() {
    let case = case().prior([("name", "a".into()), ("defaulted", "on".into()), ("kept", "cloud".into())]);
    assert!(case.is_quiet([("name", "a".into())]));
    assert!(case.is_quiet([("name", "a".into()), ("kept", "cloud".into())]));
    assert!(!case.is_quiet([("name", "a".into()), ("kept", "else".into())]));
}

#[test]
fn unknown_values_stay_with_what_is_known_of_them() {
    let unknown = Refinements::not_null().into_unknown();
    let planned = existing().plan([("name", unknown.clone())]).state;
    assert_eq!(planned.lookup("name"), &unknown);
    assert_eq!(planned.lookup("stamp"), &Value::UNKNOWN);
    assert_eq!(planned.lookup("kept"), &Value::string("k"));
}

#[test]
fn a_null_that_has_a_type_keeps_it() {
    let case = Case::new([Attribute::of_type("any", Type::Dynamic).optional()]);
    let null = Value::dynamic(Type::String, Value::Null);
    assert_eq!(case.plan([("any", null.clone())]).state.lookup("any"), &null);
}

#[test]
fn spellings_of_the_prior_value_are_no_change() {
    let same = |prior: &Value, config: &Value| {
        prior.as_str().map(str::to_lowercase) == config.as_str().map(str::to_lowercase)
    };
    let case = Case::new([Attribute::string("id").required().requires_replace().equivalent(same)])
        .prior([("id", "/Groups/A".into())]);
    assert!(case.is_quiet([("id", "/groups/a".into())]));
    let planned = case.plan([("id", "/groups/b".into())]);
    assert_eq!(planned.state.lookup("id"), &Value::string("/groups/b"));
    assert_eq!(planned.requires_replace, ["id".into()]);
    assert_eq!(case.plan([("id", Value::UNKNOWN)]).state.lookup("id"), &Value::UNKNOWN);
}

#[test]
fn a_destruction_is_planned_as_null() {
    let case = existing();
    let planned = plan_resource(
        &case.schema,
        &[],
        &|_| panic!("not asked"),
        &Value::Null,
        &Value::Null,
        &case.prior,
        b"p",
    );
    assert_eq!((planned.state, planned.private), (Value::Null, b"p".to_vec()));
}
