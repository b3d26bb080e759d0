//! Writes a recording, block by block. What is not in a whole block yet is lost in a crash: at most [`BlockLimits::span`] of it.

use super::block::{HEAD_LEN, Head};
use super::columns::Packer;
use super::crc::crc32;
use super::header::Header;
use super::{MAX_BLOCK_FRAMES, RecordingError};
use grouploop_bridge::Frame;
use std::io::{self, Write};
use std::time::Duration;
use zstd::bulk::Compressor;

/// What there is to find, the columns show already: levels above make files of noisy sensors larger rather than smaller.
const LEVEL: i32 = 1;

/// When a block is full. Larger ones compress better, smaller ones lose less in a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockLimits {
    /// Frames in a block, at most [`MAX_BLOCK_FRAMES`].
    pub frames: u32,
    /// Recorded time in a block.
    pub span: Duration,
}

impl Default for BlockLimits {
    fn default() -> Self {
        Self { frames: 32_768, span: Duration::from_secs(5) }
    }
}

/// Writes frames to a recording.
///
/// It looks at no clock. When frames stop coming, [`Writer::flush`] puts those that wait into the file. Dropped without
/// [`Writer::finish`], it loses what waits.
pub struct Writer<W> {
    inner: W,
    header: Header,
    limits: BlockLimits,
    packer: Packer,
    compressor: Compressor<'static>,
    /// The time of the first frame that waits, and of the last one of all.
    first_us: u64,
    last_us: u64,
    plain: Vec<u8>,
    out: Vec<u8>,
    frames: u64,
    bytes: u64,
    /// Set when a write failed: the file may end inside a block, and nothing behind that could be read.
    broken: bool,
}

impl<W: Write> Writer<W> {
    /// Starts a recording: writes its header.
    ///
    /// # Errors
    /// What the file says.
    pub fn create(mut inner: W, header: Header, limits: BlockLimits) -> Result<Self, RecordingError> {
        let bytes = header.encode();
        inner.write_all(&bytes)?;
        Self::resume(inner, header, limits, bytes.len() as u64, 0)
    }

    /// Goes on at the end of `bytes` bytes whose last frame has the time `last_us`.
    pub(super) fn resume(
        inner: W,
        header: Header,
        limits: BlockLimits,
        bytes: u64,
        last_us: u64,
    ) -> Result<Self, RecordingError> {
        Ok(Self {
            inner,
            header,
            limits: BlockLimits { frames: limits.frames.clamp(1, MAX_BLOCK_FRAMES), ..limits },
            packer: Packer::new(),
            compressor: Compressor::new(LEVEL)?,
            first_us: last_us,
            last_us,
            plain: Vec::new(),
            out: Vec::new(),
            frames: 0,
            bytes,
            broken: false,
        })
    }

    /// Adds a frame at a time since the recording began. Times never go back: one before that of the last frame counts as that.
    ///
    /// # Errors
    /// What the file says, when a block is full and written. After that every call fails.
    pub fn push(&mut self, at: Duration, frame: &Frame) -> Result<(), RecordingError> {
        self.check_whole()?;
        let at_us = u64::try_from(at.as_micros()).unwrap_or(u64::MAX).max(self.last_us);
        let span_us = u64::try_from(self.limits.span.as_micros()).unwrap_or(u64::MAX);
        if self.packer.count() > 0 && at_us - self.first_us >= span_us {
            self.flush()?;
        }
        if self.packer.count() == 0 {
            self.first_us = at_us;
            self.last_us = at_us;
        }
        self.packer.push(at_us - self.last_us, frame);
        self.last_us = at_us;
        self.frames += 1;
        if self.packer.count() >= self.limits.frames { self.flush() } else { Ok(()) }
    }

    /// Writes the frames that wait as a block, however few they are.
    ///
    /// # Errors
    /// What the file says. After that every call fails.
    pub fn flush(&mut self) -> Result<(), RecordingError> {
        self.check_whole()?;
        let frames = self.packer.count();
        if frames == 0 {
            return Ok(());
        }
        self.plain.clear();
        self.packer.seal(&mut self.plain);
        self.broken = true;
        self.write_block(frames)?;
        self.broken = false;
        Ok(())
    }

    fn check_whole(&self) -> io::Result<()> {
        if self.broken { Err(io::Error::other("an earlier write failed, and nothing can follow it")) } else { Ok(()) }
    }

    fn write_block(&mut self, frames: u32) -> io::Result<()> {
        self.out.clear();
        self.out.resize(zstd::zstd_safe::compress_bound(self.plain.len()), 0);
        let stored_len = self.compressor.compress_to_buffer(&self.plain, &mut self.out[..])?;
        self.out.truncate(stored_len);
        let too_long = |_| io::Error::other("a block is longer than its limits allow");
        let head = Head {
            frames,
            stored_len: u32::try_from(stored_len).map_err(too_long)?,
            plain_len: u32::try_from(self.plain.len()).map_err(too_long)?,
            stored_crc: crc32(&self.out),
            first_us: self.first_us,
            last_us: self.last_us,
        };
        self.inner.write_all(&head.encode())?;
        self.inner.write_all(&self.out)?;
        self.inner.flush()?;
        self.bytes += (HEAD_LEN + stored_len) as u64;
        Ok(())
    }

    /// Writes what waits and gives the file back.
    ///
    /// # Errors
    /// What the file says.
    pub fn finish(mut self) -> Result<W, RecordingError> {
        self.flush()?;
        Ok(self.inner)
    }
}

impl<W> Writer<W> {
    /// Whose frames these are, and when the recording began.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The time of the last frame, those from before an append included; zero when there is none.
    #[must_use]
    pub fn last(&self) -> Duration {
        Duration::from_micros(self.last_us)
    }

    /// Frames pushed since this writer began.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Bytes of the recording so far, without the frames that wait.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The file, for instance to have it synced to the disk.
    #[must_use]
    pub fn get_ref(&self) -> &W {
        &self.inner
    }

    /// The file, without the frames that wait: for one that failed.
    #[must_use]
    pub fn into_inner(self) -> W {
        self.inner
    }
}

impl<W> std::fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("header", &self.header).field("frames", &self.frames).finish_non_exhaustive()
    }
}
