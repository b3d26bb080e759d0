//! The path of a file in the folder of an app: what a URL may ask for, decided once at the door. People name their files as they like, with
//! spaces and umlauts; what would be no plain name of a file, or is hidden, is none here.

use percent_encoding::percent_decode_str;
use std::path::PathBuf;

/// Longest path.
const MAX_BYTES: usize = 1024;
/// Longest of the names between slashes: what file systems take.
const MAX_NAME: usize = 255;
/// Names at most.
const MAX_DEPTH: usize = 16;

/// A relative path of plain names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AppPath {
    pub(super) path: PathBuf,
    /// The URL named a folder, and this is the index.html in it.
    pub(super) is_index: bool,
}

impl AppPath {
    /// Reads what stands behind `/apps/<name>/`, percent-encoded once; `None` when it can be no file of an app.
    pub(super) fn from_url(path: &str) -> Option<Self> {
        let mut found = PathBuf::new();
        let (folders, file) = path.rsplit_once('/').map_or((None, path), |(folders, file)| (Some(folders), file));
        if path.len() > MAX_BYTES * 3 || path.bytes().filter(|byte| *byte == b'/').count() >= MAX_DEPTH {
            return None;
        }
        // Decoded name by name, so that an encoded slash is a sign within a name, and as such refused. Once, so that `%252e` is no dot.
        for folder in folders.into_iter().flat_map(|folders| folders.split('/')) {
            found.push(name(folder)?);
        }
        let is_index = file.is_empty();
        found.push(if is_index { "index.html".to_owned() } else { name(file)? });
        (found.as_os_str().len() <= MAX_BYTES).then_some(Self { path: found, is_index })
    }
}

fn name(encoded: &str) -> Option<String> {
    let name = percent_decode_str(encoded).decode_utf8().ok()?;
    // A colon is a drive or a stream of a file where a backslash is a slash.
    let bad = |letter: char| letter.is_control() || matches!(letter, '/' | '\\' | ':');
    let fine = (1..=MAX_NAME).contains(&name.len()) && !name.starts_with('.') && !name.contains(bad);
    fine.then(|| name.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_files_are_read() {
        for (url, path, is_index) in [
            ("", "index.html", true),
            ("sub/", "sub/index.html", true),
            ("sketch.js", "sketch.js", false),
            ("a/b.c/d", "a/b.c/d", false),
            ("my%20sound%20(1).mp3", "my sound (1).mp3", false),
            ("T%C3%B6ne/%E2%99%AA.wav", "Töne/♪.wav", false),
            ("100%25.txt", "100%.txt", false),
            ("%252e%252e", "%2e%2e", false),
            ("a..b", "a..b", false),
        ] {
            assert_eq!(AppPath::from_url(url), Some(AppPath { path: path.into(), is_index }), "{url}");
        }
    }

    #[test]
    fn nothing_else_is() {
        for url in [
            "/",
            "//",
            "/etc/passwd",
            "a//b",
            "..",
            "../x",
            "a/../b",
            "a/..",
            "./a",
            "%2e%2e/x",
            "%2E%2E%2Fx",
            "..%2fx",
            "%2e",
            "a%2fb",
            "..\\x",
            "..%5cx",
            "a%5c..%5cb",
            ".git/config",
            "a/.env",
            "%2egit/config",
            "a%00",
            "a%00.html",
            "a%0ab",
            "C:/windows",
            "C%3a/windows",
            "a::$DATA",
            "%ff",
            "%c0%ae%c0%ae/x",
        ] {
            assert_eq!(AppPath::from_url(url), None, "{url}");
        }
        assert!(AppPath::from_url(&"a/".repeat(MAX_DEPTH - 1)).is_some());
        assert_eq!(AppPath::from_url(&"a/".repeat(MAX_DEPTH)), None);
        assert_eq!(AppPath::from_url(&"a".repeat(MAX_NAME + 1)), None);
        assert_eq!(AppPath::from_url(&format!("{}/", "a".repeat(200)).repeat(6)), None);
    }
}
