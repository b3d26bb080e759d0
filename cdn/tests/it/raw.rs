//! Requests byte by byte, for what no proper client would send.

use grouploop_testkit::within;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

pub(crate) struct Raw(pub(crate) TcpStream);

impl Raw {
    pub(crate) async fn connect(addr: SocketAddr) -> Self {
        Self(TcpStream::connect(addr).await.unwrap())
    }

    /// One whose kernel takes few bytes ahead.
    pub(crate) async fn narrow(addr: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        Self(socket.connect(addr).await.unwrap())
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        within("the server to take bytes", self.0.write_all(bytes.as_ref())).await.unwrap();
    }

    /// The head of an answer: the line and the headers.
    pub(crate) async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = within("a head", self.0.read_u8()).await;
            head.push(byte.unwrap_or_else(|error| panic!("{error} after {:?}", String::from_utf8_lossy(&head))));
        }
        String::from_utf8(head).unwrap()
    }

    pub(crate) async fn exactly(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        within("bytes", self.0.read_exact(&mut bytes)).await.unwrap();
        bytes
    }

    /// What comes until the connection ends, in whatever way.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut buffer = vec![0; 64 << 10];
        while let Ok(length @ 1..) = within("the end", self.0.read(&mut buffer)).await {
            bytes.extend_from_slice(&buffer[..length]);
        }
        bytes
    }
}

/// Sends these bytes and returns the whole answer as text.
pub(crate) async fn exchange(addr: SocketAddr, request: impl AsRef<[u8]>) -> String {
    let mut raw = Raw::connect(addr).await;
    raw.send(request).await;
    String::from_utf8_lossy(&raw.rest().await).into_owned()
}

/// PUT with the token, by a client that reads the answer even when the server takes no more of the body.
pub(crate) async fn put_anyway(addr: SocketAddr, path: &str, headers: &str, body: &[u8]) -> String {
    let mut raw = Raw::connect(addr).await;
    let (name, value) = crate::stage::BEARER;
    let length = body.len();
    raw.send(format!(
        "PUT {path} HTTP/1.1\r\nHost: cdn\r\n{name}: {value}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n{headers}\r\n"
    ))
    .await;
    let _ = within("the server to take or refuse", raw.0.write_all(body)).await;
    String::from_utf8_lossy(&raw.rest().await).into_owned()
}
