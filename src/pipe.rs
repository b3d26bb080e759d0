//! Lines on a stdout that is no terminal. Writing has a thread of its own, so that a reader that is slow or stopped never keeps a signal
//! from being heard; the queue to it is bounded, so that a slow reader slows our reading, and whoever sends to us drops for us.

use crate::terminal::complain;
use crate::viewer::Closed;
use std::cell::RefCell;
use std::fmt::Display;
use std::io::Write as _;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Messages that may wait for the writer.
const QUEUE: usize = 64;
/// Time for the writer to finish what waits when we end.
const LAST_LINES: Duration = Duration::from_millis(500);

/// The way to stdout.
#[derive(Debug)]
pub(crate) struct Pipe {
    queue: mpsc::Sender<String>,
    writer: JoinHandle<()>,
    said: RefCell<String>,
}

impl Pipe {
    /// Starts the writer.
    pub(crate) fn start() -> Self {
        let (queue, mut texts) = mpsc::channel::<String>(QUEUE);
        let writer = tokio::task::spawn_blocking(move || {
            let mut stdout = std::io::stdout().lock();
            while let Some(text) = texts.blocking_recv() {
                if stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).is_err() {
                    return;
                }
            }
        });
        Self { queue, writer, said: RefCell::default() }
    }

    /// Queues whole lines.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub(crate) async fn write(&self, lines: String) -> Result<(), Closed> {
        if lines.is_empty() { Ok(()) } else { self.queue.send(lines).await.map_err(|_| Closed) }
    }

    pub(crate) fn connected(&self, url: &impl Display) {
        self.say(format!("connected to {url}"));
    }

    pub(crate) fn disconnected(&self, url: &impl Display, why: &str) {
        self.say(format!("no connection to {url}: {why}; trying again"));
    }

    /// On stderr, and only when it is news.
    fn say(&self, line: String) {
        if *self.said.borrow() != line {
            complain(&line);
            self.said.replace(line);
        }
    }

    /// Lets the writer finish, if its reader lets it.
    pub(crate) async fn finish(self) {
        let Self { queue, writer, .. } = self;
        drop(queue);
        let _ = timeout(LAST_LINES, writer).await;
    }
}
