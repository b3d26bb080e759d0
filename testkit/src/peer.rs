//! A well-behaved WebSocket client: what a device, a browser or a script is to an edge.
//!
//! For those that misbehave, see [`RawPeer`](crate::RawPeer).

use crate::frame::is_frame;
use crate::wait::within;
use crate::{GREETING, frame};
use anyhow::{Context, Result, anyhow};
use futures_util::{SinkExt, StreamExt};
use std::collections::VecDeque;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::Error;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Bytes, Message};

/// A connection to an edge. It answers WebSocket pings only while it is being read, as every client does. Dropping it drops the
/// connection without a close frame.
///
/// Every wait panics after [`PATIENCE`](crate::PATIENCE), naming what did not come.
#[derive(Debug)]
pub struct Peer {
    socket: WebSocketStream<TcpStream>,
    /// Lines of a telemetry message that [`next_frame`](Self::next_frame) has not handed out yet.
    lines: VecDeque<String>,
}

impl Peer {
    /// Connects, and takes the greeting.
    ///
    /// # Panics
    /// When it cannot connect, or the first message is not the greeting.
    pub async fn connect(url: impl AsRef<str>) -> Self {
        let mut peer = Self::connect_raw(url).await;
        peer.expect(GREETING).await;
        peer
    }

    /// Connects, and leaves the greeting to be read.
    ///
    /// # Panics
    /// When it cannot connect.
    pub async fn connect_raw(url: impl AsRef<str>) -> Self {
        let url = url.as_ref();
        Self::try_connect(url, &[]).await.unwrap_or_else(|error| panic!("cannot connect to {url}: {error:#}"))
    }

    /// Connects with more headers in the handshake; the greeting is left to be read.
    ///
    /// # Errors
    /// When there is no connection, or the server does not upgrade it: then the error names the status.
    pub async fn try_connect(url: &str, headers: &[(&str, &str)]) -> Result<Self> {
        let mut request = url.into_client_request().context("the URL")?;
        for (name, value) in headers {
            request.headers_mut().insert(HeaderName::try_from(*name)?, HeaderValue::from_str(value)?);
        }
        let host = request.uri().host().context("the URL has a host")?;
        let address = (host.trim_matches(['[', ']']).to_owned(), request.uri().port_u16().unwrap_or(80));
        let connect = async {
            let stream = TcpStream::connect(address).await.context("TCP")?;
            stream.set_nodelay(true).context("TCP_NODELAY")?;
            tokio_tungstenite::client_async(request, stream).await.map_err(|error| match error {
                Error::Http(response) => anyhow!("refused with status {}", response.status().as_u16()),
                error => error.into(),
            })
        };
        let (socket, _) = within(format_args!("a connection to {url}"), connect).await?;
        Ok(Self { socket, lines: VecDeque::new() })
    }

    /// Connects as a subscriber.
    ///
    /// # Panics
    /// When it cannot, or `s` is not answered as it should be.
    pub async fn viewer(url: impl AsRef<str>) -> Self {
        let mut peer = Self::connect(url).await;
        peer.send("s").await;
        peer.expect("stream:on").await;
        peer
    }

    /// Connects as a device, and returns when the edge has taken in its first frame (number 0).
    ///
    /// # Panics
    /// When it cannot.
    pub async fn device(url: impl AsRef<str>, id: u16) -> Self {
        let mut peer = Self::connect(url).await;
        peer.send(frame(id, 0)).await;
        peer.barrier().await;
        peer
    }

    /// Sends a text message.
    ///
    /// # Panics
    /// When the connection is gone, or does not take it in time.
    pub async fn send(&mut self, text: impl Into<String>) {
        let text = text.into();
        let shown = shorten(&text).to_owned();
        if let Err(error) = self.try_send(text).await {
            panic!("cannot send {shown:?}: {error:#}");
        }
    }

    /// Sends a text message.
    ///
    /// # Errors
    /// When the connection is gone.
    ///
    /// # Panics
    /// When the connection does not take it in time.
    pub async fn try_send(&mut self, text: impl Into<String>) -> Result<()> {
        within("the edge to take a message", self.socket.send(Message::text(text.into()))).await.map_err(Into::into)
    }

    /// Sends a message of binary type.
    ///
    /// # Panics
    /// When the connection is gone, or does not take it in time.
    pub async fn binary(&mut self, bytes: impl Into<Bytes>) {
        let message = Message::binary(bytes);
        within("the edge to take a binary message", self.socket.send(message)).await.expect("the connection is open");
    }

    /// The next text message. Pings are answered on the way.
    ///
    /// # Panics
    /// When none comes in time, the connection ends, or the message is a binary one.
    pub async fn next(&mut self) -> String {
        self.next_for("a text message").await
    }

    /// Asserts that the next text message is `expected`, byte for byte.
    ///
    /// # Panics
    /// When it is not, or none comes.
    pub async fn expect(&mut self, expected: &str) {
        let text = self.next_for(format_args!("{expected:?}")).await;
        assert_eq!(text, expected);
    }

    /// Sends `text` and returns the next text message: for commands, pings and the like on a connection that does not subscribe.
    ///
    /// # Panics
    /// As [`send`](Self::send) and [`next`](Self::next).
    pub async fn ask(&mut self, text: impl Into<String>) -> String {
        let text = text.into();
        let what = format!("the answer to {:?}", shorten(&text));
        self.send(text).await;
        self.next_for(what).await
    }

    /// Asserts that nothing has been sent to us unasked, without waiting longer than a round trip: sends `ping`, and the next message
    /// must be `pong`. What we sent before has been handled by this edge when it returns.
    ///
    /// # Panics
    /// When there is another message first.
    pub async fn barrier(&mut self) {
        let text = self.ask("ping").await;
        assert_eq!(text, "pong", "a message that nobody asked for");
    }

    /// The next frame of a subscription: 20 lower-case hex digits. Messages of several frames are taken apart.
    ///
    /// # Panics
    /// When none comes in time, or a message is not made of frames with their newlines.
    pub async fn next_frame(&mut self) -> String {
        loop {
            if let Some(line) = self.lines.pop_front() {
                return line;
            }
            let text = self.receive("a frame").await;
            self.take_apart(&text);
        }
    }

    /// Reads frames until `wanted` says yes to one, and returns that one.
    ///
    /// # Panics
    /// When none comes in time, or a message is not made of frames.
    pub async fn frame_where(&mut self, mut wanted: impl FnMut(&str) -> bool) -> String {
        let search = async {
            loop {
                let line = self.next_frame().await;
                if wanted(&line) {
                    return line;
                }
            }
        };
        within("a certain frame", search).await
    }

    /// Sends `ping` and returns all frames that come before the `pong`.
    ///
    /// # Panics
    /// When something else comes before it.
    pub async fn frames_until_pong(&mut self) -> Vec<String> {
        self.send("ping").await;
        loop {
            let text = self.receive("pong").await;
            if text == "pong" {
                return self.lines.drain(..).collect();
            }
            self.take_apart(&text);
        }
    }

    /// Sends a WebSocket ping and waits for its pong; text messages that come before it are thrown away.
    ///
    /// # Panics
    /// When the pong does not come in time.
    pub async fn ping(&mut self, payload: &str) {
        let payload = Bytes::from(payload.to_owned());
        let round_trip = async {
            self.socket.send(Message::Ping(payload.clone())).await?;
            while let Some(message) = self.socket.next().await {
                if matches!(message?, Message::Pong(echo) if echo == payload) {
                    return Ok(());
                }
            }
            Err(Error::ConnectionClosed)
        };
        within("a WebSocket pong", round_trip).await.expect("the connection is open");
    }

    /// Reads up to the close frame, throwing away what comes before it, answers it, and returns its code and reason.
    ///
    /// # Panics
    /// When the connection does not end in time, or ends without a close frame.
    pub async fn closed(&mut self) -> (u16, String) {
        self.ended().await.expect("the connection ended without a close frame")
    }

    /// Reads to the end of the connection: the close frame's code and reason, or `None` when there was none.
    ///
    /// # Panics
    /// When the connection does not end in time.
    pub async fn ended(&mut self) -> Option<(u16, String)> {
        let end = async {
            let mut close = None;
            while let Some(Ok(message)) = self.socket.next().await {
                if let Message::Close(frame) = message {
                    // Reading on sends our answer and sees the server close the connection.
                    close = Some(frame.map_or((1005, String::new()), |CloseFrame { code, reason }| {
                        (code.into(), reason.as_str().to_owned())
                    }));
                }
            }
            close
        };
        within("the end of the connection", end).await
    }

    /// Closes the connection as a browser does: a close frame, then reading up to the answer.
    ///
    /// # Panics
    /// When the edge does not answer in time.
    pub async fn close(mut self) {
        let _ = self.socket.close(None).await;
        self.ended().await;
    }

    /// The connection itself, for what has no method here. Frames not handed out yet are lost.
    pub fn into_inner(self) -> WebSocketStream<TcpStream> {
        self.socket
    }

    async fn next_for(&mut self, what: impl std::fmt::Display) -> String {
        assert!(self.lines.is_empty(), "frames were there before {what}: {:?}", self.lines);
        self.receive(what).await
    }

    async fn receive(&mut self, what: impl std::fmt::Display) -> String {
        let text = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(other)) => return Err(format!("{other:?}")),
                    Some(Err(error)) => return Err(error.to_string()),
                    None => return Err("the end of the connection".to_owned()),
                }
            }
        };
        within(&what, text).await.unwrap_or_else(|other| panic!("expected {what}, got: {other}"))
    }

    fn take_apart(&mut self, text: &str) {
        assert!(text.ends_with('\n'), "frames end with a newline: {:?}", shorten(text));
        for line in text.split_terminator('\n') {
            assert!(is_frame(line), "not a frame: {line:?}");
            self.lines.push_back(line.to_owned());
        }
    }
}

fn shorten(text: &str) -> &str {
    text.char_indices().nth(100).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use tokio::net::TcpListener;
    use tokio::task::JoinSet;

    /// A server of one connection that does what `script` says; the set ends it with the test.
    async fn server<F: Future<Output = ()> + Send + 'static>(
        script: impl FnOnce(WebSocketStream<TcpStream>) -> F + Send + 'static,
    ) -> (String, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/", listener.local_addr().unwrap());
        let mut task = JoinSet::new();
        task.spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            script(tokio_tungstenite::accept_async(stream).await.unwrap()).await;
        });
        (url, task)
    }

    #[tokio::test]
    async fn messages_frames_and_the_end_are_told_apart() {
        let (url, _server) = server(async |mut socket| {
            for text in [GREETING, "stream:on"] {
                socket.send(Message::text(text)).await.unwrap();
            }
            assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("s"));
            let frames = format!("{}\n{}\n", frame(1, 1), frame(2, 1));
            socket.send(Message::text(frames)).await.unwrap();
            socket.send(Message::text(format!("{}\n", frame(1, 2)))).await.unwrap();
            assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("ping"));
            socket.send(Message::text("pong")).await.unwrap();
            let close = CloseFrame { code: 1012.into(), reason: "restart".into() };
            socket.close(Some(close)).await.unwrap();
            while socket.next().await.is_some_and(|message| message.is_ok()) {}
        })
        .await;
        let mut peer = Peer::viewer(&url).await;
        assert_eq!(peer.next_frame().await, frame(1, 1));
        assert_eq!(peer.frames_until_pong().await, [frame(2, 1), frame(1, 2)]);
        assert_eq!(peer.closed().await, (1012, "restart".to_owned()));
    }

    #[tokio::test]
    #[should_panic(expected = "a message that nobody asked for")]
    async fn a_barrier_sees_what_nobody_asked_for() {
        let (url, _server) = server(async |mut socket| {
            for text in [GREETING, "led:ff0000"] {
                socket.send(Message::text(text)).await.unwrap();
            }
            while socket.next().await.is_some_and(|message| message.is_ok()) {}
        })
        .await;
        Peer::connect(url).await.barrier().await;
    }

    #[tokio::test]
    async fn a_dropped_connection_has_no_close_frame() {
        let (url, _server) = server(async |socket| drop(socket)).await;
        assert_eq!(Peer::connect_raw(url).await.ended().await, None);
    }
}
