//! Reads `use` trees and paths from the text of a source.

/// A path like `platform::db::Conn`, from the root of the crate.
pub type Names = Vec<String>;

/// The text without comments, what is quoted, and tests.
pub fn bare(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut bare = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("r#\"") {
            rest.find("\"#").map_or(rest.len(), |end| end + 2)
        } else if c == '"' {
            quoted(rest)
        } else if rest.starts_with("'\"'") || rest.starts_with("'{'") || rest.starts_with("'}'") {
            3
        } else {
            bare.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        bare.extend(rest[..skipped].chars().filter(|c| *c == '\n'));
        rest = &rest[skipped..];
    }
    bare
}

/// The length of the literal that this begins with.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// A `use`.
pub struct Tree {
    pub line: usize,
    pub is_public: bool,
    /// Each path, with the name it is known by from then on.
    pub leaves: Vec<(Names, String)>,
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Every `use` of the text.
pub fn uses(text: &str) -> impl Iterator<Item = Tree> {
    text.match_indices("use ").filter_map(|(at, _)| {
        let line = text[..at].rsplit('\n').next().unwrap_or_default().trim();
        if !(line.is_empty() || line.starts_with("pub") || line.ends_with('{')) {
            return None;
        }
        let tree = text[at + 4..].split(';').next()?;
        let mut leaves = Vec::new();
        split(tree, &[], &mut leaves);
        Some(Tree {
            line: line_of(text, at),
            is_public: line.starts_with("pub"),
            leaves,
        })
    })
}

/// The paths of a `use` tree below `prefix`.
fn split(tree: &str, prefix: &[String], leaves: &mut Vec<(Names, String)>) {
    let tree = tree.trim();
    let Some((before, group)) = tree.split_once('{') else {
        let (path, alias) = match tree.split_once(" as ") {
            Some((path, alias)) => (path, Some(alias.trim())),
            None => (tree, None),
        };
        let mut path: Names = names(prefix, path);
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        if let Some(last) = path.last().cloned() {
            let name = alias.map_or(last, str::to_owned);
            leaves.push((path, name));
        }
        return;
    };
    let prefix = names(prefix, before);
    let group = group.trim_end().strip_suffix('}').unwrap_or(group);
    let (mut depth, mut start) = (0, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                split(&group[start..at], &prefix, leaves);
                start = at + 1;
            }
            _ => {}
        }
    }
    split(&group[start..], &prefix, leaves);
}

fn names(prefix: &[String], path: &str) -> Names {
    let names = path
        .split("::")
        .map(str::trim)
        .filter(|name| !name.is_empty());
    prefix
        .iter()
        .cloned()
        .chain(names.map(str::to_owned))
        .collect()
}

/// The paths of two names or more outside of `use`, with their lines.
pub fn inline(text: &str) -> Vec<(usize, Names)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let mut found = Vec::new();
    let mut in_use = false;
    for (number, line) in (1..).zip(text.lines()) {
        let begins = line.trim_start();
        in_use |=
            begins.starts_with("use ") || begins.starts_with("pub") && begins.contains(" use ");
        if in_use {
            in_use = !line.contains(';');
            continue;
        }
        for word in line.split(|c| !is_word(c)) {
            let path = names(&[], word);
            if word.contains("::") && path.len() > 1 && !word.starts_with(':') {
                found.push((number, path));
            }
        }
    }
    found
}
