//! Regions and zones, by their names.

/// Whether a location is one zone (`us-central1-a`) rather than a region (`us-central1`).
///
/// A zone's name is its region's with a dash and one letter.
pub(crate) fn is_zone(location: &str) -> bool {
    let mut tail = location.rsplit('-').next().unwrap_or_default().bytes();
    location.contains('-') && tail.next().is_some_and(|b| b.is_ascii_lowercase()) && tail.next().is_none()
}

/// The region of a zone; a region is its own.
pub(crate) fn region(location: &str) -> &str {
    if is_zone(location) { &location[..location.len() - 2] } else { location }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_end_in_a_letter() {
        for zone in ["us-central1-a", "europe-west4-c", "us-central1-ai1-a", "asia-northeast1-x"] {
            assert!(is_zone(zone), "{zone}");
        }
        for region in ["us-central1", "europe-west4", "", "a", "us-central1-A", "us-central1-ab"] {
            assert!(!is_zone(region), "{region}");
        }
    }

    #[test]
    fn a_zone_is_in_its_region() {
        assert_eq!(region("us-central1-a"), "us-central1");
        assert_eq!(region("us-central1"), "us-central1");
    }
}
