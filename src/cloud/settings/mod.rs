//! Credentials and addresses: what the provider block says, completed from the environment.
//!
//! - `google`: for GKE, by the names of hashicorp/google.
//! - `azure`: for AKS, by the names of hashicorp/azurerm.
//! - `aws`: for EKS, by the names of hashicorp/aws.

use url::{Host, Url};

mod aws;
mod azure;
mod google;

pub use aws::{AssumeRole, AssumeRoleWithWebIdentity, AwsEndpoints, AwsSettings};
pub use azure::{ApiVersion, AzureSettings};
pub use google::GoogleSettings;

/// What the clouds are reached with.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// For EKS.
    pub aws: AwsSettings,
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
        self.aws = self.aws.completed(variable);
        self.azure = self.azure.completed(variable);
        self.google = self.google.completed(variable);
        self
    }
}

/// Whether what is sent to this address can be read by nobody else: it is encrypted, or never leaves the machine.
pub fn is_private(url: &Url) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        },
        _ => false,
    }
}

/// Go's spellings of true, which the clouds' own providers take.
fn is_true(text: &str) -> bool {
    matches!(text, "1" | "t" | "T" | "true" | "TRUE" | "True")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An environment of these variables alone.
    pub(super) fn environment(
        pairs: &'static [(&'static str, &'static str)],
    ) -> impl Fn(&str) -> Option<String> {
        |name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn secrets_stay_private() {
        for (text, expected) in [
            ("https://example.com", true),
            ("http://example.com", false),
            ("http://127.0.0.1:80", true),
            ("http://[::1]", true),
            ("http://localhost", true),
            ("http://localhost.example.com", false),
            ("http://10.0.0.1", false),
            ("ftp://127.0.0.1", false),
        ] {
            assert_eq!(is_private(&Url::parse(text).unwrap()), expected, "{text}");
        }
    }
}
