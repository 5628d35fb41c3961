//! Links from one page to another: the file is there, and so is the heading.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::{Component, Path, PathBuf},
};

use super::ROOT;
use crate::tree::files;

/// The pages: those at the top, and all in these folders.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(ROOT);
    let at_the_top = fs::read_dir(root).unwrap();
    let mut pages: Vec<_> = at_the_top
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    for folder in ["benches", "deploy", "docs", "migrations"] {
        pages.extend(files(&root.join(folder), "md"));
    }
    pages.sort();
    pages
}

/// The lines of a page that are not in blocks of code, without code in them.
fn prose(text: &str) -> Vec<String> {
    let mut within = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            within = !within;
        } else if !within {
            lines.push(line.to_owned());
        }
    }
    lines
}

/// The anchor of a heading, as forges make it.
fn anchor(heading: &str) -> String {
    let shown = heading.chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        letter => letter.is_alphanumeric().then_some(letter),
    });
    shown.collect::<String>().to_lowercase()
}

/// The anchors of a page; a heading that is there twice has a number the second time.
fn anchors(text: &str) -> HashSet<String> {
    let mut seen = HashMap::new();
    let mut found = HashSet::new();
    for line in prose(text) {
        let heading = line.trim_start_matches('#');
        if heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let anchor = anchor(heading.trim());
        let times = seen.entry(anchor.clone()).or_insert(0);
        found.insert(match *times {
            0 => anchor,
            times => format!("{anchor}-{times}"),
        });
        *times += 1;
    }
    found
}

/// Where the links of a line lead. Code is not looked into.
fn targets(line: &str) -> Vec<String> {
    let code = line.split('`').enumerate();
    // What is code in the text of a link goes, and the link stays.
    let plain: String = code
        .map(|(at, part)| if at % 2 == 0 { part } else { "" })
        .collect();
    let parts = plain.split("](").skip(1);
    let targets = parts.filter_map(|part| part.split_once(')'));
    targets.map(|(target, _)| target.to_owned()).collect()
}

/// The path without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(plain.pop()),
            component => plain.push(component),
        }
    }
    plain
}

#[test]
fn links_lead_somewhere() {
    let pages = pages();
    let texts: HashMap<_, _> = pages
        .iter()
        .map(|page| (page.clone(), fs::read_to_string(page).unwrap()))
        .collect();
    let mut wrong = Vec::new();
    for page in &pages {
        let lines = prose(&texts[page]);
        for target in lines.iter().flat_map(|line| targets(line)) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let to = match file {
                "" => page.clone(),
                file => plain(&page.parent().unwrap().join(file)),
            };
            let known = texts.get(&to).map(|text| anchors(text));
            let found =
                to.exists() && known.is_none_or(|all| anchor.is_empty() || all.contains(anchor));
            if !found {
                let page = page.strip_prefix(ROOT).unwrap();
                wrong.push(format!("{} → {target}", page.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "links that lead nowhere:\n{}",
        wrong.join("\n")
    );
}

/// Every page of `docs` can be found from another.
#[test]
fn no_page_is_lost() {
    let pages = pages();
    let mut linked = HashSet::new();
    for page in &pages {
        let text = fs::read_to_string(page).unwrap();
        for target in prose(&text).iter().flat_map(|line| targets(line)) {
            let file = target.split('#').next().unwrap_or_default();
            linked.insert(plain(&page.parent().unwrap().join(file)));
        }
    }
    let docs = Path::new(ROOT).join("docs");
    let lost = pages
        .iter()
        .filter(|page| page.starts_with(&docs) && !linked.contains(*page));
    let lost: Vec<_> = lost.map(|page| page.display().to_string()).collect();
    assert!(lost.is_empty(), "no page links to:\n{}", lost.join("\n"));
}
