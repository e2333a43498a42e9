//! What Azure has: VM sizes, their GPUs, and the slices that AKS makes of a GPU.
//!
//! The sandbox's own table, on purpose apart from the provider's catalogue: two readings of the same sources.
//! Sources: the GPU series pages of the Azure virtual machine documentation (2026), AKS `AgentBaker` (the sizes that AKS
//! sets up GPUs on, and the profile ids that its partition script passes to nvidia-smi), NVIDIA's MIG user guide.

/// A GPU, and whether AKS cuts it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Gpu {
    pub(crate) name: &'static str,
    /// Memory in the names of its MIG profiles of 1, 2, 3, 4 and 7 compute slices; none: AKS does not cut it.
    pub(crate) memory: Option<[&'static str; 5]>,
}

/// `gpuInstanceProfile`, compute slices, memory slices of eight, instances per GPU (source: AKS `AgentBaker`, which makes
/// one layout on all GPUs; a 4g instance leaves no room for a second one).
const PROFILES: &[(&str, u32, u32, u32)] =
    &[("MIG1g", 1, 1, 7), ("MIG2g", 2, 2, 3), ("MIG3g", 3, 4, 2), ("MIG4g", 4, 4, 1), ("MIG7g", 7, 8, 1)];

const A100_40: Gpu = Gpu { name: "A100-40GB", memory: Some(["5gb", "10gb", "20gb", "20gb", "40gb"]) };
const A100_80: Gpu = Gpu { name: "A100-80GB", memory: Some(["10gb", "20gb", "40gb", "40gb", "80gb"]) };
const H100_80: Gpu = Gpu { name: "H100-80GB", memory: Some(["10gb", "20gb", "40gb", "40gb", "80gb"]) };
const H100_NVL: Gpu = Gpu { name: "H100-NVL-94GB", memory: Some(["12gb", "24gb", "47gb", "47gb", "94gb"]) };
const H200: Gpu = Gpu { name: "H200-141GB", memory: Some(["18gb", "35gb", "71gb", "71gb", "141gb"]) };
const T4: Gpu = Gpu { name: "T4", memory: None };
const A10: Gpu = Gpu { name: "A10", memory: None };
const RTX_PRO_6000: Gpu = Gpu { name: "RTX-PRO-6000", memory: None };
// NVIDIA cuts these two into seven as well; that AKS does is unverified.
const GB200: Gpu = Gpu { name: "GB200", memory: Some(["23gb", "47gb", "93gb", "93gb", "186gb"]) };
const GB300: Gpu = Gpu { name: "GB300", memory: Some(["35gb", "70gb", "139gb", "139gb", "278gb"]) };

/// A VM size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// In Azure's spelling, with `Standard_`.
    pub(crate) name: &'static str,
    /// The family whose quota it counts against.
    pub(crate) family: &'static str,
    pub(crate) vcpus: u32,
    pub(crate) memory_gib: u32,
    pub(crate) gpu: Option<&'static Gpu>,
    /// GPUs of the machine; a fraction of one counts as one.
    pub(crate) gpus: u32,
}

impl Size {
    /// An ephemeral OS disk fits, so it is the default (which sizes those are is unverified).
    pub(crate) fn ephemeral(&self) -> bool {
        self.gpu.is_some() || self.name.contains("ds_v")
    }

    /// The size of a managed OS disk when none is asked for, in GB (source: AKS documentation, default OS disk sizing).
    pub(crate) fn disk_gb(&self) -> u32 {
        match self.vcpus {
            ..8 => 128,
            8..16 => 256,
            16..64 => 512,
            _ => 1024,
        }
    }

    pub(crate) fn is_arm(&self) -> bool {
        self.name.contains("GB200") || self.name.contains("GB300") || self.name.contains("pds_v")
    }
}

const fn gpu(
    name: &'static str,
    family: &'static str,
    vcpus: u32,
    memory_gib: u32,
    gpu: &'static Gpu,
    gpus: u32,
) -> Size {
    Size { name, family, vcpus, memory_gib, gpu: Some(gpu), gpus }
}

const fn cpu(name: &'static str, family: &'static str, vcpus: u32, memory_gib: u32) -> Size {
    Size { name, family, vcpus, memory_gib, gpu: None, gpus: 0 }
}

const T4_FAMILY: &str = "Standard NCASv3_T4 Family";
const A10_FAMILY: &str = "StandardNVADSA10v5Family";
const NC_A100: &str = "StandardNCADSA100v4Family";
// The names of the families below are unverified, but for the three above and the CPU families.
const ND_A100: &str = "standardNDASv4_A100Family";
const NDM_A100: &str = "standardNDAMSv4_A100Family";
const NC_H100: &str = "standardNCadsH100v5Family";
const ND_H100: &str = "standardNDSH100v5Family";
const ND_H200: &str = "standardNDISRH200V5Family";
const NCC_H100: &str = "standardNCCadsH100v5Family";
const NC_A10: &str = "standardNCADSA10v4Family";
const RTX: &str = "standardNCXLRTXPRO6000BSEv6Family";
const ND_GB200: &str = "standardNDISRNDRGB200v6Family";
const ND_GB300: &str = "standardNDISRGB300v6Family";

const SIZES: &[Size] = &[
    gpu("Standard_NC4as_T4_v3", T4_FAMILY, 4, 28, &T4, 1),
    gpu("Standard_NC8as_T4_v3", T4_FAMILY, 8, 56, &T4, 1),
    gpu("Standard_NC16as_T4_v3", T4_FAMILY, 16, 110, &T4, 1),
    gpu("Standard_NC64as_T4_v3", T4_FAMILY, 64, 440, &T4, 4),
    gpu("Standard_NV6ads_A10_v5", A10_FAMILY, 6, 55, &A10, 1),
    gpu("Standard_NV12ads_A10_v5", A10_FAMILY, 12, 110, &A10, 1),
    gpu("Standard_NV18ads_A10_v5", A10_FAMILY, 18, 220, &A10, 1),
    gpu("Standard_NV36ads_A10_v5", A10_FAMILY, 36, 440, &A10, 1),
    gpu("Standard_NV36adms_A10_v5", A10_FAMILY, 36, 880, &A10, 1),
    gpu("Standard_NV72ads_A10_v5", A10_FAMILY, 72, 880, &A10, 2),
    gpu("Standard_NC8ads_A10_v4", NC_A10, 8, 100, &A10, 1),
    gpu("Standard_NC16ads_A10_v4", NC_A10, 16, 200, &A10, 1),
    gpu("Standard_NC32ads_A10_v4", NC_A10, 32, 400, &A10, 2),
    gpu("Standard_NC24ads_A100_v4", NC_A100, 24, 220, &A100_80, 1),
    gpu("Standard_NC48ads_A100_v4", NC_A100, 48, 440, &A100_80, 2),
    gpu("Standard_NC96ads_A100_v4", NC_A100, 96, 880, &A100_80, 4),
    gpu("Standard_ND96asr_v4", ND_A100, 96, 900, &A100_40, 8),
    gpu("Standard_ND96amsr_A100_v4", NDM_A100, 96, 1900, &A100_80, 8),
    gpu("Standard_ND96ams_A100_v4", NDM_A100, 96, 1900, &A100_80, 8),
    gpu("Standard_NC40ads_H100_v5", NC_H100, 40, 320, &H100_NVL, 1),
    gpu("Standard_NC80adis_H100_v5", NC_H100, 80, 640, &H100_NVL, 2),
    // Confidential; whether AKS cuts it is unverified.
    gpu("Standard_NCC40ads_H100_v5", NCC_H100, 40, 320, &H100_NVL, 1),
    gpu("Standard_ND96isr_H100_v5", ND_H100, 96, 1900, &H100_80, 8),
    gpu("Standard_ND96is_H100_v5", ND_H100, 96, 1900, &H100_80, 8),
    gpu("Standard_ND96isr_H200_v5", ND_H200, 96, 1850, &H200, 8),
    gpu("Standard_ND96isrf_H200_v5", ND_H200, 96, 1850, &H200, 8),
    gpu("Standard_ND96is_H200_v5", ND_H200, 96, 1850, &H200, 8),
    // A fraction of a GPU up to 72 vCPUs. The memory of this family is unverified.
    gpu("Standard_NC24lds_xl_RTXPRO6000BSE_v6", RTX, 24, 72, &RTX_PRO_6000, 1),
    gpu("Standard_NC36ds_xl_RTXPRO6000BSE_v6", RTX, 36, 129, &RTX_PRO_6000, 1),
    gpu("Standard_NC36lds_xl_RTXPRO6000BSE_v6", RTX, 36, 66, &RTX_PRO_6000, 1),
    gpu("Standard_NC72ds_xl_RTXPRO6000BSE_v6", RTX, 72, 258, &RTX_PRO_6000, 1),
    gpu("Standard_NC72lds_xl_RTXPRO6000BSE_v6", RTX, 72, 132, &RTX_PRO_6000, 1),
    gpu("Standard_NC144lds_xl_RTXPRO6000BSE_v6", RTX, 144, 264, &RTX_PRO_6000, 1),
    gpu("Standard_NC288lds_xl_RTXPRO6000BSE_v6", RTX, 288, 516, &RTX_PRO_6000, 2),
    gpu("Standard_NC144ds_xl_RTXPRO6000BSE_v6", RTX, 144, 516, &RTX_PRO_6000, 1),
    gpu("Standard_NC288ds_xl_RTXPRO6000BSE_v6", RTX, 288, 1032, &RTX_PRO_6000, 2),
    gpu("Standard_ND128isr_NDR_GB200_v6", ND_GB200, 128, 900, &GB200, 4),
    gpu("Standard_ND128isr_GB300_v6", ND_GB300, 128, 864, &GB300, 4),
    gpu("Standard_ND128isrG5_GB300_v6", ND_GB300, 128, 864, &GB300, 4),
    cpu("Standard_D2s_v5", "standardDSv5Family", 2, 8),
    cpu("Standard_D4s_v5", "standardDSv5Family", 4, 16),
    cpu("Standard_D8s_v5", "standardDSv5Family", 8, 32),
    cpu("Standard_D16s_v5", "standardDSv5Family", 16, 64),
    cpu("Standard_D2ds_v5", "standardDDSv5Family", 2, 8),
    cpu("Standard_D4ds_v5", "standardDDSv5Family", 4, 16),
    cpu("Standard_D8ds_v5", "standardDDSv5Family", 8, 32),
    cpu("Standard_D16ds_v5", "standardDDSv5Family", 16, 64),
];

/// The VM size of that name, in any case.
pub(crate) fn size(name: &str) -> Option<&'static Size> {
    SIZES.iter().find(|size| size.name.eq_ignore_ascii_case(name))
}

/// All VM sizes.
pub(crate) fn sizes() -> impl Iterator<Item = &'static Size> {
    SIZES.iter()
}

/// Instances per GPU of a uniform layout.
pub(crate) fn slices(profile: &str) -> Option<u32> {
    PROFILES.iter().find(|(name, ..)| *name == profile).map(|(.., count)| *count)
}

/// NVIDIA's name of a profile on a GPU, such as `2g.20gb`.
pub(crate) fn native_name(gpu: &Gpu, profile: &str) -> Option<String> {
    let index = PROFILES.iter().position(|(name, ..)| *name == profile)?;
    Some(format!("{}g.{}", PROFILES[index].1, gpu.memory.as_ref()?[index]))
}

/// True when the profiles fit on one GPU together. The exact placement is not looked at: seven compute slices and eight
/// memory slices are the limits, and a GPU instance of three slices takes half of the memory.
pub(crate) fn fit(profiles: &[String]) -> bool {
    let row = |name: &String| PROFILES.iter().find(|(known, ..)| known == name);
    let rows: Option<Vec<_>> = profiles.iter().map(row).collect();
    rows.is_some_and(|rows| {
        rows.iter().map(|row| row.1).sum::<u32>() <= 7 && rows.iter().map(|row| row.2).sum::<u32>() <= 8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_found_in_any_case() {
        assert_eq!(size("standard_nc24ADS_a100_V4").unwrap().name, "Standard_NC24ads_A100_v4");
        assert!(size("Standard_NC25ads_A100_v4").is_none() && size("").is_none());
    }

    #[test]
    fn slices_have_nvidias_names() {
        let gpu = |name: &str| size(name).unwrap().gpu.unwrap();
        assert_eq!(native_name(gpu("Standard_NC24ads_A100_v4"), "MIG2g").as_deref(), Some("2g.20gb"));
        assert_eq!(native_name(gpu("Standard_ND96asr_v4"), "MIG1g").as_deref(), Some("1g.5gb"));
        assert_eq!(native_name(gpu("Standard_NC4as_T4_v3"), "MIG1g"), None);
        assert_eq!(slices("MIG4g"), Some(1), "one 4g instance, and the rest lies idle");
    }

    #[test]
    fn a_layout_has_seven_compute_and_eight_memory_slices() {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert!(fit(&names(&["MIG3g", "MIG2g", "MIG1g", "MIG1g"])));
        assert!(fit(&names(&["MIG1g"; 7])) && !fit(&names(&["MIG1g"; 8])));
        assert!(!fit(&names(&["MIG3g", "MIG3g", "MIG1g"])), "two 3g take all the memory");
        assert!(!fit(&names(&["MIG5g"])));
    }
}
