//! The table on the terminal, below a line that says how live it is.

use super::devices::{Devices, age};
use crate::display::{Display, Line, picture};
use grouploop_bridge::Frame;
use std::time::Duration;
use tokio::time::Instant;

/// Without a frame for this long the table is stale, as for a client library.
const STALE: Duration = Duration::from_secs(5);

/// The state of the connection.
#[derive(Debug)]
enum Link {
    Connecting,
    Connected { since: Instant },
    Disconnected { why: String, retry_at: Instant },
}

/// The table on the terminal.
#[derive(Debug)]
pub(crate) struct Screen {
    /// The terminal, while it is ours.
    _display: Option<Display>,
    url: String,
    epoch: Instant,
    link: Link,
    devices: Devices,
}

impl Screen {
    /// Takes over the terminal.
    pub(crate) fn open(url: String, now: Instant) -> Self {
        Self { _display: Some(Display::open()), ..Self::new(url, now) }
    }

    fn new(url: String, now: Instant) -> Self {
        Self { _display: None, url, epoch: now, link: Link::Connecting, devices: Devices::new(Duration::ZERO) }
    }

    pub(crate) fn connecting(&mut self) {
        // The first time only: afterwards the reason of the last failure is worth more.
        if !matches!(self.link, Link::Disconnected { .. }) {
            self.link = Link::Connecting;
        }
    }

    pub(crate) fn connected(&mut self, now: Instant) {
        self.link = Link::Connected { since: now };
    }

    pub(crate) fn disconnected(&mut self, why: String, retry_at: Instant) {
        self.link = Link::Disconnected { why, retry_at };
    }

    pub(crate) fn take(&mut self, frame: &Frame, now: Instant) {
        self.devices.take(frame, now - self.epoch);
    }

    /// Draws everything anew.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(crate) fn draw(&mut self, now: Instant) -> std::io::Result<()> {
        let (width, height) = Display::size();
        Display::show(&self.picture(width, height, now))
    }

    fn picture(&mut self, width: usize, height: usize, now: Instant) -> String {
        let time = now - self.epoch;
        let mut lines = vec![format!("{}  {}  {}", self.url, self.state(now), self.devices.summary(time))];
        lines.push(String::new());
        lines.extend(self.devices.lines(height.saturating_sub(lines.len()), time));
        picture(&lines.into_iter().map(Line::from).collect::<Vec<_>>(), width, height)
    }

    fn state(&self, now: Instant) -> String {
        match &self.link {
            Link::Connecting => "connecting".into(),
            Link::Connected { since } => {
                let newest = self.devices.newest().map_or(*since, |time| (self.epoch + time).max(*since));
                let silence = now.saturating_duration_since(newest);
                if silence < STALE { "live".into() } else { format!("stale, no frame for {}", age(silence)) }
            }
            Link::Disconnected { why, retry_at } => {
                let pause = retry_at.saturating_duration_since(now);
                let next = if pause.is_zero() { "now".into() } else { format!("in {:.1} s", pause.as_secs_f64()) };
                format!("disconnected, {why}, trying again {next}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A screen that leaves the terminal of the tests alone.
    fn screen(now: Instant) -> Screen {
        Screen::new("ws://hub/".into(), now)
    }

    #[test]
    fn the_header_says_live_stale_or_disconnected() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut screen = screen(start);
        assert_eq!(screen.state(start), "connecting");
        screen.connected(at(0));
        assert_eq!(screen.state(at(4_900)), "live");
        assert_eq!(screen.state(at(6_000)), "stale, no frame for 6.0 s");
        screen.take(&Frame::parse(b"1a2b0080ff1133557700").unwrap(), at(7_000));
        assert_eq!(screen.state(at(8_000)), "live");
        screen.disconnected("connection refused".into(), at(9_500));
        screen.connecting();
        assert_eq!(screen.state(at(9_000)), "disconnected, connection refused, trying again in 0.5 s");
        assert_eq!(screen.state(at(9_600)), "disconnected, connection refused, trying again now");
    }

    #[test]
    fn the_picture_fits_the_terminal() {
        let start = Instant::now();
        let mut screen = screen(start);
        for id in 0..30u16 {
            screen.take(&Frame::parse(format!("{id:04x}0080ff1133557700").as_bytes()).unwrap(), start);
        }
        let picture = screen.picture(40, 10, start);
        let lines: Vec<&str> =
            picture.strip_prefix("\x1b[H").unwrap().strip_suffix("\x1b[J").unwrap().split("\r\n").collect();
        assert_eq!(lines.len(), 10);
        assert!(lines[0].starts_with("ws://hub/  connecting  30 devices"), "{picture:?}");
        assert_eq!(lines[9], "and 24 more\x1b[K");
        assert!(lines.iter().all(|line| line.strip_suffix("\x1b[K").unwrap().chars().count() <= 40));
        assert!(screen.picture(1, 1, start).lines().count() == 1);
        let _ = screen.picture(0, 0, start);
    }
}
