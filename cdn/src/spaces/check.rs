//! What a group and a scene must look like. Pure: values in, every mistake out. Keys that are not known here are kept as they are: a page may
//! put there what it likes.
//!
//! ```text
//!  group   {"title": "Front row", "devices": ["1a2b", …], "color": "ff8000"}                                        color may be missing
//!  scene   {"title": "Sunset", "steps": [{"target": …, "command": "led", "parameters": ["ff8000"]}, …]}        parameters may be missing
//!  target  "all"    ["1a2b", …]    {"group": "<id of a group>"}
//! ```

use super::{DocumentId, Kind};
use crate::image::shortened;
use crate::mistakes::{Mistakes, kind as kind_of};
use grouploop_bridge::{DeviceId, Registry, normalize_color};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Characters of a title.
const MAX_TITLE: usize = 64;
/// Devices of a list: as many as a space can have.
const MAX_DEVICES: usize = 65_536;
/// Steps of a scene.
const MAX_STEPS: usize = 256;

/// Reads a document and looks at it.
///
/// # Errors
/// Every mistake, as `steps[2].command: why`.
pub(super) fn check(kind: Kind, bytes: &[u8], registry: &Registry) -> Result<Value, Vec<String>> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| vec![format!("it is no JSON: {error}")])?;
    let Value::Object(document) = &value else {
        return Err(vec![format!("it must be an object, it is {}", kind_of(&value))]);
    };
    let mut mistakes = Mistakes::default();
    mistakes.title(document.get("title"));
    match kind {
        Kind::Groups => mistakes.group(document),
        _ => mistakes.scene(document, registry),
    }
    if mistakes.0.is_empty() { Ok(value) } else { Err(mistakes.0) }
}

impl Mistakes {
    fn title(&mut self, title: Option<&Value>) {
        let fine = |text: &str| {
            !text.trim().is_empty() && text.chars().count() <= MAX_TITLE && !text.contains(char::is_control)
        };
        match title {
            Some(Value::String(text)) if fine(text) => {}
            Some(Value::String(_)) => self.add("title", format!("it must be one line of 1 to {MAX_TITLE} characters")),
            other => self.must("title", other, "a text"),
        }
    }

    fn group(&mut self, group: &Map<String, Value>) {
        match group.get("devices") {
            Some(Value::Array(devices)) => self.devices("devices", devices),
            other => self.must("devices", other, "a list of device ids"),
        }
        match group.get("color") {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if normalize_color(text).is_some() => {}
            Some(Value::String(text)) => {
                self.add("color", format!("{:?} is no colour, it must look like ff8000 or orange", shortened(text)));
            }
            other => self.must("color", other, "a text"),
        }
    }

    fn scene(&mut self, scene: &Map<String, Value>, registry: &Registry) {
        let steps = match scene.get("steps") {
            Some(Value::Array(steps)) => steps,
            other => return self.must("steps", other, "a list"),
        };
        if !(1..=MAX_STEPS).contains(&steps.len()) {
            self.add("steps", format!("there are {}, there must be 1 to {MAX_STEPS}", steps.len()));
        }
        for (number, step) in steps.iter().enumerate().take(MAX_STEPS) {
            let place = format!("steps[{number}]");
            match step {
                Value::Object(step) => self.step(&place, step, registry),
                other => self.must(&place, Some(other), "an object with target, command and parameters"),
            }
        }
    }

    fn step(&mut self, place: &str, step: &Map<String, Value>, registry: &Registry) {
        self.target(&format!("{place}.target"), step.get("target"));
        let parameters = self.parameters(&format!("{place}.parameters"), step.get("parameters"));
        let place = format!("{place}.command");
        match (step.get("command"), parameters) {
            (Some(Value::String(command)), Some(parameters)) => {
                if let Err(error) = registry.check(command, &parameters.join(":")) {
                    let said = shortened(&format!("{command}:{}", parameters.join(":")));
                    self.add(&place, format!("{said:?} cannot be run: {error}"));
                }
            }
            (Some(Value::String(_)), None) => {}
            (other, _) => self.must(&place, other, "the name of a command"),
        }
    }

    fn target(&mut self, place: &str, target: Option<&Value>) {
        match target {
            Some(Value::String(text)) if text == "all" => {}
            Some(Value::Array(devices)) => self.devices(place, devices),
            Some(Value::Object(one)) => match one.get("group") {
                Some(Value::String(id)) if id.parse::<DocumentId>().is_ok() => {}
                other => self.must(&format!("{place}.group"), other, "the id of a group"),
            },
            other => self.must(place, other, "\"all\", a list of device ids, or {\"group\": \"<id>\"}"),
        }
    }

    /// The parameters as texts; `None` when they are no such list.
    fn parameters(&mut self, place: &str, parameters: Option<&Value>) -> Option<Vec<String>> {
        let list = match parameters {
            None => return Some(Vec::new()),
            Some(Value::Array(list)) => list,
            other => {
                self.must(place, other, "a list of texts and numbers");
                return None;
            }
        };
        let texts: Option<Vec<String>> = list
            .iter()
            .map(|parameter| match parameter {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            })
            .collect();
        if texts.is_none() {
            self.add(place, "each of them must be a text or a number");
        }
        texts
    }

    fn devices(&mut self, place: &str, devices: &[Value]) {
        if devices.len() > MAX_DEVICES {
            return self.add(place, format!("{} devices are named, at most {MAX_DEVICES} fit", devices.len()));
        }
        let mut seen = BTreeSet::new();
        for (number, device) in devices.iter().enumerate() {
            let place = || format!("{place}[{number}]");
            match device.as_str().map(|text| (text, DeviceId::parse(text))) {
                Some((_, Some(id))) if seen.insert(id) => {}
                Some((text, Some(_))) => self.add(&place(), format!("{text:?} is named twice")),
                Some((text, None)) => {
                    self.add(&place(), format!("{:?} is no device id of 4 hex digits", shortened(text)));
                }
                None => self.must(&place(), Some(device), "a device id of 4 hex digits"),
            }
        }
    }

    fn must(&mut self, place: &str, found: Option<&Value>, must_be: &str) {
        match found {
            Some(found) => self.add(place, format!("it must be {must_be}, it is {}", kind_of(found))),
            None => self.add(place, format!("it is missing, it must be {must_be}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn mistakes(kind: Kind, document: &Value) -> Vec<String> {
        check(kind, document.to_string().as_bytes(), &Registry::built_in()).err().unwrap_or_default()
    }

    #[test]
    fn what_pages_write_is_taken_with_all_that_is_in_it() {
        let group = json!({"title": "Front row ✨", "devices": ["1a2b", "1A2C"], "color": "orange", "icon": [1]});
        assert_eq!(check(Kind::Groups, group.to_string().as_bytes(), &Registry::built_in()), Ok(group));
        let scene = json!({"title": "x".repeat(64), "steps": [
            {"target": "all", "command": "reset"},
            {"target": ["1a2b"], "command": "led_set", "parameters": [0, "ff8000"], "wait_ms": 5},
            {"target": {"group": "front-row"}, "command": "led", "parameters": ["red"]},
        ]});
        assert_eq!(mistakes(Kind::Scenes, &scene), [""; 0]);
        assert_eq!(mistakes(Kind::Groups, &json!({"title": "none yet", "devices": []})), [""; 0]);
    }

    #[test]
    fn every_mistake_is_named() {
        for (kind, document, expected) in [
            (Kind::Groups, json!([]), vec!["it must be an object, it is a list"]),
            (
                Kind::Groups,
                json!({"title": " ", "devices": ["1a2b", "1A2B", "xyz", 7], "color": "mauve"}),
                vec![
                    "title: it must be one line of 1 to 64 characters",
                    "devices[1]: \"1A2B\" is named twice",
                    "devices[2]: \"xyz\" is no device id of 4 hex digits",
                    "devices[3]: it must be a device id of 4 hex digits, it is a number",
                    "color: \"mauve\" is no colour, it must look like ff8000 or orange",
                ],
            ),
            (
                Kind::Groups,
                json!({"title": 1}),
                vec![
                    "title: it must be a text, it is a number",
                    "devices: it is missing, it must be a list of device ids",
                ],
            ),
            (Kind::Scenes, json!({"title": "a", "steps": []}), vec!["steps: there are 0, there must be 1 to 256"]),
            (
                Kind::Scenes,
                json!({"title": "a", "steps": [
                    7,
                    {"command": "explode"},
                    {"target": {"group": "No"}, "command": "led", "parameters": ["mauve"]},
                    {"target": "some", "command": "led", "parameters": [null]},
                    {"target": "all", "command": "led", "parameters": "red"},
                ]}),
                vec![
                    "steps[0]: it must be an object with target, command and parameters, it is a number",
                    "steps[1].target: it is missing, it must be \"all\", a list of device ids, or {\"group\": \"<id>\"}",
                    "steps[1].command: \"explode:\" cannot be run: unknown_command",
                    "steps[2].target.group: it must be the id of a group, it is a text",
                    "steps[2].command: \"led:mauve\" cannot be run: invalid_parameter",
                    "steps[3].target: it must be \"all\", a list of device ids, or {\"group\": \"<id>\"}, it is a text",
                    "steps[3].parameters: each of them must be a text or a number",
                    "steps[4].parameters: it must be a list of texts and numbers, it is a text",
                ],
            ),
        ] {
            assert_eq!(mistakes(kind, &document), expected);
        }
        let many: Vec<u32> = (0..1000).collect();
        assert_eq!(mistakes(Kind::Groups, &json!({"title": "a", "devices": many})).len(), 51);
        let long = "x".repeat(65);
        for title in ["", "a\nb", &long] {
            assert_eq!(mistakes(Kind::Groups, &json!({"title": title, "devices": []})).len(), 1, "{title:?}");
        }
    }
}
