//! Amazon Elastic Kubernetes Service: its rules, and the bodies of its requests. [`super`] says what each file holds.
//!
//! The API itself is not asked yet, so that [`crate::cloud::rules`] does not name this cloud.

mod auth;
mod checks;
mod client;
mod errors;
mod explain;
mod health;
mod labels;
mod machines;
mod option_checks;
mod options;
mod parts;
mod places;
mod profiles;
mod rules;
#[cfg(test)]
mod testing;
mod translate;
mod wire;

use rules::Rules;

/// EKS's rules.
pub(super) static RULES: Rules = Rules;
