//! Smaller forms of text, and which of them a request takes.

use super::delivery::asks_for_part;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;

/// Text under this is not worth it.
const MIN_BYTES: usize = 256;
/// How hard to try, 0 to 11: nearly the smallest at a tenth of the time.
const BROTLI_QUALITY: i32 = 9;
/// Window of 4 MiB, as large as what is compressed at all.
const BROTLI_WINDOW: i32 = 22;

/// The form of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Identity,
    /// `gzip`.
    Gzip,
    /// `br`.
    Brotli,
}

impl Encoding {
    /// The best that a request allows: brotli unless gzip is liked better. A part is one of the content as it is, which every client takes.
    #[must_use]
    pub fn of_request(method: &Method, headers: &HeaderMap) -> Self {
        if asks_for_part(method, headers) {
            return Self::Identity;
        }
        Self::choose(headers.get_all(header::ACCEPT_ENCODING).iter())
    }

    fn choose<'a>(accepted: impl Iterator<Item = &'a HeaderValue>) -> Self {
        let (mut brotli, mut gzip, mut any) = (None, None, None);
        for part in accepted.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')) {
            let mut words = part.split(';').map(str::trim);
            let name = words.next().unwrap_or_default();
            let weight = words.find_map(|word| word.strip_prefix("q=").or_else(|| word.strip_prefix("Q=")));
            let weight = weight.map_or(1.0, |weight| weight.trim().parse::<f32>().unwrap_or(0.0));
            if name.eq_ignore_ascii_case("br") {
                brotli = Some(weight);
            } else if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
                gzip = Some(weight);
            } else if name == "*" {
                any = Some(weight);
            }
        }
        let brotli = brotli.or(any).unwrap_or(0.0);
        let gzip = gzip.or(any).unwrap_or(0.0);
        if brotli > 0.0 && brotli >= gzip {
            Self::Brotli
        } else if gzip > 0.0 {
            Self::Gzip
        } else {
            Self::Identity
        }
    }

    /// As `Content-Encoding` says it.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }

    /// What an `ETag` ends in: other bytes need another tag.
    pub(super) fn tag_suffix(self) -> &'static str {
        match self {
            Self::Identity => "",
            Self::Gzip => "-gz",
            Self::Brotli => "-br",
        }
    }

    /// The body in this form; `None` when that is not smaller.
    pub(super) fn encode(self, body: &[u8]) -> Option<Bytes> {
        if body.len() < MIN_BYTES {
            return None;
        }
        // Writing into memory does not fail.
        let smaller = match self {
            Self::Identity => return None,
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::new(9));
                encoder.write_all(body).and_then(|()| encoder.finish()).ok()?
            }
            Self::Brotli => {
                let parameters = brotli::enc::BrotliEncoderParams {
                    quality: BROTLI_QUALITY,
                    lgwin: BROTLI_WINDOW,
                    size_hint: body.len(),
                    ..Default::default()
                };
                let mut smaller = Vec::new();
                brotli::BrotliCompress(&mut &*body, &mut smaller, &parameters).ok()?;
                smaller
            }
        };
        (smaller.len() < body.len()).then(|| Bytes::from(smaller.into_boxed_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn the_best_that_is_accepted_is_chosen() {
        for (accepted, chosen) in [
            (&[][..], Encoding::Identity),
            (&["gzip, deflate, br, zstd"], Encoding::Brotli),
            (&["gzip"], Encoding::Gzip),
            (&["gzip, deflate"], Encoding::Gzip),
            (&["gzip", "br"], Encoding::Brotli),
            (&["BR"], Encoding::Brotli),
            (&["br;q=0, gzip"], Encoding::Gzip),
            (&["br;q=0.5, gzip;q=0.8"], Encoding::Gzip),
            (&["br; q=0.9 , gzip; q=0.8"], Encoding::Brotli),
            (&["*"], Encoding::Brotli),
            (&["*;q=0"], Encoding::Identity),
            (&["identity"], Encoding::Identity),
            (&["br;q=x"], Encoding::Identity),
            (&["", ",,;"], Encoding::Identity),
        ] {
            let values: Vec<HeaderValue> = accepted.iter().map(|text| HeaderValue::from_static(text)).collect();
            assert_eq!(Encoding::choose(values.iter()), chosen, "{accepted:?}");
        }
    }

    #[test]
    fn both_forms_give_the_same_text_back() {
        let text = "commands and colours, ".repeat(100);
        let gzip = Encoding::Gzip.encode(text.as_bytes()).unwrap();
        let mut back = String::new();
        flate2::read::GzDecoder::new(&*gzip).read_to_string(&mut back).unwrap();
        assert_eq!(back, text);
        let small = Encoding::Brotli.encode(text.as_bytes()).unwrap();
        let mut back = Vec::new();
        brotli::BrotliDecompress(&mut &*small, &mut back).unwrap();
        assert_eq!(back, text.as_bytes());
    }

    #[test]
    fn what_does_not_get_smaller_stays() {
        assert_eq!(Encoding::Gzip.encode(b"short"), None);
        let noise: Vec<u8> = (0..4096u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let noise: Vec<u8> = noise
            .iter()
            .scan(7u32, |state, byte| {
                *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223 + u32::from(*byte));
                Some((*state >> 24) as u8)
            })
            .collect();
        assert_eq!(Encoding::Gzip.encode(&noise), None);
        assert_eq!(Encoding::Brotli.encode(&noise), None);
    }
}
