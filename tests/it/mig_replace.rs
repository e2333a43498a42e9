//! Changes for which there has to be a new pool, and those that only look so.

use serde_json::Value;

use crate::mig_change::assert_replaces;
use crate::mig_desk::Desk;
use crate::mig_pool::{NAME, Pool, REGIONAL, ZONAL};

/// A pool that stands, replaced by another for the sake of one attribute.
#[track_caller]
fn replaced(to: &Pool, because_of: &str) -> Desk {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    desk.replace(to, &[because_of]);
    desk
}

#[test]
fn another_profile_is_another_pool() {
    let desk = replaced(&Pool::zonal().text("mig_profile", "2g.10gb"), "mig_profile");
    desk.await_slices(3);
}

#[test]
fn another_machine_type_is_another_pool() {
    let desk = replaced(&Pool::zonal().text("machine_type", "a2-highgpu-2g"), "machine_type");
    desk.await_slices(14);
}

#[test]
fn another_cluster_is_another_pool() {
    let to = Pool::zonal().text("cluster_id", REGIONAL).set("zones", r#"["us-central1-a"]"#);
    let desk = replaced(&to, "cluster_id");
    assert!(!desk.exists(ZONAL) && desk.exists(REGIONAL));
}

#[test]
fn another_name_is_another_pool() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    desk.replace(&Pool::zonal().text("name", "other"), &["name"]);
    assert!(!desk.exists(ZONAL));
    assert_eq!(desk.sandbox.nodes_of(ZONAL, "other").len(), 1);
}

#[test]
fn another_capacity_type_is_another_pool() {
    replaced(&Pool::zonal().text("capacity_type", "spot"), "capacity_type");
}

#[test]
fn another_limit_of_pods_is_another_pool() {
    replaced(&Pool::zonal().set("max_pods", "32"), "max_pods");
}

/// The `gke` options that an `UpdateNodePoolRequest` cannot carry, one by one on a pool that stands.
#[test]
fn options_that_no_update_carries_are_planned_as_another_pool() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    for (option, value, path) in [
        ("service_account", r#""nodes@sandbox.iam.gserviceaccount.com""#, "gke.service_account"),
        ("oauth_scopes", r#"["https://www.googleapis.com/auth/compute"]"#, "gke.oauth_scopes"),
        ("metadata", r#"{ foo = "bar" }"#, "gke.metadata"),
        ("local_ssd_count", "1", "gke.local_ssd_count"),
        ("pod_range", r#""pods-2""#, "gke.pod_range"),
        ("compact_placement", "true", "gke.compact_placement"),
        ("secure_boot", "true", "gke.secure_boot"),
        ("boot_disk_kms_key", r#""projects/p/locations/l/keyRings/r/cryptoKeys/k""#, "gke.boot_disk_kms_key"),
    ] {
        assert_replaces(
            &desk.planned(&Pool::zonal().set("gke", &format!("{{ {option} = {value} }}"))),
            &[path],
        );
    }
    let reservation = r#"{ reservation = { type = "SPECIFIC_RESERVATION", name = "a100s" } }"#;
    let actions = desk.actions(&Pool::zonal().set("gke", reservation));
    assert_eq!(actions, ["delete", "create"]);
}

#[test]
fn other_spellings_of_the_cluster_are_the_same_cluster() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    let path = "projects/sandbox/zones/us-central1-a/clusters/zonal";
    for spelling in [
        &format!("https://container.googleapis.com/v1/{ZONAL}"),
        &format!("https://container.googleapis.com/v1/{path}"),
        &format!("//container.googleapis.com/{ZONAL}"),
    ] {
        desk.write(&Pool::zonal().text("cluster_id", spelling));
        desk.workspace.assert_empty_plan();
    }
}

#[test]
fn a_self_link_is_as_good_as_an_id_from_the_first_day() {
    let desk = Desk::new();
    let link = format!("https://container.googleapis.com/v1/{ZONAL}");
    desk.settle(&Pool::zonal().text("cluster_id", &link));
    assert_eq!(desk.state()["cluster_id"], link, "as written");
    assert_eq!(desk.state()["id"], format!("{ZONAL}/nodePools/{NAME}"));
    desk.write(&Pool::zonal());
    desk.workspace.assert_empty_plan();
}

#[test]
fn writing_the_gpu_that_the_machine_has_anyway_is_no_other_pool() {
    let desk = Desk::new();
    desk.settle(&Pool::zonal());
    let actions = desk.actions(&Pool::zonal().set("gpu", r#"{ model = "a100-40gb", count = 1 }"#));
    assert!(!actions.contains(&"delete".to_owned()), "{actions:?}: the very same GPUs");
}

fn prefixed(prefix: &str) -> Pool {
    Pool::zonal().unset("name").text("name_prefix", prefix)
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

#[test]
fn a_prefix_makes_a_name_that_stays_and_can_be_foretold() {
    let desk = Desk::new();
    desk.settle(&prefixed("mig-"));
    let name = name_of(&desk, "mig-");
    desk.update(&prefixed("mig-").set("labels", r#"{ team = "ml" }"#));
    assert_eq!(name_of(&desk, "mig-"), name, "what changes in place leaves the name alone");
    // The same inputs elsewhere give the same name, and it is known at plan.
    let other = Desk::new();
    let planned = other.planned(&prefixed("mig-"));
    assert_eq!(planned["resource_changes"][0]["change"]["after"]["name"], name);
}

#[test]
fn a_prefix_and_a_self_link_make_the_name_of_the_id() {
    let desk = Desk::new();
    let planned = |pool: &Pool| desk.planned(pool)["resource_changes"][0]["change"]["after"]["name"].clone();
    let link = format!("https://container.googleapis.com/v1/{ZONAL}");
    let name = planned(&prefixed("mig-"));
    assert!(name.is_string());
    assert_eq!(planned(&prefixed("mig-").text("cluster_id", &link)), name);
}

#[test]
fn with_a_prefix_the_new_pool_stands_before_the_old_one_goes() {
    let desk = Desk::new();
    let kept = "lifecycle {\n create_before_destroy = true\n }";
    desk.settle(&prefixed("mig-").block(kept));
    let old = name_of(&desk, "mig-");
    desk.settle(&prefixed("mig-").text("mig_profile", "2g.10gb").block(kept));
    let new = name_of(&desk, "mig-");
    assert_ne!(old, new);
    let made: Vec<Value> = desk.changes(0).iter().map(|record| record["method"].clone()).collect();
    assert_eq!(made, ["POST", "POST", "DELETE"], "the new pool first");
    assert_eq!(desk.sandbox.nodes_of(ZONAL, &old).len(), 0);
    assert_eq!(desk.sandbox.nodes_of(ZONAL, &new).len(), 1);
}

#[test]
fn another_prefix_is_another_pool() {
    let desk = Desk::new();
    desk.settle(&prefixed("mig-"));
    let planned = desk.planned(&prefixed("gpu-"));
    assert_eq!(crate::support::json::actions(&planned, crate::mig_pool::POOL), ["delete", "create"]);
}
