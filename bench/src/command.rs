//! A device, a controller, and about 20 commands a second between them, each with its number as the parameter.

use crate::clock::Timeline;
use crate::histogram::Histogram;
use crate::inbox::Dialect;
use crate::peer::{Heard, Peer, Role};
use crate::stamp::{LINE_BYTES, Stamp};
use crate::wire;
use anyhow::{Result, anyhow, ensure};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// The commanded device: outside every swarm.
const DEVICE: u16 = 0xfffe;
/// Distance between two commands, in microseconds. Well over the spacing that an edge keeps for stock firmware.
const EVERY_US: u64 = 47_000;
/// Commands fall at all phases of a server's timers: each comes up to this much later than its turn.
const JITTER_US: u64 = 10_000;
/// A command that has not arrived this long after the last one was sent is lost.
const GRACE_US: u64 = 1_500_000;

/// What became of the commands of the measured window.
#[derive(Debug)]
pub(crate) struct Commanded {
    pub(crate) sent: u64,
    /// In microseconds from sending to the device.
    pub(crate) to_device: Histogram,
    /// In microseconds from sending to the answer.
    pub(crate) to_answer: Histogram,
    /// Answers other than `success`.
    pub(crate) failed: u64,
}

/// A registered device and a controller that has reached it once.
pub(crate) struct Pair {
    device: Peer,
    controller: Peer,
}

/// Send times by number of the command.
type Times = Arc<Vec<AtomicU64>>;

impl Pair {
    pub(crate) fn connect(device: SocketAddr, controller: SocketAddr) -> Result<Self> {
        let mut device = Peer::open(device, Dialect::WebSocket, Role::Device)?;
        let mut line = [0; LINE_BYTES];
        Stamp { device: DEVICE, number: 0, sent_us: 0 }.write(&mut line);
        device.say(std::str::from_utf8(&line)?)?;
        let mut controller = Peer::open(controller, Dialect::WebSocket, Role::Device)?;
        for _ in 0..50 {
            controller.say(&format!("cmd:{DEVICE:04x}:vibrate:1"))?;
            if controller.wait_for_any(&["cmd:result:failed", "cmd:result:success"])? == 1 {
                device.wait_for("vibrate:1")?;
                return Ok(Self { device, controller });
            }
            crate::clock::pause(Duration::from_millis(50));
        }
        Err(anyhow!("the device cannot be reached from the other edge"))
    }

    /// Sends commands along the timeline, on threads of its own.
    pub(crate) fn start(self, timeline: Timeline) -> Result<JoinHandle<Result<Commanded>>> {
        Ok(Builder::new().name("controller".into()).spawn(move || self.run(timeline))?)
    }

    fn run(self, timeline: Timeline) -> Result<Commanded> {
        let Self { device, controller } = self;
        let count = (timeline.end_us - timeline.start_us) / EVERY_US;
        let times: Times = Arc::new((0..count).map(|_| AtomicU64::new(0)).collect());
        for peer in [&device, &controller] {
            peer.stream.set_read_timeout(Some(Duration::from_millis(50)))?;
        }
        let writer = controller.stream.try_clone()?;
        let until_us = timeline.end_us + GRACE_US;
        let arriving = {
            let times = Arc::clone(&times);
            Builder::new().name("commanded".into()).spawn(move || {
                let number =
                    |line: &[u8]| std::str::from_utf8(line).ok()?.strip_prefix("vibrate:")?.parse::<u64>().ok();
                hear(device, timeline, until_us, &times, |line, _| Some((number(line)?.checked_sub(1)?, true)))
            })?
        };
        let answering = {
            let times = Arc::clone(&times);
            Builder::new().name("answers".into()).spawn(move || {
                hear(controller, timeline, until_us, &times, |line, answers| {
                    line.starts_with(b"cmd:").then(|| (answers, line == b"cmd:result:success"))
                })
            })?
        };
        send(writer, timeline, &times)?;
        let (to_device, _) = arriving.join().map_err(|_| anyhow!("the device's thread panicked"))?;
        let (to_answer, failed) = answering.join().map_err(|_| anyhow!("the controller's thread panicked"))?;
        let sent = times.iter().filter(|time| timeline.measures(time.load(Relaxed))).count() as u64;
        ensure!(sent > 0, "no command was sent in the measured window");
        Ok(Commanded { sent, to_device, to_answer, failed })
    }
}

fn send(mut writer: TcpStream, timeline: Timeline, times: &[AtomicU64]) -> Result<()> {
    for (number, time) in (0_u64..).zip(times) {
        let jitter_us = number * 7_919 % JITTER_US;
        timeline.clock.sleep_until(timeline.start_us + number * EVERY_US + jitter_us);
        let command = wire::text(&format!("cmd:{DEVICE:04x}:vibrate:{}", number + 1));
        time.store(timeline.clock.now_us(), Relaxed);
        writer.write_all(&command)?;
    }
    Ok(())
}

/// Listens until every command of `times` has shown up or `until_us`. `read` gives the index of the command that a line belongs to,
/// and whether it went well; its second argument counts the lines that did belong to one. Returns how long the commands of the window
/// took, and how many did not go well.
fn hear(
    mut peer: Peer,
    timeline: Timeline,
    until_us: u64,
    times: &[AtomicU64],
    read: impl Fn(&[u8], u64) -> Option<(u64, bool)>,
) -> (Histogram, u64) {
    let (mut took, mut bad, mut count) = (Histogram::new(), 0, 0);
    let mut buffer = vec![0; 16_384];
    while count < times.len() as u64 && timeline.clock.now_us() < until_us {
        let heard = peer.listen(&mut buffer, &mut |block| {
            let now_us = timeline.clock.now_us();
            for line in block.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
                let Some((index, good)) = read(line, count) else { continue };
                count += 1;
                bad += u64::from(!good);
                let sent_us =
                    usize::try_from(index).ok().and_then(|index| times.get(index)).map(|time| time.load(Relaxed));
                if let Some(sent_us) = sent_us.filter(|sent_us| good && timeline.measures(*sent_us)) {
                    took.record(now_us.saturating_sub(sent_us));
                }
            }
        });
        if heard == Heard::Closed {
            break;
        }
    }
    (took, bad)
}
