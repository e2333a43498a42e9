//! Changes for which there has to be a new pool, and those that only look so.

use crate::clouds::{Cloud, on_every_cloud};
use crate::mig_desk::Desk;
use crate::mig_pool::Pool;

on_every_cloud!(
    another_machine_type_is_another_pool,
    another_name_is_another_pool,
    another_capacity_type_is_another_pool,
    writing_the_gpu_that_the_machine_has_anyway_is_no_other_pool,
    a_prefix_makes_a_name_that_stays_and_can_be_foretold,
    with_a_prefix_the_new_pool_stands_before_the_old_one_goes,
    another_prefix_is_another_pool;
    // There both are in what nodes are made from.
    not eks:
    another_profile_is_another_pool,
    another_limit_of_pods_is_another_pool,
);

/// A pool that stands, replaced by another for the sake of one attribute.
#[track_caller]
pub(crate) fn replaced(cloud: Cloud, to: &Pool, because_of: &str) -> Desk {
    let desk = Desk::on(cloud);
    desk.settle(&cloud.pool());
    desk.replace(to, &[because_of]);
    desk
}

fn another_profile_is_another_pool(cloud: Cloud) {
    let desk = replaced(cloud, &cloud.pool().text("mig_profile", cloud.third()), "mig_profile");
    desk.await_slices(3);
}

fn another_machine_type_is_another_pool(cloud: Cloud) {
    let desk = replaced(cloud, &cloud.pool().text("machine_type", cloud.larger()), "machine_type");
    desk.await_slices(cloud.larger_slices());
}

fn another_name_is_another_pool(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.settle(&cloud.pool());
    desk.replace(&cloud.pool().text("name", "other"), &["name"]);
    assert!(!desk.exists(cloud.home()));
    assert_eq!(desk.sandbox.nodes_of(cloud.home(), "other").len(), 1);
}

fn another_capacity_type_is_another_pool(cloud: Cloud) {
    replaced(cloud, &cloud.pool().text("capacity_type", "spot"), "capacity_type");
}

fn another_limit_of_pods_is_another_pool(cloud: Cloud) {
    replaced(cloud, &cloud.pool().set("max_pods", "32"), "max_pods");
}

fn writing_the_gpu_that_the_machine_has_anyway_is_no_other_pool(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.settle(&cloud.pool());
    let actions = desk.actions(&cloud.pool().set("gpu", cloud.gpu()));
    assert!(!actions.contains(&"delete".to_owned()), "{actions:?}: the very same GPUs");
}

fn prefixed(cloud: Cloud, prefix: &str) -> Pool {
    cloud.pool().unset("name").text("name_prefix", prefix)
}

/// The pool's name, which must be the prefix and four characters of base 36.
#[track_caller]
fn name_of(desk: &Desk, prefix: &str) -> String {
    let state = desk.state();
    let name = state["name"].as_str().expect("a name").to_owned();
    let suffix = name.strip_prefix(prefix).unwrap_or_else(|| panic!("{name}"));
    let base36 = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    assert!(suffix.len() == 4 && suffix.chars().all(base36), "{name}");
    name
}

fn a_prefix_makes_a_name_that_stays_and_can_be_foretold(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.settle(&prefixed(cloud, cloud.prefix()));
    let name = name_of(&desk, cloud.prefix());
    desk.update(&prefixed(cloud, cloud.prefix()).set("labels", r#"{ team = "ml" }"#));
    assert_eq!(name_of(&desk, cloud.prefix()), name, "what changes in place leaves the name alone");
    // The same inputs elsewhere give the same name, and it is known at plan.
    let other = Desk::on(cloud);
    let planned = other.planned(&prefixed(cloud, cloud.prefix()));
    assert_eq!(planned["resource_changes"][0]["change"]["after"]["name"], name);
}

fn with_a_prefix_the_new_pool_stands_before_the_old_one_goes(cloud: Cloud) {
    let desk = Desk::on(cloud);
    let kept = "lifecycle {\n create_before_destroy = true\n }";
    desk.settle(&prefixed(cloud, cloud.prefix()).block(kept));
    let old = name_of(&desk, cloud.prefix());
    desk.settle(&prefixed(cloud, cloud.prefix()).text("capacity_type", "spot").block(kept));
    let new = name_of(&desk, cloud.prefix());
    assert_ne!(old, new);
    let mut changes = desk.changes(0);
    changes.retain(|record| crate::mig_desk::path(record).contains(cloud.pools()));
    let made: Vec<_> = changes.iter().map(|record| cloud.created(record)).collect();
    assert_eq!(made, [true, true, false], "the new pool first: {changes:#?}");
    assert_eq!(desk.sandbox.nodes_of(cloud.home(), &old).len(), 0);
    assert_eq!(desk.sandbox.nodes_of(cloud.home(), &new).len(), 1);
}

fn another_prefix_is_another_pool(cloud: Cloud) {
    let desk = Desk::on(cloud);
    desk.settle(&prefixed(cloud, cloud.prefix()));
    let planned = desk.planned(&prefixed(cloud, "gpu"));
    assert_eq!(crate::support::json::actions(&planned, crate::mig_pool::POOL), ["delete", "create"]);
}
