//! When a plan leaves the number of slices to the apply.

use gpuslice::tfplugin::Value;

use crate::mig_pool::ZONAL;
use crate::plan_pool::Pool;

const SEEN: &str = "allocatable_slices";

fn base() -> Vec<(&'static str, Value)> {
    vec![
        ("cluster_id", Value::from(ZONAL.replace("projects/sandbox", "projects/acme"))),
        ("name", Value::from("pool")),
        ("machine_type", Value::from("g2-standard-8")),
        ("replicas", Value::from(4_u32)),
        ("node_count", Value::from(1_u32)),
    ]
}

fn with(more: &[(&'static str, Value)]) -> Vec<(&'static str, Value)> {
    let mut parts = base();
    for (path, value) in more {
        parts.retain(|(known, _)| known != path);
        parts.push((path, value.clone()));
    }
    parts
}

/// A pool whose four slices have been seen.
fn seen(pool: &Pool, more: &[(&'static str, Value)]) -> Value {
    let mut state = pool.made(&pool.config(&with(more)));
    if let Value::Object(attributes) = &mut state {
        attributes.insert(SEEN.to_owned(), Value::from(4_u32));
    }
    state
}

#[test]
fn a_new_pool_is_looked_at_unless_that_is_off() {
    let pool = Pool::shared();
    let planned = |more: &[(&'static str, Value)]| pool.plan(&pool.config(&with(more)), &Value::Null);
    assert!(planned(&[]).lookup(SEEN).is_unknown());
    assert!(planned(&[("slice_check", Value::UNKNOWN)]).lookup(SEEN).is_unknown());
    assert!(planned(&[("slice_check", Value::from("off"))]).lookup(SEEN).is_null());
}

#[test]
fn an_update_is_looked_at_exactly_when_slices_or_nodes_change() {
    let pool = Pool::shared();
    let prior = seen(&pool, &[]);
    let unchanged = pool.plan(&pool.config(&base()), &prior);
    assert_eq!(unchanged, prior, "nothing changes");
    let limits = Value::object([("min_nodes", Value::from(1_u32)), ("max_nodes", Value::from(2_u32))]);
    let limits = {
        let Value::Object(mut limits) = limits else { unreachable!("just made") };
        limits.insert("initial_nodes".to_owned(), Value::Null);
        Value::Object(limits)
    };
    for (looked_at, path, value) in [
        (true, "replicas", Value::from(6_u32)),
        (true, "sharing_strategy", Value::from("mps")),
        (true, "mig_profile", Value::UNKNOWN),
        (true, "node_count", Value::from(2_u32)),
        (true, "autoscaling", limits),
        (true, "gke.driver_version", Value::from("LATEST")),
        (true, "disk_type", Value::from("pd-ssd")),
        (false, "labels", Value::map([("team", "a")])),
        (false, "gpu_taint", Value::Bool(false)),
        (false, "on_incomplete", Value::from("fail")),
        (false, "slice_check_timeout", Value::from("5m")),
        (false, "slice_check", Value::from("off")),
    ] {
        let mut parts = with(&[(path, value)]);
        if path == "autoscaling" {
            parts.retain(|(known, _)| *known != "node_count");
        }
        let planned = pool.plan(&pool.config(&parts), &prior);
        let number = planned.lookup(SEEN);
        assert_eq!(number.is_unknown(), looked_at, "{path}: {number:?}");
        assert!(looked_at || *number == Value::from(4_u32), "{path}: {number:?}");
    }
    // Off means off, whatever changes.
    let off = with(&[("replicas", Value::from(6_u32)), ("slice_check", Value::from("off"))]);
    assert_eq!(*pool.plan(&pool.config(&off), &prior).lookup(SEEN), Value::from(4_u32));
}

#[test]
fn an_incomplete_pool_is_looked_at() {
    let pool = Pool::shared();
    let mut prior = seen(&pool, &[]);
    if let Value::Object(attributes) = &mut prior {
        attributes.insert("status".to_owned(), Value::from("incomplete"));
        attributes.insert(SEEN.to_owned(), Value::Null);
    }
    assert!(pool.plan(&pool.config(&base()), &prior).lookup(SEEN).is_unknown());
}

#[test]
fn any_part_may_be_unknown_at_first() {
    let pool = Pool::shared();
    let inputs = ["slice_check", "slice_check_timeout", "replicas", "node_count", "gke.driver_version"];
    let parts = with(&[
        ("slice_check", Value::from("warn")),
        ("slice_check_timeout", Value::from("5m")),
        ("gke.driver_version", Value::from("LATEST")),
    ]);
    let config = pool.config(&parts);
    pool.keeps_its_promises(&config, &Value::Null, &inputs);
    pool.keeps_its_promises(&config, &seen(&pool, &[]), &inputs);
    let off = pool.config(&with(&[("slice_check", Value::from("off")), ("replicas", Value::from(6_u32))]));
    pool.keeps_its_promises(&off, &seen(&pool, &[]), &["slice_check", "replicas", "node_count"]);
}
