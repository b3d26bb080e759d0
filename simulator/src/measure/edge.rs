//! A viewer at an edge: the WebSocket that a browser would open, kept open.

use super::error::ViewersError;
use super::post::Post;
use futures_util::{SinkExt, StreamExt};
use grouploop_bridge::{GREETING, STREAM_ERROR, STREAM_ON, Space};
use grouploop_serve::port_of;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::sync::CancellationToken;

/// From the first packet to the answer `stream:on`.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// An edge pings every 20 s and gives up after 20 s more; who hears nothing for longer has lost it.
pub(super) const SILENCE: Duration = Duration::from_secs(45);
/// The first pause before a try to connect again; each one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// A message of telemetry: an edge sends at most 64 KiB.
pub(super) const MAX_MESSAGE_BYTES: usize = 1024 * 1024;
/// Bytes of a message that are told to people.
const MAX_SHOWN: usize = 60;

type Socket = WebSocketStream<TcpStream>;

/// Where an edge shows a space.
#[derive(Debug, Clone)]
pub(super) struct EdgeUrl {
    host: String,
    port: u16,
    url: String,
}

impl EdgeUrl {
    /// Reads `ws://host:port` and adds the path of the space.
    pub(super) fn parse(edge: &str, space: &Space) -> Result<Self, ViewersError> {
        let wrong = |why: &str| ViewersError::Edge { url: edge.chars().take(MAX_SHOWN).collect(), why: why.to_owned() };
        let uri: Uri = edge.trim().parse().map_err(|_| wrong("it is no URL, it must look like ws://host:5003"))?;
        let authority = uri.authority().filter(|authority| !authority.host().is_empty());
        let (Some("ws"), Some(authority)) = (uri.scheme_str(), authority) else {
            return Err(wrong("an edge is reached without TLS here, as ws://host:5003"));
        };
        let port = port_of(authority, 80).ok_or_else(|| wrong("it has no port that there is"))?;
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(wrong("name the edge alone, as ws://host:5003; the path follows from the space of each swarm"));
        }
        let path = if *space == Space::main() { "/".to_owned() } else { format!("/spaces/{space}") };
        Ok(Self {
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port,
            url: format!("ws://{authority}{path}"),
        })
    }
}

impl fmt::Display for EdgeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// A viewer that has subscribed.
#[derive(Debug)]
pub(super) struct EdgeViewer {
    url: EdgeUrl,
    post: Post,
    socket: Socket,
}

impl EdgeViewer {
    /// Connects and subscribes, once.
    pub(super) async fn connect(url: EdgeUrl, post: Post) -> Result<Self, ViewersError> {
        match open(&url, &post).await {
            Ok(socket) => Ok(Self { url, post, socket }),
            Err(why) => Err(ViewersError::Edge { url: url.url, why }),
        }
    }

    /// Reads until `stop`; connects again when the connection is lost.
    pub(super) async fn run(self, stop: CancellationToken) {
        let watching = async {
            let mut socket = self.socket;
            loop {
                let why = read(&mut socket, &self.post).await;
                tracing::info!(edge.url = %self.url, %why, "a viewer lost its edge, connecting again");
                socket = reopen(&self.url, &self.post).await;
                self.post.reconnects.fetch_add(1, Ordering::Relaxed);
            }
        };
        // Cut off anywhere, it leaves only a connection that is closed when it is dropped.
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = watching => {}
        }
    }
}

/// Tries until there is a connection.
async fn reopen(url: &EdgeUrl, post: &Post) -> Socket {
    let mut pause = FIRST_PAUSE;
    loop {
        sleep(jittered(pause)).await;
        match open(url, post).await {
            Ok(socket) => return socket,
            Err(why) => tracing::debug!(edge.url = %url, %why, "a viewer found no edge"),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Half of a pause to all of it, so that many do not come back in step.
fn jittered(pause: Duration) -> Duration {
    let half = pause / 2;
    // The keys of a hasher are random, which is chance enough.
    let share = RandomState::new().hash_one(0) % 1024;
    half + half * share as u32 / 1024
}

/// A connection that shows telemetry, or why there is none and what to do.
async fn open(url: &EdgeUrl, post: &Post) -> Result<Socket, String> {
    let opening = async {
        let stream = TcpStream::connect((url.host.as_str(), url.port)).await;
        let stream = stream.map_err(|error| format!("{error}; see that an edge runs there"))?;
        // A viewer writes one byte; without this it only starts a little later.
        let _ = stream.set_nodelay(true);
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_MESSAGE_BYTES))
            .max_frame_size(Some(MAX_MESSAGE_BYTES));
        let opened = tokio_tungstenite::client_async_with_config(url.url.as_str(), stream, Some(config)).await;
        let (mut socket, _) = opened.map_err(|error| match error {
            Error::Http(answer) => format!("it refuses viewers with status {}", answer.status().as_u16()),
            error => format!("{error}; see that it is an edge and not another server"),
        })?;
        let greeting = text(&mut socket).await?;
        if greeting != GREETING.as_bytes() {
            return Err(format!("it greets with {}; see that it is an edge and not another server", shown(&greeting)));
        }
        socket.send(Message::text("s")).await.map_err(|error| error.to_string())?;
        loop {
            let answer = text(&mut socket).await?;
            if answer == STREAM_ON.as_bytes() {
                return Ok(socket);
            }
            if answer.starts_with(STREAM_ERROR.as_bytes()) {
                return Err(format!("it does not show telemetry: {}", shown(&answer)));
            }
            post.take(&answer);
        }
    };
    let late = || format!("it did not subscribe us within {} s; see that it is an edge", CONNECT_TIMEOUT.as_secs());
    timeout(CONNECT_TIMEOUT, opening).await.map_err(|_| late())?
}

/// Notes telemetry until there is no more: why.
async fn read(socket: &mut Socket, post: &Post) -> String {
    loop {
        match timeout(SILENCE, text(socket)).await {
            Ok(Ok(lines)) => post.take(&lines),
            Ok(Err(why)) => return why,
            Err(_) => return format!("it was silent for {} s", SILENCE.as_secs()),
        }
    }
}

/// The next text message, or why there is none. Pings are answered while it waits.
async fn text(socket: &mut Socket) -> Result<tokio_tungstenite::tungstenite::Bytes, String> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return Ok(text.into()),
            Some(Ok(Message::Close(Some(frame)))) => {
                return Err(format!("it closed the connection ({} {})", frame.code, shown(frame.reason.as_bytes())));
            }
            Some(Ok(Message::Close(None))) | None => return Err("it closed the connection".to_owned()),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error.to_string()),
        }
    }
}

/// What a stranger wrote, short and without control characters.
fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let short: String = text.chars().take(MAX_SHOWN).collect();
    format!("{short:?}")
}
