//! Another profile is another pool: keys follow it, also where the new pool comes before the old one goes.

use serde_json::{Value, json};

use super::site::{DEFAULT, Site};
use crate::clouds::{Cloud, on_every_cloud};
use crate::mig_pool::Pool;

// On EKS it is what nodes of the same pool are made from.
on_every_cloud!(
    ; not eks: another_profile_is_another_pool_that_is_looked_at, a_new_pool_comes_before_the_old_one_goes
);

fn another_profile_is_another_pool_that_is_looked_at(cloud: Cloud) {
    let site = Site::cut(cloud);
    site.settle(&cloud.pool());
    site.replace(&cloud.pool().text("mig_profile", cloud.third()), &["mig_profile"]);
    assert_eq!(site.state()["allocatable_slices"], 3);
    if cloud == Cloud::Aks {
        site.assert_key_in_place();
    }
}

/// Both pools share one key for a while, and the one that goes leaves it to the other.
fn a_new_pool_comes_before_the_old_one_goes(cloud: Cloud) {
    let site = Site::cut(cloud);
    let named = |profile: &str| {
        let prefixed = cloud.pool().unset("name").text("name_prefix", cloud.prefix());
        prefixed.text("mig_profile", profile).block("lifecycle {\n create_before_destroy = true\n }")
    };
    site.settle(&named(cloud.seventh()));
    let first = site.state();
    site.settle(&named(cloud.third())).says("1 added, 0 changed, 1 destroyed").never_says("kubectl");
    let second = site.state();
    assert_ne!(first["name"], second["name"]);
    assert_eq!(second["allocatable_slices"], 3);
    if cloud == Cloud::Aks {
        assert_eq!(first["config_key"], second["config_key"], "one text, one key");
        assert_eq!(site.our_key_names(), [site.key()]);
        assert_eq!(site.api.owners(site.config_map(), &site.key()).len(), 1);
    }
    site.workspace.destroy().success();
    assert_eq!(site.our_key_names(), Vec::<String>::new());
}

/// From cut GPUs to shared slices and back, in the same pool.
#[test]
fn a_pool_that_is_moved_between_the_kinds_gets_the_other_kinds_key() {
    let mut site = Site::cut(Cloud::Aks);
    site.settle(&Pool::aks());
    let (cut, machines) = (site.key(), site.machines());
    let moved = |from: &str, to: &str| format!("moved {{\n from = {from}\n to = {to}\n}}");
    let (one, other) = (crate::mig_pool::POOL, crate::mig_pool::SHARED);
    site.address = other;
    site.settle(&Pool::aks().shared_by("3").beside(&moved(one, other)))
        .says("0 added, 1 changed, 0 destroyed");
    assert!(site.key() != cut && site.machines() == machines);
    assert_eq!(site.state()["allocatable_slices"], 21);
    site.assert_key_in_place();
    site.address = one;
    site.settle(&Pool::aks().beside(&moved(other, one))).says("0 added, 1 changed, 0 destroyed");
    assert_eq!((site.key(), site.machines()), (cut, machines));
    assert_eq!(site.state()["allocatable_slices"], 7);
    site.assert_key_in_place();
}

/// `default` is for everybody, so it stays when we go.
#[test]
fn the_key_for_everybody_stays_and_says_what_the_only_key_said() {
    let site = Site::cut(Cloud::Aks);
    assert_eq!(site.foreign_keys().keys().collect::<Vec<_>>(), ["whole"]);
    site.settle(&Pool::aks());
    let whole = site.foreign_keys()["whole"].clone();
    assert_eq!(site.api.keys(site.config_map())[DEFAULT], whole);
    let owners = site.api.owners(site.config_map(), DEFAULT);
    assert!(owners.len() == 1 && !owners[0].contains("mig"), "it is no pool's: {owners:?}");
    site.workspace.destroy().success();
    assert_eq!(site.api.keys(site.config_map())[DEFAULT], whole);
    // The next first key finds it there.
    site.settle(&Pool::aks());
    assert_eq!(site.state()["allocatable_slices"], json!(7));
    assert_eq!(
        site.api.config_map(site.config_map()).expect("it is there")["data"][DEFAULT],
        Value::from(whole)
    );
}
