//! The cluster's half of a node pool, with the real terraform: the key in the device plugin's ConfigMap, the slices that
//! are seen, and everybody else, who must notice nothing.
//!
//! - `site`: a desk at one of the seeded clusters, and who else is there; `two`: configurations with two pools;
//! - `life`, `changes`, `figures`, `profiles`: a pool from its creation to its end, on both clouds;
//! - `stacks`, `neighbours`: every seeded stack, and pools that have a key or a ConfigMap in common;
//! - `drift`, `import`, `unknowns`: what others do, what is taken over, what is not known at plan;
//! - `checks`, `check_resource`: slices that do not come;
//! - `stopped_creates`, `stopped_updates`, `stopped_destroys`: Ctrl-C, and a provider that dies;
//! - `outages`, `refreshes`: a cluster that does not answer, or refuses;
//! - `ways`, `gitops`, `refusals`: the provider's `kubernetes` block, keys that somebody else writes, what plan refuses.

mod changes;
mod check_resource;
mod checks;
mod drift;
mod figures;
mod gitops;
mod import;
mod life;
mod neighbours;
mod outages;
mod profiles;
mod refreshes;
mod refusals;
pub(crate) mod site;
mod stacks;
mod stopped_creates;
mod stopped_destroys;
mod stopped_updates;
mod two;
mod unknowns;
mod ways;
