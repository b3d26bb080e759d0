//! Commands over a WebSocket, as an app that controls devices sends them: one connection to one edge, made again when it breaks.

use super::END_GRACE;
use super::counts::CommandCounts;
use super::lane::Lane;
use super::pacer::Pacer;
use crate::scenario::Swarm;
use futures_util::{SinkExt, StreamExt};
use grouploop_bridge::Space;
use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use tokio_util::sync::CancellationToken;

/// The pause before the first attempt to connect again; each further one doubles it, up to the longest.
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long connecting may take.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of a message from an edge, which are all short.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;

pub(super) async fn run(
    mut pacer: Pacer<impl Fn() -> Arc<Swarm>>,
    edges: &[String],
    space: &Space,
    counts: &CommandCounts,
    stop: &CancellationToken,
) {
    let lane = Lane::new(counts);
    let mut connection = std::pin::pin!(keep_connected(url(edges, space), &lane));
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            never = &mut connection => match never {},
            due = pacer.next() => lane.offer(due),
        }
    }
    tokio::select! {
        biased;
        never = &mut connection => match never {},
        () = lane.idle() => {}
        () = tokio::time::sleep(END_GRACE) => {}
    }
    lane.disconnect();
}

/// Where a controller of the space connects to.
fn url(edges: &[String], space: &Space) -> String {
    let edge = edges.first().map_or("", String::as_str);
    if *space == Space::main() { format!("{edge}/") } else { format!("{edge}/spaces/{space}") }
}

async fn keep_connected(url: String, lane: &Lane<'_>) -> Infallible {
    let mut pause = SHORTEST_PAUSE;
    loop {
        match connect(&url).await {
            Ok(socket) => {
                pause = SHORTEST_PAUSE;
                lane.connect();
                let why = serve(socket, lane).await;
                lane.disconnect();
                tracing::debug!(url, error = %why, "the connection that commands go over is gone");
            }
            Err(error) => tracing::debug!(url, %error, "no connection for commands"),
        }
        tokio::time::sleep(jittered(pause)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Why there is no connection, or no more.
#[derive(Debug, thiserror::Error)]
enum Gone {
    #[error("{0}")]
    Broken(#[from] Error),
    #[error("the edge closed it")]
    Closed,
    #[error("the edge does not answer")]
    Silent,
}

async fn connect(url: &str) -> Result<Socket, Gone> {
    let config = WebSocketConfig::default()
        .read_buffer_size(4096)
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES));
    // A command must not wait for the one after it.
    let connecting = connect_async_with_config(url, Some(config), true);
    let (socket, _) = tokio::time::timeout(CONNECT_PATIENCE, connecting).await.map_err(|_| Gone::Silent)??;
    Ok(socket)
}

/// Writes what is to be written and hears the answers until the connection ends. Reading never waits for writing.
async fn serve(socket: Socket, lane: &Lane<'_>) -> Gone {
    let (mut outgoing, mut incoming) = socket.split();
    let writing = async {
        loop {
            let line = lane.to_write().await;
            if let Err(error) = outgoing.send(Message::text(line)).await {
                return Gone::Broken(error);
            }
        }
    };
    let reading = async {
        loop {
            match incoming.next().await {
                Some(Ok(Message::Text(text))) => text.lines().for_each(|line| lane.hear(line)),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Gone::Broken(error),
                None => return Gone::Closed,
            }
        }
    };
    let watching = async {
        loop {
            let until = lane.patience_ends();
            if until <= tokio::time::Instant::now() {
                return Gone::Silent;
            }
            tokio::time::sleep_until(until).await;
        }
    };
    tokio::select! {
        why = reading => why,
        why = writing => why,
        why = watching => why,
    }
}

/// From half of the pause to all of it, so that those who lost the same edge do not come back in step.
fn jittered(pause: Duration) -> Duration {
    // Every such state is made with other keys: the hash of nothing is a random number.
    let random = RandomState::new().hash_one(());
    pause / 2 + pause / 2 * u32::try_from(random % 1001).unwrap_or_default() / 1000
}
