//! The versions of the API, which come with every request as `api-version`.

/// A version of the node pool API, oldest first; the preview comes last and knows everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ApiVersion(usize);

/// Versions that the sandbox answers; the real service answers more and older ones.
const KNOWN: [&str; 4] = ["2026-06-01", "2026-07-01", "2026-08-01", "2026-08-02-preview"];

impl ApiVersion {
    /// The version that knows every field: what is stored is seen through it.
    pub(crate) const NEWEST: Self = Self(KNOWN.len() - 1);

    /// The version of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        // Whether the service takes the word preview in another case is unverified; here it does not.
        KNOWN.iter().position(|known| *known == name).map(Self)
    }

    pub(crate) fn name(self) -> &'static str {
        KNOWN[self.0]
    }

    pub(crate) fn is_preview(self) -> bool {
        self.name().ends_with("-preview")
    }

    /// All of them as Azure lists them in errors, newest first.
    pub(crate) fn list() -> String {
        let names: Vec<_> = KNOWN.iter().rev().copied().collect();
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_have_an_order_and_the_preview_is_last() {
        let named = |name| ApiVersion::named(name).unwrap();
        assert!(named("2026-06-01") < named("2026-08-01") && named("2026-08-01") < ApiVersion::NEWEST);
        assert!(ApiVersion::NEWEST.is_preview() && !named("2026-08-01").is_preview());
        assert_eq!(ApiVersion::named("2026-08-02"), None);
    }
}
