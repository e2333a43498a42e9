//! The choices and the nearest match, for messages about a name that is wrong.

use super::gpu::{Gpu, ProfileFacts};
use super::profile::MigProfile;

/// One line on a profile, for a list of choices: `1g.10gb: 7 slices per GPU, 9.50 GiB usable each`.
#[must_use]
pub fn choice(facts: &ProfileFacts) -> String {
    let profile = facts.profile;
    let slices = match facts.max_instances {
        1 => "1 slice per GPU".to_owned(),
        count => format!("{count} slices per GPU"),
    };
    match facts.usable_gib {
        Some(gib) if facts.max_instances == 1 => format!("{profile}: {slices}, {gib:.2} GiB usable"),
        Some(gib) => format!("{profile}: {slices}, {gib:.2} GiB usable each"),
        None => format!("{profile}: {slices}, usable memory not published"),
    }
}

/// A line on each profile, in the given order.
pub fn choices<'a>(profiles: impl IntoIterator<Item = &'a ProfileFacts>) -> Vec<String> {
    profiles.into_iter().map(choice).collect()
}

/// The profile among `candidates` that a wrong name most likely means: the one with the same slices and suffix
/// and the nearest memory, else the one spelt most alike. `None` when nothing is near.
pub fn nearest_profile<'a>(
    wrong: &str,
    candidates: impl IntoIterator<Item = &'a ProfileFacts>,
) -> Option<&'a ProfileFacts> {
    let candidates: Vec<_> = candidates.into_iter().collect();
    let bare = strip_decoration(wrong);
    if let Ok(wrong) = bare.parse::<MigProfile>() {
        let same_shape = candidates.iter().filter(|facts| {
            (facts.profile.slices, facts.profile.attribute) == (wrong.slices, wrong.attribute)
        });
        if let Some(facts) = same_shape.min_by_key(|facts| facts.profile.memory_gb.abs_diff(wrong.memory_gb))
        {
            return Some(facts);
        }
    }
    // `MIG1g`, as one cloud's API calls the smallest profile with so many slices.
    let slices =
        bare.strip_prefix("mig").unwrap_or(&bare).strip_suffix('g').and_then(|slices| slices.parse().ok());
    if let Some(facts) = candidates.iter().find(|facts| Some(facts.profile.slices) == slices) {
        return Some(facts);
    }
    nearest_by(&bare, candidates, |facts| facts.profile.to_string())
}

impl Gpu {
    /// The profile of this GPU that a wrong name most likely means; see [`nearest_profile`].
    #[must_use]
    pub fn nearest_profile(&self, wrong: &str) -> Option<&ProfileFacts> {
        nearest_profile(wrong, &self.profiles)
    }
}

/// People paste resource names, labels and API values where the profile's own name belongs.
fn strip_decoration(wrong: &str) -> String {
    let lower = wrong.trim().to_ascii_lowercase();
    let mut bare = lower.as_str();
    for prefix in ["nvidia.com/", "mig-", "all-", "mig "] {
        bare = bare.strip_prefix(prefix).unwrap_or(bare);
    }
    bare.to_owned()
}

/// The candidate whose name is spelt most like `wrong`, and enough like it to be meant.
pub(super) fn nearest<'a, T>(
    wrong: &str,
    candidates: impl IntoIterator<Item = T>,
    name: impl Fn(&T) -> &'a str,
) -> Option<T> {
    nearest_by(wrong, candidates, |candidate| name(candidate).to_owned())
}

fn nearest_by<T>(
    wrong: &str,
    candidates: impl IntoIterator<Item = T>,
    name: impl Fn(&T) -> String,
) -> Option<T> {
    /// Below this the best match is a coincidence; found by trying misspellings against the tables.
    const ALIKE: f64 = 0.6;
    let wrong = wrong.to_ascii_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            let likeness =
                strsim::normalized_damerau_levenshtein(&wrong, &name(&candidate).to_ascii_lowercase());
            (likeness, candidate)
        })
        .filter(|(likeness, _)| *likeness >= ALIKE)
        // The first of equals wins, so that the answer does not depend on the library's internals.
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::super::{Catalogue, Cloud};
    use super::*;

    fn gpu(id: &str) -> &'static Gpu {
        Catalogue::built_in().gpu(id).unwrap()
    }

    #[test]
    fn choices_list_slices_and_usable_memory() {
        assert_eq!(
            choices(&gpu("a100-80gb").profiles),
            [
                "1g.10gb: 7 slices per GPU, 9.50 GiB usable each",
                "1g.10gb+me: 1 slice per GPU, 9.50 GiB usable",
                "1g.20gb: 4 slices per GPU, 19.50 GiB usable each",
                "2g.20gb: 3 slices per GPU, 19.50 GiB usable each",
                "3g.40gb: 2 slices per GPU, 39.25 GiB usable each",
                "4g.40gb: 1 slice per GPU, 39.25 GiB usable",
                "7g.80gb: 1 slice per GPU, 78.50 GiB usable",
            ]
        );
        assert_eq!(
            choice(&gpu("b300-269gb").profiles[0]),
            "1g.34gb: 7 slices per GPU, usable memory not published"
        );
    }

    #[test]
    fn the_nearest_profile_is_the_one_that_was_meant() {
        let nearest = |id: &str, wrong: &str| match gpu(id).nearest_profile(wrong) {
            Some(facts) => facts.profile.to_string(),
            None => "none".to_owned(),
        };
        // The name of the 80 GB board on the 94 GB one, and of other boards.
        assert_eq!(nearest("h100-94gb-nvl", "1g.10gb"), "1g.12gb");
        assert_eq!(nearest("h100-94gb-nvl", "7g.80gb"), "7g.94gb");
        assert_eq!(nearest("a100-40gb", "1g.20gb"), "1g.10gb");
        assert_eq!(nearest("a100-40gb", "1g.6gb+me"), "1g.5gb+me");
        assert_eq!(nearest("rtx-pro-6000", "7g.96gb"), "4g.96gb");
        // Names from elsewhere.
        assert_eq!(nearest("a100-80gb", "nvidia.com/mig-2g.20gb"), "2g.20gb");
        assert_eq!(nearest("a100-80gb", "all-3g.40gb"), "3g.40gb");
        assert_eq!(nearest("a100-80gb", "MIG 1g.10gb"), "1g.10gb");
        assert_eq!(nearest("a100-80gb", "MIG2g"), "2g.20gb");
        assert_eq!(nearest("a100-80gb", "2g"), "2g.20gb");
        assert_eq!(nearest("a100-80gb", "1G.10GB"), "1g.10gb");
        // Slips.
        assert_eq!(nearest("a100-80gb", "1g10gb"), "1g.10gb");
        assert_eq!(nearest("a100-80gb", "1g.10g"), "1g.10gb");
        assert_eq!(nearest("a100-80gb", "3g.40 gb"), "3g.40gb");
        // Nothing that could be meant.
        for wrong in ["", "small", "nvidia.com/gpu", "half"] {
            assert_eq!(nearest("a100-80gb", wrong), "none", "{wrong:?}");
        }
        assert_eq!(nearest("t4", "1g.10gb"), "none");
    }

    #[test]
    fn the_nearest_machine_type() {
        let nearest = |cloud, wrong: &str| {
            Catalogue::built_in().nearest_machine(cloud, wrong).map(|machine| machine.name.as_str())
        };
        assert_eq!(nearest(None, "a2-highgpu-1"), Some("a2-highgpu-1g"));
        assert_eq!(nearest(Some(Cloud::Gke), "a2-higpu-8g"), Some("a2-highgpu-8g"));
        assert_eq!(nearest(None, "p4d.24xl"), Some("p4d.24xlarge"));
        assert_eq!(nearest(Some(Cloud::Aks), "standard_nc24ads_a100_v5"), Some("Standard_NC24ads_A100_v4"));
        assert_eq!(nearest(None, "NC24ads_A100_v4"), Some("Standard_NC24ads_A100_v4"));
        assert_eq!(nearest(Some(Cloud::Gke), "p4d.24xlarge"), None);
        assert_eq!(nearest(None, "potato"), None);
    }

    #[test]
    fn the_nearest_gpu() {
        let nearest = |wrong: &str| Catalogue::built_in().nearest_gpu(wrong).map(|gpu| gpu.id.as_str());
        assert_eq!(nearest("a100-40"), Some("a100-40gb"));
        assert_eq!(nearest("nvidia-telsa-t4"), Some("t4"));
        assert_eq!(nearest("T4"), Some("t4"));
        assert_eq!(nearest("mi300x"), None);
    }
}
