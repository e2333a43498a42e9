//! Which MIG profiles AKS cuts, and by which of its five values.
//!
//! A pool has one of the values `MIG1g` to `MIG7g`. The nodes' bootstrap turns it into NVIDIA's number of a profile,
//! the same on every GPU, and makes as many instances on each GPU as that number has on one with seven slices
//! (source: AKS node bootstrap, `AgentBaker`, `mig-partition.sh`). So a value means another profile on another GPU, and
//! profiles with other numbers cannot be had.

use crate::nodepool::rules::ProfileVerdict;
use crate::slicing::{Attribute, Gpu, MigProfile, ProfileFacts};

/// AKS's value, NVIDIA's number, and how many instances are made of each GPU (source: AKS node bootstrap,
/// `AgentBaker`, `mig-partition.sh`; the Azure SDK's enumeration `GPUInstanceProfile`).
const VALUES: &[(&str, u16, u32)] =
    &[("MIG1g", 19, 7), ("MIG2g", 14, 3), ("MIG3g", 9, 2), ("MIG4g", 5, 1), ("MIG7g", 0, 1)];

/// Compute slices of the GPUs whose numbers the bootstrap uses.
const SLICES: u8 = 7;

/// AKS's value for a profile of this GPU; `None` where no value reaches it.
pub(crate) fn value(gpu: &Gpu, profile: MigProfile) -> Option<&'static str> {
    let facts = gpu.find(profile)?.facts();
    VALUES.iter().find(|value| means(value, gpu, facts)).map(|(name, _, _)| *name)
}

/// The profile that an existing pool's value means on this GPU; `None` for a value or a GPU that does not fit.
pub(crate) fn profile(gpu: &Gpu, value: &str) -> Option<MigProfile> {
    let known = VALUES.iter().find(|(name, _, _)| name.eq_ignore_ascii_case(value))?;
    gpu.profiles.iter().find(|facts| means(known, gpu, facts)).map(|facts| facts.profile)
}

fn means((_, number, count): &(&str, u16, u32), gpu: &Gpu, facts: &ProfileFacts) -> bool {
    has_seven_slices(gpu) && facts.profile_id == Some(*number) && facts.max_instances == *count
}

fn has_seven_slices(gpu: &Gpu) -> bool {
    gpu.grid.is_some_and(|grid| grid.compute_slices == SLICES)
}

/// Whether AKS cuts this GPU by this profile.
pub(crate) fn verdict(gpu: &Gpu, profile: MigProfile) -> ProfileVerdict {
    if value(gpu, profile).is_some() {
        return ProfileVerdict::Allowed;
    }
    if !has_seven_slices(gpu) {
        return ProfileVerdict::Refused(format!(
            "AKS cuts GPUs by NVIDIA's profile numbers of GPUs with seven slices, and the {} has another number of \
             them: it would be cut into other slices than asked for, or into none.",
            gpu.name
        ));
    }
    if profile.attribute != Attribute::Plain {
        return ProfileVerdict::Refused(format!(
            "AKS has one word for each width of a slice and none for media engines, so {profile} cannot be asked for."
        ));
    }
    let words: Vec<&str> = VALUES.iter().map(|(name, _, _)| *name).collect();
    ProfileVerdict::Refused(format!(
        "AKS names a profile by its width alone ({}), which always means the one with the least memory of that \
         width, so {profile} cannot be asked for.",
        words.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slicing::{Catalogue, Cloud, Machine, MigSupport};

    fn machine(name: &str) -> std::sync::Arc<Machine> {
        Catalogue::built_in().machine(Some(Cloud::Aks), name).unwrap_or_else(|| panic!("{name}"))
    }

    /// The table that users will look for: what each value means on each VM size. Source: AKS node bootstrap
    /// (`AgentBaker`, `mig-partition.sh`) and NVIDIA's MIG user guide.
    #[test]
    fn a_value_means_another_profile_on_another_gpu() {
        for (size, profiles) in [
            ("Standard_ND96asr_v4", ["1g.5gb", "2g.10gb", "3g.20gb", "4g.20gb", "7g.40gb"]),
            ("Standard_NC24ads_A100_v4", ["1g.10gb", "2g.20gb", "3g.40gb", "4g.40gb", "7g.80gb"]),
            ("standard_nd96amsr_a100_v4", ["1g.10gb", "2g.20gb", "3g.40gb", "4g.40gb", "7g.80gb"]),
            // A board with 94 GB, not with 80.
            ("Standard_NC40ads_H100_v5", ["1g.12gb", "2g.24gb", "3g.47gb", "4g.47gb", "7g.94gb"]),
            ("Standard_ND96isr_H100_v5", ["1g.10gb", "2g.20gb", "3g.40gb", "4g.40gb", "7g.80gb"]),
            ("Standard_ND96isr_H200_v5", ["1g.18gb", "2g.35gb", "3g.71gb", "4g.71gb", "7g.141gb"]),
            ("Standard_ND128isr_NDR_GB200_v6", ["1g.23gb", "2g.47gb", "3g.93gb", "4g.93gb", "7g.186gb"]),
            ("Standard_ND128isr_GB300_v6", ["1g.35gb", "2g.70gb", "3g.139gb", "4g.139gb", "7g.278gb"]),
        ] {
            let machine = machine(size);
            let gpu = machine.gpu().unwrap();
            for ((name, _, _), wanted) in VALUES.iter().zip(profiles) {
                let wanted: MigProfile = wanted.parse().unwrap();
                assert_eq!(value(gpu, wanted), Some(*name), "{wanted} on {size}");
                assert_eq!(profile(gpu, name), Some(wanted), "{name} on {size}");
                assert_eq!(verdict(gpu, wanted), ProfileVerdict::Allowed, "{wanted} on {size}");
            }
        }
    }

    #[test]
    fn what_no_value_reaches_is_refused() {
        let refused =
            |size: &str, wanted: &str| match verdict(machine(size).gpu().unwrap(), wanted.parse().unwrap()) {
                ProfileVerdict::Refused(why) => why,
                other => panic!("{wanted} on {size}: {other:?}"),
            };
        assert!(refused("Standard_NC24ads_A100_v4", "1g.20gb").contains("least memory"));
        assert!(refused("Standard_NC24ads_A100_v4", "1g.10gb+me").contains("media"));
        for profile in ["1g.24gb", "2g.48gb", "4g.96gb", "1g.24gb+me"] {
            assert!(
                refused("Standard_NC144ds_xl_RTXPRO6000BSE_v6", profile).contains("seven slices"),
                "{profile}"
            );
        }
    }

    /// Whatever the tables hold, a profile gets a verdict, and one that is allowed comes back from AKS's word for it.
    #[test]
    fn every_machine_and_every_profile_gets_a_verdict() {
        let catalogue = Catalogue::built_in();
        let every: Vec<MigProfile> =
            catalogue.gpus().flat_map(|gpu| &gpu.profiles).map(|facts| facts.profile).collect();
        let mut allowed = 0;
        for machine in catalogue.machines(Cloud::Aks) {
            let gpu = machine.gpu().unwrap();
            for wanted in &every {
                match verdict(gpu, *wanted) {
                    ProfileVerdict::Allowed => {
                        let back = profile(gpu, value(gpu, *wanted).unwrap()).unwrap();
                        let facts = gpu.find(*wanted).unwrap().facts();
                        assert_eq!(back, facts.profile, "{wanted} on {}", machine.name);
                        allowed += 1;
                    }
                    ProfileVerdict::Refused(why) => assert!(why.ends_with('.'), "{why}"),
                    ProfileVerdict::Doubtful(why) => panic!("{wanted} on {}: {why}", machine.name),
                }
            }
            if machine.mig == MigSupport::Yes {
                let values = VALUES.iter().filter(|(name, _, _)| profile(gpu, name).is_some());
                assert_eq!(values.count(), VALUES.len(), "{}", machine.name);
            }
        }
        assert!(allowed > 50, "only {allowed} pairs are allowed");
    }

    #[test]
    fn words_that_are_no_value_mean_nothing() {
        let machine = machine("Standard_NC24ads_A100_v4");
        let gpu = machine.gpu().unwrap();
        assert_eq!(profile(gpu, "mig1G"), Some("1g.10gb".parse().unwrap()));
        for word in ["", "MIG", "MIG5g", "1g.10gb", "MIG1g.10gb"] {
            assert_eq!(profile(gpu, word), None, "{word}");
        }
    }
}
