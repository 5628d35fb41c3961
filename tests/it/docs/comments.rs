//! The comments of the proto files, from their descriptors.

use std::collections::{HashMap, HashSet};

use prost_types::FileDescriptorProto;

/// Numbers of the fields of a descriptor, of which paths to comments are made.
pub const MESSAGE: i32 = 4;
pub const ENUM: i32 = 5;
pub const SERVICE: i32 = 6;
/// Fields of a message, values of an enum, methods of a service.
pub const MEMBER: i32 = 2;
pub const ONEOF: i32 = 8;

/// The comments of a file, by their paths.
pub struct Comments<'a> {
    texts: HashMap<&'a [i32], &'a str>,
    names: &'a Names,
}

impl<'a> Comments<'a> {
    pub fn new(file: &'a FileDescriptorProto, names: &'a Names) -> Self {
        let locations = file.source_code_info.iter().flat_map(|info| &info.location);
        let texts = locations.map(|at| (&*at.path, at.leading_comments()));
        Self {
            texts: texts.collect(),
            names,
        }
    }

    /// What is said of a thing: paragraphs, with links.
    pub fn paragraphs(&self, path: &[i32]) -> Vec<String> {
        let text = self.texts.get(path).copied().unwrap_or_default();
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        let paragraphs = lines.split(|line| line.is_empty());
        paragraphs
            .filter(|lines| !lines.is_empty())
            .map(|lines| self.names.linked(&lines.join(" ")))
            .collect()
    }

    /// The same, as text between other things.
    pub fn block(&self, path: &[i32]) -> String {
        self.paragraphs(path).join("\n\n")
    }

    /// The same, in an item of a list.
    pub fn item(&self, path: &[i32], indent: &str) -> String {
        self.paragraphs(path).join(&format!("\n\n{indent}  "))
    }
}

/// What has a heading of its own, by which it can be linked to.
#[derive(Default)]
pub struct Names {
    /// Messages and enums.
    pub types: HashSet<String>,
    /// Methods, with the service each is of.
    pub methods: HashMap<String, String>,
}

impl Names {
    /// Where a name leads: of a type, of its field, or of a method.
    fn anchor(&self, name: &str) -> Option<String> {
        let head = name.split('.').next().unwrap_or(name);
        if self.types.contains(head) {
            return Some(head.to_lowercase());
        }
        let service = self.methods.get(name)?;
        Some(format!("{service}{name}").to_lowercase())
    }

    /// A name as code, and as a link if it has a heading.
    pub fn link(&self, name: &str) -> String {
        match self.anchor(name) {
            Some(anchor) => format!("[`{name}`](#{anchor})"),
            None => format!("`{name}`"),
        }
    }

    /// A text with what it names linked. What is not code is shown as it is.
    fn linked(&self, text: &str) -> String {
        let parts = text.split('`').enumerate();
        let parts = parts.map(|(number, part)| match number % 2 {
            0 => part.replace('<', "&lt;").replace('*', "\\*"),
            _ => self.link(part),
        });
        parts.collect()
    }
}
