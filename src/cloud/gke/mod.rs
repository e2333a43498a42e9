//! Google Kubernetes Engine. [`super`] says what each file holds.

mod attempts;
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
mod seen;
mod steps;
mod translate;
mod wire;
mod wire_number;

pub(super) use rules::Rules;

/// GKE's rules.
pub(super) static RULES: Rules = Rules;
