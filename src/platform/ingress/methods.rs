//! What the edge knows of methods before their requests are decoded.

use std::{collections::HashMap, sync::LazyLock};

use prost::Message;
use prost_types::FileDescriptorSet;

use super::weight::Shapes;
use crate::{
    access::{Who, table::TABLE},
    proto,
};

/// A method.
#[derive(Clone, Copy)]
pub struct Method {
    /// Who may call it.
    pub who: Who,
    /// The shape of its requests.
    request: usize,
}

struct Methods {
    shapes: Shapes,
    by_path: HashMap<String, Method>,
}

static METHODS: LazyLock<Methods> = LazyLock::new(|| {
    // It is made with the binary.
    let files = FileDescriptorSet::decode(proto::DESCRIPTOR).unwrap_or_default();
    let shapes = Shapes::new(&files);
    let mut by_path = HashMap::new();
    for file in &files.file {
        for service in &file.service {
            for method in &service.method {
                let path = format!("{}/{}", service.name(), method.name());
                let row = TABLE.iter().find(|row| row.path == path);
                if let (Some(row), Some(request)) = (row, shapes.place(method.input_type())) {
                    let path = format!("/{}.{path}", file.package());
                    let who = row.who;
                    by_path.insert(path, Method { who, request });
                }
            }
        }
    }
    Methods { shapes, by_path }
});

impl Method {
    /// The one at `path`, if there is one.
    pub fn at(path: &str) -> Option<Self> {
        METHODS.by_path.get(path).copied()
    }

    /// Bytes of memory that a request takes, which is decoded from these. Beyond `limit`
    /// it is not told by how much.
    pub fn weigh(&self, bytes: &[u8], limit: usize) -> usize {
        METHODS.shapes.weigh(self.request, bytes, limit)
    }
}
