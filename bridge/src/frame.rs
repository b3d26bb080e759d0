//! The sensor frame: 20 hex digits, four of them the device id. Pure: bytes in, values out.
//!
//! ```text
//! 1a2b 80 7f ff  40 3c 22 10  ff
//! id   ax ay az  NW NE SE SW  tap
//! ```

use std::fmt;
use std::str::FromStr;

/// Digits of a frame.
pub const FRAME_LEN: usize = 20;
/// Bytes of a frame as a line: its digits and a newline.
pub const LINE_LEN: usize = FRAME_LEN + 1;

/// Lower-case hex digit for each byte that is one, 0 for every other byte.
#[expect(
    clippy::indexing_slicing,
    reason = "evaluated at compile time, where an index that is out is an error of the build"
)]
const LOWER: [u8; 256] = {
    let mut table = [0u8; 256];
    let mut byte = 0usize;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "byte < 256")]
        let digit = byte as u8;
        if digit.is_ascii_digit() || (digit >= b'a' && digit <= b'f') {
            table[byte] = digit;
        } else if digit >= b'A' && digit <= b'F' {
            table[byte] = digit + 32;
        }
        byte += 1;
    }
    table
};

/// The lower-case form of a hex digit, or `None` for another byte.
#[inline]
fn lower(byte: u8) -> Option<u8> {
    match LOWER.get(usize::from(byte)) {
        Some(0) | None => None,
        Some(digit) => Some(*digit),
    }
}

/// The two digits of each byte, high one first.
#[expect(
    clippy::indexing_slicing,
    reason = "evaluated at compile time, where an index that is out is an error of the build"
)]
const DIGITS: [[u8; 2]; 256] = {
    let mut table = [[0u8; 2]; 256];
    let mut byte = 0usize;
    while byte < 256 {
        table[byte] = [b"0123456789abcdef"[byte >> 4], b"0123456789abcdef"[byte & 15]];
        byte += 1;
    }
    table
};

#[inline]
fn digits(byte: u8) -> [u8; 2] {
    DIGITS.get(usize::from(byte)).copied().unwrap_or_default()
}

#[inline]
fn nibble(digit: u8) -> u8 {
    if digit <= b'9' { digit.wrapping_sub(b'0') } else { digit.wrapping_sub(b'a' - 10) }
}

/// A device id: the last two bytes of a MAC address, four hex digits on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub u16);

impl DeviceId {
    /// Reads exactly four hex digits of either case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let [a, b, c, d]: [u8; 4] = text.as_bytes().try_into().ok()?;
        Some(Self::from_digits([lower(a)?, lower(b)?, lower(c)?, lower(d)?]))
    }

    #[inline]
    fn from_digits(digits: [u8; 4]) -> Self {
        let [a, b, c, d] = digits.map(|digit| u16::from(nibble(digit)));
        Self(a << 12 | b << 8 | c << 4 | d)
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}", self.0)
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is no device id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no device id, it must be 4 hex digits such as 1a2b")]
pub struct DeviceIdError(String);

impl FromStr for DeviceId {
    type Err = DeviceIdError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).ok_or_else(|| DeviceIdError(text.chars().take(32).collect()))
    }
}

impl serde::Serialize for DeviceId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for DeviceId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// One sensor reading as it goes out: a line of 20 lower-case hex digits and a newline.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    line: [u8; LINE_LEN],
}

impl Frame {
    /// Reads exactly 20 hex digits of either case; the caller has trimmed the line.
    #[inline]
    #[must_use]
    pub fn parse(digits: &[u8]) -> Option<Self> {
        let digits: &[u8; FRAME_LEN] = digits.try_into().ok()?;
        let mut line = [b'\n'; LINE_LEN];
        let mut valid = true;
        for (to, from) in line.iter_mut().zip(digits) {
            // Without an early exit the loop unrolls; nearly all that arrives here is valid.
            *to = LOWER.get(usize::from(*from)).copied().unwrap_or(0);
            valid &= *to != 0;
        }
        valid.then_some(Self { line })
    }

    /// Reads a line that is a frame already as it goes out (lower case, newline), as telemetry between nodes is.
    #[inline]
    #[must_use]
    pub fn from_line(line: &[u8; LINE_LEN]) -> Option<Self> {
        let frame = Self::parse(line.first_chunk::<FRAME_LEN>()?)?;
        (frame.line == *line).then_some(frame)
    }

    /// Writes a frame from its fields, each as it is on the wire: `ax ay az`, and the beacons `NW NE SE SW`.
    #[inline]
    #[must_use]
    pub fn encode(device: DeviceId, acceleration: [u8; 3], beacons: [u8; 4], tapped: bool) -> Self {
        let [high, low] = device.0.to_be_bytes();
        let [x, y, z] = acceleration;
        let [nw, ne, se, sw] = beacons;
        let tap = if tapped { 0xff } else { 0x00 };
        let mut line = [b'\n'; LINE_LEN];
        let fields = [high, low, x, y, z, nw, ne, se, sw, tap];
        for (to, byte) in line.as_chunks_mut::<2>().0.iter_mut().zip(fields) {
            *to = digits(byte);
        }
        Self { line }
    }

    /// The device that sent it.
    #[inline]
    #[must_use]
    pub fn device(&self) -> DeviceId {
        let [a, b, c, d, ..] = self.line;
        DeviceId::from_digits([a, b, c, d])
    }

    /// Whether the `tap` field is `ff`.
    #[inline]
    #[must_use]
    pub fn tapped(&self) -> bool {
        matches!(self.line, [.., b'f', b'f', b'\n'])
    }

    /// The same frame with the `tap` field set to `ff`.
    #[must_use]
    pub fn with_tap(mut self) -> Self {
        let [.., high, low, _] = &mut self.line;
        *high = b'f';
        *low = b'f';
        self
    }

    /// The line as subscribers receive it: 20 lower-case digits and a newline.
    #[inline]
    #[must_use]
    pub fn line(&self) -> &[u8; LINE_LEN] {
        &self.line
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({})", String::from_utf8_lossy(&self.line).trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_lower_cased_and_names_its_device() {
        let frame = Frame::parse(b"1A2B8080ff00112233Ff").unwrap();
        assert_eq!(frame.line(), b"1a2b8080ff00112233ff\n");
        assert_eq!(frame.device(), DeviceId(0x1a2b));
        assert!(frame.tapped());
    }

    #[test]
    fn a_line_between_nodes_must_be_canonical() {
        assert!(Frame::from_line(b"1a2b8080ff0011223300\n").is_some());
        assert!(Frame::from_line(b"1A2b8080ff0011223300\n").is_none());
        assert!(Frame::from_line(b"1a2b8080ff0011223300\r").is_none());
    }

    #[test]
    fn a_tap_can_be_kept() {
        let frame = Frame::parse(b"1a2b8080ff0011223300").unwrap();
        assert!(!frame.tapped());
        assert_eq!(frame.with_tap().line(), b"1a2b8080ff00112233ff\n");
    }

    #[test]
    fn a_frame_is_written_from_its_fields() {
        let frame = Frame::encode(DeviceId(0x1a2b), [0x80, 0x7f, 0xff], [0x40, 0x3c, 0x22, 0x00], true);
        assert_eq!(frame.line(), b"1a2b807fff403c2200ff\n");
        assert!(frame.tapped());
        assert_eq!(Frame::encode(DeviceId(0x000f), [0; 3], [0; 4], false).line(), b"000f0000000000000000\n");
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        use rand::{RngExt, SeedableRng};
        let mut rng = rand::rngs::StdRng::seed_from_u64(5);
        for _ in 0..20_000 {
            let (device, tapped) = (DeviceId(rng.random()), rng.random());
            let frame = Frame::encode(device, rng.random(), rng.random(), tapped);
            assert_eq!(Frame::from_line(frame.line()), Some(frame));
            assert_eq!((frame.device(), frame.tapped()), (device, tapped));
        }
    }

    #[test]
    fn every_vector_that_is_a_frame_can_be_written() {
        let vectors: serde_json::Value = serde_json::from_str(include_str!("../vectors.json")).unwrap();
        let mut written = 0;
        for line in vectors["frames"].as_array().unwrap().iter().filter_map(|vector| vector["line"].as_str()) {
            let byte = |at: usize| u8::from_str_radix(&line[at..at + 2], 16).unwrap();
            if !matches!(byte(18), 0x00 | 0xff) {
                continue;
            }
            let device = DeviceId::parse(&line[..4]).unwrap();
            let beacons = [byte(10), byte(12), byte(14), byte(16)];
            let frame = Frame::encode(device, [byte(4), byte(6), byte(8)], beacons, byte(18) == 0xff);
            assert_eq!(frame.line()[..FRAME_LEN], *line.as_bytes());
            written += 1;
        }
        assert!(written >= 3, "too few to be true");
    }

    #[test]
    fn every_byte_is_a_digit_or_is_refused() {
        for byte in 0..=255u8 {
            let mut digits = *b"1a2b8080ff0011223300";
            digits[7] = byte;
            assert_eq!(Frame::parse(&digits).is_some(), byte.is_ascii_hexdigit(), "byte {byte}");
        }
    }

    #[test]
    fn random_damage_never_panics_and_only_hex_passes() {
        use rand::{RngExt, SeedableRng};
        let mut rng = rand::rngs::StdRng::seed_from_u64(7);
        for _ in 0..20_000 {
            let mut bytes = *b"1a2b8080ff0011223300";
            for _ in 0..rng.random_range(0..4) {
                bytes[rng.random_range(0..20)] = rng.random();
            }
            let cut = rng.random_range(0..=20);
            let given = &bytes[..cut];
            let expected = cut == 20 && given.iter().all(u8::is_ascii_hexdigit);
            assert_eq!(Frame::parse(given).is_some(), expected);
        }
    }
}
