//! Who may call what: the table of the code, called for real by everybody.

use minicrm::{
    access::{
        AccessLevel, Grant, KeyAccess, Role, Who,
        table::{Row, TABLE},
    },
    proto::{self, DESCRIPTOR},
};
use prost::Message;
use prost_types::FileDescriptorSet;
use tonic::{Code, Request, Status, client::Grpc};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt;

use crate::support::App;

const LEVELS: [AccessLevel; 8] = [
    AccessLevel::Member(Role::Owner),
    AccessLevel::Member(Role::Admin),
    AccessLevel::Member(Role::Manager),
    AccessLevel::Member(Role::Member),
    AccessLevel::Key(KeyAccess::Admin),
    AccessLevel::Key(KeyAccess::Manager),
    AccessLevel::Key(KeyAccess::Intake),
    AccessLevel::Key(KeyAccess::Read),
];

#[test]
fn the_table_has_every_method_of_the_contract() {
    let set = FileDescriptorSet::decode(DESCRIPTOR).unwrap();
    let files = set
        .file
        .iter()
        .filter(|file| file.package() == "minicrm.v1");
    let mut methods: Vec<_> = files
        .flat_map(|file| &file.service)
        .flat_map(|service| {
            let methods = service.method.iter();
            methods.map(|method| (service.name().to_owned(), method.name().to_owned()))
        })
        .collect();
    let row = |row: &Row| (row.service.to_owned(), row.method.to_owned());
    let mut rows: Vec<_> = TABLE.iter().map(row).collect();
    methods.sort();
    rows.sort();
    assert_eq!(rows, methods);
}

/// Calls a method with an empty request.
async fn call(app: &App, row: &Row) -> Result<(), Status> {
    let mut grpc = Grpc::new(app.caller.clone());
    grpc.ready().await.unwrap();
    let path = format!("/minicrm.v1.{}/{}", row.service, row.method);
    let codec = ProstCodec::<(), ()>::default();
    let answer = grpc
        .unary(Request::new(()), path.parse().unwrap(), codec)
        .await;
    answer.map(drop)
}

/// Code and reason, if the call was refused.
fn refusal(outcome: &Result<(), Status>) -> Option<(Code, String)> {
    let status = outcome.as_ref().err()?;
    let info = status.get_error_details().error_info().cloned();
    Some((
        status.code(),
        info.map(|info| info.reason).unwrap_or_default(),
    ))
}

/// Every cell of the table. (What is one's own has tests of its own.)
#[tokio::test]
async fn everybody_may_call_what_the_table_says() {
    let app = App::secure().await;
    let owner = app.user("owner@example.com").await;
    let organization = app.organization(&owner).await;
    let owners = app.of(&owner, &organization);
    let mut callers = Vec::new();
    for access_level in LEVELS {
        let token = match access_level {
            AccessLevel::Member(role) => {
                let email = format!("{}@example.com", role.as_str());
                let role = proto::Role::from(role);
                if role == proto::Role::Owner {
                    owner.token.clone()
                } else {
                    owners.member(&email, role).await.token
                }
            }
            AccessLevel::Key(access) => owners.key(access.into()).await.secret,
        };
        callers.push((access_level, app.with(&token, &organization.id)));
    }
    let denied = |reason: &str| Some((Code::PermissionDenied, reason.to_owned()));
    let unknown = Some((Code::Unauthenticated, "UNAUTHENTICATED".to_owned()));
    for row in TABLE {
        let found = refusal(&call(&app, row).await);
        match row.who {
            Who::Anyone => assert_ne!(found, unknown, "{row:?} by nobody"),
            _ => assert_eq!(found, unknown, "{row:?} by nobody"),
        }
        for (access_level, caller) in &callers {
            let found = refusal(&call(caller, row).await);
            let what = format!("{row:?} by {access_level:?}");
            match row.who {
                Who::Permitted(permissions) if permissions.grant(*access_level) == Grant::No => {
                    assert_eq!(found, denied("ROLE_DENIED"), "{what}");
                }
                Who::User if matches!(access_level, AccessLevel::Key(_)) => {
                    assert_eq!(found, denied("USER_REQUIRED"), "{what}");
                }
                _ => {
                    let refused = found.map(|found| found.0);
                    assert_ne!(refused, Some(Code::PermissionDenied), "{what}");
                    assert_ne!(refused, Some(Code::Unauthenticated), "{what}");
                }
            }
        }
    }
}
