//! The command line, the state file, and the end.

use std::process::Command;
use std::time::Duration;

use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};

use super::{CLUSTER, create, google, wait_for};
use crate::support::{SANDBOX, Sandbox, command};

fn serve(args: &[&str]) -> Command {
    let mut serve = Command::new(SANDBOX);
    command::isolate(&mut serve);
    serve.arg("serve").args(args);
    serve
}

#[test]
fn it_says_where_it_listens_and_nothing_else() {
    let sandbox = Sandbox::start();
    assert_eq!(sandbox.said(), format!("gpuslice-sandbox listening on {}\n", sandbox.url()));
    let port = sandbox.url().strip_prefix("http://127.0.0.1:").expect("a loopback address");
    assert!(port.parse::<u16>().is_ok_and(|port| port > 0), "{port}");
}

#[test]
fn it_ends_at_once_when_asked() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut running = command::spawn(serve(&["--listen", "127.0.0.1:0"]));
        running.wait_until_said("listening on", Duration::from_secs(30));
        kill_process(running.pid(), signal).expect("it runs");
        running.wait_with_timeout(Duration::from_secs(10)).success();
    }
}

#[test]
fn addresses_that_others_can_reach_are_refused() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8642"] {
        let output = command::run(serve(&["--listen", address]));
        output.exits(1).says("listens on loopback addresses only").says(address);
    }
}

#[test]
fn mistakes_on_the_command_line_are_named() {
    let fails = |args: &[&str], sentence: &str| {
        let args: Vec<_> = ["--listen", "127.0.0.1:0"].iter().chain(args).copied().collect();
        command::run(serve(&args)).failure().says(sentence);
    };
    fails(&["--fault", "earthquake"], "the kinds are throttle");
    fails(&["--fault", "throttle:retry_after=2"], "is not a duration");
    fails(&["--latency", "2"], "is not a duration");
    fails(&["--record", "/nowhere/record"], "record file /nowhere/record");
    fails(&["--state", "/nowhere/state"], "state file /nowhere/state");
}

#[test]
fn the_state_file_carries_the_world_over_a_restart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let state = folder.path().join("state.json");
    let args = ["--state", state.to_str().expect("a plain path"), "--latency", "1s"];
    let first = Sandbox::with_args(&args);
    create(&first, "kept");
    wait_for(&first, "kept", "RUNNING");
    let nodes = first.nodes_of(CLUSTER, "kept");
    let operation = create(&first, "under-way");
    drop(first);
    let second = Sandbox::with_args(&args);
    let uids = |nodes: &[Value]| nodes.iter().map(|node| node["uid"].clone()).collect::<Vec<_>>();
    assert_eq!(uids(&second.nodes_of(CLUSTER, "kept")), uids(&nodes));
    wait_for(&second, "under-way", "RUNNING");
    let name = operation["name"].as_str().expect("a name");
    let path = format!("projects/sandbox/locations/us-central1/operations/{name}");
    let (status, done) = google(&second, "GET", &path, &Value::Null);
    assert_eq!((status, &done["status"]), (200, &json!("DONE")));
}

#[test]
fn the_same_seed_gives_the_same_nodes() {
    let names = |seed: &str| {
        let sandbox = Sandbox::with_args(&["--seed", seed]);
        let nodes = sandbox.nodes(CLUSTER);
        nodes.iter().map(|node| node["uid"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(names("5"), names("5"));
    assert_ne!(names("5"), names("6"));
}

#[test]
fn escapes_in_a_path_are_undone_and_recorded_as_sent() {
    let sandbox = Sandbox::start();
    let escaped = CLUSTER.replace("us-central1", "us%2Dcentral1");
    let (status, cluster) = google(&sandbox, "GET", &format!("{escaped}?alt=json&x="), &Value::Null);
    assert_eq!((status, &cluster["name"]), (200, &json!("sandbox")));
    let recorded = sandbox.records().remove(0);
    assert_eq!(recorded["url"], format!("{}/v1/{escaped}?alt=json&x=", sandbox.url()));
}
