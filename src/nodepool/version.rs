//! Kubernetes versions as the clouds spell them: `1.33`, `1.33.5`, `1.33.5-gke.1080000`.

/// Whether nodes of version `live` fulfil the wish for at least `wanted`.
///
/// Numbers are compared one by one, as far as `wanted` goes: `1.33` is fulfilled by every patch of 1.33 and by
/// everything after it.
pub fn satisfies(live: &str, wanted: &str) -> bool {
    let (live, wanted) = (numbers(live), numbers(wanted));
    live[..live.len().min(wanted.len())] >= wanted[..] || live >= wanted
}

/// The numbers of a version, in order; what is no number separates them.
fn numbers(version: &str) -> Vec<u64> {
    version.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_a_minimum() {
        for (live, wanted) in [
            ("1.33.5-gke.1080000", "1.33"),
            ("1.33.5-gke.1080000", "1.33.5"),
            ("1.33.5-gke.1080000", "1.33.5-gke.1080000"),
            ("1.34.0", "1.33.9"),
            ("1.100", "1.99"),
        ] {
            assert!(satisfies(live, wanted), "{live} for {wanted}");
        }
        for (live, wanted) in [
            ("1.33.5", "1.34"),
            ("1.33.5-gke.1000000", "1.33.5-gke.1080000"),
            ("1.9", "1.10"),
            ("1.33", "1.33.1"),
        ] {
            assert!(!satisfies(live, wanted), "{live} for {wanted}");
        }
    }
}
