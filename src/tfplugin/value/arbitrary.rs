//! Arbitrary types, and values that have them, for property tests.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::{NumberBound, Refinements, Value};
use crate::tfplugin::number::Number;
use crate::tfplugin::type_::Type;

/// Types of up to three levels, `dynamic` among them.
pub(crate) fn types() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![Just(Type::Bool), Just(Type::Number), Just(Type::String), Just(Type::Dynamic)];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(Type::list),
            inner.clone().prop_map(Type::set),
            inner.clone().prop_map(Type::map),
            btree_map("[a-z]{1,5}", inner.clone(), 0..4).prop_map(Type::Object),
            vec(inner, 0..4).prop_map(Type::Tuple),
        ]
    })
}

/// A type, and a value that has it.
pub(crate) fn typed_values() -> impl Strategy<Value = (Type, Value)> {
    types().prop_flat_map(|ty| {
        let values = values_of(&ty);
        (Just(ty), values)
    })
}

/// Numbers of every wire form.
pub(crate) fn numbers() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        (-1.0e6f64..1.0e6).prop_map(|float| Number::from_f64(float).unwrap()),
        "-?[0-9]{1,40}(\\.[0-9]{1,40})?(e-?[0-9]{1,4})?".prop_map(|text| text.parse().unwrap()),
    ]
}

/// Numbers that are short when written out: longer ones are not promised, see the codec.
fn short_numbers() -> impl Strategy<Value = Number> {
    "-?[0-9]{1,30}(\\.[0-9]{1,30})?(e-?[0-9]{1,2})?".prop_map(|text| text.parse().unwrap())
}

fn refinements(ty: &Type) -> BoxedStrategy<Refinements> {
    let not_null = any::<bool>().prop_map(|not_null| Refinements { not_null, ..Refinements::default() });
    match ty {
        Type::String => (not_null, option::of("[a-z]{1,8}"))
            .prop_map(|(base, string_prefix)| Refinements { string_prefix, ..base })
            .boxed(),
        Type::Number => (not_null, option::of(short_numbers()), option::of(short_numbers()), any::<bool>())
            .prop_map(|(base, min, max, inclusive)| Refinements {
                number_min: min.map(|value| NumberBound { value, inclusive }),
                number_max: max.map(|value| NumberBound { value, inclusive: !inclusive }),
                ..base
            })
            .boxed(),
        Type::List(_) | Type::Set(_) | Type::Map(_) => (not_null, option::of(0u64..9), option::of(9u64..99))
            .prop_map(|(base, length_min, length_max)| Refinements { length_min, length_max, ..base })
            .boxed(),
        Type::Dynamic => Just(Refinements::default()).boxed(),
        Type::Bool | Type::Object(_) | Type::Tuple(_) => not_null.boxed(),
    }
}

/// Values of `ty`: known, null, or unknown with refinements, at every level.
pub(crate) fn values_of(ty: &Type) -> BoxedStrategy<Value> {
    let known = match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Number => numbers().prop_map(Value::Number).boxed(),
        Type::String => "\\PC{0,12}".prop_map(Value::String).boxed(),
        Type::Dynamic => types()
            .prop_filter("a dynamic value has another type", |ty| *ty != Type::Dynamic)
            .prop_flat_map(|ty| (values_of(&ty), Just(ty)))
            .prop_map(|(value, ty)| Value::dynamic(ty, value))
            .boxed(),
        Type::List(element) => vec(values_of(element), 0..4).prop_map(Value::List).boxed(),
        Type::Set(element) => vec(values_of(element), 0..4).prop_map(Value::set::<Value>).boxed(),
        Type::Map(element) => btree_map("\\PC{0,6}", values_of(element), 0..4).prop_map(Value::Map).boxed(),
        Type::Object(attributes) => attributes
            .iter()
            .map(|(name, ty)| (Just(name.clone()), values_of(ty)))
            .collect::<Vec<_>>()
            .prop_map(Value::object::<String, Value>)
            .boxed(),
        Type::Tuple(types) => types.iter().map(values_of).collect::<Vec<_>>().prop_map(Value::Tuple).boxed(),
    };
    let unknown = refinements(ty).prop_map(Refinements::into_unknown);
    prop_oneof![8 => known, 1 => Just(Value::Null), 1 => unknown].boxed()
}
