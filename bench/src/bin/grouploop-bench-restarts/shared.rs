//! What devices, viewers and the controller know together.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What stock firmware waits before it connects again.
pub(crate) const FIRMWARE_PAUSE: Duration = Duration::from_secs(5);
/// A connection's number stands above the number of the frame on it.
pub(crate) const CONNECTION_SHIFT: u32 = 32;
pub(crate) const GREETING: &str = "Connected to GroupLoop WebSocket server";

#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// The controller ends first, and the others when what it was promised had time to arrive.
    pub(crate) stop_commands: AtomicBool,
    pub(crate) stop: AtomicBool,
    pub(crate) sent: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) seen: AtomicU64,
    pub(crate) lost: AtomicU64,
    pub(crate) reordered: AtomicU64,
    pub(crate) viewers_back: AtomicU64,
    returns: Mutex<Vec<Return>>,
    /// How often each command arrived, by its number.
    arrived: Mutex<HashMap<u64, u64>>,
}

/// How a device came back, in the steps that it took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Return {
    pub(crate) device: u16,
    /// When its connection ended.
    pub(crate) ended: Instant,
    /// Its own pause, with the generator's delay; longer when it tried more than once.
    pub(crate) pause: Duration,
    /// Until the load balancer had taken its connection.
    pub(crate) connect: Duration,
    /// Until an edge had answered its handshake.
    pub(crate) upgrade: Duration,
    /// Until the first message.
    pub(crate) greeting: Duration,
}

impl Return {
    pub(crate) fn whole(&self) -> Duration {
        self.pause + self.connect + self.upgrade + self.greeting
    }
}

impl Shared {
    pub(crate) fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub(crate) fn is_back(&self, how: Return) {
        lock(&self.returns).push(how);
    }

    pub(crate) fn returns(&self) -> Vec<Return> {
        lock(&self.returns).clone()
    }

    pub(crate) fn command_arrived(&self, number: u64) {
        *lock(&self.arrived).entry(number).or_default() += 1;
    }

    pub(crate) fn arrivals(&self, number: u64) -> u64 {
        lock(&self.arrived).get(&number).copied().unwrap_or_default()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
