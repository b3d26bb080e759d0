//! A terminal on which something is shown that changes: an own screen meanwhile, and the old one with its cursor afterwards, whatever
//! happens.

use std::fmt::Write as _;
use std::io::Write as _;

const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
/// How large a terminal is that does not say it.
const USUAL: (usize, usize) = (80, 24);

/// How text looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Style {
    #[default]
    Plain,
    Bold,
    /// What is not of now, or explains.
    Dim,
    /// What is chosen.
    Chosen,
}

impl Style {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Bold => Some("\x1b[1m"),
            Self::Dim => Some("\x1b[2m"),
            Self::Chosen => Some("\x1b[7m"),
        }
    }
}

/// A line of a picture: texts that look different.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Line(pub(crate) Vec<(Style, String)>);

impl Line {
    /// All of it looks the same.
    pub(crate) fn new(style: Style, text: impl Into<String>) -> Self {
        Self(vec![(style, text.into())])
    }

    /// What it says.
    #[cfg(test)]
    pub(crate) fn text(&self) -> String {
        self.0.iter().map(|(_, text)| text.as_str()).collect()
    }

    /// In at most so many columns.
    fn write(&self, width: usize, picture: &mut String) {
        let mut room = width;
        for (style, text) in &self.0 {
            let shown: String = text.chars().take(room).collect();
            room -= shown.chars().count();
            match style.code() {
                Some(code) if !shown.is_empty() => {
                    let _ = write!(picture, "{code}{shown}\x1b[0m");
                }
                _ => picture.push_str(&shown),
            }
        }
    }
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self::new(Style::Plain, text)
    }
}

/// The terminal, taken over until this is dropped.
#[derive(Debug)]
pub(crate) struct Display(());

impl Display {
    /// Takes over the terminal.
    pub(crate) fn open() -> Self {
        // A terminal that is gone shows itself at the first picture.
        let _ = write(ENTER);
        Self(())
    }

    /// Its columns and lines, as they are now.
    pub(crate) fn size() -> (usize, usize) {
        let size = terminal_size::terminal_size();
        size.map_or(USUAL, |(width, height)| (usize::from(width.0), usize::from(height.0)))
    }

    /// Shows a picture in place of the one before.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(crate) fn show(picture: &str) -> std::io::Result<()> {
        write(picture)
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = write(LEAVE);
    }
}

fn write(text: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// The whole picture in one text: from the top left, each line up to the width, the rest cleared.
pub(crate) fn picture(lines: &[Line], width: usize, height: usize) -> String {
    let mut picture = String::from("\x1b[H");
    for (index, line) in lines.iter().take(height).enumerate() {
        if index > 0 {
            picture.push_str("\r\n");
        }
        line.write(width, &mut picture);
        picture.push_str("\x1b[K");
    }
    picture.push_str("\x1b[J");
    picture
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_fits_the_terminal_however_it_looks() {
        let lines = [
            Line::new(Style::Bold, "abcdef"),
            Line(vec![(Style::Plain, "ab".into()), (Style::Dim, "cdef".into()), (Style::Chosen, "x".into())]),
            Line::from("gone".to_owned()),
        ];
        assert_eq!(picture(&lines, 4, 2), "\x1b[H\x1b[1mabcd\x1b[0m\x1b[K\r\nab\x1b[2mcd\x1b[0m\x1b[K\x1b[J",);
        assert_eq!(picture(&lines, 0, 0), "\x1b[H\x1b[J");
    }
}
