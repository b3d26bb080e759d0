//! A recording: every frame of a space with its time, in a file that is small, can be added to, and is readable after a crash up to its
//! last whole block. `docs/recording.md` is the format.
//!
//! ```text
//!  (time, frame) ──▶ Writer ──▶ header │ block │ block │ block ──▶ Reader ──▶ (time, frame)
//!                               54 B     head 40 B, payload: columns, zstd
//! ```
//!
//! All of it is synchronous, over [`std::io`]: whoever serves other tasks too calls it on a thread that may block. It selects nothing and
//! knows no speed; that is the player's part.

mod append;
mod block;
mod columns;
mod crc;
mod header;
mod reader;
mod skim;
#[cfg(test)]
mod tests;
mod writer;

pub use append::Truncate;
pub use header::Header;
pub use reader::{End, Reader};
pub use skim::Skimmed;
pub use writer::{BlockLimits, Writer};

use std::io;

/// Frames that one block holds at most.
pub const MAX_BLOCK_FRAMES: u32 = 65_536;

/// Why something is not read as a recording, or not added to.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file, or whatever stands for it, failed.
    #[error("the recording cannot be read or written: {0}")]
    Io(#[from] io::Error),
    /// The first bytes are not those of a recording.
    #[error("this is no recording: its first 8 bytes are not those that every recording starts with")]
    NotARecording,
    /// It ends before its header does.
    #[error("the recording ends inside its header, after {0} bytes, so it holds no frames: remove it and record anew")]
    ShortHeader(usize),
    /// It was written by a later program.
    #[error("the recording has version {0}, this program knows version {known}: use a newer one", known = header::VERSION)]
    Version(u8),
    /// The header's check does not fit it.
    #[error("the header of the recording is damaged: get the file again from where it came from")]
    DamagedHeader,
    /// A block in the middle is damaged, and whole ones follow it, which adding to the file would destroy.
    #[error(
        "the recording is damaged at byte {at_byte} and goes on behind that, so nothing is added to it: record to another file"
    )]
    Damaged {
        /// Where the first damaged block starts.
        at_byte: u64,
    },
}

/// The next `N` bytes of a slice, which then starts behind them.
fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*taken)
}
