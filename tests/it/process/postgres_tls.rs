//! A Postgres that lets nobody in without TLS.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
};

use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use minicrm::{
    platform::{
        db::{Conn, Connector},
        embedded::{Options, Postgres},
    },
    proto::ListLeadsRequest,
};
use tokio::{io::AsyncReadExt, net::TcpListener};
use tonic::Code;

use super::{DataDir, Process, channel, command, free_address};
use crate::support::{App, assert_error, call, until, within};

const PASSWORD: &str = "correct-horse";
/// Files beside the cluster.
const FILES: [(&str, &str); 7] = [
    ("ca.pem", include_str!("tls/ca.pem")),
    ("server.pem", include_str!("tls/server.pem")),
    ("server.key.pem", include_str!("tls/server.key.pem")),
    ("client_ca.pem", include_str!("../edge/tls/ca.pem")),
    ("client.pem", include_str!("../edge/tls/client.pem")),
    ("client.key.pem", include_str!("../edge/tls/client.key.pem")),
    ("other_ca.pem", include_str!("../edge/tls/other_ca.pem")),
];
/// Who may log in, and how.
const WHO: &str = "local all all trust
hostssl all known 127.0.0.1/32 scram-sha-256 clientcert=verify-ca
hostssl all minicrm 127.0.0.1/32 scram-sha-256
";

struct Server {
    dir: DataDir,
    port: u16,
    _postgres: Postgres,
}

impl Server {
    async fn start(name: &str) -> Self {
        let dir = DataDir::new(name);
        let port = free_address().port();
        let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut settings = vec![
            setting("listen_addresses", "127.0.0.1"),
            setting("port", &port.to_string()),
        ];
        let options = |settings: &[(String, String)]| Options {
            data_dir: dir.0.clone(),
            ephemeral: false,
            bin_dir: None,
            install: true,
            settings: settings.to_vec(),
        };
        // Once without TLS, for the cluster to be there and to have an owner.
        let postgres = Postgres::start(options(&settings)).await.unwrap();
        let mut conn = Conn::establish(&socket(&dir, port)).await.unwrap();
        for name in ["minicrm", "known"] {
            let role = format!("CREATE ROLE {name} LOGIN SUPERUSER PASSWORD '{PASSWORD}'");
            conn.batch_execute(&role).await.unwrap();
        }
        drop(conn);
        postgres.stop().await.unwrap();

        let cluster = dir.0.join("cluster");
        let owner = fs::metadata(&cluster).unwrap();
        let path = |name: &str| dir.0.join(name);
        for (name, text) in FILES {
            fs::write(path(name), text).unwrap();
            fs::set_permissions(path(name), PermissionsExt::from_mode(0o600)).unwrap();
            chown(path(name), Some(owner.uid()), Some(owner.gid())).unwrap();
        }
        fs::write(cluster.join("pg_hba.conf"), WHO).unwrap();
        settings.push(setting("ssl", "on"));
        for (name, file) in [
            ("ssl_cert_file", "server.pem"),
            ("ssl_key_file", "server.key.pem"),
            ("ssl_ca_file", "client_ca.pem"),
        ] {
            settings.push(setting(name, path(file).to_str().unwrap()));
        }
        let postgres = Postgres::start(options(&settings)).await.unwrap();
        Self {
            dir,
            port,
            _postgres: postgres,
        }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.dir.0.join(file)
    }

    /// A URL with these parameters, of which `@name` is a file's.
    fn url(&self, user: &str, host: &str, parameters: &str) -> String {
        let files = format!("{}/", self.dir.0.display());
        let parameters = parameters.replace('@', &files);
        let port = self.port;
        format!(
            "postgres://{user}:{PASSWORD}@{host}:{port}/minicrm?hostaddr=127.0.0.1&{parameters}"
        )
    }

    /// Whether somebody who is let in can migrate. What is said does not hold the
    /// password.
    async fn lets_in(&self, url: &str) -> bool {
        let mut migrate = command(free_address(), &[("DATABASE_URL", url)]);
        let output = within("its end", migrate.arg("migrate").output()).await;
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains(PASSWORD), "{said}");
        output.status.success()
    }
}

/// The URL by socket, as whoever may do all.
fn socket(dir: &DataDir, port: u16) -> String {
    let socket = dir.0.join("run").display().to_string().replace('/', "%2F");
    format!("postgres://postgres@{socket}:{port}/minicrm")
}

/// Mutants: a certificate that is not looked at; one for another name; a client's
/// that is not shown.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_let_in_is_as_the_url_says() {
    let server = Server::start("tls-modes").await;
    for (parameters, is_let_in) in [
        ("", true),
        ("sslmode=prefer", true),
        ("sslmode=require", true),
        ("sslmode=require&sslrootcert=@ca.pem", true),
        ("sslmode=verify-ca&sslrootcert=@ca.pem", true),
        ("sslmode=verify-full&sslrootcert=@ca.pem", true),
        ("sslmode=require&channel_binding=require", true),
        ("sslmode=disable", false),
        ("%73slmode=disable", false),
        ("sslmode=require&sslrootcert=@other_ca.pem", false),
        ("sslmode=verify-ca&sslrootcert=@other_ca.pem", false),
        ("sslmode=verify-full&sslrootcert=@other_ca.pem", false),
        ("sslrootcert=system", false),
        ("sslmode=verify-full&sslrootcert=system", false),
        // These cannot be meant.
        ("sslmode=verify-full", false),
        ("sslmode=verify-ca&sslrootcert=system", false),
        ("sslmode=prefer&sslrootcert=@ca.pem", false),
        ("sslmode=verify-full&sslrootcert=@missing.pem", false),
        ("sslmode=allow", false),
        ("sslcert=@client.pem", false),
    ] {
        let url = server.url("minicrm", "localhost", parameters);
        assert_eq!(server.lets_in(&url).await, is_let_in, "{parameters}");
    }
    for (parameters, is_let_in) in [
        ("sslmode=verify-ca&sslrootcert=@ca.pem", true),
        ("sslmode=verify-full&sslrootcert=@ca.pem", false),
    ] {
        let url = server.url("minicrm", "other.example", parameters);
        assert_eq!(server.lets_in(&url).await, is_let_in, "{parameters}");
    }
    // There is no TLS by socket, whatever is said.
    let local = socket(&server.dir, server.port);
    assert!(server.lets_in(&format!("{local}?sslmode=require")).await);
    let own = "sslcert=@client.pem&sslkey=@client%2Ekey.pem";
    assert!(server.lets_in(&server.url("known", "localhost", own)).await);
    assert!(!server.lets_in(&server.url("known", "localhost", "")).await);
}

/// Mutants: a URL that need not be one; an `@` anywhere; what the driver says of a
/// URL; a direct way that need not be TLS.
#[test]
fn what_would_be_misread_is_refused() {
    for url in [
        "host=db user=minicrm password=correct-horse sslmode=require",
        "POSTGRES://minicrm:correct-horse@db/minicrm?sslmode=require",
        "postgres://db/minicrm?sslmode=require&application_name=correct-horse@other",
        "postgres://db:5432?sslmode=require&application_name=correct-horse@other",
        "postgres://minicrm:correct-horse@me@db/minicrm",
        "postgres://minicrm:correct-horse?@db/minicrm",
        "postgres://minicrm@db/minicrm?correct-horse=1",
        "postgres://minicrm@db/minicrm?sslnegotiation=direct",
        "postgres://minicrm@db/minicrm?sslnegotiation=direct&sslmode=disable",
    ] {
        let error = Connector::new(url).err().expect(url).chain();
        assert!(!error.contains(PASSWORD), "{error}");
    }
    for url in [
        "postgresql://db",
        "postgres://a%40b:c%40d%2Fe%3Ff@db:5432/minicrm?application_name=a%40b",
        "postgres://minicrm@db/minicrm?sslnegotiation=direct&sslmode=require",
    ] {
        assert!(Connector::new(url).is_ok(), "{url}");
    }
}

/// What a server is told first by who comes with these parameters.
async fn first_words(host: &str, parameters: &str) -> Vec<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = format!("postgres://minicrm@{host}:{port}/minicrm?hostaddr=127.0.0.1&{parameters}");
    let connector = Connector::new(&url).unwrap();
    let listen = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut words = Vec::with_capacity(4096);
        stream.read_buf(&mut words).await.unwrap();
        words
    };
    let (words, conn) = tokio::join!(listen, connector.connect());
    assert!(conn.is_err());
    words
}

/// Mutants: the clear for who names a socket beside an address; a hello that does
/// not say who is meant.
#[tokio::test]
async fn a_server_is_asked_for_tls_first() {
    const ASKS: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
    assert_eq!(first_words("localhost", "sslmode=require").await, ASKS);
    assert_eq!(first_words("%2Ftmp", "sslmode=require").await, ASKS);
    assert_eq!(first_words("%2Ftmp", "").await, ASKS);
    let hello = first_words("localhost", "sslmode=require&sslnegotiation=direct").await;
    assert!(hello.windows(10).any(|words| words == b"postgresql"));
}

/// The same way for all connections of a server.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_serves_by_tls_or_not_at_all() {
    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        count: i64,
    }
    let server = Server::start("tls-serving").await;
    let request = ListLeadsRequest::default();

    let wrong = server.url("minicrm", "localhost", "sslmode=disable");
    let address = free_address();
    let log = server.path("service.log");
    let waiting = Process::spawn(
        address,
        &[("DATABASE_URL", &wrong)],
        fs::File::create(&log).unwrap(),
    );
    until("it says what it waits for", async || {
        read(&log).contains("waiting for the database")
    })
    .await;
    let app = App::at(channel(address), String::new());
    let refused = call!(app.leads.list_leads(request.clone()));
    assert_error(refused, Code::Unavailable, "DATABASE_UNAVAILABLE");
    assert!(waiting.terminate().await.success());
    assert!(!read(&log).contains(PASSWORD));

    let parameters = "sslmode=verify-full&sslrootcert=@ca.pem";
    let right = server.url("minicrm", "localhost", parameters);
    let address = free_address();
    let settings = [("DATABASE_URL", &*right), ("MINICRM_REPLICA_URL", &*right)];
    let process = Process::start(address, &settings).await;
    let app = App::at(channel(address), String::new());
    call!(app.leads.list_leads(request)).unwrap();
    let url = socket(&server.dir, server.port);
    let mut conn = Conn::establish(&url).await.unwrap();
    let sessions = "SELECT count(*) FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)
         WHERE usename = 'minicrm' AND ssl";
    let sessions: Count = diesel::sql_query(sessions)
        .get_result(&mut conn)
        .await
        .unwrap();
    assert!(sessions.count > 1, "{}", sessions.count);
    assert!(process.terminate().await.success());
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap()
}
