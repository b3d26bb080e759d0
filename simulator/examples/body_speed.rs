//! How many frames a second one core makes, by motion: bodies moved and lines written. Is the model cheap enough for a million
//! frames a second on two cores that also have to send them?
//!
//! `cargo run --release -p grouploop-simulator --example body_speed`, and ` -- --json` for one line of JSON, which the bench reads.

use bytes::BytesMut;
use grouploop_bridge::{DeviceId, LINE_LEN};
use grouploop_simulator::body::{Floor, Motion, MotionMix, World, WorldSettings};
use serde::Serialize;
use std::io::Write;
use std::time::{Duration, Instant};

const DT: Duration = Duration::from_millis(50);
/// The best of several: a machine that does other things as well only ever makes it slower.
const TRIES: u32 = 7;

/// One kind of motion, measured.
#[derive(Debug, Serialize)]
struct Case {
    motion: &'static str,
    devices: u16,
    frames_per_second: f64,
    /// Cores that these devices take at 20 frames a second each.
    cores_at_20_hz: f64,
    bytes_per_device: usize,
}

fn main() -> std::io::Result<()> {
    let json = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--json") => true,
        Some(other) => {
            return Err(std::io::Error::other(format!(
                "`{other}` is unknown: there is --json, or nothing for a table"
            )));
        }
    };
    let mixed = MotionMix { walk: 1.0, dance: 1.0, rest: 1.0, free: 1.0, ..MotionMix::NONE };
    let kinds = [
        ("walk", 50_000, 100.0, MotionMix::only(Motion::Walk)),
        ("dance", 50_000, 100.0, MotionMix::only(Motion::Dance)),
        ("rest", 50_000, 100.0, MotionMix::only(Motion::Rest)),
        ("free", 50_000, 100.0, MotionMix::only(Motion::Free)),
        ("mixed", 50_000, 100.0, mixed),
        ("flock, 70 m square", 5_000, 70.0, MotionMix::only(Motion::Flock)),
        ("flock, 10 m square", 5_000, 10.0, MotionMix::only(Motion::Flock)),
    ];
    let cases: Vec<Case> =
        kinds.into_iter().map(|(name, devices, side_m, motion)| measure(name, devices, side_m, motion)).collect();
    let mut out = std::io::stdout().lock();
    if json {
        return writeln!(out, "{}", serde_json::to_string(&cases)?);
    }
    writeln!(
        out,
        "{:20} {:>8} {:>14} {:>10} {:>16} {:>14}",
        "motion", "devices", "frames/s", "ns/frame", "core at 20 Hz", "bytes/device"
    )?;
    for case in cases {
        writeln!(
            out,
            "{:20} {:>8} {:>14.0} {:>10.1} {:>15.1}% {:>14}",
            case.motion,
            case.devices,
            case.frames_per_second,
            1e9 / case.frames_per_second,
            case.cores_at_20_hz * 100.0,
            case.bytes_per_device,
        )?;
    }
    Ok(())
}

fn measure(name: &'static str, devices: u16, side_m: f32, motion: MotionMix) -> Case {
    let floor = Floor { width_m: side_m, depth_m: side_m };
    let mut world = World::new(&WorldSettings { floor, motion, ..WorldSettings::default() });
    for id in 0..devices {
        world.add(DeviceId(id));
    }
    let (best, steps) = best_round(&mut world);
    let frames = f64::from(devices) * f64::from(steps);
    Case {
        motion: name,
        devices,
        frames_per_second: frames / best,
        cores_at_20_hz: best / f64::from(steps) * 20.0,
        bytes_per_device: world.heap_bytes() / usize::from(devices),
    }
}

/// Seconds of the best try, and steps in it.
fn best_round(world: &mut World) -> (f64, u32) {
    let steps = 40;
    let mut lines = BytesMut::with_capacity(world.len() * LINE_LEN);
    // Long enough for a flock to have gathered.
    for _ in 0..200 {
        world.step(DT);
    }
    let best = (0..TRIES)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..steps {
                world.step(DT);
                lines.clear();
                world.write_frames(0..world.len(), &mut lines);
                std::hint::black_box(&lines);
            }
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min);
    (best, steps)
}
