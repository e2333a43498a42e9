//! A cluster's API server that does not answer or refuses, before anything is made, half-way, and at the end.

use serde_json::{Value, json};

use super::site::{Site, Stack};
use crate::clouds::Cloud;
use crate::mig_pool::{NAME, Pool, SHARED};

/// The kinds of trouble, and what is said of each.
const TROUBLE: [(&str, &str); 3] = [
    ("unreachable", "127.0.0.1"),
    ("unauthenticated", "does not know the identity (401)"),
    ("permission", "patch configmaps"),
];

fn pool() -> Pool {
    Stack::Configured.shared()
}

/// What is refused: everything, but for rights, which are refused where keys are written.
fn matching(kind: &str) -> Value {
    match kind {
        "permission" => json!({"verb": "patch", "resource": "configmaps"}),
        _ => json!({}),
    }
}

#[test]
fn at_preflight_nothing_is_made_and_the_cause_is_said() {
    for (kind, says) in TROUBLE {
        let site = Site::at(Stack::Configured);
        site.trouble(kind, matching(kind), &json!({}));
        site.write(&pool());
        site.workspace.apply().failure().says(says);
        assert!(!site.knows_the_pool(), "{kind}");
        assert_eq!((site.creates().len(), site.exists(site.cluster)), (0, false), "{kind}");
        site.sandbox.clear_faults();
        assert_eq!(site.our_key_names(), Vec::<String>::new(), "{kind}");
        assert!(!site.api.keys(site.config_map()).contains_key(super::site::DEFAULT), "{kind}");
        site.settle(&pool());
        assert_eq!(site.state()["allocatable_slices"], 4, "{kind}");
    }
}

#[test]
fn what_is_missing_is_said_with_who_misses_it_and_the_rule_that_grants_it() {
    let site = Site::at(Stack::Configured);
    site.trouble("permission", matching("permission"), &json!({}));
    site.write(&pool());
    site.workspace
        .apply()
        .failure()
        .says("Rights are missing in the cluster")
        .says("the Azure credentials")
        .says("nothing was made without them")
        .says("patch configmaps \"nvidia-device-plugin-configs\" in the namespace \"nvidia-device-plugin\"")
        .says(r#"verbs: ["patch"]"#);
}

/// Whoever names the ConfigMap needs no right to look for it.
#[test]
fn who_may_not_look_for_plugins_is_told_or_says_where_the_config_map_is() {
    let site = Site::at(Stack::Configured);
    site.trouble("permission", json!({"resource": "daemonsets"}), &json!({}));
    site.write(&pool());
    site.workspace.apply().failure().says("list daemonsets");
    assert_eq!((site.creates().len(), site.key_writes()), (0, 0));
}

/// A pool without a key does not need the cluster at all.
#[test]
fn on_gke_a_cluster_out_of_reach_hinders_nobody() {
    let site = Site::shared(Cloud::Gke);
    site.trouble("unauthenticated", json!({}), &json!({}));
    site.write(&Cloud::Gke.shared());
    site.workspace.apply().success().says("(401)");
    site.workspace.assert_empty_plan();
    assert!(site.state()["allocatable_slices"].is_null());
    site.workspace.destroy().success().never_says("(401)");
}

/// The pool is made, and then the cluster is gone: the pool is kept, and nobody says that its slices are wrong.
#[test]
fn half_way_the_pool_is_kept_and_its_slices_are_not_verified() {
    let site = Site::at(Stack::Configured);
    site.trouble("unreachable", json!({"resource": "nodes"}), &json!({}));
    site.write(&pool().text("slice_check_timeout", "3s"));
    let applied = site.workspace.apply().success();
    applied.never_says("nodes offer the planned").says("could not be asked");
    assert!(!site.workspace.is_tainted(SHARED) && site.state()["allocatable_slices"].is_null());
    site.sandbox.clear_faults();
    site.workspace.assert_empty_plan();
    site.assert_key_in_place();
}

/// The new key cannot be written: the label stays, and the pool goes on as it was.
#[test]
fn half_way_through_an_update_the_pool_goes_on_as_it_was() {
    for (kind, says) in TROUBLE {
        let site = Site::at(Stack::Configured);
        site.settle(&pool());
        let (key, puts) = (site.key(), site.puts().len());
        // Reading works, so that the plan is quiet.
        site.trouble(kind, json!({"verb": "patch", "resource": "configmaps"}), &json!({}));
        site.write(&pool().set("replicas", "8"));
        site.workspace.apply().failure().says(says);
        site.sandbox.clear_faults();
        assert_eq!(
            (site.key(), site.puts().len(), site.our_key_names()),
            (key.clone(), puts, vec![key]),
            "{kind}"
        );
        assert!(!site.workspace.is_tainted(SHARED));
        site.heals();
        site.assert_key_in_place();
        site.await_offered(NAME, 8);
    }
}

/// The old key cannot be given up after all: the update is done, and the key goes when it can.
#[test]
fn an_old_key_that_cannot_be_given_up_goes_later() {
    let site = Site::at(Stack::Configured);
    site.settle(&pool());
    // The first write of an update brings the new key, the second takes the old one.
    site.sandbox.fault(json!({
        "kind": "unavailable", "times": 1_000, "after": 1,
        "match": {"cloud": "kubernetes", "verb": "patch", "resource": "configmaps", "cluster": site.cluster},
    }));
    site.write(&pool().set("replicas", "8"));
    let applied = site.workspace.apply();
    site.sandbox.clear_faults();
    assert!(site.knows_the_pool() && !site.workspace.is_tainted(SHARED), "{applied}");
    site.await_offered(NAME, 8);
    site.workspace.apply().success();
    site.workspace.assert_empty_plan();
    assert_eq!(site.state()["replicas"], 8);
    site.workspace.destroy().success();
    site.assert_left_as_found();
}

/// A destroy is never held up: what is left is named, with the command that removes it.
#[test]
fn at_destroy_the_pool_goes_and_the_key_that_is_left_is_named() {
    for (kind, _) in TROUBLE {
        let site = Site::at(Stack::Configured);
        site.settle(&pool());
        let key = site.key();
        site.trouble(kind, matching(kind), &json!({}));
        site.workspace
            .destroy()
            .success()
            .says(&key)
            .says("nvidia-device-plugin-configs")
            .says("kubectl")
            .says("1 destroyed");
        assert!(!site.knows_the_pool() && !site.exists(site.cluster), "{kind}");
        site.sandbox.clear_faults();
        assert_eq!(site.our_key_names(), [key], "{kind}: what was said is true");
        site.assert_others_survive_a_restart();
    }
}

/// The cluster is gone, and the pool with it: there is nothing left to ask.
#[test]
fn a_cluster_that_is_gone_is_no_hindrance() {
    let site = Site::at(Stack::Unconfigured);
    site.settle(&Stack::Unconfigured.shared().text("slice_check", "off"));
    site.sandbox.actor(json!({"kind": "delete_cluster", "cluster": site.cluster}));
    site.workspace.destroy().success();
    assert!(!site.knows_the_pool());
}
