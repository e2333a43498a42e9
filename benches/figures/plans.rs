//! What the provider adds to Terraform's own time, and the memory it takes.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Pid;

use crate::configs;
use crate::support::{Sandbox, Workspace, processes};
use crate::table::{Figure, median};

const MINUTES: Duration = Duration::from_secs(600);

/// Milliseconds that one new resource adds to a plan.
pub(crate) fn one_resource(provider: &Path) -> Figure {
    let sandbox = Sandbox::start();
    let ours = workspace(provider, &sandbox, &configs::pools(1));
    let floor = floor(1);
    let samples =
        (0..15).map(|_| seconds_of_plan(&ours, 2) - seconds_of_plan(&floor, 2)).map(|s| s * 1e3).collect();
    Figure::new("plan of one resource, above terraform_data", "ms", samples, 100.0)
}

/// Seconds that 100 existing resources add to a plan without changes, refresh included.
pub(crate) fn no_change(provider: &Path) -> Figure {
    let sandbox = Sandbox::with_latency("0s");
    let ours = workspace(provider, &sandbox, &configs::pools(100));
    let floor = floor(100);
    for workspace in [&ours, &floor] {
        workspace.apply().success();
    }
    let samples = (0..7).map(|_| seconds_of_plan(&ours, 0) - seconds_of_plan(&floor, 0)).collect();
    Figure::new("plan of 100 resources without changes, above terraform_data", "s", samples, 0.5)
}

/// Peak resident memory of the provider over a plan of 100 new resources, in MB.
pub(crate) fn memory(provider: &Path) -> Figure {
    let sandbox = Sandbox::start();
    let ours = workspace(provider, &sandbox, &configs::pools(100));
    let samples = (0..5).map(|_| peak_of_plan(&ours)).collect();
    Figure::new("peak memory of the provider, plan of 100 resources", "MB", samples, 20.0)
}

/// Seconds between the end of a cloud operation and the end of the apply that waits for it, without what the apply
/// takes when the operation ends at once.
pub(crate) fn end_noticed(provider: &Path) -> Figure {
    const LENGTH: f64 = 20.0;
    let apply = |latency: &str| {
        let sandbox = Sandbox::with_latency(latency);
        let ours = workspace(provider, &sandbox, &configs::pools(1));
        let started = Instant::now();
        ours.apply().success();
        started.elapsed().as_secs_f64()
    };
    let at_once = median(&(0..3).map(|_| apply("0s")).collect::<Vec<_>>());
    let samples = (0..3).map(|_| apply(&format!("{LENGTH}s")) - LENGTH - at_once).collect();
    Figure::new(
        format!("end of an operation of {LENGTH} s noticed after"),
        "s",
        samples,
        f64::max(2.0, LENGTH / 10.0),
    )
}

pub(crate) fn workspace(provider: &Path, sandbox: &Sandbox, config: &str) -> Workspace {
    let mut workspace = Workspace::for_provider("gpuslice/gpuslice", provider);
    workspace.set_env("GPUSLICE_SANDBOX", sandbox.url());
    workspace.set_patience(MINUTES);
    workspace.write("providers.tf", configs::PROVIDERS);
    workspace.write("main.tf", config);
    workspace
}

/// Terraform's own share: as many built-in resources, and no provider to start.
pub(crate) fn floor(count: usize) -> Workspace {
    let mut workspace = Workspace::without_provider();
    workspace.set_patience(MINUTES);
    workspace.write("main.tf", &configs::floor(count));
    workspace
}

/// `code`: 0 when there is nothing to do, 2 when there is.
fn seconds_of_plan(workspace: &Workspace, code: i32) -> f64 {
    let started = Instant::now();
    workspace.plan().exits(code);
    started.elapsed().as_secs_f64()
}

/// Terraform starts the provider several times for one plan; the largest process counts.
fn peak_of_plan(workspace: &Workspace) -> f64 {
    let mut plan = workspace.spawn(&["plan", "-detailed-exitcode"]);
    let mut peak = 0;
    while !plan.has_ended() {
        let peaks = processes::providers_below(plan.pid()).into_iter().filter_map(peak_kib);
        peak = peaks.fold(peak, u64::max);
        thread::sleep(Duration::from_millis(1));
    }
    plan.wait_with_timeout(MINUTES).exits(2);
    assert!(peak > 0, "the provider was never seen");
    // Both are integers far below the point where a float loses count.
    #[expect(clippy::cast_precision_loss)]
    let megabytes = peak as f64 * 1024.0 / 1e6;
    megabytes
}

/// The kernel's own high-water mark: it only rises, so that looking often enough finds nearly the last value.
fn peak_kib(process: Pid) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", process.as_raw_pid())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}
