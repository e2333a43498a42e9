//! What Amazon's instance types demand of a pool beyond their GPUs: an image of their architecture, and a driver.

use super::options::GpuStack;
use crate::slicing::{Arch, Catalogue, Cloud, GpuCount};

/// The operating system of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Bottlerocket,
    AmazonLinux,
}

impl Family {
    /// The system that a stack runs on.
    pub(crate) fn of_stack(stack: GpuStack) -> Self {
        match stack {
            GpuStack::Bottlerocket => Family::Bottlerocket,
            GpuStack::GpuOperator | GpuStack::DevicePlugin => Family::AmazonLinux,
        }
    }

    /// The system of an image type.
    pub(crate) fn of_image(ami_type: &str) -> Self {
        if ami_type.starts_with("BOTTLEROCKET_") { Family::Bottlerocket } else { Family::AmazonLinux }
    }

    /// The disk that images and pods are on. Bottlerocket keeps its own root file system apart (source: EKS user guide,
    /// "Customize managed nodes with launch templates").
    pub(crate) fn device(self) -> &'static str {
        match self {
            Family::Bottlerocket => "/dev/xvdb",
            Family::AmazonLinux => "/dev/xvda",
        }
    }
}

/// The architecture of an image type.
pub(crate) fn image_arch(ami_type: &str) -> Arch {
    if ami_type.contains("_ARM_64") { Arch::Arm64 } else { Arch::X86_64 }
}

/// The architecture of an instance type; `None` for one that the catalogue does not know.
pub(crate) fn arch(machine_type: &str) -> Option<Arch> {
    Catalogue::built_in().machine(Some(Cloud::Eks), machine_type).map(|machine| machine.arch)
}

/// The image type of a stack where none is written; `None` where the architecture is not known.
pub(crate) fn image(stack: GpuStack, machine_type: &str) -> Option<&'static str> {
    Some(match (Family::of_stack(stack), arch(machine_type)?) {
        (Family::Bottlerocket, Arch::X86_64) => "BOTTLEROCKET_x86_64_NVIDIA",
        (Family::Bottlerocket, Arch::Arm64) => "BOTTLEROCKET_ARM_64_NVIDIA",
        (Family::AmazonLinux, Arch::X86_64) => "AL2023_x86_64_NVIDIA",
        (Family::AmazonLinux, Arch::Arm64) => "AL2023_ARM_64_NVIDIA",
    })
}

/// Why EKS's own images do not drive the GPUs of an instance type, as a clause without a full stop; `None` where they
/// do.
pub(crate) fn undriven(machine_type: &str) -> Option<&'static str> {
    let machine = Catalogue::built_in().machine(Some(Cloud::Eks), machine_type)?;
    if !matches!(machine.gpu_count(), Some(GpuCount::Whole(_))) {
        // Source: EC2 documentation of G6f, which needs NVIDIA's GRID driver.
        return Some(
            "it has a fraction of a GPU, which needs NVIDIA's GRID driver, and EKS's images have another",
        );
    }
    if machine_type.starts_with("g7.") {
        // Source: amazon-eks-ami documentation, "G7 AMI" (mid-2026).
        return Some("its GPUs need NVIDIA's driver 595 or newer, and EKS's images come with 580");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_match_the_stack_and_the_architecture() {
        for (stack, machine_type, expected) in [
            (GpuStack::Bottlerocket, "p4d.24xlarge", "BOTTLEROCKET_x86_64_NVIDIA"),
            (GpuStack::Bottlerocket, "g5g.xlarge", "BOTTLEROCKET_ARM_64_NVIDIA"),
            (GpuStack::GpuOperator, "p5.48xlarge", "AL2023_x86_64_NVIDIA"),
            (GpuStack::DevicePlugin, "g5g.metal", "AL2023_ARM_64_NVIDIA"),
        ] {
            let image = image(stack, machine_type).unwrap();
            assert_eq!(image, expected);
            assert_eq!(Family::of_image(image), Family::of_stack(stack));
            assert_eq!(Some(image_arch(image)), arch(machine_type));
        }
        assert_eq!(image(GpuStack::Bottlerocket, "p9.48xlarge"), None);
    }

    #[test]
    fn fractions_and_g7_are_not_driven() {
        for machine_type in ["g6f.large", "gr6f.4xlarge", "g7.2xlarge"] {
            assert!(undriven(machine_type).is_some(), "{machine_type}");
        }
        for machine_type in ["g6.xlarge", "g7e.2xlarge", "p4d.24xlarge", "p9.48xlarge"] {
            assert_eq!(undriven(machine_type), None, "{machine_type}");
        }
    }
}
