//! The strong `ETag` of each form, made from the hash of the content: the same wherever it is kept, and another one when a byte changes.

use super::Encoding;
use headers::{ETag, HeaderValue};
use std::fmt::Write as _;

/// Digits of the hash in a tag: 128 bits.
const DIGITS: usize = 32;

/// The tags of one content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tags([HeaderValue; 3]);

impl Tags {
    /// Those of content with this hash, in hex digits.
    #[must_use]
    pub fn new(hash: &str) -> Self {
        let digits = hash.get(..DIGITS).unwrap_or(hash);
        let tag = |form: Encoding| HeaderValue::try_from(format!("\"{digits}{}\"", form.tag_suffix()));
        // Hex digits do in every header.
        Self(
            [Encoding::Identity, Encoding::Gzip, Encoding::Brotli]
                .map(|form| tag(form).unwrap_or(HeaderValue::from_static(""))),
        )
    }

    /// The header `ETag` of a form.
    #[must_use]
    pub fn header(&self, form: Encoding) -> &HeaderValue {
        let [identity, gzip, brotli] = &self.0;
        match form {
            Encoding::Identity => identity,
            Encoding::Gzip => gzip,
            Encoding::Brotli => brotli,
        }
    }

    /// The same to compare with.
    #[must_use]
    pub fn typed(&self, form: Encoding) -> Option<ETag> {
        self.header(form).to_str().ok()?.parse().ok()
    }
}

/// Lower-case hex digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_has_a_tag_of_its_own() {
        let tags = Tags::new("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(tags.header(Encoding::Identity), "\"ba7816bf8f01cfea414140de5dae2223\"");
        assert_eq!(tags.header(Encoding::Gzip), "\"ba7816bf8f01cfea414140de5dae2223-gz\"");
        assert_eq!(tags.header(Encoding::Brotli), "\"ba7816bf8f01cfea414140de5dae2223-br\"");
        assert!(tags.typed(Encoding::Brotli).is_some());
        assert_eq!(hex(&[0, 0x1a, 0xff]), "001aff");
    }
}
