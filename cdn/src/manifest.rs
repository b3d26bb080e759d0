//! `firmware/manifest.json`: which firmware there is, as it is stored and as it is served. Pure: bytes in, values out.
//!
//! ```text
//!  version, build_date        of what was published last                                   ┐ what pages have always read,
//!  boards                     board → path of its current image                            ┘ and people write by hand
//!  images                     board → images: the current one, then the others, newest first
//! ```
//!
//! The stored record says which images exist and in which order. Size and hashes are the store's to say: [`Manifest::describe`] puts them in
//! before anybody reads them, so that a record written by hand cannot lie about an image.

use crate::image::{Board, is_board_name, is_name, shortened};
use crate::mistakes::{Mistakes, kind};
use md5::{Digest, Md5};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::Sha256;
use std::collections::{BTreeMap, BTreeSet};

/// Boards in one manifest.
const MAX_BOARDS: usize = 64;
/// Images that are remembered of one board.
const MAX_IMAGES: usize = 16;
/// Longest path.
const MAX_PATH: usize = 256;
/// Longest version or date that someone wrote by hand.
const MAX_TEXT: usize = 128;

/// The manifest. The fields are checked by [`parse`](Self::parse); who sets them by hand keeps to the same rules.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Manifest {
    /// Version of what was published last; empty when nothing was.
    pub version: String,
    /// When that was, or when it was built.
    pub build_date: String,
    /// The path of each board's current image.
    pub boards: BTreeMap<String, String>,
    /// The images of each board: the current one, then the others, newest first.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub images: BTreeMap<String, Vec<Image>>,
    /// What else someone wrote; kept as it is.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

/// One image of one board.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Image {
    /// Its version.
    pub version: String,
    /// When it was published.
    pub build_date: String,
    /// Where it is, from the root of the CDN: `firmware/…`.
    pub path: String,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Of the whole file, in hex digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Likewise: what a device compares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    /// What else someone wrote; kept as it is.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

/// What is true of stored bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Bytes.
    pub size: u64,
    /// 64 hex digits, lower case.
    pub sha256: String,
    /// 32 hex digits, lower case.
    pub md5: String,
}

impl Facts {
    /// Of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let hex = |digest: &[u8]| digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            sha256: hex(&Sha256::digest(bytes)),
            md5: hex(&Md5::digest(bytes)),
        }
    }
}

/// There is no room for one more board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the manifest names {MAX_BOARDS} boards and has no room for another: take one out of it")]
pub struct TooManyBoards;

impl Manifest {
    /// Reads a record. One with the first three keys alone is fine. A board whose path in `boards` is not that of its first image was
    /// changed by hand: [`describe`](Self::describe) and [`publish`](Self::publish) follow `boards`.
    ///
    /// # Errors
    /// Every mistake in it, as `boards.x: why`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Vec<String>> {
        let value = serde_json::from_slice(bytes).map_err(|error| vec![format!("it is no JSON: {error}")])?;
        let Value::Object(mut record) = value else {
            return Err(vec![format!(
                "it must be an object with version, build_date and boards, it is {}",
                kind(&value)
            )]);
        };
        let mut mistakes = Mistakes::default();
        let mut manifest = Self {
            version: mistakes.text(&mut record, "", "version"),
            build_date: mistakes.text(&mut record, "", "build_date"),
            ..Self::default()
        };
        match record.remove("boards") {
            Some(Value::Object(boards)) => manifest.boards = mistakes.boards(boards),
            Some(other) => {
                mistakes.add("boards", format!("it must name a path for each board, it is {}", kind(&other)))
            }
            None => mistakes.add("boards", "it is missing, it must name a path for each board"),
        }
        match record.remove("images") {
            Some(Value::Object(images)) => manifest.images = mistakes.images(images),
            Some(other) => {
                mistakes.add("images", format!("it must list images for each board, it is {}", kind(&other)))
            }
            None => {}
        }
        let boards = manifest.board_names().len();
        if boards > MAX_BOARDS {
            mistakes.add("boards", format!("{boards} boards are named, at most {MAX_BOARDS} fit"));
        }
        manifest.other = record.into_iter().collect();
        if mistakes.0.is_empty() { Ok(manifest) } else { Err(mistakes.0) }
    }

    /// Makes an image its board's current one, in place of one of the same version or path.
    ///
    /// # Errors
    /// [`TooManyBoards`] for a new board when all places are taken; nothing has changed then.
    pub fn publish(&mut self, board: &Board, image: Image) -> Result<(), TooManyBoards> {
        let names = self.board_names();
        if names.len() >= MAX_BOARDS && !names.contains(board.name()) {
            return Err(TooManyBoards);
        }
        // Those that only have a path have the version of the top, which is about to change.
        self.settle();
        self.version.clone_from(&image.version);
        self.build_date.clone_from(&image.build_date);
        self.boards.insert(board.name().to_owned(), image.path.clone());
        let images = self.images.entry(board.name().to_owned()).or_default();
        images.retain(|other| other.version != image.version && other.path != image.path);
        images.insert(0, image);
        images.truncate(MAX_IMAGES);
        Ok(())
    }

    /// Every path that is named, once.
    #[must_use]
    pub fn paths(&self) -> BTreeSet<&str> {
        let listed = self.images.values().flatten().map(|image| image.path.as_str());
        self.boards.values().map(String::as_str).chain(listed).collect()
    }

    /// Makes it what is served: each image with what is true of the bytes in the store, without images that are not there, and without
    /// boards that have none left.
    pub fn describe(&mut self, facts: impl Fn(&str) -> Option<Facts>) {
        self.settle();
        for images in self.images.values_mut() {
            images.retain_mut(|image| {
                let Some(facts) = facts(&image.path) else { return false };
                image.size = Some(facts.size);
                image.sha256 = Some(facts.sha256);
                image.md5 = Some(facts.md5);
                true
            });
        }
        self.images.retain(|_, images| !images.is_empty());
        self.boards = self
            .images
            .iter()
            .filter_map(|(board, images)| Some((board.clone(), images.first()?.path.clone())))
            .collect();
    }

    /// The version of the image at a path.
    #[must_use]
    pub fn version_of(&self, path: &str) -> Option<&str> {
        let listed = self.images.values().flatten().find(|image| image.path == path);
        match listed {
            Some(image) => Some(&image.version),
            None => self.boards.values().any(|one| one == path).then_some(self.version.as_str()),
        }
    }

    /// As JSON for people and machines: the same manifest is the same bytes.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Texts, numbers and maps with texts as keys: nothing of it can fail.
        let mut json = serde_json::to_vec_pretty(self).unwrap_or_default();
        json.push(b'\n');
        json
    }

    /// Makes `boards` and `images` agree. `boards` wins: pages read it, and people change it to go back to an older image.
    fn settle(&mut self) {
        for (board, path) in &self.boards {
            let images = self.images.entry(board.clone()).or_default();
            match images.iter().position(|image| image.path == *path) {
                Some(at) => {
                    if let Some(newest) = images.get_mut(..=at) {
                        newest.rotate_right(1);
                    }
                }
                None => {
                    let (version, build_date) = (self.version.clone(), self.build_date.clone());
                    images.insert(0, Image { version, build_date, path: path.clone(), ..Image::default() });
                }
            }
            images.truncate(MAX_IMAGES);
        }
        self.images.retain(|_, images| !images.is_empty());
        for (board, images) in &self.images {
            if let Some(image) = images.first() {
                self.boards.entry(board.clone()).or_insert_with(|| image.path.clone());
            }
        }
    }

    fn board_names(&self) -> BTreeSet<&str> {
        self.boards.keys().chain(self.images.keys()).map(String::as_str).collect()
    }
}

/// Whether an image can be at this path.
fn is_path(path: &str) -> bool {
    let Some(file) = path.strip_prefix("firmware/") else { return false };
    path.len() <= MAX_PATH && file != "manifest.json" && file.split('/').all(|part| is_name(part, MAX_PATH, b"._+@-"))
}

impl Mistakes {
    fn boards(&mut self, boards: Map<String, Value>) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for (board, path) in boards {
            let place = self.board("boards", &board);
            let path = self.path(&place, path);
            found.insert(board, path);
        }
        found
    }

    fn images(&mut self, boards: Map<String, Value>) -> BTreeMap<String, Vec<Image>> {
        let mut found = BTreeMap::new();
        for (board, images) in boards {
            let place = self.board("images", &board);
            let images = match images {
                Value::Array(images) => images,
                other => {
                    self.add(&place, format!("it must be a list of images, it is {}", kind(&other)));
                    continue;
                }
            };
            if images.len() > MAX_IMAGES {
                self.add(&place, format!("{} images are listed, at most {MAX_IMAGES} fit", images.len()));
            }
            let images = images.into_iter().enumerate();
            found.insert(
                board,
                images.map(|(number, image)| self.image(&format!("{place}[{number}]"), image)).collect(),
            );
        }
        found
    }

    fn image(&mut self, place: &str, image: Value) -> Image {
        let Value::Object(mut image) = image else {
            self.add(place, format!("it must be an object with version, build_date and path, it is {}", kind(&image)));
            return Image::default();
        };
        let version = self.text(&mut image, place, "version");
        let build_date = self.text(&mut image, place, "build_date");
        let path = match image.remove("path") {
            Some(path) => self.path(&format!("{place}.path"), path),
            None => {
                self.add(&format!("{place}.path"), "it is missing");
                String::new()
            }
        };
        let size = image.remove("size").filter(|size| !size.is_null()).and_then(|size| {
            let bytes = size.as_u64();
            if bytes.is_none() {
                self.add(&format!("{place}.size"), format!("it must be a number of bytes, it is {}", kind(&size)));
            }
            bytes
        });
        let sha256 = self.digest(&mut image, place, "sha256", 64);
        let md5 = self.digest(&mut image, place, "md5", 32);
        Image { version, build_date, path, size, sha256, md5, other: image.into_iter().collect() }
    }

    /// A board's name; returns the place of what belongs to it.
    fn board(&mut self, under: &str, board: &str) -> String {
        if is_board_name(board) {
            return format!("{under}.{board}");
        }
        let shown = format!("{:?}", shortened(board));
        self.add(
            under,
            format!("the board {shown} must be 1 to 64 letters, digits, `.`, `_` or `-`, and not start with a dot"),
        );
        format!("{under}.{shown}")
    }

    fn path(&mut self, place: &str, path: Value) -> String {
        match path {
            Value::String(path) if is_path(&path) => return path,
            Value::String(path) => self.add(
                place,
                format!(
                    "the path must be firmware/<file>, of letters, digits, `.`, `_`, `+`, `@` and `-`, it is {:?}",
                    shortened(&path)
                ),
            ),
            other => self.add(place, format!("the path must be firmware/<file>, it is {}", kind(&other))),
        }
        String::new()
    }

    /// A text that must be there.
    fn text(&mut self, from: &mut Map<String, Value>, place: &str, key: &str) -> String {
        let why = match from.remove(key) {
            Some(Value::String(text)) if text.len() <= MAX_TEXT && !text.contains(char::is_control) => return text,
            Some(Value::String(_)) => format!("it must be one line of at most {MAX_TEXT} bytes"),
            Some(other) => format!("it must be a text, it is {}", kind(&other)),
            None => "it is missing".into(),
        };
        self.add(&format!("{place}{}{key}", if place.is_empty() { "" } else { "." }), why);
        String::new()
    }

    /// Hex digits that may be missing.
    fn digest(&mut self, from: &mut Map<String, Value>, place: &str, key: &str, digits: usize) -> Option<String> {
        match from.remove(key) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                Some(text.to_ascii_lowercase())
            }
            Some(_) => {
                self.add(&format!("{place}.{key}"), format!("it must be {digits} hex digits"));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
