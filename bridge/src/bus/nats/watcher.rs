//! What is heard of the two connections, and the one state that follows from both.

use super::few::Few;
use super::refusals::Refusals;
use crate::bus::BusState;
use async_nats::Event;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::sync::watch;

/// Which of the two connections.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lane {
    Telemetry,
    Control,
}

/// What is known of both connections.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    telemetry_up: AtomicBool,
    control_up: AtomicBool,
    telemetry_closed: watch::Sender<bool>,
    control_closed: watch::Sender<bool>,
    pub(super) telemetry_refused: Refusals,
    pub(super) control_refused: Refusals,
    /// Where answers to us arrive.
    pub(super) inbox: OnceLock<String>,
    /// Why there was no connection, since both stood.
    failures: Few,
    pub(super) lost: AtomicU64,
}

/// Hears the events of one connection and tells the state of both.
#[derive(Debug, Clone)]
pub(super) struct Watcher {
    pub(super) lane: Lane,
    pub(super) lanes: Arc<Lanes>,
    pub(super) state: Arc<watch::Sender<BusState>>,
    pub(super) url: String,
}

impl Watcher {
    pub(super) fn up(&self) -> &AtomicBool {
        match self.lane {
            Lane::Telemetry => &self.lanes.telemetry_up,
            Lane::Control => &self.lanes.control_up,
        }
    }

    fn closed_flag(&self) -> &watch::Sender<bool> {
        match self.lane {
            Lane::Telemetry => &self.lanes.telemetry_closed,
            Lane::Control => &self.lanes.control_closed,
        }
    }

    fn refusals(&self) -> &Refusals {
        match self.lane {
            Lane::Telemetry => &self.lanes.telemetry_refused,
            Lane::Control => &self.lanes.control_refused,
        }
    }

    pub(super) async fn closed(&self) {
        // The sender lives as long as we do.
        let _ = self.closed_flag().subscribe().wait_for(|closed| *closed).await;
    }

    pub(super) fn has_closed(&self) -> bool {
        *self.closed_flag().borrow()
    }

    pub(super) fn hear(&self, event: &Event) {
        match event {
            Event::Connected => self.turn(true),
            Event::Disconnected => self.turn(false),
            Event::Closed => {
                self.up().store(false, Ordering::Release);
                self.closed_flag().send_replace(true);
            }
            Event::SlowConsumer(_) => {
                self.lanes.lost.fetch_add(1, Ordering::Relaxed);
            }
            // Each message that is refused raises one, so only what is news is said.
            Event::ServerError(error) => {
                match self.refusals().hear(&error.to_string(), self.lanes.inbox.get().map(String::as_str)) {
                    Some(refused) => {
                        tracing::error!(
                            bus.url = self.url,
                            refused,
                            "the bus refuses what this role needs: its NATS user lacks the right"
                        );
                    }
                    None => tracing::debug!(bus.url = self.url, %error, "bus server complains"),
                }
            }
            // One for each try while no server is there.
            Event::ClientError(error) => self.fail(&error.to_string()),
            Event::LameDuckMode | Event::Draining => {}
        }
    }

    /// A try to connect failed; why is part of the state, and said once, for there is a try each second.
    fn fail(&self, error: &str) {
        let mut error = error.to_owned();
        if error.contains("authorization violation") {
            error.push_str(", the server knows no such user or another password (bus.nats.user, bus.nats.password)");
        }
        let mut away = false;
        self.state.send_if_modified(|state| {
            let BusState::Away(before) = state else { return false };
            away = true;
            let now = format!("no connection to {}: {error}", self.url);
            let news = *before != now;
            *before = now;
            news
        });
        if away && self.lanes.failures.hear(&error) {
            tracing::warn!(bus.url = self.url, error, "no connection to the bus, trying again until there is one");
        } else {
            tracing::debug!(bus.url = self.url, error, "bus client failed");
        }
    }

    /// Our connection came or went: the bus is up while both are there.
    pub(super) fn turn(&self, up: bool) {
        if !up {
            self.refusals().forget();
        }
        let turned = self.state.send_if_modified(|state| {
            // Under the state's lock: of two connections that turn at the same time, the second sees what the first did.
            self.up().store(up, Ordering::Release);
            let both = [&self.lanes.telemetry_up, &self.lanes.control_up].iter().all(|up| up.load(Ordering::Acquire));
            *state = match (&*state, both) {
                (BusState::Up, false) => BusState::Away(format!("no connection to {}", self.url)),
                (BusState::Away(_), true) => BusState::Up,
                _ => return false,
            };
            true
        });
        match (turned, up) {
            (false, _) => {}
            (true, true) => {
                self.lanes.failures.forget();
                tracing::info!(bus.url = self.url, "bus connected");
            }
            (true, false) => tracing::warn!(bus.url = self.url, "bus away, trying again until it is back"),
        }
    }
}
