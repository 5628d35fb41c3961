//! Amounts of money: exact decimal numbers, as texts outside.

use std::str::FromStr;

use bigdecimal::BigDecimal;

pub use crate::model::amount::text;
use crate::{
    model::amount::{MAX_FRACTION, fraction_digits},
    platform::grpc::validate::Violations,
};

/// Most digits before the point.
const MAX_WHOLE: usize = 13;

/// An amount; none if it is empty. Whether it fits its currency is for [`check`].
pub fn parse(violations: &mut Violations, field: &str, text: &str) -> Option<BigDecimal> {
    if text.is_empty() {
        return None;
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let significant = whole.trim_start_matches('0').len();
    if !digits(whole) || !digits(fraction) {
        violations.add(field, "is not a decimal number of 0 or more, like 99.90");
    } else if significant > MAX_WHOLE || fraction.len() > usize::from(MAX_FRACTION) {
        violations.add(
            field,
            "has more than 13 digits before the point or 3 after it",
        );
    } else if let Ok(amount) = BigDecimal::from_str(text) {
        return Some(amount);
    }
    Some(BigDecimal::from(0))
}

/// Refuses an amount with more digits after the point than the currency has.
pub fn check(violations: &mut Violations, amount: &BigDecimal, currency: &str) {
    if amount != &amount.with_scale(fraction_digits(currency)) {
        violations.add(
            "deal.amount",
            "has more digits after the point than the currency",
        );
    }
}

/// The amount in thousandths, to compare by.
pub fn thousandths(amount: &BigDecimal) -> i64 {
    let (digits, _) = amount
        .with_scale(MAX_FRACTION.into())
        .into_bigint_and_exponent();
    i64::try_from(digits).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> (Option<BigDecimal>, bool) {
        let mut violations = Violations::new();
        let amount = parse(&mut violations, "amount", text);
        (amount, violations.finish().is_ok())
    }

    #[test]
    fn only_plain_decimal_numbers_are_amounts() {
        let wrong = [
            "-1",
            "+1",
            "1.",
            ".5",
            "1e3",
            " 1",
            "1 ",
            "1,5",
            "0x1",
            "1.2345",
            "NaN",
            "1..2",
            "12345678901234",
            "\u{661}",
        ];
        for text in wrong {
            assert!(!parsed(text).1, "{text}");
        }
        for text in ["0", "0.0", "0.01", "9999999999999.999", "00000000000000001"] {
            assert!(parsed(text).1, "{text}");
        }
        assert_eq!(parsed(""), (None, true));
    }

    #[test]
    fn digits_are_those_of_the_currency() {
        let fits = |amount: &str, currency: &str| {
            let mut violations = Violations::new();
            check(&mut violations, &parsed(amount).0.unwrap(), currency);
            violations.finish().is_ok()
        };
        assert!(fits("0.01", "EUR") && fits("7", "JPY") && fits("0.001", "KWD"));
        assert!(!fits("0.1", "JPY") && !fits("0.001", "EUR"));
        for (amount, currency, expected) in [
            ("1.5", "EUR", "1.50"),
            ("7", "JPY", "7"),
            ("1.5", "BHD", "1.500"),
        ] {
            assert_eq!(text(&parsed(amount).0.unwrap(), currency), expected);
        }
        let average = BigDecimal::from_str("0.005").unwrap();
        assert_eq!(text(&average, "EUR"), "0.01");
    }

    proptest! {
        #[test]
        fn an_amount_comes_back_to_the_last_cent(cents in 0_i64..1_000_000_000_000_000) {
            let written = format!("{}.{:02}", cents / 100, cents % 100);
            let (amount, valid) = parsed(&written);
            let amount = amount.unwrap();
            prop_assert!(valid);
            prop_assert_eq!(text(&amount, "EUR"), written);
            prop_assert_eq!(thousandths(&amount), cents * 10);
        }
    }
}
