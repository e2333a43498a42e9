use proptest::prelude::*;

use super::*;

fn number(text: &str) -> Number {
    text.parse().unwrap()
}

#[test]
fn equal_numbers_are_equal() {
    for text in ["1", "1.0", "+1", "1e0", "10e-1", "0.1e1", "0001.000"] {
        assert_eq!(number(text), Number::from(1), "{text}");
    }
    for text in ["0", "-0", "0.000", "0e99"] {
        assert_eq!(number(text), Number::ZERO, "{text}");
    }
    assert_eq!(number("0.5"), Number::from_f64(0.5).unwrap());
    assert_ne!(number("0.1"), Number::from_f64(0.1).unwrap());
    assert_eq!(number("18446744073709551615"), Number::from(u64::MAX));
}

#[test]
fn the_wire_form_is_that_of_terraform() {
    assert_eq!(number("21").wire(), Wire::Int(21));
    assert_eq!(number("-9223372036854775808").wire(), Wire::Int(i64::MIN));
    assert_eq!(number("9223372036854775808").wire(), Wire::Text("9223372036854775808".into()));
    assert_eq!(number("0.5").wire(), Wire::Float(0.5));
    assert_eq!(number("-2.25").wire(), Wire::Float(-2.25));
    assert_eq!(number("0.1").wire(), Wire::Text("0.1".into()));
    assert_eq!(number("0.05").wire(), Wire::Text("0.05".into()));
    assert_eq!(number("1e30").wire(), Wire::Text(format!("1{}", "0".repeat(30))));
}

#[test]
fn integers_come_out_when_they_fit() {
    assert_eq!(number("18446744073709551615").as_u64(), Some(u64::MAX));
    assert_eq!(number("18446744073709551616").as_u64(), None);
    assert_eq!(number("18446744073709551610").as_u64(), Some(u64::MAX - 5));
    assert_eq!(number("-1").as_u64(), None);
    assert_eq!(number("1.5").as_i64(), None);
    assert_eq!(number("9223372036854775807").as_i64(), Some(i64::MAX));
    assert!(number("1e40").is_integer() && !number("1.5").is_integer());
}

#[test]
fn what_is_no_number_is_refused() {
    for text in
        ["", "-", "+", ".", "e1", "1e", "1e+", "0x10", "1_000", "NaN", "inf", " 1", "1 ", "1.2.3", "١"]
    {
        assert!(matches!(text.parse::<Number>(), Err(NumberError::Syntax(_))), "{text}");
    }
    assert!(matches!("1e9999999999".parse::<Number>(), Err(NumberError::Exponent(_))));
    assert!(matches!("1e99999999999999999999".parse::<Number>(), Err(NumberError::Exponent(_))));
    assert_eq!(Number::from_f64(f64::NAN), Err(NumberError::NotFinite));
    assert_eq!(Number::from_f64(f64::INFINITY), Err(NumberError::NotFinite));
}

#[test]
fn huge_exponents_are_kept_without_writing_the_zeros() {
    assert_eq!(number("15e99999999").to_string(), "15e99999999");
    assert_eq!(number("-1.5e-99999999").to_string(), "-15e-100000000");
}

#[test]
fn order_is_by_size() {
    let sorted =
        ["-1e30", "-2.5", "-2", "-0.1", "0", "1e-30", "0.1", "0.15", "1", "1.5", "2", "10", "1e19", "1e30"];
    for pair in sorted.windows(2) {
        assert_eq!(number(pair[0]).cmp(&number(pair[1])), Ordering::Less, "{pair:?}");
    }
}

proptest! {
    #[test]
    fn text_round_trips(whole in "[0-9]{0,30}", fraction in "[0-9]{1,30}", exponent in -3000i64..3000, negative: bool) {
        let text = format!("{}{whole}.{fraction}e{exponent}", if negative { "-" } else { "" });
        let value = number(&text);
        prop_assert_eq!(number(&value.to_string()), value);
    }

    #[test]
    fn floats_round_trip_exactly(value: f64) {
        prop_assume!(value.is_finite());
        let exact = Number::from_f64(value).unwrap();
        prop_assert_eq!(exact.to_f64(), value);
        prop_assert_eq!(number(&exact.to_string()), exact);
    }

    #[test]
    fn order_agrees_with_floats(a: i32, b: i32, scale in -8i32..8) {
        let (x, y) = (number(&format!("{a}e{scale}")), number(&format!("{b}e{scale}")));
        prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        prop_assert_eq!(Number::from(i64::from(a)).cmp(&y) == Ordering::Equal, y == Number::from(a));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
        let _ = text.parse::<Number>();
    }
}
