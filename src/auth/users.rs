//! Users: how they come, who they are, and what proves it.

use uuid::Uuid;

use super::{
    passwords,
    store::{
        sessions,
        tokens::Purpose,
        users::{self, NewUser, User},
    },
};
use crate::{
    access::{Identity, Role, credential::Credential},
    audit::{self, Event},
    call::{Context, reply::timestamp},
    error::Result,
    organizations::{
        self, DEFAULT_CURRENCY, DEFAULT_TIME_ZONE, MAX_NAME,
        store::{NewOrganization, Organization},
    },
    platform::{
        db::{Conn, Scope},
        grpc::{page::Page, validate::Violations},
    },
    proto::{
        self, ChangePasswordRequest, GetMeRequest, GetMeResponse, RegisterRequest, RegisterResponse,
    },
};

/// Most organizations that a user is answered with.
const MAX_MEMBERSHIPS: i64 = 1000;

/// Where somebody registers.
pub(super) enum Joining {
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
            let name = violations.required_line("organization_name", name, MAX_NAME);
            return Self::new(name);
        }
        if !request.organization_name.is_empty() {
            violations.add("organization_name", "excludes `invitation_token`");
        }
        Self::Invited(organizations::parse_invitation(
            violations,
            "invitation_token",
            invitation,
        ))
    }

    /// In a new organization with this name.
    pub(super) fn new(name: String) -> Self {
        Self::New(NewOrganization {
            id: Uuid::now_v7(),
            name,
            default_currency: DEFAULT_CURRENCY.to_owned(),
            default_phone_region: None,
            time_zone: DEFAULT_TIME_ZONE.to_owned(),
            currencies: Vec::new(),
        })
    }

    pub(super) fn organization_id(&self) -> Uuid {
        match self {
            Self::New(organization) => organization.id,
            Self::Invited(credential) => credential.organization_id,
        }
    }
}

/// Inserts a user, with their place in an organization. Who is invited has the
/// address that was invited.
pub(super) async fn join(
    conn: &Conn,
    user: &NewUser,
    joining: &Joining,
    event: &Event,
) -> Result<(User, Organization)> {
    let organization_id = joining.organization_id();
    match joining {
        Joining::New(organization) => {
            organizations::store::insert(conn, organization).await?;
            organizations::store::members::insert(conn, organization_id, user.id, Role::Owner)
                .await?;
        }
        Joining::Invited(invitation) => {
            organizations::join(conn, invitation, user.id, &user.email).await?;
        }
    }
    users::insert(conn, user).await?;
    if let Joining::Invited(_) = joining {
        users::verify_email(conn, user.id).await?;
    }
    let organization = organizations::store::find(conn, organization_id).await?;
    audit::store::insert(conn, organization_id, std::slice::from_ref(event)).await?;
    let user = users::find(conn, user.id).await?;
    Ok((user, organization))
}

pub async fn register(context: Context, request: RegisterRequest) -> Result<RegisterResponse> {
    let auth = context.auth()?;
    auth.registration
        .check(!request.invitation_token.is_empty())?;
    let mut violations = Violations::new();
    let email = violations.required_email("email", &request.email);
    let password = passwords::new(&mut violations, "password", &request.password);
    let name = violations.required_line("name", &request.name, MAX_NAME);
    let joining = Joining::parse(&mut violations, &request);
    violations.finish()?;
    auth.limits.registration(context.peer)?;

    let user = NewUser {
        id: Uuid::now_v7(),
        email,
        name,
        password_hash: auth.passwords.hash(password).await?,
    };
    let (new, joining) = (&user, &joining);
    let event = &Event::now(Identity::User(new.id), context.method, new.id);
    let (user, organization) = context
        .db()
        .transaction(
            Scope::Organization(joining.organization_id()),
            async |conn| join(conn, new, joining, event).await,
        )
        .await?;
    if let (Some(mailer), None) = (&auth.mailer, user.email_verify_time) {
        let (db, email) = (context.lasting_db(), user.email.clone());
        // Too many are under way if it fails; the user may ask for one later.
        let _ = mailer.take_on(db, Purpose::VerifyEmail, email);
    }
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

    let user = context
        .db()
        .read(Scope::None, async |conn| users::find(conn, user_id).await)
        .await?;
    let kept = &user.password_hash;
    let attempt = auth.limits.attempt(context.peer, &user.email).await?;
    attempt.end(auth.passwords.verify(current, Some(kept.clone())).await)?;
    let hash = &auth.passwords.hash(new).await?;
    let changed = context
        .db()
        .transaction(Scope::None, async |conn| {
            users::set_password(conn, user_id, kept, hash).await?;
            sessions::delete_of_user(conn, user_id).await
        })
        .await;
    // Even if it failed: a commit may have taken place.
    context.identities().forget_user(user_id);
    changed
}

impl From<User> for proto::User {
    fn from(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email,
            name: user.name,
            create_time: Some(timestamp(user.create_time)),
            update_time: Some(timestamp(user.update_time)),
            email_verify_time: user.email_verify_time.map(timestamp),
        }
    }
}
