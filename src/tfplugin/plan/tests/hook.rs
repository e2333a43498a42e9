//! The resource's own part in planning.

use super::*;
use crate::tfplugin::diag::Diagnostic;
use crate::tfplugin::plan::Action;

fn case(hook: impl Fn(&mut Plan<'_>) + 'static) -> Case {
    let mut case = Case::new([
        Attribute::string("name").required().requires_replace(),
        Attribute::number("size").optional_computed().use_state(),
        Attribute::string("status").computed().use_state(),
        Attribute::string("seen").computed(),
    ]);
    case.hook = Box::new(hook);
    case.prior([("name", "a".into()), ("status", "incomplete".into()), ("seen", "7".into())])
}

#[test]
fn an_unknown_planned_by_the_hook_makes_an_update_of_nothing() {
    let case = case(|plan| {
        if plan.get("status").as_str() == Some("incomplete") {
            plan.set_unknown("status").unwrap();
            plan.private.extend(b"+");
            plan.diagnostics.push(Diagnostic::warning("still waiting", "").at("status"));
        }
    });
    let planned = case.plan([("name", "a".into())]);
    assert_eq!(planned.state.lookup("status"), &Value::UNKNOWN);
    // An update may change whatever does not keep its state.
    assert_eq!(planned.state.lookup("seen"), &Value::UNKNOWN);
    assert_eq!(planned.state.lookup("size"), &Value::Null);
    // Only the last call of the hook counts.
    assert_eq!(planned.private, b"private+");
    assert_eq!(planned.diagnostics.len(), 1);
    let ready =
        Case { prior: given(&case.schema, [("name", "a".into()), ("status", "ready".into())]), ..case };
    assert!(ready.is_quiet([("name", "a".into())]));
}

#[test]
fn the_hook_sees_what_the_plan_amounts_to() {
    let seen = |prior: bool, name: &'static str, size: Option<i64>| {
        let mut case = case(|plan| {
            let action = format!("{:?} {}", plan.action(), plan.changed("size"));
            plan.diagnostics.push(Diagnostic::warning(action, ""));
        });
        if !prior {
            case.prior = Value::Null;
        }
        let planned = case.plan([("name", name.into()), ("size", size.into())]);
        planned.diagnostics.iter().next().unwrap().summary.clone()
    };
    assert_eq!(seen(false, "a", None), format!("{:?} true", Action::Create));
    assert_eq!(seen(true, "a", None), format!("{:?} false", Action::NoOp));
    assert_eq!(seen(true, "a", Some(3)), format!("{:?} true", Action::Update));
    assert_eq!(seen(true, "b", None), format!("{:?} false", Action::Replace));
}

#[test]
fn the_hook_can_plan_values_and_replacement() {
    let case = case(|plan| {
        if plan.action() == Action::Create {
            plan.set("size", 1).unwrap();
        } else if plan.changed("size") {
            plan.replace_because_of("size");
            plan.replace_because_of("size");
        }
    });
    let created = Case { prior: Value::Null, ..case };
    assert_eq!(created.plan([("name", "a".into())]).state.lookup("size"), &Value::from(1));
    let case = created.prior([("name", "a".into()), ("size", 1.into())]);
    assert!(case.is_quiet([("name", "a".into())]));
    assert_eq!(case.plan([("name", "a".into()), ("size", 2.into())]).requires_replace, ["size".into()]);
    let both = case.plan([("name", "b".into()), ("size", 2.into())]).requires_replace;
    assert_eq!(both, ["name".into(), "size".into()]);
}

#[test]
fn what_the_hook_takes_back_needs_no_new_object() {
    let mut case = Case::new([Attribute::string("zone").optional_computed().use_state().requires_replace()]);
    case.hook = Box::new(|plan| {
        if let Some(prior) = plan.prior {
            let zone = prior.lookup("zone").clone();
            plan.set("zone", zone).unwrap();
        }
    });
    let case = case.prior([("zone", "a".into())]);
    let planned = case.plan([("zone", "A".into())]);
    assert_eq!(planned.requires_replace, []);
    assert_eq!(planned.state, case.prior);
}

#[test]
fn a_plan_is_the_same_every_time() {
    let case = case(|plan| plan.set_unknown("status").unwrap());
    for config in [None, Some(3)] {
        let config = || [("name", "a".into()), ("size", config.into())];
        assert_eq!(case.plan(config()), case.plan(config()));
    }
}
