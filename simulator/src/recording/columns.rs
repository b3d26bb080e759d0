//! The frames of one block, before they are compressed: columns of bytes, each value as its difference to the one that the same device had
//! before, each device as its distance to the one behind the device before it. Most of that is near zero, of which zstd makes half of
//! what it makes of frames one after the other. Pure.
//!
//! ```text
//!  number d of devices, u32 │ d ids │ distance high × n │ low × n │ ax × n │ ay × n │ … │ tap × n │ n varints: µs since the frame before
//! ```

use super::take;
use grouploop_bridge::{FRAME_LEN, Frame};
use std::ops::RangeInclusive;

/// Bytes of a frame: its digits by twos.
const FRAME_BYTES: usize = FRAME_LEN / 2;
/// Bytes of a frame behind its device id.
const VALUES: usize = FRAME_BYTES - 2;
/// Longest varint of 64 bits.
const MAX_VARINT: usize = 10;
/// What is said of a device before its first frame.
const NOTHING: [u8; VALUES] = [0; VALUES];

/// How many bytes so many frames can be: of one device with short times, or each of another with the longest.
pub(super) const fn plain_len(frames: usize) -> RangeInclusive<usize> {
    4 + 2 + frames * (FRAME_BYTES + 1)..=4 + frames * (2 + FRAME_BYTES + MAX_VARINT)
}

/// A device of a block, with what it sent last.
#[derive(Debug, Clone, Copy)]
struct Device {
    id: [u8; 2],
    values: [u8; VALUES],
}

/// Frames on their way into a block.
#[derive(Debug)]
pub(super) struct Packer {
    /// In the order of their first frames.
    devices: Vec<Device>,
    /// For each id the place in `devices`, from 1; 0 when it is not there.
    places: Box<[u32]>,
    /// The place that would be no surprise next.
    expected: u16,
    columns: [Vec<u8>; FRAME_BYTES],
    times: Vec<u8>,
    count: u32,
}

impl Packer {
    pub(super) fn new() -> Self {
        Self {
            devices: Vec::new(),
            places: vec![0; 1 << 16].into_boxed_slice(),
            expected: 0,
            columns: Default::default(),
            times: Vec::new(),
            count: 0,
        }
    }

    /// Frames so far.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    pub(super) fn push(&mut self, delta_us: u64, frame: &Frame) {
        let [high, low, values @ ..] = to_bytes(frame);
        let Some(place) = self.places.get_mut(usize::from(u16::from_be_bytes([high, low]))) else { return };
        if *place == 0 {
            self.devices.push(Device { id: [high, low], values: NOTHING });
            *place = u32::try_from(self.devices.len()).unwrap_or(u32::MAX);
        }
        // At most 65,536 devices have an id, so the last place is 65,535.
        let place = u16::try_from(*place - 1).unwrap_or(u16::MAX);
        let Some(device) = self.devices.get_mut(usize::from(place)) else { return };
        let [far, near] = zigzag(place.wrapping_sub(self.expected)).to_be_bytes();
        self.expected = place.wrapping_add(1);
        let mut row = [far, near, 0, 0, 0, 0, 0, 0, 0, 0];
        for ((to, now), before) in row.iter_mut().skip(2).zip(values).zip(device.values) {
            *to = now.wrapping_sub(before);
        }
        device.values = values;
        for (column, byte) in self.columns.iter_mut().zip(row) {
            column.push(byte);
        }
        put_varint(&mut self.times, delta_us);
        self.count += 1;
    }

    /// Writes what was pushed behind `plain`, and starts anew.
    pub(super) fn seal(&mut self, plain: &mut Vec<u8>) {
        plain.extend_from_slice(&u32::try_from(self.devices.len()).unwrap_or(u32::MAX).to_le_bytes());
        for device in self.devices.drain(..) {
            plain.extend_from_slice(&device.id);
            if let Some(place) = self.places.get_mut(usize::from(u16::from_be_bytes(device.id))) {
                *place = 0;
            }
        }
        for column in self.columns.iter_mut().chain([&mut self.times]) {
            plain.append(column);
        }
        self.expected = 0;
        self.count = 0;
    }
}

/// Appends the `count` frames of a plain block, with their times, to `frames`. `None` when the bytes are not `count` frames that start at
/// `first_us` or later and end at `last_us`; what was appended then has no meaning.
pub(super) fn unpack(
    mut plain: &[u8],
    count: usize,
    (first_us, last_us): (u64, u64),
    frames: &mut Vec<(u64, Frame)>,
) -> Option<()> {
    let known = usize::try_from(u32::from_le_bytes(take(&mut plain)?)).ok().filter(|known| *known <= count)?;
    let (ids, plain) = plain.split_at_checked(known.checked_mul(2)?)?;
    let to_device = |id: &[u8]| Some(Device { id: id.try_into().ok()?, values: NOTHING });
    let mut devices: Vec<Device> = ids.chunks_exact(2).filter_map(to_device).collect();
    let (columns, mut times) = plain.split_at_checked(count.checked_mul(FRAME_BYTES)?)?;
    let mut columns = columns.chunks_exact(count);
    let [far, near, values @ ..]: [&[u8]; FRAME_BYTES] = std::array::from_fn(|_| columns.next().unwrap_or_default());
    let (mut at_us, mut expected) = (first_us, 0u16);
    for (row, (far, near)) in far.iter().zip(near).enumerate() {
        at_us = at_us.checked_add(take_varint(&mut times)?)?;
        let place = expected.wrapping_add(unzigzag(u16::from_be_bytes([*far, *near])));
        expected = place.wrapping_add(1);
        let device = devices.get_mut(usize::from(place))?;
        for (value, column) in device.values.iter_mut().zip(values) {
            *value = value.wrapping_add(*column.get(row)?);
        }
        frames.push((at_us, to_frame(*device)?));
    }
    (times.is_empty() && at_us == last_us).then_some(())
}

/// A distance in either direction as a number that is small when the distance is: 0, -1, 1, -2, 2 … are 0, 1, 2, 3, 4 …
fn zigzag(distance: u16) -> u16 {
    let sign = if distance >> 15 == 1 { u16::MAX } else { 0 };
    distance << 1 ^ sign
}

fn unzigzag(number: u16) -> u16 {
    let sign = if number & 1 == 1 { u16::MAX } else { 0 };
    number >> 1 ^ sign
}

fn to_bytes(frame: &Frame) -> [u8; FRAME_BYTES] {
    let value = |digit: u8| if digit <= b'9' { digit.wrapping_sub(b'0') } else { digit.wrapping_sub(b'a' - 10) };
    let mut bytes = [0; FRAME_BYTES];
    for (byte, digits) in bytes.iter_mut().zip(frame.line().chunks_exact(2)) {
        *byte = digits.iter().fold(0, |byte, digit| byte << 4 | value(*digit));
    }
    bytes
}

fn to_frame(Device { id, values }: Device) -> Option<Frame> {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble };
    let mut digits = [0; FRAME_LEN];
    for (to, byte) in digits.chunks_exact_mut(2).zip(id.into_iter().chain(values)) {
        if let [high, low] = to {
            *high = digit(byte >> 4);
            *low = digit(byte & 0xf);
        }
    }
    Frame::parse(&digits)
}

/// Seven bits a byte, the low ones first; the eighth says that more follow.
fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        let [low, ..] = value.to_le_bytes();
        bytes.push(low | 0x80);
        value >>= 7;
    }
    let [low, ..] = value.to_le_bytes();
    bytes.push(low);
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        // Bits beyond the 64th.
        if bits << shift >> shift != bits {
            return None;
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_come_back_and_never_run_over() {
        for value in [0, 1, 127, 128, 300, 16_383, 16_384, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            assert!(bytes.len() <= MAX_VARINT);
            let mut rest = &bytes[..];
            assert_eq!((take_varint(&mut rest), rest.len()), (Some(value), 0));
            assert_eq!(take_varint(&mut &bytes[..bytes.len() - 1]), None, "cut");
        }
        assert_eq!(take_varint(&mut &[0xff; 9][..]), None);
        assert_eq!(take_varint(&mut &[0xff; 20][..]), None);
        assert_eq!(take_varint(&mut &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2][..]), None, "65 bits");
    }

    #[test]
    fn distances_come_back_and_small_ones_stay_small() {
        for distance in 0..=u16::MAX {
            assert_eq!(unzigzag(zigzag(distance)), distance);
        }
        assert_eq!([0, u16::MAX, 1, u16::MAX - 1, 2].map(zigzag), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn every_byte_of_a_frame_and_every_id_comes_back() {
        let mut packer = Packer::new();
        let frames: Vec<(u64, Frame)> = (0..=u16::MAX)
            .map(|id| {
                let [high, low] = id.wrapping_mul(40_503).to_be_bytes();
                let digits: String = (1..9u8).map(|field| format!("{:02x}", low.wrapping_mul(field) ^ high)).collect();
                let digits = format!("{high:02x}{low:02x}{digits}");
                (u64::from(id) * 7 + 7, Frame::parse(digits.as_bytes()).unwrap())
            })
            .collect();
        // Twice, so that the second block tells what was left over from the first.
        for _ in 0..2 {
            for (_, frame) in &frames {
                packer.push(7, frame);
            }
            let mut plain = Vec::new();
            packer.seal(&mut plain);
            assert_eq!(plain.len(), 4 + frames.len() * 13);
            let mut back = Vec::new();
            unpack(&plain, frames.len(), (0, 7 << 16), &mut back).unwrap();
            assert!(back == frames);
        }
    }

    #[test]
    fn bytes_that_are_not_so_many_frames_are_refused() {
        let mut packer = Packer::new();
        for _ in 0..3 {
            packer.push(5, &Frame::parse(b"1a2b8080ff0011223300").unwrap());
        }
        let mut plain = Vec::new();
        packer.seal(&mut plain);
        let unpack = |plain: &[u8], count, first, last| unpack(plain, count, (first, last), &mut Vec::new());
        assert_eq!(unpack(&plain, 3, 0, 15), Some(()));
        assert_eq!(unpack(&plain, 2, 0, 15), None);
        assert_eq!(unpack(&plain, 4, 0, 15), None);
        assert_eq!(unpack(&plain, usize::MAX, 0, 15), None);
        assert_eq!(unpack(&plain, 3, 0, 16), None, "another end");
        assert_eq!(unpack(&plain, 3, u64::MAX - 10, 4), None, "the time runs over");
        assert_eq!(unpack(&[&plain[..], &[0]].concat(), 3, 0, 15), None, "a byte too many");
        assert_eq!(unpack(&plain[..plain.len() - 1], 3, 0, 15), None, "a byte too few");
        for (place, byte) in [(0, 0), (0, 2), (0, 4), (3, 0xff), (7, 4)] {
            let mut other = plain.clone();
            other[place] = byte;
            assert_eq!(unpack(&other, 3, 0, 15), None, "other numbers of devices, a device that is not there");
        }
    }
}
