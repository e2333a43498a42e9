//! Planning: from configuration and state to what will be, as a pure function.

mod hook;

pub use self::hook::{Action, Plan};
use super::diag::Diagnostics;
use super::path::AttributePath;
use super::value::Value;

/// The outcome of planning.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The planned state; null when the resource is to be destroyed.
    pub state: Value,
    /// The changes that need a new object.
    pub requires_replace: Vec<AttributePath>,
    /// Private data that goes with the plan to apply.
    pub private: Vec<u8>,
    /// Messages to the user; with an error among them the rest is ignored.
    pub diagnostics: Diagnostics,
}
