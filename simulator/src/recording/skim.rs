//! What the heads of a recording tell of it, without its frames: quick, however large it is.

use super::RecordingError;
use super::block::{HEAD_LEN, Head};
use super::header::{HEADER_LEN, Header};
use super::reader::{End, read_header};
use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

/// What is in a recording, as far as heads tell. Payloads are not checked: whoever plays it may hear of damage that this does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skimmed {
    /// Whose frames these are, and when the recording began.
    pub header: Header,
    /// Bytes of the file.
    pub bytes: u64,
    /// Frames in blocks that are there.
    pub frames: u64,
    /// When the first one arrived, from the recording's start on.
    pub first: Duration,
    /// When the last one did.
    pub last: Duration,
    /// How it ends.
    pub end: End,
}

impl Skimmed {
    /// How long it is, from its first frame to its last.
    #[must_use]
    pub fn span(&self) -> Duration {
        self.last.saturating_sub(self.first)
    }

    /// Reads the heads.
    ///
    /// # Errors
    /// When this is no recording, or cannot be read.
    pub fn read(mut inner: impl Read + Seek) -> Result<Self, RecordingError> {
        let bytes = inner.seek(SeekFrom::End(0))?;
        inner.seek(SeekFrom::Start(0))?;
        let header = read_header(&mut inner)?;
        let (mut frames, mut first_us, mut last_us) = (0, None, 0);
        let mut at_byte = HEADER_LEN as u64;
        let end = loop {
            if at_byte == bytes {
                break End::Clean;
            }
            let mut head = [0; HEAD_LEN];
            if bytes - at_byte < HEAD_LEN as u64 {
                break End::Cut { at_byte };
            }
            inner.read_exact(&mut head)?;
            let Some(head) = Head::decode(&head).filter(|head| head.first_us >= last_us) else {
                break End::Damaged { at_byte };
            };
            let next = at_byte + HEAD_LEN as u64 + u64::from(head.stored_len);
            if next > bytes {
                break End::Cut { at_byte };
            }
            at_byte = inner.seek(SeekFrom::Start(next))?;
            frames += u64::from(head.frames);
            first_us = first_us.or(Some(head.first_us));
            last_us = head.last_us;
        };
        let (first, last) = (Duration::from_micros(first_us.unwrap_or(0)), Duration::from_micros(last_us));
        Ok(Self { header, bytes, frames, first, last, end })
    }
}
