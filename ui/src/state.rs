//! What the ports share.

use crate::apps::Apps;
use crate::cdn::Cdn;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::{Pages, Port};
use grouploop_serve::{Counts, Tls};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) version: String,
    pub(crate) pages: Pages,
    pub(crate) config: Config,
    pub(crate) apps: Apps,
    pub(crate) cdn: Cdn,
    pub(crate) tls: Option<Tls>,
    pub(crate) metrics: Arc<Metrics>,
    /// Of each port.
    pub(crate) counts: Vec<(Port, Arc<Counts>)>,
    pub(crate) draining: AtomicBool,
}

impl State {
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(crate) fn start_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }
}
