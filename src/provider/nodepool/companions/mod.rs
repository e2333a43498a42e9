//! What a pool has outside its cloud: the key in the device plugin's ConfigMap that its nodes' label names.
//!
//! In the order of a key's life:
//! - [`wanted`]: the key that a plan or a state tells of.
//! - [`held`]: the keys that may exist in the cluster, as the private state names them.
//! - [`put`]: into the ConfigMap, before the nodes name it.
//! - [`look`]: what has become of it, at a refresh.
//! - [`release`]: out of it, when no node names it any more.
//! - [`messages`]: what a user reads of all that.

pub(super) mod held;
mod look;
pub(super) mod messages;
pub(super) mod put;
pub(super) mod release;
pub(super) mod wanted;

pub(super) use held::{Deleting, Held};
pub(super) use put::Found;
pub(super) use wanted::{Change, WantedKey};

use crate::nodepool::PoolId;
use crate::provider::session::Session;

/// The keeper of one pool's companions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keeper<'a> {
    pub(super) session: &'a Session,
    pub(super) pool: &'a PoolId,
}
