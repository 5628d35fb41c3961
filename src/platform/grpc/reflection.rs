//! The service describes itself (gRPC reflection), in both versions of the protocol.
//! What is asked for and not there is an answer among others: clients go on asking.

use std::{
    collections::{BTreeMap, HashMap},
    pin::Pin,
    sync::Arc,
};

use futures_util::{Stream, StreamExt};
use prost::Message;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    OneofDescriptorProto,
};
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_reflection::pb::{
    v1::{
        self, ErrorResponse, ExtensionNumberResponse, FileDescriptorResponse, ListServiceResponse,
        ServerReflectionRequest, ServerReflectionResponse, ServiceResponse,
        server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
        server_reflection_server::ServerReflectionServer,
    },
    v1alpha,
};

use crate::error::{Error, Result};

/// Bytes of a question.
const MAX_QUESTION: usize = 4096;

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// A set of files, each as its bytes: what else is in it than is known here is kept.
#[derive(Message)]
struct Files {
    #[prost(bytes = "vec", repeated, tag = "1")]
    file: Vec<Vec<u8>>,
}

/// All that can be asked for.
#[derive(Default)]
struct Index {
    services: Vec<ServiceResponse>,
    files: HashMap<String, Arc<[u8]>>,
    /// The files of everything that has a name.
    symbols: HashMap<String, Arc<[u8]>>,
    /// The files of extensions, by what they extend and their numbers.
    extensions: BTreeMap<(String, i32), Arc<[u8]>>,
}

/// Describes services, from the descriptors it is made with.
#[derive(Clone)]
pub struct Reflection(Arc<Index>);

impl Reflection {
    /// From sets of files, and those of reflection itself.
    pub fn new(sets: &[&[u8]]) -> Result<Self> {
        let own = [v1::FILE_DESCRIPTOR_SET, v1alpha::FILE_DESCRIPTOR_SET];
        let mut index = Index::default();
        for set in sets.iter().chain(&own) {
            for bytes in Files::decode(*set).map_err(Error::internal)?.file {
                let file = FileDescriptorProto::decode(&*bytes).map_err(Error::internal)?;
                index.add(&file, &Arc::from(bytes));
            }
        }
        Ok(Self(Arc::new(index)))
    }

    /// The service of version 1.
    pub fn v1(&self) -> ServerReflectionServer<Self> {
        ServerReflectionServer::new(self.clone()).max_decoding_message_size(MAX_QUESTION)
    }

    /// The service of the version before, which most clients still speak.
    pub fn v1alpha(&self) -> v1alpha::server_reflection_server::ServerReflectionServer<Self> {
        v1alpha::server_reflection_server::ServerReflectionServer::new(self.clone())
            .max_decoding_message_size(MAX_QUESTION)
    }
}

impl Index {
    fn add(&mut self, file: &FileDescriptorProto, bytes: &Arc<[u8]>) {
        // A file that is in several sets is the same in all of them.
        if self
            .files
            .insert(file.name().to_owned(), Arc::clone(bytes))
            .is_some()
        {
            return;
        }
        let package = file.package();
        for message in &file.message_type {
            self.add_message(package, message, bytes);
        }
        for values in &file.enum_type {
            self.add_enum(package, values, bytes);
        }
        for extension in &file.extension {
            self.add_symbol(package, extension.name(), bytes);
            let extended = extension.extendee().trim_start_matches('.').to_owned();
            let key = (extended, extension.number());
            self.extensions.insert(key, Arc::clone(bytes));
        }
        for service in &file.service {
            let name = self.add_symbol(package, service.name(), bytes);
            for method in &service.method {
                self.add_symbol(&name, method.name(), bytes);
            }
            self.services.push(ServiceResponse { name });
        }
    }

    fn add_message(&mut self, within: &str, message: &DescriptorProto, bytes: &Arc<[u8]>) {
        let name = self.add_symbol(within, message.name(), bytes);
        for nested in &message.nested_type {
            self.add_message(&name, nested, bytes);
        }
        for values in &message.enum_type {
            self.add_enum(&name, values, bytes);
        }
        let fields = message.field.iter().map(FieldDescriptorProto::name);
        for part in fields.chain(message.oneof_decl.iter().map(OneofDescriptorProto::name)) {
            self.add_symbol(&name, part, bytes);
        }
    }

    /// The values of an enum are named beside it.
    fn add_enum(&mut self, within: &str, values: &EnumDescriptorProto, bytes: &Arc<[u8]>) {
        let name = self.add_symbol(within, values.name(), bytes);
        for value in &values.value {
            self.add_symbol(within, value.name(), bytes);
            self.add_symbol(&name, value.name(), bytes);
        }
    }

    fn add_symbol(&mut self, within: &str, name: &str, bytes: &Arc<[u8]>) -> String {
        let name = if within.is_empty() {
            name.to_owned()
        } else {
            format!("{within}.{name}")
        };
        self.symbols.insert(name.clone(), Arc::clone(bytes));
        name
    }

    fn answer(&self, question: ServerReflectionRequest) -> ServerReflectionResponse {
        let found = match &question.message_request {
            Some(MessageRequest::ListServices(_)) => {
                Some(MessageResponse::ListServicesResponse(ListServiceResponse {
                    service: self.services.clone(),
                }))
            }
            Some(MessageRequest::FileByFilename(name)) => self.files.get(name).map(file),
            Some(MessageRequest::FileContainingSymbol(name)) => self.symbols.get(name).map(file),
            Some(MessageRequest::AllExtensionNumbersOfType(name)) => {
                self.symbols.get(name).map(|_| {
                    let extensions = self.extensions.keys().filter(|key| key.0 == *name);
                    MessageResponse::AllExtensionNumbersResponse(ExtensionNumberResponse {
                        base_type_name: name.clone(),
                        extension_number: extensions.map(|key| key.1).collect(),
                    })
                })
            }
            Some(MessageRequest::FileContainingExtension(asked)) => {
                let key = (asked.containing_type.clone(), asked.extension_number);
                self.extensions.get(&key).map(file)
            }
            None => Some(failure(Code::InvalidArgument, "nothing is asked for")),
        };
        let missing = || failure(Code::NotFound, "there is nothing of this name here");
        ServerReflectionResponse {
            valid_host: question.host.clone(),
            original_request: Some(question),
            message_response: Some(found.unwrap_or_else(missing)),
        }
    }
}

fn file(bytes: &Arc<[u8]>) -> MessageResponse {
    MessageResponse::FileDescriptorResponse(FileDescriptorResponse {
        file_descriptor_proto: vec![bytes.to_vec()],
    })
}

fn failure(code: Code, message: &str) -> MessageResponse {
    MessageResponse::ErrorResponse(ErrorResponse {
        error_code: code.into(),
        error_message: message.to_owned(),
    })
}

#[tonic::async_trait]
impl v1::server_reflection_server::ServerReflection for Reflection {
    type ServerReflectionInfoStream = Answers<ServerReflectionResponse>;

    async fn server_reflection_info(
        &self,
        questions: Request<Streaming<ServerReflectionRequest>>,
    ) -> Result<Response<Self::ServerReflectionInfoStream>, Status> {
        let index = Arc::clone(&self.0);
        let answer = move |question: Result<_, _>| question.map(|asked| index.answer(asked));
        Ok(Response::new(questions.into_inner().map(answer).boxed()))
    }
}

#[tonic::async_trait]
impl v1alpha::server_reflection_server::ServerReflection for Reflection {
    type ServerReflectionInfoStream = Answers<v1alpha::ServerReflectionResponse>;

    async fn server_reflection_info(
        &self,
        questions: Request<Streaming<v1alpha::ServerReflectionRequest>>,
    ) -> Result<Response<Self::ServerReflectionInfoStream>, Status> {
        let index = Arc::clone(&self.0);
        let answer =
            move |question: Result<_, _>| question.map(|asked| again(&index.answer(again(&asked))));
        Ok(Response::new(questions.into_inner().map(answer).boxed()))
    }
}

/// The same message in the other version, which has the same fields.
fn again<T: Message + Default>(message: &impl Message) -> T {
    T::decode(&*message.encode_to_vec()).unwrap_or_default()
}
