//! What EC2 has: instance types and their GPUs.
//!
//! The sandbox's own table, on purpose apart from the provider's catalogue: two readings of the same source, EC2's
//! `DescribeInstanceTypes` (2026-10).

/// A GPU by the names of EC2 and of Bottlerocket.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Gpu {
    /// As `kubernetes::components` knows it.
    pub(super) name: &'static str,
    /// The model in Bottlerocket's `mig.profile` table; none: Bottlerocket does not cut it.
    pub(super) mig_key: Option<&'static str>,
    /// The profiles that Bottlerocket makes of it with 7, 4, 3, 2 and 1 instances on each GPU (source: nvidia-migmanager
    /// of bottlerocket-kernel-kit); empty where there is none with that number.
    pub(super) profiles: [&'static str; 5],
}

/// Instances on each GPU, in the order of [`Gpu::profiles`].
pub(super) const INSTANCES: [u32; 5] = [7, 4, 3, 2, 1];

const fn whole(name: &'static str) -> Gpu {
    Gpu { name, mig_key: None, profiles: [""; 5] }
}

const fn cut(name: &'static str, key: &'static str, profiles: [&'static str; 5]) -> Gpu {
    Gpu { name, mig_key: Some(key), profiles }
}

const A100_40: Gpu = cut("A100-40GB", "a100.40gb", ["1g.5gb", "1g.10gb", "2g.10gb", "3g.20gb", "7g.40gb"]);
const A100_80: Gpu = cut("A100-80GB", "a100.80gb", ["1g.10gb", "1g.20gb", "2g.20gb", "3g.40gb", "7g.80gb"]);
const H100: Gpu = cut("H100-80GB", "h100.80gb", ["1g.10gb", "1g.20gb", "2g.20gb", "3g.40gb", "7g.80gb"]);
const H200: Gpu = cut("H200-141GB", "h200.141gb", ["1g.18gb", "1g.35gb", "2g.35gb", "3g.71gb", "7g.141gb"]);
const B200: Gpu = cut("nvidia-b200", "b200.180gb", ["1g.23gb", "1g.45gb", "2g.45gb", "3g.90gb", "7g.180gb"]);
// That upstream knows this key is unverified.
const B300: Gpu = cut("B300", "b300.269gb", ["1g.34gb", "1g.67gb", "2g.67gb", "3g.135gb", "7g.269gb"]);
const T4: Gpu = whole("T4");
const T4G: Gpu = whole("T4g");
const V100: Gpu = whole("V100-32GB");
const A10G: Gpu = whole("A10G");
const L4: Gpu = whole("L4");
const L40S: Gpu = whole("L40S");
const RTX_4500: Gpu = whole("RTX-PRO-4500");
// The spelling of Bottlerocket's key is unverified, so here it has none.
const RTX_6000: Gpu = whole("RTX-PRO-6000");

/// An instance type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Machine {
    pub(super) vcpus: u32,
    pub(super) memory_gib: u32,
    pub(super) arm: bool,
    /// A fraction of a GPU counts as one.
    pub(super) gpu: Option<(&'static Gpu, u32)>,
    /// The driver on AWS's own images works with the GPU. A fraction needs the GRID driver; the RTX PRO 4500 a newer one
    /// than the images have (source: `amazon-eks-ami`, guide to g7).
    pub(super) driven: bool,
}

/// Family, GPU, and its sizes: name, GPUs, vCPUs, GiB.
type Row = (&'static str, &'static Gpu, &'static [(&'static str, u32, u32, u32)]);

const GPU_FAMILIES: &[Row] = &[
    ("p3dn", &V100, &[("24xlarge", 8, 96, 768)]),
    ("p4d", &A100_40, &[("24xlarge", 8, 96, 1152)]),
    ("p4de", &A100_80, &[("24xlarge", 8, 96, 1152)]),
    ("p5", &H100, &[("4xlarge", 1, 16, 256), ("48xlarge", 8, 192, 2048)]),
    ("p5e", &H200, &[("48xlarge", 8, 192, 2048)]),
    ("p5en", &H200, &[("48xlarge", 8, 192, 2048)]),
    ("p6-b200", &B200, &[("48xlarge", 8, 192, 2048)]),
    ("p6-b300", &B300, &[("48xlarge", 8, 192, 4096)]),
    (
        "g4dn",
        &T4,
        &[
            ("xlarge", 1, 4, 16),
            ("2xlarge", 1, 8, 32),
            ("4xlarge", 1, 16, 64),
            ("8xlarge", 1, 32, 128),
            ("16xlarge", 1, 64, 256),
            ("12xlarge", 4, 48, 192),
            ("metal", 8, 96, 384),
        ],
    ),
    (
        "g5",
        &A10G,
        &[
            ("xlarge", 1, 4, 16),
            ("2xlarge", 1, 8, 32),
            ("4xlarge", 1, 16, 64),
            ("8xlarge", 1, 32, 128),
            ("16xlarge", 1, 64, 256),
            ("12xlarge", 4, 48, 192),
            ("24xlarge", 4, 96, 384),
            ("48xlarge", 8, 192, 768),
        ],
    ),
    (
        "g5g",
        &T4G,
        &[
            ("xlarge", 1, 4, 8),
            ("2xlarge", 1, 8, 16),
            ("4xlarge", 1, 16, 32),
            ("8xlarge", 1, 32, 64),
            ("16xlarge", 2, 64, 128),
            ("metal", 2, 64, 128),
        ],
    ),
    (
        "g6",
        &L4,
        &[
            ("xlarge", 1, 4, 16),
            ("2xlarge", 1, 8, 32),
            ("4xlarge", 1, 16, 64),
            ("8xlarge", 1, 32, 128),
            ("16xlarge", 1, 64, 256),
            ("12xlarge", 4, 48, 192),
            ("24xlarge", 4, 96, 384),
            ("48xlarge", 8, 192, 768),
        ],
    ),
    ("gr6", &L4, &[("4xlarge", 1, 16, 128), ("8xlarge", 1, 32, 256)]),
    ("g6f", &L4, &[("large", 1, 2, 8), ("xlarge", 1, 4, 16), ("2xlarge", 1, 8, 32), ("4xlarge", 1, 16, 64)]),
    ("gr6f", &L4, &[("4xlarge", 1, 16, 128)]),
    (
        "g6e",
        &L40S,
        &[
            ("xlarge", 1, 4, 32),
            ("2xlarge", 1, 8, 64),
            ("4xlarge", 1, 16, 128),
            ("8xlarge", 1, 32, 256),
            ("16xlarge", 1, 64, 512),
            ("12xlarge", 4, 48, 384),
            ("24xlarge", 4, 96, 768),
            ("48xlarge", 8, 192, 1536),
        ],
    ),
    (
        "g7",
        &RTX_4500,
        &[
            ("2xlarge", 1, 8, 32),
            ("4xlarge", 1, 16, 64),
            ("8xlarge", 1, 32, 128),
            ("12xlarge", 2, 48, 192),
            ("24xlarge", 4, 96, 384),
            ("48xlarge", 8, 192, 768),
        ],
    ),
    (
        "g7e",
        &RTX_6000,
        &[
            ("2xlarge", 1, 8, 64),
            ("4xlarge", 1, 16, 128),
            ("8xlarge", 1, 32, 256),
            ("12xlarge", 2, 48, 512),
            ("24xlarge", 4, 96, 1024),
            ("48xlarge", 8, 192, 2048),
        ],
    ),
];

/// Families without GPUs, GiB per vCPU, and whether they are arm64.
const CPU_FAMILIES: &[(&str, u32, bool)] = &[
    ("c5", 2, false),
    ("c6i", 2, false),
    ("c7g", 2, true),
    ("c7i", 2, false),
    ("m5", 4, false),
    ("m6g", 4, true),
    ("m6i", 4, false),
    ("m7g", 4, true),
    ("m7i", 4, false),
    ("r6i", 8, false),
    ("t3", 4, false),
    ("t3a", 4, false),
    ("t4g", 4, true),
];

/// The instance type of that name.
pub(super) fn machine(name: &str) -> Option<Machine> {
    let (family, size) = name.split_once('.')?;
    if let Some((_, gpu, sizes)) = GPU_FAMILIES.iter().find(|(known, ..)| *known == family) {
        let (_, gpus, vcpus, memory_gib) = sizes.iter().find(|(known, ..)| *known == size)?;
        let driven = !matches!(family, "g6f" | "gr6f" | "g7");
        let (vcpus, memory_gib, arm) = (*vcpus, *memory_gib, family == "g5g");
        return Some(Machine { vcpus, memory_gib, arm, gpu: Some((gpu, *gpus)), driven });
    }
    let (_, per_vcpu, arm) = CPU_FAMILIES.iter().find(|(known, ..)| *known == family)?;
    let vcpus = match size {
        "medium" | "large" => 2,
        "xlarge" => 4,
        _ => {
            let times: u32 = size.strip_suffix("xlarge")?.parse().ok()?;
            [2, 4, 8, 12, 16, 24].contains(&times).then_some(4 * times)?
        }
    };
    // Burstable types have half of it up to here.
    let memory_gib = if size == "medium" { 4 } else { vcpus * per_vcpu };
    Some(Machine { vcpus, memory_gib, arm: *arm, gpu: None, driven: true })
}

impl Machine {
    /// Pods that EKS allows by default. It follows from the network interfaces of a type; but for the g4dn.xlarge's 29 the
    /// numbers are those of common sizes, and unverified for others.
    pub(super) fn max_pods(&self) -> u32 {
        match self.vcpus {
            ..=4 => 29,
            5..=16 => 58,
            17..=95 => 234,
            _ => 737,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instance_types_are_found_by_name() {
        let p4d = machine("p4d.24xlarge").unwrap();
        assert_eq!(p4d.gpu.map(|(gpu, count)| (gpu.name, count)), Some(("A100-40GB", 8)));
        assert!(machine("g5g.xlarge").unwrap().arm && !machine("g7.2xlarge").unwrap().driven);
        assert_eq!(machine("m5.4xlarge").map(|machine| (machine.vcpus, machine.memory_gib)), Some((16, 64)));
        for unknown in ["", "p4d", "p4d.xlarge", "z9.large", "m5.3xlarge"] {
            assert!(machine(unknown).is_none(), "{unknown}");
        }
    }

    #[test]
    fn slices_of_a_gpu_never_need_more_than_its_seven() {
        for (_, gpu, _) in GPU_FAMILIES {
            for (profile, count) in
                gpu.profiles.iter().zip(INSTANCES).filter(|(profile, _)| !profile.is_empty())
            {
                let units: u32 = profile[..1].parse().unwrap();
                assert!(units * count <= 7, "{} {profile}", gpu.name);
            }
        }
    }
}
