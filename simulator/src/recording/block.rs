//! Blocks as they stand in the file: a head with its own check, then the compressed payload with another. Nothing is believed before its
//! check fits, and nothing is allocated by what a head claims beyond [`MAX_PLAIN_BYTES`] and [`MAX_STORED_BYTES`].

use super::columns::plain_len;
use super::crc::crc32;
use super::{MAX_BLOCK_FRAMES, take};
use std::io::{self, Read};

/// What every block starts with.
pub(super) const MARKER: [u8; 4] = *b"GLRB";
/// Bytes of a block's head.
pub(super) const HEAD_LEN: usize = 40;
/// Bytes of the largest payload: full of frames, with the longest times.
pub(super) const MAX_PLAIN_BYTES: usize = *plain_len(MAX_BLOCK_FRAMES as usize).end();
/// Bytes of the largest compressed payload: zstd adds at most one in 256 to what it cannot make smaller.
pub(super) const MAX_STORED_BYTES: usize = MAX_PLAIN_BYTES + MAX_PLAIN_BYTES / 128;

/// What a head says of its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// Frames in it, 1 to [`MAX_BLOCK_FRAMES`].
    pub(super) frames: u32,
    /// Bytes of the payload in the file.
    pub(super) stored_len: u32,
    /// Bytes of the payload, uncompressed.
    pub(super) plain_len: u32,
    /// The check over the payload in the file.
    pub(super) stored_crc: u32,
    /// Times of the first and the last frame.
    pub(super) first_us: u64,
    pub(super) last_us: u64,
}

impl Head {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_LEN);
        bytes.extend_from_slice(&MARKER);
        for number in [self.frames, self.stored_len, self.plain_len, self.stored_crc] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        for time in [self.first_us, self.last_us] {
            bytes.extend_from_slice(&time.to_le_bytes());
        }
        bytes.extend_from_slice(&crc32(&bytes).to_le_bytes());
        bytes
    }

    /// Reads a head; `None` when it is damaged, or claims what no block can hold.
    pub(super) fn decode(bytes: &[u8; HEAD_LEN]) -> Option<Self> {
        let mut rest = &bytes[..];
        let marker: [u8; 4] = take(&mut rest)?;
        let mut number = || take(&mut rest).map(u32::from_le_bytes);
        let (frames, stored_len, plain_len, stored_crc) = (number()?, number()?, number()?, number()?);
        let mut time = || take(&mut rest).map(u64::from_le_bytes);
        let (first_us, last_us) = (time()?, time()?);
        let check = take(&mut rest).map(u32::from_le_bytes)?;
        let head = Self { frames, stored_len, plain_len, stored_crc, first_us, last_us };
        let whole = marker == MARKER && bytes.get(..HEAD_LEN - 4).is_some_and(|checked| crc32(checked) == check);
        (whole && head.is_possible()).then_some(head)
    }

    fn is_possible(&self) -> bool {
        (1..=MAX_BLOCK_FRAMES).contains(&self.frames)
            && plain_len(self.frames as usize).contains(&(self.plain_len as usize))
            && (1..=MAX_STORED_BYTES).contains(&(self.stored_len as usize))
            && self.first_us <= self.last_us
    }
}

/// What stands at a place in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A block whose checks fit; its payload is in [`Blocks::stored`].
    Block(Head),
    /// Nothing: the file ends here.
    End,
    /// The beginning of a block, and then the file ends.
    Cut,
    /// Something that is no block.
    Damage,
}

/// The blocks of a file one after the other, checked but not yet uncompressed.
#[derive(Debug)]
pub(super) struct Blocks<R> {
    inner: R,
    stored: Vec<u8>,
    /// Where the next block starts.
    at_byte: u64,
    /// The time of the last frame of the block before; times never go back.
    last_us: u64,
}

impl<R: Read> Blocks<R> {
    /// Reads from behind the header, which ends at `at_byte`.
    pub(super) fn new(inner: R, at_byte: u64) -> Self {
        Self { inner, stored: Vec::new(), at_byte, last_us: 0 }
    }

    pub(super) fn at_byte(&self) -> u64 {
        self.at_byte
    }

    pub(super) fn last_us(&self) -> u64 {
        self.last_us
    }

    pub(super) fn stored(&self) -> &[u8] {
        &self.stored
    }

    pub(super) fn into_inner(self) -> R {
        self.inner
    }

    /// Looks at the next block. Behind anything that is no block there is nothing to look for.
    ///
    /// # Errors
    /// What the reader says.
    pub(super) fn look(&mut self) -> io::Result<Found> {
        self.read(HEAD_LEN)?;
        let Some(head) = self.stored.first_chunk::<HEAD_LEN>() else {
            // What is there of the marker tells a block that was cut from other bytes at the end.
            let alike = self.stored.iter().zip(MARKER).all(|(found, expected)| *found == expected);
            return Ok(if self.stored.is_empty() {
                Found::End
            } else if alike {
                Found::Cut
            } else {
                Found::Damage
            });
        };
        let Some(head) = Head::decode(head).filter(|head| head.first_us >= self.last_us) else {
            return Ok(Found::Damage);
        };
        let stored_len = head.stored_len as usize;
        self.read(stored_len)?;
        if self.stored.len() < stored_len {
            return Ok(Found::Cut);
        }
        if crc32(&self.stored) != head.stored_crc {
            return Ok(Found::Damage);
        }
        Ok(Found::Block(head))
    }

    /// Goes on behind the block that was looked at.
    pub(super) fn accept(&mut self, head: &Head) {
        self.at_byte += HEAD_LEN as u64 + u64::from(head.stored_len);
        self.last_us = head.last_us;
    }

    /// Reads so many bytes, or fewer when the file ends; the buffer grows with what comes, not with what was claimed.
    fn read(&mut self, len: usize) -> io::Result<()> {
        self.stored.clear();
        self.inner.by_ref().take(len as u64).read_to_end(&mut self.stored)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Head = Head { frames: 10, stored_len: 50, plain_len: 120, stored_crc: 7, first_us: 5, last_us: 9 };

    fn decoded(head: Head) -> Option<Head> {
        Head::decode(head.encode().first_chunk().unwrap())
    }

    #[test]
    fn a_head_comes_back_and_has_the_length_that_it_claims() {
        assert_eq!(GOOD.encode().len(), HEAD_LEN);
        assert_eq!(decoded(GOOD), Some(GOOD));
    }

    #[test]
    fn a_head_that_claims_what_no_block_can_hold_is_refused() {
        for bad in [
            Head { frames: 0, plain_len: 0, ..GOOD },
            Head { frames: MAX_BLOCK_FRAMES + 1, plain_len: (MAX_BLOCK_FRAMES + 1) * 12, ..GOOD },
            Head { frames: u32::MAX, plain_len: u32::MAX, ..GOOD },
            Head { plain_len: 115, ..GOOD },
            Head { plain_len: 225, ..GOOD },
            Head { stored_len: 0, ..GOOD },
            Head { stored_len: u32::MAX, ..GOOD },
            Head { first_us: 10, ..GOOD },
        ] {
            assert_eq!(decoded(bad), None, "{bad:?}");
        }
        let largest = Head {
            frames: MAX_BLOCK_FRAMES,
            plain_len: u32::try_from(MAX_PLAIN_BYTES).unwrap(),
            stored_len: u32::try_from(MAX_STORED_BYTES).unwrap(),
            ..GOOD
        };
        assert_eq!(decoded(largest), Some(largest));
    }

    #[test]
    fn each_damaged_bit_of_a_head_is_noticed() {
        let good = GOOD.encode();
        for bit in 0..HEAD_LEN * 8 {
            let mut bytes: [u8; HEAD_LEN] = good[..].try_into().unwrap();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Head::decode(&bytes), None, "bit {bit}");
        }
    }
}
