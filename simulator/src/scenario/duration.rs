//! Durations as people write them: `10s`, `2m`, `1h30m`, `250ms`.

use std::time::Duration;

/// Longest duration that a scenario can name.
const MAX: Duration = Duration::from_secs(366 * 24 * 3600);
/// Longest text that is read.
const MAX_LEN: usize = 32;

/// Why a text is no duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it must be a duration of at most a year, such as \"10s\", \"1h30m\" or \"250ms\"")]
pub struct DurationError;

/// Reads whole numbers, each with its unit: `ms`, `s`, `m`, `h` or `d`, every unit once and the larger ones first.
///
/// # Errors
/// [`DurationError`] when it is not that, or more than a year.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let mut rest = text;
    let mut total_ms = 0u64;
    let mut last_ms = u64::MAX;
    if text.is_empty() || text.len() > MAX_LEN {
        return Err(DurationError);
    }
    while !rest.is_empty() {
        let (number, behind) = rest.split_at(rest.find(|sign: char| !sign.is_ascii_digit()).ok_or(DurationError)?);
        let (unit, behind) = behind.split_at(behind.find(|sign: char| sign.is_ascii_digit()).unwrap_or(behind.len()));
        let unit_ms = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(DurationError),
        };
        if unit_ms >= last_ms {
            return Err(DurationError);
        }
        let number: u64 = number.parse().map_err(|_| DurationError)?;
        total_ms = number.checked_mul(unit_ms).and_then(|ms| ms.checked_add(total_ms)).ok_or(DurationError)?;
        last_ms = unit_ms;
        rest = behind;
    }
    Some(Duration::from_millis(total_ms)).filter(|total| *total <= MAX).ok_or(DurationError)
}

/// A duration as [`parse_duration`] reads it, in whole milliseconds.
#[must_use]
pub fn show_duration(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, unit_ms) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] {
        let count = rest / unit_ms;
        rest %= unit_ms;
        if count > 0 {
            text.push_str(&format!("{count}{unit}"));
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_that_is_shown_can_be_read() {
        for (ms, text) in [(0, "0s"), (250, "250ms"), (90_000, "1m30s"), (86_400_001, "1d1ms"), (5_400_000, "1h30m")] {
            assert_eq!(show_duration(Duration::from_millis(ms)), text);
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(ms)));
        }
    }

    #[test]
    fn durations_are_read_or_refused() {
        for (text, ms) in
            [("10s", 10_000), ("2m", 120_000), ("1h30m", 5_400_000), ("250ms", 250), ("1s500ms", 1500), ("0s", 0)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        let long = "9".repeat(30) + "s";
        for text in [
            "",
            "10",
            "s",
            "10 s",
            "-1s",
            "1.5s",
            "10x",
            "1s1s",
            "1s1m",
            "1mm",
            "400d",
            "1é",
            "ü",
            &long,
            &"1s".repeat(50),
        ] {
            assert_eq!(parse_duration(text), Err(DurationError), "{text}");
        }
    }
}
