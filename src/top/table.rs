//! A table that fits: as many columns as there is room for, the first one as wide as what is left. Pure.

use crate::display::{Line, Style};

/// The least that the first column gets.
const LEAST_NAME: usize = 14;
/// Between two columns.
const GAP: usize = 2;

/// A column but the first: its heading, and how wide it is. Those at the end go first when there is little room.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column(pub(super) &'static str, pub(super) usize);

/// A row, with a text for each column.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) style: Style,
    pub(super) name: String,
    pub(super) cells: Vec<String>,
}

/// How many of the columns there is room for, and how wide the first is then.
fn fit(columns: &[Column], width: usize) -> (usize, usize) {
    let mut left = width;
    let mut count = 0;
    for Column(_, wide) in columns {
        let Some(rest) = left.checked_sub(wide + GAP).filter(|rest| *rest >= LEAST_NAME) else { break };
        left = rest;
        count += 1;
    }
    (count, left)
}

/// The headings.
pub(super) fn head(name: &str, columns: &[Column], width: usize) -> Line {
    let (count, wide) = fit(columns, width);
    let cells = columns.iter().take(count).map(|Column(head, wide)| (*head, *wide));
    Line::new(Style::Bold, line(name, wide, cells))
}

/// A row below them.
pub(super) fn row(row: &Row, columns: &[Column], width: usize) -> Line {
    let (count, wide) = fit(columns, width);
    let cells = columns.iter().zip(&row.cells).take(count).map(|(Column(_, wide), cell)| (cell.as_str(), *wide));
    Line::new(row.style, line(&row.name, wide, cells))
}

fn line<'a>(name: &str, wide: usize, cells: impl Iterator<Item = (&'a str, usize)>) -> String {
    let mut text = format!("{:<wide$}", cut(name, wide));
    for (cell, wide) in cells {
        text.push_str(&format!("{:GAP$}{:>wide$}", "", cut(cell, wide)));
    }
    text
}

/// The text, or its begin and a mark that there is more.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let Some(kept) = width.checked_sub(1) else { return String::new() };
    text.chars().take(kept).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [Column("Devices", 7), Column("CPU", 5), Column("Memory", 8)];

    fn lines(width: usize) -> [String; 2] {
        let one = Row {
            style: Style::Plain,
            name: "simulator-with-a-long-name".into(),
            cells: vec!["10,000".into(), "12 %".into(), "40.0 MB".into()],
        };
        [head("Node", &COLUMNS, width).text(), row(&one, &COLUMNS, width).text()]
    }

    #[test]
    fn columns_that_do_not_fit_are_left_out() {
        assert_eq!(lines(50)[0], format!("{:<24}  Devices    CPU    Memory", "Node"));
        assert_eq!(lines(42)[1], "simulator-with-…   10,000   12 %   40.0 MB");
        assert_eq!(lines(34)[1], "simulator-with-a-…   10,000   12 %");
        assert_eq!(lines(14), ["Node          ", "simulator-wit…"]);
        assert_eq!(lines(0), ["", ""]);
    }
}
