//! The only place that prints: results on stdout, complaints on stderr, and a peer's text made fit for a terminal.

use crate::exit::Exit;
use std::io::{ErrorKind, Write as _};

/// Prints a result. A reader that has gone away ends the program quietly, as with every filter.
pub(crate) fn print(text: &str, exit: Exit) -> Exit {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => exit,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => exit,
        Err(error) => {
            complain(&format!("standard output cannot be written: {error}"));
            Exit::Failed
        }
    }
}

/// Says on stderr what is wrong, in one line.
pub(crate) fn complain(line: &str) {
    // Nobody is left to hear that stderr is gone.
    let _ = writeln!(std::io::stderr().lock(), "grouploop: {line}");
}

/// The text without control characters, so that nobody far away can move our cursor or colour our terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn escapes_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\u{7}\r\n\u{9b}c ü"), "a[2Jbc ü");
    }
}
