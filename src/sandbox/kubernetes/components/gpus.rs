//! GPUs as NVIDIA's tools see them: product names, memory, and the layouts that mig-manager knows.
//!
//! Sources: NVIDIA's MIG user guide; mig-parted's default configuration; gpu-feature-discovery's labels.

/// A GPU.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Product {
    /// As the clouds of the sandbox name it.
    names: &'static [&'static str],
    /// The label `nvidia.com/gpu.product`.
    pub(crate) product: &'static str,
    /// MiB.
    pub(crate) memory: u32,
    pub(crate) family: &'static str,
    /// Uniform layouts: profile and slices per GPU. Empty: no MIG.
    pub(crate) layouts: &'static [(&'static str, u32)],
    /// The change of the MIG mode needs a restart of the machine.
    pub(crate) restarts: bool,
}

const fn plain(
    names: &'static [&'static str],
    product: &'static str,
    memory: u32,
    family: &'static str,
) -> Product {
    Product { names, product, memory, family, layouts: &[], restarts: false }
}

const PRODUCTS: &[Product] = &[
    Product {
        layouts: &[
            ("1g.5gb", 7),
            ("1g.10gb", 4),
            ("2g.10gb", 3),
            ("3g.20gb", 2),
            ("4g.20gb", 1),
            ("7g.40gb", 1),
        ],
        restarts: true,
        ..plain(&["A100-40GB", "nvidia-tesla-a100"], "NVIDIA-A100-SXM4-40GB", 40_960, "ampere")
    },
    Product {
        layouts: &[
            ("1g.10gb", 7),
            ("1g.20gb", 4),
            ("2g.20gb", 3),
            ("3g.40gb", 2),
            ("4g.40gb", 1),
            ("7g.80gb", 1),
        ],
        restarts: true,
        ..plain(&["A100-80GB", "nvidia-a100-80gb"], "NVIDIA-A100-80GB-PCIe", 81_920, "ampere")
    },
    Product {
        layouts: &[
            ("1g.10gb", 7),
            ("1g.20gb", 4),
            ("2g.20gb", 3),
            ("3g.40gb", 2),
            ("4g.40gb", 1),
            ("7g.80gb", 1),
        ],
        ..plain(
            &["H100-80GB", "nvidia-h100-80gb", "nvidia-h100-mega-80gb"],
            "NVIDIA-H100-80GB-HBM3",
            81_559,
            "hopper",
        )
    },
    Product {
        layouts: &[
            ("1g.12gb", 7),
            ("1g.24gb", 4),
            ("2g.24gb", 3),
            ("3g.47gb", 2),
            ("4g.47gb", 1),
            ("7g.94gb", 1),
        ],
        ..plain(&["H100-NVL-94GB"], "NVIDIA-H100-NVL", 95_830, "hopper")
    },
    Product {
        layouts: &[
            ("1g.18gb", 7),
            ("1g.35gb", 4),
            ("2g.35gb", 3),
            ("3g.71gb", 2),
            ("4g.71gb", 1),
            ("7g.141gb", 1),
        ],
        ..plain(&["H200-141GB", "nvidia-h200-141gb"], "NVIDIA-H200", 143_771, "hopper")
    },
    Product {
        layouts: &[
            ("1g.23gb", 7),
            ("1g.45gb", 4),
            ("2g.45gb", 3),
            ("3g.90gb", 2),
            ("4g.90gb", 1),
            ("7g.180gb", 1),
        ],
        ..plain(&["nvidia-b200"], "NVIDIA-B200", 183_359, "blackwell")
    },
    Product {
        layouts: &[("1g.24gb", 4), ("2g.48gb", 2), ("4g.96gb", 1)],
        ..plain(
            &["RTX-PRO-6000", "nvidia-rtx-pro-6000"],
            "NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition",
            97_887,
            "blackwell",
        )
    },
    Product {
        layouts: &[
            ("1g.34gb", 7),
            ("1g.67gb", 4),
            ("2g.67gb", 3),
            ("3g.135gb", 2),
            ("4g.135gb", 1),
            ("7g.269gb", 1),
        ],
        ..plain(&["B300"], "NVIDIA-B300-SXM6-AC", 275_040, "blackwell")
    },
    // That the tools cut it is unverified, so here they do not.
    plain(&["RTX-PRO-4500"], "NVIDIA-RTX-PRO-4500-Blackwell", 32_768, "blackwell"),
    plain(&["A10G"], "NVIDIA-A10G", 23_028, "ampere"),
    plain(&["L40S"], "NVIDIA-L40S", 46_068, "ada-lovelace"),
    plain(&["T4g"], "NVIDIA-T4G", 15_360, "turing"),
    plain(&["V100-32GB"], "Tesla-V100-SXM2-32GB", 32_768, "volta"),
    plain(&["T4", "nvidia-tesla-t4"], "Tesla-T4", 15_360, "turing"),
    plain(&["A10"], "NVIDIA-A10-24Q", 24_512, "ampere"),
    plain(&["L4", "nvidia-l4"], "NVIDIA-L4", 23_034, "ada-lovelace"),
    plain(&["nvidia-tesla-v100"], "Tesla-V100-SXM2-16GB", 16_384, "volta"),
];

/// The product behind a cloud's name of a GPU; none where it is not known here.
pub(crate) fn product(name: &str) -> Option<&'static Product> {
    PRODUCTS.iter().find(|product| product.names.contains(&name))
}

impl Product {
    pub(crate) fn mig_capable(&self) -> bool {
        !self.layouts.is_empty()
    }

    /// What the value of the label `nvidia.com/mig.config` makes of each GPU: none turns MIG off. An error: there is no
    /// such configuration for this GPU. `all-balanced` and files of one's own are not carried out here.
    pub(crate) fn layout(&self, config: &str) -> Result<Option<Vec<(String, u32)>>, String> {
        let unknown = || format!("selected mig-config not present: {config}");
        match config {
            "all-disabled" => Ok(None),
            "all-enabled" if self.mig_capable() => Ok(Some(Vec::new())),
            _ => {
                let profile = config.strip_prefix("all-").ok_or_else(unknown)?;
                let (name, count) =
                    self.layouts.iter().find(|(name, _)| *name == profile).ok_or_else(unknown)?;
                Ok(Some(vec![((*name).to_owned(), *count)]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_are_found_by_name() {
        let a100 = product("A100-80GB").unwrap();
        assert_eq!(a100.layout("all-1g.10gb"), Ok(Some(vec![("1g.10gb".to_owned(), 7)])));
        assert_eq!(a100.layout("all-disabled"), Ok(None));
        assert!(a100.layout("all-1g.5gb").unwrap_err().contains("not present"));
        assert!(product("T4").unwrap().layout("all-enabled").is_err());
        assert_eq!(product("A11"), None);
    }
}
