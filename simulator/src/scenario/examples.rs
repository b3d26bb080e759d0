//! The scenarios that the program brings along: the files in `simulator/scenarios/`.

/// Each by its name, with its text.
pub const EXAMPLES: [(&str, &str); 4] = [
    ("workshop", include_str!("../../scenarios/workshop.toml")),
    ("festival", include_str!("../../scenarios/festival.toml")),
    ("reconnect-storm", include_str!("../../scenarios/reconnect-storm.toml")),
    ("firmware-day", include_str!("../../scenarios/firmware-day.toml")),
];
