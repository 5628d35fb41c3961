//! Compares arrows with the table, and finds circles.

use std::collections::{BTreeMap, BTreeSet};

use super::{ARROWS, MEANINGS, code::Arrow, text::Names};

/// The part that a module belongs to.
fn part(module: &[String]) -> String {
    let depth = match module[0].as_str() {
        "platform" | "api" => 2,
        _ => 1,
    };
    module[..depth.min(module.len())].join("::")
}

/// What the words of a row stand for.
pub fn meaning(words: &str) -> BTreeSet<String> {
    let mut meant = BTreeSet::new();
    for word in words.split_whitespace() {
        match MEANINGS.iter().find(|(name, _)| *name == word) {
            Some((_, words)) => meant.extend(meaning(words)),
            None => drop(meant.insert(word.to_owned())),
        }
    }
    meant
}

/// A circle among these, if there is one.
pub fn circle<T: Ord + Clone>(arrows: impl IntoIterator<Item = (T, T)>) -> Option<Vec<T>> {
    let mut ways: BTreeMap<T, BTreeSet<T>> = BTreeMap::new();
    for (from, to) in arrows {
        ways.entry(to.clone()).or_default();
        ways.entry(from).or_default().insert(to);
    }
    // Whoever leads nowhere is in none.
    while let Some(end) = ways.iter().find(|(_, to)| to.is_empty()) {
        let end = end.0.clone();
        ways.remove(&end);
        for to in ways.values_mut() {
            to.remove(&end);
        }
    }
    let mut walked = vec![ways.keys().next()?.clone()];
    loop {
        let next = ways[walked.last()?].first()?.clone();
        if let Some(start) = walked.iter().position(|before| *before == next) {
            walked.push(next);
            return Some(walked.split_off(start));
        }
        walked.push(next);
    }
}

fn between_parts(arrows: &[Arrow]) -> impl Iterator<Item = (String, String, &Arrow)> {
    let named = arrows
        .iter()
        .map(|arrow| (part(&arrow.from), part(&arrow.to), arrow));
    named.filter(|(from, to, _)| from != to && !from.starts_with(&format!("{to}::")))
}

/// What breaks the rules: arrows, then circles.
pub fn broken(arrows: &[Arrow]) -> Vec<String> {
    let allowed: BTreeMap<_, _> = ARROWS
        .iter()
        .map(|(from, to)| (*from, meaning(to)))
        .collect();
    let mut found = Vec::new();
    for (from, to, arrow) in between_parts(arrows) {
        let is_allowed = allowed
            .get(&*from)
            .is_some_and(|allowed| allowed.contains(&to));
        if !is_allowed {
            found.push(format!("{from} -> {to}: {}", arrow.place));
        }
    }
    let parts = between_parts(arrows);
    if let Some(circle) = circle(parts.map(|(from, to, _)| (from, to))) {
        found.push(format!("a circle of parts: {}", circle.join(" -> ")));
    }
    let mut by_part: BTreeMap<String, Vec<&Arrow>> = BTreeMap::new();
    for arrow in arrows
        .iter()
        .filter(|arrow| part(&arrow.from) == part(&arrow.to))
    {
        by_part.entry(part(&arrow.from)).or_default().push(arrow);
    }
    for arrows in by_part.into_values() {
        let names = |module: &Names| module.join("::");
        let files = arrows
            .iter()
            .map(|arrow| (names(&arrow.from), names(&arrow.to)));
        if let Some(circle) = circle(files) {
            found.push(format!("a circle of files: {}", circle.join(" -> ")));
            let steps = circle.windows(2).filter_map(|step| {
                let is_step = |arrow: &&&Arrow| {
                    (names(&arrow.from), names(&arrow.to)) == (step[0].clone(), step[1].clone())
                };
                arrows.iter().find(is_step)
            });
            found.extend(steps.map(|arrow| format!("    {}", arrow.place)));
        }
    }
    found
}
