//! The node-pool resources: `gpuslice_mig_nodepool` and `gpuslice_timeslice_nodepool`.
//!
//! - `kind`: what tells them apart. All else is one code.
//! - `schema`: the attributes. `equivalent`: spellings that mean the same.
//! - `clouds`: which clouds there are, and what belongs to which.
//! - `from_value`, `to_value`: between Terraform's values and the neutral node pool.
//! - `derived`: the attributes that follow from others.
//! - `planning`: what a plan says beyond that. `naming`: computed names. `rolling`: the warning before nodes roll.
//! - `fixed`: changes that a pool which was made in another way cannot take.
//! - `plugin`: what the cluster's device plugin is to be told of a pool.
//! - `sharing`: what a change of sharing does to the pods that run.
//! - `tags`: keys that differ in case only.
//! - `suiting`: whether the cluster's NVIDIA software suits a pool, looked at before it is made.
//! - `checking`: whether a pool that is ready offers its slices, and when that is looked at.
//! - `private`: what the state carries beside its attributes.
//! - `nodes`: draining, for clouds that end machines as they are.
//! - `companions`: the key in the device plugin's ConfigMap.
//! - `progress`: checkpoints on the way. `lifecycle`: create, update, read and delete. `import`: taking over. `told`: what a pool's key
//!   says of it then. `moving`: from one kind to the
//!   other.
//! - `messages`: what a user reads when things go wrong.

mod checking;
mod clouds;
mod companions;
mod derived;
pub(in crate::provider) mod equivalent;
mod fixed;
mod from_value;
mod import;
mod kind;
mod lifecycle;
mod messages;
mod moving;
mod naming;
mod nodes;
mod planning;
mod plugin;
mod private;
mod progress;
mod resource;
mod rolling;
mod schema;
mod sharing;
mod suiting;
mod tags;
mod to_value;
mod told;

pub(in crate::provider) use checking::announcer;
pub(in crate::provider) use clouds::READING;
pub(in crate::provider) use companions::messages::too_slow;
pub use kind::Kind;
pub(in crate::provider) use lifecycle::reach;
pub use resource::NodePoolResource;
pub(in crate::provider) use suiting::cut;
