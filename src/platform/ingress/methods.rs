//! What the edge knows of methods before their requests are decoded.

use std::{collections::HashMap, sync::Arc};

use prost::Message;
use prost_types::FileDescriptorSet;

use super::weight::Shapes;
use crate::{
    error::{Error, Result},
    platform::telemetry::metrics::MethodMetrics,
};

/// A method.
#[derive(Clone)]
pub struct Method {
    /// Whether everybody may call it: it finds out itself who it is.
    pub is_open: bool,
    /// What is counted of its calls.
    pub metrics: Arc<MethodMetrics>,
    /// The shape of its requests.
    request: usize,
}

/// The methods of a contract.
pub struct Methods {
    shapes: Shapes,
    by_path: HashMap<String, Method>,
}

impl Methods {
    /// Those of the contract with these encoded descriptors that are named, as
    /// `Service/Method`, with whether everybody may call them.
    pub fn new(
        descriptors: &[u8],
        named: impl IntoIterator<Item = (&'static str, bool)>,
    ) -> Result<Self> {
        let files = FileDescriptorSet::decode(descriptors).map_err(Error::internal)?;
        let shapes = Shapes::new(&files);
        let named: HashMap<_, _> = named.into_iter().collect();
        let mut by_path = HashMap::new();
        for file in &files.file {
            for service in &file.service {
                for method in &service.method {
                    let path = format!("{}/{}", service.name(), method.name());
                    let request = shapes.index(method.input_type());
                    let named = named.get_key_value(&*path);
                    if let (Some((name, is_open)), Some(request)) = (named, request) {
                        let path = format!("/{}.{path}", file.package());
                        let method = Method {
                            is_open: *is_open,
                            metrics: Arc::new(MethodMetrics::new(name)),
                            request,
                        };
                        by_path.insert(path, method);
                    }
                }
            }
        }
        Ok(Self { shapes, by_path })
    }

    /// The one at `path`, if there is one.
    pub fn at(&self, path: &str) -> Option<Method> {
        self.by_path.get(path).cloned()
    }

    /// Bytes of memory that a request of the method takes, which is decoded from these.
    /// Beyond `limit` it is not told by how much.
    pub fn weigh(&self, method: &Method, bytes: &[u8], limit: usize) -> usize {
        self.shapes.weigh(method.request, bytes, limit)
    }
}
