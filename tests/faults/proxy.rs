//! Somebody between two parties who cuts, delays, throttles and holds what they say.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    time::sleep,
};

/// Whom it connects to.
#[derive(Clone)]
pub enum Party {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// What it does with what is said.
#[derive(Clone, Copy, PartialEq)]
pub enum Passing {
    Freely,
    /// Every piece so much later.
    Late(Duration),
    /// So many bytes in a millisecond.
    Slowly(usize),
    /// Nothing passes, and nobody is told.
    Never,
}

/// The one between.
pub struct Proxy {
    pub address: SocketAddr,
    passing: watch::Sender<Passing>,
    cuts: watch::Sender<()>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Proxy {
    pub async fn start(party: Party) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (passing, now) = watch::channel(Passing::Freely);
        let (cuts, cut) = watch::channel(());
        tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                let (party, now, mut cut) = (party.clone(), now.clone(), cut.clone());
                cut.mark_unchanged();
                tokio::spawn(async move {
                    tokio::select! {
                        _ = cut.changed() => {}
                        () = connect(caller, party, now) => {}
                    }
                });
            }
        });
        Self {
            address,
            passing,
            cuts,
        }
    }

    /// From now on, what is said passes like this.
    pub fn pass(&self, passing: Passing) {
        self.passing.send_replace(passing);
    }

    /// Ends all connections there are.
    pub fn cut(&self) {
        self.cuts.send_replace(());
    }
}

async fn connect(caller: TcpStream, party: Party, now: watch::Receiver<Passing>) {
    let party: Box<dyn Stream> = match party {
        Party::Tcp(address) => match TcpStream::connect(address).await {
            Ok(stream) => Box::new(stream),
            Err(_) => return,
        },
        Party::Unix(path) => match UnixStream::connect(path).await {
            Ok(stream) => Box::new(stream),
            Err(_) => return,
        },
    };
    let (caller_reads, caller_writes) = split(caller);
    let (party_reads, party_writes) = split(party);
    // Where one of them ends, both do.
    tokio::select! {
        () = pass(caller_reads, party_writes, now.clone()) => {}
        () = pass(party_reads, caller_writes, now) => {}
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut now: watch::Receiver<Passing>,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let passed = now.wait_for(|passing| *passing != Passing::Never).await;
        let Ok(passing) = passed.map(|passing| *passing) else {
            return;
        };
        let mut piece = count;
        match passing {
            Passing::Late(delay) => sleep(delay).await,
            Passing::Slowly(bytes) => piece = bytes,
            Passing::Freely | Passing::Never => {}
        }
        for said in buffer[..count].chunks(piece) {
            if to.write_all(said).await.is_err() {
                return;
            }
            if piece < count {
                sleep(Duration::from_millis(1)).await;
            }
        }
    }
}
