//! Servers under test as processes of their own: started here, watched through `/proc`, and ended by their id whatever happens.

use crate::clock::pause;
use crate::usage::{Cpu, resident_bytes};
use anyhow::{Context, Result, bail};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

/// How long a server may take until it listens.
const START: Duration = Duration::from_secs(10);
/// Lines of a server's log that are kept for error messages.
const KEPT_LINES: usize = 20;

/// All processes that are running because of this bench.
#[derive(Debug, Clone, Default)]
pub(crate) struct Processes(Arc<Mutex<Vec<Child>>>);

/// One of them; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    name: &'static str,
    pid: u32,
    pub(crate) address: SocketAddr,
    all: Processes,
}

/// What a server's log has said so far.
#[derive(Debug, Default)]
struct Log {
    address: Option<SocketAddr>,
    last: VecDeque<String>,
    ended: bool,
}

impl Processes {
    /// Ends every process when the bench is told to end. To be called before the first one is started.
    pub(crate) fn end_on_signal(&self) -> Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let all = self.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let (mut interrupt, mut terminate) = {
            let _context = runtime.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        let wait = move || {
            runtime.block_on(async {
                tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            });
            for child in all.lock().iter_mut() {
                let _ = child.kill();
            }
            std::process::exit(130);
        };
        Builder::new().name("signals".into()).spawn(wait)?;
        Ok(())
    }

    /// Starts a server and waits until its log names the address that it listens on, which `find` recognises.
    pub(crate) fn start(
        &self,
        name: &'static str,
        command: &mut Command,
        find: fn(&str) -> Option<SocketAddr>,
    ) -> Result<Process> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command.spawn().with_context(|| format!("cannot start {name} ({program})"))?;
        let (pid, stderr) = (child.id(), child.stderr.take());
        self.lock().push(child);
        // From here on it ends with this value, also when it never listens.
        let mut process = Process { name, pid, address: SocketAddr::from(([127, 0, 0, 1], 0)), all: self.clone() };
        let log = Arc::<Mutex<Log>>::default();
        let (written, stderr) = (Arc::clone(&log), stderr.context("no stderr")?);
        Builder::new().name(format!("{name}-log")).spawn(move || read_log(stderr, find, &written))?;
        let started = Instant::now();
        loop {
            let log = lock(&log);
            if let Some(address) = log.address {
                process.address = address;
                return Ok(process);
            }
            if log.ended || started.elapsed() > START {
                let last: Vec<&str> = log.last.iter().map(String::as_str).collect();
                bail!("{name} ({program}) does not listen; its log ends with:\n{}", last.join("\n"));
            }
            drop(log);
            pause(Duration::from_millis(10));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Child>> {
        lock(&self.0)
    }
}

impl Process {
    pub(crate) fn cpu(&self) -> Result<Cpu> {
        Cpu::of(self.pid).with_context(|| format!("{} is gone", self.name))
    }

    pub(crate) fn resident_bytes(&self) -> Result<u64> {
        resident_bytes(self.pid).with_context(|| format!("{} is gone", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let child = {
            let mut all = self.all.lock();
            all.iter().position(|child| child.id() == self.pid).map(|index| all.swap_remove(index))
        };
        if let Some(mut child) = child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads to the end, so that the server never waits for its log to be read.
fn read_log(stderr: impl Read, find: fn(&str) -> Option<SocketAddr>, log: &Mutex<Log>) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        let mut log = lock(log);
        log.address = log.address.or_else(|| find(&line));
        if log.last.len() == KEPT_LINES {
            log.last.pop_front();
        }
        log.last.push_back(line);
    }
    lock(log).ended = true;
}
