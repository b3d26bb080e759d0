//! What arguments mean, and what is wrong with them.

use grouploop_simulator::tape::MIN_MAX_BYTES;
use std::time::Duration;

/// One word of the `cmd:` line: a colon or a control character in it would make another command of it.
pub(super) fn parse_word(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(|letter: char| letter == ':' || letter.is_control() || letter.is_whitespace()) {
        return Err("it must be one word without a colon".into());
    }
    Ok(text.into())
}

pub(super) fn parse_parameter(text: &str) -> Result<String, String> {
    if text.contains(char::is_control) {
        return Err("it must be one line without control characters".into());
    }
    Ok(text.into())
}

pub(super) fn parse_seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.001..=3600.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("it must be a number of seconds from 0.001 to 3600".into()),
    }
}

/// A whole number of bytes, `K`, `M`, `G` or `T` behind it for powers of 1024.
pub(super) fn parse_max_bytes(text: &str) -> Result<u64, String> {
    let (digits, shift) = match text.char_indices().next_back() {
        Some((at, 'K')) => (text.get(..at), 10),
        Some((at, 'M')) => (text.get(..at), 20),
        Some((at, 'G')) => (text.get(..at), 30),
        Some((at, 'T')) => (text.get(..at), 40),
        _ => (Some(text), 0),
    };
    let number = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()));
    let bytes = number.and_then(|number| number.parse::<u64>().ok()?.checked_mul(1 << shift));
    bytes.filter(|bytes| *bytes >= MIN_MAX_BYTES).ok_or_else(|| {
        format!("it must be a number of bytes such as 500M or 1G (K, M, G, T), and at least {}K", MIN_MAX_BYTES >> 10)
    })
}
