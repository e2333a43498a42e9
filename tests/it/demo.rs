//! The demo, as `make demo` runs it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::{PROVIDER, SANDBOX, command, tools};

const MINUTES: Duration = Duration::from_secs(300);

/// The way for machines that have no Terraform and cannot fetch one has to stay open, so this is the test that goes it.
#[test]
fn the_demo_runs_with_the_terraform_from_the_python_package() {
    let demo = demo(&tools::terraform_from_the_python_package());
    let done = command::spawn(demo).wait_with_timeout(MINUTES).success();
    done.says("7 slices per GPU, 14 in total, 9.5 GiB each")
        .says("No changes.")
        .says("1g.18gb")
        .says("Apply complete! Resources: 0 added, 3 changed, 0 destroyed.")
        .says("registry.invalid/nvidia/k8s-device-plugin")
        .says("Destroy complete! Resources: 9 destroyed.")
        .says("All steps done.");
}

#[test]
fn ctrl_c_ends_the_demo_and_leaves_nothing_behind() {
    let mut running = command::spawn(demo(&tools::terraform()));
    running.wait_until_said("== terraform apply", MINUTES);
    let sandbox = running.said().lines().find_map(|line| line.strip_prefix("http://").map(str::to_owned));
    let sandbox = sandbox.expect("the demo prints where the sandbox listens");
    assert!(std::net::TcpStream::connect(&sandbox).is_ok());
    running.interrupt();
    running.wait_with_timeout(MINUTES).exits(130).never_says("All steps done.");
    assert!(std::net::TcpStream::connect(&sandbox).is_err(), "the sandbox still listens on {sandbox}");
}

/// The demo with the binaries of this test run, so that it builds nothing.
fn demo(terraform: &Path) -> Command {
    let binaries = Path::new(PROVIDER).parent().expect("a binary is in a folder");
    assert_eq!(Path::new(SANDBOX).parent(), Some(binaries));
    // Whoever starts the tests in a shell's background makes them ignore SIGINT, and what a shell ignores from its start
    // it cannot trap.
    let mut demo = Command::new("env");
    demo.arg("--default-signal=INT").arg(tools::repository().join("scripts/demo.sh"));
    demo.env("GPUSLICE_BIN", binaries).env("GPUSLICE_TERRAFORM", terraform);
    demo
}
