//! Names and ids that look random and are the same for the same seed.

use serde::{Deserialize, Serialize};

/// `SplitMix64` (Steele, Lea, Flood 2014): small, good enough for names, and its whole state is one number, so that
/// it survives a restart in the state file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// `length` decimal digits.
    pub(crate) fn decimal(&mut self, length: usize) -> String {
        self.digits(b"0123456789", length)
    }

    /// `length` lower-case hexadecimal digits.
    pub(crate) fn hex(&mut self, length: usize) -> String {
        self.digits(b"0123456789abcdef", length)
    }

    /// `length` characters as Compute Engine puts them at the end of instance names.
    pub(crate) fn suffix(&mut self, length: usize) -> String {
        self.digits(b"0123456789bcdfghjklmnpqrstvwxz", length)
    }

    /// A version 4 UUID in its usual spelling.
    pub(crate) fn uuid(&mut self) -> String {
        let variant = self.digits(b"89ab", 1);
        let (a, b, c, d, e) = (self.hex(8), self.hex(4), self.hex(3), self.hex(3), self.hex(12));
        format!("{a}-{b}-4{c}-{variant}{d}-{e}")
    }

    fn digits(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length).map(|_| char::from(alphabet[(self.next() % alphabet.len() as u64) as usize])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids_and_no_two_are_equal() {
        let (mut a, mut b) = (Random::new(7), Random::new(7));
        let first: Vec<_> = (0..50).map(|_| a.uuid()).collect();
        let second: Vec<_> = (0..50).map(|_| b.uuid()).collect();
        assert_eq!(first, second);
        let distinct: std::collections::BTreeSet<_> = first.iter().collect();
        assert_eq!(distinct.len(), 50);
        assert_eq!(first[0].len(), 36);
    }
}
