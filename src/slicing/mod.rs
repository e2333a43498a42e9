//! The pure domain of GPU slicing: which GPU a machine type has, which slices it can be cut into, what a slice
//! is worth, and how many of them a node pool gives.
//!
//! Pure means: no async, no I/O, no Terraform, no HTTP, and nothing else of this crate. Everything here can be
//! asked at plan, offline.
//!
//! In reading order: [`Cloud`] names the clouds, [`MigProfile`] a profile; [`Gpu`] and [`ProfileFacts`] say what
//! can be cut; [`Layout`] is what one GPU is cut into (a list of profiles, although today's pools hold one), and
//! whether it fits the placement grid; [`Machine`] is a machine type; [`Catalogue`] finds them by name;
//! [`capacity()`] counts; [`suggest`] helps with wrong names.
//!
//! # The tables
//!
//! The facts are CSV files in `data/`; every row has its source and how well it is founded ([`Confidence`]).
//!
//! * **To add a GPU**: a row in `gpus.csv` (`memory_units` and `compute_slices` stay empty without MIG, or where
//!   no source gives them; `aliases` are names that clouds use), and for MIG its rows in `mig_profiles.csv`,
//!   smallest profile first, `starts` and `size` in placement units. Leave empty what no source gives; `grid` and
//!   `figures` say how well placements and figures are founded.
//! * **To add a machine type**: a row in `gpu_machines.csv`. `gpu_count` is a number, a fraction such as `1/8`,
//!   or `fraction`; `mig` is `yes`, `no`, `hardware` (the cloud's tools are unverified) or `unverified`, and
//!   `mig_note` the reason or note that messages quote. GPUs that are attached to machines of the user's choice
//!   go to `attachable_gpus.csv`, a row per count.
//! * **Then** run `cargo test slicing`. The tests read every row, hold the names against the naming rule, the
//!   counts against the placement grid, and every layout against a brute-force search.

mod capacity;
mod catalogue;
mod cloud;
mod confidence;
mod figures;
mod gpu;
mod grid;
mod layout;
mod machine;
pub mod naming;
mod profile;
mod sharing;
pub mod suggest;

pub use capacity::{Capacity, CapacityError, PoolShape, capacities, capacity};
pub use catalogue::{Catalogue, TableError};
pub use cloud::{Cloud, UnknownCloud};
pub use confidence::{Confidence, UnknownConfidence};
pub use figures::{Fixed, Gib, NotAFigure, Share};
pub use gpu::{Gpu, Grid, ProfileFacts, ProfileMatch};
pub use grid::Starts;
pub use layout::{Fit, Layout, LayoutError, Placement};
pub use machine::{Arch, Attachable, AttachableCount, GpuCount, Machine, MachineGpus, MigSupport};
pub use profile::{Attribute, MigProfile, ProfileNameError};
pub use sharing::{GPU_RESOURCE, MAX_MPS_CLIENTS, MigStrategy, Sharing};

#[cfg(test)]
mod tests;
