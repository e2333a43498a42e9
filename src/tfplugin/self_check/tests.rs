use super::*;
use crate::tfplugin::schema::{Attribute, Block};
use crate::tfplugin::value::Refinements;

fn parts() -> Vec<Attribute> {
    vec![Attribute::string("key").required(), Attribute::string("made").optional_computed()]
}

fn schema() -> Schema {
    Schema::new(0)
        .attribute(Attribute::string("plain").optional())
        .attribute(Attribute::string("either").optional_computed())
        .attribute(Attribute::string("made").computed())
        .attribute(Attribute::string("secret").optional().sensitive())
        .attribute(Attribute::object("one", parts()).optional())
        .attribute(Attribute::list_nested("list", parts()).optional())
        .attribute(Attribute::map_nested("map", parts()).optional())
        .attribute(Attribute::set_nested("set", parts()).optional())
        .attribute(Attribute::of_type("any", crate::tfplugin::type_::Type::Dynamic).optional_computed())
        .block(Block::single("single", parts()))
        .block(Block::list("blocks", parts()))
        .block(Block::set("uniques", parts()))
}

fn value<const N: usize>(given: [(&str, Value); N]) -> Value {
    let mut value = schema().empty_value();
    for (path, part) in given {
        value.set_at(&path.into(), part).unwrap();
    }
    value
}

fn element(key: &str, made: impl Into<Value>) -> Value {
    Value::object([("key", Value::from(key)), ("made", made.into())])
}

fn messages(diagnostics: &Diagnostics) -> Vec<String> {
    let ending = ". This is a mistake in the provider, please report it.";
    diagnostics.iter().map(|diagnostic| diagnostic.detail.strip_suffix(ending).unwrap().to_owned()).collect()
}

/// What is wrong with planning `planned` for the attribute `name`, given its configuration and prior value.
fn plan(name: &str, config: Value, prior: Value, planned: Value) -> Vec<String> {
    let wrap = |part: Value| value([(name, part)]);
    messages(&check_plan(&schema(), &wrap(config), &wrap(prior), &wrap(planned), &[]))
}

const NONE: [&str; 0] = [];

#[test]
fn configured_values_stay_or_keep_the_prior_spelling() {
    let text = |text: &str| Value::from(text);
    assert_eq!(plan("plain", text("a"), Value::Null, text("a")), NONE);
    assert_eq!(plan("plain", text("a"), text("A"), text("A")), NONE);
    assert_eq!(
        plan("plain", text("a"), text("b"), text("c")),
        ["plain: is planned to be \"c\", unlike the configured value \"a\" and the prior value \"b\""]
    );
    assert_eq!(
        plan("either", text("a"), Value::Null, Value::UNKNOWN),
        ["either: is planned to be (unknown), unlike the configured value \"a\""]
    );
    assert_eq!(
        plan("secret", text("a"), text("b"), text("c")),
        [
            "secret: is planned to be (sensitive value), unlike the configured value (sensitive value) and the prior \
         value (sensitive value)"
        ]
    );
    assert_eq!(plan("plain", Value::UNKNOWN, Value::Null, Refinements::not_null().into_unknown()), NONE);
}

#[test]
fn only_computed_values_may_be_invented() {
    assert_eq!(
        plan("plain", Value::Null, Value::Null, "x".into()),
        ["plain: is planned to be \"x\", but is neither configured nor computed"]
    );
    // Keeping a prior value that was removed from the configuration is inventing it too.
    assert_eq!(plan("plain", Value::Null, "x".into(), "x".into()).len(), 1);
    assert_eq!(plan("either", Value::Null, Value::Null, "x".into()), NONE);
    assert_eq!(plan("made", Value::Null, Value::Null, Value::UNKNOWN), NONE);
}

#[test]
fn a_type_that_is_not_the_schemas() {
    let planned = Value::object([("plain", 1)]);
    let found = check_plan(&schema(), &value([]), &Value::Null, &planned, &[]);
    assert!(found.to_string().contains("does not have the schema's type"), "{found}");
}

#[test]
fn presence_follows_the_configuration() {
    let found = |config: Value, planned: Value| {
        messages(&check_plan(&schema(), &config, &Value::Null, &planned, &[]))
    };
    assert_eq!(
        found(value([]), Value::Null),
        ["The root object: is planned to be absent, but the configuration has it"]
    );
    assert_eq!(
        found(Value::Null, value([])),
        ["The root object: is planned to be present, but the configuration does not have it"]
    );
    assert_eq!(found(Value::Null, Value::Null), NONE);
    assert_eq!(
        plan("one", element("k", Value::Null), Value::Null, Value::Null),
        ["one: is planned to be absent, but the configuration has it"]
    );
    assert_eq!(
        plan("single", element("k", Value::Null), Value::Null, Value::Null),
        ["single: is planned to be absent, but the configuration has it"]
    );
}

#[test]
fn configured_objects_are_not_wholly_unknown() {
    assert_eq!(
        plan("one", element("k", Value::Null), Value::Null, Value::UNKNOWN),
        ["one: is planned to be wholly unknown although it is configured; only its parts may be"]
    );
    assert_eq!(plan("one", element("k", Value::Null), Value::Null, element("k", Value::UNKNOWN)), NONE);
    assert_eq!(
        plan("one", element("k", Value::Null), Value::Null, element("x", Value::UNKNOWN)),
        ["one.key: is planned to be \"x\", unlike the configured value \"k\""]
    );
    assert_eq!(
        plan("single", element("k", Value::Null), Value::Null, Value::UNKNOWN),
        ["single: is planned to be unknown; only attributes in a block may be"]
    );
}

#[test]
fn collections_of_objects_keep_their_size() {
    let (a, b) = (|| element("a", Value::Null), || element("b", Value::Null));
    assert_eq!(
        plan("list", Value::list([a()]), Value::Null, Value::list([a(), b()])),
        ["list: is planned to have 2 elements, the configuration has 1"]
    );
    assert_eq!(
        plan("list", Value::list([a()]), Value::Null, Value::list([b()])),
        ["list[0].key: is planned to be \"b\", unlike the configured value \"a\""]
    );
    assert_eq!(
        plan("map", Value::map([("x", a())]), Value::Null, Value::map([("y", a())])),
        ["map[\"y\"]: is planned, but the configuration has no such key"]
    );
    assert_eq!(
        plan("map", Value::map([("x", a())]), Value::Null, Value::map([("x", a()), ("y", b())])),
        ["map: is planned to have 2 elements, the configuration has 1"]
    );
    assert_eq!(
        plan("set", Value::set([a()]), Value::Null, Value::set([a(), b()])),
        ["set: is planned to have 2 elements, the configuration has 1"]
    );
    // Elements with unknown parts may turn out equal, so the number is a range.
    let unknown = |key: &str| element(key, Value::UNKNOWN);
    assert_eq!(
        plan("set", Value::set([a(), b()]), Value::Null, Value::set([unknown("a"), unknown("b")])),
        NONE
    );
    assert_eq!(plan("set", Value::set([a()]), Value::Null, Value::set([unknown("a"), unknown("b")])), NONE);
    assert_eq!(plan("set", Value::set([a(), b()]), Value::Null, Value::set([unknown("a")])).len(), 1);
}

#[test]
fn blocks_are_as_often_as_they_are_written() {
    let (a, b) = (|| element("a", Value::Null), || element("b", Value::Null));
    assert_eq!(
        plan("blocks", Value::list([a()]), Value::Null, Value::list([a(), b()])),
        ["blocks: is planned to have 2 elements, the configuration has 1"]
    );
    assert_eq!(
        plan("blocks", Value::list([a()]), Value::Null, Value::list([element("x", Value::Null)])),
        ["blocks[0].key: is planned to be \"x\", unlike the configured value \"a\""]
    );
    for name in ["blocks", "uniques"] {
        assert_eq!(
            plan(name, schema().empty_value().lookup(name).clone(), Value::Null, Value::Null),
            [format!("{name}: is planned to be null; without any block there must be an empty collection")]
        );
        assert_eq!(
            plan(name, Value::UNKNOWN, Value::Null, schema().empty_value().lookup(name).clone()),
            [format!("{name}: is planned, although it is unknown yet how often the block is written")]
        );
    }
    assert_eq!(
        plan("uniques", Value::set([a()]), Value::Null, Value::set([Value::UNKNOWN])),
        ["uniques: has a block that is planned to be wholly unknown; only attributes in it may be"]
    );
}

#[test]
fn what_needs_a_new_object_is_somewhere() {
    let check = |path: AttributePath, prior: Value, planned: Value| {
        messages(&check_plan(&schema(), &planned, &prior, &planned, &[path]))
    };
    let without = || value([]);
    let with = || value([("one", element("k", "m"))]);
    assert_eq!(check("one.key".into(), with(), without()), NONE);
    assert_eq!(check("one.key".into(), without(), value([("one", Value::UNKNOWN)])), NONE);
    assert_eq!(
        check("one.key".into(), without(), without()),
        ["one.key: needs a new object, but is neither in the prior nor in the planned state"]
    );
    assert_eq!(check("nothing".into(), with(), with()).len(), 1);
    assert_eq!(check(AttributePath::parse("list").index(0), without(), without()).len(), 1);
}

/// What is wrong with `after` as the result for the attribute `name`, planned as `planned`.
fn apply(name: &str, planned: Value, after: Value) -> Vec<String> {
    messages(&check_apply(&schema(), &value([(name, planned)]), &value([(name, after)])))
}

#[test]
fn what_was_known_stays() {
    assert_eq!(apply("either", "a".into(), "A".into()), ["either: was \"a\", is now \"A\""]);
    assert_eq!(apply("either", "a".into(), Value::Null), ["either: was \"a\", is now null"]);
    assert_eq!(apply("either", Value::Null, "a".into()), ["either: was null, is now \"a\""]);
    assert_eq!(
        apply("secret", "a".into(), "b".into()),
        ["secret: was (sensitive value), is now (sensitive value)"]
    );
    assert_eq!(
        apply("one", element("k", Value::UNKNOWN), element("x", "m")),
        ["one.key: was \"k\", is now \"x\""]
    );
    let two = || Value::list([element("a", Value::Null), element("b", Value::Null)]);
    let one = || Value::list([element("a", Value::Null)]);
    assert_eq!(apply("list", two(), one()), ["list[1]: has vanished"]);
    assert_eq!(apply("list", one(), two()), ["list[1]: has appeared"]);
    assert_eq!(apply("blocks", one(), two()), ["blocks: had 1 blocks, has now 2"]);
    let map = |key: &str| Value::map([(key, element("a", Value::Null))]);
    assert_eq!(apply("map", map("x"), map("y")), ["map[\"x\"]: has vanished", "map[\"y\"]: has appeared"]);
    assert_eq!(
        apply("single", element("a", Value::Null), Value::Null),
        ["single: was present, is now absent"]
    );
}

#[test]
fn what_was_unknown_becomes_anything_that_was_promised() {
    assert_eq!(apply("made", Value::UNKNOWN, "a".into()), NONE);
    assert_eq!(apply("made", Value::UNKNOWN, Value::Null), NONE);
    let promised =
        || Refinements { string_prefix: Some("id-".into()), ..Refinements::not_null() }.into_unknown();
    assert_eq!(apply("made", promised(), "id-1".into()), NONE);
    assert_eq!(
        apply("made", promised(), "x".into()),
        ["made: is now \"x\", but it was promised to begin with \"id-\""]
    );
    assert_eq!(
        apply("made", promised(), Value::Null),
        ["made: is now null, but it was promised not to be null"]
    );
}

#[test]
fn sets_may_shrink_but_not_grow_or_change() {
    let unknown = |key: &str| element(key, Value::UNKNOWN);
    for name in ["set", "uniques"] {
        let check = |planned: Value, after: Value| apply(name, planned, after);
        assert_eq!(check(Value::set([unknown("a")]), Value::set([element("a", "1")])), NONE);
        let twice = || Value::set([unknown("a"), unknown("a")]);
        assert_eq!(check(twice(), Value::set([element("a", "1")])), NONE);
        let three = Value::set([element("a", "1"), element("a", "2"), element("a", "3")]);
        assert_eq!(check(twice(), three), [format!("{name}: had 2 elements, has now 3")]);
        assert_eq!(
            check(Value::set([unknown("a")]), Value::set([element("b", "1")])),
            [format!("{name}: a planned element of the set is not in the result")]
        );
        let more = Value::set([element("a", "1"), element("b", "1")]);
        assert_eq!(
            check(Value::set([unknown("a")]), more),
            [format!("{name}: the result has an element in the set that was not planned")]
        );
    }
}

#[test]
fn dynamic_values_keep_their_type() {
    use crate::tfplugin::type_::Type;
    let text = |value: Value| Value::dynamic(Type::String, value);
    assert_eq!(apply("any", text(Value::UNKNOWN), text("a".into())), NONE);
    assert_eq!(apply("any", Value::UNKNOWN, text("a".into())), NONE);
    assert_eq!(
        apply("any", text(Value::UNKNOWN), Value::dynamic(Type::Number, 1)),
        ["any: was of type string, is now of type number"]
    );
    assert_eq!(
        apply("any", text("a".into()), Value::Null),
        ["any: was of type string, is now of no known type"]
    );
}

#[test]
fn nothing_is_unknown_after_apply_and_presence_is_as_planned() {
    assert_eq!(
        apply("one", element("k", Value::UNKNOWN), element("k", Value::UNKNOWN)),
        ["one.made: is still unknown after apply"]
    );
    let check = |planned: Value, after: Value| messages(&check_apply(&schema(), &planned, &after));
    assert_eq!(check(value([]), Value::Null), ["The root object: was present, is now absent"]);
    assert_eq!(check(Value::Null, value([])), ["The root object: was absent, is now present"]);
    assert_eq!(check(Value::Null, Value::Null), NONE);
    assert_eq!(check(value([]), Value::object([("plain", 1)])).len(), 1);
}

fn planned(state: Value, requires_replace: &[&str]) -> Planned {
    Planned {
        state,
        requires_replace: requires_replace.iter().map(|path| AttributePath::parse(path)).collect(),
        private: Vec::new(),
        diagnostics: Diagnostics::new(),
    }
}

#[test]
fn the_final_plan_keeps_the_first_one() {
    let prior = value([("plain", "p".into())]);
    let check = |first: Planned, second: Planned| messages(&check_replan(&schema(), &prior, &first, &second));
    let update = |made: Value| planned(value([("plain", "p".into()), ("made", made)]), &[]);
    assert_eq!(check(update(Value::UNKNOWN), update("x".into())), NONE);
    assert_eq!(check(update(Value::UNKNOWN), planned(prior.clone(), &[])), NONE);
    assert_eq!(check(update("x".into()), update("y".into())), ["made: was \"x\", is now \"y\""]);
    assert_eq!(check(update("x".into()), update(Value::UNKNOWN)), ["made: was \"x\", is now unknown"]);
    assert_eq!(
        check(planned(prior.clone(), &[]), update("x".into()))[0],
        "The root object: the action changes from NoOp to Update"
    );
    let replace = || planned(value([("plain", "q".into())]), &["plain"]);
    assert_eq!(check(replace(), replace()), NONE);
    assert_eq!(
        check(planned(value([("plain", "q".into())]), &[]), replace()),
        ["The root object: the action changes from Update to Replace"]
    );
    assert_eq!(check(planned(Value::Null, &[]), planned(Value::Null, &[])), NONE);
    assert_eq!(
        check(planned(Value::Null, &[]), update(Value::Null))[0],
        "The root object: the action changes from Delete to NoOp"
    );
}

#[test]
fn the_proposed_state_is_that_of_terraform() {
    let prior = value([
        ("plain", "p".into()),
        ("either", "e".into()),
        ("made", "m".into()),
        ("list", Value::list([element("a", "1")])),
        ("set", Value::set([element("a", "1"), element("b", "2")])),
    ]);
    let config = value([
        ("list", Value::list([element("x", Value::Null), element("y", Value::Null)])),
        ("set", Value::set([element("b", Value::Null), element("c", Value::Null)])),
    ]);
    let proposed = proposed_new(&schema(), &prior, &config);
    assert_eq!(
        proposed,
        value([
            ("either", "e".into()),
            ("made", "m".into()),
            ("list", Value::list([element("x", "1"), element("y", Value::Null)])),
            ("set", Value::set([element("b", "2"), element("c", Value::Null)])),
        ])
    );
    // On create, what is computed is null.
    assert_eq!(proposed_new(&schema(), &Value::Null, &config).lookup("made"), &Value::Null);
    assert_eq!(proposed_new(&schema(), &prior, &Value::Null), Value::Null);
}

#[test]
fn a_removed_object_that_was_configured_is_proposed_as_null() {
    let parts = vec![Attribute::string("given").optional(), Attribute::string("made").optional_computed()];
    let schema = Schema::new(0).attribute(Attribute::object("one", parts).optional_computed());
    let prior = |given: Option<&str>| {
        let one = Value::object([("given", Value::from(given)), ("made", "m".into())]);
        Value::object([("one", one)])
    };
    let config = schema.empty_value();
    assert_eq!(proposed_new(&schema, &prior(Some("g")), &config).lookup("one"), &Value::Null);
    assert_eq!(proposed_new(&schema, &prior(None), &config), prior(None));
}

#[test]
fn too_many_unknown_paths_are_refused() {
    let paths = ["plain"; 13];
    assert!(check_subsets(&schema(), &[], &|_| {}, &value([]), &Value::Null, &paths).has_errors());
}
