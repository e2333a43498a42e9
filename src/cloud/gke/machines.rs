//! What Google's machine types demand of a pool beyond their GPUs.

/// Boot disks of a family of machine types.
struct BootDisks {
    /// The beginning of the machine types' names; the first that fits counts.
    prefix: &'static str,
    kinds: &'static [&'static str],
    /// Whether other kinds are known not to work, rather than only not listed.
    certain: bool,
}

/// Sources: Google's GKE autoscaler, machine type configuration (boot disk types); for `certain` also the Compute
/// Engine documentation of the accelerator-optimized machine family (Hyperdisk Balanced only).
const BOOT_DISKS: &[BootDisks] = &[
    BootDisks { prefix: "a3-ultragpu-", kinds: &["hyperdisk-balanced"], certain: true },
    BootDisks { prefix: "a4-", kinds: &["hyperdisk-balanced"], certain: true },
    BootDisks { prefix: "a4x-", kinds: &["hyperdisk-balanced"], certain: false },
    BootDisks { prefix: "g4-", kinds: &["hyperdisk-balanced"], certain: false },
    BootDisks { prefix: "a3-", kinds: &["pd-balanced", "pd-ssd", "hyperdisk-balanced"], certain: false },
    BootDisks { prefix: "a2-", kinds: &["pd-standard", "pd-balanced", "pd-ssd"], certain: false },
    BootDisks { prefix: "g2-", kinds: &["pd-balanced", "pd-ssd"], certain: false },
];

/// Why a boot disk does not fit a machine type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// The kinds that fit.
    pub kinds: &'static [&'static str],
    /// Whether it is known not to work.
    pub certain: bool,
}

/// Whether a boot disk of this kind does not fit the machine type; `None` where it does, or nothing is known.
pub(crate) fn boot_disk_misfit(machine_type: &str, kind: &str) -> Option<Misfit> {
    let disks = BOOT_DISKS.iter().find(|disks| machine_type.starts_with(disks.prefix))?;
    (!disks.kinds.contains(&kind)).then_some(Misfit { kinds: disks.kinds, certain: disks.certain })
}

/// Whether the machine type is sold only as spot or by flex-start (source: Compute Engine documentation of the
/// accelerator-optimized machine family).
pub(crate) fn is_never_on_demand(machine_type: &str) -> bool {
    ["a3-highgpu-1g", "a3-highgpu-2g", "a3-highgpu-4g"]
        .iter()
        .any(|name| machine_type == *name || machine_type.strip_suffix("-nolssd") == Some(*name))
}

/// Whether the machine type is had from a reservation alone (source: Compute Engine documentation of the
/// accelerator-optimized machine family).
pub(crate) fn needs_reservation(machine_type: &str) -> bool {
    machine_type.starts_with("a4x-")
}

/// Machine types for which compact placement goes with flex-start (source: Google's cluster toolkit, GKE node pool
/// module).
pub(crate) fn packs_with_flex_start(machine_type: &str) -> bool {
    machine_type.starts_with("a3-ultragpu-") || machine_type.starts_with("a4-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_family_name_counts() {
        assert!(boot_disk_misfit("a3-ultragpu-8g", "pd-balanced").is_some_and(|it| it.certain));
        assert_eq!(boot_disk_misfit("a3-highgpu-8g", "pd-balanced"), None);
        assert_eq!(boot_disk_misfit("a4-highgpu-8g", "hyperdisk-balanced"), None);
        assert!(boot_disk_misfit("a4x-highgpu-4g", "pd-ssd").is_some_and(|it| !it.certain));
        assert_eq!(boot_disk_misfit("x9-unknown", "pd-standard"), None);
    }

    #[test]
    fn small_h100_machines_are_never_on_demand() {
        assert!(is_never_on_demand("a3-highgpu-1g"));
        assert!(is_never_on_demand("a3-highgpu-4g-nolssd"));
        assert!(!is_never_on_demand("a3-highgpu-8g"));
    }
}
