//! Amounts of money, as texts.

use bigdecimal::{BigDecimal, RoundingMode};
use iso_currency::Currency;

/// Most digits after the point, whatever the currency.
pub const MAX_FRACTION: u16 = 3;
/// Digits after the point of a currency that is not said to have others.
const USUAL_FRACTION: u16 = 2;

/// The amount with as many digits after the point as its currency has. Averages
/// are rounded to them, half up.
pub fn text(amount: &BigDecimal, currency: &str) -> String {
    amount
        .with_scale_round(fraction_digits(currency), RoundingMode::HalfUp)
        .to_plain_string()
}

/// How many digits after the point a currency has.
pub fn fraction_digits(currency: &str) -> i64 {
    let digits = Currency::from_code(currency).and_then(Currency::exponent);
    digits.unwrap_or(USUAL_FRACTION).min(MAX_FRACTION).into()
}
