//! How much memory a message takes when it is decoded, told from its bytes before that
//! is done: two bytes on the wire can be an empty message of some hundred in memory.

use std::collections::HashMap;

use prost::encoding::{WireType, decode_key, decode_varint};
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorSet,
    field_descriptor_proto::{Label, Type},
};

/// Messages within messages; decoders go no deeper either.
const MAX_DEPTH: usize = 100;
/// Bytes of a string, a list or a list of bytes, without what it holds.
const HANDLE: usize = 24;
/// Bytes of a number that may be absent.
const NUMBER: usize = 16;
/// Bytes of what says which message is there, or where.
const POINTER: usize = 8;
/// Lists have room for twice of what they hold.
const GROWTH: usize = 2;

/// A field that has a part in the memory of its message.
#[derive(Clone, Copy)]
enum Field {
    /// A message of this shape, `each` time so many bytes beside what it holds.
    Message { shape: usize, each: usize },
    /// Text or bytes, each time so many bytes beside what it holds.
    Text { each: usize },
    /// Many numbers.
    Numbers,
}

struct Shape {
    size: usize,
    /// By number, in order.
    parts: Vec<(u32, Field)>,
}

impl Shape {
    fn part(&self, number: u32) -> Option<Field> {
        let index = self.parts.binary_search_by_key(&number, |part| part.0);
        index.ok().map(|index| self.parts[index].1)
    }
}

/// The shapes of all messages there are.
pub struct Shapes {
    shapes: Vec<Shape>,
    indexes: HashMap<String, usize>,
}

impl Shapes {
    /// Those of the messages in these files.
    pub fn new(files: &FileDescriptorSet) -> Self {
        let mut messages = Vec::new();
        for file in &files.file {
            for message in &file.message_type {
                collect(&format!(".{}", file.package()), message, &mut messages);
            }
        }
        let indexes: HashMap<String, usize> = (0..)
            .zip(&messages)
            .map(|(index, (name, _))| (name.clone(), index))
            .collect();
        let sizes: Vec<_> = (0..messages.len())
            .map(|index| size(index, &messages, &indexes, &mut Vec::new()))
            .collect();
        let shapes = messages.iter().zip(&sizes).map(|((_, message), &size)| {
            let parts = message.field.iter().filter_map(|field| {
                let number = u32::try_from(field.number()).ok()?;
                Some((number, part(field, &indexes, &sizes)?))
            });
            let mut parts: Vec<_> = parts.collect();
            parts.sort_unstable_by_key(|part| part.0);
            Shape { size, parts }
        });
        Self {
            shapes: shapes.collect(),
            indexes,
        }
    }

    /// The index of the message with this full name, which begins with a dot.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.indexes.get(name).copied()
    }

    /// Bytes of the message at this index that is decoded from these. No less than it
    /// takes; what cannot be decoded counts as far as it can. Not looked at any further
    /// once it is more than `limit`.
    pub fn weigh(&self, index: usize, bytes: &[u8], limit: usize) -> usize {
        let mut sum = self.shapes.get(index).map_or(0, |shape| shape.size);
        self.add(index, bytes, 0, &mut sum, limit);
        sum
    }

    /// Adds what the message holds beside itself.
    fn add(&self, index: usize, mut bytes: &[u8], depth: usize, sum: &mut usize, limit: usize) {
        let Some(shape) = self.shapes.get(index).filter(|_| depth < MAX_DEPTH) else {
            return;
        };
        while *sum <= limit
            && let Some((number, wire, value)) = next(&mut bytes)
        {
            let more = match (shape.part(number), wire) {
                (Some(Field::Message { shape, each }), WireType::LengthDelimited) => {
                    self.add(shape, value, depth + 1, sum, limit);
                    each
                }
                (Some(Field::Text { each }), WireType::LengthDelimited) => each + value.len(),
                // A byte may be a number.
                (Some(Field::Numbers), WireType::LengthDelimited) => {
                    value.len().saturating_mul(GROWTH * POINTER)
                }
                (Some(Field::Numbers), _) => GROWTH * POINTER,
                _ => 0,
            };
            *sum = sum.saturating_add(more);
        }
    }
}

/// Messages and those within them, by their full names.
fn collect<'m>(
    prefix: &str,
    message: &'m DescriptorProto,
    messages: &mut Vec<(String, &'m DescriptorProto)>,
) {
    let name = format!("{prefix}.{}", message.name());
    for nested in &message.nested_type {
        collect(&name, nested, messages);
    }
    messages.push((name, message));
}

/// Bytes of a message itself, if `within` it is looked at already, of a pointer to it.
fn size(
    index: usize,
    messages: &[(String, &DescriptorProto)],
    indexes: &HashMap<String, usize>,
    within: &mut Vec<usize>,
) -> usize {
    if within.contains(&index) {
        return POINTER;
    }
    within.push(index);
    let fields =
        messages[index]
            .1
            .field
            .iter()
            .map(|field| match (field.label(), field.r#type()) {
                (Label::Repeated, _) => 2 * HANDLE,
                (_, Type::String | Type::Bytes) => HANDLE,
                (_, Type::Message) => {
                    let inner = indexes.get(field.type_name());
                    POINTER + inner.map_or(0, |&inner| size(inner, messages, indexes, within))
                }
                _ => NUMBER,
            });
    let sum = fields.sum();
    within.pop();
    sum
}

fn part(
    field: &FieldDescriptorProto,
    indexes: &HashMap<String, usize>,
    sizes: &[usize],
) -> Option<Field> {
    let many = field.label() == Label::Repeated;
    Some(match field.r#type() {
        Type::Message => {
            let shape = *indexes.get(field.type_name())?;
            // One alone is in the message that has it, unless it is behind a pointer.
            let each = if many { GROWTH * sizes[shape] } else { POINTER };
            Field::Message { shape, each }
        }
        Type::String | Type::Bytes => Field::Text {
            each: if many { GROWTH * HANDLE } else { POINTER },
        },
        _ if many => Field::Numbers,
        _ => return None,
    })
}

/// The next field: its number and, if it has a length, its bytes.
fn next<'b>(bytes: &mut &'b [u8]) -> Option<(u32, WireType, &'b [u8])> {
    let (number, wire) = decode_key(bytes).ok()?;
    let length = match wire {
        WireType::Varint => {
            decode_varint(bytes).ok()?;
            0
        }
        WireType::SixtyFourBit => 8,
        WireType::ThirtyTwoBit => 4,
        WireType::LengthDelimited => usize::try_from(decode_varint(bytes).ok()?).ok()?,
        // What is in a group is skipped, if it is known as none.
        WireType::StartGroup | WireType::EndGroup => 0,
    };
    let (value, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some((number, wire, value))
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::proto::{
        self, BatchCreateContactsRequest, CreateContactRequest, ListContactsRequest,
        ReplaceOperatorWeightsRequest, UpdateLeadRequest,
    };

    fn weigh<M: Message>(name: &str, message: &M) -> usize {
        let shapes = Shapes::new(&FileDescriptorSet::decode(proto::DESCRIPTOR).unwrap());
        let index = shapes.index(&format!(".minicrm.v1.{name}")).unwrap();
        shapes.weigh(index, &message.encode_to_vec(), usize::MAX)
    }

    /// Mutants: messages that weigh what they have on the wire; only those of the
    /// first level; names of fields that weigh nothing.
    #[test]
    fn many_small_things_weigh_what_they_take() {
        const COUNT: usize = 10_000;
        let batch = BatchCreateContactsRequest {
            requests: vec![CreateContactRequest::default(); COUNT],
            ..Default::default()
        };
        let size = size_of::<CreateContactRequest>();
        let weight = weigh("BatchCreateContactsRequest", &batch);
        assert!(weight >= COUNT * size, "{weight} for {size} each");
        assert!(weight <= COUNT * size * 8, "{weight} for {size} each");

        let weights = ReplaceOperatorWeightsRequest {
            weights: vec![proto::OperatorWeight::default(); COUNT],
            ..Default::default()
        };
        let weight = weigh("ReplaceOperatorWeightsRequest", &weights);
        assert!(weight >= COUNT * size_of::<proto::OperatorWeight>());

        let update = UpdateLeadRequest {
            update_mask: Some(prost_types::FieldMask {
                paths: vec![String::new(); COUNT],
            }),
            ..Default::default()
        };
        assert!(weigh("UpdateLeadRequest", &update) >= COUNT * HANDLE);

        let list = ListContactsRequest {
            statuses: vec![1; COUNT],
            ..Default::default()
        };
        assert!(weigh("ListContactsRequest", &list) >= COUNT * 4);
    }

    #[test]
    fn long_texts_weigh_little_more_than_they_are_long() {
        let contact = CreateContactRequest {
            message: "x".repeat(100_000),
            ..Default::default()
        };
        let weight = weigh("CreateContactRequest", &contact);
        assert!((100_000..104_000).contains(&weight), "{weight}");
    }
}
