//! Tests of the tables and of the geometry as a whole.

use std::sync::Arc;

use super::{Catalogue, Gpu, Machine, MigProfile};

mod geometry;
mod tables;
mod traps;

fn gpu(id: &str) -> &'static Gpu {
    Catalogue::built_in().gpu(id).unwrap_or_else(|| panic!("no GPU {id}"))
}

fn machine(name: &str) -> Arc<Machine> {
    Catalogue::built_in().machine(None, name).unwrap_or_else(|| panic!("no machine {name}"))
}

fn profile(name: &str) -> MigProfile {
    name.parse().unwrap()
}
