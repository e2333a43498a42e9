//! The clouds' own APIs, behind the two traits of [`crate::nodepool`].
//!
//! The rest of the crate sees four things: [`rules`] (what a cloud demands at plan; pure), [`Settings`] (credentials
//! and addresses), [`Clouds`] (one door per cloud, opened when first used) and the traits.
//!
//! In reading order:
//! - [`settings`]: what the provider block says, completed from the environment.
//! - `clouds`: one API per cloud, made when first asked for.
//! - `http`: the client that all clouds share, with its time-outs.
//! - `retry`: when to try again, and how long to wait.
//! - `fault`: a failed request, and what its cloud's retry table says to do about it.
//! - `attempts`: trying again by that; `once`: creating something exactly once, though answers may be lost.
//! - `instant`: moments in RFC 3339; `clock`: how long something goes on.
//! - `limits`: who may stop a call, and when its time is up.
//! - `words`: what every cloud's back end says alike.
//! - `gate`: how many operations run on one cluster at a time; `budget`: how often something may be asked.
//! - `coalesce`: reads of one refresh share one answer.
//! - `aks`: Azure Kubernetes Service.
//! - `gke`: Google Kubernetes Engine.
//! - `eks`: Amazon Elastic Kubernetes Service.
//!
//! Every cloud's folder holds files of the same names, so that who knows one finds the way in all:
//! - `mod.rs`: the trait [`NodePools`](crate::nodepool::NodePools).
//! - The API: `auth.rs` (credentials), `client.rs` (routes), `wire.rs` (JSON), `errors.rs` (the retry table),
//!   `explain.rs` (errors in words).
//! - Translation, pure: `translate.rs` (neutral to wire, for a create), `steps.rs` (a change as requests), `parts.rs`
//!   (what both share), `seen.rs` (wire to neutral), `health.rs` (how a pool fares).
//! - `access.rs`: the way to a cluster's Kubernetes API.
//! - Behaviour: `create.rs`, `update.rs`, `delete.rs`, `read.rs`, `wait.rs` (for operations and pools), `follow.rs`
//!   (from an accepted request to the pool's rest).
//! - Rules, pure: `rules.rs` (the trait [`CloudRules`]), `checks.rs`, `option_checks.rs`, `options.rs` (the options
//!   that only this cloud has), `profiles.rs` (which MIG profiles it cuts), `machines.rs` (what its machine types
//!   demand), `places.rs` (regions and zones), `labels.rs` (what it keeps to itself).

use crate::nodepool::CloudRules;
use crate::slicing::Cloud;

mod aks;
mod attempts;
mod budget;
mod clock;
mod clouds;
mod coalesce;
mod eks;
mod fault;
mod gate;
mod gke;
mod http;
mod instant;
mod limits;
mod once;
mod retry;
pub mod settings;
mod words;

pub use clouds::Clouds;
pub use settings::{ApiVersion, AwsSettings, AzureSettings, GoogleSettings, Settings, is_private};

/// The plan-time rules of a cloud.
pub fn rules(cloud: Cloud) -> &'static dyn CloudRules {
    match cloud {
        Cloud::Aks => &aks::RULES,
        Cloud::Gke => &gke::RULES,
        Cloud::Eks => &eks::RULES,
    }
}
