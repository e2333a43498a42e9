//! The neutral node pool: what HCL wants and what a cloud shows, in words that belong to neither.
//!
//! In reading order:
//! - [`cluster_id`]: the ids of clusters and pools on the three clouds, and when two spellings are the same thing.
//! - [`field`]: a value that may be absent, or not known yet.
//! - [`config`]: [`NodePoolConfig`], the pool as written, with unknowns.
//! - [`spec`]: [`NodePoolSpec`], the pool as wanted: resolved and valid.
//! - [`pool`]: [`NodePool`], the pool as a cloud shows it.
//! - [`options`]: the options that only one cloud has, as data. [`decimal`]: exact numbers among their values.
//! - [`change`]: what a change of an attribute does on each cloud, as data.
//! - [`gpu`]: which GPUs a node has, and what its cloud cuts them into.
//! - [`labels`], [`name`], [`version`]: the rules of labels, computed names and Kubernetes versions.
//! - [`checks`]: the rules that hold on every cloud; `sharing`: those of shared GPUs;
//!   `device_plugin`: those of what the cluster's device plugin is told.
//! - [`resolve`]: from the pool as written to the pool as wanted; the only validator.
//! - [`problem`]: what is wrong with a configuration, with the attribute's path.
//! - [`rules`]: the trait [`CloudRules`], pure, asked before any credentials exist.
//! - [`pools`]: the trait [`NodePools`], a cloud's API.
//! - [`access`]: how a cluster's Kubernetes API is reached.
//!
//! Nothing here knows Terraform, HTTP or a cloud's wire format.

pub mod access;
pub mod change;
pub mod checks;
pub mod cluster_id;
pub mod config;
pub mod decimal;
mod device_plugin;
pub mod field;
pub mod gpu;
pub mod labels;
pub mod name;
pub mod options;
pub mod pool;
pub mod pools;
pub mod problem;
pub mod resolve;
pub mod rules;
mod sharing;
pub mod spec;
pub mod version;

pub use access::{ClusterAccess, TokenSource};
pub use change::Change;
pub use cluster_id::{ClusterId, PoolId};
pub use config::NodePoolConfig;
pub use decimal::Decimal;
pub use field::Field;
pub use options::{OptionKind, OptionSpec, OptionValue, Options};
pub use pool::{Health, NodePool};
pub use pools::{Call, DrainedNode, Finished, NodePools, PoolError, PoolNodes};
pub use problem::{Path, Problem, Problems, Severity};
pub use rules::CloudRules;
pub use spec::NodePoolSpec;
