//! How well does a replay keep the recorded spacing? Writes a recording of 100 devices at 20 Hz, plays it, and compares when frames reach a
//! subscriber with when they were recorded.
//!
//! ```sh
//! cargo run -p grouploop-simulator --example replay_spacing                          # on the bus of one process
//! cargo run -p grouploop-simulator --example replay_spacing nats://127.0.0.1:4222    # over a NATS server
//! ```
#![allow(clippy::print_stdout, reason = "an example tells its result")]

use futures_util::StreamExt;
use grouploop_bridge::{Bus, BusSettings, DeviceId, EngineKind, Frame, Hub, LINE_LEN, NodeId, Pattern, Space};
use grouploop_simulator::recording::{BlockLimits, Header, Writer};
use grouploop_simulator::tape::{Access, Player, PlayerOptions, Tape, TapePlace, Way};
use std::error::Error;
use std::fs::File;
use std::time::{Duration, Instant};

const DEVICES: u16 = 100;
const SECONDS: u64 = 10;
/// Every device at 20 Hz, each at its own moment: frames that are half a millisecond apart.
const PERIOD: Duration = Duration::from_millis(50);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::temp_dir().join(format!("replay-spacing-{}.glrec", std::process::id()));
    let due = write(&path)?;
    let place: TapePlace = path.to_string_lossy().parse()?;
    let tape = Tape::open(&place, &std::env::temp_dir(), &Access::default()).await?;
    std::fs::remove_file(&path)?;

    let (ears, mouth) = buses(std::env::args().nth(1)).await?;
    let mut telemetry = ears.subscribe(Pattern::Telemetry { space: Space::main() }).await?;
    let player = Player::connect(Way::Bus { bus: mouth, node: NodeId::random("replay") }, Space::main()).await?;
    let (mut heard, frames) = (Vec::with_capacity(due.len()), due.len());
    let hear = async {
        while heard.len() < frames {
            let Some(delivery) = telemetry.next().await else { break };
            let now = Instant::now();
            heard.extend(std::iter::repeat_n(now, delivery.payload.len() / LINE_LEN));
        }
    };
    let (played, ()) = tokio::join!(player.play(&tape, PlayerOptions::default(), std::future::pending()), hear);

    let pairs = || due.iter().zip(&heard);
    let spacings = pairs().zip(pairs().skip(1)).map(|((a_due, a), (b_due, b))| (*b - *a).abs_diff(*b_due - *a_due));
    let mut errors: Vec<Duration> = spacings.collect();
    errors.sort_unstable();
    let at = |share: f64| errors.get((errors.len() as f64 * share) as usize).copied().unwrap_or_default();
    let timing = played?.timing;
    println!("{} frames; the spacing of two frames that follow each other is off by", heard.len());
    println!("  at the subscriber  p50 {:?}, p99 {:?}, worst {:?}", at(0.5), at(0.99), errors.last());
    println!("  as they were sent  p99 {:?}, worst {:?}", timing.p99, timing.worst);
    Ok(())
}

/// Writes the recording; returns the times in it.
fn write(path: &std::path::Path) -> Result<Vec<Duration>, Box<dyn Error>> {
    let header = Header { space: Space::main(), start_unix_us: 0 };
    let mut writer = Writer::create(File::create(path)?, header, BlockLimits::default())?;
    let mut times = Vec::new();
    for tick in 0..SECONDS * 20 {
        for device in 0..DEVICES {
            let at = PERIOD * u32::try_from(tick)? + PERIOD / u32::from(DEVICES) * u32::from(device);
            writer.push(at, &Frame::encode(DeviceId(device), [0x80; 3], [0; 4], false))?;
            times.push(at);
        }
    }
    writer.finish()?;
    Ok(times)
}

/// Two nodes of one bus.
async fn buses(nats: Option<String>) -> Result<(Bus, Bus), Box<dyn Error>> {
    let Some(url) = nats else {
        let hub = Hub::new();
        return Ok((hub.attach(), hub.attach()));
    };
    let mut settings = BusSettings { engine: EngineKind::Nats, ..BusSettings::default() };
    settings.nats.url = url;
    Ok((Bus::start(&settings, &NodeId::random("ears")).await?, Bus::start(&settings, &NodeId::random("mouth")).await?))
}
