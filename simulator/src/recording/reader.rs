//! Reads a recording from beginning to end, from anything that can be read; nothing is sought.

use super::RecordingError;
use super::block::{Blocks, Found, Head};
use super::columns;
use super::header::{HEADER_LEN, Header};
use grouploop_bridge::Frame;
use std::io::{self, Read};
use std::time::Duration;
use zstd::bulk::Decompressor;

/// How a recording ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Behind a whole block, as it should.
    Clean,
    /// Inside a block, as after a crash: what came before is whole.
    Cut {
        /// Where that block starts.
        at_byte: u64,
    },
    /// The next block is there and damaged: what came before is whole, what comes behind is not looked at.
    Damaged {
        /// Where that block starts.
        at_byte: u64,
    },
}

/// The frames of a recording, each with its time since the recording began, in the order in which they were written.
///
/// It ends at the first block that is not whole; [`Reader::end`] then tells how. Each frame that it gives is from a block that was whole.
pub struct Reader<R> {
    header: Header,
    blocks: Blocks<R>,
    decompressor: Decompressor<'static>,
    plain: Vec<u8>,
    frames: Vec<(u64, Frame)>,
    next: usize,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Reading,
    Ended(End),
    Failed,
}

impl<R: Read> Reader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// When this is no recording, or one of a later version, or its header is damaged or cut.
    pub fn open(mut inner: R) -> Result<Self, RecordingError> {
        let header = read_header(&mut inner)?;
        Ok(Self {
            header,
            blocks: Blocks::new(inner, HEADER_LEN as u64),
            decompressor: Decompressor::new()?,
            plain: Vec::new(),
            frames: Vec::new(),
            next: 0,
            state: State::Reading,
        })
    }

    /// Takes the next block in; `false` when there is none.
    fn next_block(&mut self) -> io::Result<bool> {
        let at_byte = self.blocks.at_byte();
        self.frames.clear();
        self.next = 0;
        let end = match self.blocks.look()? {
            Found::Block(head) if self.unpack(&head).is_some() => {
                self.blocks.accept(&head);
                return Ok(true);
            }
            Found::Block(_) | Found::Damage => End::Damaged { at_byte },
            Found::Cut => End::Cut { at_byte },
            Found::End => End::Clean,
        };
        self.frames.clear();
        self.state = State::Ended(end);
        Ok(false)
    }

    /// Uncompresses the block that was looked at. `None` when it is not what its head says.
    fn unpack(&mut self, head: &Head) -> Option<()> {
        let plain_len = head.plain_len as usize;
        self.plain.clear();
        // The head's length was checked; zstd writes no further than the buffer goes.
        self.plain.resize(plain_len, 0);
        let found = self.decompressor.decompress_to_buffer(self.blocks.stored(), &mut self.plain[..]).ok()?;
        if found != plain_len {
            return None;
        }
        columns::unpack(&self.plain, head.frames as usize, (head.first_us, head.last_us), &mut self.frames)
    }
}

impl<R> Reader<R> {
    /// Whose frames these are, and when the recording began.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How the recording ended, once the last frame was read; `None` before, and when reading failed.
    #[must_use]
    pub fn end(&self) -> Option<End> {
        match self.state {
            State::Ended(end) => Some(end),
            State::Reading | State::Failed => None,
        }
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = io::Result<(Duration, Frame)>;

    fn next(&mut self) -> Option<Self::Item> {
        while matches!(self.state, State::Reading) {
            if let Some((at_us, frame)) = self.frames.get(self.next) {
                self.next += 1;
                return Some(Ok((Duration::from_micros(*at_us), *frame)));
            }
            if let Err(error) = self.next_block() {
                self.state = State::Failed;
                return Some(Err(error));
            }
        }
        None
    }
}

impl<R> std::fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("header", &self.header).field("state", &self.state).finish_non_exhaustive()
    }
}

/// Reads the header, and not one byte more.
pub(super) fn read_header(inner: &mut impl Read) -> Result<Header, RecordingError> {
    let mut bytes = Vec::with_capacity(HEADER_LEN);
    inner.take(HEADER_LEN as u64).read_to_end(&mut bytes)?;
    Header::decode(&bytes)
}
