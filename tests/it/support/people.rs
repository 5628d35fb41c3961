//! Users and their roles in organizations, for servers with authentication.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use diesel::{
    QueryableByName, sql_query,
    sql_types::{BigInt, Text},
};
use diesel_async::RunQueryDsl;
use minicrm::{
    auth::tokens::{Key, Keys},
    ids::UserId,
    proto::{
        AcceptInvitationRequest, AddMemberRequest, AddMemberResponse, ApiKey, ApiKeyAccess,
        CreateApiKeyRequest, CreateApiKeyResponse, CreateOrganizationRequest,
        GetOrganizationRequest, Invitation, Member, Membership, Organization, RemoveMemberRequest,
        Role, UpdateMemberRoleRequest, add_member_response,
    },
};
use tonic::Status;
use uuid::Uuid;

use super::{App, KEY, call};

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
}

/// A hash that no password has.
const NO_PASSWORD: &str = "$argon2id$v=19$m=16,t=1,p=1$c29tZXNhbHRzb21lc2FsdA\
     $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What tokens are signed with.
pub fn keys() -> Keys {
    Keys::new(&[Key::Ed25519Pem(KEY.to_owned())], "minicrm", "minicrm").unwrap()
}

/// A user.
#[derive(Clone)]
pub struct Person {
    pub id: String,
    pub email: String,
    pub token: String,
}

impl App {
    /// A new user.
    pub async fn user(&self, email: &str) -> Person {
        let id = Uuid::now_v7();
        let email = email.to_lowercase();
        self.execute(&format!(
            "INSERT INTO users (id, email, name, password_hash)
             VALUES ('{id}', '{email}', '{email}', '{NO_PASSWORD}')"
        ))
        .await;
        Person {
            id: id.to_string(),
            email,
            token: keys().sign(UserId::from_uuid(id), None).unwrap().0,
        }
    }

    /// The server as this user calls it, for this organization.
    pub fn of(&self, person: &Person, organization: &Organization) -> Self {
        self.with(&person.token, &organization.id)
    }

    /// Creates an organization of this user.
    pub async fn organization(&self, owner: &Person) -> Organization {
        let app = self.with(&owner.token, "");
        let request = CreateOrganizationRequest {
            organization: Some(Organization {
                name: "Acme".to_owned(),
                ..Organization::default()
            }),
            ..Default::default()
        };
        call!(app.organizations.create_organization(request)).unwrap()
    }

    /// Whether the caller is let into the organization.
    pub async fn enter(&self) -> Result<Organization, Status> {
        call!(
            self.organizations
                .get_organization(GetOrganizationRequest {})
        )
    }

    /// Adds somebody to the organization of the call.
    pub async fn add(&self, email: &str, role: Role) -> Result<AddMemberResponse, Status> {
        let request = AddMemberRequest {
            email: email.to_owned(),
            role: role.into(),
            ..Default::default()
        };
        call!(self.organizations.add_member(request))
    }

    /// A new user, who is a member of the organization of the call.
    pub async fn member(&self, email: &str, role: Role) -> Person {
        let person = self.user(email).await;
        self.join(&person, role).await;
        person
    }

    /// Invites somebody to the organization of the call.
    pub async fn invite(&self, email: &str, role: Role) -> Invitation {
        match self.add(email, role).await.unwrap().result {
            Some(add_member_response::Result::Invitation(invitation)) => invitation,
            other => panic!("{other:?}"),
        }
    }

    /// Makes a user a member of the organization of the call.
    pub async fn join(&self, person: &Person, role: Role) -> Membership {
        let invitation = self.invite(&person.email, role).await;
        self.accept(person, &invitation.token).await.unwrap()
    }

    /// Accepts an invitation as this user.
    pub async fn accept(&self, person: &Person, token: &str) -> Result<Membership, Status> {
        let app = self.with(&person.token, "");
        let request = AcceptInvitationRequest {
            token: token.to_owned(),
            ..Default::default()
        };
        call!(app.organizations.accept_invitation(request))
    }

    /// Gives a member another role.
    pub async fn set_role(&self, person: &Person, role: Role) -> Result<Member, Status> {
        let request = UpdateMemberRoleRequest {
            user_id: person.id.clone(),
            role: role.into(),
            ..Default::default()
        };
        call!(self.organizations.update_member_role(request))
    }

    /// Removes a member.
    pub async fn remove(&self, person: &Person) -> Result<(), Status> {
        let request = RemoveMemberRequest {
            user_id: person.id.clone(),
            ..Default::default()
        };
        call!(self.organizations.remove_member(request))
    }

    /// Creates a key with this access.
    pub async fn key(&self, access: ApiKeyAccess) -> CreateApiKeyResponse {
        let request = CreateApiKeyRequest {
            api_key: Some(ApiKey {
                name: "Bot".to_owned(),
                access: access.into(),
                ..ApiKey::default()
            }),
            ..Default::default()
        };
        call!(self.organizations.create_api_key(request)).unwrap()
    }

    /// How many rows a query has.
    pub async fn count(&self, query: &str) -> i64 {
        let count = sql_query(format!("SELECT count(*) FROM ({query}) AS rows"));
        let count: Count = count.get_result(&mut self.database().await).await.unwrap();
        count.count
    }

    /// Asserts that no table holds a key or invitation, or what proves it.
    pub async fn assert_nowhere(&self, text: &str) {
        let hex = |bytes: &[u8]| {
            let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            digits.concat()
        };
        let encoded = &text[4..];
        let secret = &BASE64_URL_SAFE_NO_PAD.decode(encoded).unwrap()[32..];
        // The end of the text is the secret's alone; its first letter may not be.
        let end = &encoded[encoded.len() - 42..];
        let tables = sql_query(
            "SELECT relname::text AS name FROM pg_class
             WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')",
        );
        let tables: Vec<Table> = tables
            .get_results(&mut self.database().await)
            .await
            .unwrap();
        for Table { name } in tables {
            for form in [end, &hex(end.as_bytes()), &hex(secret)] {
                let found = format!("SELECT FROM {name} AS t WHERE strpos(t::text, '{form}') > 0");
                assert_eq!(self.count(&found).await, 0, "{name}");
            }
        }
    }
}
