//! A cluster that does not answer while pools are refreshed: what was known is kept, and one warning says so.

use serde_json::{Value, json};

use super::site::{Site, Stack};
use crate::clouds::Cloud;
use crate::support::Output;

/// How many warnings Terraform framed, beside the sandbox's own.
fn warnings(output: &Output) -> usize {
    let all = output.combined.matches("Warning:").count();
    all - output.combined.matches("Warning: The provider talks to a sandbox").count()
}

#[track_caller]
fn kept_with_one_warning(kind: &str, matching: Value, says: &str) {
    let site = Site::at(Stack::Configured);
    let pool = Stack::Configured.shared();
    site.settle(&pool.clone().and_second(&pool.clone().set("replicas", "8")));
    let quiet = warnings(&site.workspace.plan().exits(0));
    let before = site.state();
    site.trouble(kind, matching, &json!({}));
    let plan = site.workspace.plan().exits(0).says(says);
    assert_eq!(warnings(&plan), quiet + 1, "{plan}");
    site.workspace.refresh().success();
    site.sandbox.clear_faults();
    assert_eq!(site.state(), before);
    site.workspace.assert_empty_plan();
}

#[test]
fn out_of_reach() {
    kept_with_one_warning("unreachable", json!({}), "127.0.0.1");
}

#[test]
fn the_identity_is_not_known() {
    kept_with_one_warning("unauthenticated", json!({}), "(401)");
}

#[test]
fn the_config_map_may_not_be_read() {
    kept_with_one_warning("permission", json!({"resource": "configmaps"}), "configmaps");
}

/// It takes no longer than it may.
#[test]
fn a_server_that_says_nothing_is_waited_for_five_seconds() {
    let site = Site::at(Stack::Configured);
    let pool = Stack::Configured.shared();
    site.settle(&pool.clone().and_second(&pool));
    let plan = || {
        let begun = std::time::Instant::now();
        let plan = site.workspace.plan().exits(0);
        (begun.elapsed(), plan)
    };
    let (quick, _) = plan();
    site.trouble("slow_answer", json!({"resource": "configmaps"}), &json!({"delay": "40s"}));
    let (slow, said) = plan();
    assert!(slow < quick + std::time::Duration::from_secs(15), "{quick:?} became {slow:?}");
    assert_eq!(warnings(&said), 1 + warnings(&plan_without_trouble(&site)), "{said}");
}

fn plan_without_trouble(site: &Site) -> Output {
    site.sandbox.clear_faults();
    site.workspace.plan()
}

/// Pools without a key need no cluster to be refreshed.
#[test]
fn who_owns_no_key_asks_no_cluster() {
    for cloud in [Cloud::Gke, Cloud::Aks] {
        let site = Site::cut(cloud);
        let pool =
            if cloud == Cloud::Aks { cloud.pool().options("gpu_stack = \"managed\"") } else { cloud.pool() };
        site.settle(&pool);
        let calls = || site.asked("GET", "/").len();
        let before = calls();
        site.trouble("unauthenticated", json!({}), &json!({}));
        site.workspace.plan().exits(0).never_says("(401)");
        assert_eq!(calls(), before);
    }
}
