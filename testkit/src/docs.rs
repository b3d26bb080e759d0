//! The documentation as tests read it: parts of pages that are made of the code and kept, and tables that people write and tests hold against
//! the code, so that whatever exists is in the documentation, and nothing else is.

use std::fmt::Write as _;
use std::path::PathBuf;

/// Set to 1, what is made of the code is written instead of compared.
const WRITE: &str = "GROUPLOOP_WRITE_DOCS";
/// Ends the part of a page that is made of the code.
const END: &str = "<!-- end -->";

/// What is in a file of the project, such as `src/default.toml`.
#[must_use]
pub fn read(path: &str) -> String {
    std::fs::read_to_string(place(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn place(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(path)
}

/// Holds the part of a page between `<!-- made of <source> -->` and `<!-- end -->` against what the source makes now; or writes it, when
/// `GROUPLOOP_WRITE_DOCS` is 1.
pub fn made_of(page: &str, source: &str, text: &str) {
    let before = read(page);
    let begin = format!("<!-- made of {source} -->");
    let (head, rest) = before.split_once(&begin).unwrap_or_else(|| panic!("{page}: there is no {begin}"));
    let (kept, tail) = rest.split_once(END).unwrap_or_else(|| panic!("{page}: there is no {END} after {begin}"));
    let made = format!("\n\n{}\n\n", text.trim());
    if std::env::var(WRITE).is_ok_and(|value| value == "1") {
        std::fs::write(place(page), format!("{head}{begin}{made}{END}{tail}")).unwrap();
        return;
    }
    for (number, (kept, made)) in kept.lines().zip(made.lines()).enumerate() {
        assert_eq!(kept, made, "{page}, line {number} of what is made of {source}; {WRITE}=1 writes it anew");
    }
    assert!(kept == made, "{page}: what is made of {source} is of another length; {WRITE}=1 writes it anew");
}

/// The cells of the first table below this heading, without the row of titles. Code is without its marks, and all rows are whole.
#[must_use]
pub fn table(page: &str, heading: &str) -> Vec<Vec<String>> {
    let text = read(page);
    let mut lines =
        text.lines().skip_while(|line| line.trim_start_matches('#').trim() != heading || !line.starts_with('#'));
    assert!(lines.next().is_some(), "{page}: there is no heading {heading}");
    let rows: Vec<&str> = lines
        .take_while(|line| !line.starts_with('#'))
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert!(rows.len() > 2, "{page}: there is no table below {heading}");
    let cells = |row: &str| -> Vec<String> {
        // A bar inside of code is written `\|`.
        let row = row.replace("\\|", "\u{1}");
        let cells = row.trim().trim_matches('|').split('|');
        cells.map(|cell| cell.trim().replace('`', "").replace('\u{1}', "|")).collect()
    };
    let width = cells(rows[0]).len();
    let rows: Vec<Vec<String>> = rows[2..].iter().map(|row| cells(row)).collect();
    for row in &rows {
        assert!(
            row.len() == width && row.iter().all(|cell| !cell.is_empty()),
            "{page}, {heading}: {row:?} is not whole"
        );
    }
    rows
}

/// Holds the first columns of a table against what there is in the code, whatever the order.
pub fn same_rows<const N: usize>(page: &str, heading: &str, code: impl IntoIterator<Item = [String; N]>) {
    let mut there: Vec<Vec<String>> = code.into_iter().map(Vec::from).collect();
    let mut told: Vec<Vec<String>> = table(page, heading).into_iter().map(|row| row[..N].to_vec()).collect();
    there.sort();
    there.dedup();
    told.sort();
    let mut wrong = String::new();
    for row in there.iter().filter(|row| !told.contains(row)) {
        let _ = writeln!(wrong, "  in the code alone: {row:?}");
    }
    for row in told.iter().filter(|row| !there.contains(row)) {
        let _ = writeln!(wrong, "  in the page alone: {row:?}");
    }
    assert!(wrong.is_empty(), "{page}, {heading}:\n{wrong}");
    assert_eq!(told.len(), there.len(), "{page}, {heading}: a row is there twice");
}

/// Fails unless examples are there of every variant of an enum, which has to stand in this source as `rustfmt` writes it.
pub fn every_variant(source: &str, name: &str, examples: &[impl std::fmt::Debug]) {
    let begin = format!("enum {name} {{\n");
    let body = source.split_once(&begin).unwrap_or_else(|| panic!("there is no {begin}")).1;
    let body = body.split_once("\n}").unwrap().0;
    let first_word =
        |text: &str| text.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default().to_owned();
    let there: Vec<String> = body
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(|letter: char| letter.is_ascii_uppercase()))
        .map(first_word)
        .collect();
    assert!(!there.is_empty(), "{name} has no variants");
    let shown: Vec<String> = examples.iter().map(|example| first_word(&format!("{example:?}"))).collect();
    let missing: Vec<&String> = there.iter().filter(|variant| !shown.contains(variant)).collect();
    assert!(missing.is_empty(), "{name}: no example of {missing:?}");
}
