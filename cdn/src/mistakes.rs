//! What is wrong in something that people wrote, and where: collected, so that all of it is told at once.

use serde_json::Value;

/// Mistakes that are named; who makes more of them has enough to read.
pub(crate) const MAX_MISTAKES: usize = 50;

/// Collects what is wrong, and reads on.
#[derive(Debug, Default)]
pub(crate) struct Mistakes(pub(crate) Vec<String>);

impl Mistakes {
    pub(crate) fn add(&mut self, place: &str, why: impl AsRef<str>) {
        match self.0.len() {
            ..MAX_MISTAKES => self.0.push(format!("{place}: {}", why.as_ref())),
            MAX_MISTAKES => self.0.push("and more".into()),
            _ => {}
        }
    }
}

/// What a value is, in words.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
