//! Every setting, as the commented default file has it, and every port.

use super::plain;
use grouploop_testkit::docs;
use std::fmt::Write as _;

const PAGE: &str = "docs/reference/settings.md";
const SOURCE: &str = "src/default.toml";

/// One key of the default file.
struct Setting {
    section: String,
    key: String,
    default: String,
    comment: Vec<String>,
}

impl Setting {
    fn name(&self) -> String {
        format!("{}.{}", self.section, self.key)
    }

    fn variable(&self) -> String {
        format!("GROUPLOOP_{}", self.name().replace('.', "__").to_uppercase())
    }
}

/// The sections in their order, with what is said of each, and all keys.
fn read() -> (Vec<(String, Vec<String>)>, Vec<Setting>) {
    let text = docs::read(SOURCE);
    let (mut sections, mut settings) = (Vec::<(String, Vec<String>)>::new(), Vec::new());
    let mut comment = Vec::new();
    for line in text.lines().skip_while(|line| !line.starts_with('[')) {
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            sections.push((section.to_owned(), Vec::new()));
        } else if line == "#" {
            // What stands before an empty line is about the section.
            let said = std::mem::take(&mut comment);
            sections.last_mut().unwrap().1.extend(said);
        } else if let Some(said) = line.strip_prefix("# ") {
            comment.push(said.to_owned());
        } else if let Some((key, default)) = line.split_once(" = ") {
            let section = sections.last().unwrap().0.clone();
            let comment = std::mem::take(&mut comment);
            settings.push(Setting { section, key: key.to_owned(), default: default.to_owned(), comment });
        } else {
            assert_eq!(line, "", "a line of another kind in {SOURCE}");
        }
    }
    (sections, settings)
}

#[test]
fn every_setting_is_told_with_its_default() {
    let (sections, settings) = read();
    assert!(settings.len() > 80, "{}", settings.len());
    let mut page = String::new();
    for (section, said) in &sections {
        let _ = writeln!(page, "## `[{section}]`\n");
        if !said.is_empty() {
            let _ = writeln!(page, "{}\n", plain(&said.join(" ")));
        }
        for setting in settings.iter().filter(|setting| setting.section == *section) {
            assert!(!setting.comment.is_empty(), "{} has no comment", setting.name());
            let (name, variable, default) = (setting.name(), setting.variable(), &setting.default);
            let _ = writeln!(page, "### `{name}`\n\n{}\n", plain(&setting.comment.join(" ")));
            let _ = writeln!(page, "Default: `{default}`. In the environment: `{variable}`\n");
        }
    }
    docs::made_of(PAGE, SOURCE, &page);
}

#[test]
fn every_port_is_told_with_its_setting() {
    let ports = read().1.into_iter().filter(|setting| setting.key.ends_with("listen")).map(|setting| {
        let port = setting.default.trim_matches('"').rsplit(':').next().unwrap().to_owned();
        [port, setting.name()]
    });
    docs::same_rows(PAGE, "Services and ports", ports);
}
