//! What measuring costs: nanoseconds for each frame that is sent and for each that a viewer receives. Can one process send 100,000
//! frames a second and watch them as well?
//!
//! `cargo run --release -p grouploop-simulator --example ledger_speed`

use grouploop_bridge::{DeviceId, Frame, LINE_LEN, Space};
use grouploop_simulator::measure::Ledger;
use std::io::Write;
use std::time::{Duration, Instant};

const DEVICES: u16 = 50_000;
const ROUNDS: u64 = 70;
/// Frames in one message, as in a batch on the bus.
const MESSAGE_FRAMES: usize = 256;
/// What the ledger should be able to take, in frames a second.
const WANTED_PER_SECOND: f64 = 100_000.0;

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for viewers in [1, 4] {
        let swarms = [("all".to_owned(), Space::main())];
        let mut ledger = Ledger::new(swarms, vec![Space::main(); viewers]);
        let (mut sending, mut receiving) = (Duration::ZERO, Duration::ZERO);
        let mut lines = Vec::with_capacity(usize::from(DEVICES) * LINE_LEN);
        for round in 0..ROUNDS {
            lines.clear();
            for device in 0..DEVICES {
                let [.., a, b, c] = (u64::from(device) * 31 + round).to_be_bytes();
                let frame = Frame::encode(DeviceId(device), [a, b, c], [a, b, c, 0], false);
                lines.extend_from_slice(frame.line());
            }
            let start = Instant::now();
            for (device, line) in (0..DEVICES).zip(lines.as_chunks::<LINE_LEN>().0) {
                ledger.sent(0, u32::from(device), DeviceId(device), line, round * 50_000);
            }
            sending += start.elapsed();
            let start = Instant::now();
            for viewer in 0..viewers {
                for message in lines.chunks(MESSAGE_FRAMES * LINE_LEN) {
                    ledger.received(viewer, message, round * 50_000 + 1000);
                }
            }
            receiving += start.elapsed();
        }
        let delivered: u64 = ledger.classes().map(|class| class.delivered).sum();
        let sent = f64::from(DEVICES) * ROUNDS as f64;
        let (send_s, receive_s) = (sending.as_secs_f64() / sent, receiving.as_secs_f64() / delivered as f64);
        writeln!(
            out,
            "{viewers} viewers: {:.0} ns a frame sent, {:.0} ns a frame received, {:.1}% of a core at {WANTED_PER_SECOND} frames/s",
            send_s * 1e9,
            receive_s * 1e9,
            (send_s + receive_s * viewers as f64) * WANTED_PER_SECOND * 100.0,
        )?;
    }
    Ok(())
}
