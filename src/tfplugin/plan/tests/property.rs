//! Random schemas and configurations, from the first plan to the last.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::tfplugin::schema::Nesting;
use crate::tfplugin::self_check::{check_apply, check_replan};
use crate::tfplugin::type_::Type;

/// A number for every way to declare an attribute, see [`declared`].
const COMPUTED: std::ops::Range<u8> = 4..6;
const WAYS: std::ops::Range<u8> = 0..7;

fn declared(attribute: Attribute, way: u8, replaces: bool) -> Attribute {
    let attribute = if replaces { attribute.requires_replace() } else { attribute };
    match way {
        0 => attribute.required(),
        1 => attribute.optional(),
        2 => attribute.optional_computed(),
        3 => attribute.optional_computed().use_state(),
        4 => attribute.computed(),
        5 => attribute.computed().use_state(),
        _ if attribute.ty() == Type::String => attribute.default("d"),
        _ => attribute.optional(),
    }
}

/// What an attribute holds, without a name.
#[derive(Debug, Clone)]
enum Kind {
    Plain(Type),
    Nested(Nesting, Vec<Described>),
}

#[derive(Debug, Clone)]
struct Described {
    kind: Kind,
    way: u8,
    replaces: bool,
}

fn described(kinds: impl Strategy<Value = Kind> + 'static) -> impl Strategy<Value = Vec<Described>> {
    let one =
        (kinds, WAYS, any::<bool>()).prop_map(|(kind, way, replaces)| Described { kind, way, replaces });
    vec(one, 1..4)
}

fn kinds() -> impl Strategy<Value = Kind> {
    let plain = prop_oneof![
        4 => Just(Type::String),
        1 => Just(Type::set(Type::String)),
        1 => Just(Type::map(Type::String)),
    ];
    let sets = described(Just(Kind::Plain(Type::String))).prop_map(|mut inner| {
        // In sets nothing is known of a change but that there is one.
        inner.iter_mut().for_each(|inner| inner.replaces = false);
        Kind::Nested(Nesting::Set, inner)
    });
    prop_oneof![3 => plain.prop_map(Kind::Plain), 1 => sets].prop_recursive(2, 8, 3, |inner| {
        let nestings =
            prop_oneof![3 => Just(Nesting::Single), 1 => Just(Nesting::List), 1 => Just(Nesting::Map)];
        (nestings, described(inner)).prop_map(|(nesting, inner)| Kind::Nested(nesting, inner))
    })
}

/// Attributes `a0`, `a1`, ..; what is inside something computed is computed too.
fn attributes(described: Vec<Described>, computed: bool) -> Vec<Attribute> {
    let attribute = |(index, Described { kind, way, replaces }): (usize, Described)| {
        let name = format!("a{index}");
        let way = if computed { COMPUTED.start + way % 2 } else { way };
        let attribute = match kind {
            Kind::Plain(ty) => Attribute::of_type(name, ty),
            Kind::Nested(nesting, inner) => {
                let computed = COMPUTED.contains(&way);
                let inner = attributes(inner, computed);
                match nesting {
                    Nesting::Single => Attribute::object(name, inner),
                    Nesting::List => Attribute::list_nested(name, inner),
                    Nesting::Map => Attribute::map_nested(name, inner),
                    Nesting::Set => Attribute::set_nested(name, keyed(inner, computed)),
                }
            }
        };
        declared(attribute, way, replaces)
    };
    described.into_iter().enumerate().map(attribute).collect()
}

/// Elements of sets are told apart by a part that is always given: Terraform's matching is a guess otherwise.
fn keyed(mut inner: Vec<Attribute>, computed: bool) -> Vec<Attribute> {
    let key = Attribute::string("key");
    inner.push(if computed { key.computed() } else { key.required() });
    inner
}

fn schemas() -> impl Strategy<Value = Schema> {
    described(kinds()).prop_map(|described| Schema::new(0).attributes_from(attributes(described, false)))
}

/// A configuration of these attributes, some of it unknown.
fn configs(attributes: &[Attribute]) -> BoxedStrategy<Value> {
    let each = attributes.iter().map(|attribute| (Just(attribute.name().to_owned()), config(attribute)));
    each.collect::<Vec<_>>().prop_map(Value::object::<String, Value>).boxed()
}

fn config(attribute: &Attribute) -> BoxedStrategy<Value> {
    let given = match attribute.as_nested() {
        None => match attribute.ty() {
            Type::Set(_) => vec("[ab]", 0..3).prop_map(Value::set::<String>).boxed(),
            Type::Map(_) => btree_map("[ab]", "[ab]", 0..3).prop_map(Value::map::<String, String>).boxed(),
            _ => "[abd]".prop_map(Value::String).boxed(),
        },
        Some((Nesting::Single, inner)) => configs(inner),
        Some((Nesting::List, inner)) => vec(configs(inner), 0..3).prop_map(Value::List).boxed(),
        Some((Nesting::Set, inner)) => btree_map("[ab]", configs(inner), 0..3)
            .prop_map(|elements| {
                Value::set(elements.into_iter().map(|(key, mut element)| {
                    element.set_at(&"key".into(), key.into()).unwrap();
                    element
                }))
            })
            .boxed(),
        Some((Nesting::Map, inner)) => btree_map("[ab]", configs(inner), 0..3).prop_map(Value::Map).boxed(),
    };
    let given = prop_oneof![6 => given, 1 => Just(Value::UNKNOWN)];
    match (attribute.is_required(), attribute.is_optional()) {
        (true, _) => given.boxed(),
        (_, true) => option::of(given).prop_map(Value::from).boxed(),
        _ => Just(Value::Null).boxed(),
    }
}

/// What stands for an unknown value in the end: in a configuration only what it may give, in a result anything that
/// the provider may.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Config,
    Result,
}

fn ended(attributes: &[Attribute], value: &Value, end: End) -> Value {
    let each = attributes.iter().map(|attribute| {
        let part = value.get(attribute.name()).unwrap_or(&Value::UNKNOWN);
        let given = match end {
            End::Config => attribute.is_required(),
            End::Result => attribute.is_required() || attribute.is_computed(),
        };
        // Inside of something unknown as a whole, nothing is given that need not be.
        let open = value.is_unknown() && !given;
        (attribute.name(), if open { Value::Null } else { ended_part(attribute, part, end) })
    });
    Value::object(each.collect::<Vec<_>>())
}

fn ended_part(attribute: &Attribute, value: &Value, end: End) -> Value {
    let Some((nesting, inner)) = attribute.as_nested() else {
        return match (value, attribute.ty()) {
            (Value::Unknown(_), Type::Set(_)) => Value::set(["made"]),
            (Value::Unknown(_), Type::Map(_)) => Value::map([("made", "made")]),
            (Value::Unknown(_), _) => "made".into(),
            (known, _) => known.clone(),
        };
    };
    match (nesting, value) {
        (_, Value::Null) => Value::Null,
        (Nesting::Single, object) => ended(inner, object, end),
        (_, Value::List(elements)) => Value::list(elements.iter().map(|element| ended(inner, element, end))),
        (_, Value::Set(elements)) => Value::set(elements.iter().map(|element| ended(inner, element, end))),
        (_, Value::Map(entries)) => {
            Value::map(entries.iter().map(|(key, entry)| (key, ended(inner, entry, end))))
        }
        (Nesting::List, _) => Value::list([ended(inner, &Value::UNKNOWN, end)]),
        (Nesting::Set, _) => Value::set([ended(inner, &Value::UNKNOWN, end)]),
        (Nesting::Map, _) => Value::map([("made", ended(inner, &Value::UNKNOWN, end))]),
    }
}

/// Plans twice as Terraform does, with parts unknown and then known, applies, and plans once more: every answer is
/// one that Terraform takes, and the last plan is empty. Gives the new state.
fn round(schema: &Schema, prior: &Value, config: &Value) -> Result<Value, TestCaseError> {
    let plan = |prior: &Value, config: &Value| {
        let proposed = proposed_new(schema, prior, config);
        let planned = plan_resource(schema, &[], &|_| {}, config, &proposed, prior, &[]);
        let problems = check_plan(schema, config, prior, &planned.state, &planned.requires_replace);
        prop_assert!(problems.is_empty(), "{}", problems);
        Ok(planned)
    };
    let known = ended(schema.attributes(), config, End::Config);
    let first = plan(prior, config)?;
    let prior = if first.requires_replace.is_empty() { prior } else { &Value::Null };
    let (first, last) = (plan(prior, config)?, plan(prior, &known)?);
    let problems = check_replan(schema, prior, &first, &last);
    prop_assert!(problems.is_empty(), "{}", problems);

    let state = ended(schema.attributes(), &last.state, End::Result);
    let problems = check_apply(schema, &last.state, &state);
    prop_assert!(problems.is_empty(), "{}", problems);
    prop_assert_eq!(&plan(&state, &known)?.state, &state, "the plan after apply is not empty");
    Ok(state)
}

proptest! {
    #[test]
    fn plans_hold_from_the_first_to_the_last(
        (schema, first, second, third) in schemas().prop_flat_map(|schema| {
            let config = || configs(schema.attributes());
            (Just(schema.clone()), config(), config(), config())
        })
    ) {
        prop_assert_eq!(schema.problems(), [""; 0]);
        let created = round(&schema, &Value::Null, &first)?;
        let updated = round(&schema, &created, &second)?;
        round(&schema, &updated, &third)?;
    }
}
