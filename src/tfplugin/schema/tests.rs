use super::*;
use crate::tfplugin::diag::Diagnostics;
use crate::tfplugin::type_::Type;

fn taint() -> Vec<Attribute> {
    vec![
        Attribute::string("key").required().validate(Validator::not_empty()),
        Attribute::string("effect").optional().validate(Validator::one_of(&["NoSchedule", "NoExecute"])),
    ]
}

fn schema() -> Schema {
    Schema::new(1)
        .describe("A pool.")
        .attribute(Attribute::string("name").required().validate(Validator::max_length(5)))
        .attribute(Attribute::number("size").optional().validate(Validator::integer(Some(0), Some(9))))
        .attribute(Attribute::string("id").computed())
        .attribute(Attribute::string("old").optional().deprecated("Use name."))
        .attribute(
            Attribute::list("zones", Type::String)
                .optional()
                .validate(Validator::each(Validator::not_empty())),
        )
        .attribute(Attribute::object("one", taint()).optional())
        .attribute(Attribute::list_nested("many", taint()).optional())
        .attribute(Attribute::map_nested("keyed", taint()).optional())
        .attribute(Attribute::set_nested("taints", taint()).optional())
        .block(Block::single("timeouts", vec![Attribute::string("create").optional()]))
        .block(Block::list("rule", taint()).items(1, 2))
}

/// A configuration that is in order but for these parts.
fn config<const N: usize>(parts: [(&str, Value); N]) -> Value {
    let mut config = schema().empty_value();
    config.set_at(&"name".into(), "a".into()).unwrap();
    config.set_at(&"rule".into(), Value::list([taint_value("k", None)])).unwrap();
    for (path, part) in parts {
        config.set_at(&path.into(), part).unwrap();
    }
    config
}

fn taint_value(key: &str, effect: Option<&str>) -> Value {
    Value::object([("key", Value::from(key)), ("effect", effect.into())])
}

fn errors(diagnostics: &Diagnostics) -> Vec<String> {
    diagnostics.iter().map(ToString::to_string).collect()
}

fn validated<const N: usize>(parts: [(&str, Value); N]) -> Vec<String> {
    errors(&validate_config(&schema(), &config(parts)))
}

fn first_line(messages: &[String]) -> Vec<&str> {
    messages.iter().map(|message| message.lines().next().unwrap()).collect()
}

#[test]
fn the_type_has_everything_in_it() {
    let taint = || Type::object([("key", Type::String), ("effect", Type::String)]);
    assert_eq!(
        schema().ty(),
        Type::object([
            ("name", Type::String),
            ("size", Type::Number),
            ("id", Type::String),
            ("old", Type::String),
            ("zones", Type::list(Type::String)),
            ("one", taint()),
            ("many", Type::list(taint())),
            ("keyed", Type::map(taint())),
            ("taints", Type::set(taint())),
            ("timeouts", Type::object([("create", Type::String)])),
            ("rule", Type::list(taint())),
        ])
    );
    assert_eq!(schema().empty_value().conforms_to(&schema().ty()), Ok(()));
}

#[test]
fn attributes_are_found_by_path() {
    let schema = schema();
    let name = |path: AttributePath| schema.attribute_at(&path).map(Attribute::name);
    assert_eq!(name("one.key".into()), Some("key"));
    assert_eq!(name(AttributePath::parse("many").index(3).attribute("effect")), Some("effect"));
    assert_eq!(name(AttributePath::parse("keyed").key("k").attribute("key")), Some("key"));
    assert_eq!(name("timeouts.create".into()), Some("create"));
    assert_eq!(name("timeouts".into()), None);
    assert_eq!(name("name.more".into()), None);
    assert_eq!(name("nothing".into()), None);
}

#[test]
fn a_configuration_in_order_has_nothing_to_say_to() {
    assert_eq!(validated([]), [""; 0]);
    assert_eq!(schema().problems(), [""; 0]);
}

#[test]
fn unknown_parts_are_passed_over() {
    let unknown = || Value::UNKNOWN;
    let parts = [
        ("name", unknown()),
        ("size", unknown()),
        ("zones", Value::list([unknown()])),
        ("one", unknown()),
        ("many", Value::list([unknown(), Value::object([("key", unknown()), ("effect", unknown())])])),
        ("taints", unknown()),
        ("timeouts", unknown()),
        ("rule", unknown()),
    ];
    assert_eq!(validated(parts), [""; 0]);
}

#[test]
fn required_and_read_only_attributes_at_every_level() {
    let missing = || Value::object([("key", Value::Null), ("effect", Value::Null)]);
    let found = validated([
        ("name", Value::Null),
        ("id", "x".into()),
        ("one", missing()),
        ("many", Value::list([missing()])),
        ("keyed", Value::map([("a", missing())])),
        ("taints", Value::set([missing()])),
        ("rule", Value::list([missing()])),
    ]);
    assert_eq!(
        first_line(&found),
        [
            "error: Missing required argument (at name)",
            "error: Read-only argument (at id)",
            "error: Missing required argument (at one.key)",
            "error: Missing required argument (at many[0].key)",
            "error: Missing required argument (at keyed[\"a\"].key)",
            "error: Missing required argument (at taints)",
            "error: Missing required argument (at rule[0].key)",
        ]
    );
    assert!(found[5].contains("taints.key is required"), "{}", found[5]);
}

#[test]
fn validators_name_the_value_and_the_choices() {
    let found = validated([
        ("name", "too long".into()),
        ("size", 10.into()),
        ("one", taint_value("", Some("Never"))),
        ("zones", Value::list(["a", ""])),
    ]);
    assert_eq!(
        found,
        [
            "error: Invalid value for name (at name)\nThe value has 8 characters; at most 5 are allowed.",
            "error: Invalid value for size (at size)\n10 is not a whole number from 0 to 9.",
            "error: Invalid value for zones[1] (at zones[1])\nThe value is empty. Give a value, or leave the argument out.",
            "error: Invalid value for one.key (at one.key)\nThe value is empty. Give a value, or leave the argument out.",
            "error: Invalid value for one.effect (at one.effect)\n\"Never\" is none of \"NoSchedule\", \"NoExecute\".",
        ]
    );
    let half = Value::Number("1.5".parse().unwrap());
    assert_eq!(first_line(&validated([("size", half)])), ["error: Invalid value for size (at size)"]);
    assert_eq!(first_line(&validated([("size", (-1).into())])), ["error: Invalid value for size (at size)"]);
}

#[test]
fn numbers_need_not_be_whole() {
    let number = |text: &str| text.parse::<crate::tfplugin::number::Number>().unwrap();
    let check = |min: Option<&str>, max: Option<&str>, value: &str| {
        let mut found = Diagnostics::new();
        let rule = Validator::number(min.map(number), max.map(number));
        rule.check(&"price".into(), &Value::Number(number(value)), &mut found);
        found.iter().map(|found| found.detail.clone()).collect::<Vec<_>>()
    };
    assert_eq!(check(Some("0.1"), Some("0.5"), "0.1"), [""; 0]);
    assert_eq!(check(Some("0.1"), Some("0.5"), "0.51"), ["0.51 is not a number from 0.1 to 0.5."]);
    assert_eq!(check(Some("0"), None, "-0.01"), ["-0.01 is not a number of 0 or more."]);
    assert_eq!(check(None, Some("1"), "2"), ["2 is not a number of 1 or less."]);
}

#[test]
fn blocks_are_counted() {
    let rules = |count: usize| Value::list(vec![taint_value("k", None); count]);
    assert_eq!(first_line(&validated([("rule", rules(0))])), ["error: Too few blocks (at rule)"]);
    assert_eq!(first_line(&validated([("rule", rules(3))])), ["error: Too many blocks (at rule)"]);
}

#[test]
fn deprecated_attributes_warn_when_they_are_used() {
    assert_eq!(validated([("old", "x".into())]), ["warning: old is deprecated (at old)\nUse name."]);
}

#[test]
fn another_type_is_an_error_and_no_panic() {
    let found = errors(&validate_config(&schema(), &Value::object([("name", 1)])));
    assert_eq!(first_line(&found).len(), 1);
    assert!(found[0].starts_with("error: Malformed configuration"), "{}", found[0]);
}

fn ruled(rule: Rule, a: Value, b: Value) -> Vec<String> {
    let schema = Schema::new(0)
        .attribute(Attribute::string("a").optional())
        .attribute(Attribute::object("o", vec![Attribute::string("b").optional()]).optional())
        .rule(rule);
    let inner = Value::object([("b", b)]);
    errors(&validate_config(&schema, &Value::object([("a", a), ("o", inner)])))
}

#[test]
fn rules_between_attributes() {
    let (null, unknown, text) = (|| Value::Null, || Value::UNKNOWN, || Value::from("x"));
    let conflicts = || Rule::conflicts("a", "o.b");
    assert_eq!(
        ruled(conflicts(), text(), text()),
        [
            "error: Conflicting arguments (at o.b)\na and o.b are given, but at most one of a, o.b may be. Remove all but one."
        ]
    );
    for (a, b) in [(text(), null()), (text(), unknown()), (unknown(), unknown()), (null(), null())] {
        assert_eq!(ruled(conflicts(), a, b), [""; 0]);
    }
    let exactly = || Rule::exactly_one_of(&["a", "o.b"]);
    assert_eq!(first_line(&ruled(exactly(), text(), text())), ["error: Conflicting arguments (at o.b)"]);
    assert_eq!(
        ruled(exactly(), null(), null()),
        ["error: Missing argument\nNone of a, o.b is given, but one must be."]
    );
    for (a, b) in [(text(), null()), (unknown(), null()), (text(), unknown())] {
        assert_eq!(ruled(exactly(), a, b), [""; 0]);
    }
    let together = || Rule::required_together(&["a", "o.b"]);
    assert_eq!(
        first_line(&ruled(together(), null(), text())),
        ["error: Arguments that belong together (at o.b)"]
    );
    for (a, b) in [(text(), text()), (null(), null()), (text(), unknown())] {
        assert_eq!(ruled(together(), a, b), [""; 0]);
    }
    assert_eq!(
        first_line(&ruled(Rule::at_least_one_of(&["a"]), null(), text())),
        ["error: Missing argument"]
    );
    assert_eq!(ruled(Rule::at_least_one_of(&["a", "o.b"]), null(), text()), [""; 0]);
}

#[test]
fn an_unknown_value_that_cannot_be_null_counts_as_given() {
    let promised = || crate::tfplugin::value::Refinements::not_null().into_unknown();
    assert_eq!(
        first_line(&ruled(Rule::conflicts("a", "o.b"), promised(), "x".into())),
        ["error: Conflicting arguments (at o.b)"]
    );
}

#[test]
fn an_unsound_schema_is_told() {
    let schema = Schema::new(0)
        .attribute(Attribute::string("count").optional())
        .attribute(Attribute::string("Name").optional().use_state())
        .attribute(Attribute::string("twice").default(3))
        .attribute(Attribute::string("twice").default("x").validate(Validator::one_of(&["y"])).use_state())
        .attribute(Attribute::map("tags", Type::String).optional().equivalent(|_, _| true))
        .attribute(Attribute::set_nested("set", vec![Attribute::string("a").required().requires_replace()]))
        .attribute(Attribute::object("seen", vec![Attribute::string("a").optional()]).computed())
        .attribute(Attribute::string("made").default("x").computed().validate(Validator::not_empty()));
    assert_eq!(
        schema.problems(),
        [
            "Name is no name: lower-case letters, digits and underscores only",
            "twice is there twice",
            "Name keeps the state but is not computed",
            "the default of twice does not have its type: the value: is a number where string is needed",
            "the default of twice breaks its own rule: \"x\" is none of \"y\".",
            "twice has a default and keeps the state: one of them can never act",
            "tags has equivalent spellings, which only texts, numbers and bools can have",
            "set is a set, in which replacement and equivalent spellings cannot act",
            "seen cannot be configured, but attributes inside it can",
            "made has a default and so must be optional and computed",
            "made has validators but cannot be configured",
            "count is a name that Terraform keeps for itself",
        ]
    );
}
