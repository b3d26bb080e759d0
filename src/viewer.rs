//! A viewer of an edge that does not give up: connects, subscribes, and comes back after each loss.
//!
//! ```text
//!  connect ─▶ subscribe ─▶ texts ──▶ Viewer
//!     ▲                      │ connection lost
//!     └── jittered pause ◀───┘
//! ```

use crate::backoff::Backoff;
use crate::client::{EdgeUrl, reason, receive};
use crate::terminal::printable;
use futures_util::SinkExt;
use grouploop_bridge::{STREAM_ERROR, STREAM_ON};
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

/// Time for connection and greeting.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// An edge pings every 20 s, so a connection this silent is dead.
const SILENCE: Duration = Duration::from_secs(45);

/// Who looks at what devices send.
pub(crate) trait Viewer {
    /// A try begins.
    fn connecting(&self);
    /// The edge has taken the subscription.
    fn connected(&self, url: &EdgeUrl);
    /// There is no connection; the next try is after the pause.
    fn disconnected(&self, url: &EdgeUrl, why: String, pause: Duration);
    /// Takes a message, lines of frames mostly.
    ///
    /// # Errors
    /// When it wants no more.
    async fn take(&self, text: &str) -> Result<(), Closed>;
}

/// Nobody looks any more.
#[derive(Debug)]
pub(crate) struct Closed;

/// Why a connection is over.
#[derive(Debug)]
enum End {
    /// It was lost; another may do better.
    Lost(String),
    /// The edge does not take the subscription, and would not the next time either.
    Refused(String),
    /// The viewer wants no more.
    Closed,
}

/// Connects again and again. Returns when the viewer wants no more.
///
/// # Errors
/// One line, when the edge refuses the subscription.
pub(crate) async fn follow(url: &EdgeUrl, subscription: &str, viewer: &impl Viewer) -> Result<Closed, String> {
    let mut backoff = Backoff::default();
    loop {
        viewer.connecting();
        match session(url, subscription, viewer, &mut backoff).await {
            End::Closed => return Ok(Closed),
            End::Refused(why) => return Err(format!("{url} refuses the subscription: {why}")),
            End::Lost(why) => {
                let pause = backoff.next();
                viewer.disconnected(url, why, pause);
                sleep(pause).await;
            }
        }
    }
}

async fn session(url: &EdgeUrl, subscription: &str, viewer: &impl Viewer, backoff: &mut Backoff) -> End {
    let mut connection = match timeout(CONNECT_PATIENCE, url.connect()).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(why)) => return End::Lost(why),
        Err(_) => return End::Lost(format!("no answer within {} s", CONNECT_PATIENCE.as_secs())),
    };
    if let Err(error) = connection.send(Message::text(subscription)).await {
        return End::Lost(reason(&error));
    }
    loop {
        let text = match timeout(SILENCE, receive(&mut connection)).await {
            Ok(Ok(Some(text))) => text,
            Ok(Ok(None)) => continue,
            Ok(Err(why)) => return End::Lost(why),
            Err(_) => return End::Lost(format!("nothing heard for {} s", SILENCE.as_secs())),
        };
        if text.trim() == STREAM_ON {
            backoff.reset();
            viewer.connected(url);
        } else if let Some(why) = text.trim().strip_prefix(STREAM_ERROR) {
            return End::Refused(printable(why));
        } else if viewer.take(&text).await.is_err() {
            return End::Closed;
        }
    }
}
