//! One throwaway Postgres for the run, and fresh databases in it.
//! `TEST_DATABASE_URL` names a server to use instead, `TEST_POOLER_URL` a pooler
//! before it, for the services that are tested.

use std::{
    env, fs,
    path::Path,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
};

use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use minicrm::platform::{
    db::Conn,
    embedded::{Options, Postgres},
    migrations,
};

const PREFIX: &str = "minicrm-test-";
const TEMPLATE: &str = "minicrm_template";

/// The URL of a new, migrated, empty database.
pub async fn new_database() -> String {
    database_with(&format!("TEMPLATE {TEMPLATE} STRATEGY file_copy")).await
}

/// The URL of a new database that nobody has migrated.
pub async fn empty_database() -> String {
    database_with("TEMPLATE template0 STRATEGY file_copy").await
}

/// The URL of a new database made with these words of `CREATE DATABASE`.
pub async fn database_with(options: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let server = server();
    let name = format!(
        "test_{}_{}",
        std::process::id(),
        NUMBER.fetch_add(1, Ordering::Relaxed)
    );
    let mut conn = Conn::establish(&url(server, "postgres")).await.unwrap();
    conn.batch_execute(&format!("CREATE DATABASE {name} {options}"))
        .await
        .unwrap();
    url(server, &name)
}

/// Where a service finds the database at this URL.
pub fn served(database_url: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "not a setting of the service")]
    let pooler = env::var("TEST_POOLER_URL");
    match (pooler, database_url.rsplit_once('/')) {
        (Ok(pooler), Some((_, database))) => url(&pooler, database),
        _ => database_url.to_owned(),
    }
}

fn url(server: &str, database: &str) -> String {
    let (server, _) = server.rsplit_once('/').unwrap();
    format!("{server}/{database}")
}

/// The URL of a database of the server, which ends with the process.
fn server() -> &'static str {
    static SERVER: OnceLock<String> = OnceLock::new();
    SERVER.get_or_init(|| {
        let (sender, receiver) = mpsc::channel();
        // A runtime of its own: those of the tests come and go.
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(async {
                #[expect(clippy::disallowed_methods, reason = "not a setting of the service")]
                let given = env::var("TEST_DATABASE_URL");
                let postgres = match given {
                    Ok(_) => None,
                    Err(_) => Some(Postgres::start(options()).await.unwrap()),
                };
                let server = match (&postgres, given) {
                    (Some(postgres), _) => postgres.url("postgres"),
                    (None, given) => given.unwrap(),
                };
                make_template(&server).await;
                sender.send(server).unwrap();
                std::future::pending::<()>().await;
            });
        });
        receiver.recv().expect("a Postgres server to test with")
    })
}

/// In memory, if there is a place for it. What runs before this left there, for
/// others to look into, is removed.
fn options() -> Options {
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() {
        memory.to_owned()
    } else {
        env::temp_dir()
    };
    for entry in fs::read_dir(&parent).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let ended = |pid: &str| !Path::new("/proc").join(pid).exists();
        if name.strip_prefix(PREFIX).is_some_and(ended) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Options {
        data_dir: parent.join(format!("{PREFIX}{}", std::process::id())),
        ephemeral: true,
        bin_dir: None,
        install: true,
        settings: vec![("max_wal_size".into(), "4GB".into())],
    }
}

async fn make_template(server: &str) {
    let mut conn = Conn::establish(server).await.unwrap();
    conn.batch_execute(&format!("DROP DATABASE IF EXISTS {TEMPLATE}"))
        .await
        .unwrap();
    conn.batch_execute(&format!("CREATE DATABASE {TEMPLATE}"))
        .await
        .unwrap();
    migrations::run(&url(server, TEMPLATE)).await.unwrap();
}
