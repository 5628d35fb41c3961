//! The binary as a process: starting, stopping, and being killed under load.
//! What was acknowledged is never lost, what was retried is never done twice.

use std::{
    collections::HashMap,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use minicrm::proto::{
    CreateContactRequest, GetContactRequest, GetOverviewRequest, Operator,
    contact_service_client::ContactServiceClient,
};
use tokio::{
    process::{Child, Command},
    task::JoinSet,
    time::sleep,
};
use tonic::transport::{Channel, Endpoint};

use crate::support::{App, contact, external, new_database, operator, request_id};

/// The binary under test.
struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    /// Starts the binary with these settings and waits until it is serving.
    async fn start(address: SocketAddr, settings: &[(&str, &str)]) -> Self {
        let mut command = command(address, settings);
        let child = command
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut process = Self { child, address };
        process.until_serving(settings).await;
        process
    }

    async fn until_serving(&mut self, settings: &[(&str, &str)]) {
        loop {
            assert!(
                self.child.try_wait().unwrap().is_none(),
                "ended before it served"
            );
            let mut health = command(self.address, settings);
            let status = health
                .arg("healthcheck")
                .stderr(Stdio::null())
                .status()
                .await
                .unwrap();
            if status.success() {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// As `kill -9` does.
    async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// As a supervisor does.
    async fn terminate(mut self) -> ExitStatus {
        signal("-TERM", self.child.id().unwrap());
        self.child.wait().await.unwrap()
    }
}

fn command(address: SocketAddr, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minicrm"));
    command
        .env_remove("DATABASE_URL")
        .env("MINICRM_LISTEN", address.to_string())
        .envs(settings.iter().copied())
        .kill_on_drop(true);
    command
}

fn signal(signal: &str, pid: u32) {
    let status = std::process::Command::new("kill")
        .args([signal, &pid.to_string()])
        .status();
    assert!(status.unwrap().success());
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

fn channel(address: SocketAddr) -> Channel {
    Endpoint::try_from(format!("http://{address}"))
        .unwrap()
        .connect_lazy()
}

/// Callers who retry until they are answered, each request with its own id.
struct Load {
    clients: JoinSet<HashMap<String, String>>,
    acknowledged: Arc<AtomicUsize>,
}

const CLIENTS: usize = 16;
const REQUESTS: usize = 100;

impl Load {
    /// Lets every client send its requests, one after the other.
    fn start(address: SocketAddr, request: &CreateContactRequest) -> Self {
        let mut clients = JoinSet::new();
        let acknowledged = Arc::new(AtomicUsize::new(0));
        for client in 0..CLIENTS {
            let (request, acknowledged) = (request.clone(), Arc::clone(&acknowledged));
            let mut contacts = ContactServiceClient::new(channel(address));
            clients.spawn(async move {
                let mut answered = HashMap::new();
                for number in 0..REQUESTS {
                    let id = request_id();
                    let lead = Some(external(client * REQUESTS + number));
                    let request = CreateContactRequest {
                        request_id: id.clone(),
                        lead,
                        ..request.clone()
                    };
                    let contact = loop {
                        // Whatever the failure was: it may have happened.
                        match contacts.create_contact(request.clone()).await {
                            Ok(answer) => break answer.into_inner().contact.unwrap().id,
                            Err(_) => sleep(Duration::from_millis(10)).await,
                        }
                    };
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                    answered.insert(id, contact);
                }
                answered
            });
        }
        Self {
            clients,
            acknowledged,
        }
    }

    /// Waits until this many requests have been answered.
    async fn until(&self, acknowledged: usize) {
        while self.acknowledged.load(Ordering::SeqCst) < acknowledged {
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Waits for all answers, then looks for every contact they told of.
    async fn verify(self, app: &App) {
        let answered: Vec<_> = self
            .clients
            .join_all()
            .await
            .into_iter()
            .flatten()
            .collect();
        let mut contacts = ContactServiceClient::new(app.channel.clone());
        for (_, id) in &answered {
            contacts
                .get_contact(GetContactRequest { id: id.clone() })
                .await
                .unwrap();
        }
        let mut ids: Vec<_> = answered.iter().map(|(_, contact)| contact).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), CLIENTS * REQUESTS);
        let request = GetOverviewRequest::default();
        let overview = app
            .analytics
            .clone()
            .get_overview(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            overview.contacts,
            i64::try_from(CLIENTS * REQUESTS).unwrap()
        );
        app.assert_invariants().await;
    }
}

/// Mutant: an answer given before the commit.
#[tokio::test(flavor = "multi_thread")]
async fn killing_the_service_loses_and_doubles_nothing() {
    let url = new_database().await;
    let app = App::on(url.clone()).await;
    let ann = app
        .operator(Operator {
            load_limit: Some(700),
            ..operator("Ann")
        })
        .await;
    let bob = app.operator(operator("Bob")).await;
    let source = app.source("bot", &[(&ann, 2), (&bob, 1)]).await;

    let address = free_address();
    let settings = [("DATABASE_URL", url.as_str())];
    let mut process = Process::start(address, &settings).await;
    let load = Load::start(address, &contact(&source, external("")));
    for acknowledged in [200, 600, 1000] {
        load.until(acknowledged).await;
        process.kill().await;
        process = Process::start(address, &settings).await;
    }
    load.verify(&app).await;
    assert!(process.terminate().await.success());
}

/// The private Postgres is started again by the service. Mutant: none needed;
/// with `synchronous_commit=off` in `embedded::settings` contacts are lost.
#[tokio::test(flavor = "multi_thread")]
async fn killing_postgres_loses_and_doubles_nothing() {
    let data = DataDir::new("kill");
    let address = free_address();
    let settings = [("MINICRM_DATA_DIR", data.0.to_str().unwrap())];
    let process = Process::start(address, &settings).await;
    let app = App::at(channel(address), data.url());
    let ann = app.operator(operator("Ann")).await;
    let source = app.source("bot", &[(&ann, 1)]).await;

    let load = Load::start(address, &contact(&source, external("")));
    for acknowledged in [200, 600, 1000] {
        load.until(acknowledged).await;
        signal("-KILL", data.postmaster());
    }
    load.verify(&app).await;
    assert!(process.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn data_is_kept_between_runs() {
    let data = DataDir::new("kept");
    let address = free_address();
    let settings = [("MINICRM_DATA_DIR", data.0.to_str().unwrap())];

    let process = Process::start(address, &settings).await;
    let app = App::at(channel(address), data.url());
    let source = app.source("bot", &[]).await;
    let kept = app.contact(&source).await;

    // A second one on the same directory is refused, and does no harm.
    let second = command(free_address(), &settings).output().await.unwrap();
    assert!(!second.status.success());

    assert!(process.terminate().await.success());
    let process = Process::start(address, &settings).await;
    let request = GetContactRequest {
        id: kept.id.clone(),
    };
    let found = app
        .contacts
        .clone()
        .get_contact(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(found, kept);

    // After kill -9 too.
    process.kill().await;
    let process = Process::start(address, &settings).await;
    assert_eq!(
        app.contacts
            .clone()
            .get_contact(request)
            .await
            .unwrap()
            .into_inner(),
        kept
    );
    assert!(process.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_loopback_is_served_without_authentication() {
    let output = command("0.0.0.0:0".parse().unwrap(), &[])
        .output()
        .await
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("loopback"));
}

/// A directory for a private Postgres, removed at the end.
struct DataDir(PathBuf);

impl DataDir {
    fn new(name: &str) -> Self {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() {
            memory.to_owned()
        } else {
            std::env::temp_dir()
        };
        let path = parent.join(format!("minicrm-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn url(&self) -> String {
        let socket = self.0.join("run").display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{socket}/minicrm")
    }

    fn postmaster(&self) -> u32 {
        let file = std::fs::read_to_string(self.0.join("cluster/postmaster.pid")).unwrap();
        file.lines().next().unwrap().parse().unwrap()
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        // What is left is in memory or in the directory for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
