//! `grouploop record`, `replay` and `recording`: what people type and read; the work is that of `grouploop-simulator`.

mod access;
mod info;
mod live;
mod record;
mod replay;

use access::access;

pub(crate) use info::info;
pub(crate) use record::record;
pub(crate) use replay::replay;

use crate::exit::Exit;
use crate::signals::Signals;
use crate::terminal::{complain, printable};
use grouploop_simulator::recording::End;
use grouploop_simulator::tape::TapeError;
use std::path::PathBuf;
use tokio::sync::watch;

/// Told when the work is to end.
#[derive(Clone)]
struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Waits until it is told.
    async fn told(mut self) {
        // The teller lives as long as the work.
        let _ = self.0.wait_for(|told| *told).await;
    }
}

/// Does the work. The first signal tells it to end, the second ends everything at once.
async fn interruptible(work: impl AsyncFnOnce(Stop) -> Result<Exit, TapeError>) -> Exit {
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => {
            complain(&format!("signals cannot be heard: {error}"));
            return Exit::Failed;
        }
    };
    let (teller, told) = watch::channel(false);
    let work = work(Stop(told));
    tokio::pin!(work);
    loop {
        tokio::select! {
            biased;
            _ = signals.next() => if teller.send_replace(true) {
                return Exit::Interrupted;
            },
            outcome = &mut work => return outcome.unwrap_or_else(|error| failed(&error)),
        }
    }
}

/// Says what went wrong.
fn failed(error: &TapeError) -> Exit {
    complain(&printable(&error.to_string()));
    if error.is_away() { Exit::NoAnswer } else { Exit::Failed }
}

/// Where files are that nobody keeps.
fn spool(flag: Option<&PathBuf>) -> PathBuf {
    flag.cloned().unwrap_or_else(std::env::temp_dir)
}

/// What to say of a recording that does not end as it should.
fn warning(end: End) -> Option<String> {
    match end {
        End::Clean => None,
        End::Cut { at_byte } => Some(format!(
            "the recording is cut short at byte {at_byte}, as after a crash: what comes before is whole, and all there is"
        )),
        End::Damaged { at_byte } => Some(format!(
            "the recording is damaged at byte {at_byte}: what comes before is whole, the rest is not read"
        )),
    }
}
