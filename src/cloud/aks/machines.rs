//! What Azure's VM sizes demand of a pool beyond their GPUs.

use crate::slicing::{Catalogue, Cloud};

/// What the name of every size begins with that GPUs come in.
const PREFIX: &str = "Standard_";

/// GPUs that AKS documents MIG on Azure Linux for (source: AKS release notes of February 2026). Azure Linux runs on
/// others, and whether it cuts them is unverified.
const MIG_ON_AZURE_LINUX: &[&str] = &["a100-40gb", "a100-80gb"];

/// The size that a name without Azure's prefix means, in Azure's spelling.
pub(crate) fn without_prefix(name: &str) -> Option<String> {
    let meant = Catalogue::built_in().machine(Some(Cloud::Aks), &format!("{PREFIX}{name}"))?;
    Some(meant.name.clone())
}

/// Whether AKS is known to cut this GPU by MIG on nodes with Azure Linux.
pub(crate) fn mig_on_azure_linux(gpu_id: &str) -> bool {
    MIG_ON_AZURE_LINUX.contains(&gpu_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_prefix_is_found_in_any_case() {
        assert_eq!(without_prefix("nc24ads_a100_v4").as_deref(), Some("Standard_NC24ads_A100_v4"));
        assert_eq!(without_prefix("Standard_NC24ads_A100_v4"), None);
        assert_eq!(without_prefix("a2-highgpu-1g"), None);
    }

    #[test]
    fn the_gpus_of_the_list_exist() {
        for id in MIG_ON_AZURE_LINUX {
            assert!(Catalogue::built_in().gpu(id).is_some(), "{id}");
        }
        assert!(!mig_on_azure_linux("h100-80gb"));
    }
}
