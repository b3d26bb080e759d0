//! Commands, as the firmware obeys them. A line is a command up to its first colon; what it does not know, it ignores.

use super::pattern::{Pattern, Spring};
use super::read::{color, int, three_bytes};
use super::state::{Inside, Wearable};
use super::{Activity, firmware::Update};
use grouploop_bridge::MAX_COMMAND_BYTES;
use std::time::Duration;

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done; the state shows it.
    Done,
    /// The wearable printed this on its serial port.
    Printed(String),
    /// It stopped to fetch an image from this URL. The caller fetches, then says [`Wearable::updated`] or
    /// [`Wearable::update_failed`].
    Fetch(String),
    /// Nothing happened: no command that it knows, a parameter that it can do nothing with, or it is updating or away.
    Ignored,
}

impl Wearable {
    /// Obeys a line as it arrives from the server: `<command>:<parameters>`. Any text is safe.
    pub fn obey(&mut self, line: &str, now: Duration) -> Outcome {
        if line.len() > MAX_COMMAND_BYTES || self.activity(now) != Activity::Running {
            return Outcome::Ignored;
        }
        let (command, parameters) = line.split_once(':').unwrap_or((line, ""));
        if !COMMANDS.contains(&command) {
            return Outcome::Ignored;
        }
        match command {
            "led_get_state" => Outcome::Printed(self.led_line(now)),
            "status" => Outcome::Printed(self.status_line(now)),
            _ => change(self.inside(now), command, parameters, now),
        }
    }
}

/// The commands that there are: a wearable stays empty when it gets anything else.
const COMMANDS: [&str; 12] = [
    "led",
    "pattern",
    "brightness",
    "spring_param",
    "reset",
    "vibrate",
    "led_set",
    "led_off",
    "led_all_off",
    "led_get_state",
    "status",
    "ota",
];

fn change(inside: &mut Inside, command: &str, parameters: &str, now: Duration) -> Outcome {
    let lights = &mut inside.lights;
    let done = match command {
        "led" => {
            lights.set_color(color(parameters));
            true
        }
        "pattern" => Pattern::parse(parameters.trim()).map(|pattern| lights.play(pattern, now)).is_some(),
        "brightness" => {
            lights.brightness = u8::try_from(int(parameters).clamp(0, 255)).unwrap_or(u8::MAX);
            true
        }
        "spring_param" => three_bytes(parameters)
            .map(|bytes| {
                lights.spring = Spring::from_bytes(bytes);
                lights.restart(now);
            })
            .is_some(),
        "reset" => {
            lights.restart(now);
            true
        }
        "led_set" => {
            let (index, rgb) = parameters.split_once(':').unwrap_or((parameters, ""));
            // `toInt` makes 0 of nothing, so a missing index is the first LED.
            lights.set(int(index), color(rgb))
        }
        "led_off" => lights.set(int(parameters), super::Rgb::BLACK),
        "led_all_off" => {
            lights.all_off();
            true
        }
        "vibrate" => match u64::try_from(int(parameters)) {
            Ok(duration_ms @ 1..) => {
                inside.motor_until = now.saturating_add(Duration::from_millis(duration_ms));
                true
            }
            _ => false,
        },
        "ota" if !parameters.trim().is_empty() => {
            inside.update = Update::Fetching;
            return Outcome::Fetch(parameters.trim().to_owned());
        }
        _ => false,
    };
    if done { Outcome::Done } else { Outcome::Ignored }
}
