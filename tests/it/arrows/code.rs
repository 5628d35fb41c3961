//! Which module names which: by `use`, by paths in the middle of code, and by way of what
//! others hand on (`pub use`).

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
};

use super::text::{Names, bare, inline, uses};
use crate::tree::files;

/// That one module names something of another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrow {
    /// Who does.
    pub from: Names,
    /// In whose file that is which is named.
    pub to: Names,
    /// Where: file, line and the path as it stands there.
    pub place: String,
}

struct Module {
    file: String,
    text: String,
}

/// The modules of a crate.
#[derive(Default)]
pub struct Code {
    modules: BTreeMap<Names, Module>,
    /// What stands under another name, too, and where.
    handed_on: HashMap<Names, Names>,
}

impl Code {
    /// All below this folder, but for the binary and for tests.
    pub fn read(folder: &Path) -> Self {
        let mut code = Self::default();
        for path in files(folder, "rs") {
            let file = path.strip_prefix(folder).unwrap().display().to_string();
            code.add(&file, &fs::read_to_string(path).unwrap());
        }
        code.hand_on();
        code
    }

    /// The same of these files.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let mut code = Self::default();
        for (file, text) in files {
            code.add(file, text);
        }
        code.hand_on();
        code
    }

    fn add(&mut self, file: &str, text: &str) {
        let names = file.trim_end_matches(".rs").split('/');
        let mut names: Names = names.map(str::to_owned).collect();
        if names.last().is_some_and(|last| last == "mod") || names == ["lib"] {
            names.pop();
        }
        if names == ["main"] || names.last().is_some_and(|last| last == "tests") {
            return;
        }
        let (file, text) = (file.to_owned(), bare(text));
        self.modules.insert(names, Module { file, text });
    }

    fn hand_on(&mut self) {
        let mut handed_on = HashMap::new();
        for (module, Module { text, .. }) in &self.modules {
            for tree in uses(text).filter(|tree| tree.is_public) {
                for (path, name) in tree.leaves {
                    let (path, name) = (self.absolute(module, &path), name);
                    if let Some(path) = path {
                        handed_on.insert([&module[..], &[name]].concat(), path);
                    }
                }
            }
        }
        self.handed_on = handed_on;
    }

    /// The path from the root of the crate, if it is of this crate.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<Names> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([module, rest].concat()),
            "super" => {
                let ups = path.iter().take_while(|name| *name == "super").count();
                let base = &module[..module.len().checked_sub(ups)?];
                Some([base, &path[ups..]].concat())
            }
            _ => {
                let child = [module, std::slice::from_ref(first)].concat();
                let is_child = self.modules.contains_key(&child);
                is_child.then(|| [module, path].concat())
            }
        }
    }

    /// The path under which something was made.
    fn resolve(&self, mut path: Names) -> Names {
        for _ in 0..8 {
            let found = (1..=path.len()).rev().find_map(|end| {
                let is_module = end < path.len() && self.modules.contains_key(&path[..end]);
                let target = self.handed_on.get(&path[..end]).filter(|_| !is_module)?;
                Some([target, &path[end..]].concat())
            });
            match found {
                Some(next) if next != path => path = next,
                _ => break,
            }
        }
        path
    }

    /// The module in whose file something is.
    fn home(&self, path: &[String]) -> Names {
        let mut ends = (0..=path.len()).rev();
        let end = ends.find(|end| self.modules.contains_key(&path[..*end]));
        path[..end.unwrap_or(0)].to_vec()
    }

    /// Every arrow from one module to another.
    pub fn arrows(&self) -> Vec<Arrow> {
        let mut arrows = Vec::new();
        for (module, Module { file, text }) in &self.modules {
            let mut named = Vec::new();
            let mut known = HashMap::new();
            for tree in uses(text) {
                for (path, name) in tree.leaves {
                    let Some(path) = self.absolute(module, &path) else {
                        continue;
                    };
                    // What is handed on of one's own parts is not used by that.
                    let handed_on = tree.is_public && path.starts_with(module);
                    let resolved = self.resolve(path);
                    // A module is used where something of it is named.
                    if !handed_on && !self.modules.contains_key(&resolved) {
                        named.push((tree.line, resolved.clone()));
                    }
                    known.insert(name, resolved);
                }
            }
            for (line, path) in inline(text) {
                let path = match known.get(&path[0]) {
                    Some(known) => Some([known, &path[1..]].concat()),
                    None => self.absolute(module, &path),
                };
                named.extend(path.map(|path| (line, self.resolve(path))));
            }
            for (line, path) in named {
                let to = self.home(&path);
                if to != *module && !to.is_empty() && !module.is_empty() {
                    let place = format!("src/{file}:{line}: {}", path.join("::"));
                    let from = module.clone();
                    arrows.push(Arrow { from, to, place });
                }
            }
        }
        arrows
    }
}
