//! The scenarios that the program brings along: the files in `simulator/scenarios/`.

/// Each by its name, with its text.
pub const EXAMPLES: [(&str, &str); 4] = [
    ("workshop", include_str!("../../scenarios/workshop.toml")),
    ("festival", include_str!("../../scenarios/festival.toml")),
    ("reconnect-storm", include_str!("../../scenarios/reconnect-storm.toml")),
    ("firmware-day", include_str!("../../scenarios/firmware-day.toml")),
];

/// What a scenario is, for people who choose one: the first sentence of the comment that it begins with.
#[must_use]
pub fn summary(text: &str) -> String {
    let comment: Vec<&str> = text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim).collect();
    let comment = comment.join(" ");
    match comment.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None => comment,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_says_what_it_is_in_a_sentence() {
        for (name, text) in EXAMPLES {
            let summary = summary(text);
            assert!(summary.len() > 30 && summary.ends_with('.') && !summary.contains('#'), "{name}: {summary}");
        }
        assert_eq!(summary("# One. Two.\n# Three."), "One.");
        assert_eq!(summary("# Only\n# this\n\n# and no more."), "Only this");
        assert_eq!(summary("[[swarm]]"), "");
    }
}
