//! Numbers, as people read them. Pure.

use std::time::Duration;

/// Letters of a line, from nothing to the most that there was.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// `10,000`.
pub(super) fn whole(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How often a second, with as many digits as tell something: `0`, `0.4`, `12.5`, `1,200`.
pub(super) fn rate(per_second: f64) -> String {
    if per_second >= 99.95 {
        return whole(per_second.round() as u64);
    }
    // A sum of nothing is minus zero.
    let text = format!("{:.1}", per_second.max(0.0) + 0.0);
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// Bytes with a unit in which they are short.
pub(super) fn bytes(bytes: f64) -> String {
    let mut number = bytes.max(0.0);
    for unit in ["B", "kB", "MB", "GB"] {
        if number < 999.95 || unit == "GB" {
            return if unit == "B" { format!("{number:.0} B") } else { format!("{number:.1} {unit}") };
        }
        number /= 1000.0;
    }
    String::new()
}

/// A time that something takes, from microseconds: `0.4 ms`, `12 ms`, `1.2 s`.
pub(super) fn took(us: f64) -> String {
    let ms = us / 1000.0;
    match ms {
        _ if ms < 9.95 => format!("{ms:.1} ms"),
        _ if ms < 999.5 => format!("{ms:.0} ms"),
        _ => format!("{:.1} s", ms / 1000.0),
    }
}

/// A time that passed: `0.2 s`, `14 s`, `3 min`.
pub(super) fn ago(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        _ if seconds < 9.95 => format!("{seconds:.1} s"),
        _ if seconds < 99.5 => format!("{seconds:.0} s"),
        _ if seconds < 5970.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.0} h", seconds / 3600.0),
    }
}

/// The newest values as letters, the newest on the right.
pub(super) fn spark<'a>(values: impl ExactSizeIterator<Item = &'a f64> + Clone, width: usize) -> String {
    let shown = values.clone().skip(values.len().saturating_sub(width));
    let most = shown.clone().fold(1.0, |most: f64, value| most.max(*value));
    let bar = |value: &f64| {
        let step = (value / most * (BARS.len() - 1) as f64).round() as usize;
        BARS.get(step).copied().unwrap_or('█')
    };
    format!("{:>width$}", shown.map(bar).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!([0, 12, 1_234, 10_000_000].map(whole), ["0", "12", "1,234", "10,000,000"]);
        assert_eq!([-0.0, 0.04, 0.44, 12.48, 99.96, 1234.5].map(rate), ["0", "0", "0.4", "12.5", "100", "1,235"]);
        assert_eq!([0.0, 999.0, 1e3, 999.96e3, 9e12].map(bytes), ["0 B", "999 B", "1.0 kB", "1.0 MB", "9000.0 GB"]);
        assert_eq!([40.0, 12_400.0, 1_234_000.0].map(took), ["0.0 ms", "12 ms", "1.2 s"]);
        assert_eq!([0.2, 14.2, 180.0, 7200.0].map(Duration::from_secs_f64).map(ago), ["0.2 s", "14 s", "3 min", "2 h"]);
    }

    #[test]
    fn a_line_has_the_newest_on_the_right() {
        assert_eq!(spark([0.0, 5.0, 10.0].iter(), 5), "  ▁▅█");
        assert_eq!(spark([0.0, 5.0, 10.0].iter(), 2), "▅█");
        assert_eq!(spark([0.0; 0].iter(), 2), "  ");
        assert_eq!(spark([f64::NAN].iter(), 1), "▁");
    }
}
