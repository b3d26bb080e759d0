//! `grouploop-bench-restarts`: does anybody notice when the edges of the stack are restarted one after the other, under load?
//!
//! ```text
//!  devices ──▶ ┌───────────────┐ ──▶ edge 1 ──┐
//!  viewers ◀── │ Caddy, as in  │ ──▶ edge 2 ──┼── nats-1, nats-2, nats-3
//!  controller ─│ compose.yaml  │ ──▶ edge 3 ──┘
//!              └───────────────┘
//! ```
//!
//! Devices do as firmware does: 5 s after a connection ended they connect again. A frame carries the number of its device's connection and its
//! own number on it, so that a viewer knows what is missing of a connection that stood.

use anyhow::{Context, Result, ensure};
use clap::Parser;
use futures_util::{SinkExt, StreamExt};
use grouploop_testkit::stack::Stack;
use grouploop_testkit::{frame, frame_id, frame_number, http_get};
use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

/// What stock firmware waits before it connects again.
const FIRMWARE_PAUSE: Duration = Duration::from_secs(5);
/// Within this a device has to be back.
const BACK_WITHIN: Duration = Duration::from_secs(7);
/// A connection's number stands above the number of the frame on it.
const CONNECTION_SHIFT: u32 = 32;
const PATIENCE: Duration = Duration::from_secs(60);

/// Restarts each edge of the stack under load, and looks who notices.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Devices, each with a WebSocket of its own
    #[arg(long, default_value_t = 3000, value_parser = clap::value_parser!(u16).range(3..=60_000))]
    devices: u16,
    /// Frames a second of each
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100))]
    hz: u64,
    /// Viewers of all of them
    #[arg(long, default_value_t = 20)]
    viewers: usize,
    /// Commands a second to devices drawn at random
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1000))]
    commands: u64,
    /// Seconds of load before, between and after the restarts
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// The grouploop binary [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    edge: Option<PathBuf>,
}

/// What devices and viewers know together.
#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    sent: AtomicU64,
    /// Times from the end of a connection to the greeting on the next, in ms.
    back_ms: Mutex<Vec<u64>>,
    refused: AtomicU64,
    /// Numbers of the commands that arrived.
    arrived: Mutex<HashMap<u64, u64>>,
    seen: AtomicU64,
    lost: AtomicU64,
    reordered: AtomicU64,
    viewers_back: AtomicU64,
}

impl Shared {
    fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn device(url: String, id: u16, hz: u64, shared: Arc<Shared>) {
    let mut ended: Option<Instant> = None;
    let mut connection = 0_u64;
    while !shared.stopping() {
        let Ok(Ok((mut socket, _))) = timeout(PATIENCE, tokio_tungstenite::connect_async(&url)).await else {
            shared.refused.fetch_add(1, Ordering::Relaxed);
            sleep(FIRMWARE_PAUSE).await;
            continue;
        };
        connection += 1;
        let mut number = 0_u64;
        let mut greeted = false;
        let mut every = interval(Duration::from_millis(1000 / hz));
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = every.tick(), if greeted => {
                    if shared.stopping() {
                        return;
                    }
                    number += 1;
                    if socket.send(Message::text(frame(id, connection << CONNECTION_SHIFT | number))).await.is_err() {
                        // What came before the end is still to be read.
                        greeted = false;
                        continue;
                    }
                    shared.sent.fetch_add(1, Ordering::Relaxed);
                }
                message = socket.next() => match message {
                    Some(Ok(Message::Text(text))) => {
                        if !greeted && number == 0 {
                            greeted = true;
                            if let Some(ended) = ended.take() {
                                lock(&shared.back_ms).push(u64::try_from(ended.elapsed().as_millis()).unwrap_or(u64::MAX));
                            }
                        } else if let Some(number) = text.strip_prefix("vibrate:").and_then(|number| number.parse().ok()) {
                            *lock(&shared.arrived).entry(number).or_default() += 1;
                        }
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                    Some(Ok(_)) => {}
                }
            }
        }
        ended = Some(Instant::now());
        sleep(FIRMWARE_PAUSE).await;
    }
}

async fn viewer(url: String, devices: u16, shared: Arc<Shared>) {
    let mut first = true;
    while !shared.stopping() {
        let Ok((mut socket, _)) = tokio_tungstenite::connect_async(&url).await else {
            sleep(Duration::from_millis(200)).await;
            continue;
        };
        if !first {
            shared.viewers_back.fetch_add(1, Ordering::Relaxed);
        }
        first = false;
        if socket.send(Message::text("s")).await.is_err() {
            continue;
        }
        // What comes first may be of any number.
        let mut newest = vec![0_u64; usize::from(devices)];
        while let Some(Ok(message)) = socket.next().await {
            if shared.stopping() {
                return;
            }
            let Message::Text(text) = message else { continue };
            for line in text.lines().filter(|line| line.len() == 20) {
                let Some(last) = newest.get_mut(usize::from(frame_id(line))) else { continue };
                let number = frame_number(line);
                shared.seen.fetch_add(1, Ordering::Relaxed);
                let same_connection = *last >> CONNECTION_SHIFT == number >> CONNECTION_SHIFT;
                if number <= *last {
                    shared.reordered.fetch_add(1, Ordering::Relaxed);
                } else if *last != 0 && same_connection {
                    shared.lost.fetch_add(number - *last - 1, Ordering::Relaxed);
                }
                *last = number.max(*last);
            }
        }
    }
}

/// What became of commands, by their numbers.
#[derive(Debug, Default)]
struct Answers {
    success: Vec<u64>,
    failed: Vec<u64>,
    /// The connection ended before the answer.
    none: u64,
}

async fn controller(url: String, devices: u16, rate: u64, shared: Arc<Shared>) -> Answers {
    let mut answers = Answers::default();
    let mut number = 0_u64;
    let mut every = interval(Duration::from_millis(1000 / rate));
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !shared.stopping() {
        let Ok((mut socket, _)) = tokio_tungstenite::connect_async(&url).await else {
            sleep(Duration::from_millis(200)).await;
            continue;
        };
        let _greeting = socket.next().await;
        'connected: while !shared.stopping() {
            every.tick().await;
            number += 1;
            // Each device in turn, in an order that has nothing to do with edges.
            let id = number.wrapping_mul(7919) % u64::from(devices);
            if socket.send(Message::text(format!("cmd:{id:04x}:vibrate:{number}"))).await.is_err() {
                answers.none += 1;
                break;
            }
            loop {
                match socket.next().await {
                    Some(Ok(Message::Text(text))) if text == "cmd:result:success" => answers.success.push(number),
                    Some(Ok(Message::Text(text))) if text == "cmd:result:failed" => answers.failed.push(number),
                    Some(Ok(Message::Text(_) | Message::Ping(_) | Message::Pong(_))) => continue,
                    _ => {
                        answers.none += 1;
                        break 'connected;
                    }
                }
                break;
            }
        }
    }
    answers
}

async fn total(stack: &Stack) -> u64 {
    let mut total = 0;
    for number in 0..stack.edges() {
        let health = http_get(stack.edge_addr(number), "/health").await.json();
        total += health.get("devices").and_then(serde_json::Value::as_u64).unwrap_or_default();
    }
    total
}

async fn all_there(stack: &Stack, devices: u16) -> Result<()> {
    let started = Instant::now();
    while total(stack).await != u64::from(devices) {
        ensure!(started.elapsed() < PATIENCE, "{} of {devices} devices are there", total(stack).await);
        sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

async fn run(arguments: Arguments) -> Result<bool> {
    let Arguments { devices, hz, viewers, commands, seconds, .. } = arguments;
    let beside = || Ok::<_, anyhow::Error>(std::env::current_exe()?.with_file_name("grouploop"));
    let binary = arguments.edge.map_or_else(beside, Ok)?;
    ensure!(binary.exists(), "no {}", binary.display());
    let started = Instant::now();
    let mut stack = Stack::start(binary, &[]).await;
    eprintln!("the whole stack is well after {:.1} s", started.elapsed().as_secs_f64());

    let url = format!("ws://{}/", stack.balancer());
    let shared = Arc::new(Shared::default());
    let mut tasks = JoinSet::new();
    for _ in 0..viewers {
        tasks.spawn(viewer(url.clone(), devices, shared.clone()));
    }
    for id in 0..devices {
        tasks.spawn(device(url.clone(), id, hz, shared.clone()));
        if id % 10 == 9 {
            sleep(Duration::from_millis(10)).await;
        }
    }
    all_there(&stack, devices).await?;
    let mut commanding = JoinSet::new();
    commanding.spawn(controller(url.clone(), devices, commands, shared.clone()));
    let breath = Duration::from_secs(seconds);
    sleep(breath).await;

    for number in 0..stack.edges() {
        let (restart, before) = (Instant::now(), shared.sent.load(Ordering::Relaxed));
        stack.restart_edge(number).await;
        let restarted = restart.elapsed();
        all_there(&stack, devices).await?;
        eprintln!(
            "edge {}: well again after {:.1} s, all devices there after {:.1} s; {} frames sent meanwhile",
            number + 1,
            restarted.as_secs_f64(),
            restart.elapsed().as_secs_f64(),
            shared.sent.load(Ordering::Relaxed) - before
        );
        sleep(breath).await;
    }
    shared.stop.store(true, Ordering::Relaxed);
    let answers = timeout(PATIENCE, commanding.join_next()).await?.context("the controller is there")??;
    // What was written to a device arrives within a moment.
    let missing = || {
        let arrived = lock(&shared.arrived);
        answers.success.iter().filter(|number| arrived.get(*number) != Some(&1)).count()
    };
    let waiting = Instant::now();
    while missing() > 0 && waiting.elapsed() < Duration::from_secs(2) {
        sleep(Duration::from_millis(20)).await;
    }
    let missing = missing();
    let false_failures = {
        let arrived = lock(&shared.arrived);
        answers.failed.iter().filter(|number| arrived.contains_key(number)).count()
    };
    tasks.shutdown().await;

    let back = lock(&shared.back_ms).clone();
    let slowest = Duration::from_millis(back.iter().copied().max().unwrap_or_default());
    let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (lost, reordered) = (get(&shared.lost), get(&shared.reordered));
    let mut table = String::from("| what | figure | target |\n| --- | --- | --- |\n");
    let mut row = |what: &str, figure: String, target: &str| {
        table.push_str(&format!("| {what} | {figure} | {target} |\n"));
    };
    row("frames sent", get(&shared.sent).to_string(), "");
    row(&format!("frames seen by {viewers} viewers"), get(&shared.seen).to_string(), "");
    row("lost of connections that stood", lost.to_string(), "0");
    row("out of order or twice", reordered.to_string(), "0");
    row("connections of devices that were sent away", back.len().to_string(), "");
    row("tries of devices to connect that failed", get(&shared.refused).to_string(), "");
    row("slowest device back, 5 s of them its own pause", format!("{:.2} s", slowest.as_secs_f64()), "7 s");
    row("viewers that came back", get(&shared.viewers_back).to_string(), "");
    row("commands answered success", answers.success.len().to_string(), "");
    row("of these, not arrived once", missing.to_string(), "0");
    row("commands answered failed", answers.failed.len().to_string(), "");
    row("of these, arrived", false_failures.to_string(), "0");
    row("commands whose connection ended first", answers.none.to_string(), "");
    std::io::stdout().write_all(table.as_bytes())?;
    Ok(lost == 0 && reordered == 0 && slowest < BACK_WITHIN && missing == 0 && false_failures == 0)
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    match runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(run(Arguments::parse()))) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
