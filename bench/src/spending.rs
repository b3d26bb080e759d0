//! What servers, the generator and everybody else spent between two moments.

use crate::process::Process;
use anyhow::Result;
use grouploop_bench::usage::{self, Cpu};
use std::time::{Duration, Instant};

/// CPU time up to now.
pub(crate) struct Spending {
    servers: Vec<Cpu>,
    generator: Cpu,
    /// Of programs that generated load for us and have ended.
    helpers: Duration,
    machine: Duration,
    at: Instant,
}

/// CPU time spent between two moments.
pub(crate) struct Spent {
    pub(crate) wall: Duration,
    pub(crate) servers: Duration,
    pub(crate) generator: Duration,
    /// Part of the machine that neither the servers nor the generator used, but somebody did; 1 is all cores.
    pub(crate) foreign_load: f64,
}

impl Spending {
    pub(crate) fn now(servers: &[&Process]) -> Result<Self> {
        Ok(Self {
            servers: servers.iter().map(|server| server.cpu()).collect::<Result<_>>()?,
            generator: Cpu::of(std::process::id())?,
            helpers: usage::ended_children()?,
            machine: usage::machine()?,
            at: Instant::now(),
        })
    }

    pub(crate) fn since(&self, earlier: &Self) -> Spent {
        let servers = self.servers.iter().zip(&earlier.servers).map(|(now, then)| now.since(*then)).sum();
        let generator = self.generator.since(earlier.generator) + self.helpers.saturating_sub(earlier.helpers);
        let machine = self.machine.saturating_sub(earlier.machine);
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as f64;
        let wall = self.at - earlier.at;
        let capacity = wall.as_secs_f64() * cores;
        let foreign_load = machine.saturating_sub(servers + generator).as_secs_f64() / capacity;
        Spent { wall, servers, generator, foreign_load }
    }
}
