//! The pages for people: what is made of the code is as the code is, and links
//! lead somewhere.

mod api;
mod comments;
mod configuration;
mod errors;
mod links;
mod permissions;
mod reasons;

use std::{env, fs, path::Path};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Asserts that a page of `docs/reference` is as made; `UPDATE_DOCS=1` writes it.
fn assert_page(name: &str, text: &str) {
    let path = Path::new(ROOT).join("docs/reference").join(name);
    let text = format!(
        "<!-- Made of the code by `UPDATE_DOCS=1 cargo test --test it docs`: not to be changed here. -->\n\n{text}"
    );
    #[expect(clippy::disallowed_methods, reason = "not a setting of the service")]
    if env::var("UPDATE_DOCS").is_ok() {
        fs::write(path, text).unwrap();
        return;
    }
    let shown = fs::read_to_string(path).unwrap_or_default();
    let different = shown.lines().zip(text.lines()).find(|(a, b)| a != b);
    assert!(
        shown == text,
        "docs/reference/{name} is stale: UPDATE_DOCS=1 writes it anew; first difference: {different:?}"
    );
}

#[test]
fn the_readme_is_short() {
    let readme = fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap();
    let lines = readme.lines().count();
    assert!(lines <= 150, "{lines} lines");
}
