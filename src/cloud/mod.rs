//! The clouds.

pub mod gke;
