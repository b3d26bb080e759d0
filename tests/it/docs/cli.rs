//! What people type: the command line, as its own help has it, and scenarios, as the example with every key has them.

use grouploop_testkit::docs;
use std::fmt::Write as _;

const PAGE: &str = "docs/reference/cli.md";
const SOURCE: &str = "src/cli/mod.rs";

/// What a command, or the program, says of itself.
fn help(words: &[String]) -> String {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_grouploop"))
        .env_clear()
        // As wide as a page is.
        .env("COLUMNS", "80")
        .args(words)
        .arg("--help")
        .output()
        .unwrap();
    assert!(output.status.success(), "{words:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The sections of a help text, each with its title, as `Options:`.
fn sections(help: &str) -> Vec<String> {
    let mut sections = vec![String::new()];
    for line in help.lines() {
        if line.ends_with(':') && !line.starts_with(' ') {
            sections.push(String::new());
        }
        let _ = writeln!(sections.last_mut().unwrap(), "{}", line.trim_end());
    }
    sections
}

/// The commands that a help text lists.
fn commands(help: &str) -> Vec<String> {
    let listed = sections(help).into_iter().find(|section| section.starts_with("Commands:")).unwrap_or_default();
    let names = listed.lines().skip(1).filter_map(|line| line.strip_prefix("  ")?.split(' ').next().map(str::to_owned));
    names.filter(|name| !name.is_empty() && name != "help").collect()
}

/// All commands with those below them, in their order.
fn all() -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for name in commands(&help(&[])) {
        let words = vec![name];
        let below = commands(&help(&words));
        found.push(words.clone());
        found.extend(below.into_iter().map(|name| [words.clone(), vec![name]].concat()));
    }
    found
}

#[test]
fn every_command_is_told_with_its_options() {
    let all = all();
    assert!(all.len() > 18, "{all:?}");
    let mut page = String::new();
    for words in std::iter::once(Vec::new()).chain(all) {
        let name = [vec!["grouploop".to_owned()], words.clone()].concat().join(" ");
        // What every command takes is told once.
        let told = sections(&help(&words));
        let told: String =
            told.into_iter().filter(|section| words.is_empty() || !section.starts_with("Settings:")).collect();
        let _ = writeln!(page, "## `{name}`\n\n```text\n{}\n```\n", told.trim());
    }
    docs::made_of(PAGE, SOURCE, &page);
}

#[test]
fn every_key_of_a_scenario_is_told() {
    const SCENARIO: &str = "simulator/scenarios/workshop.toml";
    let text = format!("```text\n{}\n```", docs::read(SCENARIO).trim());
    docs::made_of("docs/reference/scenario.md", SCENARIO, &text);
}
