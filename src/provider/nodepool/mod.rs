//! The node-pool resources: `gpuslice_mig_nodepool`.
//!
//! - `schema`: the attributes. `equivalent`: spellings that mean the same.
//! - `clouds`: which clouds there are, and what belongs to which.
//! - `from_value`, `to_value`: between Terraform's values and the neutral node pool.
//! - `derived`, `planning`: what a plan knows, replaces and warns about.
//! - `private`: what the state carries beside its attributes.
//! - `progress`: checkpoints on the way. `lifecycle`: create, update, read and delete. `import`: taking over.
//! - `messages`: what a user reads when things go wrong.

mod clouds;
mod derived;
mod equivalent;
mod from_value;
mod import;
mod lifecycle;
mod messages;
mod planning;
mod private;
mod progress;
mod resource;
mod schema;
mod to_value;

pub use resource::MigNodePool;

/// The type name of [`MigNodePool`].
pub const MIG_NODEPOOL: &str = "gpuslice_mig_nodepool";
