//! The methods of `AuthService` about users and their passwords.

use std::sync::Arc;

use crate::{
    actor::{Author, Identity},
    auth::{
        Auth,
        joining::{Joining, join},
        passwords,
        store::{
            sessions,
            tokens::Purpose,
            users::{self, NewUser},
        },
    },
    call::Context,
    error::{Error, Result},
    ids::UserId,
    organizations::{self, MAX_NAME, invitations},
    platform::{
        db::NoTenant,
        grpc::{page::Page, validate::Violations},
    },
    proto::{
        self, ChangePasswordRequest, GetMeRequest, GetMeResponse, RegisterRequest, RegisterResponse,
    },
    recorder,
};

/// Most organizations that a user is answered with.
const MAX_MEMBERSHIPS: i64 = 1000;

fn joining(violations: &mut Violations, request: &RegisterRequest) -> Joining {
    let invitation = &request.invitation_token;
    if invitation.is_empty() {
        let name = &request.organization_name;
        let name = violations.required_line("organization_name", name, MAX_NAME);
        return Joining::new(name);
    }
    if !request.organization_name.is_empty() {
        violations.add("organization_name", "excludes `invitation_token`");
    }
    Joining::Invited(invitations::parse(
        violations,
        "invitation_token",
        invitation,
    ))
}

pub async fn register(
    auth: Option<Arc<Auth>>,
    context: Context,
    request: RegisterRequest,
) -> Result<RegisterResponse> {
    let auth = auth.as_deref().ok_or(Error::AuthenticationOff)?;
    auth.registration
        .check(!request.invitation_token.is_empty())?;
    let mut violations = Violations::new();
    let email = violations.required_email("email", &request.email);
    let password = passwords::new(&mut violations, "password", &request.password);
    let name = violations.required_line("name", &request.name, MAX_NAME);
    let joining = joining(&mut violations, &request);
    violations.finish()?;
    auth.limits.registration(context.peer)?;

    let user = NewUser {
        id: UserId::generate(),
        email,
        name,
        password_hash: auth.passwords.hash(password).await?,
    };
    let (new, joining) = (&user, &joining);
    // They are who registers.
    let author = Author {
        identity: Identity::User(new.id),
        method: context.method,
    };
    let (user, organization) = context
        .db()
        .transaction(joining.organization_id(), async |tx| {
            let joined = join(tx, new, joining).await?;
            tx.commit_with(recorder::write(tx, author)).await?;
            Ok(joined)
        })
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
        .read(NoTenant, async |conn| users::find(conn, user_id).await)
        .await?;
    let page = Page::first(MAX_MEMBERSHIPS, true);
    let memberships = organizations::memberships(context.db(), user_id, page).await?;
    Ok(GetMeResponse {
        user: Some(user.into()),
        memberships: memberships
            .rows
            .into_iter()
            .map(|(_, each)| proto::Membership::from(each))
            .collect(),
    })
}

pub async fn change_password(
    auth: Option<Arc<Auth>>,
    context: Context,
    request: ChangePasswordRequest,
) -> Result<()> {
    let auth = auth.as_deref().ok_or(Error::AuthenticationOff)?;
    let user_id = context.user_id()?;
    let mut violations = Violations::new();
    let v = &mut violations;
    let current = passwords::given(v, "current_password", &request.current_password);
    let new = passwords::new(v, "new_password", &request.new_password);
    violations.finish()?;

    let user = context
        .db()
        .read(NoTenant, async |conn| users::find(conn, user_id).await)
        .await?;
    let kept = &user.password_hash;
    let attempt = auth.limits.attempt(context.peer, &user.email).await?;
    attempt.end(auth.passwords.verify(current, Some(kept.clone())).await)?;
    let hash = &auth.passwords.hash(new).await?;
    let changed = context
        .db()
        .transaction(NoTenant, async |conn| {
            users::set_password(conn, user_id, kept, hash).await?;
            sessions::delete_of_user(conn, user_id).await
        })
        .await;
    // Even if it failed: a commit may have taken place.
    context.identities().forget_user(user_id);
    changed
}
