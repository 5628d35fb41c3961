//! The server around the services: health, reflection, organizations, and
//! methods that do not exist.

use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use minicrm::{
    call::DEVELOPMENT_ORGANIZATION,
    ids::OrganizationId,
    platform::db::Conn,
    proto::{
        self, CreateLeadRequest, GetLeadRequest, GetOverviewRequest, Lead, ListContactsRequest,
        ListLeadsRequest, ListOperatorsRequest, ListSourcesRequest,
    },
};
use prost::Message;
use prost_types::FileDescriptorProto;
use tonic::{
    Code, Request, Status, Streaming, client::Grpc, codegen::http::uri::PathAndQuery,
    metadata::AsciiMetadataValue,
};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus,
    health_client::HealthClient,
};
use tonic_prost::ProstCodec;

use crate::support::{App, assert_error, call, new_database, until};

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

/// Reads what the server says of its health until it says `status`.
async fn until_health_is(watch: &mut Streaming<HealthCheckResponse>, status: ServingStatus) {
    until("health says so", async || {
        watch.message().await.unwrap().unwrap().status() == status
    })
    .await;
}

#[tokio::test]
async fn health_is_told_of_the_server_and_of_each_service() {
    let app = App::start().await;
    let mut health = HealthClient::new(app.channel.clone());
    let mut names = proto::service_names().unwrap();
    assert_eq!(names.len(), 10);
    names.push(String::new());
    for name in &names {
        let mut watch = health.watch(of(name)).await.unwrap().into_inner();
        until_health_is(&mut watch, ServingStatus::Serving).await;
        let answer = health.check(of(name)).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{name}");
    }
    let outcome = health.check(of("minicrm.v1.NothingService")).await;
    assert_eq!(outcome.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn those_who_watch_are_told_of_the_shutdown_and_let_go() {
    let app = App::start().await;
    let mut health = HealthClient::new(app.channel.clone());
    let mut watch = health.watch(of("")).await.unwrap().into_inner();
    until_health_is(&mut watch, ServingStatus::Serving).await;
    app.stop();
    until_health_is(&mut watch, ServingStatus::NotServing).await;
    assert!(
        watch.message().await.unwrap().is_none(),
        "the stream ends, it is not cut"
    );
}

#[tokio::test]
async fn health_and_calls_follow_the_database() {
    let app = App::start().await;
    let mut health = HealthClient::new(app.channel.clone());
    let mut watch = health.watch(of("")).await.unwrap().into_inner();
    until_health_is(&mut watch, ServingStatus::Serving).await;

    let (server, database) = app.database_url.rsplit_once('/').unwrap();
    let mut elsewhere = Conn::establish(&format!("{server}/postgres"))
        .await
        .unwrap();
    let close = format!(
        "ALTER DATABASE {database} WITH ALLOW_CONNECTIONS false;
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
    );
    elsewhere.batch_execute(&close).await.unwrap();
    until_health_is(&mut watch, ServingStatus::NotServing).await;
    let outcome = call!(app.analytics.get_overview(GetOverviewRequest {}));
    assert_error(outcome, Code::Unavailable, "DATABASE_UNAVAILABLE");

    let open = format!("ALTER DATABASE {database} WITH ALLOW_CONNECTIONS true");
    elsewhere.batch_execute(&open).await.unwrap();
    until_health_is(&mut watch, ServingStatus::Serving).await;
    call!(app.analytics.get_overview(GetOverviewRequest {})).unwrap();
}

/// Asks one version of the reflection service for all services, and for the
/// files of those of the contract.
macro_rules! assert_reflection {
    ($app:ident, $version:ident) => {{
        use tonic_reflection::pb::$version::{
            ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
            server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
        };
        let mut client = ServerReflectionClient::new($app.channel.clone());
        let mut ask = async |request| {
            let request = ServerReflectionRequest {
                host: String::new(),
                message_request: Some(request),
            };
            // After something that there is not.
            let unknown = ServerReflectionRequest {
                host: String::new(),
                message_request: Some(MessageRequest::FileContainingSymbol("no.Such".to_owned())),
            };
            let requests = futures_util::stream::iter([unknown, request]);
            let answers = client.server_reflection_info(requests).await.unwrap();
            let mut answers = answers.into_inner();
            let error = answers.message().await.unwrap().unwrap().message_response;
            let Some(MessageResponse::ErrorResponse(error)) = error else {
                panic!("no error");
            };
            assert_eq!(error.error_code, i32::from(Code::NotFound));
            let answer = answers.message().await.unwrap().unwrap();
            answer.message_response.unwrap()
        };
        let list = MessageRequest::ListServices(String::new());
        let MessageResponse::ListServicesResponse(list) = ask(list).await else {
            panic!("no list of services");
        };
        let listed: Vec<_> = list
            .service
            .into_iter()
            .map(|service| service.name)
            .collect();
        let mut expected = proto::service_names().unwrap();
        expected.push("grpc.health.v1.Health".to_owned());
        for missing in [
            MessageRequest::FileByFilename("none.proto".to_owned()),
            MessageRequest::AllExtensionNumbersOfType("no.Such".to_owned()),
        ] {
            assert!(matches!(
                ask(missing).await,
                MessageResponse::ErrorResponse(_)
            ));
        }
        for name in expected {
            assert!(listed.contains(&name), "{name} is not in {listed:?}");
            let symbol = MessageRequest::FileContainingSymbol(name.clone());
            let MessageResponse::FileDescriptorResponse(files) = ask(symbol).await else {
                panic!("no file of {name}");
            };
            let file = &files.file_descriptor_proto[0];
            let file = FileDescriptorProto::decode(&file[..]).unwrap();
            assert_eq!(
                name,
                format!("{}.{}", file.package(), file.service[0].name())
            );
            let comments = file.source_code_info.unwrap_or_default().location;
            let commented = comments
                .iter()
                .filter(|place| place.leading_comments.is_some());
            assert!(
                commented.count() > 0 || !name.starts_with("minicrm"),
                "{name}"
            );
        }
    }};
}

/// Mutant: a stream that ends with what there is not.
#[tokio::test]
async fn reflection_lists_every_service_and_serves_comments() {
    let app = App::start().await;
    assert_reflection!(app, v1);
    assert_reflection!(app, v1alpha);
}

#[tokio::test]
async fn another_organization_is_denied() {
    let app = App::start().await;
    let own = DEVELOPMENT_ORGANIZATION.to_string();
    for (organization, denied) in [
        (own.as_str(), false),
        ("00000000-0000-7000-8000-000000000002", true),
        ("", true),
        ("x", true),
    ] {
        macro_rules! assert_denied {
            ($service:ident.$method:ident($request:expr)) => {
                let mut request = Request::new($request);
                let value = AsciiMetadataValue::try_from(organization).unwrap();
                request.metadata_mut().insert("x-organization-id", value);
                let outcome = call!(app.$service.$method(request));
                if denied {
                    assert_error(outcome, Code::PermissionDenied, "ORGANIZATION_DENIED");
                } else {
                    outcome.unwrap();
                }
            };
        }
        assert_denied!(leads.list_leads(ListLeadsRequest::default()));
        assert_denied!(contacts.list_contacts(ListContactsRequest::default()));
        assert_denied!(operators.list_operators(ListOperatorsRequest::default()));
        assert_denied!(sources.list_sources(ListSourcesRequest::default()));
        assert_denied!(analytics.get_overview(GetOverviewRequest {}));
    }
}

/// A request of this organization, or of the first.
fn of_organization<T>(organization: Option<OrganizationId>, message: T) -> Request<T> {
    let mut request = Request::new(message);
    if let Some(organization) = organization {
        let value = AsciiMetadataValue::try_from(organization.to_string()).unwrap();
        request.metadata_mut().insert("x-organization-id", value);
    }
    request
}

/// Mutants: the first for the one that is named, the last for none, any accepted.
#[tokio::test]
async fn organizations_do_not_see_each_other() {
    let [first, second] = [OrganizationId::generate(), OrganizationId::generate()];
    let app = App::serving(new_database().await, vec![first, second]).await;
    let create = CreateLeadRequest {
        lead: Some(Lead {
            external_id: "same".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let mut ids = Vec::new();
    for organization in [None, Some(second)] {
        let request = of_organization(organization, create.clone());
        ids.push(call!(app.leads.create_lead(request)).unwrap().id);
    }
    for (organization, own, other) in [
        (None, &ids[0], &ids[1]),
        (Some(first), &ids[0], &ids[1]),
        (Some(second), &ids[1], &ids[0]),
    ] {
        let list = of_organization(organization, ListLeadsRequest::default());
        let leads = call!(app.leads.list_leads(list)).unwrap().leads;
        let found: Vec<_> = leads.iter().map(|lead| &lead.id).collect();
        assert_eq!(found, [own]);
        let get = GetLeadRequest {
            id: other.clone(),
            ..Default::default()
        };
        let outcome = call!(app.leads.get_lead(of_organization(organization, get)));
        assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
    }
    let list = of_organization(Some(DEVELOPMENT_ORGANIZATION), ListLeadsRequest::default());
    let outcome = call!(app.leads.list_leads(list));
    assert_error(outcome, Code::PermissionDenied, "ORGANIZATION_DENIED");
}

/// The id of the lead to get is not UTF-8, or of another type.
#[tokio::test]
async fn bytes_that_are_not_the_message_are_refused() {
    async fn send<T: Message + 'static>(app: &App, message: T) -> Result<Lead, Status> {
        let mut client = Grpc::new(app.channel.clone());
        client.ready().await.unwrap();
        let path = PathAndQuery::from_static("/minicrm.v1.LeadService/GetLead");
        let codec = ProstCodec::<T, Lead>::default();
        Ok(client
            .unary(Request::new(message), path, codec)
            .await?
            .into_inner())
    }
    let app = App::start().await;
    for outcome in [
        send(&app, vec![0xff_u8, 0xfe]).await,
        send(&app, 7_i32).await,
    ] {
        assert_error(outcome, Code::InvalidArgument, "MALFORMED_REQUEST");
    }
}

#[tokio::test]
async fn a_method_that_does_not_exist_is_unimplemented() {
    let app = App::start().await;
    for path in [
        "/minicrm.v1.LeadService/MergeLeads",
        "/minicrm.v1.NoteService/GetNote",
    ] {
        let mut client = Grpc::new(app.channel.clone());
        client.ready().await.unwrap();
        let codec = ProstCodec::<(), Lead>::default();
        let path = PathAndQuery::from_static(path);
        let outcome = client.unary(Request::new(()), path, codec).await;
        assert_error(outcome, Code::Unimplemented, "UNIMPLEMENTED");
    }
}
