//! The binary under test, and a directory for its private Postgres.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
};

use tokio::process::{Child, Command};
use tonic::transport::{Channel, Endpoint};

use crate::support::{until, within};

/// The binary under test.
pub struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    /// Starts the binary with these settings and waits until it is serving.
    pub async fn start(address: SocketAddr, settings: &[(&str, &str)]) -> Self {
        Self::start_with_log(address, settings, Stdio::null()).await
    }

    /// The same, with its log written there.
    pub async fn start_with_log(
        address: SocketAddr,
        settings: &[(&str, &str)],
        log: impl Into<Stdio>,
    ) -> Self {
        let mut process = Self::spawn(address, settings, log);
        process.until_serving(settings).await;
        process
    }

    /// Starts the binary with these settings and does not wait for it.
    pub fn spawn(address: SocketAddr, settings: &[(&str, &str)], log: impl Into<Stdio>) -> Self {
        let mut command = command(address, settings);
        let child = command.stdin(Stdio::null()).stderr(log).spawn().unwrap();
        Self { child, address }
    }

    /// Waits until it is serving.
    pub async fn until_serving(&mut self, settings: &[(&str, &str)]) {
        until("it is serving", async || {
            assert!(
                self.child.try_wait().unwrap().is_none(),
                "ended before it served"
            );
            let mut health = command(self.address, settings);
            health.arg("healthcheck").stderr(Stdio::null());
            health.status().await.unwrap().success()
        })
        .await;
    }

    /// Its memory, in bytes.
    pub fn resident(&self) -> usize {
        let path = format!("/proc/{}/status", self.child.id().unwrap());
        let status = std::fs::read_to_string(path).unwrap();
        let mut lines = status.lines();
        let line = lines.find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kib = line.trim().strip_suffix(" kB").unwrap();
        kib.parse::<usize>().unwrap() * 1024
    }

    /// As `kill -9` does.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// As a supervisor does.
    pub async fn terminate(mut self) -> ExitStatus {
        self.signal("-TERM");
        self.end().await
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        assert!(signal(name, self.child.id().unwrap()));
    }

    /// The same, if it is still there.
    pub fn try_signal(&self, name: &str) {
        if let Some(pid) = self.child.id() {
            signal(name, pid);
        }
    }

    /// Sends it these signals, one right after the other.
    pub fn signals(&self, names: &[&str]) {
        let pid = self.child.id().unwrap();
        let kills: Vec<_> = names
            .iter()
            .map(|name| format!("kill {name} {pid}"))
            .collect();
        let mut shell = std::process::Command::new("sh");
        assert!(
            shell
                .args(["-c", &kills.join(";")])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits until it ends.
    pub async fn end(&mut self) -> ExitStatus {
        within("its end", self.child.wait()).await.unwrap()
    }
}

pub fn command(address: SocketAddr, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minicrm"));
    command
        .env_remove("DATABASE_URL")
        .env_remove("MINICRM_DATABASE_URL")
        .env("MINICRM_LISTEN", address.to_string())
        .envs(settings.iter().copied())
        .kill_on_drop(true);
    command
}

/// What the binary says when it ends by itself, with its output, and whether it is content.
pub async fn said(mut command: Command) -> (bool, String) {
    let output = within("its end", command.stdin(Stdio::null()).output()).await;
    let output = output.unwrap();
    let texts = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    (output.status.success(), texts.concat())
}

/// False if there is no such process any more.
pub fn signal(signal: &str, pid: u32) -> bool {
    let status = std::process::Command::new("kill")
        .args([signal, &pid.to_string()])
        .status();
    status.unwrap().success()
}

pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

pub fn channel(address: SocketAddr) -> Channel {
    Endpoint::try_from(format!("http://{address}"))
        .unwrap()
        .connect_lazy()
}

/// A file with a secret, removed at the end.
pub struct SecretFile(PathBuf);

impl SecretFile {
    /// That nobody else can read.
    pub fn new(name: &str, text: &str) -> Self {
        let name = format!("minicrm-secret-{name}-{}", std::process::id());
        let file = Self(std::env::temp_dir().join(name));
        fs::write(&file.0, text).unwrap();
        file.set_mode(0o600);
        file
    }

    pub fn set_mode(&self, mode: u32) {
        fs::set_permissions(&self.0, PermissionsExt::from_mode(mode)).unwrap();
    }

    pub fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for SecretFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A directory for a private Postgres, removed at the end.
pub struct DataDir(pub PathBuf);

impl DataDir {
    pub fn new(name: &str) -> Self {
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

    pub fn url(&self) -> String {
        let socket = self.0.join("run").display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{socket}/minicrm")
    }

    pub fn postmaster(&self) -> Option<u32> {
        let file = std::fs::read_to_string(self.0.join("cluster/postmaster.pid")).ok()?;
        file.lines().next()?.parse().ok()
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        // What is left is in memory or in the directory for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
