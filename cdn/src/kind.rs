//! What follows from the name of an object: its type, whether it is worth compressing, and how long it may be kept.

use crate::path::AssetPath;

/// For names that carry the hash of their content: nothing else can ever be behind them.
pub(crate) const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// For everything else: keep it, and ask each time whether it is still so, which costs a 304 without a body.
pub(crate) const REVALIDATE: &str = "public, no-cache";
/// For what is different each time: health, metrics, errors.
pub(crate) const NO_STORE: &str = "no-store";

/// Digits of the content's SHA-256 that a name must carry to be immutable.
const HASH_DIGITS: usize = 12;

/// Content type, and whether it is text that gets smaller.
const TYPES: [(&str, &str, bool); 31] = [
    ("js", "text/javascript; charset=utf-8", true),
    ("mjs", "text/javascript; charset=utf-8", true),
    ("json", "application/json", true),
    ("map", "application/json", true),
    ("ts", "text/plain; charset=utf-8", true),
    ("css", "text/css; charset=utf-8", true),
    ("html", "text/html; charset=utf-8", true),
    ("txt", "text/plain; charset=utf-8", true),
    ("md", "text/markdown; charset=utf-8", true),
    ("csv", "text/csv; charset=utf-8", true),
    ("xml", "application/xml", true),
    ("svg", "image/svg+xml", true),
    ("wasm", "application/wasm", true),
    ("bin", "application/octet-stream", false),
    ("png", "image/png", false),
    ("jpg", "image/jpeg", false),
    ("jpeg", "image/jpeg", false),
    ("gif", "image/gif", false),
    ("webp", "image/webp", false),
    ("avif", "image/avif", false),
    ("ico", "image/vnd.microsoft.icon", false),
    ("woff", "font/woff", false),
    ("woff2", "font/woff2", false),
    ("ttf", "font/ttf", true),
    ("mp3", "audio/mpeg", false),
    ("wav", "audio/wav", false),
    ("ogg", "audio/ogg", false),
    ("mp4", "video/mp4", false),
    ("webm", "video/webm", false),
    ("pdf", "application/pdf", false),
    ("zip", "application/zip", false),
];

/// What is known of an object by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) content_type: &'static str,
    pub(crate) compressible: bool,
}

impl Kind {
    pub(crate) fn of(path: &AssetPath) -> Self {
        let extension = path.extension();
        let known = TYPES.iter().find(|(name, ..)| *name == extension);
        known.map_or(Self { content_type: "application/octet-stream", compressible: false }, |known| Self {
            content_type: known.1,
            compressible: known.2,
        })
    }
}

/// How long an object with this SHA-256, in hex, may be kept without asking. A name is believed to carry the hash of its content only when
/// it does.
pub(crate) fn cache_control(path: &AssetPath, sha256: &str) -> &'static str {
    let carries = |part: &str| part.len() >= HASH_DIGITS && sha256.starts_with(&part.to_ascii_lowercase());
    if path.file().split(['.', '-', '_']).any(carries) { IMMUTABLE } else { REVALIDATE }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> AssetPath {
        AssetPath::parse(text).unwrap()
    }

    #[test]
    fn types_follow_the_extension() {
        let kind = |text| Kind::of(&path(text));
        assert_eq!(kind("js/a.JS").content_type, "text/javascript; charset=utf-8");
        // As text: `application/typescript` is registered nowhere, and a browser would not show it.
        assert_eq!(kind("js/grouploop.d.ts"), Kind { content_type: "text/plain; charset=utf-8", compressible: true });
        assert_eq!(kind("static/commands.json"), Kind { content_type: "application/json", compressible: true });
        assert_eq!(kind("firmware/a.bin"), Kind { content_type: "application/octet-stream", compressible: false });
        assert_eq!(kind("static/noextension").content_type, "application/octet-stream");
    }

    #[test]
    fn only_names_with_the_hash_of_their_content_are_immutable() {
        let sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        for name in ["js/app.0123456789ab.js", "firmware/x-1.4.0-0123456789abcdef.bin", "js/0123456789ABCD.js"] {
            assert_eq!(cache_control(&path(name), sha256), IMMUTABLE, "{name}");
        }
        for name in ["js/app.js", "js/app.0123456789a.js", "js/app.fedcba987654.js", "js/x0123456789ab.js"] {
            assert_eq!(cache_control(&path(name), sha256), REVALIDATE, "{name}");
        }
    }
}
