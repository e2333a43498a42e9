//! Changes that need a new object.

use super::*;
use crate::tfplugin::path::AttributePath;
use crate::tfplugin::schema::{Block, Change};

fn paths(planned: &Planned) -> Vec<String> {
    planned.requires_replace.iter().map(AttributePath::to_string).collect()
}

fn case() -> Case {
    let leaf = |name: &str| Attribute::string(name).optional_computed().use_state().requires_replace();
    Case::new([
        Attribute::string("name").required().requires_replace(),
        leaf("disk"),
        Attribute::object("cloud", vec![leaf("image"), Attribute::string("free").optional()])
            .optional_computed()
            .use_state(),
        Attribute::list_nested("list", vec![leaf("key")]).optional(),
        Attribute::map_nested("map", vec![leaf("key")]).optional(),
        Attribute::set_nested("set", vec![Attribute::string("key").required()]).optional().requires_replace(),
        Attribute::number("size").optional().requires_replace_if(|change: &Change<'_>| {
            change.prior.as_u64() > change.planned.as_u64()
                && change.planned_root.lookup("name").as_str() == Some("a")
        }),
    ])
}

fn cloud(image: Option<&str>, free: Option<&str>) -> Value {
    texts([("image", image), ("free", free)])
}

fn key(key: &str) -> Value {
    texts([("key", Some(key))])
}

#[test]
fn nothing_to_replace_on_create() {
    assert_eq!(paths(&case().plan([("name", "a".into()), ("disk", "ssd".into())])), [""; 0]);
}

#[test]
fn changed_removed_and_unknown_values() {
    let case = case().prior([("name", "a".into()), ("disk", "ssd".into())]);
    assert_eq!(paths(&case.plan([("name", "a".into())])), [""; 0]);
    assert_eq!(paths(&case.plan([("name", "b".into())])), ["name"]);
    assert_eq!(paths(&case.plan([("name", Value::UNKNOWN)])), ["name"]);
    assert_eq!(paths(&case.plan([("name", "a".into()), ("disk", "hdd".into())])), ["disk"]);
    assert_eq!(paths(&case.plan([("name", "a".into()), ("disk", "ssd".into())])), [""; 0]);
}

#[test]
fn values_inside_objects() {
    let name = || ("name", "a".into());
    let case = case().prior([name(), ("cloud", cloud(Some("cos"), None))]);
    assert_eq!(paths(&case.plan([name(), ("cloud", cloud(Some("ubuntu"), None))])), ["cloud.image"]);
    assert_eq!(paths(&case.plan([name(), ("cloud", cloud(None, Some("x")))])), [""; 0]);
    assert_eq!(paths(&case.plan([name(), ("cloud", Value::UNKNOWN)])), ["cloud.image"]);
    // The object is new and the image is the provider's to say: nobody asked for another one.
    let none = Case { prior: given(&case.schema, [name()]), ..case };
    assert_eq!(paths(&none.plan([name(), ("cloud", cloud(None, Some("x")))])), [""; 0]);
    assert_eq!(paths(&none.plan([name(), ("cloud", cloud(Some("cos"), None))])), ["cloud.image"]);
}

#[test]
fn values_inside_collections() {
    let name = || ("name", "a".into());
    let case = case().prior([
        name(),
        ("list", Value::list([key("x"), key("y")])),
        ("map", Value::map([("k", key("x"))])),
        ("set", Value::set([key("x")])),
    ]);
    let plan = |list: Value, map: Value, set: Value| {
        paths(&case.plan([name(), ("list", list), ("map", map), ("set", set)]))
    };
    let (list, map, set) =
        (Value::list([key("x"), key("z")]), Value::map([("k", key("z"))]), Value::set([key("z")]));
    assert_eq!(plan(list, map, set), ["list[1].key", "map[\"k\"].key", "set"]);
}

#[test]
fn a_collection_that_is_unknown_answers_for_its_elements() {
    let case = case().prior([("name", "a".into()), ("map", Value::map([("k", key("x"))]))]);
    let config =
        [("name", "a".into()), ("list", Value::UNKNOWN), ("map", Value::UNKNOWN), ("set", Value::UNKNOWN)];
    assert_eq!(paths(&case.plan(config)), ["list", "map", "set"]);
}

#[test]
fn an_object_that_goes_as_a_whole() {
    let scaling = Attribute::object("scaling", vec![Attribute::number("max").required()]).optional();
    let case = Case::new([scaling.requires_replace()]).prior([("scaling", Value::object([("max", 3)]))]);
    assert_eq!(paths(&case.plan([])), ["scaling"]);
    assert_eq!(paths(&case.plan([("scaling", Value::object([("max", 4)]))])), ["scaling"]);
}

#[test]
fn conditions_see_the_whole_plan() {
    let case = case().prior([("name", "a".into()), ("size", 5.into())]);
    let plan = |name: &str, size: i64| paths(&case.plan([("name", name.into()), ("size", size.into())]));
    assert_eq!(plan("a", 3), ["size"]);
    assert_eq!(plan("a", 7), [""; 0]);
    assert_eq!(plan("b", 3), ["name"]);
}

#[test]
fn values_inside_blocks() {
    let parts = || vec![Attribute::string("key").required().requires_replace()];
    let mut case = Case::new([]);
    case.schema = Schema::new(0).block(Block::single("one", parts())).block(Block::list("many", parts()));
    let case = case.prior([("one", key("x")), ("many", Value::list([key("x")]))]);
    let planned = case.plan([("one", key("y")), ("many", Value::list([key("y")]))]);
    assert_eq!(paths(&planned), ["one.key", "many[0].key"]);
    assert_eq!(paths(&case.plan([("one", key("x")), ("many", Value::list([key("x")]))])), [""; 0]);
}
