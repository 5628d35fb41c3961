//! However much hostile clients send, or do not read, the process stays small and goes
//! on serving others.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use minicrm::proto::{
    BatchCreateContactsRequest, CreateContactRequest, ListContactsRequest, ListLeadsRequest,
};
use prost::Message;
use tokio::time::timeout;
use tonic::Code;

use super::{Process, channel, free_address};
use crate::support::{
    App, Hostile, call, contact, external, framed, new_database, operator, until, within,
};

const MIB: usize = 1024 * 1024;
/// What the memory of the process may grow by.
const MOST: usize = 100 * MIB;
/// How often it is looked at.
const GLANCE: Duration = Duration::from_millis(5);

/// A server, its memory, and a client whose calls must go on.
struct Attacked {
    process: Process,
    app: App,
    address: std::net::SocketAddr,
    before: usize,
}

impl Attacked {
    async fn start() -> Self {
        let url = new_database().await;
        let address = free_address();
        let settings = [("DATABASE_URL", url.as_str())];
        let process = Process::start(address, &settings).await;
        let app = App::at(channel(address), url);
        for _ in 0..100 {
            call!(app.leads.list_leads(ListLeadsRequest::default())).unwrap();
        }
        let before = process.resident();
        Self {
            process,
            app,
            address,
            before,
        }
    }

    /// Looks at the memory as long as the attack goes on, while others call. They may be
    /// `refused` for a moment, if it comes from their own organization.
    async fn during(self, attack: impl Future<Output = ()>, refused: bool) {
        let over = Arc::new(AtomicBool::new(false));
        let others = {
            let (app, over) = (self.app.clone(), Arc::clone(&over));
            tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    while let Err(status) = call!(app.leads.list_leads(ListLeadsRequest::default()))
                    {
                        assert!(
                            refused && status.code() == Code::ResourceExhausted,
                            "{status}"
                        );
                    }
                }
            })
        };
        let mut most = 0;
        let mut attack = pin!(attack);
        // It may take a while, and is looked at as often as that is cheap.
        until("the attack is over", async || {
            most = self.process.resident().max(most);
            timeout(GLANCE, &mut attack).await.is_ok()
        })
        .await;
        over.store(true, Ordering::Relaxed);
        others.await.unwrap();
        let grown = self
            .process
            .resident()
            .max(most)
            .saturating_sub(self.before);
        assert!(grown <= MOST, "grew by {} MiB", grown / MIB);
        assert!(self.process.terminate().await.success());
    }
}

/// 400 streams, each some bytes that become 4 MiB, and never an end.
#[tokio::test(flavor = "multi_thread")]
async fn what_expands_takes_no_memory_before_it_is_let_in() {
    let bomb = zstd::encode_all(&vec![0; 4 * MIB - 1024][..], 3).unwrap();
    for path in ["AuthService/Login", "LeadService/CreateLead"] {
        let attacked = Attacked::start().await;
        let client = Hostile::connect(attacked.address, 65_535).await;
        let bomb = framed(1, &bomb);
        let attack = async {
            let mut streams = Vec::new();
            for end in [false, true] {
                for _ in 0..400 {
                    let mut open = client.open(path, &[("grpc-encoding", "zstd")]).await;
                    open.send(bomb.clone(), end).await;
                    streams.push(open);
                }
            }
            for open in streams {
                open.outcome().await.unwrap_err();
            }
        };
        attacked.during(attack, false).await;
    }
}

/// 400 streams whose messages are long, and never end.
#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_end_takes_no_more_memory_than_there_is() {
    let attacked = Attacked::start().await;
    let (address, message) = (attacked.address, framed(0, &vec![0; 3 * MIB]));
    let attack = async {
        let mut streams = tokio::task::JoinSet::new();
        for n in 0..400 {
            let message = message.clone();
            streams.spawn(async move {
                let client = Hostile::connect(address, 65_535).await;
                let path = ["AuthService/Login", "LeadService/CreateLead"][n % 2];
                let mut open = client.open(path, &[]).await;
                open.send(message[..2 * MIB].to_vec(), false).await;
                open.outcome().await.unwrap_err();
            });
        }
        streams.join_all().await;
    };
    attacked.during(attack, false).await;
}

/// Contacts of the longest messages there may be, asked for and not read.
#[tokio::test(flavor = "multi_thread")]
async fn answers_that_nobody_reads_take_no_more_memory_than_there_is() {
    let attacked = Attacked::start().await;
    let app = attacked.app.clone();
    let one = app.operator(operator("One")).await;
    let source = app.source("long", &[(&one, 1)]).await;
    for batch in 0..4 {
        let requests = (0..200).map(|n| CreateContactRequest {
            message: "x".repeat(4000),
            ..contact(&source, external(batch * 200 + n))
        });
        let batch = BatchCreateContactsRequest {
            requests: requests.collect(),
            ..Default::default()
        };
        call!(app.contacts.batch_create_contacts(batch)).unwrap();
    }
    let list = ListContactsRequest {
        page_size: 1000,
        ..Default::default()
    };
    let message = framed(0, &list.encode_to_vec());
    let client = Hostile::connect(attacked.address, 0).await;
    let attack = async {
        let mut answers = Vec::new();
        for _ in 0..60 {
            let mut open = client.open("ContactService/ListContacts", &[]).await;
            open.send(message.clone(), true).await;
            answers.push(open.answer);
        }
        for answer in answers {
            // Some are begun, others refused; all end.
            let mut answer = answer.await.unwrap().into_body();
            within("its end", async {
                while let Some(Ok(_)) = answer.data().await {}
            })
            .await;
        }
    };
    attacked.during(attack, true).await;
}
