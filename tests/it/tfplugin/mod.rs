//! The plugin layer, with a provider that misbehaves on demand (`tests/probe-provider`).
//!
//! - `rpc.rs`: the procedures, called in this process
//! - `wire.rs`: the process and its socket, seen by a host and by others; `host.rs` is that host
//! - `terraform*.rs`: the real Terraform; `matrix.rs`: what it stores after each kind of failure; `workspace.rs`: its
//!   working folders

mod host;
mod matrix;
#[path = "../../probe-provider/probe/mod.rs"]
mod probe;
mod rpc;
mod terraform;
mod terraform_interrupt;
mod terraform_taking_over;
mod wire;
mod workspace;

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use gpuslice::tfplugin::codec::msgpack;
use gpuslice::tfplugin::proto::tfplugin6 as tf;
use gpuslice::tfplugin::type_::Type;
use gpuslice::tfplugin::value::Value;

use crate::support::command;

/// A request to read `probe_lookup` with a script.
fn lookup_request(script: &str) -> tf::read_data_source::Request {
    let ty = Type::object(["name", "script", "id", "store"].map(|name| (name, Type::String)));
    let config = Value::object([
        ("name", Value::from("x")),
        ("script", Value::from(script)),
        ("id", Value::Null),
        ("store", Value::Null),
    ]);
    let config = tf::DynamicValue { msgpack: msgpack::encode(&config, &ty).unwrap(), json: Vec::new() };
    tf::read_data_source::Request {
        type_name: "probe_lookup".to_owned(),
        config: Some(config),
        ..tf::read_data_source::Request::default()
    }
}

/// The probe provider's binary. Cargo builds examples only when all targets are tested, and then not always before
/// this one runs, so it is built here: once, and in no time if nothing changed.
fn probe_binary() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        // This test is TARGET/PROFILE/deps/it-HASH.
        let test = std::env::current_exe().expect("a running program");
        let profile = test.ancestors().nth(2).expect("Cargo's layout");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--locked", "--features", "sandbox", "--example", "probe-provider"]);
        cargo.arg("--target-dir").arg(profile.parent().expect("Cargo's layout"));
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        let _ = command::spawn(cargo).wait_with_timeout(std::time::Duration::from_secs(900)).success();
        profile.join("examples/probe-provider")
    };
    BUILT.get_or_init(build).clone()
}
