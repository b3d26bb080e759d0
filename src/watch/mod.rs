//! `grouploop watch`: what devices send, as a live table or, piped, as lines.
//!
//! ```text
//!  viewer: connection, texts ──▶ Screen (table state) ◀── redraw, 10 times a second
//!                             └──▶ Pipe (bounded) ──▶ writer thread ──▶ stdout
//! ```
//!
//! It is a plain WebSocket client; nothing here knows the bus.

mod devices;
mod rate;
mod reading;
mod screen;

use crate::client::EdgeUrl;
use crate::exit::Exit;
use crate::pipe::Pipe;
use crate::signals::Signals;
use crate::terminal::complain;
use crate::viewer::{Closed, Viewer, follow};
use grouploop_bridge::{DeviceId, Frame};
use reading::Reading;
use screen::Screen;
use std::cell::RefCell;
use std::io::IsTerminal;
use std::time::Duration;
use tokio::time::Instant;

/// Time between two redraws.
const REDRAW: Duration = Duration::from_millis(100);

/// Watches until a signal or a closed output ends it.
pub(crate) async fn watch(url: EdgeUrl, devices: &[DeviceId]) -> Exit {
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => {
            complain(&format!("signals cannot be heard: {error}"));
            return Exit::Failed;
        }
    };
    let output = if std::io::stdout().is_terminal() {
        Output::Screen(RefCell::new(Screen::open(url.to_string(), Instant::now())))
    } else {
        Output::Pipe(Pipe::start())
    };
    let request = subscription(devices);
    let exit = tokio::select! {
        biased;
        _ = signals.next() => Ok(Exit::Success),
        end = follow(&url, &request, &output) => end.map(|Closed| Exit::Success),
        () = output.keep_drawing() => Ok(Exit::Success),
    };
    output.finish().await;
    match exit {
        Ok(exit) => exit,
        Err(refusal) => {
            complain(&refusal);
            Exit::Failed
        }
    }
}

/// `s`, or `s:devices=…` with each device once.
fn subscription(devices: &[DeviceId]) -> String {
    if devices.is_empty() {
        return "s".into();
    }
    let mut ids: Vec<String> = devices.iter().map(DeviceId::to_string).collect();
    ids.sort_unstable();
    ids.dedup();
    format!("s:devices={}", ids.join(","))
}

/// Where texts go.
enum Output {
    Screen(RefCell<Screen>),
    Pipe(Pipe),
}

impl Viewer for Output {
    fn connecting(&self) {
        if let Self::Screen(screen) = self {
            screen.borrow_mut().connecting();
        }
    }

    fn connected(&self, url: &EdgeUrl) {
        match self {
            Self::Screen(screen) => screen.borrow_mut().connected(Instant::now()),
            Self::Pipe(pipe) => pipe.connected(url),
        }
    }

    fn disconnected(&self, url: &EdgeUrl, why: String, pause: Duration) {
        match self {
            Self::Screen(screen) => screen.borrow_mut().disconnected(why, Instant::now() + pause),
            Self::Pipe(pipe) => pipe.disconnected(url, &why),
        }
    }

    /// The frames of one message.
    async fn take(&self, text: &str) -> Result<(), Closed> {
        let frames = text.lines().filter_map(|line| Frame::parse(line.trim().as_bytes()));
        match self {
            Self::Screen(screen) => {
                let now = Instant::now();
                let mut screen = screen.borrow_mut();
                frames.for_each(|frame| screen.take(&frame, now));
                Ok(())
            }
            Self::Pipe(pipe) => {
                let mut lines = String::new();
                frames.for_each(|frame| Reading::of(&frame).write_line(&mut lines));
                pipe.write(lines).await
            }
        }
    }
}

impl Output {
    /// Redraws until the terminal is gone; a pipe has nothing to redraw.
    async fn keep_drawing(&self) {
        let Self::Screen(screen) = self else { return std::future::pending().await };
        let mut tick = tokio::time::interval(REDRAW);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            if screen.borrow_mut().draw(Instant::now()).is_err() {
                return;
            }
        }
    }

    async fn finish(self) {
        match self {
            Self::Screen(screen) => drop(screen),
            Self::Pipe(pipe) => pipe.finish().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_names_each_device_once() {
        assert_eq!(subscription(&[]), "s");
        assert_eq!(subscription(&[DeviceId(0xffff), DeviceId(0x1a2b), DeviceId(0xffff)]), "s:devices=1a2b,ffff");
    }
}
