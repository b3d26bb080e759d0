//! The way from nothing to a WebSocket, as the stock firmware goes it.
//!
//! The request is written by hand, because a WebSocket library refuses an answer that selects no subprotocol when one was offered;
//! the firmware offers `arduino` and does not mind.

use super::counts::ConnectFailure;
use super::edge::Edge;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::{Response, generate_key};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::handshake::machine::TryParse;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

/// Time from the first packet to the edge's consent: as long as the pause after a failure.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The head of an answer. Real ones have about 200 bytes.
const MAX_HEAD_BYTES: usize = 4 * 1024;

/// What the kernel keeps for a slow link (it doubles the number): a few dozen commands.
const SLOW_RECEIVE_BYTES: u32 = 4 * 1024;

/// An edge hardly says anything to a device, so a connection's buffers are small.
const READ_BUFFER_BYTES: usize = 1024;
/// What protocol version 1 allows a message.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// Why there is no WebSocket.
#[derive(Debug, Error)]
pub(super) enum ConnectError {
    #[error("cannot connect: {0}")]
    Io(#[from] io::Error),
    #[error("no answer within {} s", CONNECT_TIMEOUT.as_secs())]
    TimedOut,
    #[error("no WebSocket there: {0}")]
    Handshake(String),
}

impl ConnectError {
    pub(super) fn kind(&self) -> ConnectFailure {
        match self {
            Self::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => ConnectFailure::Refused,
            Self::Io(error) if error.kind() == io::ErrorKind::TimedOut => ConnectFailure::TimedOut,
            Self::Io(_) => ConnectFailure::Other,
            Self::TimedOut => ConnectFailure::TimedOut,
            Self::Handshake(_) => ConnectFailure::Handshake,
        }
    }
}

/// How much a connection's link carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speed {
    Full,
    /// A fault of the scenario.
    Slow,
}

/// Opens a WebSocket, in bounded time.
pub(super) async fn connect(edge: &Edge, speed: Speed) -> Result<WebSocketStream<TcpStream>, ConnectError> {
    let work = async {
        let mut socket = dial(edge, speed).await?;
        let rest = upgrade(&mut socket, edge).await?;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(2 * MAX_MESSAGE_BYTES)
            .max_message_size(Some(MAX_MESSAGE_BYTES))
            .max_frame_size(Some(MAX_MESSAGE_BYTES));
        Ok(WebSocketStream::from_partially_read(socket, rest, Role::Client, Some(config)).await)
    };
    tokio::time::timeout(CONNECT_TIMEOUT, work).await.unwrap_or(Err(ConnectError::TimedOut))
}

/// Tries the host's addresses, one after the other.
async fn dial(edge: &Edge, speed: Speed) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in lookup_host((edge.host.as_str(), edge.port)).await? {
        match dial_address(address, speed).await {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn dial_address(address: SocketAddr, speed: Speed) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if speed == Speed::Slow {
        // Before connecting: the first window that the edge hears of follows from it.
        socket.set_recv_buffer_size(SLOW_RECEIVE_BYTES)?;
    }
    socket.set_nodelay(true)?;
    socket.connect(address).await
}

/// Asks for the upgrade; returns what the edge said after its consent.
async fn upgrade(socket: &mut TcpStream, edge: &Edge) -> Result<Vec<u8>, ConnectError> {
    let key = generate_key();
    socket.write_all(request(edge, &key).as_bytes()).await?;
    let mut head = Vec::with_capacity(512);
    loop {
        if head.len() >= MAX_HEAD_BYTES {
            return Err(ConnectError::Handshake(format!("the answer's head exceeds {MAX_HEAD_BYTES} bytes")));
        }
        if socket.read_buf(&mut head).await? == 0 {
            return Err(ConnectError::Handshake("the connection was closed instead of an answer".to_owned()));
        }
        let parsed = Response::try_parse(&head).map_err(|error| ConnectError::Handshake(error.to_string()))?;
        if let Some((length, response)) = parsed {
            check(&response, &key)?;
            return Ok(head.split_off(length));
        }
    }
}

/// Header for header what the stock firmware sends.
fn request(edge: &Edge, key: &str) -> String {
    let Edge { path, host_header, .. } = edge;
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host_header}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: arduino\r\n\
         Origin: file://\r\nUser-Agent: arduino-WebSocket-Client\r\n\r\n"
    )
}

/// As strict as the stock firmware: `Connection` is `Upgrade` and nothing else.
fn check(response: &Response, key: &str) -> Result<(), ConnectError> {
    let wrong = |what: String| Err(ConnectError::Handshake(what));
    if response.status().as_u16() != 101 {
        return wrong(format!("it answered {}", response.status()));
    }
    let accept = derive_accept_key(key.as_bytes());
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !header("Upgrade").eq_ignore_ascii_case("websocket") || !header("Connection").eq_ignore_ascii_case("Upgrade") {
        return wrong("its answer lacks `Upgrade: websocket` or `Connection: Upgrade`".to_owned());
    }
    if header("Sec-WebSocket-Accept") != accept {
        return wrong("its `Sec-WebSocket-Accept` is not the one for our key".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use grouploop_bridge::Space;
    use socket2::SockRef;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn the_window_of_a_slow_link_is_small_and_nothing_waits_to_be_joined() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let edge = Edge::parse(&format!("ws://{}", listener.local_addr().unwrap()), &Space::main()).unwrap();
        let [slow, full] = [dial(&edge, Speed::Slow).await.unwrap(), dial(&edge, Speed::Full).await.unwrap()];
        // Linux tells twice of what was asked for.
        assert!(SockRef::from(&slow).recv_buffer_size().unwrap() <= 2 * SLOW_RECEIVE_BYTES as usize);
        assert!(SockRef::from(&full).recv_buffer_size().unwrap() > 8 * SLOW_RECEIVE_BYTES as usize);
        assert!(slow.nodelay().unwrap() && full.nodelay().unwrap());
    }

    #[test]
    fn only_a_proper_consent_is_one() {
        let key = "dGhlIHNhbXBsZSBub25jZQ==";
        let answer = |upgrade: &str, connection: &str, accept: &str| {
            let head = format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: {upgrade}\r\nConnection: {connection}\r\n\
                 Sec-WebSocket-Accept: {accept}\r\n\r\n"
            );
            check(&Response::try_parse(head.as_bytes()).unwrap().unwrap().1, key).is_ok()
        };
        // The example of RFC 6455, section 1.3.
        let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
        assert!(answer("websocket", "Upgrade", accept));
        assert!(answer("WebSocket", "upgrade", accept));
        assert!(!answer("h2c", "Upgrade", accept));
        assert!(!answer("websocket", "Upgrade, keep-alive", accept), "the firmware does not take it");
        assert!(!answer("websocket", "Upgrade", "s3pPLMBiTxaQ9kYGzzhZRbK+xOO="));
    }
}
