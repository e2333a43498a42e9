//! Optional and computed objects with optional and computed parts: "left out" means "unchanged" at every level.
//! Each test says the same for an object at the root and for one inside it.

use super::*;

/// `outer = { a, b, fixed, inner = { c, d } }`, where everything may be left out, and `fixed` has no computed value.
fn case() -> Case {
    let leaf = |name: &str| Attribute::string(name).optional_computed().use_state();
    let inner = Attribute::object("inner", vec![leaf("c"), leaf("d")]).optional_computed().use_state();
    let fixed = Attribute::string("fixed").optional();
    let outer =
        Attribute::object("outer", vec![leaf("a"), leaf("b"), fixed, inner]).optional_computed().use_state();
    Case::new([Attribute::number("size").optional(), outer])
}

fn outer(a: Option<&str>, b: Option<&str>, inner: Value) -> Value {
    Value::object([("a", a.into()), ("b", b.into()), ("fixed", Value::Null), ("inner", inner)])
}

fn inner(c: Option<&str>, d: Option<&str>) -> Value {
    texts([("c", c), ("d", d)])
}

fn full() -> Value {
    outer(Some("1"), Some("2"), inner(Some("3"), Some("4")))
}

fn existing() -> Case {
    case().prior([("outer", full())])
}

#[test]
fn create_omitted() {
    assert_eq!(case().plan([]).state.lookup("outer"), &Value::UNKNOWN);
    let planned = case().plan([("outer", outer(Some("x"), None, Value::Null))]).state;
    assert_eq!(planned.lookup("outer.inner"), &Value::UNKNOWN);
}

#[test]
fn create_set() {
    let planned = case().plan([("outer", outer(Some("x"), None, inner(None, Some("y"))))]).state;
    assert_eq!(planned.lookup("outer.a"), &Value::string("x"));
    assert_eq!(planned.lookup("outer.b"), &Value::UNKNOWN);
    assert_eq!(planned.lookup("outer.fixed"), &Value::Null);
    assert_eq!(planned.lookup("outer.inner.c"), &Value::UNKNOWN);
    assert_eq!(planned.lookup("outer.inner.d"), &Value::string("y"));
}

#[test]
fn create_with_an_empty_object() {
    let planned = case().plan([("outer", outer(None, None, inner(None, None)))]).state;
    assert_eq!(planned.lookup("outer.b"), &Value::UNKNOWN);
    assert_eq!(planned.lookup("outer.inner.c"), &Value::UNKNOWN);
}

#[test]
fn omitted_from_the_first_day() {
    assert!(existing().is_quiet([]));
    assert_eq!(existing().plan([("size", 3.into())]).state.lookup("outer"), &full());
}

#[test]
fn omitted_leaves_of_a_configured_object() {
    let config = || outer(Some("1"), None, inner(Some("3"), None));
    assert!(existing().is_quiet([("outer", config())]));
    assert_eq!(existing().plan([("outer", config()), ("size", 3.into())]).state.lookup("outer"), &full());
}

#[test]
fn set_changes_only_what_is_set() {
    let planned = existing().plan([("outer", outer(Some("new"), None, Value::Null))]).state;
    assert_eq!(planned.lookup("outer"), &outer(Some("new"), Some("2"), inner(Some("3"), Some("4"))));
    let planned = existing().plan([("outer", outer(None, None, inner(Some("new"), None)))]).state;
    assert_eq!(planned.lookup("outer"), &outer(Some("1"), Some("2"), inner(Some("new"), Some("4"))));
}

#[test]
fn set_what_had_not_existed() {
    let case = case().prior([]);
    assert!(case.is_quiet([]));
    let planned = case.plan([("outer", outer(Some("x"), None, inner(None, Some("y"))))]).state;
    // The object is new, so its other parts are for the provider to say.
    assert_eq!(planned.lookup("outer.b"), &Value::UNKNOWN);
    assert_eq!(planned.lookup("outer.inner.c"), &Value::UNKNOWN);

    let case = Case { prior: given(&case.schema, [("outer", outer(Some("1"), None, Value::Null))]), ..case };
    let planned = case.plan([("outer", outer(None, None, inner(None, Some("y"))))]).state;
    assert_eq!(planned.lookup("outer.b"), &Value::Null);
    assert_eq!(planned.lookup("outer.inner.c"), &Value::UNKNOWN);
}

#[test]
fn removed_leaf() {
    let planned = existing().plan([("outer", outer(None, Some("new"), inner(None, None)))]).state;
    assert_eq!(planned.lookup("outer"), &outer(Some("1"), Some("new"), inner(Some("3"), Some("4"))));
}

#[test]
fn removed_object() {
    assert_eq!(existing().plan([("size", 3.into())]).state.lookup("outer"), &full());
    let planned = existing().plan([("outer", outer(Some("new"), None, Value::Null))]).state;
    assert_eq!(planned.lookup("outer.inner"), &inner(Some("3"), Some("4")));
}

#[test]
fn removed_object_with_a_part_that_only_a_configuration_can_give() {
    let mut prior = full();
    prior.set_at(&"fixed".into(), "was configured".into()).unwrap();
    let case = case().prior([("outer", prior)]);
    assert_eq!(case.plan([]).state.lookup("outer"), &full());
}

#[test]
fn a_required_part_goes_with_its_object() {
    let parts = vec![
        Attribute::string("kind").required(),
        Attribute::string("name").optional_computed().use_state(),
        Attribute::string("note").optional(),
    ];
    let reservation =
        |note: Option<&str>| texts([("kind", Some("any")), ("name", Some("r")), ("note", note)]);
    let case = Case::new([
        Attribute::number("size").optional(),
        Attribute::object("reservation", parts).optional_computed().use_state(),
    ])
    .prior([("reservation", reservation(None))]);
    assert!(case.is_quiet([]));
    assert_eq!(case.plan([("size", 3.into())]).state.lookup("reservation"), &reservation(None));
    // What only a configuration can give has been removed from it.
    let case = case.prior([("reservation", reservation(Some("n")))]);
    assert_eq!(case.plan([]).state.lookup("reservation"), &reservation(None));
}

#[test]
fn imported() {
    // Whatever was read, and however much of it the configuration repeats.
    assert!(existing().is_quiet([]));
    assert!(existing().is_quiet([("outer", full())]));
    assert!(existing().is_quiet([("outer", outer(None, Some("2"), inner(None, None)))]));
    let partly = case().prior([("outer", outer(Some("1"), None, Value::Null))]);
    assert!(partly.is_quiet([]));
    assert!(partly.is_quiet([("outer", outer(Some("1"), None, Value::Null))]));
}

#[test]
fn unknown_leaves_and_objects_stay_unknown() {
    let mut config = outer(None, None, Value::Null);
    config.set_at(&"a".into(), Value::UNKNOWN).unwrap();
    let planned = existing().plan([("outer", config)]).state;
    assert_eq!(planned.lookup("outer.a"), &Value::UNKNOWN);
    assert_eq!(planned.lookup("outer.b"), &Value::string("2"));
    assert_eq!(existing().plan([("outer", Value::UNKNOWN)]).state.lookup("outer"), &Value::UNKNOWN);
    let planned = existing().plan([("outer", outer(None, None, Value::UNKNOWN))]).state;
    assert_eq!(planned.lookup("outer.inner"), &Value::UNKNOWN);
}

#[test]
fn leaves_that_do_not_keep_their_state_become_unknown_one_by_one() {
    let outer = Attribute::object(
        "outer",
        vec![
            Attribute::string("kept").optional_computed().use_state(),
            Attribute::string("fresh").optional_computed(),
        ],
    )
    .optional_computed();
    let case = Case::new([Attribute::number("size").optional(), outer])
        .prior([("outer", texts([("kept", Some("k")), ("fresh", Some("f"))]))]);
    assert!(case.is_quiet([]));
    let planned = case.plan([("size", 3.into())]).state;
    assert_eq!(planned.lookup("outer.kept"), &Value::string("k"));
    assert_eq!(planned.lookup("outer.fresh"), &Value::UNKNOWN);
    let null = Case { prior: given(&case.schema, []), ..case };
    assert_eq!(null.plan([("size", 3.into())]).state.lookup("outer"), &Value::UNKNOWN);
}

#[test]
fn an_object_that_keeps_its_state_keeps_every_part() {
    let outer = Attribute::object("outer", vec![Attribute::string("a").optional_computed()]);
    let case = Case::new([Attribute::number("size").optional(), outer.optional_computed().use_state()])
        .prior([("outer", texts([("a", Some("1"))]))]);
    assert_eq!(case.plan([("size", 3.into())]).state.lookup("outer.a"), &Value::string("1"));
    let configured = case.plan([("size", 3.into()), ("outer", texts([("a", None)]))]).state;
    assert_eq!(configured.lookup("outer.a"), &Value::string("1"));
}

#[test]
fn defaults_in_an_object_act_once_it_is_configured() {
    let outer = Attribute::object(
        "outer",
        vec![Attribute::string("a").default("d"), Attribute::string("b").optional()],
    );
    let case = Case::new([outer.optional_computed()]);
    assert_eq!(case.plan([]).state.lookup("outer"), &Value::UNKNOWN);
    let empty = || texts([("a", None), ("b", None)]);
    assert_eq!(case.plan([("outer", empty())]).state.lookup("outer.a"), &Value::string("d"));
    let case = case.prior([("outer", texts([("a", Some("x")), ("b", None)]))]);
    assert!(case.is_quiet([]));
    assert_eq!(case.plan([("outer", empty())]).state.lookup("outer.a"), &Value::string("d"));
}

#[test]
fn an_object_may_have_a_default_of_its_own() {
    let outer = Attribute::object(
        "outer",
        vec![Attribute::string("a").optional(), Attribute::string("b").optional_computed().use_state()],
    );
    let case = Case::new([outer.default(texts([("a", Some("d")), ("b", None)]))]);
    let planned = case.plan([]).state;
    assert_eq!(planned.lookup("outer.a"), &Value::string("d"));
    assert_eq!(planned.lookup("outer.b"), &Value::UNKNOWN);
}
