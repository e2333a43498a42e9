use proptest::prelude::*;

use super::*;
use crate::tfplugin::number::Number;
use crate::tfplugin::type_::Type;
use crate::tfplugin::value::arbitrary::{typed_values, types};
use crate::tfplugin::value::{NumberBound, Refinements, Value};

fn packed(value: &Value, ty: &Type) -> Vec<u8> {
    let bytes = msgpack::encode(value, ty).unwrap();
    assert_eq!(&msgpack::decode(&bytes, ty).unwrap(), value);
    bytes
}

fn number(text: &str) -> Value {
    Value::Number(text.parse().unwrap())
}

#[test]
fn numbers_travel_as_terraform_sends_them() {
    assert_eq!(packed(&Value::from(21), &Type::Number), [21]);
    assert_eq!(packed(&number("0.5"), &Type::Number), [0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(packed(&number("0.1"), &Type::Number), b"\xa30.1");
    assert_eq!(packed(&number("9223372036854775808"), &Type::Number), b"\xb39223372036854775808");
    assert_eq!(packed(&number("-9223372036854775808"), &Type::Number)[0], 0xd3);
    // What others may send: unsigned, single precision.
    assert_eq!(
        msgpack::decode(&[0xcf, 255, 255, 255, 255, 255, 255, 255, 255], &Type::Number).unwrap(),
        u64::MAX.into()
    );
    assert_eq!(msgpack::decode(&[0xca, 0x3f, 0, 0, 0], &Type::Number).unwrap(), number("0.5"));
}

#[test]
fn unknown_and_null() {
    assert_eq!(packed(&Value::UNKNOWN, &Type::String), [0xd4, 0, 0]);
    assert_eq!(packed(&Value::Null, &Type::list(Type::Bool)), [0xc0]);
    // Any extension of at most one byte is an unknown value.
    assert_eq!(msgpack::decode(&[0xc7, 0, 12], &Type::String).unwrap(), Value::UNKNOWN);
    assert_eq!(msgpack::decode(&[0xd4, 99, 7], &Type::String).unwrap(), Value::UNKNOWN);
    assert!(msgpack::decode(&[0xd5, 99, 7, 7], &Type::String).is_err());
}

#[test]
fn refinements_are_kept() {
    let known = Refinements { string_prefix: Some("arn:".into()), ..Refinements::not_null() };
    let bytes = packed(&known.into_unknown(), &Type::String);
    assert_eq!(bytes, b"\xc7\x09\x0c\x82\x01\xc2\x02\xa4arn:");
    let bound = Refinements {
        number_min: Some(NumberBound { value: Number::from(1), inclusive: true }),
        number_max: Some(NumberBound { value: "2.5".parse().unwrap(), inclusive: false }),
        ..Refinements::default()
    };
    packed(&bound.into_unknown(), &Type::Number);
    let length = Refinements { length_min: Some(1), length_max: Some(9), ..Refinements::default() };
    packed(&length.into_unknown(), &Type::set(Type::String));
    // A key of the future is passed over; a value known to be null is null; a promise a type cannot keep is refused.
    assert_eq!(msgpack::decode(&[0xc7, 3, 12, 0x81, 99, 1], &Type::String).unwrap(), Value::UNKNOWN);
    assert_eq!(msgpack::decode(&[0xc7, 3, 12, 0x81, 1, 0xc3], &Type::String).unwrap(), Value::Null);
    assert!(msgpack::decode(&[0xc7, 3, 12, 0x81, 5, 1], &Type::String).is_err());
}

#[test]
fn too_much_knowledge_is_cut_rather_than_refused_by_the_other_side() {
    let cut = |known: Refinements, ty: Type| {
        let bytes = msgpack::encode(&known.into_unknown(), &ty).unwrap();
        msgpack::decode(&bytes, &ty).unwrap().refinements().cloned().unwrap()
    };
    let known = Refinements { string_prefix: Some("ä".repeat(600)), ..Refinements::default() };
    assert_eq!(cut(known, Type::String).string_prefix, Some("ä".repeat(128)));
    let bound = |text: &str| Some(NumberBound { value: text.parse().unwrap(), inclusive: true });
    let known = Refinements { number_min: bound("1"), number_max: bound("1e1020"), ..Refinements::default() };
    let left = cut(known.clone(), Type::Number);
    assert_eq!((left.number_min, left.number_max), (known.number_min, None));
}

#[test]
fn sets_have_no_order_and_no_duplicates() {
    let ty = Type::set(Type::String);
    let set = msgpack::decode(b"\x93\xa1b\xa1a\xa1b", &ty).unwrap();
    assert_eq!(set, Value::set(["a", "b"]));
    assert_eq!(packed(&set, &ty), b"\x92\xa1a\xa1b");
}

#[test]
fn dynamic_values_bring_their_type() {
    let list = Value::dynamic(Type::list(Type::Number), Value::list([1]));
    assert_eq!(packed(&list, &Type::Dynamic), b"\x92\xc4\x11[\"list\",\"number\"]\x91\x01");
    // A null or unknown of a type is not the same as one of no type.
    assert_eq!(
        packed(&Value::dynamic(Type::String, Value::Null), &Type::Dynamic),
        b"\x92\xc4\x08\"string\"\xc0"
    );
    assert_eq!(
        packed(&Value::dynamic(Type::String, Value::UNKNOWN), &Type::Dynamic),
        b"\x92\xc4\x08\"string\"\xd4\0\0"
    );
    assert_eq!(packed(&Value::Null, &Type::Dynamic), b"\xc0");
    assert_eq!(packed(&Value::UNKNOWN, &Type::Dynamic), b"\xd4\0\0");
    let json = json::encode(&list, &Type::Dynamic).unwrap();
    assert_eq!(String::from_utf8(json).unwrap(), r#"{"type":["list","number"],"value":[1]}"#);
}

#[test]
fn objects_have_exactly_their_attributes() {
    let ty = Type::object([("a", Type::object([("b", Type::list(Type::Number))]))]);
    let error = |bytes: &[u8]| msgpack::decode(bytes, &ty).unwrap_err().to_string();
    assert_eq!(error(b"\x80"), "the value: lacks the attribute \"a\"");
    assert_eq!(error(b"\x81\xa1a\x80"), "a: lacks the attribute \"b\"");
    assert_eq!(
        error(b"\x82\xa1a\xc0\xa1x\xc0"),
        "the value: has an attribute \"x\" that the type does not have"
    );
    assert_eq!(error(b"\x81\xa1a\x81\xa1b\x92\x01\xc3"), "a.b[1]: is a bool where number is needed");
    assert_eq!(error(b"\x82\xa1a\xc0\xa1a\xc0"), "the value: has the key \"a\" twice");
    assert_eq!(error(b"\x81\x01\xc0"), "the value: has a key that is a number where a string is needed");
    assert!(error(b"\x81\xa1\xff\xc0").contains("not valid UTF-8"));
    assert_eq!(error(b"\x81\xa1a\xc0\x00"), "not valid MessagePack: 1 bytes follow the value");
    assert!(matches!(msgpack::decode(b"\x81\xa1a", &ty), Err(CodecError::Syntax { .. })));
    assert!(msgpack::encode(&Value::object([("a", "text")]), &ty).is_err());
}

#[test]
fn json_keeps_numbers_exact_and_fills_what_is_missing() {
    let ty = Type::object([("n", Type::Number), ("s", Type::String), ("b", Type::Bool)]);
    let value = json::decode(br#" {"n": 123456789012345678901234567890.5} "#, &ty).unwrap();
    assert_eq!(value.lookup("n"), &number("123456789012345678901234567890.5"));
    assert_eq!(value.lookup("s"), &Value::Null);
    let back = json::encode(&value, &ty).unwrap();
    assert_eq!(
        String::from_utf8(back).unwrap(),
        r#"{"b":null,"n":123456789012345678901234567890.5,"s":null}"#
    );
    // Old state may spell primitive values in another type.
    let value = json::decode(br#"{"n": "1.0", "s": 7.50, "b": "true"}"#, &ty).unwrap();
    assert_eq!(value, Value::object([("n", Value::from(1)), ("s", "7.50".into()), ("b", true.into())]));
}

#[test]
fn json_errors_have_a_path() {
    let ty = Type::object([("a", Type::list(Type::Number)), ("d", Type::Dynamic)]);
    let error = |text: &str| json::decode(text.as_bytes(), &ty).unwrap_err().to_string();
    assert_eq!(error(r#"{"a":[1,"x"]}"#), "a[1]: is a string where number is needed");
    assert_eq!(error(r#"{"a":{}}"#), "a: is an object where list(number) is needed");
    assert_eq!(error(r#"{"b":1}"#), "the value: has an attribute \"b\" that the type does not have");
    assert_eq!(
        error(r#"{"d":{"type":"string"}}"#),
        "d: is a dynamic value that does not consist of a type and a value"
    );
    assert!(error(r#"{"a""#).starts_with("not valid JSON"));
    let unknown =
        json::encode(&Value::object([("a", Value::list([Value::UNKNOWN])), ("d", Value::Null)]), &ty);
    assert_eq!(unknown.unwrap_err().to_string(), "a[0]: is unknown, which JSON cannot say");
}

#[test]
fn depth_is_limited() {
    // Each level is a dynamic list of one dynamic element.
    let mut value = Value::dynamic(Type::String, "x");
    for _ in 0..MAX_DEPTH {
        value = Value::dynamic(Type::list(Type::Dynamic), Value::list([value]));
    }
    assert!(matches!(msgpack::encode(&value, &Type::Dynamic), Err(CodecError::TooDeep { .. })));
    let levels = MAX_DEPTH;
    let text = r#"{"type":["list","dynamic"],"value":["#.repeat(levels) + "null" + &"]}".repeat(levels);
    assert!(matches!(json::decode(text.as_bytes(), &Type::Dynamic), Err(CodecError::TooDeep { .. })));
    let wire = [b"\x92\xc4\x12[\"list\",\"dynamic\"]\x91".repeat(levels), vec![0xc0]].concat();
    assert!(matches!(msgpack::decode(&wire, &Type::Dynamic), Err(CodecError::TooDeep { .. })));
    assert!(matches!(msgpack::decode(&[0x91; 100_000], &Type::Dynamic), Err(CodecError::Syntax { .. })));
    assert!(json::decode(&[b'['; 100_000], &Type::Dynamic).is_err());
}

proptest! {
    #[test]
    fn msgpack_round_trips((ty, value) in typed_values()) {
        let bytes = msgpack::encode(&value, &ty).unwrap();
        prop_assert_eq!(msgpack::decode(&bytes, &ty).unwrap(), value);
    }

    #[test]
    fn json_round_trips((ty, value) in typed_values()) {
        let value = value.null_unknowns();
        let bytes = json::encode(&value, &ty).unwrap();
        prop_assert!(serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok());
        prop_assert_eq!(json::decode(&bytes, &ty).unwrap(), value);
    }

    #[test]
    fn any_bytes_are_a_value_or_an_error(ty in types(), bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        for decoded in [msgpack::decode(&bytes, &ty), json::decode(&bytes, &ty)].into_iter().flatten() {
            prop_assert_eq!(decoded.conforms_to(&ty), Ok(()));
        }
    }

    #[test]
    fn a_damaged_value_is_a_value_or_an_error((ty, value) in typed_values(), at: prop::sample::Index, byte: u8) {
        let mut bytes = msgpack::encode(&value, &ty).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(decoded) = msgpack::decode(&bytes, &ty) {
            prop_assert_eq!(decoded.conforms_to(&ty), Ok(()));
        }
        bytes.truncate(at);
        prop_assert!(msgpack::decode(&bytes, &ty).is_err());
    }
}

#[test]
fn stored_state_may_hold_what_the_type_has_no_more() {
    let ty = Type::object([("name", Type::String), ("size", Type::object([("width", Type::Number)]))]);
    let stored = br#"{"name":"x","gone":[{"a":1}],"size":{"width":0.1,"depth":3}}"#;
    assert!(json::decode(stored, &ty).is_err());
    let value = json::decode_stored(stored, &ty).unwrap();
    value.conforms_to(&ty).unwrap();
    assert_eq!(json::encode(&value, &ty).unwrap(), br#"{"name":"x","size":{"width":0.1}}"#);
}
