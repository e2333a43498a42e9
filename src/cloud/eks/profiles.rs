//! Which MIG profiles Bottlerocket cuts.
//!
//! It takes a profile per GPU model by a setting. A model or a profile that it does not know is no error there: the node
//! starts with one slice that is the whole GPU. So what is not certain is refused before anything is made.

use crate::nodepool::rules::ProfileVerdict;
use crate::slicing::{Gpu, MigProfile};

/// A GPU's id in the catalogue, Bottlerocket's key for it, and the profiles that its MIG manager knows there (source:
/// bottlerocket-kernel-kit, `nvidia-migmanager`).
///
/// `1g.10gb` on the A100 with 40 GB is there since May 2025 (source: kernel-kit pull request 136); in which release of
/// Bottlerocket that came out is unverified.
///
/// Left out, since nobody could confirm the spelling of the keys: B300 and RTX PRO 6000 (unverified).
const MODELS: &[(&str, &str, &[MigProfile])] = &[
    ("a100-40gb", "a100.40gb", &[plain(1, 5), plain(1, 10), plain(2, 10), plain(3, 20), plain(7, 40)]),
    ("a100-80gb", "a100.80gb", &[plain(1, 10), plain(1, 20), plain(2, 20), plain(3, 40), plain(7, 80)]),
    ("h100-80gb", "h100.80gb", &[plain(1, 10), plain(1, 20), plain(2, 20), plain(3, 40), plain(7, 80)]),
    ("h200-141gb", "h200.141gb", &[plain(1, 18), plain(1, 35), plain(2, 35), plain(3, 71), plain(7, 141)]),
    ("b200-180gb", "b200.180gb", &[plain(1, 23), plain(1, 45), plain(2, 45), plain(3, 90), plain(7, 180)]),
];

const fn plain(slices: u8, memory_gb: u16) -> MigProfile {
    MigProfile::plain(slices, memory_gb)
}

/// Bottlerocket's key of a GPU; `None` for one that it is not known to cut.
pub(crate) fn key(gpu_id: &str) -> Option<&'static str> {
    MODELS.iter().find(|(id, _, _)| *id == gpu_id).map(|(_, key, _)| *key)
}

/// Whether Bottlerocket is known to cut a GPU by a profile. Of one that is not it makes a single slice, without an error.
pub(crate) fn cuts(gpu_id: &str, profile: MigProfile) -> bool {
    MODELS.iter().any(|(id, _, known)| *id == gpu_id && known.contains(&profile))
}

/// The numbers of slices that stand for the profiles of a model, in the order of [`MODELS`].
const COUNTS: [&str; 5] = ["7", "4", "3", "2", "1"];

/// What Bottlerocket cuts a GPU into that is told this of its model: a profile, or a number of slices. What it does not
/// know, and nothing, make one slice of the whole GPU. `None` where nobody knows what it does.
pub(crate) fn cut(gpu_id: &str, told: Option<&str>) -> Option<MigProfile> {
    let Some((_, _, known)) = MODELS.iter().find(|(id, _, _)| *id == gpu_id) else {
        return told?.parse().ok();
    };
    let by_count = told.and_then(|told| COUNTS.iter().position(|count| *count == told));
    let by_name = || known.iter().position(|profile| told == Some(profile.to_string().as_str()));
    by_count.or_else(by_name).and_then(|position| known.get(position)).or(known.last()).copied()
}

/// What EKS as a whole can: the GPU operator cuts into whatever the GPU has (source: mig-parted v0.15.0, configurations
/// made from the hardware). What a stack cannot is [`refusal`]'s to say.
pub(crate) fn verdict() -> ProfileVerdict {
    ProfileVerdict::Allowed
}

/// Why Bottlerocket does not cut this GPU so, in full sentences; `None` where it does.
pub(crate) fn refusal(gpu: &Gpu, profile: MigProfile) -> Option<String> {
    const SILENTLY: &str =
        "It would say nothing and make one slice of the whole GPU. Choose another mig_profile, or set";
    const OPERATOR: &str =
        "eks = { gpu_stack = \"gpu_operator\" }, with which NVIDIA's mig-manager cuts the GPUs.";
    let Some((_, _, known)) = MODELS.iter().find(|(id, _, _)| *id == gpu.id) else {
        return Some(format!(
            "That Bottlerocket cuts the {} is not confirmed, and a GPU that it does not know stays whole without an \
             error. Choose another machine_type, or set {OPERATOR}",
            gpu.name
        ));
    };
    if known.contains(&profile) {
        return None;
    }
    let choices: Vec<String> = known.iter().map(ToString::to_string).collect();
    Some(format!("On the {} Bottlerocket knows {}. {SILENTLY} {OPERATOR}", gpu.name, choices.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slicing::Catalogue;

    /// A profile of the table that the GPU does not have would be planned and never appear.
    #[test]
    fn the_table_holds_only_profiles_of_the_gpu() {
        for (id, key, profiles) in MODELS {
            let gpu = Catalogue::built_in().gpu(id).unwrap_or_else(|| panic!("{id}"));
            for profile in *profiles {
                assert!(gpu.profiles.iter().any(|facts| facts.profile == *profile), "{profile} on {id}");
                assert_eq!(refusal(gpu, *profile), None, "{profile} on {id}");
            }
            assert_eq!(super::key(id), Some(*key));
        }
    }

    #[test]
    fn what_is_told_is_what_is_cut_and_anything_else_is_one_slice() {
        let cut = |told: Option<&str>| cut("a100-40gb", told).map(|profile| profile.to_string());
        for (told, expected) in [
            (Some("1g.10gb"), "1g.10gb"),
            (Some("7"), "1g.5gb"),
            (Some("3"), "2g.10gb"),
            (Some("1"), "7g.40gb"),
            (Some("4g.20gb"), "7g.40gb"),
            (Some("5"), "7g.40gb"),
            (None, "7g.40gb"),
        ] {
            assert_eq!(cut(told).as_deref(), Some(expected), "{told:?}");
        }
        assert_eq!(super::cut("b300-269gb", Some("1g.34gb")), Some(plain(1, 34)));
        assert_eq!(super::cut("b300-269gb", Some("7")), None);
        assert_eq!(super::cut("b300-269gb", None), None);
    }

    #[test]
    fn what_bottlerocket_would_quietly_leave_whole_is_refused_naming_the_other_stack() {
        for (id, profile) in [
            ("a100-40gb", "4g.20gb"),
            ("a100-40gb", "1g.5gb+me"),
            ("h100-80gb", "4g.40gb"),
            ("b300-269gb", "1g.34gb"),
            ("gb200-186gb", "1g.23gb"),
            ("rtx-pro-6000", "1g.24gb"),
        ] {
            let gpu = Catalogue::built_in().gpu(id).unwrap();
            let why = refusal(gpu, profile.parse().unwrap()).unwrap_or_else(|| panic!("{profile} on {id}"));
            assert!(why.contains("gpu_operator"), "{why}");
        }
    }
}
