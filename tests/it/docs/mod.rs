//! The reference pages of the documentation, held against the program: what can be is made of it, and the rest may neither lack anything nor
//! tell of what is not there. `GROUPLOOP_WRITE_DOCS=1` writes what is made.

mod answers;
mod apis;
mod cli;
mod commands;
mod settings;
mod subjects;
mod vectors;

/// Text as it stands in Markdown, whatever signs are in it; what is code already stays.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for (number, part) in text.split('`').enumerate() {
        if number % 2 == 1 {
            out.push('`');
            out.push_str(part);
            out.push('`');
            continue;
        }
        for letter in part.chars() {
            match letter {
                '<' => out.push_str("&lt;"),
                '*' | '_' | '[' | ']' | '|' => out.extend(['\\', letter]),
                letter => out.push(letter),
            }
        }
    }
    out
}

/// Text as code in a cell of a table.
fn code(text: &str) -> String {
    // A bar would be the end of the cell.
    let text = text.replace('|', "\\|");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}
