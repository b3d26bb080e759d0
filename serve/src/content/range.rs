//! `Range: bytes=…`, one range.

use headers::HeaderValue;
use std::ops::Range;

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The whole, because there is no range, or one that servers ignore: of another unit, or several.
    All,
    /// These bytes; not empty and inside of the object.
    Part(Range<u64>),
    /// A range that there is not.
    Nothing,
}

impl Wanted {
    /// Reads the header against an object of this size.
    pub(super) fn parse(header: Option<&HeaderValue>, size: u64) -> Self {
        let Some(text) = header else { return Self::All };
        let Ok(text) = text.to_str() else { return Self::Nothing };
        let Some((unit, set)) = text.split_once('=') else { return Self::Nothing };
        if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
            return Self::All;
        }
        match part(set.trim(), size) {
            Some(range) if !range.is_empty() => Self::Part(range),
            _ => Self::Nothing,
        }
    }
}

fn part(set: &str, size: u64) -> Option<Range<u64>> {
    let (first, last) = set.split_once('-')?;
    // `parse` would take a sign.
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(first) || !digits(last) {
        return None;
    }
    // A number too large for us is larger than any object.
    let number = |text: &str| text.parse::<u64>().unwrap_or(u64::MAX);
    match (first.is_empty(), last.is_empty()) {
        (true, true) => None,
        (true, false) => Some(size.saturating_sub(number(last))..size),
        (false, true) => Some(number(first)..size),
        (false, false) if number(last) < number(first) => None,
        (false, false) => Some(number(first)..number(last).saturating_add(1).min(size)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        let parse = |text: &'static str| Wanted::parse(Some(&HeaderValue::from_static(text)), 100);
        for (text, range) in [
            ("bytes=0-0", 0..1),
            ("bytes=0-99", 0..100),
            ("bytes=0-100", 0..100),
            ("bytes=10-", 10..100),
            ("bytes=-10", 90..100),
            ("bytes=-1000", 0..100),
            ("bytes=0-18446744073709551616", 0..100),
            ("Bytes = 99-", 99..100),
        ] {
            assert_eq!(parse(text), Wanted::Part(range), "{text}");
        }
        for text in [
            "bytes=100-",
            "bytes=-0",
            "bytes=9-2",
            "bytes=-",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=1",
            "bytes",
            "bytes=18446744073709551616-",
            "bytes=0x1-2",
        ] {
            assert_eq!(parse(text), Wanted::Nothing, "{text}");
        }
        assert_eq!(parse("items=0-1"), Wanted::All);
        assert_eq!(parse("bytes=0-1,3-4"), Wanted::All);
        assert_eq!(Wanted::parse(None, 100), Wanted::All);
        assert_eq!(Wanted::parse(Some(&HeaderValue::from_static("bytes=0-")), 0), Wanted::Nothing);
        assert_eq!(Wanted::parse(Some(&HeaderValue::from_static("bytes=-5")), 0), Wanted::Nothing);
    }
}
