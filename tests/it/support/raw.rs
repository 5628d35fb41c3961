//! Any bytes as a request to any method, and what the contract says of messages.

use std::collections::HashMap;

use minicrm::proto::DESCRIPTOR;
use prost::{
    Message,
    bytes::{Buf, BufMut},
};
use prost_types::{DescriptorProto, FileDescriptorSet};
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};

use super::App;

/// Takes messages for the bytes they are.
#[derive(Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, bytes: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&bytes);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let bytes = buffer.copy_to_bytes(buffer.remaining());
        Ok(Some(bytes.to_vec()))
    }
}

/// The messages of the contract by full name, which begins with a dot.
pub fn messages() -> HashMap<String, DescriptorProto> {
    let set = FileDescriptorSet::decode(DESCRIPTOR).unwrap();
    let files = set.file.into_iter().flat_map(|file| {
        let package = file.package().to_owned();
        let name = move |message: &DescriptorProto| format!(".{package}.{}", message.name());
        let messages = file.message_type.into_iter();
        messages.map(move |message| (name(&message), message))
    });
    files.collect()
}

impl App {
    /// Sends these bytes to a method.
    pub async fn send(
        &self,
        service: &str,
        method: &str,
        bytes: Vec<u8>,
    ) -> Result<Vec<u8>, Status> {
        let mut grpc = Grpc::new(self.caller.clone());
        grpc.ready().await.unwrap();
        let path = format!("/minicrm.v1.{service}/{method}").parse().unwrap();
        let answer = grpc.unary(Request::new(bytes), path, Raw).await?;
        Ok(answer.into_inner())
    }
}
