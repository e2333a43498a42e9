//! The device plugins that a cluster has, the ConfigMap that they read, and our keys in it.
//!
//! In reading order:
//! - [`installed`]: the DaemonSets and ClusterPolicies that announce GPUs, as far as they matter here.
//! - [`scheduling`]: whether a DaemonSet's pods come to a node.
//! - [`place`]: which ConfigMap is read, and where it would be if nothing is installed. Pure.
//! - [`helm`]: what to install, in the charts' own values. Pure.
//! - [`search`]: where a key is that a pool's label names.
//! - [`store`]: our keys in the ConfigMap, each pool by a field manager of its own.
//! - [`release`]: giving them up.
//! - `lookup`: how all that is asked for.

#[cfg(test)]
pub(super) mod fixtures;
pub mod helm;
pub mod installed;
mod lookup;
pub mod place;
pub mod release;
pub mod scheduling;
pub mod search;
pub mod store;

pub use installed::{ClusterPolicy, DevicePlugin, Installed, MigManager, Mounted, Vendor};
pub use place::{Origin, Place, Wanted};
pub use release::Released;
pub use search::Found;
pub use store::{Applied, KeyState, Owner};

pub use crate::nodepool::labels::CONFIG_LABEL;
