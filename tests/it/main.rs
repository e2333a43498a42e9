//! The integration tests, one binary: linking once is cheaper than linking once per file.
//!
//! They drive the built binaries from outside: the real `terraform`, the provider and the sandbox.

#![allow(
    clippy::disallowed_methods,
    reason = "tests read the environment of their run, and wait for processes"
)]

mod aks_client;
mod architecture;
mod bench;
mod demo;
mod docs;
mod gke_client;
mod harness;
mod mig_change;
mod mig_corners;
mod mig_desk;
mod mig_drift;
mod mig_failures;
mod mig_faults;
mod mig_gone;
mod mig_import;
mod mig_killed;
mod mig_lifecycle;
mod mig_options;
mod mig_origin;
mod mig_outputs;
mod mig_pool;
mod mig_refusals;
mod mig_refusals_places;
mod mig_replace;
mod mig_rolls;
mod mig_unknowns;
mod mig_updates;
mod mig_waiting;
mod plan_clouds;
mod plan_pool;
mod plan_unknowns;
mod sandbox_gke;
mod support;
mod tfplugin;
