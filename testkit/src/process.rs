//! A child process whose output is always drained and kept, and that never outlives its handle.
//!
//! Draining happens on two plain threads, so a test that blocks its runtime cannot block the child too. All methods take `&self`.

use crate::wait::{PATIENCE, POLL};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Lines of output that are kept; older ones are forgotten.
const LOG_LINES: usize = 20_000;
/// Lines of it that a failing test shows.
const SHOWN_LINES: usize = 60;

/// A running program. Killed and reaped when dropped; when the test is failing then, the end of its log is printed.
#[derive(Debug)]
pub struct Process {
    name: String,
    pid: u32,
    child: Mutex<Child>,
    log: Arc<Mutex<VecDeque<String>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Process {
    /// Starts `command` without stdin and drains its stdout and stderr into one log. `name` is what messages call it.
    ///
    /// # Panics
    /// When the program cannot be started.
    pub fn spawn(name: impl Into<String>, mut command: Command) -> Self {
        let name = name.into();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {name} ({:?}): {error}", command.get_program()));
        let log = Arc::default();
        drain(child.stdout.take().expect("stdout is piped"), &log);
        drain(child.stderr.take().expect("stderr is piped"), &log);
        Self { name, pid: child.id(), child: Mutex::new(child), log }
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The lines that it has printed so far, stdout and stderr together (the newest 20,000).
    pub fn log(&self) -> Vec<String> {
        lock(&self.log).iter().cloned().collect()
    }

    /// Waits for a line of the log for which `pick` gives something.
    ///
    /// # Panics
    /// When there is no such line in time, or the process has ended without one: with its log.
    pub async fn find_in_log<T>(&self, what: &str, pick: impl Fn(&str) -> Option<T>) -> T {
        let found = self.search_log(&pick).await;
        found.unwrap_or_else(|| {
            panic!("{} never said {what} (exit: {:?}); its log:\n{}", self.name, self.exit_status(), self.tail())
        })
    }

    /// As [`find_in_log`](Self::find_in_log), and `None` where that panics.
    pub(crate) async fn search_log<T>(&self, pick: &impl Fn(&str) -> Option<T>) -> Option<T> {
        let start = tokio::time::Instant::now();
        loop {
            let complete = self.exit_status().is_some() && self.is_drained();
            if let Some(found) = lock(&self.log).iter().find_map(|line| pick(line)) {
                return Some(found);
            }
            if complete || start.elapsed() > PATIENCE {
                return None;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Whether nothing more can come: the drains let go of the log at the end of the output.
    fn is_drained(&self) -> bool {
        Arc::strong_count(&self.log) == 1
    }

    /// The exit status, when it has ended.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        lock(&self.child).try_wait().expect("the child can be waited for")
    }

    /// Waits for it to end by itself.
    ///
    /// # Panics
    /// When it does not end in time.
    pub async fn ended(&self) -> ExitStatus {
        self.ended_within(PATIENCE).await
    }

    /// Waits at most `deadline` for it to end, and for the last of its output.
    ///
    /// # Panics
    /// When it has not ended by then: with its log.
    pub async fn ended_within(&self, deadline: Duration) -> ExitStatus {
        let start = tokio::time::Instant::now();
        loop {
            let status = self.exit_status();
            // A child of its own may have its output still.
            if let Some(status) = status.filter(|_| self.is_drained() || start.elapsed() >= deadline) {
                return status;
            }
            assert!(
                start.elapsed() < deadline,
                "{} did not end within {deadline:?}; its log:\n{}",
                self.name,
                self.tail()
            );
            tokio::time::sleep(POLL).await;
        }
    }

    /// Sends SIGKILL and waits for the end.
    pub async fn kill(&self) {
        // Not through `signal`: the child's own handle knows whether it was reaped, so this can hit no one else.
        let _ = lock(&self.child).kill();
        self.ended().await;
    }

    /// Sends SIGTERM and waits for the end.
    ///
    /// # Panics
    /// When it does not end in time.
    pub async fn terminate(&self) -> ExitStatus {
        self.signal("TERM");
        self.ended().await
    }

    /// Sends SIGSTOP: the process freezes, its sockets stay open.
    pub fn stop(&self) {
        self.signal("STOP");
    }

    /// Sends SIGCONT: the process goes on.
    pub fn cont(&self) {
        self.signal("CONT");
    }

    /// Sends a signal by name (`TERM`, `INT`, `HUP`…) and does not wait.
    ///
    /// # Panics
    /// When the process has ended already.
    pub fn signal(&self, name: &str) {
        // The lock keeps the process from being reaped, and its id from being given away, while the signal is on its way.
        let mut child = lock(&self.child);
        let ended = child.try_wait().expect("the child can be waited for");
        assert!(ended.is_none(), "{} has ended ({ended:?}), no SIG{name} for it", self.name);
        let sent =
            Command::new("kill").args(["-s", name, &self.pid.to_string()]).status().expect("kill can be started");
        assert!(sent.success(), "SIG{name} to {}: {sent}", self.name);
    }

    /// Resident memory, from /proc.
    pub fn rss_bytes(&self) -> u64 {
        let status = self.proc("status");
        let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix("kB"));
        kib.and_then(|kib| kib.trim().parse::<u64>().ok()).expect("status has a VmRSS") * 1024
    }

    /// CPU time used so far, user and system, from /proc, to a hundredth of a second.
    pub fn cpu_time(&self) -> Duration {
        let stat = self.proc("stat");
        // The second field is the program's name in brackets and may hold anything, so count from its end: utime and stime are
        // fields 14 and 15 of the whole line, in ticks of 10 ms (USER_HZ, which Linux shows as 100 everywhere).
        let (_, rest) = stat.rsplit_once(')').expect("stat has a name");
        let ticks: u64 = rest.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 10)
    }

    fn proc(&self, file: &str) -> String {
        let path = format!("/proc/{}/{file}", self.pid);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path} of {}: {error}", self.name))
    }

    /// The end of the log, for a message.
    pub(crate) fn tail(&self) -> String {
        let log = lock(&self.log);
        log.iter()
            .skip(log.len().saturating_sub(SHOWN_LINES))
            .fold(String::new(), |text, line| text + "  | " + line + "\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut child = lock(&self.child);
        let _ = child.kill();
        let _ = child.wait();
        drop(child);
        if std::thread::panicking() {
            eprintln!("the end of the log of {} (process {}):\n{}", self.name, self.pid, self.tail());
        }
    }
}

fn drain(source: impl Read + Send + 'static, log: &Arc<Mutex<VecDeque<String>>>) {
    let log = Arc::clone(log);
    std::thread::spawn(move || {
        let mut source = BufReader::new(source);
        let mut line = Vec::new();
        while source.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            let mut log = lock(&log);
            if log.len() == LOG_LINES {
                log.pop_front();
            }
            log.push_back(text);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::spawn("shell", command)
    }

    #[tokio::test]
    async fn both_outputs_are_in_the_log_and_the_status_is_told() {
        let process = shell("echo out; echo err >&2; exit 3");
        process.find_in_log("out", |line| (line == "out").then_some(())).await;
        process.find_in_log("err", |line| (line == "err").then_some(())).await;
        assert_eq!(process.ended().await.code(), Some(3));
    }

    #[tokio::test]
    #[should_panic(expected = "never said the magic word")]
    async fn an_early_end_is_noticed() {
        shell("echo something else").find_in_log("the magic word", |line| line.contains("magic").then_some(())).await;
    }

    #[tokio::test]
    async fn it_can_be_measured_stopped_and_ended() {
        let process = shell("trap 'exit 7' TERM; echo ready; while :; do :; done");
        process.find_in_log("ready", |line| (line == "ready").then_some(())).await;
        assert!(process.rss_bytes() > 100_000);
        crate::eventually!(process.cpu_time() > Duration::ZERO);
        process.stop();
        crate::eventually!(process.proc("stat").contains(") T "));
        process.cont();
        assert_eq!(process.terminate().await.code(), Some(7));
    }

    #[tokio::test]
    async fn nothing_outlives_the_handle() {
        let process = shell("echo ready; exec sleep 1000");
        process.find_in_log("ready", |line| (line == "ready").then_some(())).await;
        let proc = format!("/proc/{}", process.pid());
        drop(process);
        assert!(!std::path::Path::new(&proc).exists());
    }
}
