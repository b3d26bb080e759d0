//! How long an object may be kept by whoever got it.

use crate::path::AssetPath;
use grouploop_serve::content::{IMMUTABLE, REVALIDATE};

/// Digits of the content's SHA-256 that a name must carry to be immutable.
const HASH_DIGITS: usize = 12;

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
