//! The readable record of measurements, newest first. A section is named after its day and machine, and replaced when measured again.

use anyhow::{Context, Result};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

const TITLE: &str = "# Results\n\nWritten by `make bench`; see [README.md](README.md) for what each line means.\n";

/// Puts a section into the file; the rest of the file stays as it is.
pub fn record(path: &Path, heading: &str, body: &str) -> Result<()> {
    let old = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    fs::write(path, merge(&old, heading, body)).with_context(|| format!("cannot write {}", path.display()))
}

fn merge(old: &str, heading: &str, body: &str) -> String {
    let (preamble, sections) = match old.find("\n## ") {
        Some(start) => old.split_at(start + 1),
        None => (old, ""),
    };
    let preamble = if preamble.trim().is_empty() { TITLE } else { preamble };
    let mut text = format!("{}\n\n## {heading}\n\n{}\n", preamble.trim_end(), body.trim_end());
    for section in sections.split("\n## ").map(|section| section.trim_start_matches("## ").trim_end()) {
        let is_same = section.lines().next() == Some(heading);
        if !is_same && !section.is_empty() {
            text.push_str(&format!("\n## {section}\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_comes_first_and_a_repeated_one_replaces_itself() {
        let one = merge("", "one", "1\n");
        assert_eq!(one, format!("{TITLE}\n## one\n\n1\n"));
        let two = merge(&one, "two", "2");
        assert_eq!(two, format!("{TITLE}\n## two\n\n2\n\n## one\n\n1\n"));
        let again = merge(&two, "one", "3");
        assert_eq!(again, format!("{TITLE}\n## one\n\n3\n\n## two\n\n2\n"));
        assert_eq!(merge(&again, "one", "3"), again);
    }

    #[test]
    fn words_before_the_first_section_stay() {
        assert_eq!(merge("# Mine\n\nhello\n", "one", "1"), "# Mine\n\nhello\n\n## one\n\n1\n");
    }
}
