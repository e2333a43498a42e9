//! The three clouds, as names.

use std::fmt;
use std::str::FromStr;

/// A managed Kubernetes offering whose machines the catalogue knows.
///
/// Prints and parses as `aks`, `gke` or `eks`, the spelling used in HCL and in the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cloud {
    /// Azure Kubernetes Service.
    Aks,
    /// Google Kubernetes Engine.
    Gke,
    /// Amazon Elastic Kubernetes Service.
    Eks,
}

impl Cloud {
    /// Every cloud, in the order used for lists in messages.
    pub const ALL: [Self; 3] = [Self::Aks, Self::Gke, Self::Eks];

    /// The short lower-case name: `aks`, `gke`, `eks`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aks => "aks",
            Self::Gke => "gke",
            Self::Eks => "eks",
        }
    }

    /// Whether two spellings name the same machine type in this cloud: Azure ignores case, the others do not.
    #[must_use]
    pub fn same_machine_name(self, one: &str, other: &str) -> bool {
        match self {
            Self::Aks => one.eq_ignore_ascii_case(other),
            Self::Gke | Self::Eks => one == other,
        }
    }

    /// The cloud whose machine types are spelt like `name`, for types that no table knows.
    ///
    /// Azure sizes start with `Standard_` or `Basic_`, EC2 types hold a dot (`p5.48xlarge`), and Compute Engine
    /// types are words joined by dashes, family first (`a3-highgpu-8g`). Anything else is `None`.
    #[must_use]
    pub fn from_machine_name_shape(name: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        if lower.starts_with("standard_") || lower.starts_with("basic_") {
            return Some(Self::Aks);
        }
        let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
        if let Some((family, size)) = name.split_once('.') {
            let family_is_words = family.split('-').all(word);
            return (family_is_words && size.split('-').all(word)).then_some(Self::Eks);
        }
        let mut parts = name.split('-');
        let family_has_generation =
            parts.next().is_some_and(|family| word(family) && family.bytes().any(|b| b.is_ascii_digit()));
        (family_has_generation && name.contains('-') && parts.all(word)).then_some(Self::Gke)
    }
}

impl fmt::Display for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no cloud; one of `aks`, `gke`, `eks` is expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a cloud; use one of aks, gke, eks")]
pub struct UnknownCloud(pub String);

impl FromStr for Cloud {
    type Err = UnknownCloud;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|cloud| cloud.as_str() == text)
            .ok_or_else(|| UnknownCloud(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_parses() {
        for cloud in Cloud::ALL {
            assert_eq!(cloud.to_string().parse(), Ok(cloud));
        }
        assert_eq!("azure".parse::<Cloud>(), Err(UnknownCloud("azure".into())));
    }

    #[test]
    fn unknown_machine_types_are_told_apart_by_their_shape() {
        let shape = Cloud::from_machine_name_shape;
        assert_eq!(shape("Standard_NC999_B999_v9"), Some(Cloud::Aks));
        assert_eq!(shape("standard_nc999_b999_v9"), Some(Cloud::Aks));
        assert_eq!(shape("p9.48xlarge"), Some(Cloud::Eks));
        assert_eq!(shape("u7i-12tb.224xlarge"), Some(Cloud::Eks));
        assert_eq!(shape("g4dn.metal-24xl"), Some(Cloud::Eks));
        assert_eq!(shape("a9-highgpu-8g"), Some(Cloud::Gke));
        for other in ["", "a3", "gpu-machine", ".", "p5.", "a3-", "my.own.type", "a3_high", "x y-z"] {
            assert_eq!(shape(other), None, "{other:?}");
        }
    }
}
