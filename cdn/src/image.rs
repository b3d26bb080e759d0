//! Firmware images as the chip's loader reads them, and the boards that they are for. Pure: bytes in, findings out.
//!
//! ```text
//!  header, 24 bytes           0xe9, number of segments at 1, chip at 12 (u16), at 23 whether a SHA-256 follows
//!  segments, 1 to 16          load address (u32), length (u32, of 4), data
//!  padding                    so that the next byte is the last of 16
//!  checksum, 1 byte           0xef and the data of all segments, by exclusive or
//!  SHA-256, 32 bytes          of all of the above; only when the header says so
//!  anything                   such as a signature
//! ```
//!
//! Numbers are little-endian. What a device would find out after a download, we find out before anybody is told of the image.

use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// First byte of every image.
const MAGIC: u8 = 0xe9;
const HEADER_BYTES: usize = 24;
const SEGMENT_HEADER_BYTES: usize = 8;
/// Segments that a loader takes.
const MAX_SEGMENTS: u8 = 16;
/// What the checksum starts from.
const CHECKSUM_SEED: u8 = 0xef;
/// What the application's description starts with, where the first segment's data starts.
const DESCRIPTION_MAGIC: u32 = 0xabcd_5432;
/// Where the partition table is in an image of the whole flash, and what it starts with.
const PARTITION_TABLE: (usize, [u8; 2]) = (0x8000, [0xaa, 0x50]);
/// Longest name of a board, longest version.
const MAX_NAME: usize = 64;

/// The boards that people of this project have, named where a board is not understood.
const KNOWN_BOARDS: &str = "seeed_xiao_esp32c3 and esp32-c3-devkitm-1";

/// Chips: the number in the header, the name, and what names of boards call it after `esp32`.
const CHIPS: [(u16, &str, &str); 7] = [
    (0, "ESP32", ""),
    (2, "ESP32-S2", "s2"),
    (5, "ESP32-C3", "c3"),
    (9, "ESP32-S3", "s3"),
    (12, "ESP32-C2", "c2"),
    (13, "ESP32-C6", "c6"),
    (16, "ESP32-H2", "h2"),
];

/// A chip, by its number in image headers. Shown as `ESP32-C3 (chip 5)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chip(pub u16);

impl fmt::Display for Chip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match CHIPS.iter().find(|(number, ..)| *number == self.0) {
            Some((number, name, _)) => write!(f, "{name} (chip {number})"),
            None => write!(f, "unknown chip {}", self.0),
        }
    }
}

/// A board whose chip is known by its name. Whoever holds one can put it into a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    name: String,
    chip: Chip,
}

/// Why a text is no board.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BoardError {
    /// It could not be part of a path.
    #[error(
        "the board {0:?} must be 1 to {MAX_NAME} letters, digits, `.`, `_` or `-`, and not start with a dot; known boards are {KNOWN_BOARDS}"
    )]
    Name(String),
    /// The name contains no chip, or several.
    #[error(
        "which chip the board {0} has cannot be told from its name: it must contain one, such as esp32-c6; known boards are {KNOWN_BOARDS}"
    )]
    Chip(String),
}

impl Board {
    /// Its name, such as `seeed_xiao_esp32c3`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The chip on it.
    #[must_use]
    pub fn chip(&self) -> Chip {
        self.chip
    }
}

impl FromStr for Board {
    type Err = BoardError;

    fn from_str(text: &str) -> Result<Self, BoardError> {
        if !is_board_name(text) {
            return Err(BoardError::Name(shortened(text)));
        }
        let chip = chip_of(text).ok_or_else(|| BoardError::Chip(text.to_owned()))?;
        Ok(Self { name: text.to_owned(), chip })
    }
}

/// A version of an image, such as `1.4.0`. Whoever holds one can put it into a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(String);

/// A text is no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the version {0:?} must be 1 to {MAX_NAME} letters, digits, `.`, `_`, `-` or `+`, and not start with a dot")]
pub struct VersionError(String);

impl Version {
    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        if is_name(text, MAX_NAME, b"._-+") { Ok(Self(text.to_owned())) } else { Err(VersionError(shortened(text))) }
    }
}

/// Where the image of a board in a version is kept: `firmware/firmware-<board>-<version>.bin`.
#[must_use]
pub fn image_path(board: &Board, version: &Version) -> String {
    format!("firmware/firmware-{}-{version}.bin", board.name)
}

/// What an image says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageInfo {
    /// The chip that it is for.
    pub chip: Chip,
    /// The project's name for itself, when the image has a description.
    pub project: Option<String>,
    /// The project's version for itself, likewise; nothing depends on it.
    pub version: Option<String>,
}

/// One thing that is wrong with an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageMistake {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// What programs are before they become images.
    #[error("this is no ESP32 image but an ELF file: publish the .bin that the build makes of it")]
    Elf,
    /// It starts with something else, of which the first bytes are here.
    #[error("this is no ESP32 image: it starts with {}, not {MAGIC:#04x}", in_hex(.0))]
    NoImage(Vec<u8>),
    /// For another chip.
    #[error("it is for the {found}, the board {board} has an {wanted}")]
    WrongChip {
        /// The chip in the header.
        found: Chip,
        /// The board's chip.
        wanted: Chip,
        /// The board.
        board: String,
    },
    /// Ends in a part that is named.
    #[error("it ends in the middle of {0}: was the download cut short?")]
    CutShort(String),
    /// Impossible number of segments.
    #[error("it has {0} segments, an image has 1 to {MAX_SEGMENTS}: the file is damaged")]
    SegmentCount(u8),
    /// A length that loaders refuse.
    #[error("segment {number} has {length} bytes, which is no multiple of 4: the file is damaged")]
    OddSegment {
        /// From 1.
        number: u8,
        /// What its header says.
        length: u32,
    },
    /// The data of the segments are not what they were.
    #[error("its checksum is wrong: the file is damaged")]
    Checksum,
    /// Something is not what it was.
    #[error("its SHA-256 is wrong: the file is damaged")]
    Hash,
    /// An image of the whole flash.
    #[error(
        "it holds the whole flash (bootloader, partition table, application): publish the application alone, firmware.bin"
    )]
    WholeFlash,
}

/// All that is wrong with an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct ImageError {
    /// At least one.
    pub mistakes: Vec<ImageMistake>,
}

/// Checks that the bytes are a whole, undamaged image for the board.
///
/// # Errors
/// [`ImageError`] with everything that can be said of it at once.
pub fn check_image(bytes: &[u8], board: &Board) -> Result<ImageInfo, ImageError> {
    let refuse = |mistakes| Err(ImageError { mistakes });
    match bytes.first() {
        None => return refuse(vec![ImageMistake::Empty]),
        Some(&MAGIC) => {}
        Some(_) if bytes.starts_with(b"\x7fELF") => return refuse(vec![ImageMistake::Elf]),
        Some(_) => return refuse(vec![ImageMistake::NoImage(bytes.iter().take(2).copied().collect())]),
    }
    let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else {
        return refuse(vec![ImageMistake::CutShort("its header".into())]);
    };
    let mut mistakes = Vec::new();
    let [_, segments, _, _, _, _, _, _, _, _, _, _, chip_low, chip_high, .., hashed] = *header;
    let chip = Chip(u16::from_le_bytes([chip_low, chip_high]));
    if chip != board.chip {
        mistakes.push(ImageMistake::WrongChip { found: chip, wanted: board.chip, board: board.name.clone() });
    }
    if let Err(mistake) = check_body(bytes, segments, hashed != 0) {
        mistakes.push(mistake);
    }
    if mistakes.is_empty() {
        let (project, version) = description(bytes);
        Ok(ImageInfo { chip, project, version })
    } else {
        refuse(mistakes)
    }
}

/// All after the header. The first mistake is the only one: behind it nothing is where it should be.
fn check_body(bytes: &[u8], segments: u8, hashed: bool) -> Result<(), ImageMistake> {
    if !(1..=MAX_SEGMENTS).contains(&segments) {
        return Err(ImageMistake::SegmentCount(segments));
    }
    let mut at = HEADER_BYTES;
    let mut checksum = CHECKSUM_SEED;
    for number in 1..=segments {
        let cut_short = || ImageMistake::CutShort(format!("segment {number}"));
        let length = u32_at(bytes, at + 4).ok_or_else(cut_short)?;
        if length % 4 != 0 {
            return Err(ImageMistake::OddSegment { number, length });
        }
        let start = at + SEGMENT_HEADER_BYTES;
        // A length beyond the address space is beyond the file as well.
        let end = usize::try_from(length).ok().and_then(|length| start.checked_add(length)).ok_or_else(cut_short)?;
        let data = bytes.get(start..end).ok_or_else(cut_short)?;
        checksum = data.iter().fold(checksum, |sum, byte| sum ^ byte);
        at = end;
    }
    let end = (at + 1).next_multiple_of(16);
    let found = bytes.get(end - 1).ok_or_else(|| ImageMistake::CutShort("its padding".into()))?;
    if *found != checksum {
        return Err(ImageMistake::Checksum);
    }
    let (image, rest) = bytes.split_at_checked(end).ok_or(ImageMistake::Checksum)?;
    let mut image_end = end;
    if hashed {
        let found = rest.first_chunk::<32>().ok_or_else(|| ImageMistake::CutShort("its SHA-256".into()))?;
        if Sha256::digest(image).as_slice() != found {
            return Err(ImageMistake::Hash);
        }
        image_end += 32;
    }
    // Here the image proper is the bootloader: a device that takes it for the application does not start again.
    let (table, magic) = PARTITION_TABLE;
    if image_end <= table && bytes.get(table..).is_some_and(|rest| rest.starts_with(&magic)) {
        return Err(ImageMistake::WholeFlash);
    }
    Ok(())
}

/// Project and version of the description that the first segment may start with: magic, 12 bytes for others, version and project in 32
/// bytes each.
fn description(bytes: &[u8]) -> (Option<String>, Option<String>) {
    let start = HEADER_BYTES + SEGMENT_HEADER_BYTES;
    let length = u32_at(bytes, HEADER_BYTES + 4).and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    if length < 80 || u32_at(bytes, start) != Some(DESCRIPTION_MAGIC) {
        return (None, None);
    }
    (text_at(bytes, start + 48), text_at(bytes, start + 16))
}

/// A text in 32 bytes, ended by a zero; `None` when it is empty or not fit to be shown.
fn text_at(bytes: &[u8], at: usize) -> Option<String> {
    let field = bytes.get(at..at + 32)?;
    let text = std::str::from_utf8(field.split(|byte| *byte == 0).next()?).ok()?;
    (!text.is_empty() && !text.contains(char::is_control)).then(|| text.to_owned())
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Whether the text can be a board's name in a path and as a key.
pub(crate) fn is_board_name(text: &str) -> bool {
    is_name(text, MAX_NAME, b"._-")
}

/// Letters, digits and the given signs, 1 to `longest`, not starting with a dot.
pub(crate) fn is_name(text: &str, longest: usize, signs: &[u8]) -> bool {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || signs.contains(&byte);
    (1..=longest).contains(&text.len()) && !text.starts_with('.') && text.bytes().all(fine)
}

/// The chip that a board's name contains: `esp32`, perhaps `-` or `_`, and the letter and digits of the series. A name that contains
/// two, or a series that is unknown here, tells none.
fn chip_of(board: &str) -> Option<Chip> {
    let lower = board.to_ascii_lowercase();
    let mut found = None;
    for rest in lower.split("esp32").skip(1) {
        let chip = chip_after(rest)?;
        if found.is_some_and(|other| other != chip) {
            return None;
        }
        found = Some(chip);
    }
    found
}

fn chip_after(rest: &str) -> Option<Chip> {
    let rest = rest.strip_prefix(['-', '_']).unwrap_or(rest);
    let letters = rest.len() - rest.trim_start_matches(|letter: char| letter.is_ascii_lowercase()).len();
    let digits = rest.bytes().skip(letters).take_while(u8::is_ascii_digit).count();
    // One letter and digits are a series; `esp32dev`, `esp32-wrover` and `esp32cam` go on differently. Digits at once are neither.
    let series = match (letters, digits) {
        (0, 1..) => return None,
        (1, 1..) => rest.get(..letters + digits)?,
        _ => "",
    };
    CHIPS.iter().find(|(.., name)| *name == series).map(|(number, ..)| Chip(*number))
}

/// A text that is refused, short enough to be shown.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(MAX_NAME + 6).collect()
}

fn in_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:#04x}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
