//! A picture of the system each second, and when something comes or goes: made once for all who look.

use crate::model::System;
use crate::state::{State, wall_ms};
use axum::body::Bytes;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Between two pictures.
const EVERY: Duration = Duration::from_secs(1);
/// Between two at least, however much there is to tell.
const AT_LEAST: Duration = Duration::from_millis(250);

/// One picture, as JSON.
#[derive(Debug, Default)]
pub(crate) struct Picture {
    /// Which one it is, from 1.
    pub(crate) number: u64,
    /// Without histories; empty before the first.
    plain: Bytes,
    system: Option<System>,
    histories: Vec<Vec<f32>>,
    /// With them, made when somebody comes.
    whole: OnceLock<Bytes>,
}

impl Picture {
    fn new(number: u64, system: System, histories: Vec<Vec<f32>>) -> Self {
        Self { number, plain: json(&system), system: Some(system), histories, whole: OnceLock::new() }
    }

    /// For those who have the histories already.
    pub(crate) fn plain(&self) -> Bytes {
        self.plain.clone()
    }

    /// For whoever comes.
    pub(crate) fn whole(&self) -> Bytes {
        let whole = || {
            let Some(mut system) = self.system.clone() else { return Bytes::new() };
            for (row, history) in system.subjects.iter_mut().zip(&self.histories) {
                row.history = Some(history.clone());
            }
            json(&system)
        };
        self.whole.get_or_init(whole).clone()
    }
}

/// Makes pictures until the monitor stops.
pub(crate) async fn run(state: Arc<State>) {
    for number in 1.. {
        let picture = {
            let mut model = state.model();
            let system = model.picture(Instant::now(), wall_ms());
            let histories = model.histories(&system.subjects);
            drop(model);
            Picture::new(number, system, histories)
        };
        state.pictures.send_replace(Arc::new(picture));
        let due = Instant::now() + AT_LEAST;
        // A node that falls silent is seen at once, and not a second later.
        let wait = state.model().next_silence(Instant::now()).map_or(EVERY, |silence| EVERY.min(silence.max(AT_LEAST)));
        tokio::select! {
            biased;
            () = state.stop.cancelled() => return,
            () = tokio::time::sleep(wait) => continue,
            () = state.news.notified() => {}
        }
        tokio::select! {
            biased;
            () = state.stop.cancelled() => return,
            () = tokio::time::sleep_until(due.into()) => {}
        }
    }
}

fn json(system: &System) -> Bytes {
    // Our own types always serialise.
    serde_json::to_vec(system).unwrap_or_default().into()
}
