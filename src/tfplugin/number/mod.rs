//! Numbers of any size and precision, exactly as Terraform's type system keeps them.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// The largest power of ten, up or down, that a number may carry.
const MAX_EXPONENT: i64 = 1_000_000_000;

/// Numbers with more digits than this are printed as `1.5e2000`.
const MAX_PLAIN_DIGITS: i64 = 1024;

/// An exact number. Equal numbers are equal whatever they were made from: `1`, `1.0` and `"1e0"` are one value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Number(Repr);

/// Every number has one representation: `Int` whenever it fits, else `Decimal`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Repr {
    Int(i64),
    Decimal(Box<Decimal>),
}

/// `digits` x 10^`exponent`; digits neither begin nor end with a zero.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

/// Why a text is not a number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Not decimal digits with an optional sign, point and exponent.
    #[error("{0:?} is not a decimal number")]
    Syntax(String),
    /// The exponent is out of the range that can be kept.
    #[error("the exponent of {0:?} is out of range")]
    Exponent(String),
    /// Infinite, or not a number.
    #[error("the number is not finite")]
    NotFinite,
}

/// A number in the form in which it travels.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Wire {
    /// Fits 64 bits with sign.
    Int(i64),
    /// Exactly a binary floating-point number, and no integer.
    Float(f64),
    /// Anything else, as decimal text.
    Text(String),
}

impl Number {
    /// Zero.
    pub const ZERO: Number = Number(Repr::Int(0));

    /// Exactly the value of a binary floating-point number (so 0.1 becomes its 55 decimal digits).
    /// To say what a person means by 0.1, parse the text `0.1`.
    ///
    /// # Errors
    /// [`NumberError::NotFinite`] for infinities and NaN.
    pub fn from_f64(value: f64) -> Result<Number, NumberError> {
        if !value.is_finite() {
            return Err(NumberError::NotFinite);
        }
        // No finite f64 has more than 767 significant decimal digits, so this loses nothing.
        format!("{value:.766e}").parse()
    }

    /// The number when it is an integer that fits.
    pub fn as_i64(&self) -> Option<i64> {
        match &self.0 {
            Repr::Int(value) => Some(*value),
            Repr::Decimal(_) => None,
        }
    }

    /// The number when it is an integer of 0 or more that fits.
    pub fn as_u64(&self) -> Option<u64> {
        match &self.0 {
            Repr::Int(value) => u64::try_from(*value).ok(),
            Repr::Decimal(decimal) if !decimal.negative && (0..20).contains(&decimal.exponent) => {
                self.to_string().parse().ok()
            }
            Repr::Decimal(_) => None,
        }
    }

    /// The nearest binary floating-point number; infinite when there is none near.
    pub fn to_f64(&self) -> f64 {
        match &self.0 {
            // Rounds to nearest, which is what is promised.
            Repr::Int(value) => *value as f64,
            Repr::Decimal(decimal) => decimal.to_f64(),
        }
    }

    /// Whether the number has no fraction.
    pub fn is_integer(&self) -> bool {
        match &self.0 {
            Repr::Int(_) => true,
            Repr::Decimal(decimal) => decimal.exponent >= 0,
        }
    }

    /// The form in which Terraform's own codec sends it.
    pub(super) fn wire(&self) -> Wire {
        match &self.0 {
            Repr::Int(value) => Wire::Int(*value),
            Repr::Decimal(decimal) => {
                decimal.as_exact_f64(self).map_or_else(|| Wire::Text(self.to_string()), Wire::Float)
            }
        }
    }
}

impl Decimal {
    fn of_int(value: i64) -> Decimal {
        let digits = value.unsigned_abs().to_string();
        let trimmed = digits.trim_end_matches('0');
        // At most 19 digits, so the difference fits.
        let exponent = (digits.len() - trimmed.len()) as i64;
        Decimal { negative: value < 0, digits: trimmed.to_owned(), exponent }
    }

    fn to_f64(&self) -> f64 {
        let sign = if self.negative { "-" } else { "" };
        // Digits and an exponent always parse; NaN could only mean that they are not.
        format!("{sign}{}e{}", self.digits, self.exponent).parse().unwrap_or(f64::NAN)
    }

    /// The floating-point number that this is exactly, when it has a fraction.
    fn as_exact_f64(&self, number: &Number) -> Option<f64> {
        // A finite binary fraction always ends with the digit 5 in decimal, which excludes most at once.
        if self.exponent >= 0 || !self.digits.ends_with('5') {
            return None;
        }
        let near = self.to_f64();
        (Number::from_f64(near).as_ref() == Ok(number)).then_some(near)
    }

    /// Position of the first digit: the number is 0.digits x 10^magnitude.
    fn magnitude(&self) -> i64 {
        self.exponent.saturating_add(i64::try_from(self.digits.len()).unwrap_or(i64::MAX))
    }

    fn compare(&self, other: &Decimal) -> Ordering {
        // Zero is the only number without digits.
        let sign = |decimal: &Decimal| match (decimal.digits.is_empty(), decimal.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        sign(self).cmp(&sign(other)).then_with(|| {
            let size = self.magnitude().cmp(&other.magnitude()).then_with(|| self.digits.cmp(&other.digits));
            if self.negative { size.reverse() } else { size }
        })
    }
}

impl FromStr for Number {
    type Err = NumberError;

    /// Reads an optional sign, digits with an optional point, and an optional exponent.
    fn from_str(text: &str) -> Result<Number, NumberError> {
        let syntax = || NumberError::Syntax(text.to_owned());
        let (negative, unsigned) = match text.as_bytes() {
            [b'-', ..] => (true, &text[1..]),
            [b'+', ..] => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => (&unsigned[..at], read_exponent(&unsigned[at + 1..], text)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
            return Err(syntax());
        }
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_start_matches('0').trim_end_matches('0');
        if significant.is_empty() {
            return Ok(Number::ZERO);
        }
        let trailing = digits.len() - digits.trim_end_matches('0').len();
        let shift = i64::try_from(trailing).ok().zip(i64::try_from(fraction.len()).ok());
        let exponent = shift
            .and_then(|(trailing, fraction)| exponent.checked_add(trailing)?.checked_sub(fraction))
            .filter(|exponent| exponent.abs() <= MAX_EXPONENT)
            .ok_or_else(|| NumberError::Exponent(text.to_owned()))?;
        Ok(Number::canonical(Decimal { negative, digits: significant.to_owned(), exponent }))
    }
}

fn read_exponent(part: &str, text: &str) -> Result<i64, NumberError> {
    let digits = part.strip_prefix(['-', '+']).unwrap_or(part);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NumberError::Syntax(text.to_owned()));
    }
    part.parse().map_err(|_| NumberError::Exponent(text.to_owned()))
}

impl Number {
    fn canonical(decimal: Decimal) -> Number {
        let fits = decimal.exponent >= 0 && decimal.magnitude() <= 19;
        if fits {
            let zeros = "0".repeat(usize::try_from(decimal.exponent).unwrap_or(0));
            let sign = if decimal.negative { "-" } else { "" };
            if let Ok(value) = format!("{sign}{}{zeros}", decimal.digits).parse() {
                return Number(Repr::Int(value));
            }
        }
        Number(Repr::Decimal(Box::new(decimal)))
    }
}

impl fmt::Display for Number {
    /// Decimal text that parses to the same number; plain up to about a thousand digits, then with an exponent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimal = match &self.0 {
            Repr::Int(value) => return write!(f, "{value}"),
            Repr::Decimal(decimal) => decimal,
        };
        let Decimal { negative, digits, exponent } = decimal.as_ref();
        if *negative {
            f.write_str("-")?;
        }
        let magnitude = decimal.magnitude();
        if exponent.abs() > MAX_PLAIN_DIGITS {
            return write!(f, "{digits}e{exponent}");
        }
        // Bounded by the check above, so the conversions cannot fail.
        let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or(0));
        if *exponent >= 0 {
            write!(f, "{digits}{}", zeros(*exponent))
        } else if magnitude > 0 {
            let (whole, fraction) = digits.split_at(usize::try_from(magnitude).unwrap_or(0));
            write!(f, "{whole}.{fraction}")
        } else {
            write!(f, "0.{}{digits}", zeros(-magnitude))
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Number) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Int(a), Repr::Int(b)) => a.cmp(b),
            (Repr::Decimal(a), Repr::Decimal(b)) => a.compare(b),
            (Repr::Int(a), Repr::Decimal(b)) => Decimal::of_int(*a).compare(b),
            (Repr::Decimal(a), Repr::Int(b)) => a.compare(&Decimal::of_int(*b)),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Number {
        Number(Repr::Int(value))
    }
}

impl From<i32> for Number {
    fn from(value: i32) -> Number {
        Number(Repr::Int(i64::from(value)))
    }
}

impl From<u32> for Number {
    fn from(value: u32) -> Number {
        Number(Repr::Int(i64::from(value)))
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Number {
        match i64::try_from(value) {
            Ok(value) => Number::from(value),
            Err(_) => {
                let digits = value.to_string();
                let trimmed = digits.trim_end_matches('0');
                let exponent = (digits.len() - trimmed.len()) as i64; // at most 20
                Number(Repr::Decimal(Box::new(Decimal {
                    negative: false,
                    digits: trimmed.to_owned(),
                    exponent,
                })))
            }
        }
    }
}

#[cfg(test)]
mod tests;
