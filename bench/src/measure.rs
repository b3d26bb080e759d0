//! How each kind of scenario is measured: which servers are started, what is connected to them, and which figures come out.

use crate::cdn;
use crate::clock::{Clock, Phases, Timeline, pause};
use crate::command::Pair;
use crate::inbox::Dialect;
use crate::measured::{Measured, Round};
use crate::metric::Metric;
use crate::peer::{Peer, Role};
use crate::process::Process;
use crate::scenario::Kind;
use crate::servers::Servers;
use crate::simulator;
use crate::stamp::{LINE_BYTES, Stamp};
use crate::swarm::{Load, Outcome, Site, Swarm};
use anyhow::{Result, anyhow};
use std::collections::BTreeMap;
use std::time::Duration;

/// A load is tried this often when the generator did not keep its schedule.
const ATTEMPTS: u32 = 3;
/// Memory is read this long after the last connection was opened.
const SETTLE: Duration = Duration::from_millis(1_500);

/// Measures; knows what scenarios of the same round may want of each other.
pub(crate) struct Bench {
    pub(crate) servers: Servers,
    pub(crate) clock: Clock,
    pub(crate) phases: Phases,
    pub(crate) with_edge: bool,
    /// CPU per inbound frame of a single edge under a load, in this round, when that load was valid.
    pub(crate) single_edge: Option<(Load, f64)>,
}

impl Bench {
    pub(crate) fn measure(&mut self, kind: Kind) -> Result<Round> {
        match kind {
            Kind::Load(load) => {
                let relay = self.load_relay(load)?;
                let edge = if self.with_edge { Some(self.load_edge(load)?) } else { None };
                Ok(Round { relay: Some(relay), edge })
            }
            Kind::Memory(connections) => {
                let relay = Some(memory(connections, Dialect::Bare, || self.servers.start_relay())?);
                let start = || self.servers.start_edge(None);
                let edge = if self.with_edge { Some(memory(connections, Dialect::WebSocket, start)?) } else { None };
                Ok(Round { relay, edge })
            }
            _ if !self.with_edge => Ok(Round::default()),
            Kind::Command(load) => Ok(Round { edge: Some(self.command(load)?), relay: None }),
            Kind::Across(load) => Ok(Round { edge: Some(self.across(load)?), relay: None }),
            Kind::Rate(file) => cdn::rate(&self.servers, self.phases, file),
            Kind::Crowd(clients) => cdn::crowd(&self.servers, clients),
            Kind::SimulatedOnBus(crowd) => simulator::on_bus(&self.servers, self.phases, crowd),
            Kind::SimulatedOverSockets(crowd) => simulator::over_sockets(&self.servers, self.phases, crowd),
            Kind::Bodies => simulator::bodies(&self.servers),
            Kind::Replay => simulator::replay(&self.servers, self.clock, self.phases),
        }
    }

    fn load_relay(&self, load: Load) -> Result<Measured> {
        let relay = self.servers.start_relay()?;
        let site = Site { dialect: Dialect::Bare, devices: relay.address, viewers: relay.address };
        Ok(of_load(self.run(load, site, &[&relay])?))
    }

    fn load_edge(&mut self, load: Load) -> Result<Measured> {
        let edge = self.servers.start_edge(None)?;
        let site = Site { dialect: Dialect::WebSocket, devices: edge.address, viewers: edge.address };
        let outcome = self.run(load, site, &[&edge])?;
        // An invalid load is no yardstick.
        self.single_edge = outcome.valid.then_some((load, outcome.cpu_us_per_inbound));
        Ok(of_load(outcome))
    }

    fn run(&self, load: Load, site: Site, servers: &[&Process]) -> Result<Outcome> {
        let attempt = || Swarm::connect(load, site)?.run(Timeline::begin(self.clock, self.phases), servers);
        repeat(attempt, |outcome| outcome)
    }

    fn command(&self, load: Load) -> Result<Measured> {
        let nats = self.servers.start_nats()?;
        let first = self.servers.start_edge(Some(&nats))?;
        let second = self.servers.start_edge(Some(&nats))?;
        let site = Site { dialect: Dialect::WebSocket, devices: first.address, viewers: first.address };
        let attempt = || {
            let swarm = Swarm::connect(load, site)?;
            let pair = Pair::connect(second.address, first.address)?;
            let timeline = Timeline::begin(self.clock, self.phases);
            let commanding = pair.start(timeline)?;
            let outcome = swarm.run(timeline, &[&nats, &first, &second])?;
            Ok((outcome, commanding.join().map_err(|_| anyhow!("the controller panicked"))??))
        };
        let (outcome, commanded) = repeat(attempt, |(outcome, _)| outcome)?;
        let ms = |us: u64| us as f64 / 1_000.0;
        let lost = commanded.sent.saturating_sub(commanded.to_device.total()).max(commanded.failed);
        let mut measured = of_load(outcome);
        measured.figures.extend([
            (Metric::CommandsLost, lost as f64),
            (Metric::CommandP99Ms, ms(commanded.to_device.quantile(990))),
            (Metric::AnswerP99Ms, ms(commanded.to_answer.quantile(990))),
        ]);
        Ok(measured)
    }

    fn across(&mut self, load: Load) -> Result<Measured> {
        if self.single_edge.is_none_or(|(measured, _)| measured != load) {
            self.load_edge(load)?;
        }
        let nats = self.servers.start_nats()?;
        let first = self.servers.start_edge(Some(&nats))?;
        let second = self.servers.start_edge(Some(&nats))?;
        let site = Site { dialect: Dialect::WebSocket, devices: first.address, viewers: second.address };
        let outcome = self.run(load, site, &[&nats, &first, &second])?;
        let ratio = self.single_edge.map(|(_, single_us)| outcome.cpu_us_per_inbound / single_us);
        let mut measured = of_load(outcome);
        // Without a valid single edge there is no ratio, and the target counts as not judged.
        measured.figures.extend(ratio.map(|ratio| (Metric::CpuRatio, ratio)));
        Ok(measured)
    }
}

/// Measures again while the generator, not the server, is what fell short; the last attempt stands, valid or not.
fn repeat<T>(mut attempt: impl FnMut() -> Result<T>, outcome: impl Fn(&T) -> &Outcome) -> Result<T> {
    for number in 1.. {
        let result = attempt()?;
        let Outcome { valid, generator_lag_p99_ms, .. } = outcome(&result);
        if *valid || number == ATTEMPTS {
            return Ok(result);
        }
        eprintln!("  the generator lagged by {generator_lag_p99_ms:.1} ms (p99): invalid, measuring again");
    }
    Err(anyhow!("never measured"))
}

fn of_load(outcome: Outcome) -> Measured {
    let figures = [
        (Metric::FramesLost, outcome.lost as f64),
        (Metric::FramesMisordered, outcome.misordered as f64),
        (Metric::ConnectionsClosed, outcome.closed as f64),
        (Metric::LatencyP99Ms, outcome.latency.p99_ms),
        (Metric::CpuUsPerInbound, outcome.cpu_us_per_inbound),
        (Metric::CpuUsPerDelivered, outcome.cpu_us_per_delivered),
    ];
    Measured { figures: figures.into(), outcome: Some(outcome), ..Measured::default() }
}

/// Connects idle viewers to a fresh server, then registered devices to another.
fn memory(connections: u32, dialect: Dialect, start: impl Fn() -> Result<Process>) -> Result<Measured> {
    let mut figures = BTreeMap::new();
    for (role, metric) in [(Role::Viewer, Metric::ViewerKb), (Role::Device, Metric::DeviceKb)] {
        let server = start()?;
        pause(Duration::from_millis(500));
        let before = server.resident_bytes()?;
        let mut peers = Peer::open_all(server.address, dialect, role, connections)?;
        if role == Role::Device {
            register(&mut peers)?;
        }
        pause(SETTLE);
        let grown = server.resident_bytes()?.saturating_sub(before);
        figures.insert(metric, grown as f64 / 1_024.0 / f64::from(connections));
        // The server goes first, so that it never works on ten thousand goodbyes.
        drop(server);
    }
    Ok(Measured { figures, ..Measured::default() })
}

/// Sends one frame from each device, and waits until all have been taken in.
fn register(devices: &mut [Peer]) -> Result<()> {
    for (number, device) in (0_u16..).zip(devices.iter_mut()) {
        let mut line = [0; LINE_BYTES];
        Stamp { device: number, number: 0, sent_us: 0 }.write(&mut line);
        device.say(std::str::from_utf8(&line)?.trim_end())?;
        if device.dialect == Dialect::WebSocket {
            device.say("ping")?;
        }
    }
    let framed = devices.iter_mut().filter(|device| device.dialect == Dialect::WebSocket);
    framed.into_iter().try_for_each(|device| device.wait_for("pong"))
}
