//! The types of parameters: which values fit, and how a device gets them.
//!
//! Sketches in the field rely on a firmware that is lenient, so these are too: a number may have a fraction, which is cut off as the
//! firmware's `toInt()` does it, and nobody has to mind case or white space.

use crate::color::normalize_color;
use std::fmt::{self, Write as _};

/// The types that a schema can name.
pub(super) const TYPES: [&str; 6] = ["int", "color", "enum", "duration_ms", "hex", "url"];

/// What a parameter takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Anything, as it was sent: a parameter without a type.
    Text,
    /// A whole number: `int` and `duration_ms`.
    Whole(Bounds),
    /// A colour; the device gets six hex digits.
    Color,
    /// One of these texts, in any case; the device gets it as it is spelled here.
    Enum(Vec<String>),
    /// So many hex digits; the device gets them in lower case.
    Hex(usize),
    /// An `http` or `https` URL, which takes the rest of the text with all its colons.
    Url,
}

/// A range of whole numbers, both ends in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) min: Option<i64>,
    pub(super) max: Option<i64>,
}

impl Bounds {
    pub(super) fn contain(self, number: i64) -> bool {
        self.min.is_none_or(|min| number >= min) && self.max.is_none_or(|max| number <= max)
    }
}

impl Kind {
    /// What a parameter of version 1 takes, which has only a name.
    pub(super) fn of_name(name: &str) -> Self {
        if name == "color" { Self::Color } else { Self::Text }
    }

    /// Appends the value as the device gets it; `None` when it does not fit, and then the text is of no use.
    pub(super) fn write(&self, value: &str, text: &mut String) -> Option<()> {
        match self {
            Self::Text => text.push_str(value),
            Self::Whole(bounds) => {
                let number = whole_part(value.trim()).filter(|number| bounds.contain(*number))?;
                // Writing to a text cannot fail.
                let _ = write!(text, "{number}");
            }
            Self::Color => text.push_str(&normalize_color(value)?),
            Self::Enum(values) => {
                let value = value.trim();
                text.push_str(values.iter().find(|known| folded(known).eq(folded(value)))?);
            }
            Self::Hex(digits) => {
                let value = value.trim();
                if value.len() != *digits || !value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    return None;
                }
                text.extend(value.chars().map(|digit| digit.to_ascii_lowercase()));
            }
            Self::Url => {
                let (scheme, rest) = split_url(value.trim())?;
                text.extend([scheme, "://", rest]);
            }
        }
        Some(())
    }
}

/// What a value must be, for those whose value is not.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("a text"),
            Self::Whole(Bounds { min: None, max: None }) => f.write_str("a whole number"),
            Self::Whole(Bounds { min: Some(min), max: None }) => write!(f, "a whole number from {min} up"),
            Self::Whole(Bounds { min: None, max: Some(max) }) => write!(f, "a whole number up to {max}"),
            Self::Whole(Bounds { min: Some(min), max: Some(max) }) => write!(f, "a whole number from {min} to {max}"),
            Self::Color => f.write_str("a colour as a text, such as \"ff8000\" or \"orange\""),
            Self::Enum(_) => f.write_str("one of `values`, spelled as there"),
            Self::Hex(digits) => write!(f, "a text of {digits} hex digits"),
            Self::Url => f.write_str("an http or https URL with a host"),
        }
    }
}

/// The text without regard to case.
pub(super) fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

/// The whole part of a decimal number.
fn whole_part(text: &str) -> Option<i64> {
    if text.contains(['e', 'E']) {
        // JavaScript writes very small and very large numbers so. Beyond 2^53 they are not exact, and no device counts that far.
        let number = text.parse::<f64>().ok().filter(|number| number.abs() < 9e15)?;
        return Some(number.trunc() as i64);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match whole {
        "" | "-" | "+" if !fraction.is_empty() => Some(0),
        _ => whole.parse().ok(),
    }
}

/// A URL in two parts: its scheme in lower case, as devices compare it, and what follows `://`. `None` when nothing could be fetched from it.
fn split_url(url: &str) -> Option<(&'static str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = ["http", "https"].into_iter().find(|known| known.eq_ignore_ascii_case(scheme))?;
    if rest.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = match place.strip_prefix('[') {
        Some(ipv6) => {
            let (host, after) = ipv6.split_once(']')?;
            (host, if after.is_empty() { None } else { Some(after.strip_prefix(':')?) })
        }
        None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
    };
    let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    (!host.is_empty() && port_fits).then_some((scheme, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(kind: &Kind, value: &str) -> Option<String> {
        let mut text = String::new();
        kind.write(value, &mut text).map(|()| text)
    }

    fn expect(kind: &Kind, cases: &[(&str, Option<&str>)]) {
        for (value, device) in cases {
            assert_eq!(written(kind, value).as_deref(), *device, "{value:?} as {kind:?}");
        }
    }

    #[test]
    fn numbers_are_cut_and_ranged() {
        let kind = Kind::Whole(Bounds { min: Some(0), max: Some(255) });
        expect(
            &kind,
            &[
                ("0", Some("0")),
                ("255", Some("255")),
                ("127.48", Some("127")),
                ("255.99", Some("255")),
                (" 12 ", Some("12")),
                ("+7", Some("7")),
                ("007", Some("7")),
                (".5", Some("0")),
                ("5.", Some("5")),
                ("-0.9", Some("0")),
                ("1e-7", Some("0")),
                ("1.5E2", Some("150")),
                ("256", None),
                ("-1", None),
                ("-1.5", None),
                ("1e3", None),
                ("1e400", None),
                ("-1e400", None),
                ("e", None),
                ("1e", None),
                ("", None),
                (".", None),
                ("-", None),
                ("-.", None),
                ("--5", None),
                ("1.2.3", None),
                ("1.-2", None),
                ("0x10", None),
                ("1 2", None),
                ("1,5", None),
                ("ten", None),
                ("NaN", None),
                ("Infinity", None),
                ("٣", None),
                ("99999999999999999999", None),
            ],
        );
        expect(
            &Kind::Whole(Bounds::default()),
            &[("-9223372036854775808", Some("-9223372036854775808")), ("9e15", None)],
        );
    }

    #[test]
    fn one_of_some_words_in_any_case() {
        let kind = Kind::Enum(vec!["solid".into(), "Größe".into()]);
        expect(
            &kind,
            &[
                ("solid", Some("solid")),
                (" SOLID\t", Some("solid")),
                ("GRÖSSE", None),
                ("GRÖßE", Some("Größe")),
                ("soli", None),
                ("solid2", None),
                ("", None),
            ],
        );
    }

    #[test]
    fn exactly_so_many_hex_digits() {
        expect(
            &Kind::Hex(6),
            &[
                ("64140A", Some("64140a")),
                (" 64140a ", Some("64140a")),
                ("64140", None),
                ("64140a0", None),
                ("#64140", None),
                ("64140g", None),
                ("ééé", None),
            ],
        );
    }

    #[test]
    fn colours_are_six_digits_and_texts_stay() {
        expect(&Kind::Color, &[("Orange", Some("ff8000")), (" #0F0 ", Some("00ff00")), ("mauve", None)]);
        expect(&Kind::Text, &[(" As it is ", Some(" As it is "))]);
        assert_eq!(Kind::of_name("color"), Kind::Color);
        assert_eq!(Kind::of_name("Color"), Kind::Text);
    }

    #[test]
    fn urls_need_a_scheme_that_devices_know_and_a_host() {
        for good in [
            "http://h",
            "http://h:5008/firmware/x.bin",
            "https://user:pw@h.example:443?x=http://y#z",
            "http://192.168.1.5/a%20b",
            "http://[fe80::1]:5008/x",
            "http://[::1]",
        ] {
            assert_eq!(written(&Kind::Url, good).as_deref(), Some(good));
        }
        expect(&Kind::Url, &[(" HTTPS://Host/X ", Some("https://Host/X"))]);
        for bad in [
            "",
            "h",
            "http",
            "http:",
            "http:/h",
            "http://",
            "http:///x",
            "http://:5008/x",
            "http://u@/x",
            "http://h:/x",
            "http://h:0/x",
            "http://h:65536/x",
            "http://h:1:2/x",
            "http://[::1",
            "http://[::1]x",
            "http://[]/",
            "ftp://h/x",
            "file:///etc/x",
            "http://h/a b",
            "http://h/\u{7}",
        ] {
            assert_eq!(written(&Kind::Url, bad), None, "{bad:?}");
        }
    }
}
