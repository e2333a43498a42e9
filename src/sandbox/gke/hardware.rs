//! What Compute Engine and GKE have: machine types, their GPUs, and the partitions GKE makes of a GPU.
//!
//! The sandbox's own table, on purpose apart from the provider's catalogue: two readings of the same sources.
//! Sources: Google's published GKE autoscaler (GoogleCloudPlatform/cluster-autoscaler at 7d25050, machine types and GPU
//! configuration) and the Compute Engine documentation of the accelerator-optimized machine family (2026).

/// A GPU as GKE names it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Accelerator {
    pub(crate) name: &'static str,
    /// `gpuPartitionSize` → partitions per GPU. Empty: no MIG.
    pub(crate) partitions: &'static [(&'static str, u32)],
    /// MIG mode takes effect only after a restart of the machine (Ampere).
    pub(crate) restarts_for_mig: bool,
}

const fn accelerator(name: &'static str, partitions: &'static [(&'static str, u32)]) -> Accelerator {
    Accelerator { name, partitions, restarts_for_mig: false }
}

const H100: &[(&str, u32)] =
    &[("1g.10gb", 7), ("1g.20gb", 4), ("2g.20gb", 3), ("3g.40gb", 2), ("7g.80gb", 1)];

const ACCELERATORS: &[Accelerator] = &[
    Accelerator {
        restarts_for_mig: true,
        ..accelerator("nvidia-tesla-a100", &[("1g.5gb", 7), ("2g.10gb", 3), ("3g.20gb", 2), ("7g.40gb", 1)])
    },
    Accelerator {
        restarts_for_mig: true,
        ..accelerator("nvidia-a100-80gb", &[("1g.10gb", 7), ("2g.20gb", 3), ("3g.40gb", 2), ("7g.80gb", 1)])
    },
    accelerator("nvidia-h100-80gb", H100),
    accelerator("nvidia-h100-mega-80gb", H100),
    // The 4g sizes of H200, B200 and GB200 are in the node tool (container-engine-accelerators), not in the
    // autoscaler's table; whether the API takes them is unverified.
    accelerator(
        "nvidia-h200-141gb",
        &[("1g.18gb", 7), ("1g.35gb", 4), ("2g.35gb", 3), ("3g.71gb", 2), ("4g.71gb", 1), ("7g.141gb", 1)],
    ),
    accelerator(
        "nvidia-b200",
        &[("1g.23gb", 7), ("1g.45gb", 4), ("2g.45gb", 3), ("3g.90gb", 2), ("4g.90gb", 1), ("7g.180gb", 1)],
    ),
    accelerator(
        "nvidia-gb200",
        &[("1g.23gb", 7), ("1g.47gb", 4), ("2g.47gb", 3), ("3g.93gb", 2), ("4g.93gb", 1), ("7g.186gb", 1)],
    ),
    accelerator(
        "nvidia-rtx-pro-6000",
        &[
            ("1g.24gb", 4),
            ("2g.48gb", 2),
            ("4g.96gb", 1),
            ("1g.24gb.me", 1),
            ("1g.24gb.gfx", 4),
            ("1g.24gb.me.all", 1),
            ("1g.24gb-me", 4),
            ("2g.48gb.gfx", 2),
            ("2g.48gb.me.all", 1),
            ("2g.48gb-me", 2),
            ("4g.96gb.gfx", 1),
        ],
    ),
    accelerator("nvidia-gb300", &[]),
    accelerator("nvidia-l4", &[]),
    accelerator("nvidia-tesla-t4", &[]),
    accelerator("nvidia-tesla-v100", &[]),
    accelerator("nvidia-tesla-p100", &[]),
    accelerator("nvidia-tesla-p4", &[]),
];

/// What an N1 machine may have attached.
const N1_COUNTS: &[(&str, &[u32])] = &[
    ("nvidia-tesla-t4", &[1, 2, 4]),
    ("nvidia-tesla-v100", &[1, 2, 4, 8]),
    ("nvidia-tesla-p100", &[1, 2, 4]),
    ("nvidia-tesla-p4", &[1, 2, 4]),
];

/// A machine type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Machine {
    pub(crate) vcpus: u32,
    pub(crate) memory_gib: u32,
    /// The GPUs that come with it; none where there are none or they are chosen (N1).
    pub(crate) gpus: Option<(&'static str, u32)>,
    /// The one GPU is a fraction of a physical one, which rules out partitions.
    pub(crate) fraction: bool,
    /// Disk type when none is asked for.
    pub(crate) default_disk: &'static str,
    /// Takes Hyperdisk Balanced and nothing else.
    pub(crate) hyperdisk_only: bool,
}

/// machine type, accelerator, GPUs, vCPUs, memory in GiB.
const GPU_MACHINES: &[(&str, &str, u32, u32, u32)] = &[
    ("a2-highgpu-1g", "nvidia-tesla-a100", 1, 12, 85),
    ("a2-highgpu-2g", "nvidia-tesla-a100", 2, 24, 170),
    ("a2-highgpu-4g", "nvidia-tesla-a100", 4, 48, 340),
    ("a2-highgpu-8g", "nvidia-tesla-a100", 8, 96, 680),
    ("a2-megagpu-16g", "nvidia-tesla-a100", 16, 96, 1360),
    ("a2-ultragpu-1g", "nvidia-a100-80gb", 1, 12, 170),
    ("a2-ultragpu-2g", "nvidia-a100-80gb", 2, 24, 340),
    ("a2-ultragpu-4g", "nvidia-a100-80gb", 4, 48, 680),
    ("a2-ultragpu-8g", "nvidia-a100-80gb", 8, 96, 1360),
    ("a3-highgpu-1g", "nvidia-h100-80gb", 1, 26, 234),
    ("a3-highgpu-2g", "nvidia-h100-80gb", 2, 52, 468),
    ("a3-highgpu-4g", "nvidia-h100-80gb", 4, 104, 936),
    ("a3-highgpu-8g", "nvidia-h100-80gb", 8, 208, 1872),
    ("a3-edgegpu-8g", "nvidia-h100-80gb", 8, 208, 1872),
    ("a3-megagpu-8g", "nvidia-h100-mega-80gb", 8, 208, 1872),
    ("a3-ultragpu-8g", "nvidia-h200-141gb", 8, 224, 2952),
    ("a4-highgpu-8g", "nvidia-b200", 8, 224, 3968),
    ("a4x-highgpu-4g", "nvidia-gb200", 4, 140, 884),
    ("a4x-maxgpu-4g-metal", "nvidia-gb300", 4, 144, 960),
    ("g2-standard-4", "nvidia-l4", 1, 4, 16),
    ("g2-standard-8", "nvidia-l4", 1, 8, 32),
    ("g2-standard-12", "nvidia-l4", 1, 12, 48),
    ("g2-standard-16", "nvidia-l4", 1, 16, 64),
    ("g2-standard-24", "nvidia-l4", 2, 24, 96),
    ("g2-standard-32", "nvidia-l4", 1, 32, 128),
    ("g2-standard-48", "nvidia-l4", 4, 48, 192),
    ("g2-standard-96", "nvidia-l4", 8, 96, 384),
    ("g4-standard-6", "nvidia-rtx-pro-6000", 1, 6, 22),
    ("g4-standard-12", "nvidia-rtx-pro-6000", 1, 12, 45),
    ("g4-standard-24", "nvidia-rtx-pro-6000", 1, 24, 90),
    ("g4-standard-48", "nvidia-rtx-pro-6000", 1, 48, 180),
    ("g4-standard-96", "nvidia-rtx-pro-6000", 2, 96, 360),
    ("g4-standard-192", "nvidia-rtx-pro-6000", 4, 192, 720),
    ("g4-standard-384", "nvidia-rtx-pro-6000", 8, 384, 1440),
];

const FRACTIONS: &[&str] = &["g4-standard-6", "g4-standard-12", "g4-standard-24"];

/// Machine families without GPUs, with GiB of memory per vCPU of their `standard` shape.
const CPU_FAMILIES: &[(&str, u32)] =
    &[("e2", 4), ("n1", 4), ("n2", 4), ("n2d", 4), ("n4", 4), ("c3", 4), ("c4", 4), ("t2d", 4), ("t2a", 4)];

/// The accelerator of that name.
pub(crate) fn accelerator_named(name: &str) -> Option<&'static Accelerator> {
    ACCELERATORS.iter().find(|accelerator| accelerator.name == name)
}

/// Partitions that a GPU gives at that size.
pub(crate) fn partitions(accelerator: &Accelerator, size: &str) -> Option<u32> {
    accelerator.partitions.iter().find(|(name, _)| *name == size).map(|(_, count)| *count)
}

/// GPU counts that an N1 machine may have of an accelerator; none if it cannot be attached.
pub(crate) fn n1_counts(accelerator: &str) -> Option<&'static [u32]> {
    N1_COUNTS.iter().find(|(name, _)| *name == accelerator).map(|(_, counts)| *counts)
}

/// The machine type of that name.
pub(crate) fn machine(name: &str) -> Option<Machine> {
    // The variants without local SSD are the same machine otherwise.
    let plain = name.strip_suffix("-nolssd").filter(|plain| plain.starts_with('a')).unwrap_or(name);
    if let Some((_, accelerator, gpus, vcpus, memory_gib)) = GPU_MACHINES.iter().find(|row| row.0 == plain) {
        let hyperdisk_only = plain.starts_with("a3-ultra") || plain.starts_with("a4");
        let default_disk = match plain {
            _ if hyperdisk_only => "hyperdisk-balanced",
            _ if plain.starts_with("a2") => "pd-standard",
            _ => "pd-balanced",
        };
        return Some(Machine {
            vcpus: *vcpus,
            memory_gib: *memory_gib,
            gpus: Some((accelerator, *gpus)),
            fraction: FRACTIONS.contains(&plain),
            default_disk,
            hyperdisk_only,
        });
    }
    cpu_machine(name)
}

fn cpu_machine(name: &str) -> Option<Machine> {
    let (vcpus, memory_gib) = match name {
        "e2-micro" => (2, 1),
        "e2-small" => (2, 2),
        "e2-medium" => (2, 4),
        _ => {
            let mut parts = name.split('-');
            let (family, shape, vcpus) = (parts.next()?, parts.next()?, parts.next()?.parse::<u32>().ok()?);
            let per_vcpu = CPU_FAMILIES.iter().find(|(known, _)| *known == family)?.1;
            let memory = match shape {
                "standard" => vcpus * per_vcpu,
                "highmem" => vcpus * per_vcpu * 2,
                "highcpu" => vcpus,
                _ => return None,
            };
            if parts.next().is_some() || !(1..=256).contains(&vcpus) {
                return None;
            }
            (vcpus, memory)
        }
    };
    Some(Machine {
        vcpus,
        memory_gib,
        gpus: None,
        fraction: false,
        default_disk: "pd-balanced",
        hyperdisk_only: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_gpu_machine_names_a_known_accelerator() {
        for (name, accelerator, ..) in GPU_MACHINES {
            assert!(accelerator_named(accelerator).is_some(), "{name}");
            assert!(machine(name).is_some_and(|machine| machine.gpus.is_some()), "{name}");
        }
    }

    #[test]
    fn partitions_never_exceed_the_seven_of_a_gpu() {
        for accelerator in ACCELERATORS {
            for (size, count) in accelerator.partitions {
                let units: u32 = size[..1].parse().unwrap();
                assert!(units * count <= 7, "{} {size}", accelerator.name);
            }
        }
    }

    #[test]
    fn machines_are_found_by_name() {
        assert_eq!(machine("a3-highgpu-8g-nolssd"), machine("a3-highgpu-8g"));
        assert_eq!(machine("n1-standard-8").unwrap().memory_gib, 32);
        assert_eq!(machine("e2-standard-4-nolssd"), None);
        for unknown in
            ["", "a2-highgpu-3g", "n1-standard", "n1-standard-x", "q9-standard-4", "n1-standard-4-5"]
        {
            assert_eq!(machine(unknown), None, "{unknown}");
        }
    }
}
