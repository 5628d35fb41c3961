//! Codes of sources: what they look like, and how they are made from names.

use super::store::{self, NewSource, Source};
use crate::{
    error::{Error, Resource, Result},
    platform::db::TenantTx,
};

/// Longest code of a source, in characters.
pub const MAX_CODE: usize = 64;
/// How much of a code that is taken is left before a number.
const STEM: usize = MAX_CODE - 8;

/// The code as it is kept: in lower case.
pub fn normalize_code(code: &str) -> String {
    code.trim().to_ascii_lowercase()
}

/// Whether a normalised code is well-formed.
pub fn is_code(code: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    code.len() <= MAX_CODE
        && code.starts_with(letter)
        && code
            .chars()
            .all(|c| letter(c) || matches!(c, '.' | '_' | '-'))
}

/// The code of a source with this name: the name, if it is one, else made from it:
/// transliterated, hyphens between words.
pub fn derive_code(name: &str) -> String {
    let code = normalize_code(name);
    if is_code(&code) {
        return code;
    }
    let code: String = slug::slugify(name).chars().take(MAX_CODE).collect();
    let code = code.trim_end_matches('-');
    if code.is_empty() {
        "source".to_owned()
    } else {
        code.to_owned()
    }
}

/// Inserts a source with the first code of `code`, `code-2`, `code-3`… that is
/// free. What is too long for a number is cut.
pub async fn insert_with_derived_code(
    tx: &TenantTx,
    code: &str,
    new_source: &(impl Fn(String) -> NewSource + Sync),
) -> Result<Source> {
    for number in 1..=1000 {
        let code = if number == 1 {
            code.to_owned()
        } else {
            format!("{code:.STEM$}-{number}")
        };
        if let Some(source) = store::insert(tx, &new_source(code)).await? {
            return Ok(source);
        }
    }
    Err(Error::AlreadyExists {
        kind: Resource::Source,
        field: "code",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_code_is_well_formed() {
        for (name, code) in [
            ("Telegram Bot", "telegram-bot"),
            ("telegram_bot", "telegram_bot"),
            ("Site.v2", "site.v2"),
            ("_bot", "bot"),
            ("Форма на сайте", "forma-na-saite"),
            ("🙂🙂", "slightly-smiling-face-slightly-smiling-face"),
            ("…", "source"),
            ("---", "source"),
        ] {
            let derived = derive_code(name);
            assert!(is_code(&derived), "{name} gives {derived}");
            if name.is_ascii() || name.starts_with('Ф') {
                assert_eq!(derived, code);
            }
        }
        assert!(is_code(&derive_code(&"long ".repeat(60))));
    }
}
