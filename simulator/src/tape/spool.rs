//! Files that are there for a while: what goes to a URL, and what came from one.

use super::TapeError;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// A file in a folder for temporary ones.
#[derive(Debug)]
pub(super) struct NewFile {
    pub(super) path: PathBuf,
    pub(super) file: File,
}

impl NewFile {
    /// Creates one that was not there before: where everybody may write, a name that can be guessed is a trap.
    pub(super) fn create(folder: &Path, name: &str) -> Result<Self, TapeError> {
        /// Names that are tried; each is free unless it was left by another process of the same id.
        const TRIES: u32 = 1000;
        let fits = |sign: &char| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '_' | '-');
        let name: String = name.chars().filter(fits).take(64).collect();
        let process = std::process::id();
        let mut number = 0;
        loop {
            let path = folder.join(format!("grouploop-{process}-{number}-{name}"));
            match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Self { path, file }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < TRIES => number += 1,
                Err(why) => return Err(TapeError::File { path, why }),
            }
        }
    }
}
