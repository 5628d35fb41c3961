//! Makers of valid requests, and of things through the API, so that a test
//! says only what it is about.

use minicrm::proto::{
    Contact, CreateContactRequest, CreateContactResponse, CreateOperatorRequest,
    CreateSourceRequest, LeadIdentity, Operator, OperatorWeight, ReplaceOperatorWeightsRequest,
    Source, create_contact_request,
};
use tonic::Status;
use uuid::Uuid;

use super::App;

/// An operator without limits.
pub fn operator(name: &str) -> Operator {
    Operator {
        name: name.to_owned(),
        ..Operator::default()
    }
}

/// A lead known by its external id.
pub fn external(id: impl std::fmt::Display) -> LeadIdentity {
    LeadIdentity {
        external_id: id.to_string(),
        ..LeadIdentity::default()
    }
}

/// A contact of a lead through a source.
pub fn contact(source: &Source, lead: LeadIdentity) -> CreateContactRequest {
    CreateContactRequest {
        source: Some(create_contact_request::Source::SourceId(source.id.clone())),
        lead: Some(lead),
        message: "Hello".to_owned(),
        request_id: String::new(),
    }
}

/// A new id for a request.
pub fn request_id() -> String {
    Uuid::now_v7().to_string()
}

impl App {
    /// Creates an operator.
    pub async fn operator(&self, operator: Operator) -> Operator {
        let request = CreateOperatorRequest {
            operator: Some(operator),
            ..Default::default()
        };
        self.operators
            .clone()
            .create_operator(request)
            .await
            .unwrap()
            .into_inner()
    }

    /// Creates a source with these weights.
    pub async fn source(&self, code: &str, weights: &[(&Operator, i32)]) -> Source {
        let source = Source {
            name: code.to_owned(),
            code: code.to_owned(),
            ..Source::default()
        };
        let request = CreateSourceRequest {
            source: Some(source),
            ..Default::default()
        };
        let source = self
            .sources
            .clone()
            .create_source(request)
            .await
            .unwrap()
            .into_inner();
        let weights = weights
            .iter()
            .map(|(operator, weight)| OperatorWeight {
                operator_id: operator.id.clone(),
                weight: Some(*weight),
                ..OperatorWeight::default()
            })
            .collect();
        let request = ReplaceOperatorWeightsRequest {
            source_id: source.id,
            weights,
            ..Default::default()
        };
        self.sources
            .clone()
            .replace_operator_weights(request)
            .await
            .unwrap()
            .into_inner()
    }

    /// Takes a contact in.
    pub async fn create_contact(
        &self,
        request: CreateContactRequest,
    ) -> Result<CreateContactResponse, Status> {
        Ok(self
            .contacts
            .clone()
            .create_contact(request)
            .await?
            .into_inner())
    }

    /// Takes a contact of a new lead in.
    pub async fn contact(&self, source: &Source) -> Contact {
        let request = contact(source, external(Uuid::now_v7()));
        self.create_contact(request).await.unwrap().contact.unwrap()
    }
}
