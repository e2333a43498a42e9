//! GKE: clusters in several spellings, and options for which there has to be a new pool.

use crate::clouds::Cloud;
use crate::mig_change::assert_replaces;
use crate::mig_desk::Desk;
use crate::mig_pool::{NAME, Pool, REGIONAL, ZONAL};
use crate::mig_replace::replaced;

#[test]
fn another_cluster_is_another_pool() {
    let to = Pool::zonal().text("cluster_id", REGIONAL).set("zones", r#"["us-central1-a"]"#);
    let desk = replaced(Cloud::Gke, &to, "cluster_id");
    assert!(!desk.exists(ZONAL) && desk.exists(REGIONAL));
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

fn prefixed(prefix: &str) -> Pool {
    Pool::zonal().unset("name").text("name_prefix", prefix)
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
