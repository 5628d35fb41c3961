//! Users: how they come, who they are, and what proves it.

use uuid::Uuid;

use super::{
    passwords,
    store::{
        sessions,
        users::{self, NewUser, User},
    },
};
use crate::{
    access::{
        Identity, Role,
        credential::{Credential, INVITATION_PREFIX},
    },
    audit::{self, Event},
    context::Context,
    db::Scope,
    error::{Error, Result},
    organizations::{self, DEFAULT_CURRENCY, DEFAULT_TIME_ZONE, MAX_NAME, store::NewOrganization},
    page::Page,
    proto::{
        self, ChangePasswordRequest, GetMeRequest, GetMeResponse, RegisterRequest, RegisterResponse,
    },
    rpc::timestamp,
    validate::Violations,
};

/// Most organizations that a user is answered with.
const MAX_MEMBERSHIPS: i64 = 1000;

/// Where somebody registers.
enum Joining {
    /// In a new organization.
    New(NewOrganization),
    /// In the one that invites them.
    Invited(Credential),
}

impl Joining {
    fn parse(violations: &mut Violations, request: &RegisterRequest) -> Self {
        let invitation = &request.invitation_token;
        if invitation.is_empty() {
            let name = &request.organization_name;
            return Self::New(NewOrganization {
                id: Uuid::now_v7(),
                name: violations.required_line("organization_name", name, MAX_NAME),
                default_currency: DEFAULT_CURRENCY.to_owned(),
                default_phone_region: None,
                time_zone: DEFAULT_TIME_ZONE.to_owned(),
                currencies: Vec::new(),
            });
        }
        if !request.organization_name.is_empty() {
            violations.add("organization_name", "excludes `invitation_token`");
        }
        let credential = Credential::parse(INVITATION_PREFIX, invitation);
        Self::Invited(credential.unwrap_or_else(|| {
            violations.add("invitation_token", "is not the token of an invitation");
            Credential::generate(Uuid::nil())
        }))
    }

    fn organization_id(&self) -> Uuid {
        match self {
            Self::New(organization) => organization.id,
            Self::Invited(credential) => credential.organization_id,
        }
    }
}

pub async fn register(context: Context, request: RegisterRequest) -> Result<RegisterResponse> {
    let auth = context.auth()?;
    let mut violations = Violations::new();
    let email = violations.required_email("email", &request.email);
    let password = passwords::new(&mut violations, "password", &request.password);
    let name = violations.required_line("name", &request.name, MAX_NAME);
    let joining = Joining::parse(&mut violations, &request);
    violations.finish()?;
    auth.limits.attempt(context.peer, email.as_bytes())?;

    let user = NewUser {
        id: Uuid::now_v7(),
        email,
        name,
        password_hash: auth.passwords.hash(password).await?,
    };
    let organization_id = joining.organization_id();
    let events = &[Event::now(Identity::User(user.id), context.method, user.id)];
    let (user, joining) = (&user, &joining);
    let (user, organization) = context
        .db()
        .transaction(Scope::Organization(organization_id), async |conn| {
            let role = match joining {
                Joining::New(organization) => {
                    organizations::store::insert(conn, organization).await?;
                    Role::Owner
                }
                Joining::Invited(invitation) => organizations::store::invitations::take(
                    conn,
                    organization_id,
                    invitation.id,
                    &invitation.hash(),
                    &user.email,
                )
                .await?
                .ok_or_else(|| Error::not_found("invitation", invitation.id))?,
            };
            let user = users::insert(conn, user).await?;
            organizations::store::members::insert(conn, organization_id, user.id, role).await?;
            let organization = organizations::store::find(conn, organization_id).await?;
            audit::store::insert(conn, organization_id, events).await?;
            Ok((user, organization))
        })
        .await?;
    Ok(RegisterResponse {
        user: Some(user.into()),
        organization: Some(organization.into()),
    })
}

pub async fn get_me(context: Context, _: GetMeRequest) -> Result<GetMeResponse> {
    let user_id = context.user_id()?;
    let user = context
        .db()
        .read(Scope::None, async |conn| users::find(conn, user_id).await)
        .await?;
    let page = Page::first(MAX_MEMBERSHIPS, true);
    let memberships = organizations::memberships(context.db(), user_id, page).await?;
    Ok(GetMeResponse {
        user: Some(user.into()),
        memberships: memberships.rows.into_iter().map(|(_, each)| each).collect(),
    })
}

pub async fn change_password(context: Context, request: ChangePasswordRequest) -> Result<()> {
    let auth = context.auth()?;
    let user_id = context.user_id()?;
    let mut violations = Violations::new();
    let v = &mut violations;
    let current = passwords::given(v, "current_password", &request.current_password);
    let new = passwords::new(v, "new_password", &request.new_password);
    violations.finish()?;
    auth.limits.attempt(context.peer, user_id.as_bytes())?;

    let user = context
        .db()
        .read(Scope::None, async |conn| users::find(conn, user_id).await)
        .await?;
    let kept = &user.password_hash;
    auth.passwords.verify(current, Some(kept.clone())).await?;
    let hash = &auth.passwords.hash(new).await?;
    context
        .db()
        .transaction(Scope::None, async |conn| {
            users::set_password(conn, user_id, kept, hash).await?;
            sessions::delete_of_user(conn, user_id).await
        })
        .await
}

impl From<User> for proto::User {
    fn from(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email,
            name: user.name,
            create_time: Some(timestamp(user.create_time)),
            update_time: Some(timestamp(user.update_time)),
        }
    }
}
