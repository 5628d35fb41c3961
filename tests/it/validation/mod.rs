//! Bad input: every method names all fields that are wrong, and takes what is
//! just within the limits.

use minicrm::proto::{
    BatchCreateContactsRequest, CreateContactRequest, CreateLeadRequest, CreateOperatorRequest,
    CreateSourceRequest, DeleteLeadRequest, DeleteOperatorRequest, DeleteSourceRequest,
    GetContactRequest, GetLeadRequest, GetOperatorRequest, GetSourceRequest, Lead,
    ListAssignmentsRequest, ListLeadsRequest, LookupLeadRequest, PreviewDistributionRequest,
    ReassignContactRequest, RemoveOperatorWeightRequest, UpdateContactRequest, UpdateLeadRequest,
    UpdateOperatorRequest, UpdateSourceRequest, lookup_lead_request,
};
use tonic::Code;
use uuid::Uuid;

use crate::support::{App, assert_error, assert_invalid, call};

/// Checks that exactly these fields are refused.
macro_rules! assert_refused {
    ($($app:ident.$service:ident.$method:ident($request:expr) => $fields:expr;)*) => {$(
        assert_invalid(call!($app.$service.$method($request)), &$fields);
    )*};
}

/// Checks that a request without its message says so first.
macro_rules! assert_required {
    ($($app:ident.$service:ident.$method:ident($request:ident) => $field:literal;)*) => {$(
        let outcome = call!($app.$service.$method($request::default()));
        let details = assert_error(outcome, Code::InvalidArgument, "INVALID_FIELDS");
        let violations = &details.bad_request().unwrap().field_violations;
        assert_eq!(violations[0].field, $field);
    )*};
}

mod others;
mod sale;

fn lead(external_id: &str, phone: &str, email: &str, name: &str, owner_user_id: &str) -> Lead {
    Lead {
        external_id: external_id.to_owned(),
        phone: phone.to_owned(),
        email: email.to_owned(),
        name: name.to_owned(),
        owner_user_id: owner_user_id.to_owned(),
        ..Lead::default()
    }
}

fn create_lead(lead: Lead) -> CreateLeadRequest {
    CreateLeadRequest {
        lead: Some(lead),
        ..Default::default()
    }
}

fn x(times: usize) -> String {
    "x".repeat(times)
}

fn bad() -> String {
    "bad".to_owned()
}

#[tokio::test]
async fn a_request_needs_its_message() {
    let app = App::start().await;
    assert_required! {
        app.leads.create_lead(CreateLeadRequest) => "lead";
        app.leads.update_lead(UpdateLeadRequest) => "lead";
        app.operators.create_operator(CreateOperatorRequest) => "operator";
        app.operators.update_operator(UpdateOperatorRequest) => "operator";
        app.sources.create_source(CreateSourceRequest) => "source";
        app.sources.update_source(UpdateSourceRequest) => "source";
        app.contacts.update_contact(UpdateContactRequest) => "contact";
        app.contacts.create_contact(CreateContactRequest) => "source";
        app.contacts.batch_create_contacts(BatchCreateContactsRequest) => "requests";
        app.leads.lookup_lead(LookupLeadRequest) => "identifier";
    }
}

#[tokio::test]
async fn an_id_is_a_hyphenated_uuid() {
    let app = App::start().await;
    let uuid = Uuid::now_v7();
    for id in [
        String::new(),
        bad(),
        uuid.braced().to_string(),
        uuid.urn().to_string(),
        uuid.simple().to_string(),
        format!(" {uuid}"),
        format!("{uuid}0"),
        format!("{}\0", &uuid.to_string()[1..]),
    ] {
        let (id, etag) = (id.clone(), String::new());
        assert_refused! {
            app.leads.get_lead(GetLeadRequest { id: id.clone(), ..Default::default() }) => ["id"];
            app.leads.delete_lead(DeleteLeadRequest { id: id.clone(), ..Default::default() }) => ["id"];
            app.operators.get_operator(GetOperatorRequest { id: id.clone() }) => ["id"];
            app.operators.delete_operator(DeleteOperatorRequest { id: id.clone(), etag: etag.clone(), ..Default::default() }) => ["id"];
            app.sources.get_source(GetSourceRequest { id: id.clone() }) => ["id"];
            app.sources.delete_source(DeleteSourceRequest { id: id.clone(), ..Default::default() }) => ["id"];
            app.sources.preview_distribution(PreviewDistributionRequest { source_id: id.clone() }) => ["source_id"];
            app.contacts.get_contact(GetContactRequest { id: id.clone() }) => ["id"];
            app.contacts.list_assignments(ListAssignmentsRequest { contact_id: id.clone(), ..Default::default() }) => ["contact_id"];
            app.contacts.reassign_contact(ReassignContactRequest { id: id.clone(), operator_id: Some(id.clone()), ..Default::default() }) => ["id", "operator_id"];
            app.sources.remove_operator_weight(RemoveOperatorWeightRequest { source_id: id.clone(), operator_id: id.clone(), ..Default::default() }) => ["source_id", "operator_id"];
        }
    }
    // In upper case it is the same id.
    let made = call!(
        app.leads
            .create_lead(create_lead(lead("a", "", "", "", "")))
    )
    .unwrap();
    assert_eq!(app.get_lead(&made.id.to_uppercase()).await, made);
}

#[tokio::test]
async fn leads_are_checked() {
    let app = App::start().await;
    let all = [
        "lead.external_id",
        "lead.phone",
        "lead.email",
        "lead.name",
        "lead.owner_user_id",
    ];
    let wrong = lead(&x(257), "12", "ann", &x(257), "bad");
    let update = UpdateLeadRequest {
        lead: Some(Lead {
            id: bad(),
            ..wrong.clone()
        }),
        ..Default::default()
    };
    let with_id = CreateLeadRequest {
        request_id: bad(),
        ..create_lead(wrong.clone())
    };
    let lookup = |identifier| LookupLeadRequest {
        identifier: Some(identifier),
        view: 99,
    };
    let list = ListLeadsRequest {
        page_size: i32::MIN,
        page_token: bad(),
        search: x(257),
        owner_user_id: bad(),
        order_by: bad(),
        ..Default::default()
    };
    assert_refused! {
        app.leads.create_lead(create_lead(wrong)) => all;
        app.leads.create_lead(with_id) => [&all[..], &["request_id"]].concat();
        app.leads.update_lead(update) => [&all[..], &["lead.id"]].concat();
        app.leads.create_lead(create_lead(Lead::default())) => ["lead"];
        app.leads.create_lead(create_lead(lead(" ", " ", "\t", " \n ", ""))) => ["lead"];
        app.leads.get_lead(GetLeadRequest { id: bad(), view: -1 }) => ["id", "view"];
        app.leads.lookup_lead(lookup(lookup_lead_request::Identifier::ExternalId(" ".into()))) => ["external_id", "view"];
        app.leads.lookup_lead(lookup(lookup_lead_request::Identifier::Phone("12".into()))) => ["phone", "view"];
        app.leads.lookup_lead(lookup(lookup_lead_request::Identifier::Email("ann".into()))) => ["email", "view"];
        app.leads.list_leads(list) => ["page_size", "page_token", "search", "owner_user_id", "order_by"];
    }
    for phone in [
        "x",
        "+",
        "+49",
        "030",
        "+4930123456789012345678",
        "030 111111\0",
        &"0".repeat(5000),
    ] {
        assert_refused! { app.leads.create_lead(create_lead(lead("", phone, "", "", ""))) => ["lead.phone"]; }
    }
    let long = format!("{}@example.org", x(243));
    for email in [
        "a@",
        "@b.de",
        "a b@c.de",
        "Ann <a@b.de>",
        "a@[127.0.0.1]",
        "a@b.de\0",
        &long,
    ] {
        assert_refused! { app.leads.create_lead(create_lead(lead("", "", email, "", ""))) => ["lead.email"]; }
    }
    for text in ["a\0b", "a\nb", "a\tb", "\u{1b}[1m", "a\u{7f}", "a\u{85}b"] {
        assert_refused! {
            app.leads.create_lead(create_lead(lead(text, "", "", text, ""))) => ["lead.external_id", "lead.name"];
            app.leads.list_leads(ListLeadsRequest { search: text.to_owned(), ..Default::default() }) => ["search"];
        }
    }
    // Lengths are counted in characters, after normalisation.
    let name = "e\u{301}".repeat(256);
    let widest = lead(&"\u{1f642}".repeat(256), "", "", &name, "");
    let made = call!(app.leads.create_lead(create_lead(widest))).unwrap();
    assert_eq!(made.name, "\u{e9}".repeat(256));
}
