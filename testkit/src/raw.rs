//! A WebSocket client made by hand over TCP, for what a proper one cannot do: broken handshakes, half frames, unmasked frames,
//! never reading, and looking at every byte that comes back.

use crate::GREETING;
use crate::http::end_of_head;
use crate::tls::TlsClient;
use crate::wait::within;
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::client::TlsStream;

/// A connection to an edge, TCP or TLS over it, and what has come from it but was not looked at yet.
///
/// It does nothing by itself: it answers no ping and no close frame. Dropping it closes the TCP connection;
/// [`reset`](Self::reset) does so with a RST.
#[derive(Debug)]
pub struct RawPeer<S = TcpStream> {
    stream: S,
    buffer: Vec<u8>,
}

/// One WebSocket frame (RFC 6455, section 5.2), to be sent or received. Not a sensor frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireFrame {
    /// The last frame of its message.
    pub fin: bool,
    /// 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong; the others mean nothing.
    pub opcode: u8,
    /// The three reserved bits, `RSV1` the highest (4).
    pub rsv: u8,
    /// The mask, which a client must and a server must not use.
    pub mask: Option<[u8; 4]>,
    /// The content, not masked.
    pub payload: Vec<u8>,
}

impl WireFrame {
    /// A frame as a proper client sends it.
    pub fn new(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        Self { fin: true, opcode, rsv: 0, mask: Some([0x12, 0x34, 0x56, 0x78]), payload: payload.into() }
    }

    /// A whole text message.
    pub fn text(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(1, payload)
    }

    /// A close frame.
    pub fn close(code: u16, reason: &str) -> Self {
        Self::new(8, [&code.to_be_bytes(), reason.as_bytes()].concat())
    }

    /// The frame on the wire.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.header(self.payload.len() as u64);
        let mask = self.mask.unwrap_or_default();
        bytes.extend(self.payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes
    }

    /// The frame's head alone, claiming a payload of `length` bytes.
    pub fn header(&self, length: u64) -> Vec<u8> {
        let masked = if self.mask.is_some() { 0x80 } else { 0 };
        let mut bytes = vec![u8::from(self.fin) << 7 | (self.rsv & 7) << 4 | self.opcode & 15];
        match length {
            0..126 => bytes.push(masked | length as u8),
            126..65_536 => {
                bytes.push(masked | 126);
                bytes.extend((length as u16).to_be_bytes());
            }
            _ => {
                bytes.push(masked | 127);
                bytes.extend(length.to_be_bytes());
            }
        }
        bytes.extend(self.mask.iter().flatten());
        bytes
    }

    /// The payload as text.
    ///
    /// # Panics
    /// When it is not UTF-8.
    pub fn payload_text(&self) -> &str {
        std::str::from_utf8(&self.payload).expect("the payload is UTF-8")
    }

    /// Code and reason of a close frame; 1005 when it has none.
    pub fn close_reason(&self) -> (u16, String) {
        match self.payload.split_at_checked(2) {
            Some((code, reason)) => {
                (u16::from_be_bytes([code[0], code[1]]), String::from_utf8_lossy(reason).into_owned())
            }
            None => (1005, String::new()),
        }
    }

    /// Takes a frame off the front of `bytes`: the frame and its length on the wire; `None` when it is not whole yet.
    fn decode(bytes: &[u8]) -> Option<(Self, usize)> {
        let (&first, &second) = (bytes.first()?, bytes.get(1)?);
        let (length, mut at) = match second & 0x7f {
            126 => (u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4),
            127 => (u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?), 10),
            short => (u64::from(short), 2),
        };
        let mask: Option<[u8; 4]> = if second & 0x80 == 0 {
            None
        } else {
            at += 4;
            Some(bytes.get(at - 4..at)?.try_into().ok()?)
        };
        let end = at.checked_add(usize::try_from(length).ok()?)?;
        let payload = bytes.get(at..end)?.iter().zip(mask.unwrap_or_default().into_iter().cycle());
        let payload = payload.map(|(byte, mask)| byte ^ mask);
        let frame =
            Self { fin: first & 0x80 != 0, opcode: first & 15, rsv: first >> 4 & 7, mask, payload: payload.collect() };
        Some((frame, end))
    }
}

impl RawPeer {
    /// A TCP connection, and nothing said on it yet.
    ///
    /// # Panics
    /// When it cannot connect.
    pub async fn tcp(addr: SocketAddr) -> Self {
        Self::tcp_with_receive_buffer(addr, None).await
    }

    /// As [`tcp`](Self::tcp), with a kernel receive buffer of about this many bytes, so that a peer that does not read is soon felt.
    ///
    /// # Panics
    /// When it cannot connect.
    pub async fn tcp_with_receive_buffer(addr: SocketAddr, bytes: impl Into<Option<u32>>) -> Self {
        let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.expect("a socket");
        if let Some(bytes) = bytes.into() {
            socket.set_recv_buffer_size(bytes).expect("SO_RCVBUF can be set");
        }
        let stream = within(format_args!("a TCP connection to {addr}"), socket.connect(addr)).await;
        let stream = stream.unwrap_or_else(|error| panic!("cannot connect to {addr}: {error}"));
        stream.set_nodelay(true).expect("TCP_NODELAY can be set");
        Self { stream, buffer: Vec::new() }
    }

    /// Goes on with TLS.
    ///
    /// # Panics
    /// When the server does not.
    pub async fn secure(self, client: &TlsClient) -> RawPeer<TlsStream<TcpStream>> {
        let stream = client.handshake(self.stream).await.expect("the server speaks TLS");
        RawPeer { stream, buffer: self.buffer }
    }

    /// Connects and upgrades as the stock firmware does: offers the subprotocol `arduino`, says `Origin: file://`.
    ///
    /// # Panics
    /// When the edge does not upgrade, or does not greet.
    pub async fn open(addr: SocketAddr, path: &str) -> Self {
        let mut peer = Self::tcp(addr).await;
        peer.upgrade(path).await;
        peer
    }

    /// Ends the connection with a RST, as a device does that lost its power and came back.
    pub fn reset(self) {
        self.stream.set_zero_linger().expect("SO_LINGER can be set");
    }

    /// The handshake of the stock firmware, with the key of RFC 6455's example: the answer must hold
    /// `Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=`.
    pub fn firmware_handshake(path: &str) -> String {
        format!(
            "GET {path} HTTP/1.1\r\nHost: groupLoop:5003\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: arduino\r\nOrigin: file://\r\nUser-Agent: arduino-WebSocket-Client\r\n\r\n"
        )
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> RawPeer<S> {
    /// Upgrades a connection made with [`tcp`](Self::tcp) and takes the greeting; returns the head of the answer.
    ///
    /// # Panics
    /// When the edge does not upgrade, or does not greet.
    pub async fn upgrade(&mut self, path: &str) -> String {
        self.write(RawPeer::firmware_handshake(path)).await;
        let head = self.read_head().await;
        assert!(head.starts_with("HTTP/1.1 101 "), "no upgrade: {head}");
        let greeting = self.read_frame().await;
        assert_eq!((greeting.opcode, greeting.payload_text()), (1, GREETING));
        head
    }

    /// Writes bytes as they are.
    ///
    /// # Panics
    /// When the connection is gone, or does not take them in time.
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_write(bytes).await.expect("the connection takes what is written");
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// When the connection is gone: a server may close on what it dislikes while we still write.
    ///
    /// # Panics
    /// When the connection does not take them in time.
    pub async fn try_write(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        let write = async {
            self.stream.write_all(bytes.as_ref()).await?;
            self.stream.flush().await
        };
        within("the edge to take bytes", write).await
    }

    /// Sends a frame.
    ///
    /// # Panics
    /// As [`write`](Self::write).
    pub async fn send(&mut self, frame: &WireFrame) {
        self.write(frame.encode()).await;
    }

    /// Sends a whole text message as a proper client does.
    ///
    /// # Panics
    /// As [`write`](Self::write).
    pub async fn text(&mut self, text: &str) {
        self.send(&WireFrame::text(text)).await;
    }

    /// Reads the head of an HTTP answer, byte for byte, with the empty line that ends it.
    ///
    /// # Panics
    /// When it does not come whole in time.
    pub async fn read_head(&mut self) -> String {
        let read = async {
            loop {
                if let Some(end) = end_of_head(&self.buffer) {
                    return self.buffer.drain(..end).collect();
                }
                assert!(self.more().await, "half an HTTP answer: {:?}", String::from_utf8_lossy(&self.buffer));
            }
        };
        String::from_utf8(within("the head of an HTTP answer", read).await).expect("a head is ASCII")
    }

    /// Reads so many bytes.
    ///
    /// # Panics
    /// When they do not come in time, or the connection ends before.
    pub async fn read(&mut self, length: usize) -> Vec<u8> {
        let read = async {
            while self.buffer.len() < length {
                assert!(
                    self.more().await,
                    "the end before {length} bytes: {:?}",
                    String::from_utf8_lossy(&self.buffer)
                );
            }
        };
        within(format_args!("{length} bytes"), read).await;
        self.buffer.drain(..length).collect()
    }

    /// Reads the next WebSocket frame, whatever it is.
    ///
    /// # Panics
    /// When it does not come whole in time, or the connection ends.
    pub async fn read_frame(&mut self) -> WireFrame {
        within("a WebSocket frame", self.try_read_frame())
            .await
            .expect("a WebSocket frame, not the end of the connection")
    }

    /// Reads up to the close frame: its code and reason, or `None` when the connection ends without one.
    ///
    /// # Panics
    /// When neither happens in time.
    pub async fn closed(&mut self) -> Option<(u16, String)> {
        let search = async {
            while let Some(frame) = self.try_read_frame().await {
                if frame.opcode == 8 {
                    return Some(frame.close_reason());
                }
            }
            None
        };
        within("a close frame or the end", search).await
    }

    /// Reads to the end of the connection, and returns all that was left. A reset counts as an end.
    ///
    /// # Panics
    /// When the connection does not end in time.
    pub async fn read_to_end(&mut self) -> Vec<u8> {
        let read = async { while self.more().await {} };
        within("the end of the connection", read).await;
        std::mem::take(&mut self.buffer)
    }

    /// The connection itself; what was read but not looked at yet is lost to it.
    pub fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    async fn try_read_frame(&mut self) -> Option<WireFrame> {
        loop {
            if let Some((frame, length)) = WireFrame::decode(&self.buffer) {
                self.buffer.drain(..length);
                return Some(frame);
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// Reads what there is; false at the end.
    async fn more(&mut self) -> bool {
        matches!(self.stream.read_buf(&mut self.buffer).await, Ok(length) if length > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{SinkExt, StreamExt};
    use tokio::net::TcpListener;
    use tokio::task::JoinSet;
    use tokio_tungstenite::tungstenite::Message;

    #[test]
    fn frames_come_back_as_they_were_made() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let mut frame = WireFrame::new(2, vec![0xa5; length]);
            for mask in [frame.mask, None] {
                frame.mask = mask;
                let bytes = frame.encode();
                assert_eq!(WireFrame::decode(&bytes), Some((frame.clone(), bytes.len())));
                assert_eq!(WireFrame::decode(&bytes[..bytes.len() - 1]), None);
            }
        }
        let odd = WireFrame { fin: false, rsv: 5, ..WireFrame::close(1009, "too long") };
        let (decoded, _) = WireFrame::decode(&odd.encode()).unwrap();
        assert_eq!((decoded.fin, decoded.rsv, decoded.close_reason()), (false, 5, (1009, "too long".to_owned())));
    }

    #[tokio::test]
    async fn it_speaks_to_a_real_websocket_server() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let mut server = JoinSet::new();
        server.spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
            socket.send(Message::text(GREETING)).await.unwrap();
            while let Some(Ok(message)) = socket.next().await {
                if message.is_text() {
                    socket.send(message).await.unwrap();
                }
            }
        });
        let mut peer = RawPeer::tcp_with_receive_buffer(addr, 4096).await;
        let head = peer.upgrade("/").await;
        assert!(head.to_ascii_lowercase().contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
        let hello = WireFrame::text("hello").encode();
        for byte in hello {
            peer.write([byte]).await;
        }
        assert_eq!(peer.read_frame().await.payload_text(), "hello");
        peer.send(&WireFrame { mask: None, ..WireFrame::text("unmasked") }).await;
        assert_eq!(peer.closed().await.map(|(code, _)| code).unwrap_or(1002), 1002);
        assert_eq!(peer.read_to_end().await, b"");
    }
}
