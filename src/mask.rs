//! Field masks of updates (AIP-161): which fields an update changes.

use prost_types::FieldMask;

use crate::validate::Violations;

/// The fields an update changes.
#[derive(Debug)]
pub struct Mask {
    paths: Vec<&'static str>,
}

impl Mask {
    /// Reads a mask. `fields` are the paths that can be changed, each with
    /// whether the request populates it; `output_only` paths are ignored,
    /// unknown ones are violations.
    pub fn parse(
        violations: &mut Violations,
        mask: Option<&FieldMask>,
        fields: &[(&'static str, bool)],
        output_only: &[&str],
    ) -> Self {
        let Some(mask) = mask.filter(|mask| !mask.paths.is_empty()) else {
            return Self {
                paths: fields
                    .iter()
                    .filter(|field| field.1)
                    .map(|field| field.0)
                    .collect(),
            };
        };
        let mut paths = Vec::new();
        for path in &mask.paths {
            match fields.iter().find(|field| field.0 == path) {
                Some(field) => paths.push(field.0),
                None if path == "*" => paths.extend(fields.iter().map(|field| field.0)),
                None if output_only.contains(&path.as_str()) => {}
                None => violations.add("update_mask", "names a field that does not exist"),
            }
        }
        Self { paths }
    }

    /// Whether the field changes.
    pub fn has(&self, path: &str) -> bool {
        self.paths.contains(&path)
    }

    /// `value()` if the field changes.
    pub fn then<T>(&self, path: &str, value: impl FnOnce() -> T) -> Option<T> {
        self.has(path).then(value)
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }
}
