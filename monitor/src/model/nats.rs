//! What NATS servers say of themselves.

use super::view::{NatsState, NatsView, rounded};
use std::time::Instant;

/// One answer of a server.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct NatsLook {
    pub(crate) name: String,
    pub(crate) version: String,
    /// When it started, as it says: with another one its counts begin anew.
    pub(crate) start: String,
    pub(crate) connections: u64,
    /// Other servers that it is connected to.
    pub(crate) routes: u64,
    pub(crate) slow_consumers: u64,
    pub(crate) pending_bytes: u64,
    pub(crate) in_messages: u64,
    pub(crate) in_bytes: u64,
    pub(crate) out_messages: u64,
    pub(crate) out_bytes: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) cores: f64,
}

/// One server.
#[derive(Debug)]
pub(super) struct NatsBook {
    url: String,
    /// Since when it is asked.
    began: Instant,
    looked: Option<(Instant, NatsLook)>,
    before: Option<(Instant, NatsLook)>,
    /// Why it does not answer; at the start nobody has asked yet.
    says: Option<String>,
}

impl NatsBook {
    pub(super) fn new(url: String) -> Self {
        Self {
            url,
            began: Instant::now(),
            looked: None,
            before: None,
            says: Some("it has not answered yet".to_owned()),
        }
    }

    /// `true` when it has come or gone.
    pub(super) fn hear(&mut self, look: Result<NatsLook, String>, now: Instant) -> bool {
        let was_live = self.says.is_none();
        match look {
            Ok(look) => {
                // A rate over the time in which it was away would be one of then.
                let before = self.looked.take().filter(|(_, before)| self.says.is_none() && before.start == look.start);
                self.before = before;
                self.looked = Some((now, look));
                self.says = None;
            }
            Err(why) => self.says = Some(why),
        }
        was_live != self.says.is_none()
    }

    pub(super) fn is_away(&self) -> bool {
        self.says.is_some()
    }

    pub(super) fn view(&self, now: Instant) -> NatsView {
        let (at, look) = self.looked.clone().unzip();
        let look = look.unwrap_or_default();
        let seconds = match (&self.before, at) {
            (Some((before, _)), Some(at)) => at.saturating_duration_since(*before).as_secs_f64(),
            _ => 0.0,
        };
        let live = !self.is_away();
        let rate = |of: fn(&NatsLook) -> u64| match &self.before {
            Some((_, before)) if live && seconds > 0.0 => {
                rounded(of(&look).saturating_sub(of(before)) as f64 / seconds)
            }
            _ => 0.0,
        };
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        NatsView {
            url: self.url.clone(),
            name: text(&look.name),
            version: text(&look.version),
            state: if live { NatsState::Live } else { NatsState::Away },
            says: self.says.clone(),
            age_ms: u64::try_from(now.saturating_duration_since(at.unwrap_or(self.began)).as_millis())
                .unwrap_or(u64::MAX),
            connections: look.connections,
            routes: look.routes,
            slow_consumers: look.slow_consumers,
            pending_bytes: look.pending_bytes,
            in_messages_per_s: rate(|look| look.in_messages),
            in_bytes_per_s: rate(|look| look.in_bytes),
            out_messages_per_s: rate(|look| look.out_messages),
            out_bytes_per_s: rate(|look| look.out_bytes),
            memory_bytes: look.memory_bytes,
            cores: look.cores,
        }
    }
}
