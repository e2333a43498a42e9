//! Where a pool lives: at its cloud, or in a sandbox.

use serde::{Deserialize, Serialize};

/// Where a pool lives. It is kept in the private state of every pool, so that the two are never mixed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Origin {
    /// At the cloud.
    Cloud,
    /// In a sandbox.
    Sandbox,
}
