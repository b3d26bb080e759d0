//! wrk, which asks for one file over and over, on connections that stay open.

use super::tools::{self, Tools};
use crate::swarm::Latency;
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What it does in the end. Only this function is in it, so that no request passes through Lua.
const SCRIPT: &str = include_str!("report.lua");
pub(crate) const THREADS: u32 = 2;
pub(crate) const CONNECTIONS: u32 = 64;

/// wrk with its script.
#[derive(Debug)]
pub(crate) struct Wrk {
    program: PathBuf,
    script: PathBuf,
}

/// What it says, in its own words.
#[derive(Debug, Deserialize)]
pub(crate) struct Said {
    window_us: f64,
    pub(crate) requests: u64,
    bytes: u64,
    failed: u64,
    p50_us: f64,
    p90_us: f64,
    p99_us: f64,
    p999_us: f64,
    max_us: f64,
}

impl Wrk {
    /// Puts the script into the folder.
    pub(crate) fn prepare(tools: &Tools, folder: &Path) -> Result<Self> {
        let script = folder.join("report.lua");
        tools::write(&script, SCRIPT.as_bytes())?;
        Ok(Self { program: tools.wrk.clone(), script })
    }

    /// Loads a server with requests for a file of so many bytes. One request that fails, and the figures are worth nothing.
    pub(crate) fn run(&self, url: &str, time: Duration, file_bytes: usize) -> Result<Said> {
        let mut command = Command::new(&self.program);
        command.args([
            "--threads",
            &THREADS.to_string(),
            "--connections",
            &CONNECTIONS.to_string(),
            "--timeout",
            "10s",
        ]);
        command.args(["--duration", &format!("{}s", time.as_secs().max(1))]).arg("--script").arg(&self.script).arg(url);
        let output = command.output().with_context(|| format!("cannot start {}", self.program.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let Some(said) = text.lines().rev().find(|line| line.starts_with('{')) else {
            let complaint = String::from_utf8_lossy(&output.stderr);
            bail!("wrk says nothing of {url}: {}{complaint}", text.trim());
        };
        let said: Said = serde_json::from_str(said).context("wrk's report cannot be read")?;
        said.check(file_bytes).with_context(|| format!("wrk on {url}"))?;
        Ok(said)
    }
}

impl Said {
    fn check(&self, file_bytes: usize) -> Result<()> {
        ensure!(self.requests > 0, "not one answer");
        ensure!(self.failed == 0, "{} of {} requests failed", self.failed, self.requests);
        // Heads count as well, so less than this is a file that is not whole.
        ensure!(self.bytes >= self.requests * file_bytes as u64, "answers are shorter than the file");
        Ok(())
    }

    pub(crate) fn requests_per_second(&self) -> f64 {
        self.requests as f64 / (self.window_us / 1e6)
    }

    pub(crate) fn latency(&self) -> Latency {
        Latency {
            p50_ms: self.p50_us / 1e3,
            p90_ms: self.p90_us / 1e3,
            p99_ms: self.p99_us / 1e3,
            p999_ms: self.p999_us / 1e3,
            max_ms: self.max_us / 1e3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(requests: u64, bytes: u64, failed: u64) -> Said {
        let line = format!(
            r#"{{"window_us":2000000,"requests":{requests},"bytes":{bytes},"failed":{failed},"p50_us":1,"p90_us":2,"p99_us":1500,"p999_us":4,"max_us":5}}"#
        );
        serde_json::from_str(&line).unwrap()
    }

    #[test]
    fn a_report_is_read() {
        let said = said(5_000, 10_000_000, 0);
        assert!(said.check(1_900).is_ok());
        assert!((said.requests_per_second() - 2_500.0).abs() < 1e-9);
        assert!((said.latency().p99_ms - 1.5).abs() < 1e-9);
    }

    #[test]
    fn failures_and_short_answers_are_no_measurement() {
        assert!(said(0, 0, 0).check(10).is_err());
        assert!(said(10, 2_000, 1).check(10).is_err());
        assert!(said(10, 99, 0).check(10).is_err());
    }
}
