//! Every example in `vectors.json`, which the browser's decoder reads too.

use grouploop_bridge::{
    CommandAnswer, CommandError, DeviceId, Frame, Line, Message, Registry, STREAM_ERROR, Target, normalize_color,
};
use serde_json::Value;

fn vectors(section: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../../vectors.json")).unwrap();
    let section = all[section].as_array().unwrap().clone();
    assert!(section.len() > 10, "too few to be true");
    section
}

fn line(frame: &Frame) -> String {
    String::from_utf8(frame.line().to_vec()).unwrap().trim_end().to_owned()
}

#[test]
fn frames() {
    for vector in vectors("frames") {
        let frame = Frame::parse(vector["input"].as_str().unwrap().as_bytes());
        assert_eq!(frame.as_ref().map(line).as_deref(), vector["line"].as_str(), "{vector}");
        if let Some(frame) = frame {
            assert_eq!(frame.device().to_string(), vector["device"], "{vector}");
            assert_eq!(frame.tapped(), vector["tap"], "{vector}");
            assert_eq!(Frame::parse(&frame.line()[..20]), Some(frame), "what goes out can come in");
        }
    }
}

#[test]
fn messages() {
    for vector in vectors("messages") {
        let expected: Vec<String> = vector["frames"]
            .as_array()
            .map(|all| all.iter().map(|f| f.as_str().unwrap().to_owned()).collect())
            .unwrap_or_default();
        let text = |key: &str| vector[key].as_str().map(str::to_owned);
        let kind = match Message::parse(vector["input"].as_str().unwrap()) {
            Message::Ping => "ping",
            Message::Unsubscribe => "unsubscribe",
            Message::EmptyLabel => "empty_label",
            Message::Label { label, device } => {
                assert_eq!(Some(label.to_owned()), text("label"), "{vector}");
                assert_eq!(device.map(|id| id.to_string()), text("device"), "{vector}");
                "label"
            }
            Message::Subscribe(Ok(options)) => {
                let devices = options.devices.map(|all| all.iter().map(DeviceId::to_string).collect::<Vec<_>>());
                assert_eq!(serde_json::to_value(devices).unwrap(), vector["devices"], "{vector}");
                assert_eq!(serde_json::to_value(options.rate).unwrap(), vector["rate"], "{vector}");
                "subscribe"
            }
            Message::Subscribe(Err(error)) => {
                assert_eq!(format!("{STREAM_ERROR}{error}"), vector["answer"], "{vector}");
                "subscribe_error"
            }
            Message::Frame(frame) => {
                assert_eq!(vec![line(&frame)], expected, "{vector}");
                "frame"
            }
            Message::Lines(lines) => {
                let (mut frames, mut others) = (Vec::new(), 0);
                for entry in lines {
                    match entry {
                        Line::Frame(frame) => frames.push(line(&frame)),
                        Line::Other => others += 1,
                    }
                }
                assert_eq!(frames, expected, "{vector}");
                assert_eq!(others, vector["others"], "{vector}");
                "lines"
            }
            Message::Command(_) => "command",
        };
        assert_eq!(kind, vector["kind"], "{vector}");
    }
}

#[test]
fn commands() {
    let registry = Registry::built_in();
    for vector in vectors("commands") {
        let Message::Command(parsed) = Message::parse(vector["input"].as_str().unwrap()) else { panic!("{vector}") };
        let checked = parsed
            .map_err(|_| CommandError::InvalidFormat)
            .and_then(|line| registry.check(line.command, line.parameters).map(|text| (line.target, text)));
        match checked {
            Ok((target, text)) => {
                assert_eq!(text, vector["device"], "{vector}");
                let target = Target::parse(target).map(|target| match target {
                    Target::All => "all".to_owned(),
                    Target::Device(device) => device.to_string(),
                });
                assert_eq!(target.as_deref(), vector["target"].as_str(), "{vector}");
            }
            Err(error) => assert_eq!(CommandAnswer::Error(error).to_string(), vector["error"], "{vector}"),
        }
    }
}

#[test]
fn colors() {
    for vector in vectors("colors") {
        let digits = normalize_color(vector["input"].as_str().unwrap());
        assert_eq!(digits.as_deref(), vector["digits"].as_str(), "{vector}");
    }
}
