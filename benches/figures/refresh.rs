//! Refreshing very many pools: it must cost a few calls for each cluster, not a few for each pool.
//!
//! A hundred pools are applied for real, in one cluster. Then the sandbox's state and Terraform's are copied for nine
//! more clusters, because nobody has the patience to create a thousand pools for a measurement.

use std::fs;
use std::path::Path;
use std::time::Instant;

use serde_json::Value;

use crate::configs::{self, CLUSTER};
use crate::plans::{floor, workspace};
use crate::support::{Sandbox, Workspace};
use crate::table::Figure;

const CLUSTERS: usize = 10;
const POOLS: usize = 100;

/// Seconds that 1,000 pools in 10 clusters add to a refresh, and the calls that it takes, when each answer of the
/// cloud comes after 100 ms.
pub(crate) fn thousand(provider: &Path) -> Vec<Figure> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let world = folder.path().join("world.json");
    let world_path = world.to_str().expect("a temporary folder's name is text");

    let sandbox = Sandbox::with_args(&["--latency", "0s", "--state", world_path]);
    let mut ours = workspace(provider, &sandbox, &configs::pools(POOLS));
    ours.apply().success();
    drop(sandbox);
    fs::write(&world, with_more_clusters(&fs::read_to_string(&world).expect("the sandbox's state")))
        .expect("our file");
    ours.write("terraform.tfstate", &with_more_resources(&ours.read("terraform.tfstate")));
    ours.write("main.tf", &(0..CLUSTERS).map(configuration).collect::<String>());

    let floor = floor(CLUSTERS * POOLS);
    floor.apply().success();

    let mut seconds = Vec::new();
    let mut calls = Vec::new();
    for _ in 0..5 {
        let sandbox = Sandbox::with_args(&["--answer-delay", "100ms", "--state", world_path]);
        ours.set_env("GPUSLICE_SANDBOX", sandbox.url());
        seconds.push(refresh(&ours) - refresh(&floor));
        calls.push(sandbox.records().len());
    }
    #[expect(clippy::cast_precision_loss, reason = "far below the point where a float loses count")]
    let calls = calls.into_iter().map(|calls| calls as f64).collect();
    vec![
        Figure::new("refresh of 1,000 pools in 10 clusters, answers after 100 ms", "s", seconds, 3.0),
        Figure::new("calls of that refresh", "", calls, 30.0),
    ]
}

fn refresh(workspace: &Workspace) -> f64 {
    let started = Instant::now();
    // Not by exit code: some versions of Terraform answer 2 although they say this (hashicorp/terraform#36403).
    workspace.run(&["plan", "-refresh-only"]).success().says("No changes.");
    started.elapsed().as_secs_f64()
}

/// The name of a copy's cluster; the first one is the original.
fn cluster(copy: usize) -> String {
    if copy == 0 { CLUSTER.to_owned() } else { format!("{CLUSTER}-{copy}") }
}

fn configuration(copy: usize) -> String {
    configs::pools(POOLS)
        .replace("\"pool\" {", &format!("\"pool{copy}\" {{"))
        .replace(CLUSTER, &cluster(copy))
}

/// The sandbox's state with copies of the cluster that holds the pools.
fn with_more_clusters(world: &str) -> String {
    let mut world: Value = serde_json::from_str(world).expect("the sandbox writes JSON");
    let clusters = world["gke"]["clusters"].as_object_mut().expect("clusters by id");
    let original = clusters[CLUSTER].clone();
    for copy in 1..CLUSTERS {
        let mut twin = original.clone();
        let id = cluster(copy);
        twin["name"] = id.rsplit('/').next().into();
        clusters.insert(id, twin);
    }
    world.to_string()
}

/// Terraform's state with one resource for each cluster.
fn with_more_resources(state: &str) -> String {
    let mut state: Value = serde_json::from_str(state).expect("Terraform writes JSON");
    let original = state["resources"][0].clone();
    let copies = (0..CLUSTERS).map(|copy| {
        // The cluster's id stands in several attributes; the original is no part of another word.
        let text = original.to_string().replace(CLUSTER, &cluster(copy));
        let mut twin: Value = serde_json::from_str(&text).expect("still JSON");
        twin["name"] = format!("pool{copy}").into();
        twin
    });
    state["resources"] = copies.collect();
    state.to_string()
}
