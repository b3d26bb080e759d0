//! The subjects on the bus, and who may use them.

use grouploop_bridge::{NodeId, Space, Subject};
use grouploop_testkit::docs;
use std::fmt::Write as _;

#[test]
fn every_subject_is_told() {
    let (space, node) = ("a-space".parse::<Space>().unwrap(), "a-node".parse::<NodeId>().unwrap());
    let device = "1a2b".parse().unwrap();
    let all = [
        Subject::Telemetry { space: space.clone(), node: node.clone() },
        Subject::Command { space: space.clone(), device },
        Subject::CommandAll { space: space.clone() },
        Subject::Roster { space: space.clone() },
        Subject::Presence { space: space.clone() },
        Subject::Kept { space },
        Subject::Node { node: node.clone() },
        Subject::Echo { node: node.clone() },
        Subject::Report { node },
        Subject::Registry,
        Subject::Firmware,
    ];
    docs::every_variant(&docs::read("bridge/src/subject.rs"), "Subject", &all);
    let name = |subject: &Subject| {
        subject.to_string().replace("a-space", "<space>").replace("a-node", "<node>").replace("1a2b", "<device>")
    };
    docs::same_rows("docs/architecture.md", "Subjects", all.iter().map(|subject| [name(subject)]));
}

/// The lists of a user, as `nats/users.conf` has them: what stands between the brackets after this word.
fn list<'a>(user: &'a str, word: &str) -> Vec<&'a str> {
    let Some((_, rest)) = user.split_once(&format!("    {word}: [")) else { return Vec::new() };
    let inside = rest.split_once(']').unwrap().0;
    inside.split('"').skip(1).step_by(2).collect()
}

#[test]
fn every_right_on_the_bus_is_told() {
    let text = docs::read("nats/users.conf");
    let mut page = String::new();
    for user in
        text.split("\n\n").map(|part| part.split_once(": {\n").map(|(head, body)| (head.lines().last().unwrap(), body)))
    {
        let Some((role, rights)) = user else { continue };
        let (publish, subscribe) = (list(rights, "publish"), list(rights, "subscribe"));
        if publish.is_empty() && subscribe.is_empty() {
            continue;
        }
        let _ = writeln!(page, "### {}\n\n| may | subjects |\n| --- | --- |", role.to_lowercase());
        for (word, subjects) in [("publish", publish), ("subscribe", subscribe)] {
            let subjects: Vec<String> = subjects.iter().map(|subject| format!("`{subject}`")).collect();
            let _ = writeln!(page, "| {word} | {} |", subjects.join(", "));
        }
        page.push('\n');
    }
    docs::made_of("docs/reference/subjects.md", "nats/users.conf", &page);
}
