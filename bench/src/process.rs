//! Programs under test as processes of their own: started here, watched through `/proc`, and ended by their id whatever happens. A server
//! runs until it is dropped; a program that does its work and ends is waited for ([`Process::finish`]).

use crate::clock::pause;
use anyhow::{Context, Result, bail};
use grouploop_bench::usage::{self, Cpu};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

/// How long a server may take until it listens.
const START: Duration = Duration::from_secs(10);
/// Lines of a server's log that are kept for error messages.
const KEPT_LINES: usize = 20;
/// Time between two looks at whether a program has ended.
const LOOK: Duration = Duration::from_millis(20);

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
    /// Where it listens, if it does.
    pub(crate) address: SocketAddr,
    /// Whether processes that it starts count as it.
    has_workers: bool,
    log: Arc<Mutex<Log>>,
    /// Those who read its log; they end when it does.
    readers: Vec<JoinHandle<()>>,
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
        command.stdout(Stdio::null());
        let mut process = self.spawn(name, command, find)?;
        let started = Instant::now();
        loop {
            let log = lock(&process.log);
            if let Some(address) = log.address {
                drop(log);
                process.address = address;
                return Ok(process);
            }
            if log.ended || started.elapsed() > START {
                let program = command.get_program().to_string_lossy();
                bail!("{name} ({program}) does not listen; its log ends with:\n{}", log.text());
            }
            drop(log);
            pause(Duration::from_millis(10));
        }
    }

    /// Starts a program that does its work and ends; what it says on either output is its log.
    pub(crate) fn launch(&self, name: &'static str, command: &mut Command) -> Result<Process> {
        command.stdout(Stdio::piped());
        self.spawn(name, command, |_| None)
    }

    fn spawn(
        &self,
        name: &'static str,
        command: &mut Command,
        find: impl Fn(&str) -> Option<SocketAddr> + Send + 'static,
    ) -> Result<Process> {
        command.process_group(0).stdin(Stdio::null()).stderr(Stdio::piped());
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command.spawn().with_context(|| format!("cannot start {name} ({program})"))?;
        let (pid, stdout, stderr) = (child.id(), child.stdout.take(), child.stderr.take());
        self.lock().children.push(child);
        // From here on it ends with this value, also when it never listens.
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let (log, readers) = (Arc::default(), Vec::new());
        let mut process = Process { name, pid, address, has_workers: false, log, readers, all: self.clone() };
        if let Some(stdout) = stdout {
            process.read(stdout, |_| None)?;
        }
        process.read(stderr.context("no stderr")?, find)?;
        Ok(process)
    }

    fn lock(&self) -> MutexGuard<'_, Things> {
        lock(&self.0)
    }
}

impl Process {
    /// Reads one of its outputs into its log, on a thread.
    fn read(
        &mut self,
        output: impl Read + Send + 'static,
        find: impl Fn(&str) -> Option<SocketAddr> + Send + 'static,
    ) -> Result<()> {
        let log = Arc::clone(&self.log);
        let reader = Builder::new().name(format!("{}-log", self.name)).spawn(move || read_log(output, find, &log))?;
        self.readers.push(reader);
        Ok(())
    }

    /// Asks it to end, as Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        signal("INT", &self.pid.to_string());
    }

    /// How it ended, if it has.
    fn ended(&self) -> Result<Option<ExitStatus>> {
        let mut all = self.all.lock();
        let child = all.children.iter_mut().find(|child| child.id() == self.pid);
        let status = child.with_context(|| format!("{} is gone", self.name))?.try_wait()?;
        if status.is_some() {
            // Its id may belong to somebody else from now on.
            all.children.retain(|child| child.id() != self.pid);
        }
        Ok(status)
    }

    /// Waits until it has ended by itself, and looks at it meanwhile. Returns how it ended, and the last lines of what it said.
    pub(crate) fn finish(
        mut self,
        patience: Duration,
        mut look: impl FnMut(&Self),
    ) -> Result<(ExitStatus, Vec<String>)> {
        let started = Instant::now();
        let status = loop {
            look(&self);
            if let Some(status) = self.ended()? {
                break status;
            }
            if started.elapsed() > patience {
                bail!("{} does not end; it said:\n{}", self.name, lock(&self.log).text());
            }
            pause(LOOK);
        };
        Ok((status, self.last_lines()))
    }

    /// Lets it run until then. One that ends before is an error.
    pub(crate) fn run_until(&mut self, then: Instant) -> Result<()> {
        while Instant::now() < then {
            if let Some(status) = self.ended()? {
                let said = self.last_lines().join("\n");
                bail!("{} ended before its time ({status}); it said:\n{said}", self.name);
            }
            pause(LOOK);
        }
        Ok(())
    }

    /// The last lines of what it said. It has ended.
    fn last_lines(&mut self) -> Vec<String> {
        for reader in self.readers.drain(..) {
            // One that panicked has read what it has read.
            let _ = reader.join();
        }
        lock(&self.log).last.iter().cloned().collect()
    }

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

/// Ends a process and what it has started: all of them are a group, named after it. A shell sends signals, because a call of our own would
/// need unsafe code.
fn end(child: &mut Child) {
    signal("KILL", &format!("-{}", child.id()));
    let _ = child.kill();
    let _ = child.wait();
}

/// To a process, or to a group when there is a `-` before its id.
fn signal(name: &str, to: &str) {
    let script = "kill -s \"$1\" -- \"$2\"";
    let _ = Command::new("sh").args(["-c", script, "sh", name, to]).stderr(Stdio::null()).status();
}

impl Log {
    fn text(&self) -> String {
        self.last.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads to the end, so that the server never waits for its log to be read.
fn read_log(output: impl Read, find: impl Fn(&str) -> Option<SocketAddr>, log: &Mutex<Log>) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        let mut log = lock(log);
        log.address = log.address.or_else(|| find(&line));
        if log.last.len() == KEPT_LINES {
            log.last.pop_front();
        }
        log.last.push_back(line);
    }
    lock(log).ended = true;
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn sh(script: &str) -> Process {
        Processes::default().launch("sh", Command::new("sh").args(["-c", script])).unwrap()
    }

    fn until_it_says(program: &Process, words: &str) {
        let started = Instant::now();
        while lock(&program.log).text() != words {
            assert!(started.elapsed() < PATIENCE, "it does not say {words}");
            pause(LOOK);
        }
    }

    #[test]
    fn a_program_that_ends_is_waited_for_and_heard_on_both_outputs() {
        let (status, mut lines) = sh("echo out; echo err >&2; exit 3").finish(PATIENCE, |_| ()).unwrap();
        lines.sort();
        assert_eq!((status.code(), lines), (Some(3), vec!["err".to_owned(), "out".to_owned()]));
    }

    #[test]
    fn one_that_does_not_end_is_given_up_with_what_it_said() {
        let program = sh("echo stuck; exec sleep 60");
        until_it_says(&program, "stuck");
        let error = program.finish(Duration::ZERO, |_| ()).unwrap_err().to_string();
        assert_eq!(error, "sh does not end; it said:\nstuck");
    }

    #[test]
    fn one_that_ends_before_its_time_is_an_error_with_what_it_said() {
        let error = sh("echo tired; exit 1").run_until(Instant::now() + PATIENCE).unwrap_err().to_string();
        assert!(error.starts_with("sh ended before its time") && error.ends_with("it said:\ntired"), "{error}");
    }

    #[test]
    fn an_interrupt_is_what_ctrl_c_sends() {
        let program = sh("trap 'echo bye; exit 0' INT; echo ready; while :; do sleep 0.01; done");
        until_it_says(&program, "ready");
        program.interrupt();
        let (status, lines) = program.finish(PATIENCE, |_| ()).unwrap();
        assert_eq!((status.code(), lines), (Some(0), vec!["ready".to_owned(), "bye".to_owned()]));
    }
}
