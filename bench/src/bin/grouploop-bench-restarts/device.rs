//! A device: sends frames, takes commands, and does as firmware does when its connection ends.

use crate::shared::{CONNECTION_SHIFT, FIRMWARE_PAUSE, GREETING, Return, Shared};
use anyhow::Result;
use futures_util::{SinkExt, StreamExt};
use grouploop_testkit::frame;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// An attempt to connect that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn device(balancer: SocketAddr, id: u16, hz: u64, shared: Arc<Shared>) {
    let mut ended: Option<Instant> = None;
    let mut connection = 0_u64;
    while !shared.stopping() {
        let began = Instant::now();
        let Ok(Ok(opened)) = timeout(PATIENCE, open(balancer)).await else {
            shared.refused.fetch_add(1, Ordering::Relaxed);
            sleep(FIRMWARE_PAUSE).await;
            continue;
        };
        if let Some(ended) = ended {
            let Opened { connected, upgraded, greeted, .. } = opened;
            shared.is_back(Return {
                device: id,
                ended,
                pause: began - ended,
                connect: connected - began,
                upgrade: upgraded - connected,
                greeting: greeted - upgraded,
            });
        }
        connection += 1;
        serve(opened.socket, id, connection, hz, &shared).await;
        ended = Some(Instant::now());
        sleep(FIRMWARE_PAUSE).await;
    }
}

struct Opened {
    socket: WebSocketStream<TcpStream>,
    connected: Instant,
    upgraded: Instant,
    greeted: Instant,
}

/// Connects, and waits for the greeting, which comes before anything else.
async fn open(balancer: SocketAddr) -> Result<Opened> {
    let stream = TcpStream::connect(balancer).await?;
    stream.set_nodelay(true)?;
    let connected = Instant::now();
    let (mut socket, _) = tokio_tungstenite::client_async(format!("ws://{balancer}/"), stream).await?;
    let upgraded = Instant::now();
    match socket.next().await {
        Some(Ok(Message::Text(text))) if text == GREETING => {}
        other => anyhow::bail!("{other:?} in place of the greeting"),
    }
    Ok(Opened { socket, connected, upgraded, greeted: Instant::now() })
}

/// Until the connection ends, or all is over.
async fn serve(mut socket: WebSocketStream<TcpStream>, id: u16, connection: u64, hz: u64, shared: &Shared) {
    let mut number = 0_u64;
    let mut can_send = true;
    let mut every = interval(Duration::from_millis(1000 / hz));
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = every.tick(), if can_send => {
                if shared.stopping() {
                    return;
                }
                number += 1;
                if socket.send(Message::text(frame(id, connection << CONNECTION_SHIFT | number))).await.is_err() {
                    // What came before the end is still to be read.
                    can_send = false;
                } else {
                    shared.sent.fetch_add(1, Ordering::Relaxed);
                }
            }
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    if let Some(number) = text.strip_prefix("vibrate:").and_then(|number| number.parse().ok()) {
                        shared.command_arrived(number);
                    }
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            }
        }
    }
}
