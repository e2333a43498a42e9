//! An exact decimal number, for options such as a price.
//!
//! Terraform compares numbers exactly, and 0.1 has no exact binary form: a price that went through a float would
//! differ from its own text in the state.

use std::fmt;
use std::str::FromStr;

/// Digits after the point that a [`Decimal`] can hold.
const PLACES: u32 = 9;
const ONE: i64 = 10_i64.pow(PLACES);

/// A decimal number between -9 and 9 billion with at most nine digits after the point, held exactly.
///
/// Prints without trailing zeros: `-1`, `0.5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal {
    billionths: i64,
}

impl Decimal {
    /// How many digits after the point it needs.
    pub fn places(self) -> u32 {
        let mut rest = self.billionths % ONE;
        let mut places = PLACES;
        while places > 0 && rest % 10 == 0 {
            rest /= 10;
            places -= 1;
        }
        places
    }

    /// Whether it is more than 0.
    pub fn is_positive(self) -> bool {
        self.billionths > 0
    }

    /// The nearest double, as JSON carries it: with up to 15 digits in all, [`Decimal::from_f64`] gives this number
    /// back.
    pub fn to_f64(self) -> f64 {
        // A printed decimal always parses; the fallback is within a rounding of the same value.
        self.to_string().parse().unwrap_or(self.billionths as f64 / ONE as f64)
    }

    /// The number that a double is the nearest to; `None` when it is out of range or needs more digits.
    pub fn from_f64(number: f64) -> Option<Self> {
        number.to_string().parse().ok()
    }
}

impl From<i32> for Decimal {
    fn from(whole: i32) -> Self {
        Decimal { billionths: i64::from(whole) * ONE }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.billionths < 0 { "-" } else { "" };
        let all = self.billionths.unsigned_abs();
        let (whole, rest) = (all / ONE.unsigned_abs(), all % ONE.unsigned_abs());
        let digits = format!("{rest:0width$}", width = PLACES as usize);
        let digits = digits.trim_end_matches('0');
        let point = if digits.is_empty() { "" } else { "." };
        write!(f, "{sign}{whole}{point}{digits}")
    }
}

/// A text that is no decimal number, or one too long to be held.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no decimal number with at most {PLACES} digits after the point")]
pub struct DecimalError {
    text: String,
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (negative, unsigned) = match text.strip_prefix('-') {
                Some(rest) => (true, rest),
                None => (false, text),
            };
            let (whole, digits) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
            let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            if !all_digits(whole) || !all_digits(digits) || digits.len() > PLACES as usize {
                return None;
            }
            let fraction: i64 = format!("{digits:0<width$}", width = PLACES as usize).parse().ok()?;
            let billionths = whole.parse::<i64>().ok()?.checked_mul(ONE)?.checked_add(fraction)?;
            Some(Decimal { billionths: if negative { -billionths } else { billionths } })
        };
        parse().ok_or_else(|| DecimalError { text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn prints_short_and_counts_its_digits() {
        for (text, printed, places) in [
            ("-1", "-1", 0),
            ("0.98765", "0.98765", 5),
            ("0.50", "0.5", 1),
            ("-0.000000001", "-0.000000001", 9),
        ] {
            assert_eq!((of(text).to_string().as_str(), of(text).places()), (printed, places));
        }
        assert_eq!(Decimal::from(-1), of("-1.0"));
        assert!(of("0.00001").is_positive() && !of("0").is_positive() && !of("-1").is_positive());
    }

    #[test]
    fn refuses_what_it_cannot_hold() {
        for text in ["", "-", ".5", "1.", "+1", "1e3", "0.0000000001", "9300000000", "1,5", "NaN", "inf"] {
            assert!(text.parse::<Decimal>().is_err(), "{text:?}");
        }
        assert_eq!(Decimal::from_f64(f64::NAN), None);
        assert_eq!(Decimal::from_f64(1e300), None);
    }

    proptest! {
        #[test]
        fn a_price_survives_json(hundred_thousandths in -1_000_000_000_i64..1_000_000_000) {
            let price = Decimal { billionths: hundred_thousandths * 10_000 };
            prop_assert_eq!(Decimal::from_f64(price.to_f64()), Some(price));
            prop_assert_eq!(of(&price.to_string()), price);
            prop_assert!(price.places() <= 5);
            let json = serde_json::to_string(&price.to_f64()).unwrap();
            prop_assert_eq!(Decimal::from_f64(serde_json::from_str(&json).unwrap()), Some(price));
        }
    }
}
