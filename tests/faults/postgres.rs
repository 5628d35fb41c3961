//! A Postgres that keeps what it has said it keeps, and that can be killed.

use minicrm::platform::embedded::{Options, Postgres};

use crate::{
    binary::{DataDir, signal},
    support::within,
};

/// A cluster of its own.
pub struct Durable {
    pub dir: DataDir,
    settings: Vec<(String, String)>,
    /// None while it is down.
    postgres: Option<Postgres>,
}

impl Durable {
    /// Starts one with these settings.
    pub async fn start(name: &str, settings: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let mut durable = Self {
            dir: DataDir::new(name),
            settings: settings.iter().map(owned).collect(),
            postgres: None,
        };
        durable.up().await;
        durable
    }

    /// Starts it again.
    pub async fn up(&mut self) {
        let options = Options {
            data_dir: self.dir.0.clone(),
            ephemeral: false,
            bin_dir: None,
            install: true,
            settings: self.settings.clone(),
        };
        let started = within("Postgres", Postgres::start(options)).await;
        self.postgres = Some(started.unwrap());
    }

    /// Stops it in order.
    pub async fn down(&mut self) {
        self.postgres.take().unwrap().stop().await.unwrap();
    }

    /// Kills all of its processes, as the end of a machine would. What it has not
    /// handed to the system is gone.
    pub async fn kill(&mut self) {
        let postmaster = self.dir.postmaster().unwrap();
        let children = format!("/proc/{postmaster}/task/{postmaster}/children");
        let children = std::fs::read_to_string(children).unwrap();
        // Nobody is left who could tidy up.
        assert!(signal("-KILL", postmaster));
        for child in children.split_whitespace() {
            signal("-KILL", child.parse().unwrap());
        }
        self.ended().await;
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self) {
        let mut postgres = self.postgres.take().unwrap();
        within("its end", postgres.ended()).await;
    }

    /// The URL of its database.
    pub fn url(&self) -> String {
        self.dir.url()
    }
}
