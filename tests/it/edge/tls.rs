//! TLS, certificates of clients, and files that change.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, time::Duration};

use minicrm::{
    platform::background::Task,
    platform::ingress::tls::{Files, Tls},
    proto::ListLeadsRequest,
};
use tokio::time::{Instant, sleep};
use tonic::{
    Status,
    transport::{Certificate, ClientTlsConfig, Endpoint, Identity},
};

use super::{Server, plain};
use crate::support::{App, call, until};

const CA: &str = include_str!("tls/ca.pem");
const OTHER_CA: &str = include_str!("tls/other_ca.pem");
const SERVER: [&str; 2] = [
    include_str!("tls/server.pem"),
    include_str!("tls/server.key.pem"),
];
const OTHER_SERVER: [&str; 2] = [
    include_str!("tls/other_server.pem"),
    include_str!("tls/other_server.key.pem"),
];
const CLIENT: [&str; 2] = [
    include_str!("tls/client.pem"),
    include_str!("tls/client.key.pem"),
];
const OTHER_CLIENT: [&str; 2] = [
    include_str!("tls/other_client.pem"),
    include_str!("tls/other_client.key.pem"),
];

/// Files of a certificate and its key, and of an authority of clients.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let name = format!("minicrm-tls-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        let directory = Self(path);
        directory.write("ca.pem", CA);
        directory.write_pair(SERVER);
        directory
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
    }

    fn write_pair(&self, [cert, key]: [&str; 2]) {
        self.write("cert.pem", cert);
        self.write("key.pem", key);
    }

    fn open(&self, clients: bool) -> Result<Tls, String> {
        let (tls, follow) = Tls::open(Files {
            cert: self.0.join("cert.pem"),
            key: self.0.join("key.pem"),
            client_ca: clients.then(|| self.0.join("ca.pem")),
        })?;
        // As the driver does, more often.
        tokio::spawn(async move {
            loop {
                let _ = follow.run_once().await;
                sleep(Duration::from_millis(100)).await;
            }
        });
        Ok(tls)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Calls as somebody who trusts this authority, and has this certificate.
async fn calls(server: &Server, ca: &str, identity: Option<[&str; 2]>) -> Result<(), Status> {
    let mut config = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(ca))
        .domain_name("localhost");
    if let Some([cert, key]) = identity {
        config = config.identity(Identity::from_pem(cert, key));
    }
    let endpoint = Endpoint::try_from(format!("https://{}", server.address)).unwrap();
    let channel = endpoint.tls_config(config).unwrap().connect_lazy();
    let app = App::at(channel, server.url.clone());
    call!(app.leads.list_leads(ListLeadsRequest::default())).map(|_| ())
}

#[tokio::test]
async fn who_is_not_known_is_not_served() {
    let directory = Directory::new("known");
    let tls = directory.open(false).unwrap();
    let server = Server::start(plain(), |options| options.tls = Some(tls)).await;
    calls(&server, CA, None).await.unwrap();
    calls(&server, OTHER_CA, None).await.unwrap_err();
    let plain_app = server.app();
    call!(plain_app.leads.list_leads(ListLeadsRequest::default())).unwrap_err();

    let tls = directory.open(true).unwrap();
    let server = Server::start(plain(), |options| options.tls = Some(tls)).await;
    calls(&server, CA, Some(CLIENT)).await.unwrap();
    calls(&server, CA, Some(OTHER_CLIENT)).await.unwrap_err();
    calls(&server, CA, None).await.unwrap_err();
}

/// Mutant: files that are read once.
#[tokio::test]
async fn changed_files_are_used_and_broken_ones_are_not() {
    let directory = Directory::new("changed");
    let tls = directory.open(true).unwrap();
    let server = Server::start(plain(), |options| options.tls = Some(tls)).await;
    // A certificate that is not that of the key is broken, too.
    for [cert, key] in [["broken", SERVER[1]], [OTHER_SERVER[0], SERVER[1]]] {
        directory.write_pair([cert, key]);
        let written = Instant::now();
        while written.elapsed() < Duration::from_millis(1500) {
            calls(&server, CA, Some(CLIENT)).await.unwrap();
        }
    }
    directory.write_pair(OTHER_SERVER);
    until("the new one is used", async || {
        calls(&server, OTHER_CA, Some(CLIENT)).await.is_ok()
    })
    .await;
    calls(&server, CA, Some(CLIENT)).await.unwrap_err();
    // So does who is let in.
    directory.write("ca.pem", OTHER_CA);
    until("others are let in", async || {
        calls(&server, OTHER_CA, Some(OTHER_CLIENT)).await.is_ok()
    })
    .await;
    calls(&server, OTHER_CA, Some(CLIENT)).await.unwrap_err();
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named() {
    let directory = Directory::new("named");
    for name in ["ca.pem", "cert.pem", "key.pem"] {
        let text = fs::read_to_string(directory.0.join(name)).unwrap();
        for broken in ["", "broken"] {
            directory.write(name, broken);
            let error = directory.open(true).err().unwrap();
            assert!(error.contains(name), "{error}");
        }
        fs::remove_file(directory.0.join(name)).unwrap();
        let error = directory.open(true).err().unwrap();
        assert!(error.contains(name), "{error}");
        directory.write(name, &text);
    }
}
