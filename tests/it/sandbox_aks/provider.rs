//! Microsoft's classes as a judge of what the provider sends, and of what it is answered.
//!
//! `make test` has the same judge look at every exchange of all other tests too (`scripts/test.sh`).

use super::judged;
use crate::aks_options::everything;
use crate::mig_desk::Desk;
use crate::mig_pool::Pool;

/// A pool's whole life, with every option that there is.
#[test]
fn the_providers_bodies_are_azures() {
    let desk = Desk::aks();
    // No GPU operator is installed here, so nobody waits for its slices.
    let pool = || {
        Pool::aks()
            .set("aks", &everything())
            .set("max_pods", "64")
            .set("disk_size_gb", "256")
            .text("slice_check", "off")
    };
    desk.settle(&pool());
    desk.update(
        &pool()
            .set("labels", r#"{ team = "ml" }"#)
            .set("tags", r#"{ Team = "ml" }"#)
            .set("taints", r#"[{ key = "team", value = "ml", effect = "NoSchedule" }]"#)
            .set("upgrade", r#"{ max_surge = "50%", max_unavailable = "0" }"#)
            .set("autoscaling", "{ min_nodes = 1, max_nodes = 3 }"),
    );
    desk.update(&pool().set("node_count", "2"));
    desk.workspace.destroy().success();
    judged(&desk.sandbox);
}

#[test]
fn the_providers_bodies_are_those_of_the_preview_where_it_is_asked_for() {
    let desk = Desk::aks();
    let preview = "provider \"gpuslice\" {\n azure = { api_version = \"2026-08-02-preview\" }\n}";
    let pool =
        || Pool::aks().text("mig_profile", "2g.20gb").options(r#"gpu_stack = "managed""#).beside(preview);
    desk.settle(&pool());
    desk.update(&pool().set("labels", r#"{ team = "ml" }"#));
    desk.workspace.destroy().success();
    judged(&desk.sandbox);
}

#[test]
fn the_providers_spot_pools_are_azures() {
    let desk = Desk::aks();
    let spot = r#"eviction_policy = "Deallocate", spot_max_price = 1.5"#;
    desk.settle(&Pool::aks().text("capacity_type", "spot").options(spot));
    desk.workspace.destroy().success();
    judged(&desk.sandbox);
}
