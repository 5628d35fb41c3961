//! The contract, generated from `proto/`.
#![allow(
    missing_docs,
    clippy::pedantic,
    clippy::large_enum_variant,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    rustdoc::all,
    reason = "generated"
)]

tonic::include_proto!("minicrm.v1");

/// `google.type.Date`, which no crate of ours has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct Date {
    #[prost(int32, tag = "1")]
    pub year: i32,
    #[prost(int32, tag = "2")]
    pub month: i32,
    #[prost(int32, tag = "3")]
    pub day: i32,
}

/// The descriptors of the contract and of all it imports, comments included,
/// as reflection serves them.
pub const DESCRIPTOR: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/minicrm.bin"));

/// The full names of the services of the contract.
pub fn service_names() -> crate::error::Result<Vec<String>> {
    let set = <prost_types::FileDescriptorSet as prost::Message>::decode(DESCRIPTOR)
        .map_err(crate::error::Error::internal)?;
    let names = set.file.iter().flat_map(|file| {
        file.service
            .iter()
            .map(|service| format!("{}.{}", file.package(), service.name()))
    });
    Ok(names.collect())
}
