//! How long we wait for a peer that has to take or to send bytes: as long as it makes progress.
//!
//! Only the time in which we do wait is counted, so a connection may be idle and a handler may think. When it adds up to a window, the peer
//! is judged by what it moved meanwhile, and the next window begins. A peer that stops is found out after two windows at the latest.
//! While nothing waits there is neither a clock nor a timer.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// Bytes a second that a peer has to move on average while we wait for it. The slowest of honest links, 2G, has some ten times as many.
const MIN_BYTES_PER_SECOND: u128 = 1024;

/// A window shorter than this would be over before it is looked at.
const MIN_WINDOW: Duration = Duration::from_millis(10);
/// A longer one may be beyond the end of a clock, the kernel's or ours.
pub(crate) const MAX_WINDOW: Duration = Duration::from_secs(24 * 3600);

/// The patience with one peer, in one direction.
#[derive(Debug)]
pub(crate) struct Patience {
    window: Duration,
    /// Waited in this window, without the wait under way.
    waited: Duration,
    /// Since when we wait now.
    since: Option<Instant>,
    /// Moved in this window.
    bytes: u64,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    pub(crate) fn new(window: Duration) -> Self {
        Self {
            window: window.clamp(MIN_WINDOW, MAX_WINDOW),
            waited: Duration::ZERO,
            since: None,
            bytes: 0,
            alarm: None,
        }
    }

    /// The peer moved bytes.
    #[inline]
    pub(crate) fn moved(&mut self, bytes: usize) {
        if let Some(since) = self.since.take() {
            self.waited = self.waited.saturating_add(since.elapsed());
        }
        if !self.waited.is_zero() {
            self.bytes = self.bytes.saturating_add(bytes as u64);
        }
    }

    /// We wait for the peer. Ready when the window has ended, and then it is time to [`judge`](Self::judge).
    pub(crate) fn poll_window(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let waiting = self.since.is_some();
        let since = *self.since.get_or_insert_with(Instant::now);
        let end = since + self.window.saturating_sub(self.waited);
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
        if !waiting {
            alarm.as_mut().reset(end);
        }
        ready!(alarm.as_mut().poll(cx));
        Poll::Ready(())
    }

    /// Whether the peer moved enough in the window that has ended. A new one begins with the next wait.
    pub(crate) fn judge(&mut self) -> bool {
        let enough = u128::from(self.bytes) * 1000 >= MIN_BYTES_PER_SECOND * self.window.as_millis();
        (self.waited, self.since, self.bytes) = (Duration::ZERO, None, 0);
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use tokio::time::{advance, timeout};

    const WINDOW: Duration = Duration::from_secs(10);

    /// Waits for the peer for so long; true when the window ends meanwhile.
    async fn wait(patience: &mut Patience, time: Duration) -> bool {
        timeout(time, poll_fn(|cx| patience.poll_window(cx))).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_moves_nothing_has_one_window() {
        let (mut patience, start) = (Patience::new(WINDOW), Instant::now());
        assert!(wait(&mut patience, 2 * WINDOW).await);
        assert_eq!(start.elapsed().as_secs(), 10);
        assert!(!patience.judge());
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickle_is_judged_by_its_rate() {
        for (bytes, enough) in [(1, false), (1000, false), (1200, true)] {
            let mut patience = Patience::new(WINDOW);
            for _ in 0..9 {
                assert!(!wait(&mut patience, Duration::from_secs(1)).await);
                patience.moved(bytes);
            }
            assert!(wait(&mut patience, Duration::from_secs(2)).await);
            assert_eq!(patience.judge(), enough, "{bytes}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_waiting_counts() {
        let mut patience = Patience::new(WINDOW);
        // What goes through at once is no credit for later.
        patience.moved(1 << 30);
        assert!(!wait(&mut patience, Duration::from_secs(6)).await);
        patience.moved(100);
        // Idle, and a handler that thinks.
        advance(Duration::from_secs(3600)).await;
        patience.moved(100);
        assert!(!wait(&mut patience, Duration::from_secs(3)).await, "9 of 10 s");
        assert!(wait(&mut patience, Duration::from_secs(2)).await);
        assert!(!patience.judge());
        // The next window is a whole one.
        assert!(!wait(&mut patience, Duration::from_secs(9)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn windows_have_bounds() {
        let mut patience = Patience::new(Duration::ZERO);
        assert!(wait(&mut patience, WINDOW).await);
        patience.judge();
        assert!(poll_fn(|cx| Poll::Ready(patience.poll_window(cx).is_pending())).await, "waits before it judges again");
        assert!(!wait(&mut Patience::new(Duration::MAX), WINDOW).await);
    }
}
