//! What rides in a frame of the generator: 20 hex digits and a newline. To a server they are an ordinary sensor frame.
//!
//! ```text
//! 03E7 00002a 00005f5e10 \n
//! id   number microseconds since the bench started, when it was sent
//! ```

/// Digits and newline.
pub(crate) const LINE_BYTES: usize = 21;

/// The content of one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) device: u16,
    /// Counts the frames of this device from 0; 24 bits.
    pub(crate) number: u32,
    /// 40 bits.
    pub(crate) sent_us: u64,
}

impl Stamp {
    /// The id in upper case and the rest in lower case, as the stock firmware does.
    pub(crate) fn write(self, line: &mut [u8; LINE_BYTES]) {
        let value = (u64::from(self.number & 0xff_ffff) << 40) | (self.sent_us & 0xff_ffff_ffff);
        let (id, rest) = line.split_at_mut(4);
        for (digit, shift) in id.iter_mut().zip([12, 8, 4, 0]) {
            *digit = hex(u64::from(self.device) >> shift).to_ascii_uppercase();
        }
        for (place, digit) in rest.iter_mut().rev().enumerate() {
            *digit = if place == 0 { b'\n' } else { hex(value >> (4 * (place - 1))) };
        }
    }

    /// Reads a line of the right length; digits of either case. Whether the digits are digits is not checked: a damaged line shows as
    /// an unknown device or an impossible number.
    pub(crate) fn read(line: &[u8; LINE_BYTES]) -> Self {
        let digits = |range: std::ops::Range<usize>| {
            line.get(range).into_iter().flatten().fold(0_u64, |value, byte| (value << 4) | nibble(*byte))
        };
        Self { device: digits(0..4) as u16, number: digits(4..10) as u32, sent_us: digits(10..20) }
    }
}

fn hex(value: u64) -> u8 {
    let nibble = (value & 0xf) as u8;
    if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
}

/// Without a branch: letters have bit 6 set and count from 1.
fn nibble(digit: u8) -> u64 {
    u64::from((digit & 0xf) + 9 * ((digit >> 6) & 1)) & 0xf
}

/// How many frames a block of whole lines holds; calls `other` for each line that is none.
pub(crate) fn count_frames(block: &[u8], mut other: impl FnMut(&[u8])) -> u64 {
    let (lines, rest) = block.as_chunks::<LINE_BYTES>();
    if rest.is_empty() && lines.iter().all(|line| line.ends_with(b"\n")) {
        return lines.len() as u64;
    }
    let mut frames = 0;
    for line in block.split_inclusive(|byte| *byte == b'\n') {
        if line.len() == LINE_BYTES { frames += 1 } else { other(line) }
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for stamp in [
            Stamp { device: 0, number: 0, sent_us: 0 },
            Stamp { device: 0xabcd, number: 0xfe_dcba, sent_us: 0x12_3456_789a },
            Stamp { device: u16::MAX, number: 0xff_ffff, sent_us: 0xff_ffff_ffff },
        ] {
            let mut line = [0; LINE_BYTES];
            stamp.write(&mut line);
            assert_eq!(Stamp::read(&line), stamp);
            line.make_ascii_lowercase();
            assert_eq!(Stamp::read(&line), stamp);
        }
    }

    #[test]
    fn the_line_is_a_frame_of_the_protocol() {
        let mut line = [0; LINE_BYTES];
        Stamp { device: 0x3e7, number: 42, sent_us: 100_000_010 }.write(&mut line);
        assert_eq!(&line, b"03E700002a0005f5e10a\n");
    }

    #[test]
    fn lines_are_counted_with_and_without_strangers() {
        let frame = b"03e700002a0005f5e10a\n";
        let mut others = Vec::new();
        assert_eq!(count_frames(&frame.repeat(50), |line| others.push(line.to_vec())), 50);
        let mixed = [&frame.repeat(2)[..], b"pong\n", frame].concat();
        assert_eq!(count_frames(&mixed, |line| others.push(line.to_vec())), 3);
        assert_eq!(others, [b"pong\n".to_vec()]);
        assert_eq!(count_frames(b"", |_| {}), 0);
    }
}
