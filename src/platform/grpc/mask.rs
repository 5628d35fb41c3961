//! Field masks of updates (AIP-161): which fields an update changes.

use prost_types::FieldMask;

use crate::platform::grpc::validate::Violations;

/// A message that updates change, with fields that they do not.
pub trait Resource {
    /// All fields.
    const FIELDS: &'static [&'static str];
    /// Those that the contract says are output only (`google.api.field_behavior`).
    const OUTPUT_ONLY: &'static [&'static str];
}

include!(concat!(env!("OUT_DIR"), "/resources.rs"));

/// An output-only field, and the methods that change it.
pub type Elsewhere = (&'static str, &'static str);

/// The fields an update changes.
#[derive(Debug)]
pub struct Mask {
    paths: Vec<&'static str>,
}

impl Mask {
    /// Reads a mask of an update of `R`. `fields` are the paths that can be changed, each
    /// with whether the request populates it. To name another is a violation; of those
    /// that are changed `elsewhere` it says by which methods.
    pub fn parse<R: Resource>(
        violations: &mut Violations,
        mask: Option<&FieldMask>,
        fields: &[(&'static str, bool)],
        elsewhere: &[Elsewhere],
    ) -> Self {
        debug_assert!(
            R::FIELDS.iter().all(|name| {
                let changes = fields.iter().any(|field| field.0 == *name) || *name == "etag";
                changes != R::OUTPUT_ONLY.contains(name)
            }),
            "a field is changed, or output only"
        );
        debug_assert!(
            elsewhere
                .iter()
                .all(|field| R::OUTPUT_ONLY.contains(&field.0))
        );
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
                None => violations.add("update_mask", refusal::<R>(path, elsewhere)),
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
fn refusal<R: Resource>(path: &str, elsewhere: &[Elsewhere]) -> String {
    match elsewhere.iter().find(|field| field.0 == path) {
        Some((path, methods)) => format!("names `{path}`, which is changed by {methods}"),
        None if R::OUTPUT_ONLY.contains(&path) => {
            format!("names `{path}`, which is output only")
        }
        None => "names a field that does not exist".to_owned(),
    }
}

/// A new value, if it is given and not the present one: what is unchanged is neither
/// checked nor written again.
pub fn other<T: PartialEq>(new: Option<T>, present: &T) -> Option<T> {
    new.filter(|new| new != present)
}
