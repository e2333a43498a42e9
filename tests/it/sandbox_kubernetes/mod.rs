//! The API servers of the sandbox's clusters as a process, before kubectl, which nobody here wrote.
//!
//! - [`nodes`], [`config_maps`], [`workloads`]: what is in a cluster;
//! - [`access`]: the ways in, by the clouds' own APIs too, and who may what;
//! - [`script`]: all of that in one go, on every cluster; [`drains`]: rollouts of the clouds before pods and budgets;
//! - [`stacks`]: NVIDIA's components as they are seeded, and what becomes allocatable;
//! - [`faults`]: bad days; [`judged`]: the judge of all exchanges; [`process`]: the command line, the state file, the record.
//!
//! What happens in a cluster with time is tested beside its code, where a test can move the clock. Tests that need kubectl
//! are skipped, with a reason, where there is none.

mod access;
mod config_maps;
mod drains;
mod faults;
mod judged;
mod nodes;
mod process;
mod script;
mod stacks;
mod workloads;

use std::time::{Duration, Instant};

/// The zonal GKE cluster.
const ZONAL: &str = "projects/sandbox/locations/us-central1-a/clusters/zonal";

/// An AKS cluster by its group and name.
fn aks(group: &str, name: &str) -> String {
    format!(
        "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/{group}/providers/\
         Microsoft.ContainerService/managedClusters/{name}"
    )
}

/// Looks until something is so, for at most half a minute.
#[track_caller]
fn until(what: &str, mut so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < Duration::from_secs(30), "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
