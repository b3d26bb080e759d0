//! What each program spends, for the machine is shared by all of them, and by others.

use anyhow::Result;
use grouploop_bench::usage::{self, Cpu};
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

/// CPU time up to now.
pub(crate) struct Cost {
    programs: HashMap<u32, (String, Cpu)>,
    /// Of programs of the stack that have ended.
    ended: Duration,
    generator: Cpu,
    machine: Duration,
    pub(crate) at: Instant,
}

/// Cores that were used between two moments.
#[derive(Debug, Clone)]
pub(crate) struct Cores {
    pub(crate) seconds: f64,
    pub(crate) generator: f64,
    pub(crate) programs: BTreeMap<String, f64>,
    /// Neither the stack nor the generator.
    pub(crate) others: f64,
}

impl Cost {
    pub(crate) fn now() -> Result<Self> {
        let own = std::process::id();
        let mut programs = HashMap::new();
        for pid in usage::children_of(own)? {
            // It may end while it is looked at.
            if let (Ok(name), Ok(cpu)) = (usage::name_of(pid), Cpu::of(pid)) {
                programs.insert(pid, (name, cpu));
            }
        }
        let (ended, machine) = (usage::ended_children()?, usage::machine()?);
        Ok(Self { programs, ended, generator: Cpu::of(own)?, machine, at: Instant::now() })
    }

    pub(crate) fn since(&self, earlier: &Self) -> Cores {
        let seconds = (self.at - earlier.at).as_secs_f64();
        let generator = self.generator.since(earlier.generator).as_secs_f64();
        let mut programs: BTreeMap<String, f64> = BTreeMap::new();
        for (pid, (name, cpu)) in &self.programs {
            let then = earlier.programs.get(pid).map_or_else(Cpu::default, |(_, then)| *then);
            *programs.entry(name.clone()).or_default() += cpu.since(then).as_secs_f64();
        }
        // What ended had been measured until then.
        let gone = earlier.programs.iter().filter(|(pid, _)| !self.programs.contains_key(pid));
        let before: f64 = gone.map(|(_, (_, then))| then.since(Cpu::default()).as_secs_f64()).sum();
        let ended = (self.ended.saturating_sub(earlier.ended).as_secs_f64() - before).max(0.0);
        let ours: f64 = generator + ended + programs.values().sum::<f64>();
        let machine = self.machine.saturating_sub(earlier.machine).as_secs_f64();
        programs.values_mut().for_each(|spent| *spent /= seconds);
        Cores { seconds, generator: generator / seconds, programs, others: (machine - ours).max(0.0) / seconds }
    }
}
