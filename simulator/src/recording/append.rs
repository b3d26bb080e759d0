//! Going on with a recording that is there: behind its last whole block, after what a crash left of the next one is cut off.

use super::RecordingError;
use super::block::{Blocks, Found, HEAD_LEN, Head, MARKER};
use super::header::HEADER_LEN;
use super::reader::read_header;
use super::writer::{BlockLimits, Writer};
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

/// What can be made shorter.
pub trait Truncate {
    /// Cuts everything off behind `len` bytes.
    ///
    /// # Errors
    /// What the file says.
    fn truncate(&mut self, len: u64) -> io::Result<()>;
}

impl Truncate for File {
    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }
}

impl Truncate for Cursor<Vec<u8>> {
    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.get_mut().truncate(usize::try_from(len).unwrap_or(usize::MAX));
        Ok(())
    }
}

impl<W: Read + Write + Seek + Truncate> Writer<W> {
    /// Goes on with a recording, which is read and checked first. Returns how many bytes of a torn block were cut off its end, too.
    ///
    /// Times go on counting from when the recording began, which its header tells: the pause is part of it.
    ///
    /// # Errors
    /// When it is no recording that [`Reader::open`](super::Reader::open) takes, or is damaged with whole blocks behind the damage: to cut
    /// those off would destroy them.
    pub fn append(mut inner: W, limits: BlockLimits) -> Result<(Self, u64), RecordingError> {
        inner.seek(SeekFrom::Start(0))?;
        let header = read_header(&mut inner)?;
        let mut blocks = Blocks::new(inner, HEADER_LEN as u64);
        let whole = loop {
            match blocks.look()? {
                Found::Block(head) => blocks.accept(&head),
                Found::End => break true,
                Found::Cut | Found::Damage => break false,
            }
        };
        let (at_byte, last_us) = (blocks.at_byte(), blocks.last_us());
        let mut inner = blocks.into_inner();
        let len = inner.seek(SeekFrom::End(0))?;
        if !whole {
            inner.seek(SeekFrom::Start(at_byte + 1))?;
            if holds_a_head(&mut inner)? {
                return Err(RecordingError::Damaged { at_byte });
            }
            inner.truncate(at_byte)?;
        }
        inner.seek(SeekFrom::Start(at_byte))?;
        Ok((Self::resume(inner, header, limits, at_byte, last_us)?, len.saturating_sub(at_byte)))
    }
}

/// Whether the head of a block stands anywhere in the rest of a file. Compressed bytes look like one only by a chance of 2⁻⁶⁴.
fn holds_a_head(inner: &mut impl Read) -> io::Result<bool> {
    const CHUNK: u64 = 64 * 1024;
    let mut window = Vec::new();
    loop {
        let read = inner.by_ref().take(CHUNK).read_to_end(&mut window)?;
        let is_head = |bytes: &[u8]| {
            bytes.starts_with(&MARKER)
                && bytes.first_chunk::<HEAD_LEN>().is_some_and(|head| Head::decode(head).is_some())
        };
        if window.windows(HEAD_LEN).any(is_head) {
            return Ok(true);
        }
        if read == 0 {
            return Ok(false);
        }
        // A head may lie across two chunks.
        window.drain(..window.len().saturating_sub(HEAD_LEN - 1));
    }
}
