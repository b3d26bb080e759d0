//! Ports for servers that take none for "any free one", or that come back on the port that they had.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// Not from the kernel's ephemeral range (32768 and up on Linux): a port that is free between a kill and a restart could otherwise be given
/// to some outgoing connection, or to a reconnecting client as its own end of the socket.
const PORTS: std::ops::Range<u64> = 10_000..30_000;
/// Ports tried before giving up.
const ATTEMPTS: u64 = 50;

/// Somebody else has the port.
#[derive(Debug)]
pub(crate) struct PortTaken;

/// Starts a server on some port that nobody has; `spawn` tries one.
///
/// # Panics
/// When every port that was tried is taken.
pub(crate) async fn on_a_free_port<T>(what: &str, spawn: impl AsyncFn(u16) -> Result<T, PortTaken>) -> (u16, T) {
    for attempt in 0..ATTEMPTS {
        let port = u16::try_from(PORTS.start + random(attempt) % (PORTS.end - PORTS.start))
            .expect("the range is one of ports");
        if let Ok(started) = spawn(port).await {
            return (port, started);
        }
    }
    panic!("no free port for {what} after {ATTEMPTS} attempts");
}

/// A number that no other process of the tests draws.
pub(crate) fn random(salt: u64) -> u64 {
    RandomState::new().hash_one((std::process::id(), salt))
}
