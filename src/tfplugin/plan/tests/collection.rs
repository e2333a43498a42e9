//! Lists, maps and sets of objects, and blocks.

use super::*;
use crate::tfplugin::schema::Block;

fn parts() -> Vec<Attribute> {
    vec![
        Attribute::string("key").required(),
        Attribute::string("note").optional(),
        Attribute::string("given").optional_computed().use_state(),
        Attribute::string("made").computed(),
    ]
}

fn element(key: &str, given: Option<&str>, made: Option<&str>) -> Value {
    texts([("key", Some(key)), ("note", None), ("given", given), ("made", made)])
}

fn case() -> Case {
    Case::new([
        Attribute::number("size").optional(),
        Attribute::list_nested("list", parts()).optional(),
        Attribute::map_nested("map", parts()).optional(),
        Attribute::set_nested("set", parts()).optional(),
        Attribute::list_nested("seen", parts().into_iter().map(Attribute::computed).collect()).computed(),
    ])
}

#[test]
fn lists_match_by_index() {
    let case = case().prior([("list", Value::list([element("a", Some("1"), Some("2"))]))]);
    assert!(case.is_quiet([("list", Value::list([element("a", None, None)]))]));
    let config = Value::list([element("a", None, None), element("b", Some("x"), None)]);
    let planned = case.plan([("list", config)]).state;
    let list = planned.lookup("list").as_list().unwrap();
    assert_eq!(list[0].lookup("given"), &Value::string("1"));
    assert_eq!(list[0].lookup("made"), &Value::UNKNOWN);
    assert_eq!(list[1].lookup("given"), &Value::string("x"));
    assert_eq!(list[1].lookup("made"), &Value::UNKNOWN);
}

#[test]
fn maps_match_by_key() {
    let case = case().prior([("map", Value::map([("k", element("a", Some("1"), Some("2")))]))]);
    assert!(case.is_quiet([("map", Value::map([("k", element("a", None, None))]))]));
    let planned = case.plan([("map", Value::map([("other", element("a", None, None))]))]).state;
    assert_eq!(planned.lookup("map").get("other").unwrap().lookup("given"), &Value::UNKNOWN);
    assert_eq!(planned.lookup("map").get("k"), None);
}

#[test]
fn sets_match_as_terraform_does() {
    let case = case().prior([("set", Value::set([element("a", Some("1"), Some("2"))]))]);
    assert!(case.is_quiet([("set", Value::set([element("a", None, None)]))]));
    let config = Value::set([element("a", None, None), element("b", None, None)]);
    let planned = case.plan([("set", config)]).state;
    let set = planned.lookup("set").as_set().unwrap();
    assert!(set.contains(&element("a", Some("1"), Some("2"))));
    let new = set.iter().find(|element| element.lookup("key") == &Value::string("b")).unwrap();
    assert_eq!(new.lookup("given"), &Value::UNKNOWN);
    assert_eq!(new.lookup("made"), &Value::UNKNOWN);
}

#[test]
fn collections_nobody_configures_are_planned_whole() {
    let case = case().prior([("seen", Value::list([element("a", None, None)]))]);
    assert!(case.is_quiet([]));
    assert_eq!(case.plan([("size", 3.into())]).state.lookup("seen"), &Value::UNKNOWN);
    assert_eq!(case.plan([("size", 3.into())]).state.lookup("list"), &Value::Null);
}

#[test]
fn unknown_collections_and_elements_stay() {
    for name in ["list", "set"] {
        assert_eq!(case().plan([(name, Value::UNKNOWN)]).state.lookup(name), &Value::UNKNOWN);
    }
    let planned = case().plan([("list", Value::list([Value::UNKNOWN, element("a", None, None)]))]).state;
    assert_eq!(planned.lookup("list").as_list().unwrap()[0], Value::UNKNOWN);
}

#[test]
fn defaults_and_spellings_act_in_elements() {
    let same = |a: &Value, b: &Value| a.as_str().map(str::to_lowercase) == b.as_str().map(str::to_lowercase);
    let parts = |key: Attribute| vec![key.required(), Attribute::string("effect").default("No")];
    let case = Case::new([
        Attribute::list_nested("list", parts(Attribute::string("key").equivalent(same))).optional(),
        Attribute::set_nested("set", parts(Attribute::string("key"))).optional(),
    ]);
    let element = |key: &str, effect: Option<&str>| texts([("key", Some(key)), ("effect", effect)]);
    let config = || {
        [
            ("list", Value::list([element("A", None)])),
            ("set", Value::set([element("A", None), element("B", Some("Yes"))])),
        ]
    };
    let planned = case.plan(config()).state;
    assert_eq!(planned.lookup("list"), &Value::list([element("A", Some("No"))]));
    assert_eq!(planned.lookup("set"), &Value::set([element("A", Some("No")), element("B", Some("Yes"))]));
    let case = case.prior([("list", Value::list([element("a", Some("No"))]))]);
    assert_eq!(case.plan(config()).state.lookup("list"), &Value::list([element("a", Some("No"))]));
}

#[test]
fn a_set_goes_back_to_its_default() {
    let parts = vec![Attribute::string("key").required()];
    let keys = |key: &str| Value::set([texts([("key", Some(key))])]);
    let case =
        Case::new([Attribute::set_nested("set", parts).default(keys("d"))]).prior([("set", keys("x"))]);
    assert_eq!(case.plan([]).state.lookup("set"), &keys("d"));
    assert!(case.is_quiet([("set", keys("x"))]));
    assert!(case.prior([("set", keys("d"))]).is_quiet([]));
}

#[test]
fn blocks_are_planned_like_what_they_hold() {
    let timeouts = vec![Attribute::string("create").optional()];
    let mut case = Case::new([]);
    case.schema = Schema::new(0)
        .block(Block::single("timeouts", timeouts))
        .block(Block::list("rule", parts()))
        .block(Block::set("tag", parts()));
    let planned = case.plan([]).state;
    assert_eq!(planned, case.schema.empty_value());
    let rule = Value::list([element("a", None, None)]);
    let create = || texts([("create", Some("1h"))]);
    let config =
        [("timeouts", create()), ("rule", rule.clone()), ("tag", Value::set([element("t", None, None)]))];
    let planned = case.plan(config).state;
    assert_eq!(planned.lookup("timeouts"), &create());
    assert_eq!(planned.lookup("rule").as_list().unwrap()[0].lookup("given"), &Value::UNKNOWN);
    assert_eq!(planned.lookup("tag").as_set().unwrap()[0].lookup("made"), &Value::UNKNOWN);
    let case = case.prior([("rule", Value::list([element("a", Some("1"), Some("2"))]))]);
    assert!(case.is_quiet([("rule", rule)]));
    assert_eq!(case.plan([("rule", Value::UNKNOWN)]).state.lookup("rule"), &Value::UNKNOWN);
}
