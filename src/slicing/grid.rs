//! The placement grid: which stretches of a GPU's memory an instance may occupy.
//!
//! A GPU's memory is a row of units: 8 on A100 to GB300, 4 on A30, 12 on RTX PRO 6000
//! (source: `nvidia-smi mig -lgipp` transcripts). A GPU instance occupies `size` units from one of a few
//! starts that NVIDIA fixes per profile. Compute needs no grid of its own: no disjoint placement ever asks for
//! more compute slices than the GPU has, which a test proves by enumeration.

/// The units that an instance occupies, as a bit mask. `u16`, since RTX PRO 6000 has 12 of them.
pub(super) type Units = u16;

/// Where an instance of a profile may start, and how many units it occupies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Starts {
    /// The allowed first units, ascending.
    pub starts: Vec<u8>,
    /// How many units the instance occupies.
    pub size: u8,
}

impl Starts {
    /// The largest number of such instances that fit side by side on an otherwise empty GPU.
    #[must_use]
    pub fn max_side_by_side(&self) -> usize {
        // Equal intervals: taking the earliest that fits is optimal.
        let mut free_from = 0;
        let mut count = 0;
        for &start in &self.starts {
            if start >= free_from {
                free_from = start + self.size;
                count += 1;
            }
        }
        count
    }
}

/// The units from `start` to `start + size`, which must not exceed 16; the tables are read so that it does not.
pub(super) fn units(start: u8, size: u8) -> Units {
    debug_assert!(start + size <= 16, "no GPU has more than 16 placement units");
    (((1_u32 << size) - 1) << start) as Units
}
