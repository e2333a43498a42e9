//! Azure Kubernetes Service. [`super`] says what each file holds.

#[expect(dead_code, reason = "the client that asks for tokens comes with the node pools")]
mod auth;
mod checks;
mod labels;
mod machines;
mod option_checks;
mod options;
mod places;
mod profiles;
mod rules;

use rules::Rules;

/// AKS's rules.
pub(super) static RULES: Rules = Rules;
