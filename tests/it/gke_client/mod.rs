//! GKE's back end against the sandbox, through the trait that the provider uses.

mod create;
mod delete;
mod faults;
mod read;
pub(crate) mod support;
mod update;
