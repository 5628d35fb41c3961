//! Licences and origins of other people's code, by the lists of `deny.toml`.
//! And the Rust that all of it is built with.

use std::{path::Path, process::Command};

use serde_json::Value;

/// The texts in quotes in this list of `deny.toml`, or after this key within it.
fn list(name: &str, key: &str) -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("deny.toml");
    let text = std::fs::read_to_string(file).unwrap();
    let (_, rest) = text.split_once(&format!("\n{name} = [")).unwrap();
    let (list, _) = rest.split_once(']').unwrap();
    let quoted = |piece: &str| piece.split('"').nth(1).map(str::to_owned);
    if key.is_empty() {
        list.split(',').filter_map(quoted).collect()
    } else {
        list.split(key).skip(1).filter_map(quoted).collect()
    }
}

/// Whether an expression of SPDX can be met with these licences.
fn met(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ");
    let spaced = spaced.replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    either(&mut words, allowed)
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut met = both(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= both(words, allowed);
    }
    met
}

fn both(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut met = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let word = words.next().expect("a licence");
    if word == "(" {
        let met = either(words, allowed);
        assert_eq!(words.next(), Some(")"));
        return met;
    }
    // An exception only permits more.
    if words.next_if_eq(&"WITH").is_some() {
        words.next();
    }
    allowed.iter().any(|licence| licence == word)
}

#[test]
fn licences_and_origins_of_other_code_are_allowed() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "metadata",
        "--format-version=1",
        "--locked",
        "--all-features",
    ]);
    cargo.arg("--filter-platform=x86_64-unknown-linux-gnu");
    let output = cargo
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success());
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100);
    let allowed = list("allow", "");
    let registries = list("allow-registry", "");
    let banned = list("deny", "crate = ");
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str();
        let licence = licence.unwrap_or_else(|| panic!("{name} has no licence"));
        assert!(met(licence, &allowed), "{name}: {licence}");
        assert!(!banned.iter().any(|banned| banned == name), "{name}");
        // Our own code has no source.
        if let Some(source) = package["source"].as_str() {
            let registry = source.strip_prefix("registry+");
            assert!(
                registries.iter().any(|known| Some(&**known) == registry),
                "{name}: {source}"
            );
        }
    }
}

#[test]
fn the_image_is_built_with_the_pinned_rust() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file| std::fs::read_to_string(root.join(file)).unwrap();
    let pin = read("rust-toolchain.toml");
    let (_, version) = pin.split_once("channel = \"").unwrap();
    let (version, _) = version.split_once('"').unwrap();
    let base = format!("\nFROM rust:{version}-bookworm AS build\n");
    assert!(read("Dockerfile").contains(&base), "{version}");
}

#[test]
fn expressions_are_understood() {
    let allowed = ["MIT", "ISC"].map(str::to_owned);
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("(MIT OR GPL-3.0) AND ISC", true),
        ("MIT AND (GPL-3.0 OR ISC)", true),
        ("MIT OR ISC AND GPL-3.0", true),
        ("GPL-3.0 WITH Some-exception", false),
    ] {
        assert_eq!(met(expression, &allowed), expected, "{expression}");
    }
}
