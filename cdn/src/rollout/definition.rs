//! What somebody asks for when a rollout is made: read, every mistake named, and made a record of. Pure.

use super::record::{Amount, Device, Firmware, Record, Rules, Runs, Stage, State, Step, Timeouts, Wanted, wall_ms};
use crate::manifest::Manifest;
use crate::mistakes::{Mistakes, kind};
use grouploop_bridge::{DeviceId, Space};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Devices of one rollout: as many as the downloads that a CDN announces at a time.
pub(crate) const MAX_DEVICES: usize = 4096;
/// Longest timeout.
const MAX_SECONDS: u64 = 3600;
/// Devices of the canary when nobody says how many, and of a wave.
const CANARY: usize = 1;
const WAVE: Amount = Amount::Percent(25);
/// What may fail when nobody says how many: of a small stage nothing.
const MAX_FAILED: Amount = Amount::Percent(10);

/// The keys.
const KEYS: [&str; 7] = ["firmware", "devices", "canary", "wave", "max_failed", "timeouts", "any_board"];

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Definition {
    pub(crate) firmware: Firmware,
    pub(crate) devices: Vec<DeviceId>,
    pub(crate) rules: Rules,
    /// Also devices that are known to have run the image of another board.
    pub(crate) any_board: bool,
}

impl Definition {
    /// Reads it; the manifest says which images there are.
    ///
    /// # Errors
    /// Every mistake.
    pub(crate) fn parse(bytes: &[u8], manifest: &Manifest) -> Result<Self, Vec<String>> {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| vec![format!("it is no JSON: {error}")])?;
        let Value::Object(given) = &value else {
            return Err(vec![format!("it must be an object, it is {}", kind(&value))]);
        };
        let mut mistakes = Mistakes::default();
        for key in given.keys().filter(|key| !KEYS.contains(&key.as_str())) {
            mistakes.add(key, format!("it is no key of a rollout; there are {}", KEYS.join(", ")));
        }
        let firmware = mistakes.firmware(given.get("firmware"), manifest);
        let devices = mistakes.rollout_devices(given.get("devices"));
        let canary = match given.get("canary") {
            None => CANARY,
            Some(canary) => canary.as_u64().and_then(|canary| usize::try_from(canary).ok()).unwrap_or_else(|| {
                mistakes.add("canary", "it must be a number of devices, 0 for none");
                0
            }),
        };
        let wave = mistakes.amount(given, "wave", WAVE).of(devices.len()).max(1);
        if given.get("wave").is_some_and(|wave| wave.as_u64() == Some(0)) {
            mistakes.add("wave", "it must be 1 or more");
        }
        let max_failed = mistakes.amount(given, "max_failed", MAX_FAILED);
        let timeouts = match given.get("timeouts") {
            None => Timeouts::default(),
            Some(timeouts) => serde_json::from_value(timeouts.clone()).unwrap_or_else(|error| {
                mistakes.add("timeouts", format!("it must hold start_s, stall_s, settle_s and restart_s: {error}"));
                Timeouts::default()
            }),
        };
        let Timeouts { start_s, stall_s, settle_s, restart_s } = timeouts;
        for (key, seconds) in
            [("start_s", start_s), ("stall_s", stall_s), ("settle_s", settle_s), ("restart_s", restart_s)]
        {
            if !(1..=MAX_SECONDS).contains(&seconds) {
                mistakes.add(
                    &format!("timeouts.{key}"),
                    format!("{seconds} is out of range, it must be 1 to {MAX_SECONDS}"),
                );
            }
        }
        let any_board = match given.get("any_board") {
            None => false,
            Some(Value::Bool(any)) => *any,
            Some(other) => {
                mistakes.add("any_board", format!("it must be true or false, it is {}", kind(other)));
                false
            }
        };
        if !mistakes.0.is_empty() {
            return Err(mistakes.0);
        }
        Ok(Self { firmware, devices, rules: Rules { canary, wave, max_failed, timeouts }, any_board })
    }

    /// The record of a rollout that nobody has taken up yet.
    pub(crate) fn record(self, id: String, space: Space, url: String, retry_of: Option<String>) -> Record {
        let Self { firmware, devices, rules, any_board } = self;
        let mut stages = Vec::new();
        let mut left = devices.len();
        let mut add = |name: String, size: usize| {
            let size = size.min(left);
            left -= size;
            if size > 0 {
                let max_failed = rules.max_failed.of(size);
                stages.push(Stage { name, devices: size, max_failed, done: 0, failed: 0, skipped: 0 });
            }
            left > 0
        };
        let mut wave = 0;
        let mut more = add("canary".into(), rules.canary);
        while more {
            wave += 1;
            more = add(format!("wave {wave}"), rules.wave);
        }
        let places = stages.iter().enumerate().flat_map(|(place, stage)| std::iter::repeat_n(place, stage.devices));
        let devices = devices
            .into_iter()
            .zip(places)
            .map(|(id, stage)| Device {
                id,
                stage,
                state: Step::Waiting,
                runs: Runs::Old,
                bytes: None,
                size: None,
                reason: None,
                asked: 0,
                claimed: None,
                ran: None,
                changed_ms: None,
            })
            .collect();
        let mut record = Record {
            id,
            space,
            made_ms: wall_ms(),
            began_ms: None,
            ended_ms: None,
            firmware,
            url,
            state: State::Waiting,
            wanted: Wanted::Run,
            note: None,
            rules,
            any_board,
            retry_of,
            runner: None,
            stages,
            counts: BTreeMap::new(),
            devices,
        };
        record.count();
        record
    }
}

impl Mistakes {
    fn amount(&mut self, given: &Map<String, Value>, key: &str, otherwise: Amount) -> Amount {
        let Some(value) = given.get(key) else { return otherwise };
        serde_json::from_value(value.clone()).unwrap_or_else(|_| {
            self.add(key, "it must be a number of devices, or a share such as \"5%\"");
            otherwise
        })
    }

    fn rollout_devices(&mut self, devices: Option<&Value>) -> Vec<DeviceId> {
        let Some(Value::Array(list)) = devices else {
            self.add("devices", "it must be a list of device ids, in the order of their turn");
            return Vec::new();
        };
        if !(1..=MAX_DEVICES).contains(&list.len()) {
            self.add("devices", format!("{} are named, it must be 1 to {MAX_DEVICES}", list.len()));
            return Vec::new();
        }
        let mut seen = BTreeSet::new();
        let mut devices = Vec::with_capacity(list.len());
        for (number, device) in list.iter().enumerate() {
            match device.as_str().and_then(DeviceId::parse) {
                Some(id) if seen.insert(id) => devices.push(id),
                Some(id) => self.add(&format!("devices[{number}]"), format!("{id} is named twice")),
                None => self.add(&format!("devices[{number}]"), "it must be a device id of 4 hex digits"),
            }
        }
        devices
    }

    /// The image: a board's, of a version or its current one, or one by its path.
    fn firmware(&mut self, wanted: Option<&Value>, manifest: &Manifest) -> Firmware {
        let Some(Value::Object(wanted)) = wanted else {
            self.add("firmware", "it must be {\"board\": …, \"version\": …} or {\"path\": …}");
            return Firmware::default();
        };
        for (key, _) in wanted.iter().filter(|(key, _)| !["board", "version", "path"].contains(&key.as_str())) {
            self.add(&format!("firmware.{key}"), "it is no key here; there are board, version and path");
        }
        let mut text = |key: &str| match wanted.get(key) {
            None => None,
            Some(Value::String(text)) => Some(text.as_str()),
            Some(other) => {
                self.add(&format!("firmware.{key}"), format!("it must be a text, it is {}", kind(other)));
                None
            }
        };
        let (board, version, path) = (text("board"), text("version"), text("path"));
        if board.is_none() && path.is_none() {
            self.add("firmware", "it must name a board or a path");
            return Firmware::default();
        }
        let fits = |own: &str, wanted: Option<&str>| wanted.is_none_or(|wanted| wanted == own);
        let found = manifest.images.iter().filter(|(name, _)| fits(name, board)).find_map(|(board, images)| {
            let image = images.iter().find(|image| fits(&image.version, version) && fits(&image.path, path))?;
            Some(Firmware {
                path: image.path.clone(),
                board: board.clone(),
                version: image.version.clone(),
                size: image.size?,
                md5: image.md5.clone()?,
            })
        });
        found.unwrap_or_else(|| {
            let there: Vec<String> = manifest
                .images
                .iter()
                .flat_map(|(board, images)| images.iter().map(move |image| format!("{board} {}", image.version)))
                .take(20)
                .collect();
            let there = if there.is_empty() { "nothing".into() } else { there.join(", ") };
            self.add("firmware", format!("the manifest has no such image; it has {there}"));
            Firmware::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Image;
    use serde_json::json;

    fn manifest() -> Manifest {
        let image = |version: &str| Image {
            version: version.into(),
            path: format!("firmware/c3-{version}.bin"),
            size: Some(5),
            md5: Some("ab".repeat(16)),
            ..Image::default()
        };
        let images = [("board-c3".to_owned(), vec![image("1.4.0"), image("1.3.0")])].into();
        Manifest { images, ..Manifest::default() }
    }

    fn parse(value: &Value) -> Result<Definition, Vec<String>> {
        Definition::parse(value.to_string().as_bytes(), &manifest())
    }

    fn stages(value: &Value) -> Vec<(String, usize, usize)> {
        let record = parse(value).unwrap().record("r".into(), Space::main(), String::new(), None);
        let places = record.devices.iter().map(|device| device.stage);
        assert!(places.is_sorted(), "in the order of their turn");
        record.stages.into_iter().map(|stage| (stage.name, stage.devices, stage.max_failed)).collect()
    }

    #[test]
    fn a_rollout_is_a_canary_and_waves() {
        let devices: Vec<String> = (0..200).map(|id| format!("{id:04x}")).collect();
        let firmware = json!({"board": "board-c3"});
        let found =
            stages(&json!({"firmware": firmware, "devices": devices, "canary": 5, "wave": 65, "max_failed": "5%"}));
        let expected = [("canary", 5, 0), ("wave 1", 65, 3), ("wave 2", 65, 3), ("wave 3", 65, 3)];
        assert_eq!(found, expected.map(|(name, devices, failed)| (name.to_owned(), devices, failed)));
        let found = stages(&json!({"firmware": firmware, "devices": &devices[..5]}));
        assert_eq!(found.iter().map(|stage| stage.1).collect::<Vec<_>>(), [1, 1, 1, 1, 1], "a quarter of five is one");
        let found = stages(&json!({"firmware": firmware, "devices": ["1a2b"], "canary": 0, "wave": "1%"}));
        assert_eq!(found, [("wave 1".to_owned(), 1, 0)]);
    }

    #[test]
    fn the_image_is_one_of_the_manifest() {
        for (firmware, version) in [
            (json!({"board": "board-c3"}), "1.4.0"),
            (json!({"board": "board-c3", "version": "1.3.0"}), "1.3.0"),
            (json!({"path": "firmware/c3-1.3.0.bin"}), "1.3.0"),
        ] {
            let found = parse(&json!({"firmware": firmware, "devices": ["1a2b"]})).unwrap().firmware;
            assert_eq!((&*found.version, &*found.board), (version, "board-c3"));
        }
        for firmware in
            [json!({"board": "x"}), json!({"board": "board-c3", "version": "9"}), json!({"path": "firmware/x"})]
        {
            let mistakes = parse(&json!({"firmware": firmware, "devices": ["1a2b"]})).unwrap_err();
            assert_eq!(mistakes, ["firmware: the manifest has no such image; it has board-c3 1.4.0, board-c3 1.3.0"]);
        }
    }

    #[test]
    fn every_mistake_is_named() {
        let wrong = json!({
            "firmware": {"boards": "x"}, "devices": ["1a2b", "1A2B", 7], "canary": -1, "wave": 0, "max_failed": "5",
            "timeouts": {"start_s": 0}, "any_board": 1, "waves": 3,
        });
        let mistakes = parse(&wrong).unwrap_err();
        for part in [
            "waves: it is no key",
            "firmware.boards: it is no key",
            "firmware: it must name a board or a path",
            "devices[1]: 1a2b is named twice",
            "devices[2]: it must be a device id",
            "canary: it must be a number",
            "wave: it must be 1 or more",
            "max_failed: it must be a number of devices, or a share",
            "timeouts.start_s: 0 is out of range",
            "any_board: it must be true or false, it is a number",
        ] {
            assert!(mistakes.iter().any(|mistake| mistake.starts_with(part)), "{part} in {mistakes:?}");
        }
        assert_eq!(mistakes.len(), 10, "{mistakes:?}");
        let many = json!({"firmware": {"board": "board-c3"}, "devices": vec!["1a2b"; MAX_DEVICES + 1]});
        assert_eq!(parse(&many).unwrap_err(), ["devices: 4097 are named, it must be 1 to 4096"]);
        assert!(parse(&json!({"firmware": {"board": "board-c3"}, "devices": []})).is_err());
        assert!(parse(&json!({"firmware": {}, "devices": ["1a2b"], "timeouts": {"x": 1}})).is_err());
    }
}
