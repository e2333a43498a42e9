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
