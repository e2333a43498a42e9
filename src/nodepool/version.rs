//! Kubernetes versions as the clouds spell them: `1.33`, `1.33.5`, `1.33.5-gke.1080000`.

/// Whether nodes of version `live` fulfil the wish for at least `wanted`.
///
/// Numbers are compared one by one, as far as `wanted` goes: `1.33` is fulfilled by every patch of 1.33 and by
/// everything after it. What `live` leaves out counts as 0, so that AKS's `1.33` fulfils `1.33.0` and no later patch.
pub fn satisfies(live: &str, wanted: &str) -> bool {
    let (mut live, wanted) = (numbers(live), numbers(wanted));
    if live.is_empty() {
        return false;
    }
    live.resize(wanted.len(), 0);
    live >= wanted
}

/// The numbers of a version, in order; what is no number separates them.
fn numbers(version: &str) -> Vec<u64> {
    version.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_wish_is_a_minimum() {
        for (live, wanted) in [
            ("1.33.5-gke.1080000", "1.33"),
            ("1.33.5-gke.1080000", "1.33.5"),
            ("1.33.5-gke.1080000", "1.33.5-gke.1080000"),
            ("1.34.0", "1.33.9"),
            ("1.100", "1.99"),
            // As AKS spells them: a patch, or a minor version that stands for its newest patch.
            ("1.33.5", "1.33"),
            ("1.33.5", "1.33.5"),
            ("1.33.10", "1.33.9"),
            ("1.33", "1.33"),
            ("1.33", "1.33.0"),
            ("1.34", "1.33.5"),
            ("2.0", "1.99.9"),
        ] {
            assert!(satisfies(live, wanted), "{live} for {wanted}");
        }
        for (live, wanted) in [
            ("1.33.5", "1.34"),
            ("1.33.5-gke.1000000", "1.33.5-gke.1080000"),
            ("1.9", "1.10"),
            ("1.33", "1.33.1"),
            ("1.33.5", "1.33.10"),
            ("1.32.9", "1.33"),
            ("1", "1.33"),
            ("", "1.33"),
        ] {
            assert!(!satisfies(live, wanted), "{live} for {wanted}");
        }
    }

    proptest! {
        /// Whatever is left out of a wish is left to the cloud, and a newer version never falls short of it.
        #[test]
        fn a_wish_holds_for_everything_newer(
            (minor, patch) in (0_u64..200, 0_u64..200),
            (more_minor, more_patch) in (0_u64..3, 0_u64..3),
        ) {
            let live = format!("1.{}.{}", minor + more_minor, patch + more_patch);
            for wanted in [format!("1.{minor}"), format!("1.{minor}.{patch}")] {
                prop_assert!(satisfies(&live, &wanted), "{live} for {wanted}");
                let newer = (more_minor, more_patch) != (0, 0);
                let exact = format!("1.{minor}.{patch}");
                prop_assert_eq!(satisfies(&exact, &live), !newer, "{} for {}", exact, live);
            }
        }
    }
}
