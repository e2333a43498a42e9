//! Whether slices are seen: the look that every node pool takes, and the resource `gpuslice_slice_check`.
//!
//! - `look`: looking at a pool's slices in its cluster.
//! - `live`: what a pool that exists is to offer, by its cloud and by its key in the cluster.
//! - `words`: what a user reads of it.
//! - `resource`: the resource, which fails an apply when slices do not come. `schema`: its attributes.

mod live;
mod look;
mod resource;
mod schema;
mod words;

pub(in crate::provider) use live::{Untold, told_by_key};
pub(in crate::provider) use look::{KeyPlace, Look, PoolKey, look, reach};
pub(in crate::provider) use resource::SliceCheckResource;
pub(in crate::provider) use words::warning;
