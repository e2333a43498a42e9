//! Credentials and addresses: what the provider block says, completed from the environment.
//!
//! - `google`: for GKE, by the names of hashicorp/google.
//! - `azure`: for AKS, by the names of hashicorp/azurerm.

use url::Url;

mod azure;
mod google;

pub use azure::{ApiVersion, AzureSettings};
pub use google::GoogleSettings;

/// What the clouds are reached with.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// For AKS.
    pub azure: AzureSettings,
    /// For GKE.
    pub google: GoogleSettings,
    /// The address of a sandbox; everything goes there, with a token that is worth nothing.
    pub sandbox: Option<Url>,
    /// The user agent of every request.
    pub user_agent: String,
}

impl Settings {
    /// These settings, with what they leave open taken from this process's environment.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the variables of the clouds' own providers"
    )]
    pub fn completed_from_environment(mut self) -> Self {
        let variable = |name: &str| std::env::var(name).ok();
        self.azure = self.azure.completed(variable);
        self.google = self.google.completed(variable);
        self
    }
}

/// Go's spellings of true, which the clouds' own providers take.
fn is_true(text: &str) -> bool {
    matches!(text, "1" | "t" | "T" | "true" | "TRUE" | "True")
}

#[cfg(test)]
mod tests {
    /// An environment of these variables alone.
    pub(super) fn environment(
        pairs: &'static [(&'static str, &'static str)],
    ) -> impl Fn(&str) -> Option<String> {
        |name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }
}
