//! The integration tests, one binary: linking once is cheaper than linking once per file.
//!
//! They drive the built binaries from outside: the real `terraform`, the provider and the sandbox.

#![allow(
    clippy::disallowed_methods,
    reason = "tests read the environment of their run, and wait for processes"
)]

mod aks_change;
mod aks_client;
mod aks_desk;
mod aks_drift;
mod aks_failures;
mod aks_faults;
mod aks_import;
mod aks_incomplete;
mod aks_lifecycle;
mod aks_options;
mod aks_outputs;
mod aks_pool;
mod aks_preview;
mod aks_refusals;
mod aks_refusals_places;
mod aks_replace;
mod aks_rolls;
mod aks_two_clouds;
mod aks_unknowns;
mod architecture;
mod bench;
mod clouds;
mod cluster;
mod demo;
mod docs;
mod eks;
mod eks_pool;
mod gke_capacity;
mod gke_client;
mod gke_corners;
mod gke_drift;
mod gke_failures;
mod gke_faults;
mod gke_import;
mod gke_lifecycle;
mod gke_options;
mod gke_outputs;
mod gke_replace;
mod gke_rolls;
mod gke_unknowns;
mod gke_updates;
mod harness;
mod kubernetes;
mod mig_change;
mod mig_corners;
mod mig_desk;
mod mig_drift;
mod mig_failures;
mod mig_faults;
mod mig_gone;
mod mig_killed;
mod mig_lifecycle;
mod mig_origin;
mod mig_others;
mod mig_outputs;
mod mig_pool;
mod mig_refusals;
mod mig_refusals_places;
mod mig_replace;
mod mig_unknowns;
mod mig_updates;
mod mig_waiting;
mod plan_clouds;
mod plan_eks;
mod plan_eks_refusals;
mod plan_pool;
mod plan_slices;
mod plan_unknowns;
mod sandbox_aks;
mod sandbox_eks;
mod sandbox_gke;
mod sandbox_kubernetes;
mod slice_check_resource;
mod slices_import;
mod slices_on_aks;
mod slices_seen;
mod support;
mod tfplugin;
mod timeslice_import;
mod timeslice_lifecycle;
mod timeslice_moved;
mod timeslice_refusals;
mod timeslice_unknowns;
