//! Where the memory in a profile's name comes from.
//!
//! The driver names a profile after the total memory it reports, so the same instance has other names on other
//! boards. The rule: the instance's share of memory is rounded up to a whole eighth, multiplied with the
//! total in whole GiB (rounded up), and rounded to the nearest whole number, halves up
//! (source: NVIDIA go-nvlib, MIG profile naming). With it, names on a board that no table holds are predicted,
//! and the table checks itself.

use super::gpu::Grid;
use super::profile::MigProfile;

/// The memory in the name of an instance of `size` of `units` placement units, on a GPU that reports
/// `total_gb` GiB in all (rounded up).
#[must_use]
pub fn memory_gb(size: u8, units: u8, total_gb: u16) -> u16 {
    let (size, units, total) = (u32::from(size), u32::from(units), u32::from(total_gb));
    let eighths = (8 * size).div_ceil(units);
    // The share is at most 8 eighths, so the result is at most the total and fits.
    ((2 * eighths * total + 8) / 16) as u16
}

/// The plain profiles that a board with this grid and memory would have, smallest first, by the rule above and
/// the shapes that all boards of the family share. A prediction: for boards that no table holds.
#[must_use]
pub fn predict(grid: Grid, total_gb: u16) -> Vec<MigProfile> {
    // (compute slices, eighths of memory), source: NVIDIA MIG user guide.
    let shapes: &[(u8, u8)] = match grid.compute_slices {
        7 => &[(1, 1), (1, 2), (2, 2), (3, 4), (4, 4), (7, 8)],
        4 => &[(1, 2), (2, 4), (4, 8)],
        _ => &[],
    };
    shapes
        .iter()
        .map(|&(slices, eighths)| MigProfile::plain(slices, memory_gb(eighths, 8, total_gb)))
        .collect()
}
