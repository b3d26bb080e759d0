//! `grouploop top`: the live system on a terminal or, piped, as a line of JSON a second.
//!
//! ```text
//!  Source: GET /api/stream of a monitor ──▶ Screen (figures, chosen table) ◀── keys
//!                                       └─▶ Pipe (bounded) ──▶ writer thread ──▶ stdout
//! ```
//!
//! It is a plain HTTP client; nothing here knows the bus.

mod events;
mod figures;
mod keys;
mod screen;
mod source;
mod system;
mod table;
mod tables;
mod words;

use crate::exit::Exit;
use crate::pipe::Pipe;
use crate::signals::Signals;
use crate::terminal::complain;
use crate::viewer::Closed;
use keys::{Key, Keyboard};
use screen::Screen;
use source::Reader;
pub(crate) use source::{MonitorUrl, Source};
use std::cell::RefCell;
use std::io::IsTerminal;
use std::time::Duration;
use tokio::time::Instant;

/// Time between two looks whether figures have become old.
const LOOK: Duration = Duration::from_millis(500);

/// Shows until a signal, a key or a closed output ends it.
pub(crate) async fn top(source: &Source) -> Exit {
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => {
            complain(&format!("signals cannot be heard: {error}"));
            return Exit::Failed;
        }
    };
    let is_terminal = std::io::stdout().is_terminal();
    let end = tokio::select! {
        biased;
        _ = signals.next() => Ok(Closed),
        end = show(source), if is_terminal => end,
        end = print(source), if !is_terminal => end,
    };
    match end {
        Ok(Closed) => Exit::Success,
        Err(complaint) => {
            complain(&complaint);
            Exit::Failed
        }
    }
}

/// On the terminal.
async fn show(source: &Source) -> Result<Closed, String> {
    let screen = RefCell::new(Screen::open(source.url.to_string()));
    let mut keyboard = Keyboard::open();
    let reader = Shown(&screen);
    tokio::select! {
        biased;
        () = obey(&screen, &mut keyboard) => Ok(Closed),
        () = keep_looking(&screen) => Ok(Closed),
        end = source.follow(&reader) => end,
    }
}

/// Does what is typed, until that is to quit or the terminal is gone.
async fn obey(screen: &RefCell<Screen>, keyboard: &mut Keyboard) {
    loop {
        let key = keyboard.next().await;
        screen.borrow_mut().key(key);
        if key == Key::Quit || screen.borrow_mut().draw(Instant::now()).is_err() {
            return;
        }
    }
}

/// Draws while nothing comes that would be drawn, until the terminal is gone.
async fn keep_looking(screen: &RefCell<Screen>) {
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let now = Instant::now();
        let mut screen = screen.borrow_mut();
        if !screen.is_live(now) && screen.draw(now).is_err() {
            return;
        }
    }
}

/// A reader that draws.
struct Shown<'a>(&'a RefCell<Screen>);

impl Reader for Shown<'_> {
    fn connecting(&self) {
        self.0.borrow_mut().connecting();
    }

    fn away(&self, why: String, pause: Duration) {
        self.0.borrow_mut().away(why, Instant::now() + pause);
    }

    async fn take(&self, system: &str) -> Result<(), Closed> {
        let now = Instant::now();
        let mut screen = self.0.borrow_mut();
        screen.take(system, now);
        screen.draw(now).map_err(|_| Closed)
    }
}

/// As lines.
async fn print(source: &Source) -> Result<Closed, String> {
    let lines = Printed { pipe: Pipe::start(), source };
    let end = source.follow(&lines).await;
    lines.pipe.finish().await;
    end
}

/// A reader that prints each `System` as it came.
struct Printed<'a> {
    pipe: Pipe,
    source: &'a Source,
}

impl Reader for Printed<'_> {
    fn connecting(&self) {}

    fn away(&self, why: String, _: Duration) {
        self.pipe.disconnected(&self.source.url, &why);
    }

    async fn take(&self, system: &str) -> Result<(), Closed> {
        self.pipe.connected(&self.source.url);
        self.pipe.write(format!("{system}\n")).await
    }
}
