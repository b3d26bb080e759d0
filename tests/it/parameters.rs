//! Parameters with types: what a device gets, what is refused, and `grouploop registry check`, which says what is wrong in a file.

use crate::stage::{Stage, meet};
use grouploop_testkit::{Peer, within};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

crate::on_both_stages!(a_device_gets_values_in_the_form_of_their_type, values_that_do_not_fit_are_refused);

const DEVICE: u16 = 0x1a2b;
const BUILT_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/bridge/src/commands.json");

async fn pair(stage: &Stage) -> (Peer, Peer) {
    let mut device = Peer::device(&stage.devices, DEVICE).await;
    let mut controller = Peer::connect(&stage.clients).await;
    meet(&mut controller, &mut device, DEVICE).await;
    (device, controller)
}

async fn a_device_gets_values_in_the_form_of_their_type(stage: Stage) {
    let (mut device, mut controller) = pair(&stage).await;
    for (sent, arrives) in [
        ("brightness:127.48", "brightness:127"),
        ("brightness:255", "brightness:255"),
        ("vibrate: 250.5 ", "vibrate:250"),
        ("pattern:Breathing", "pattern:breathing"),
        ("spring_param:64140A", "spring_param:64140a"),
        ("led_set:5:Red", "led_set:5:ff0000"),
        ("led_off:0", "led_off:0"),
        ("led:red:extra", "led:ff0000:extra"),
        ("ota:http://h:5008/firmware/x.bin", "ota:http://h:5008/firmware/x.bin"),
    ] {
        assert_eq!(controller.ask(format!("cmd:1a2b:{sent}")).await, "cmd:result:success", "{sent}");
        device.expect(arrives).await;
    }
    assert_eq!(controller.ask("cmd:all:pattern:OFF").await, "cmd:result:sent_to_1_devices");
    device.expect("pattern:off").await;
    device.barrier().await;
}

async fn values_that_do_not_fit_are_refused(stage: Stage) {
    let (mut device, mut controller) = pair(&stage).await;
    for sent in [
        "brightness:256",
        "brightness:-1",
        "brightness:bright",
        "vibrate:0",
        "vibrate:0.9",
        "vibrate:99999999999",
        "led_set:6:red",
        "led_set:0:mauve",
        "led_off:6",
        "pattern:disco",
        "spring_param:64140",
        "ota:firmware.bin",
    ] {
        for target in ["1a2b", "all", "ffff"] {
            let answer = controller.ask(format!("cmd:{target}:{sent}")).await;
            assert_eq!(answer, "cmd:error:invalid_parameter", "{target} {sent}");
        }
    }
    // What is missing is said first.
    assert_eq!(controller.ask("cmd:1a2b:led_set:6").await, "cmd:error:missing_parameters");
    device.barrier().await;
}

async fn check(file: &Path) -> (i32, String, String) {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_grouploop"));
    command.args(["registry", "check"]).arg(file).env_clear().stdin(Stdio::null()).kill_on_drop(true);
    let Output { status, stdout, stderr } = within("registry check to end", command.output()).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// A file that is gone with the test.
struct Registry(PathBuf);

impl Registry {
    fn new(name: &str, json: &str) -> Self {
        let path = std::env::temp_dir().join(format!("grouploop-{}-{name}.json", std::process::id()));
        std::fs::write(&path, json).unwrap();
        Self(path)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn a_good_registry_is_counted() {
    let (code, said, complaints) = check(Path::new(BUILT_IN)).await;
    assert_eq!((code, complaints.as_str()), (0, ""));
    assert_eq!(said, format!("{BUILT_IN}: 12 commands, 8 with typed parameters\n"));
    let version_1 = Registry::new("version-1", r#"{"commands": {"wink": {"parameters": ["how"]}}}"#);
    let (code, said, _) = check(&version_1.0).await;
    assert_eq!(code, 0);
    assert!(said.ends_with(": 1 command, 0 with typed parameters\n"), "{said}");
}

#[tokio::test]
async fn every_mistake_in_a_registry_is_named_on_a_line_of_its_own() {
    let file = Registry::new(
        "mistakes",
        r#"{"commands": {
            "led": {"parameters": ["color"], "schema": [{"type": "colour"}]},
            "brightness": {"parameters": ["level"], "schema": [{"name": "level", "type": "int", "min": "a", "default": []}]},
            "b\u001b[2Jad": {"examples": 5}
        }}"#,
    );
    let (code, said, complaints) = check(&file.0).await;
    assert_eq!((code, said.as_str()), (1, ""));
    let name = file.0.display();
    for mistake in [
        r#"commands.brightness.schema[0].min: it is "a", it must be a whole number"#,
        "commands.brightness.schema[0].default: it is a list, it must be a whole number",
        r#"commands.led.schema[0].type: it is "colour", it must be one of int, color, enum, duration_ms, hex, url; did you mean color?"#,
        r#"commands["b\u{1b}[2Jad"].examples: it is 5, it must be a list of texts"#,
    ] {
        assert!(
            complaints.lines().any(|line| line == format!("grouploop: {name}: {mistake}")),
            "{mistake} in {complaints}"
        );
    }
    assert_eq!(complaints.lines().count(), 5, "and the name of a command: {complaints}");
    assert!(!complaints.contains('\u{1b}'), "{complaints:?}");
}

#[tokio::test]
async fn what_is_no_json_is_told_with_its_place() {
    let file = Registry::new("no-json", "{\n  \"commands\": {,");
    let (code, _, complaints) = check(&file.0).await;
    assert_eq!((code, complaints.lines().count()), (1, 1), "{complaints}");
    assert!(complaints.contains("line 2 column 16"), "{complaints}");
}

#[tokio::test]
async fn a_file_that_is_not_there_or_too_long_is_told() {
    let long = Registry::new("long", &" ".repeat((1 << 20) + 1));
    for (file, complaint) in [
        (Path::new("/no/such/commands.json"), "/no/such/commands.json cannot be read"),
        (&std::env::temp_dir(), "cannot be read"),
        (&long.0, "longer than 1048576 bytes"),
    ] {
        let (code, said, complaints) = check(file).await;
        assert_eq!((code, said.as_str()), (1, ""));
        assert!(complaints.contains(complaint) && complaints.lines().count() == 1, "{complaints}");
    }
}
