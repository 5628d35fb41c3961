//! Texts that are looked for in an index of trigrams, or by walking through rows.

use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Uuid as SqlUuid},
};

/// How many rows with a text are looked up at most.
pub const LOOK_UP: i64 = 1000;

/// A row that has a text.
#[derive(Debug, QueryableByName)]
pub struct Row<I> {
    /// Of the row.
    #[diesel(sql_type = SqlUuid)]
    pub id: I,
}

/// How many rows had a text, on a walk.
#[derive(Debug, QueryableByName)]
pub struct Walked {
    #[diesel(sql_type = BigInt)]
    /// How many had it.
    pub found: i64,
    /// Whether the walk ended before the rows did.
    #[diesel(sql_type = Bool)]
    pub stopped: bool,
}

/// The pattern of LIKE for what has this text in it.
pub fn pattern(text: &str) -> String {
    let escaped = text.replace('\\', r"\\").replace('%', r"\%");
    format!("%{}%", escaped.replace('_', r"\_"))
}

/// Whether the index can tell this text from most others: whether it has three
/// letters or digits in a row, or two where a word begins or ends.
pub fn has_trigrams(text: &str) -> bool {
    let words: Vec<_> = text.split(|c: char| !c.is_alphanumeric()).collect();
    words.iter().any(|word| match word.chars().count() {
        0 | 1 => false,
        2 => words.len() > 1,
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use super::has_trigrams;

    #[test]
    fn texts_that_an_index_of_trigrams_finds_are_told_from_others() {
        for text in [
            "ann",
            "li b",
            "@ab",
            "ab.",
            "b@c.de",
            "\u{43c}\u{430}\u{440}",
        ] {
            assert!(has_trigrams(text), "{text}");
        }
        for text in ["a", "ab", "a.", "+1", "a b c", "%%%", "\u{43c}\u{430}"] {
            assert!(!has_trigrams(text), "{text}");
        }
    }
}
