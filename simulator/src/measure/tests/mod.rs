//! Tests of the ledger by hand, against an oracle, and of the viewers.

mod edge;
mod ledger;
mod model;

use crate::link::LineBytes;
use grouploop_bridge::{DeviceId, FRAME_LEN, Frame, Space};

/// Two swarms in `main` and one in `stage`.
fn swarms() -> Vec<(String, Space)> {
    let stage: Space = "stage".parse().unwrap();
    vec![("a".to_owned(), Space::main()), ("b".to_owned(), Space::main()), ("c".to_owned(), stage)]
}

/// The frame of a device with this content.
fn line(device: u16, content: u64) -> LineBytes {
    let digits = format!("{:04x}{content:016x}", device);
    assert_eq!(digits.len(), FRAME_LEN);
    let frame = Frame::parse(digits.as_bytes()).unwrap();
    assert_eq!(frame.device(), DeviceId(device));
    *frame.line()
}
