//! Text in columns, never wider than a terminal, and numbers as people read them.

use std::fmt::Write;

/// Columns of text in a line at most.
pub(super) const WIDTH: usize = 100;
/// Between two columns, and when there is no room for that.
const GAPS: [usize; 2] = [2, 1];
/// A name is not cut shorter than this.
const MIN_NAME: usize = 8;

/// Rows of cells: names first, aligned to the left, then numbers, aligned to the right.
#[derive(Debug)]
pub(super) struct Grid {
    names: usize,
    rows: Vec<Vec<String>>,
}

impl Grid {
    /// A grid with this heading, of which the first `names` columns are names.
    pub(super) fn new(names: usize, heading: Vec<&str>) -> Self {
        Self { names, rows: vec![heading.into_iter().map(str::to_owned).collect()] }
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Writes the rows as lines. Long names are cut when the line would be too wide.
    pub(super) fn write(&self, out: &mut String) {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width =
            |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
        let mut widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
        let text = widths.iter().sum::<usize>();
        let shortest = text - widths.iter().take(self.names).map(|name| name.saturating_sub(MIN_NAME)).sum::<usize>();
        let between = columns.saturating_sub(1);
        let [wide, narrow] = GAPS;
        let gap = if shortest + wide * between <= WIDTH { wide } else { narrow };
        let mut over = (text + gap * between).saturating_sub(WIDTH);
        for name in widths.iter_mut().take(self.names) {
            let cut = over.min(name.saturating_sub(MIN_NAME));
            *name -= cut;
            over -= cut;
        }
        for row in &self.rows {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let gap = if column == 0 { 0 } else { gap };
                let cell = cut(cell, *width);
                // Writing to a String cannot fail.
                let _ = match column < self.names {
                    true => write!(line, "{:gap$}{cell:<width$}", ""),
                    false => write!(line, "{:gap$}{cell:>width$}", ""),
                };
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
}

/// A text of at most so many characters.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// Writes `name` and behind it the words, in as many lines as they need.
pub(super) fn wrapped(out: &mut String, name: &str, text: &str) {
    const INDENT: usize = 15;
    let mut line = format!("{name:<INDENT$}");
    for word in text.split(' ') {
        if line.chars().count() + 1 + word.chars().count() > WIDTH && line.len() > INDENT {
            out.push_str(line.trim_end());
            out.push('\n');
            line = " ".repeat(INDENT);
        }
        if line.chars().count() > INDENT || !line.ends_with(' ') {
            line.push(' ');
        }
        line.push_str(word);
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

/// `1234567` as `1,234,567`.
pub(super) fn thousands(number: u64) -> String {
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

/// The same for a column: from a hundred million on in millions.
pub(super) fn count(number: u64) -> String {
    match number {
        0..100_000_000 => thousands(number),
        _ => format!("{}.{:02}M", thousands(number / 1_000_000), number / 10_000 % 100),
    }
}

/// Milliseconds with as many digits as mean something.
pub(super) fn ms(ms: f64) -> String {
    match ms {
        ms if ms < 10.0 => format!("{ms:.2}"),
        ms if ms < 100.0 => format!("{ms:.1}"),
        ms => thousands(ms.round() as u64),
    }
}

/// Bytes in the unit that reads best.
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", bytes as f64 / *unit as f64),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 999, 1000, 12_345_678].map(thousands), ["0", "999", "1,000", "12,345,678"]);
        assert_eq!([99_999_999, 100_000_000, 3_600_129_999].map(count), ["99,999,999", "100.00M", "3,600.12M"]);
        assert_eq!([0.0, 9.876, 12.34, 60_000.4].map(ms), ["0.00", "9.88", "12.3", "60,000"]);
        assert_eq!([0, 1023, 1536, 5 << 20, 3 << 30].map(bytes), ["0 B", "1023 B", "1.5 KiB", "5.0 MiB", "3.0 GiB"]);
    }

    #[test]
    fn a_grid_cuts_names_and_nothing_else() {
        let mut grid = Grid::new(1, vec!["swarm", "sent"]);
        grid.row(vec!["ü".repeat(200), thousands(u64::MAX)]);
        let mut out = String::new();
        grid.write(&mut out);
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines[0].chars().count(), WIDTH);
        assert_eq!(lines[1], format!("{}…  18,446,744,073,709,551,615", "ü".repeat(71)));
    }

    #[test]
    fn words_wrap_below_each_other() {
        let mut out = String::new();
        wrapped(&mut out, "dropped", &["12 bus_full,"; 10].join(" "));
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(
            lines[0].starts_with("dropped         12 bus_full,") || lines[0].starts_with("dropped        12 bus_full,")
        );
        assert!(lines[1].starts_with("               ") && lines.iter().all(|line| line.chars().count() <= WIDTH));
    }
}
