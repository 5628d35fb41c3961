//! `minicrm users`: makes, verifies, resets and lists users, on the database itself.
//! What it prints is for who runs the service, and is in no log.

use std::{
    io::{self, Read as _, Write as _},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{database::Connection, outcome::Outcome};
use crate::{
    actor::{Author, Identity},
    auth::{
        joining::{Joining, join},
        mail::MailToken,
        passwords::{self, Passwords},
        store::{
            tokens::{self, NewToken, Purpose},
            users::{self, NewUser},
        },
    },
    config::{Config, Users},
    error::{Error, Resource, Result},
    ids::UserId,
    organizations::MAX_NAME,
    platform::{
        db::{Conn, Db, NoTenant},
        grpc::{page::Page, validate::Violations},
        migrations,
    },
    recorder,
};

/// How long to wait for what others have locked.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// How many users are read at a time.
const PAGE: i64 = 1000;
/// What the audit calls the making of a user.
const METHOD: &str = "minicrm users create";

/// Does it in the database of the settings.
pub async fn users(config: Config, action: Users) -> Outcome {
    let database = Connection::open(&config.database).await?;
    migrations::run(&database.url).await?;
    let db = Db::new(&database.url, 1, LOCK_TIMEOUT)?;
    let outcome = run(&db, action).await;
    db.close();
    database.close().await?;
    outcome
}

async fn run(db: &Db, action: Users) -> Outcome {
    match action {
        Users::Create {
            email,
            name,
            organization,
            password_stdin,
        } => create(db, [&email, &name], organization.as_deref(), password_stdin).await,
        Users::Verify { email } => {
            let email = &address(&email)?;
            let verified = db.transaction(NoTenant, async |conn| {
                let user = find(conn, email).await?;
                users::verify_email(conn, user).await
            });
            Ok(verified.await?)
        }
        Users::Reset { email } => {
            let email = &address(&email)?;
            let user_id = db.read(NoTenant, async |conn| find(conn, email).await);
            print_token(db, user_id.await?).await
        }
        Users::List => list(db).await,
    }
}

async fn create(
    db: &Db,
    [email, name]: [&str; 2],
    organization: Option<&str>,
    password_stdin: bool,
) -> Outcome {
    let mut violations = Violations::new();
    let v = &mut violations;
    let email = v.required_email("--email", email);
    let name = v.required_line("--name", name, MAX_NAME);
    let joining = organization.map(|name| {
        let name = v.required_line("--organization", name, MAX_NAME);
        Joining::new(name)
    });
    let password = if password_stdin {
        let mut password = String::new();
        io::stdin().read_to_string(&mut password)?;
        passwords::new(v, "password", password.trim_end_matches(['\r', '\n']))
    } else {
        // Nobody knows it.
        BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
    };
    finish(violations)?;
    let user = &NewUser {
        id: UserId::generate(),
        email,
        name,
        password_hash: Passwords::default().hash(password).await?,
    };
    let joining = joining.as_ref();
    let author = Author {
        identity: Identity::Nobody,
        method: METHOD,
    };
    if let Some(joining) = joining {
        let joined = db.transaction(joining.organization_id(), async |tx| {
            join(tx, user, joining).await?;
            users::verify_email(tx, user.id).await?;
            tx.commit_with(recorder::write(tx, author)).await
        });
        joined.await?;
    } else {
        let made = db.transaction(NoTenant, async |conn| {
            users::insert(conn, user).await?;
            users::verify_email(conn, user.id).await
        });
        made.await?;
    }
    if password_stdin {
        return Ok(());
    }
    print_token(db, user.id).await
}

async fn print_token(db: &Db, user_id: UserId) -> Outcome {
    let token = MailToken::generate();
    let purpose = Purpose::ResetPassword;
    let kept = &NewToken {
        user_id,
        purpose,
        hash: token.hash(),
        mailed: false,
        lifetime: purpose.lifetime(),
    };
    db.transaction(NoTenant, async |conn| tokens::insert(conn, kept).await)
        .await?;
    writeln!(io::stdout(), "{}", token.text)?;
    Ok(())
}

async fn list(db: &Db) -> Outcome {
    let mut page = Page::first(PAGE, true);
    loop {
        let read = db.read(NoTenant, async |conn| users::list(conn, page).await);
        let users = read.await?;
        let mut out = io::stdout().lock();
        for user in &users {
            let verified = match user.email_verify_time {
                Some(_) => "verified",
                None => "unverified",
            };
            let time = user.create_time.format("%FT%TZ");
            let (id, email, name) = (user.id, &user.email, &user.name);
            writeln!(out, "{id}\t{email}\t{verified}\t{time}\t{name}")?;
        }
        match users.last() {
            Some(last) => page.after = Some(last.id.into()),
            None => return Ok(()),
        }
    }
}

/// The user with this address.
async fn find(conn: &Conn, email: &str) -> Result<UserId> {
    let user = users::by_email(conn, email).await?;
    user.map(|user| user.id)
        .ok_or_else(|| Error::not_found(Resource::User, email))
}

fn address(email: &str) -> Outcome<String> {
    let mut violations = Violations::new();
    let email = violations.required_email("--email", email);
    finish(violations)?;
    Ok(email)
}

/// Says at the terminal what is wrong.
fn finish(violations: Violations) -> Outcome {
    match violations.finish() {
        Err(Error::Invalid(found, _)) => {
            let lines = found
                .iter()
                .map(|one| format!("{} {}", one.field, one.description));
            Err(lines.collect::<Vec<_>>().join("; ").into())
        }
        outcome => Ok(outcome?),
    }
}
