//! A recording that arrives from far away: a copy in a file, refused as soon as it is seen to be none.

use super::TapeError;
use super::spool::NewFile;
use crate::recording::{Reader, RecordingError};
use std::path::PathBuf;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

/// No recording is larger: three months of 100 devices at 20 Hz (`docs/recording.md` tells the bytes of a frame).
pub(super) const MAX_COPY_BYTES: u64 = 64 << 30;
/// Bytes of the header (`docs/recording.md`).
const HEADER_BYTES: usize = 54;

/// The copy, as far as it has come.
#[derive(Debug)]
pub(super) struct Copy {
    place: String,
    path: PathBuf,
    file: File,
    /// The first bytes, until they are known to be those of a recording.
    head: Option<Vec<u8>>,
    bytes: u64,
    max_bytes: u64,
}

impl Copy {
    /// For what comes from `place`, and nothing larger.
    pub(super) fn new(place: String, new: NewFile, max_bytes: u64) -> Self {
        let NewFile { path, file } = new;
        Self { place, path, file: file.into(), head: Some(Vec::new()), bytes: 0, max_bytes }
    }

    /// Hears how large it will be, before it comes.
    ///
    /// # Errors
    /// When that is too much.
    pub(super) fn announced(&self, bytes: Option<u64>) -> Result<(), TapeError> {
        if bytes.is_some_and(|bytes| bytes > self.max_bytes) { Err(self.too_large()) } else { Ok(()) }
    }

    /// Takes what has come.
    ///
    /// # Errors
    /// When it is no recording, or too large, or the disk does not take it.
    pub(super) async fn write(&mut self, piece: &[u8]) -> Result<(), TapeError> {
        self.bytes += piece.len() as u64;
        self.announced(Some(self.bytes))?;
        if let Some(head) = &mut self.head {
            let missing = HEADER_BYTES.saturating_sub(head.len());
            head.extend(piece.iter().take(missing));
            match Reader::open(&head[..]) {
                Ok(_) => self.head = None,
                Err(RecordingError::ShortHeader(_)) => {}
                Err(why) => return Err(TapeError::Recording { place: self.place.clone(), why }),
            }
        }
        let failed = |why| TapeError::File { path: self.path.clone(), why };
        self.file.write_all(piece).await.map_err(failed)
    }

    /// The file, with all of it.
    ///
    /// # Errors
    /// When the disk did not take it.
    pub(super) async fn finish(mut self) -> Result<std::fs::File, TapeError> {
        let failed = |why| TapeError::File { path: self.path.clone(), why };
        self.file.flush().await.map_err(failed)?;
        Ok(self.file.into_std().await)
    }

    fn too_large(&self) -> TapeError {
        TapeError::TooLarge { place: self.place.clone(), most_bytes: self.max_bytes }
    }
}
