//! How fast bodies are: the simulator's own example `body_speed` measures them, on one thread, and says what it found as JSON.

use crate::measured::{Measured, Round};
use crate::metric::Metric;
use crate::servers::Servers;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::process::Command;
use std::time::Duration;

/// It takes a quarter of a minute on a machine that does nothing else.
const PATIENCE: Duration = Duration::from_secs(180);
const MILLION: f64 = 1e6;

/// One kind of motion.
#[derive(Debug, Deserialize)]
struct Case {
    motion: String,
    frames_per_second: f64,
    /// Cores that they take at 20 frames a second each.
    cores_at_20_hz: f64,
}

/// Measures them.
pub(crate) fn bodies(servers: &Servers) -> Result<Round> {
    let program = &servers.body_speed;
    let how = "build it with: cargo build --release -p grouploop-simulator --example body_speed";
    ensure!(program.exists(), "{} does not exist; {how}", program.display());
    let process = servers.processes.launch("body_speed", Command::new(program).arg("--json"))?;
    let (status, said) = process.finish(PATIENCE, |_| ())?;
    ensure!(status.success(), "body_speed failed ({status}):\n{}", said.join("\n"));
    let cases: Vec<Case> = said.iter().find_map(|line| serde_json::from_str(line).ok()).context("it says nothing")?;
    Ok(Round { edge: Some(measured(&cases)), relay: None })
}

fn measured(cases: &[Case]) -> Measured {
    let figures = cases.iter().filter_map(|case| {
        let millions = case.frames_per_second / MILLION;
        Some(match case.motion.as_str() {
            "mixed" => (Metric::MixedMillions, millions),
            "walk" => (Metric::WalkMillions, millions),
            "dance" => (Metric::DanceMillions, millions),
            "rest" => (Metric::RestMillions, millions),
            "free" => (Metric::FreeMillions, millions),
            "flock, 70 m square" => (Metric::FlockCores, case.cores_at_20_hz),
            "flock, 10 m square" => (Metric::DenseFlockCores, case.cores_at_20_hz),
            _ => return None,
        })
    });
    Measured { figures: figures.collect(), ..Measured::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_example_says_is_read() {
        let case = |motion: &str, rate: f64, cores: f64| {
            format!(
                r#"{{"motion":"{motion}","devices":5000,"frames_per_second":{rate},"cores_at_20_hz":{cores},"bytes_per_device":200}}"#
            )
        };
        let said = [
            case("walk", 11e6, 0.1),
            case("mixed", 12.5e6, 0.08),
            case("flock, 70 m square", 1e6, 0.1),
            case("flock, 10 m square", 4e5, 0.25),
        ];
        let cases: Vec<Case> = serde_json::from_str(&format!("[{}]", said.join(","))).unwrap();
        let wanted = [
            (Metric::WalkMillions, 11.0),
            (Metric::MixedMillions, 12.5),
            (Metric::FlockCores, 0.1),
            (Metric::DenseFlockCores, 0.25),
        ];
        assert_eq!(measured(&cases).figures, wanted.into());
    }
}
