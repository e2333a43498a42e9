use proptest::prelude::*;

use super::arbitrary::typed_values;
use super::*;
use crate::tfplugin::path::AttributePath;

fn pool() -> Value {
    Value::object([
        ("name", Value::string("a")),
        ("slices", Value::object([("total", Value::UNKNOWN), ("per_gpu", Value::from(7))])),
        ("gke", Value::Null),
        ("aks", Value::UNKNOWN),
        ("labels", Value::map([("k", "v")])),
        ("sizes", Value::list([1, 2])),
    ])
}

#[test]
fn parts_of_null_and_unknown() {
    let pool = pool();
    assert_eq!(pool.lookup("slices.per_gpu").as_u64(), Some(7));
    assert_eq!(pool.lookup("gke.image_type"), &Value::Null);
    assert_eq!(pool.lookup("aks.mode"), &Value::UNKNOWN);
    assert_eq!(pool.lookup("nothing"), &Value::Null);
    assert_eq!(pool.at(&"gke.image_type".into()), None);
    assert_eq!(pool.at(&AttributePath::parse("labels").key("k")), Some(&Value::string("v")));
    assert_eq!(pool.at(&AttributePath::parse("sizes").index(1)), Some(&Value::from(2)));
}

#[test]
fn parts_can_be_set_where_there_is_a_place() {
    let mut pool = pool();
    pool.set_at(&"slices.total".into(), Value::from(14)).unwrap();
    assert_eq!(pool.lookup("slices.total"), &Value::from(14));
    pool.set_at(&AttributePath::parse("labels").key("new"), "x".into()).unwrap();
    assert_eq!(pool.lookup("labels").as_string_map().unwrap()["new"], "x");
    let before = pool.clone();
    let error = pool.set_at(&"gke.image_type".into(), Value::Null).unwrap_err();
    assert_eq!(error.to_string(), "there is no gke.image_type to set gke.image_type");
    pool.set_at(&"slices.nothing".into(), Value::Null).unwrap_err();
    assert_eq!(pool, before);
}

#[test]
fn nulling_reaches_every_unknown() {
    let value = Value::object([
        ("a", Value::list([Value::UNKNOWN, Value::from(1)])),
        ("b", Value::set([Value::UNKNOWN, Value::UNKNOWN])),
        ("c", Value::dynamic(Type::list(Type::Bool), Value::list([Value::UNKNOWN]))),
    ]);
    let known = value.null_unknowns();
    assert!(known.is_wholly_known());
    assert_eq!(known.lookup("b"), &Value::set([Value::Null]));
}

#[test]
fn sets_have_no_order_and_no_known_duplicates() {
    assert_eq!(Value::set(["b", "a", "b"]), Value::set(["a", "b"]));
    assert_eq!(Value::set([Value::UNKNOWN, Value::UNKNOWN]).as_set().unwrap().len(), 2);
    assert!(Value::set([3, 1]).as_set().unwrap().contains(&Value::from(1)));
}

#[test]
fn mismatches_are_named_with_their_path() {
    let ty = Type::object([("a", Type::list(Type::Number))]);
    let wrong = |value: Value| value.conforms_to(&ty).unwrap_err().to_string();
    assert_eq!(wrong(Value::object([("a", Value::list(["x"]))])), "a[0]: is a string where number is needed");
    assert_eq!(wrong(Value::Object(BTreeMap::new())), "the value: lacks the attribute \"a\"");
    assert_eq!(
        wrong(Value::object([("a", Value::Null), ("b", Value::Null)])),
        "the value: has an attribute \"b\" that the type does not have"
    );
    assert_eq!(Value::Null.conforms_to(&ty), Ok(()));
}

#[test]
fn refinements_hold_or_break() {
    let bound = |value: i64, inclusive| Some(NumberBound { value: value.into(), inclusive });
    let number =
        Refinements { number_min: bound(1, true), number_max: bound(3, false), ..Refinements::default() };
    assert_eq!(number.broken_by(&Value::from(1)), None);
    assert_eq!(number.broken_by(&Value::from(3)).unwrap(), "it was promised to be below 3");
    assert_eq!(number.broken_by(&Value::from(0)).unwrap(), "it was promised to be at least 1");
    assert_eq!(number.broken_by(&Value::Null), None);
    assert!(Refinements::not_null().broken_by(&Value::Null).is_some());
    let prefix = Refinements { string_prefix: Some("arn:".into()), ..Refinements::default() };
    assert_eq!(prefix.broken_by(&"arn:x".into()), None);
    assert!(prefix.broken_by(&"x".into()).is_some());
    let other = Refinements { string_prefix: Some("id".into()), ..Refinements::default() }.into_unknown();
    assert!(prefix.broken_by(&other).is_some());
    assert_eq!(prefix.broken_by(&Value::UNKNOWN), None);
    let length = Refinements { length_min: Some(1), length_max: Some(2), ..Refinements::default() };
    assert!(length.broken_by(&Value::list([0; 0])).is_some());
    assert_eq!(length.broken_by(&Value::list([1, 2])), None);
    assert!(length.broken_by(&Value::set([1, 2, 3])).is_some());
    assert_eq!(length.broken_by(&Value::set([Value::UNKNOWN, Value::UNKNOWN, Value::from(1)])), None);
}

proptest! {
    #[test]
    fn arbitrary_values_conform((ty, value) in typed_values()) {
        prop_assert_eq!(value.conforms_to(&ty), Ok(()));
    }

    #[test]
    fn nulled_values_are_known_and_conform((ty, value) in typed_values()) {
        let known = value.null_unknowns();
        prop_assert!(known.is_wholly_known());
        prop_assert_eq!(known.conforms_to(&ty), Ok(()));
    }
}
