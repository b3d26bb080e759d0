//! A table that reads well in a terminal and is Markdown at the same time.

/// The first row is the head.
pub fn render(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0).max(3)).collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        for (column, width) in widths.iter().enumerate() {
            let cell = row.get(column).map_or("", String::as_str);
            text.push_str("| ");
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', width - cell.chars().count() + 1));
        }
        text.push_str("|\n");
        if number == 0 {
            for width in &widths {
                text.push_str("| ");
                text.extend(std::iter::repeat_n('-', *width));
                text.push(' ');
            }
            text.push_str("|\n");
        }
    }
    text
}

/// A figure with as many digits as mean something.
pub fn number(value: f64) -> String {
    match value.abs() {
        _ if !value.is_finite() => "–".into(),
        _ if value.fract() == 0.0 => format!("{value:.0}"),
        size if size < 1.0 => format!("{value:.3}"),
        size if size < 100.0 => format!("{value:.2}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_characters() {
        let rows = [["what", "µs"], ["a", "1.25"]].map(|row| row.map(String::from).to_vec());
        assert_eq!(render(&rows), "| what | µs   |\n| ---- | ---- |\n| a    | 1.25 |\n");
    }

    #[test]
    fn numbers_keep_what_means_something() {
        let texts = [0.0, 0.2214, 6.046, 1_234.5, 20_000.0, f64::NAN].map(number);
        assert_eq!(texts, ["0", "0.221", "6.05", "1234", "20000", "–"]);
    }
}
