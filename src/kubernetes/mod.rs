//! The cluster's half: what the device plugin is told, and whether the slices appear.
//!
//! In reading order:
//! - [`config`]: the device plugin's configuration. Pure.
//! - [`reach`]: the way to a cluster, as its cloud or the provider's `kubernetes` block says.
//! - `connect`: a client for it; `identity`: whom it speaks for.
//! - [`cluster`]: a cluster that can be asked, with time-outs.
//! - [`rights`]: what is asked, in Kubernetes' words; [`error`]: why it was not done; `cause`: how that is found out.
//! - [`plugin`]: the device plugins that a cluster has, the ConfigMap that they read, and our keys in it.
//! - [`suits`]: whether what is installed suits a pool that is to be made. Pure.
//! - [`nodes`]: a pool's nodes.
//! - [`drain`]: emptying nodes before their machines end.
//! - [`check`]: whether they offer the planned slices, and if not, why.

mod cause;
pub mod check;
pub mod cluster;
pub mod config;
mod connect;
pub mod drain;
pub mod error;
mod identity;
pub mod nodes;
pub mod plugin;
pub mod reach;
pub mod rights;
pub mod suits;
#[cfg(test)]
mod testing;

pub use cluster::Cluster;
pub use error::KubeError;
pub use reach::{KubernetesSettings, Reach};
pub use rights::{Right, Verb};
