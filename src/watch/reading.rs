//! A frame in the units that people think in.

use grouploop_bridge::{DeviceId, Frame};
use std::fmt::Write as _;

/// What a frame says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reading {
    /// Who.
    pub(crate) id: DeviceId,
    /// `ax`, `ay`, `az` in g.
    pub(crate) acceleration_g: [f32; 3],
    /// `dNW`, `dNE`, `dSE`, `dSW` in dBm.
    pub(crate) rssi_dbm: [f32; 4],
    /// Whether it was tapped.
    pub(crate) tapped: bool,
}

impl Reading {
    /// Reads the digits after the id.
    pub(crate) fn of(frame: &Frame) -> Self {
        let mut bytes = [0u8; 8];
        let pairs = frame.line().get(4..20).unwrap_or_default().chunks_exact(2);
        for (byte, pair) in bytes.iter_mut().zip(pairs) {
            *byte = pair.iter().fold(0, |sum, digit| sum << 4 | char::from(*digit).to_digit(16).unwrap_or(0) as u8);
        }
        let [ax, ay, az, nw, ne, se, sw, _] = bytes;
        Self {
            id: frame.device(),
            acceleration_g: [ax, ay, az].map(|byte| scale(byte, -2.0, 2.0)),
            rssi_dbm: [nw, ne, se, sw].map(|byte| scale(byte, -100.0, -40.0)),
            tapped: frame.tapped(),
        }
    }

    /// One line, fields separated by tabs; decimals as fine as the wire's steps.
    pub(crate) fn write_line(&self, into: &mut String) {
        let [ax, ay, az] = self.acceleration_g;
        let [nw, ne, se, sw] = self.rssi_dbm;
        let tap = u8::from(self.tapped);
        let _ = writeln!(into, "{}\t{ax:.3}\t{ay:.3}\t{az:.3}\t{nw:.1}\t{ne:.1}\t{se:.1}\t{sw:.1}\t{tap}", self.id);
    }
}

/// 0 to 255 onto a range.
fn scale(byte: u8, low: f32, high: f32) -> f32 {
    low + f32::from(byte) * (high - low) / 255.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(digits: &str) -> Reading {
        Reading::of(&Frame::parse(digits.as_bytes()).unwrap())
    }

    #[test]
    fn the_scales_of_the_protocol() {
        let low = read("00000000000000000000");
        assert_eq!((low.acceleration_g, low.rssi_dbm, low.tapped), ([-2.0; 3], [-100.0; 4], false));
        let high = read("ffffffffffffffffffff");
        assert_eq!((high.acceleration_g, high.rssi_dbm, high.tapped), ([2.0; 3], [-40.0; 4], true));
        assert!(read("1a2b8080800000000000").acceleration_g.iter().all(|g| g.abs() < 0.01));
    }

    #[test]
    fn every_field_has_its_place() {
        let mut line = String::new();
        read("1A2B0080ff11335577FF").write_line(&mut line);
        assert_eq!(line, "1a2b\t-2.000\t0.008\t2.000\t-96.0\t-88.0\t-80.0\t-72.0\t1\n");
    }

    #[test]
    fn only_ff_is_a_tap() {
        assert!(!read("1a2b0080ff113355771f").tapped);
    }
}
