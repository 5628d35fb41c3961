//! Clients that do what no library of gRPC does: HTTP/2 frame by frame.

use std::{net::SocketAddr, time::Duration};

use h2::{
    RecvStream, SendStream,
    client::{Builder, ResponseFuture, SendRequest},
};
use prost::bytes::Bytes;
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use super::within;
use tonic::{
    Status,
    codegen::http::{HeaderMap, Request, Response},
};

/// A server that has read nothing for so long does not want to hear more.
const LISTENS: Duration = Duration::from_mins(1);

/// A connection.
#[derive(Clone)]
pub struct Hostile {
    requests: SendRequest<Bytes>,
}

/// A call whose request may go on, and whose answer may be read.
pub struct Open {
    pub body: SendStream<Bytes>,
    pub answer: ResponseFuture,
}

/// A message as it is sent.
pub fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&[flag], &length.to_be_bytes()[..], message].concat()
}

impl Hostile {
    /// A connection that lets the server send so many bytes for each call.
    pub async fn connect(address: SocketAddr, window: u32) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        Self::on(stream, window).await
    }

    /// The same from another address of this machine.
    pub async fn connect_from(address: SocketAddr, from: &str) -> Result<Self, h2::Error> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
        let stream = socket.connect(address).await.unwrap();
        let (requests, connection) = Builder::new().handshake(stream).await?;
        tokio::spawn(connection);
        Ok(Self { requests })
    }

    async fn on(stream: TcpStream, window: u32) -> Self {
        let mut builder = Builder::new();
        builder
            .initial_window_size(window)
            .initial_connection_window_size(64 * 1024 * 1024);
        let (requests, connection) = builder.handshake(stream).await.unwrap();
        tokio::spawn(connection);
        Self { requests }
    }

    /// Begins a call.
    pub async fn open(&self, path: &str, headers: &[(&'static str, &str)]) -> Open {
        // Health and reflection are beside the contract.
        let package = if path.starts_with("grpc.") {
            ""
        } else {
            "minicrm.v1."
        };
        let mut request = Request::post(format!("http://server/{package}{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut requests = self.requests.clone().ready().await.unwrap();
        let request = request.body(()).unwrap();
        let (answer, body) = requests.send_request(request, false).unwrap();
        Open { body, answer }
    }

    /// A whole call of these bytes.
    pub async fn call(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
        bytes: Vec<u8>,
    ) -> Result<HeaderMap, Status> {
        let mut open = self.open(path, headers).await;
        open.send(bytes, true).await;
        open.outcome().await
    }
}

impl Open {
    /// Sends these bytes, as far as the server reads them.
    pub async fn send(&mut self, bytes: impl Into<Bytes>, end: bool) {
        let mut bytes = bytes.into();
        while !bytes.is_empty() {
            self.body.reserve_capacity(bytes.len());
            let room = std::future::poll_fn(|cx| self.body.poll_capacity(cx));
            // It may not want to hear more.
            let Ok(Some(Ok(room))) = timeout(LISTENS, room).await else {
                return;
            };
            let part = bytes.split_to(room.min(bytes.len()));
            if self.body.send_data(part, false).is_err() {
                return;
            }
        }
        if end {
            let _ = self.body.send_data(Bytes::new(), true);
        }
    }

    /// The head of the answer.
    pub async fn head(self) -> Response<RecvStream> {
        within("an answer", self.answer).await.unwrap()
    }

    /// The trailers of the answer, which are its head if it has nothing else.
    pub async fn trailers(self) -> HeaderMap {
        let head = self.head().await;
        if head.headers().contains_key("grpc-status") {
            return head.headers().clone();
        }
        let mut body = head.into_body();
        let end = async {
            while let Some(data) = body.data().await {
                let length = data.unwrap().len();
                body.flow_control().release_capacity(length).unwrap();
            }
            body.trailers().await.unwrap().unwrap_or_default()
        };
        within("the end of an answer", end).await
    }

    /// The error in the head of the answer, if there is one.
    pub async fn outcome(self) -> Result<HeaderMap, Status> {
        let headers = self.head().await.headers().clone();
        match Status::from_header_map(&headers) {
            Some(status) => Err(status),
            None => Ok(headers),
        }
    }
}
