//! Ports for servers that take none for "any free one", or that come back on the port that they had.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::Ipv4Addr;

/// Not from the kernel's ephemeral range (32768 and up on Linux): a port that is free between a kill and a restart could otherwise be given
/// to some outgoing connection, or to a reconnecting client as its own end of the socket.
const PORTS: std::ops::Range<u64> = 10_000..30_000;
/// An address at which nobody listens: a port that nobody is given.
pub const NOBODY: &str = "127.0.0.1:1";

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

/// A network of loopback addresses that no other test has, for servers that keep the ports that they have in a real installation.
#[derive(Debug, Clone, Copy)]
pub struct Loopback {
    net: [u8; 2],
}

impl Loopback {
    /// One of 60,000.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        let random = random(u64::MAX);
        let octet = |number: u64| u8::try_from(1 + number % 250).expect("it is below 251");
        Self { net: [octet(random), octet(random >> 32)] }
    }

    /// A host of it.
    #[must_use]
    pub fn host(self, number: u8) -> Ipv4Addr {
        Ipv4Addr::new(127, self.net[0], self.net[1], number)
    }
}

/// A number that no other process of the tests draws.
pub(crate) fn random(salt: u64) -> u64 {
    RandomState::new().hash_one((std::process::id(), salt))
}
