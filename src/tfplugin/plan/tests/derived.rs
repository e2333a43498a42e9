//! Derived values: known exactly when their inputs are, and still afterwards.

use proptest::prelude::*;

use super::*;
use crate::tfplugin::plan::{fill_defaults, fill_derived};
use crate::tfplugin::self_check::check_subsets;

/// A pool of machines cut into slices: `slices.total` follows from the machine, the nodes and `slices.per_node`,
/// which is itself derived; `cloud` from whichever of two attributes is known; `name` from a prefix unless given.
fn case(table: fn(&str) -> u64) -> Case {
    let mut case = Case::new([
        Attribute::string("machine").required().requires_replace(),
        Attribute::string("cluster").optional(),
        Attribute::number("nodes").optional_computed().use_state(),
        Attribute::string("prefix").optional(),
        Attribute::string("name").optional_computed().requires_replace(),
        Attribute::map("labels", crate::tfplugin::type_::Type::String).optional(),
        Attribute::string("cloud").computed(),
        Attribute::object(
            "slices",
            vec![
                Attribute::number("per_node").computed(),
                Attribute::number("total").computed(),
                Attribute::string("seen").computed(),
            ],
        )
        .computed(),
        Attribute::string("id").computed().use_state(),
    ]);
    case.derived = vec![
        Derived::new("slices.per_node", &["machine"], move |inputs| {
            table(inputs.str("machine").unwrap_or("")).into()
        }),
        Derived::new("slices.total", &["slices.per_node", "nodes"], |inputs| {
            Some(inputs.u64("slices.per_node"))
                .zip(Some(inputs.u64("nodes")))
                .and_then(|(a, b)| Some(a? * b?))
                .into()
        }),
        // Both begin with the name of the cloud.
        Derived::new("cloud", &["cluster", "machine"], |inputs| {
            let known = inputs.str("cluster").or(inputs.str("machine"));
            known.map_or(Value::UNKNOWN, |name| name[..1].into())
        })
        .known_when_any(),
        Derived::new("name", &["prefix", "machine"], |inputs| {
            inputs
                .str("prefix")
                .map(|prefix| format!("{prefix}{}", inputs.str("machine").unwrap_or("")))
                .into()
        }),
    ];
    case.hook = Box::new(|plan| {
        if plan.get("nodes").is_unknown() && plan.config.lookup("nodes").is_null() {
            plan.set("nodes", 1).unwrap();
        }
    });
    case
}

fn lengths(machine: &str) -> u64 {
    machine.len() as u64
}

#[test]
fn known_at_plan_when_the_inputs_are() {
    let planned =
        case(lengths).plan([("machine", "abc".into()), ("nodes", 2.into()), ("prefix", "p-".into())]).state;
    assert_eq!(planned.lookup("slices.per_node"), &Value::from(3));
    assert_eq!(planned.lookup("slices.total"), &Value::from(6));
    assert_eq!(planned.lookup("slices.seen"), &Value::UNKNOWN);
    assert_eq!(planned.lookup("cloud"), &Value::string("a"));
    assert_eq!(planned.lookup("name"), &Value::string("p-abc"));
}

#[test]
fn unknown_while_an_input_is() {
    let planned = case(lengths)
        .plan([("machine", Value::UNKNOWN), ("nodes", 2.into()), ("cluster", "x1".into())])
        .state;
    assert_eq!(planned.lookup("slices.per_node"), &Value::UNKNOWN);
    assert_eq!(planned.lookup("slices.total"), &Value::UNKNOWN);
    assert_eq!(planned.lookup("name"), &Value::UNKNOWN);
    assert_eq!(planned.lookup("cloud"), &Value::string("x"));
    let planned = case(lengths).plan([("machine", "abc".into()), ("nodes", Value::UNKNOWN)]).state;
    assert_eq!(planned.lookup("slices.per_node"), &Value::from(3));
    assert_eq!(planned.lookup("slices.total"), &Value::UNKNOWN);
}

#[test]
fn an_unknown_one_that_replaces_is_planned_to_replace() {
    // At apply it would be too late to find out that the name is another one.
    let case = case(lengths).prior(state());
    let planned = case.plan([("machine", "abc".into()), ("prefix", Value::UNKNOWN)]);
    assert_eq!(planned.requires_replace, ["name".into()]);
}

#[test]
fn inputs_may_come_from_the_hook() {
    let planned = case(lengths).plan([("machine", "abc".into())]).state;
    assert_eq!(planned.lookup("slices.total"), &Value::from(3));
}

#[test]
fn the_configuration_wins() {
    let planned = case(lengths).plan([("machine", "abc".into()), ("name", "mine".into())]).state;
    assert_eq!(planned.lookup("name"), &Value::string("mine"));
    assert_eq!(
        case(lengths).plan([("machine", "a".into()), ("name", Value::UNKNOWN)]).state.lookup("name"),
        &Value::UNKNOWN
    );
}

fn state() -> [(&'static str, Value); 6] {
    let slices = Value::object([("per_node", 100.into()), ("total", 200.into()), ("seen", Value::from("s"))]);
    [
        ("machine", "abc".into()),
        ("nodes", 2.into()),
        ("cloud", "old".into()),
        ("name", "n".into()),
        ("slices", slices),
        ("id", "i".into()),
    ]
}

#[test]
fn a_newer_table_alone_changes_nothing() {
    let case = case(lengths).prior(state());
    assert!(case.is_quiet([("machine", "abc".into()), ("name", "n".into())]));
    // Nor does it ride along with a change that has nothing to do with it.
    let labels = Value::map([("a", "b")]);
    let planned = case.plan([("machine", "abc".into()), ("name", "n".into()), ("labels", labels)]).state;
    assert_eq!(planned.lookup("slices.per_node"), &Value::from(100));
    assert_eq!(planned.lookup("slices.total"), &Value::from(200));
    assert_eq!(planned.lookup("slices.seen"), &Value::UNKNOWN);
}

#[test]
fn a_changed_input_is_computed_anew() {
    let case = case(lengths).prior(state());
    let planned = case.plan([("machine", "abc".into()), ("name", "n".into()), ("nodes", 3.into())]).state;
    assert_eq!(planned.lookup("slices.per_node"), &Value::from(100));
    assert_eq!(planned.lookup("slices.total"), &Value::from(300));
}

#[test]
fn what_is_not_sticky_is_always_computed() {
    let mut case = case(lengths).prior(state());
    case.derived[0] = case.derived[0].clone().not_sticky();
    let planned = case.plan([("machine", "abc".into()), ("name", "n".into())]).state;
    assert_eq!(planned.lookup("slices.per_node"), &Value::from(3));
    assert_eq!(planned.lookup("slices.total"), &Value::from(6));
}

#[test]
fn what_was_seen_to_be_missing_is_not_filled_and_planned_again() {
    let mut case =
        case(lengths).prior([("machine", "abc".into()), ("nodes", 2.into()), ("name", "n".into())]);
    case.derived[0] = case.derived[0].clone().compared_with_what_is_seen();
    let mut state = case.prior.clone();
    fill_derived(&case.schema, &case.derived, &mut state);
    assert_eq!(state.lookup("slices.per_node"), &Value::Null);
    let case = Case { prior: state, ..case };
    let planned = case.plan([("machine", "abc".into()), ("name", "n".into())]).state;
    assert_eq!(planned.lookup("slices.per_node"), &Value::from(3));
}

#[test]
fn a_filled_state_plans_nothing() {
    let case = case(lengths).prior([("machine", "abc".into()), ("nodes", 2.into()), ("name", "n".into())]);
    let mut state = case.prior.clone();
    fill_derived(&case.schema, &case.derived, &mut state);
    assert_eq!(state.lookup("slices.total"), &Value::from(6));
    assert_eq!(state.lookup("slices.seen"), &Value::Null);
    assert_eq!(state.lookup("name"), &Value::string("n"));
    let case = Case { prior: state, ..case };
    assert!(case.is_quiet([("machine", "abc".into()), ("name", "n".into())]));
}

#[test]
fn defaults_can_be_filled_too() {
    let inner = Attribute::object("inner", vec![Attribute::bool("b").default(true)]).optional();
    let schema = Schema::new(0).attribute(Attribute::string("a").default("d")).attribute(inner);
    let mut state = schema.empty_value();
    fill_defaults(&schema, &mut state);
    assert_eq!(state, Value::object([("a", "d".into()), ("inner", Value::Null)]));
    let mut state =
        Value::object([("a", Value::string("x")), ("inner", Value::object([("b", Value::Null)]))]);
    fill_defaults(&schema, &mut state);
    assert_eq!(state, Value::object([("a", Value::string("x")), ("inner", Value::object([("b", true)]))]));
}

#[test]
fn every_subset_of_inputs_may_be_unknown_first() {
    let unknown = ["machine", "cluster", "nodes", "prefix", "labels"];
    let case = case(lengths);
    let config = |machine: &str, cluster: Option<&str>, count: Option<i64>| {
        given(
            &case.schema,
            [
                ("machine", machine.into()),
                ("cluster", cluster.into()),
                ("nodes", count.into()),
                ("prefix", "p".into()),
                ("labels", Value::map([("a", "b")])),
            ],
        )
    };
    let old = given(&case.schema, state());
    for prior in [Value::Null, old] {
        for config in
            [config("abc", Some("a1"), Some(2)), config("abcd", None, None), config("abc", None, Some(5))]
        {
            let problems = check_subsets(&case.schema, &case.derived, &case.hook, &config, &prior, &unknown);
            assert!(problems.is_empty(), "{problems}");
        }
    }
}

#[test]
fn a_value_that_is_known_too_early_is_found() {
    let mut case = case(lengths);
    // Answers before the machine is known, and then otherwise.
    case.derived[2] = Derived::new("cloud", &["cluster", "machine"], |inputs| {
        inputs.str("machine").unwrap_or("none").into()
    })
    .known_when_any();
    let config = given(&case.schema, [("machine", "abc".into()), ("cluster", "x".into())]);
    let problems =
        check_subsets(&case.schema, &case.derived, &case.hook, &config, &Value::Null, &["machine"]);
    assert!(problems.to_string().contains("cloud: was \"none\", is now \"abc\""), "{problems}");
}

/// Values of the attributes `a0`.. of a random schema.
fn numbers() -> impl Strategy<Value = Vec<Option<u8>>> {
    proptest::collection::vec(proptest::option::of(0u8..3), 5)
}

proptest! {
    /// Sums over random inputs, which may be earlier sums, sticky or not, in an object or not; attributes that are
    /// optional, computed, kept, defaulted or replacing, by turns.
    #[test]
    fn random_derived_values_keep_what_they_promise(
        edges in proptest::collection::vec((0usize..9, 0usize..9, any::<bool>()), 4),
        config in numbers(),
        prior in proptest::option::of((numbers(), 0u8..9)),
        kinds in proptest::collection::vec(0u8..5, 5),
    ) {
        let plain = kinds.iter().enumerate().map(|(i, kind)| {
            let attribute = Attribute::number(format!("a{i}"));
            match kind {
                0 => attribute.optional(),
                1 => attribute.optional_computed(),
                2 => attribute.optional_computed().use_state(),
                3 => attribute.default(1),
                _ => attribute.optional().requires_replace(),
            }
        });
        let sums = Attribute::object("sums", vec![Attribute::number("d1").computed(), Attribute::number("d3").computed()]);
        let others = [Attribute::number("d0").computed(), Attribute::number("d2").computed(), sums.computed()];
        let schema = Schema::new(0).attributes_from(plain).attributes_from(others);
        let paths = ["a0", "a1", "a2", "a3", "a4", "d0", "sums.d1", "d2", "sums.d3"];
        let derived: Vec<Derived> = edges.iter().enumerate().map(|(i, (a, b, sticky))| {
            let (a, b) = (paths[a % (5 + i)], paths[b % (5 + i)]);
            let sum = move |inputs: &crate::tfplugin::derived::Inputs<'_>| {
                Value::from(inputs.u64(a).unwrap_or(7) * 3 + inputs.u64(b).unwrap_or(5))
            };
            let one = Derived::new(paths[5 + i], &[a, b], sum);
            if *sticky { one } else { one.not_sticky() }
        }).collect();
        let fill = |values: &[Option<u8>]| {
            let mut value = schema.empty_value();
            for (i, number) in values.iter().enumerate() {
                value.set_at(&format!("a{i}").as_str().into(), number.map(u32::from).into()).unwrap();
            }
            value
        };
        let prior = prior.map_or(Value::Null, |(values, old)| {
            let mut state = fill(&values);
            state.set_at(&"sums".into(), Value::object([("d1", u32::from(old)), ("d3", u32::from(old))])).unwrap();
            fill_derived(&schema, &derived, &mut state);
            state
        });
        let unknown = ["a0", "a1", "a2", "a3", "a4"];
        let problems = check_subsets(&schema, &derived, &|_| {}, &fill(&config), &prior, &unknown);
        prop_assert!(problems.is_empty(), "{}", problems);
    }
}

#[test]
fn a_prior_value_that_says_the_same_is_kept() {
    let mut case = Case::new([
        Attribute::string("written").required(),
        Attribute::string("sent").computed(),
        Attribute::string("other").optional(),
    ]);
    case.derived = vec![
        Derived::new("sent", &["written"], |inputs| inputs.get("written").clone()).not_sticky().kept_while(
            |_, prior, value| match (prior.as_str(), value.as_str()) {
                (Some(prior), Some(value)) => prior.eq_ignore_ascii_case(value),
                _ => false,
            },
        ),
    ];
    let case = case.prior([("written", "a".into()), ("sent", "A".into())]);
    assert!(case.is_quiet([("written", "a".into())]));
    let sent = |written: Value| case.plan([("written", written)]).state.lookup("sent").clone();
    assert_eq!(sent("b".into()), "b".into());
    assert_eq!(sent(Value::UNKNOWN), Value::UNKNOWN);
    // A new object has no prior value.
    let mut fresh = case;
    fresh.prior = Value::Null;
    assert_eq!(fresh.plan([("written", "a".into())]).state.lookup("sent"), &"a".into());
}
