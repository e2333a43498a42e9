//! The procedures of protocol 6: from the wire to the traits and back.
//!
//! - `service.rs`: the list of all procedures, those that are served and those that are not
//! - `guard.rs`: every procedure runs in a task of its own, so that a panic is a message and not the end;
//!   `calls.rs`: which of them run, and how they are stopped
//! - `catalog.rs`: what the provider offers, asked once and only when needed
//! - `outcome.rs`: what a provider's method came to
//! - `wire.rs`, `wire_schema.rs`: messages to values and back; `complete.rs`: partial states to whole ones
//! - one file per group of procedures: `provider.rs`, `validate.rs`, `upgrade.rs`, `read.rs`, `plan.rs`, `apply.rs`,
//!   `import.rs`, `move_state.rs`, `identity.rs`, `data_source.rs`, `function.rs`
//! - `check.rs`: the host's own rules, applied to our answers before the host does

mod apply;
mod calls;
mod catalog;
mod check;
mod complete;
mod data_source;
mod function;
mod guard;
mod identity;
mod import;
mod move_state;
mod outcome;
mod plan;
mod provider;
mod read;
mod service;
mod upgrade;
mod validate;
mod wire;
mod wire_schema;

pub(in crate::tfplugin) use calls::Calls;
pub use service::Service;
