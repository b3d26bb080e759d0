//! Names of objects: what a URL may ask for, decided once at the door. Whoever holds an [`AssetPath`] holds a harmless name: nothing in it
//! can climb out of the store, whatever the store is made of.

use object_store::path::Path;
use percent_encoding::percent_decode_str;
use std::fmt;
use std::sync::Arc;

/// The folders that are served.
const FOLDERS: [&str; 3] = ["js", "firmware", "static"];
/// Longest name.
const MAX_BYTES: usize = 512;
/// Longest of the names between slashes: what file systems take, with room for what a write under way is called.
const MAX_NAME: usize = 200;
/// Names within names at most, the folder included.
const MAX_DEPTH: usize = 8;

/// `<folder>/<name>[/<name>…]`, where a folder is `js`, `firmware` or `static`, and a name is of `A-Z a-z 0-9 . _ + @ -` and does not start
/// with a dot.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct AssetPath(Arc<str>);

impl AssetPath {
    /// The registry.
    pub(crate) fn registry() -> Self {
        Self("static/commands.json".into())
    }

    /// The manifest of the firmware.
    pub(crate) fn manifest() -> Self {
        Self("firmware/manifest.json".into())
    }

    /// Reads the path of a URL, percent-encoded once as it stands in a request; `None` when it can be no object of ours.
    pub(crate) fn from_url(path: &str) -> Option<Self> {
        let path = path.strip_prefix('/')?;
        if !path.contains('%') {
            return Self::parse(path);
        }
        // Decoded name by name, so that an encoded slash is a sign within a name, and as such refused. Once, so that `%252e` is no dot.
        let mut whole = String::with_capacity(path.len());
        for name in path.split('/') {
            let name = percent_decode_str(name).decode_utf8().ok()?;
            if name.contains('/') {
                return None;
            }
            if !whole.is_empty() {
                whole.push('/');
            }
            whole.push_str(&name);
        }
        Self::parse(&whole)
    }

    /// Reads `js/p5.min.js`.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let mut names = path.split('/');
        let known = names.next().is_some_and(|folder| FOLDERS.contains(&folder));
        let mut depth = 1;
        let fine = names.all(|name| {
            depth += 1;
            is_name(name)
        });
        (known && fine && (2..=MAX_DEPTH).contains(&depth) && path.len() <= MAX_BYTES).then(|| Self(path.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the first slash.
    pub(crate) fn folder(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// What stands behind the last slash.
    pub(crate) fn file(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// What stands behind the last dot, in lower case.
    pub(crate) fn extension(&self) -> String {
        self.file().rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
    }

    /// An image for devices, rather than something that describes it.
    pub(crate) fn is_firmware(&self) -> bool {
        self.folder() == "firmware" && self.extension() == "bin"
    }

    /// The name as the store takes it.
    pub(crate) fn in_store(&self) -> Path {
        Path::from(&*self.0)
    }
}

impl fmt::Display for AssetPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_name(name: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'+' | b'@' | b'-');
    (1..=MAX_NAME).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_objects_are_read() {
        for (url, path) in [
            ("/js/p5.min.js", "js/p5.min.js"),
            ("/js/p5%2emin.js", "js/p5.min.js"),
            ("/static/commands.json", "static/commands.json"),
            ("/firmware/1.4.0/a+b@c_d-e.bin", "firmware/1.4.0/a+b@c_d-e.bin"),
            ("/%6as/a..b", "js/a..b"),
        ] {
            assert_eq!(AssetPath::from_url(url).map(|path| path.to_string()).as_deref(), Some(path), "{url}");
        }
        let path = AssetPath::from_url("/firmware/x/Y.BIN").unwrap();
        assert_eq!((path.folder(), path.file(), path.extension().as_str()), ("firmware", "Y.BIN", "bin"));
        assert!(path.is_firmware() && !AssetPath::manifest().is_firmware());
        assert_eq!(path.in_store().to_string(), "firmware/x/Y.BIN");
    }

    #[test]
    fn nothing_else_is() {
        for url in [
            "",
            "/",
            "js/a.js",
            "/js",
            "/js/",
            "//js/a",
            "/js//a",
            "/js/./a",
            "/js/../static/a",
            "/js/..",
            "/js/%2e%2e/a",
            "/js/%2E%2E%2Fa",
            "/js/..%2fa",
            "/js/..%5ca",
            "/js/..\\a",
            "/js/%252e%252e/a",
            "/js/%252e%252e%252fa",
            "/js/%c0%ae%c0%ae/a",
            "/js/a%00",
            "/js/a%00.js",
            "/js/%2fetc%2fpasswd",
            "/js//etc/passwd",
            "/js/C:%5cwindows",
            "/js/.hidden",
            "/js/a b",
            "/js/a%20b",
            "/js/a#1",
            "/js/a%231",
            "/js/ä.js",
            "/js/%ff",
            "/js/%",
            "/js/%zz",
            "/etc/passwd",
            "/.grouploop/built-in.json",
            "/JS/a.js",
            "/js/a/b/c/d/e/f/g/h",
        ] {
            assert_eq!(AssetPath::from_url(url), None, "{url}");
        }
        assert!(AssetPath::from_url(&format!("/js/{}", "a".repeat(MAX_NAME))).is_some());
        assert_eq!(AssetPath::from_url(&format!("/js/{}", "a".repeat(MAX_NAME + 1))), None);
        assert_eq!(AssetPath::from_url(&format!("/js/{}", "aaaaaaaaa/".repeat(6).repeat(9))), None);
    }
}
