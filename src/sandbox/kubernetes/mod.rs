//! Kubernetes: for each cluster of the clouds, the part of an API server that kubectl and client libraries use for
//! nodes, their slices, and what makes them.
//!
//! In reading order:
//! - [`model`]: all clusters; [`cluster`]: one; [`store`]: its objects and their changes. [`object`]: looking into JSON.
//! - [`request`]: which call is meant; [`access`]: who may; [`api`]: from a call to its answer; [`status`]: refusals.
//! - [`resources`], [`discovery`], [`openapi`], [`schema`]: what there is. [`kinds`]: what is particular to a kind.
//! - [`read`], [`selectors`], [`tables`], [`watch`]: reading.
//! - [`mod@write`], [`patch`], [`managed`], [`delete`], [`evict`]: writing, and who owns which field.
//! - [`nodes`]: from the clouds' machines to nodes. [`controllers`]: what happens by itself, with [`placement`] and
//!   [`quantity`]. [`components`]: NVIDIA's, which make GPUs allocatable.
//! - [`actors`]: what others do.
//! - [`authority`], [`doors`], [`kubeconfig`], [`listening`]: TLS and the way in. [`serving`]: calls and watches on the wire.

mod access;
mod actors;
mod api;
mod authority;
mod cluster;
mod components;
mod controllers;
mod delete;
mod discovery;
mod doors;
mod evict;
mod kinds;
mod kubeconfig;
mod listening;
mod managed;
mod model;
mod nodes;
mod object;
mod openapi;
mod patch;
mod placement;
mod quantity;
mod read;
mod request;
mod resources;
mod schema;
mod selectors;
mod serving;
mod status;
mod store;
mod tables;
mod watch;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use access::{Doorkeeper, Grant, Rights, User};
pub(crate) use actors::Act;
pub(crate) use authority::{Authority, AuthorityError};
pub(crate) use cluster::{Scene, Stack, View};
pub(crate) use doors::{Doors, Opened};
pub(crate) use kubeconfig::{Access, Directory, Proof};
pub(crate) use listening::listen;
pub(crate) use model::Kubernetes;
pub(crate) use watch::{Step, Watch};
