//! The CDN beside nginx: the same files, over the same loopback, by turns.
//!
//! ```text
//!                ┌─▶ CDN   ─┐
//!  wrk, by turns ┤          ├─▶ one folder of files
//!                └─▶ nginx ─┘
//! ```
//!
//! Each has a turn of a second, then the other one, so that what else happens on the machine meets both; turns that follow each other are
//! compared with each other. Neither server compresses, for wrk asks for no such thing.

mod pull;
mod tools;
pub(crate) mod turn;
mod wrk;

pub(crate) use tools::Tools;
pub(crate) use wrk::CONNECTIONS;

use crate::clock::{Phases, pause};
use crate::measured::{Measured, Round, median};
use crate::metric::Metric;
use crate::process::{Folder, Process};
use crate::servers::Servers;
use crate::spending::Spending;
use anyhow::{Context, Result, ensure};
use pull::pull;
use std::time::Duration;
use turn::Turn;
use wrk::Wrk;

/// Length of a turn.
const TURN: Duration = Duration::from_secs(1);
/// Before memory is read that nobody uses any more, or not yet.
const SETTLE: Duration = Duration::from_millis(1_500);
const MIB: f64 = 1_048_576.0;

/// A file that both serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum File {
    /// The registry, which the CDN puts there by itself.
    Commands,
    /// As large as a library for sketches: 10 KB.
    Library,
    /// 1 MB.
    Large,
    /// As large as firmware: 1.5 MB.
    Image,
}

/// The CDN's figures over those of nginx, turn by turn.
pub(crate) fn ratios(round: &Round, metric: Metric) -> Vec<f64> {
    let (Some(cdn), Some(nginx)) = (&round.edge, &round.relay) else { return Vec::new() };
    let pairs = cdn.turns.iter().zip(&nginx.turns);
    pairs.filter_map(|(cdn, nginx)| Some(cdn.figure(metric)? / nginx.figure(metric)?)).collect()
}

impl File {
    /// The same as URL and, under the folder, as file.
    fn path(self) -> &'static str {
        match self {
            Self::Commands => "/static/commands.json",
            Self::Library => "/js/library.js",
            Self::Large => "/static/large.bin",
            Self::Image => "/firmware/image.bin",
        }
    }

    /// What is put there before the servers start.
    fn content(self) -> Option<Vec<u8>> {
        match self {
            Self::Commands => None,
            Self::Library => Some(noise(10 << 10)),
            Self::Large => Some(noise(1 << 20)),
            Self::Image => Some(noise(3 << 19)),
        }
    }
}

/// Bytes in which no part is like another one, so that none can be missing or elsewhere without being seen.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let next = || {
        // Marsaglia's xorshift.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next).flatten().take(count).collect()
}

/// Both servers on one folder with the file.
struct Pair {
    cdn: Process,
    nginx: Process,
    content: Vec<u8>,
    wrk: Wrk,
    /// After the servers, so that it goes when they have gone.
    _folder: Folder,
}

impl Pair {
    fn start(servers: &Servers, file: File) -> Result<Self> {
        let tools = Tools::locate()?;
        let folder = servers.processes.make_folder()?;
        let files = folder.path().join("files");
        let place = files.join(file.path().trim_start_matches('/'));
        if let Some(content) = file.content() {
            tools::write(&place, &content)?;
        }
        // First, because it fills the folder.
        let cdn = servers.start_cdn(&files)?;
        let content = std::fs::read(&place).with_context(|| format!("cannot read {}", place.display()))?;
        let nginx = tools.start_nginx(&servers.processes, &files, folder.path(), file.path())?;
        let wrk = Wrk::prepare(&tools, folder.path())?;
        Ok(Self { cdn, nginx, content, wrk, _folder: folder })
    }

    fn turn(&self, server: &Process, file: File, time: Duration) -> Result<Turn> {
        let url = format!("http://{}{}", server.address, file.path());
        let before = Spending::now(&[server])?;
        let said = self.wrk.run(&url, time, self.content.len())?;
        let spent = Spending::now(&[server])?.since(&before);
        let seconds = spent.wall.as_secs_f64();
        let requests_per_second = said.requests_per_second();
        Ok(Turn {
            requests_per_second,
            mb_per_second: requests_per_second * self.content.len() as f64 / MIB,
            latency: said.latency(),
            server_cores: spent.servers.as_secs_f64() / seconds,
            cpu_us_per_request: spent.servers.as_secs_f64() * 1e6 / said.requests as f64,
            generator_cores: spent.generator.as_secs_f64() / seconds,
            foreign_load: spent.foreign_load,
        })
    }
}

/// How fast a file goes out, over and over.
pub(crate) fn rate(servers: &Servers, phases: Phases, file: File) -> Result<Round> {
    let pair = Pair::start(servers, file)?;
    for (name, server) in [("the CDN", &pair.cdn), ("nginx", &pair.nginx)] {
        let pulled = pull(server.address, file.path(), &pair.content, 1)?;
        ensure!(pulled.wrong == 0, "{name} does not serve {}: {}", file.path(), pulled.why.unwrap_or_default());
        if !phases.warm_up.is_zero() {
            pair.turn(server, file, phases.warm_up)?;
        }
    }
    let (mut cdn, mut nginx) = (Vec::new(), Vec::new());
    for _ in 0..turns(phases.measure) {
        cdn.push(pair.turn(&pair.cdn, file, TURN)?);
        nginx.push(pair.turn(&pair.nginx, file, TURN)?);
    }
    Ok(Round { edge: Some(of_turns(cdn)), relay: Some(of_turns(nginx)) })
}

/// Turns of each server in a window that is as long for each.
fn turns(window: Duration) -> u64 {
    (window.as_secs() / TURN.as_secs()).max(1)
}

fn of_turns(turns: Vec<Turn>) -> Measured {
    let metrics = [Metric::RequestsPerSecond, Metric::MegabytesPerSecond, Metric::CpuUsPerRequest];
    let figure = |metric| median(turns.iter().filter_map(|turn| turn.figure(metric)).collect());
    let figures = metrics.into_iter().filter_map(|metric| Some((metric, figure(metric)?))).collect();
    Measured { figures, turns, ..Measured::default() }
}

/// What it takes to serve an image to so many clients at once, from a CDN that has just started.
pub(crate) fn crowd(servers: &Servers, clients: u32) -> Result<Round> {
    let file = File::Image;
    let pair = Pair::start(servers, file)?;
    pause(SETTLE);
    let idle = pair.cdn.resident_bytes()?;
    let mut cdn = pulled_from(&pair.cdn, file, &pair.content, clients)?;
    let peak = pair.cdn.peak_bytes()?;
    pause(SETTLE);
    let after = pair.cdn.resident_bytes()?;
    let mb = |bytes: u64| bytes as f64 / MIB;
    cdn.figures.extend([(Metric::PeakMb, mb(peak)), (Metric::IdleMb, mb(idle)), (Metric::AfterwardsMb, mb(after))]);
    let nginx = pulled_from(&pair.nginx, file, &pair.content, clients)?;
    Ok(Round { edge: Some(cdn), relay: Some(nginx) })
}

fn pulled_from(server: &Process, file: File, content: &[u8], clients: u32) -> Result<Measured> {
    let pulled = pull(server.address, file.path(), content, clients)?;
    if let Some(why) = &pulled.why {
        eprintln!("  {} of {clients} clients did not get their file: {why}", pulled.wrong);
    }
    let figures = [(Metric::BodiesWrong, f64::from(pulled.wrong)), (Metric::CrowdSeconds, pulled.time.as_secs_f64())];
    Ok(Measured { figures: figures.into(), ..Measured::default() })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::swarm::Latency;

    #[test]
    fn noise_does_not_repeat_itself() {
        let bytes = noise(3 << 19);
        assert_eq!(bytes.len(), 1_572_864);
        let mut words: Vec<&[u8]> = bytes.chunks(8).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), bytes.len() / 8);
    }

    #[test]
    fn a_window_has_at_least_one_turn() {
        assert_eq!([0, 1, 3].map(|seconds| turns(Duration::from_secs(seconds))), [1, 1, 3]);
    }

    /// Turns of a server that answered so often in each.
    pub(crate) fn measured(rates: &[f64]) -> Measured {
        let latency = Latency { p50_ms: 1.0, p90_ms: 1.0, p99_ms: 1.0, p999_ms: 1.0, max_ms: 1.0 };
        let turn = |rate: &f64| Turn {
            requests_per_second: *rate,
            mb_per_second: 1.0,
            latency,
            server_cores: 1.0,
            cpu_us_per_request: 1.0,
            generator_cores: 1.0,
            foreign_load: 0.0,
        };
        of_turns(rates.iter().map(turn).collect())
    }

    #[test]
    fn turns_are_compared_with_their_neighbours() {
        let (cdn, nginx) = (measured(&[100.0, 10.0, 50.0]), measured(&[100.0, 20.0, 100.0]));
        let round = Round { edge: Some(cdn), relay: Some(nginx) };
        assert_eq!(ratios(&round, Metric::RequestsPerSecond), [1.0, 0.5, 0.5]);
        assert!(ratios(&round, Metric::PeakMb).is_empty());
        assert!(ratios(&Round { relay: None, ..round }, Metric::RequestsPerSecond).is_empty());
    }
}
