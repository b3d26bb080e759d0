//! A controller, which notes what it was answered.

use crate::shared::Shared;
use crate::viewer::AGAIN;
use futures_util::{SinkExt, StreamExt};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_tungstenite::tungstenite::Message;

/// What became of commands, by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    pub(crate) success: Vec<u64>,
    pub(crate) failed: Vec<u64>,
    /// The connection ended before the answer.
    pub(crate) none: u64,
}

impl Answers {
    pub(crate) fn add(&mut self, other: Self) {
        self.success.extend(other.success);
        self.failed.extend(other.failed);
        self.none += other.none;
    }
}

/// Each device in turn, in an order that has nothing to do with edges.
pub(crate) fn target(number: u64, devices: u16) -> u64 {
    number.wrapping_mul(7919) % u64::from(devices)
}

/// Asks one command after the other, with numbers from `first` on.
pub(crate) async fn controller(url: String, devices: u16, rate: u64, first: u64, shared: Arc<Shared>) -> Answers {
    let mut answers = Answers::default();
    let mut number = first;
    let mut every = interval(Duration::from_millis(1000 / rate));
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let stopping = || shared.stop_commands.load(Ordering::Relaxed);
    while !stopping() {
        let Ok((mut socket, _)) = tokio_tungstenite::connect_async(&url).await else {
            sleep(AGAIN).await;
            continue;
        };
        let _greeting = socket.next().await;
        'connected: while !stopping() {
            every.tick().await;
            number += 1;
            let id = target(number, devices);
            if socket.send(Message::text(format!("cmd:{id:04x}:vibrate:{number}"))).await.is_err() {
                answers.none += 1;
                break;
            }
            loop {
                match socket.next().await {
                    Some(Ok(Message::Text(text))) if text == "cmd:result:success" => answers.success.push(number),
                    Some(Ok(Message::Text(text))) if text == "cmd:result:failed" => answers.failed.push(number),
                    Some(Ok(Message::Text(_) | Message::Ping(_) | Message::Pong(_))) => continue,
                    _ => {
                        answers.none += 1;
                        break 'connected;
                    }
                }
                break;
            }
        }
    }
    answers
}
