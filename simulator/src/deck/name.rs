//! What a recording is called: a name that is a file of the folder, and nothing else.

use super::DeckError;
use serde::{Serialize, Serializer};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What files of recordings end with.
const ENDING: &str = "glrec";
/// Letters of a name at most.
const MOST: usize = 64;
/// Files that are looked at: more are somebody else's.
const MAX_LISTED: usize = 10_000;

/// The name of a recording: 1 to 64 of a-z, A-Z, 0-9, `.`, `_` and `-`, the first of them no dot. So it leads nowhere but into the folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TapeName(String);

/// Why a text is no such name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name of a recording is 1 to {MOST} of a-z, A-Z, 0-9, `.`, `_` and `-`, and does not begin with a dot")]
pub(crate) struct TapeNameError;

impl TapeName {
    /// The name that a file of the folder has; `None` when it is none of ours.
    pub(super) fn of_file(file: &str) -> Option<Self> {
        file.strip_suffix(ENDING)?.strip_suffix('.')?.parse().ok()
    }

    /// Its file.
    pub(super) fn path(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.{ENDING}", self.0))
    }
}

/// The names of all recordings of a folder, which need not be there, in order.
pub(super) fn names(folder: &Path) -> Result<Vec<TapeName>, DeckError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(DeckError::Folder(error)),
    };
    let names = entries.filter_map(|entry| TapeName::of_file(entry.ok()?.file_name().to_str()?));
    let mut names: Vec<TapeName> = names.take(MAX_LISTED).collect();
    names.sort_unstable();
    Ok(names)
}

impl FromStr for TapeName {
    type Err = TapeNameError;

    fn from_str(text: &str) -> Result<Self, TapeNameError> {
        let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let fits = (1..=MOST).contains(&text.len()) && !text.starts_with('.') && text.bytes().all(is_fine);
        if fits { Ok(Self(text.to_owned())) } else { Err(TapeNameError) }
    }
}

impl fmt::Display for TapeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for TapeName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_but_into_the_folder() {
        for name in ["night", "main-1", "2025.06.15_stage", "A", &"x".repeat(MOST)] {
            let parsed: TapeName = name.parse().unwrap();
            let path = parsed.path(Path::new("/data"));
            assert_eq!(path.parent(), Some(Path::new("/data")));
            assert_eq!(TapeName::of_file(path.file_name().unwrap().to_str().unwrap()), Some(parsed));
        }
        for name in
            ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "a b", "a\0b", "ä", "a%2fb", "C:x", &"x".repeat(MOST + 1)]
        {
            assert_eq!(name.parse::<TapeName>(), Err(TapeNameError), "{name}");
        }
        for file in ["night", "night.txt", "glrec", ".glrec", "night.glrec.part", "nightglrec"] {
            assert_eq!(TapeName::of_file(file), None, "{file}");
        }
    }
}
