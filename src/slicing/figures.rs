//! Exact decimal figures: memory in GiB, shares between 0 and 1.
//!
//! Terraform compares numbers exactly, and 9.62 has no exact binary form: a figure that goes through a float
//! would differ from its own text in the state. So figures are whole counts of hundredths or ten-thousandths.

use std::fmt;
use std::iter::Sum;
use std::str::FromStr;

/// A non-negative decimal with at most `PLACES` digits after the point, held exactly.
///
/// Prints without trailing zeros (`9.5`); a precision pads it to at least so many digits (`{:.2}` gives `9.50`)
/// and never rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Fixed<const PLACES: u32>(u64);

/// Memory in GiB (2^30 bytes), exact to a hundredth: the resolution at which `nvidia-smi` prints it.
pub type Gib = Fixed<2>;

/// A share between 0 and 1, rounded half up to four decimals.
pub type Share = Fixed<4>;

impl<const PLACES: u32> Fixed<PLACES> {
    const ONE: u64 = 10_u64.pow(PLACES);

    /// Zero.
    pub const ZERO: Self = Self(0);

    /// `part / whole`, rounded half up. `None` when `whole` is zero or the result does not fit.
    #[must_use]
    pub fn ratio(part: u64, whole: u64) -> Option<Self> {
        if whole == 0 {
            return None;
        }
        let (part, whole) = (u128::from(part), u128::from(whole));
        let scaled = (2 * part * u128::from(Self::ONE) + whole) / (2 * whole);
        u64::try_from(scaled).ok().map(Self)
    }

    /// This figure `times` over; `None` when it does not fit.
    #[must_use]
    pub fn checked_mul(self, times: u64) -> Option<Self> {
        self.0.checked_mul(times).map(Self)
    }

    /// A `parts`-th of this figure, rounded down: what each of `parts` equal users can count on.
    /// `None` when `parts` is zero.
    #[must_use]
    pub fn divided_by(self, parts: u64) -> Option<Self> {
        self.0.checked_div(parts).map(Self)
    }

    /// This figure less `other`, and zero where `other` is the larger.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The nearest double, for arithmetic that needs no exactness. Use the printed form for anything kept.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        // Figures of GPUs are far below 2^53 hundredths, so the conversion is exact.
        self.0 as f64 / Self::ONE as f64
    }
}

impl<const PLACES: u32> Sum for Fixed<PLACES> {
    fn sum<I: Iterator<Item = Self>>(figures: I) -> Self {
        Self(figures.map(|figure| figure.0).sum())
    }
}

impl<const PLACES: u32> fmt::Display for Fixed<PLACES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.0 / Self::ONE;
        let mut digits = format!("{:0width$}", self.0 % Self::ONE, width = PLACES as usize);
        match f.precision() {
            Some(precision) => {
                while digits.len() < precision {
                    digits.push('0');
                }
            }
            None => digits.truncate(digits.trim_end_matches('0').len()),
        }
        if digits.is_empty() { write!(f, "{whole}") } else { write!(f, "{whole}.{digits}") }
    }
}

/// The text is not a decimal with the digits this figure can hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a decimal number with at most {places} digits after the point")]
pub struct NotAFigure {
    /// What was read.
    pub text: String,
    /// How many digits after the point are allowed.
    pub places: u32,
}

impl<const PLACES: u32> FromStr for Fixed<PLACES> {
    type Err = NotAFigure;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (whole, digits) = text.split_once('.').unwrap_or((text, "0"));
            let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            if !all_digits(whole) || !all_digits(digits) || digits.len() > PLACES as usize {
                return None;
            }
            let fraction: u64 = format!("{digits:0<width$}", width = PLACES as usize).parse().ok()?;
            whole.parse::<u64>().ok()?.checked_mul(Self::ONE)?.checked_add(fraction)
        };
        parse().map(Self).ok_or_else(|| NotAFigure { text: text.to_owned(), places: PLACES })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prints_short_or_padded() {
        let gib: Gib = "9.50".parse().unwrap();
        assert_eq!(gib.to_string(), "9.5");
        assert_eq!(format!("{gib:.2}"), "9.50");
        assert_eq!("16".parse::<Gib>().unwrap().to_string(), "16");
        assert_eq!(format!("{:.2}", "16".parse::<Gib>().unwrap()), "16.00");
        assert_eq!("0.05".parse::<Gib>().unwrap().to_string(), "0.05");
    }

    #[test]
    fn refuses_what_it_cannot_hold() {
        for text in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1.234", "1_0", " 1", "99999999999999999999"] {
            assert!(text.parse::<Gib>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn ratio_rounds_half_up() {
        assert_eq!(Share::ratio(1, 7).unwrap().to_string(), "0.1429");
        assert_eq!(Share::ratio(1, 20_000).unwrap().to_string(), "0.0001");
        assert_eq!(Share::ratio(132, 132).unwrap().to_string(), "1");
        assert_eq!(Share::ratio(1, 0), None);
    }

    proptest! {
        #[test]
        fn print_then_parse_is_the_same(hundredths in 0_u64..10_000_000) {
            let gib = Fixed::<2>(hundredths);
            prop_assert_eq!(gib.to_string().parse::<Gib>().unwrap(), gib);
            prop_assert_eq!(format!("{gib:.2}").parse::<Gib>().unwrap(), gib);
        }
    }
}
