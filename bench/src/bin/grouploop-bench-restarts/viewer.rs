//! A viewer, which checks that every frame of a connection comes, and in order.

use crate::shared::{CONNECTION_SHIFT, Shared};
use futures_util::{SinkExt, StreamExt};
use grouploop_testkit::{frame_id, frame_number};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;

/// Between two attempts to connect, of viewers and of the controller.
pub(crate) const AGAIN: Duration = Duration::from_millis(200);

pub(crate) async fn viewer(url: String, devices: u16, shared: Arc<Shared>) {
    let mut first = true;
    while !shared.stopping() {
        let Ok((mut socket, _)) = tokio_tungstenite::connect_async(&url).await else {
            sleep(AGAIN).await;
            continue;
        };
        if !first {
            shared.viewers_back.fetch_add(1, Ordering::Relaxed);
        }
        first = false;
        if socket.send(Message::text("s")).await.is_err() {
            continue;
        }
        // What comes first may be of any number.
        let mut newest = vec![0_u64; usize::from(devices)];
        while let Some(Ok(message)) = socket.next().await {
            if shared.stopping() {
                return;
            }
            let Message::Text(text) = message else { continue };
            for line in text.lines().filter(|line| line.len() == 20) {
                let Some(last) = newest.get_mut(usize::from(frame_id(line))) else { continue };
                look(frame_number(line), last, &shared);
            }
        }
    }
}

fn look(number: u64, last: &mut u64, shared: &Shared) {
    shared.seen.fetch_add(1, Ordering::Relaxed);
    let same_connection = *last >> CONNECTION_SHIFT == number >> CONNECTION_SHIFT;
    if number <= *last {
        shared.reordered.fetch_add(1, Ordering::Relaxed);
    } else if *last != 0 && same_connection {
        shared.lost.fetch_add(number - *last - 1, Ordering::Relaxed);
    }
    *last = number.max(*last);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(numbers: &[u64]) -> [u64; 3] {
        let (shared, mut last) = (Shared::default(), 0);
        for number in numbers {
            look(*number, &mut last, &shared);
        }
        [&shared.seen, &shared.lost, &shared.reordered].map(|counter| counter.load(Ordering::Relaxed))
    }

    #[test]
    fn what_is_missing_of_a_connection_that_stood_is_lost() {
        let second = 2 << CONNECTION_SHIFT;
        assert_eq!(found(&[7, 8, 9]), [3, 0, 0], "whatever comes first");
        assert_eq!(found(&[7, 10]), [2, 2, 0]);
        assert_eq!(found(&[7, second | 4, second | 5]), [3, 0, 0], "another connection begins anywhere");
        assert_eq!(found(&[second | 1, 7, second | 2, second | 2]), [4, 0, 2]);
    }
}
