//! Field masks of updates (AIP-161): which fields an update changes.

use prost_types::FieldMask;

use crate::platform::grpc::validate::Violations;

/// The path of a field that updates do not change, and the methods that do: none if
/// empty.
pub type OutputOnly = (&'static str, &'static str);

/// The fields an update changes.
#[derive(Debug)]
pub struct Mask {
    paths: Vec<&'static str>,
}

impl Mask {
    /// Reads a mask. `fields` are the paths that can be changed, each with
    /// whether the request populates it. To name another is a violation; of the
    /// `output_only` ones it says which methods change them, if any do.
    pub fn parse(
        violations: &mut Violations,
        mask: Option<&FieldMask>,
        fields: &[(&'static str, bool)],
        output_only: &[OutputOnly],
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
                // It is compared, whatever the mask names.
                None if path == "etag" => {}
                None => violations.add("update_mask", refusal(path, output_only)),
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
}

/// What is wrong with a path that cannot be changed.
fn refusal(path: &str, output_only: &[OutputOnly]) -> String {
    match output_only.iter().find(|field| field.0 == path) {
        None => "names a field that does not exist".to_owned(),
        Some((path, "")) => format!("names `{path}`, which is output only"),
        Some((path, methods)) => format!("names `{path}`, which is changed by {methods}"),
    }
}

/// A new value, if it is given and not the present one: what is unchanged is neither
/// checked nor written again.
pub fn other<T: PartialEq>(new: Option<T>, present: &T) -> Option<T> {
    new.filter(|new| new != present)
}
