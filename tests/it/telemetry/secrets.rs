//! No log, no trace and no metric holds personal data, a password or a token.

use std::{collections::HashMap, fs::File};

use minicrm::{
    access::table::TABLE,
    proto::{
        AddMemberRequest, ApiKey, ApiKeyAccess, ChangePasswordRequest, CreateApiKeyRequest,
        CreateContactRequest, CreateLeadRequest, Lead, LeadIdentity, ListLeadsRequest,
        LoginRequest, LookupLeadRequest, RefreshRequest, RegisterRequest, Role,
        UpdateContactRequest, add_member_response, lookup_lead_request,
    },
};
use prost::encoding::string;
use prost_types::{
    DescriptorProto,
    field_descriptor_proto::{Label, Type},
};

use super::{free_address, http, page};
use crate::{
    process::{DataDir, Process, channel},
    support::{App, call, contact, external, messages},
};

/// What every text holds that must be nowhere.
const MARKER: &str = "secret-";
/// The digits of a phone number.
const PHONE: &str = "4930123456780";

/// A message of this type with a marker in every text.
fn marked(types: &HashMap<String, DescriptorProto>, name: &str, depth: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in &types[name].field {
        let tag = u32::try_from(field.number()).unwrap();
        match field.r#type() {
            Type::String => string::encode(tag, &format!("{MARKER}text"), &mut bytes),
            Type::Message if depth < 4 => {
                let inner = marked(types, field.type_name(), depth + 1);
                prost::encoding::bytes::encode(tag, &inner, &mut bytes);
            }
            _ => assert_ne!(field.label(), Label::Required),
        }
    }
    bytes
}

/// Calls every method with a marker in every text of its request.
async fn call_everything(app: &App) {
    let types = messages();
    for row in TABLE {
        let name = format!(".minicrm.v1.{}Request", row.method);
        // Most of it is not valid.
        let _ = app
            .send(row.service, row.method, marked(&types, &name, 0))
            .await;
    }
}

/// Registers, logs in, and makes what has a secret: the server as the user calls
/// it, and the secrets.
async fn come_in(app: &App) -> (App, Vec<String>) {
    let (email, password) = ("secret-user@example.org", "Secret-Password-1");
    let request = RegisterRequest {
        email: email.to_owned(),
        password: password.to_owned(),
        name: "secret-name".to_owned(),
        organization_name: "secret-organization".to_owned(),
        ..Default::default()
    };
    call!(app.auth.register(request)).unwrap();
    let login = |password: &str| LoginRequest {
        email: email.to_owned(),
        password: password.to_owned(),
    };
    call!(app.auth.login(login("secret-Wrong-1"))).unwrap_err();
    let first = call!(app.auth.login(login(password))).unwrap();
    let refresh = RefreshRequest {
        refresh_token: first.refresh_token.clone(),
    };
    let tokens = call!(app.auth.refresh(refresh)).unwrap();
    let owner = app.with(&tokens.access_token, "");
    let request = CreateApiKeyRequest {
        api_key: Some(ApiKey {
            name: "secret-key".to_owned(),
            access: ApiKeyAccess::Intake.into(),
            ..ApiKey::default()
        }),
        ..Default::default()
    };
    let key = call!(owner.organizations.create_api_key(request)).unwrap();
    let request = AddMemberRequest {
        email: "secret-member@example.org".to_owned(),
        role: Role::Member.into(),
        ..Default::default()
    };
    let invited = call!(owner.organizations.add_member(request)).unwrap();
    let Some(add_member_response::Result::Invitation(invitation)) = invited.result else {
        panic!("no invitation");
    };
    let request = ChangePasswordRequest {
        current_password: "secret-Wrong-2".to_owned(),
        new_password: "Secret-Password-2".to_owned(),
    };
    call!(owner.auth.change_password(request)).unwrap_err();
    let secrets = vec![
        password.to_owned(),
        "Secret-Password-2".to_owned(),
        first.access_token,
        first.refresh_token,
        tokens.access_token,
        tokens.refresh_token,
        key.secret,
        invitation.token,
    ];
    (owner, secrets)
}

/// Writes and reads, and is refused.
async fn work(app: &App) {
    let source = app.source("bot", &[]).await;
    let lead = Lead {
        email: "secret-mail@example.org".to_owned(),
        ..Default::default()
    };
    for _ in 0..2 {
        let request = CreateLeadRequest {
            lead: Some(lead.clone()),
            ..Default::default()
        };
        // The second one is refused by a key, which Postgres would log.
        let _ = call!(app.leads.create_lead(request));
    }
    let request = CreateContactRequest {
        message: "secret-message".to_owned(),
        lead: Some(LeadIdentity {
            external_id: "secret-id".to_owned(),
            phone: format!("+{PHONE}"),
            email: lead.email,
            name: "secret-name".to_owned(),
        }),
        ..contact(&source, external(""))
    };
    let contact = app.create_contact(request).await.unwrap().contact;
    let mut contact = contact.unwrap();
    contact.message += "secret-other-message";
    let request = UpdateContactRequest {
        contact: Some(contact),
        ..Default::default()
    };
    call!(app.contacts.update_contact(request)).unwrap();
    let request = LookupLeadRequest {
        identifier: Some(lookup_lead_request::Identifier::ExternalId(
            "secret-other".to_owned(),
        )),
        ..Default::default()
    };
    call!(app.leads.lookup_lead(request)).unwrap_err();
    let request = ListLeadsRequest {
        search: "secret-name".to_owned(),
        ..Default::default()
    };
    assert_eq!(call!(app.leads.list_leads(request)).unwrap().leads.len(), 1);
}

/// Neither the service's log, at its most talkative, nor that of its Postgres, nor
/// the metrics. Mutants: the driver's log let through where `RUST_LOG` asks for a
/// part of it; `log_error_verbosity` left as it is.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_said_holds_personal_data() {
    let data = DataDir::new("log");
    let (address, metrics) = (free_address(), free_address());
    let listen = metrics.to_string();
    let log = data.0.join("service.log");
    let settings = [
        ("MINICRM_DATA_DIR", data.0.to_str().unwrap()),
        ("MINICRM_AUTH", "true"),
        ("MINICRM_METRICS_LISTEN", &listen),
        ("MINICRM_METRICS_INTERVAL_SECONDS", "1"),
        ("RUST_LOG", "trace,tokio_postgres::query=trace"),
    ];
    let process = Process::start_with_log(address, &settings, File::create(&log).unwrap()).await;
    let app = App::at(channel(address), data.url());
    let (owner, mut secrets) = come_in(&app).await;
    work(&owner).await;
    call_everything(&owner).await;
    call_everything(&app).await;
    call_everything(&app.with("secret-token", "secret-organization")).await;
    let page = page(metrics);
    let keys = http(metrics, "GET", "/.well-known/jwks.json", "").1;
    assert!(process.terminate().await.success());

    secrets.extend([MARKER.to_owned(), PHONE.to_owned()]);
    let read = |file: &str| std::fs::read_to_string(data.0.join(file)).unwrap();
    let log = read("service.log");
    assert!(log.contains("ContactService/UpdateContact"));
    for (name, text) in [
        ("service.log", log),
        ("postgres.log", read("postgres.log")),
        ("metrics", page),
        ("keys", keys),
    ] {
        assert!(!text.is_empty(), "{name}");
        for secret in &secrets {
            // As text, and as the bytes that some print.
            let bytes: Vec<_> = secret.bytes().map(|byte| byte.to_string()).collect();
            for form in [secret, &bytes.join(", ")] {
                let line = text.lines().find(|line| line.contains(form));
                assert_eq!(line, None, "{name}: {secret}");
            }
        }
    }
}
