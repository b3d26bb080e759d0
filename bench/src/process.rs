//! Servers under test as processes of their own: started here, watched through `/proc`, and ended by their id whatever happens.

use crate::clock::pause;
use crate::usage::{self, Cpu};
use anyhow::{Context, Result, bail};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

/// How long a server may take until it listens.
const START: Duration = Duration::from_secs(10);
/// Lines of a server's log that are kept for error messages.
const KEPT_LINES: usize = 20;

/// All processes that are running because of this bench, and the folders that they work in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Processes(Arc<Mutex<Things>>);

#[derive(Debug, Default)]
struct Things {
    children: Vec<Child>,
    folders: Vec<PathBuf>,
}

/// One of them; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    name: &'static str,
    pid: u32,
    pub(crate) address: SocketAddr,
    /// Whether processes that it starts count as it.
    has_workers: bool,
    all: Processes,
}

/// One of the folders; it goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
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
    /// A new folder for files of servers.
    pub(crate) fn make_folder(&self) -> Result<Folder> {
        let path = std::env::temp_dir().join(format!("grouploop-bench-{}", std::process::id()));
        std::fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        self.lock().folders.push(path.clone());
        Ok(Folder { path, all: self.clone() })
    }

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
            let mut all = all.lock();
            all.children.iter_mut().for_each(end);
            all.folders.iter().for_each(|path| remove(path));
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
        find: impl Fn(&str) -> Option<SocketAddr> + Send + 'static,
    ) -> Result<Process> {
        command.process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command.spawn().with_context(|| format!("cannot start {name} ({program})"))?;
        let (pid, stderr) = (child.id(), child.stderr.take());
        self.lock().children.push(child);
        // From here on it ends with this value, also when it never listens.
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut process = Process { name, pid, address, has_workers: false, all: self.clone() };
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

    fn lock(&self) -> MutexGuard<'_, Things> {
        lock(&self.0)
    }
}

impl Process {
    /// What its own children spend counts from here on, too.
    pub(crate) fn with_workers(mut self) -> Self {
        self.has_workers = true;
        self
    }

    pub(crate) fn cpu(&self) -> Result<Cpu> {
        let workers = if self.has_workers { usage::children_of(self.pid)? } else { Vec::new() };
        let own = Cpu::of(self.pid).with_context(|| format!("{} is gone", self.name))?;
        workers.into_iter().try_fold(own, |sum, worker| Ok(sum + Cpu::of(worker)?))
    }

    pub(crate) fn resident_bytes(&self) -> Result<u64> {
        usage::resident_bytes(self.pid).with_context(|| format!("{} is gone", self.name))
    }

    /// The most memory that was resident since it started.
    pub(crate) fn peak_bytes(&self) -> Result<u64> {
        usage::peak_bytes(self.pid).with_context(|| format!("{} is gone", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let child = {
            let mut all = self.all.lock();
            let place = all.children.iter().position(|child| child.id() == self.pid);
            place.map(|place| all.children.swap_remove(place))
        };
        if let Some(mut child) = child {
            end(&mut child);
        }
    }
}

impl Folder {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.all.lock().folders.retain(|path| *path != self.path);
        remove(&self.path);
    }
}

fn remove(folder: &Path) {
    if let Err(error) = std::fs::remove_dir_all(folder) {
        eprintln!("cannot remove {}: {error}", folder.display());
    }
}

/// Ends a process and what it has started: all of them are a group, named after it. A shell sends the signal, because a call of our own
/// would need unsafe code.
fn end(child: &mut Child) {
    let group = format!("-{}", child.id());
    let _ = Command::new("sh").args(["-c", "kill -s KILL -- \"$1\"", "sh", &group]).stderr(Stdio::null()).status();
    let _ = child.kill();
    let _ = child.wait();
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads to the end, so that the server never waits for its log to be read.
fn read_log(stderr: impl Read, find: impl Fn(&str) -> Option<SocketAddr>, log: &Mutex<Log>) {
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
