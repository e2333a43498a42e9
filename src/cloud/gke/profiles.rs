//! Which partitions GKE makes of which GPU.
//!
//! GKE's own list decides, not NVIDIA's: a size that GKE's tools do not know gives nodes without GPUs. The list is
//! that of Google's GKE autoscaler, which holds for pools it scales; the server's own list is not public
//! (unverified). What the autoscaler leaves out and GKE's node tool has (`4g.*`) is told apart per GPU.

use crate::nodepool::rules::ProfileVerdict;
use crate::slicing::{Attribute, MigProfile};

/// The partitions of one accelerator type.
struct Partitions {
    accelerator_type: &'static str,
    /// Sizes that GKE's autoscaler accepts, in the spelling of NVIDIA.
    listed: &'static [&'static str],
    /// Sizes that only GKE's node tool knows.
    unsure: &'static [&'static str],
    /// Sizes that GKE's node tool makes and GKE's device plugin cannot announce.
    unannounced: &'static [&'static str],
}

/// Sources: `listed` from Google's GKE autoscaler (GoogleCloudPlatform/cluster-autoscaler, GPU configuration);
/// `unsure` and `unannounced` from GKE's node tool and device plugin
/// (GoogleCloudPlatform/container-engine-accelerators, `partition_gpu` and `pkg/gpu/nvidia/mig`).
const PARTITIONS: &[Partitions] = &[
    Partitions {
        accelerator_type: "nvidia-tesla-a100",
        listed: &["1g.5gb", "2g.10gb", "3g.20gb", "7g.40gb"],
        unsure: &[],
        unannounced: &["4g.20gb"],
    },
    Partitions {
        accelerator_type: "nvidia-a100-80gb",
        listed: &["1g.10gb", "2g.20gb", "3g.40gb", "7g.80gb"],
        unsure: &[],
        unannounced: &["4g.40gb"],
    },
    Partitions {
        accelerator_type: "nvidia-h100-80gb",
        listed: &["1g.10gb", "1g.20gb", "2g.20gb", "3g.40gb", "7g.80gb"],
        unsure: &[],
        unannounced: &["4g.40gb"],
    },
    Partitions {
        accelerator_type: "nvidia-h100-mega-80gb",
        listed: &["1g.10gb", "1g.20gb", "2g.20gb", "3g.40gb", "7g.80gb"],
        unsure: &[],
        unannounced: &["4g.40gb"],
    },
    Partitions {
        accelerator_type: "nvidia-h200-141gb",
        listed: &["1g.18gb", "1g.35gb", "2g.35gb", "3g.71gb", "7g.141gb"],
        unsure: &["4g.71gb"],
        unannounced: &[],
    },
    Partitions {
        accelerator_type: "nvidia-b200",
        listed: &["1g.23gb", "1g.45gb", "2g.45gb", "3g.90gb", "7g.180gb"],
        unsure: &["4g.90gb"],
        unannounced: &[],
    },
    Partitions {
        accelerator_type: "nvidia-gb200",
        listed: &["1g.23gb", "1g.47gb", "2g.47gb", "3g.93gb", "7g.186gb"],
        unsure: &["4g.93gb"],
        unannounced: &[],
    },
    Partitions {
        accelerator_type: "nvidia-rtx-pro-6000",
        listed: &[
            "1g.24gb",
            "2g.48gb",
            "4g.96gb",
            "1g.24gb+me",
            "1g.24gb+gfx",
            "1g.24gb+me.all",
            "1g.24gb-me",
            "2g.48gb+gfx",
            "2g.48gb+me.all",
            "2g.48gb-me",
            "4g.96gb+gfx",
        ],
        unsure: &[],
        unannounced: &[],
    },
];

/// Accelerator types of which GKE makes no partitions (source: Google's GKE autoscaler, GPU configuration).
const WHOLE: &[&str] = &[
    "nvidia-gb300",
    "nvidia-l4",
    "nvidia-tesla-t4",
    "nvidia-tesla-v100",
    "nvidia-tesla-p100",
    "nvidia-tesla-p4",
    "nvidia-tesla-k80",
];

/// Whether GKE cuts this accelerator by this profile.
pub(crate) fn verdict(accelerator_type: Option<&str>, profile: MigProfile) -> ProfileVerdict {
    let Some(accelerator) = accelerator_type else {
        return ProfileVerdict::Doubtful(
            "Which of GKE's accelerator types this is, is not known, so GKE's list cannot be asked. GKE answers at \
             apply."
                .to_owned(),
        );
    };
    if WHOLE.contains(&accelerator) {
        return ProfileVerdict::Refused(format!("GKE does not partition {accelerator}."));
    }
    let Some(partitions) = PARTITIONS.iter().find(|it| it.accelerator_type == accelerator) else {
        return ProfileVerdict::Doubtful(format!(
            "This version does not know GKE's partitions of {accelerator}. GKE answers at apply; compare the nodes' \
             allocatable nvidia.com/gpu with the planned slices then."
        ));
    };
    let name = profile.to_string();
    let has = |sizes: &[&str]| sizes.contains(&name.as_str());
    if has(partitions.listed) {
        if profile.attribute == Attribute::Plain {
            return ProfileVerdict::Allowed;
        }
        return ProfileVerdict::Doubtful(format!(
            "GKE's list has {name}, but it is not documented how its API spells the suffix. {} is sent.",
            profile.label_value()
        ));
    }
    if has(partitions.unannounced) {
        return ProfileVerdict::Refused(format!(
            "GKE's node tool cuts {accelerator} into {name}, but GKE's device plugin does not know that size and never \
             starts on such nodes: they would show no GPU at all."
        ));
    }
    if has(partitions.unsure) {
        return ProfileVerdict::Doubtful(format!(
            "GKE's node tool knows {name} on {accelerator}, but the list of GKE's own autoscaler does not. Compare the \
             nodes' allocatable nvidia.com/gpu with the planned slices after the apply."
        ));
    }
    ProfileVerdict::Refused(format!(
        "GKE's list for {accelerator} does not have {name}: its node tool or its device plugin would expect another \
         number of slices, and announce none."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slicing::{Catalogue, Cloud, MigSupport};

    fn of(accelerator: &str, profile: &str) -> ProfileVerdict {
        verdict(Some(accelerator), profile.parse().unwrap())
    }

    #[test]
    fn four_slices_are_judged_per_gpu() {
        assert_eq!(of("nvidia-rtx-pro-6000", "4g.96gb"), ProfileVerdict::Allowed);
        for (accelerator, profile) in [
            ("nvidia-tesla-a100", "4g.20gb"),
            ("nvidia-a100-80gb", "4g.40gb"),
            ("nvidia-h100-80gb", "4g.40gb"),
        ] {
            assert!(matches!(of(accelerator, profile), ProfileVerdict::Refused(_)), "{accelerator}");
        }
        for (accelerator, profile) in
            [("nvidia-h200-141gb", "4g.71gb"), ("nvidia-b200", "4g.90gb"), ("nvidia-gb200", "4g.93gb")]
        {
            assert!(matches!(of(accelerator, profile), ProfileVerdict::Doubtful(_)), "{accelerator}");
        }
    }

    #[test]
    fn a_profile_of_another_gpu_of_the_family_is_not_allowed() {
        assert_eq!(of("nvidia-h100-80gb", "1g.20gb"), ProfileVerdict::Allowed);
        assert!(matches!(of("nvidia-a100-80gb", "1g.20gb"), ProfileVerdict::Refused(_)));
        assert!(matches!(of("nvidia-tesla-a100", "1g.10gb"), ProfileVerdict::Refused(_)));
    }

    #[test]
    fn suffixes_exist_on_rtx_pro_only() {
        assert!(matches!(of("nvidia-rtx-pro-6000", "1g.24gb+me"), ProfileVerdict::Doubtful(_)));
        assert!(matches!(of("nvidia-tesla-a100", "1g.5gb+me"), ProfileVerdict::Refused(_)));
    }

    #[test]
    fn what_is_not_known_is_doubtful_and_what_is_never_cut_refused() {
        assert!(matches!(of("nvidia-x999", "1g.5gb"), ProfileVerdict::Doubtful(_)));
        assert!(matches!(verdict(None, "1g.5gb".parse().unwrap()), ProfileVerdict::Doubtful(_)));
        assert!(matches!(of("nvidia-l4", "1g.5gb"), ProfileVerdict::Refused(_)));
    }

    #[test]
    fn every_listed_size_is_a_profile_of_its_gpu() {
        let catalogue = Catalogue::built_in();
        for partitions in PARTITIONS {
            let gpu = catalogue.gpu(partitions.accelerator_type).expect(partitions.accelerator_type);
            for size in partitions.listed.iter().chain(partitions.unsure).chain(partitions.unannounced) {
                let profile = size.parse().expect(size);
                assert!(gpu.find(profile).is_some(), "{size} on {}", partitions.accelerator_type);
            }
        }
    }

    #[test]
    fn every_gke_machine_with_mig_has_a_list() {
        for machine in Catalogue::built_in().machines(Cloud::Gke) {
            let accelerator = machine.accelerator_type.as_deref().unwrap_or_default();
            let listed = PARTITIONS.iter().any(|it| it.accelerator_type == accelerator);
            if machine.mig == MigSupport::Yes {
                assert!(listed, "{}", machine.name);
            } else {
                assert!(!listed || matches!(machine.mig, MigSupport::No { .. }), "{}", machine.name);
            }
        }
    }
}
