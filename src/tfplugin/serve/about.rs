//! What a binary says of itself to a person who starts it by hand.

/// Names and version of a provider.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// The name in configurations, such as `random`: the prefix of all its resource types.
    pub name: &'static str,
    /// The full source address, such as `registry.terraform.io/hashicorp/random`.
    pub address: &'static str,
    /// The version, such as `1.2.3`.
    pub version: &'static str,
    /// Crates whose `tracing` events may be logged. See the log module for why there is no "all".
    pub log_targets: &'static [&'static str],
}

impl About {
    /// The address without the registry's host, as it is usually written.
    fn source(&self) -> &'static str {
        self.address
            .split_once('/')
            .filter(|(_, rest)| rest.contains('/'))
            .map_or(self.address, |(_, rest)| rest)
    }

    pub(super) fn version_line(&self) -> String {
        format!("terraform-provider-{} {}", self.name, self.version)
    }

    pub(super) fn explanation(&self) -> String {
        let Self { name, .. } = self;
        format!(
            "{version}

This is a provider for Terraform and OpenTofu, which start it by themselves: there is no
need to run it by hand. To use it, write in a configuration

    terraform {{
      required_providers {{
        {name} = {{ source = \"{source}\" }}
      }}
    }}

and run `terraform init`.

To run it in a debugger: terraform-provider-{name} --debug
",
            version = self.version_line(),
            source = self.source(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_explanation_shows_the_usual_spelling_of_the_source() {
        let about = About {
            name: "random",
            address: "registry.terraform.io/hashicorp/random",
            version: "1.2.3",
            log_targets: &[],
        };
        let text = about.explanation();
        assert!(text.starts_with("terraform-provider-random 1.2.3\n"), "{text}");
        assert!(text.contains("random = { source = \"hashicorp/random\" }"), "{text}");
        assert_eq!(About { address: "hashicorp/random", ..about }.source(), "hashicorp/random");
    }
}
