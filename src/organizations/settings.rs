//! What is settled for an organization: currencies, phone region, time zone.

use super::store::{self, Organization};
use crate::{
    error::Result,
    platform::{db::Conn, grpc::validate::Violations},
};

/// The currency of organizations that name none.
pub const DEFAULT_CURRENCY: &str = "EUR";
/// The time zone of organizations that name none.
pub const DEFAULT_TIME_ZONE: &str = "UTC";
/// Most currencies that an organization names.
const MAX_CURRENCIES: usize = 200;
/// The field of the currency of deals that name none.
const DEFAULT: &str = "organization.default_currency";
/// The field of all that deals may have.
const ALL: &str = "organization.currencies";
/// Longest name of a time zone, in characters.
const MAX_TIME_ZONE: usize = 64;

pub fn currency(violations: &mut Violations, currency: &str) -> String {
    if currency.is_empty() {
        DEFAULT_CURRENCY.to_owned()
    } else {
        violations.known_currency(DEFAULT, currency)
    }
}

pub fn currencies(violations: &mut Violations, mut currencies: Vec<String>) -> Vec<String> {
    if currencies.len() > MAX_CURRENCIES {
        violations.add(ALL, format!("are more than {MAX_CURRENCIES}"));
        return Vec::new();
    }
    for currency in &currencies {
        violations.known_currency(ALL, currency);
    }
    currencies.sort();
    currencies.dedup();
    currencies
}

pub fn region(violations: &mut Violations, region: &str) -> Option<String> {
    violations.region("organization.default_phone_region", region)
}

pub fn time_zone(violations: &mut Violations, name: &str) -> String {
    let name = violations.line("organization.time_zone", name, MAX_TIME_ZONE);
    if name.is_empty() {
        DEFAULT_TIME_ZONE.to_owned()
    } else {
        name
    }
}

/// Whether a file of the database's time zones is about some place's time, and not that of
/// its own machine, or a zone that stands beside another under the same name.
fn is_place(time_zone: &str) -> bool {
    let name = time_zone.to_ascii_lowercase();
    let other = ["localtime", "posixrules", "factory"].contains(&name.as_str());
    !other && !name.starts_with("posix/") && !name.starts_with("right/")
}

/// Checks what settings must be together, and for the database. What was so `before` is
/// not checked again: currencies go out of use.
pub async fn check(
    conn: &Conn,
    before: Option<&Organization>,
    time_zone: &str,
    default_currency: &String,
    currencies: &[String],
) -> Result<()> {
    let mut violations = Violations::new();
    if time_zone != DEFAULT_TIME_ZONE
        && before.is_none_or(|before| before.time_zone != time_zone)
        && (!is_place(time_zone) || !store::is_time_zone(conn, time_zone).await?)
    {
        violations.add("organization.time_zone", "is not the name of a time zone");
    }
    let is_new = |code: &&String| {
        before.is_none_or(|before| {
            before.default_currency != **code && !before.currencies.contains(code)
        })
    };
    if is_new(&default_currency) {
        violations.currency(DEFAULT, default_currency);
    }
    for code in currencies.iter().filter(is_new) {
        violations.currency(ALL, code);
    }
    if !currencies.is_empty() && !currencies.contains(default_currency) {
        violations.add(ALL, "are without the default currency");
    }
    violations.finish()
}
