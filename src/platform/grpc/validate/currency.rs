//! Codes of currencies.

use iso_currency::Currency;

use super::Violations;

impl Violations {
    /// A currency that is in use, as a code of ISO 4217.
    pub fn currency(&mut self, field: &str, value: &str) -> String {
        let code = self.known_currency(field, value);
        if Currency::from_code(&code).is_some_and(|currency| !is_in_use(currency)) {
            self.add(field, "is not the code of a currency that is in use");
        }
        code
    }

    /// A code of ISO 4217, past ones and those of metals and funds included.
    pub fn known_currency(&mut self, field: &str, value: &str) -> String {
        if Currency::from_code(value).is_none() {
            self.add(field, "is not the code of a currency");
        }
        value.to_owned()
    }
}

/// Whether people pay with it: it is no metal, fund, unit of account or code for tests,
/// and no other has taken its place. (VES and VED are two names in use for one.)
fn is_in_use(currency: Currency) -> bool {
    let past = currency.is_superseded().is_some() && currency != Currency::VES;
    !(currency.is_special() || currency.is_fund() || past)
}

#[cfg(test)]
mod tests {
    use crate::platform::grpc::validate::Violations;

    #[test]
    fn currencies_are_those_that_people_pay_with() {
        let valid = |code: &str, known: bool| {
            let mut violations = Violations::new();
            if known {
                violations.known_currency("currency", code);
            } else {
                violations.currency("currency", code);
            }
            violations.finish().is_ok()
        };
        for code in [
            "EUR", "USD", "JPY", "KWD", "XOF", "XAF", "XPF", "XCD", "XCG", "VES", "VED",
        ] {
            assert!(valid(code, false) && valid(code, true), "{code}");
        }
        let metals = ["XAU", "XAG", "XPT", "XPD"];
        let units = ["XXX", "XTS", "XDR", "XSU", "XUA", "XBA", "XBD"];
        let funds = [
            "BOV", "CHE", "CHW", "CLF", "COU", "MXV", "USN", "UYI", "UYW",
        ];
        let past = ["BGN", "HRK", "CUC", "SLL", "ZWL"];
        for code in [&metals[..], &units, &funds, &past].concat() {
            assert!(!valid(code, false) && valid(code, true), "{code}");
        }
        for code in ["", "eur", "EURO", "QQQ", "DEM"] {
            assert!(!valid(code, false) && !valid(code, true), "{code}");
        }
    }
}
