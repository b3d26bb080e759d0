//! The state of a wearable: nothing until the first command, then one box.

use super::firmware::{Activity, REBOOT, Update};
use super::lights::{LEDS, Lights, Rgb};
use super::pattern::{Pattern, Spring};
use serde::Serialize;
use std::time::Duration;

/// Longest version that is kept, in bytes.
const MAX_VERSION_BYTES: usize = 64;

/// A wearable as far as commands go. One that never got any takes the size of a pointer.
#[derive(Debug, Clone, Default)]
pub struct Wearable(Option<Box<Inside>>);

#[derive(Debug, Clone)]
pub(crate) struct Inside {
    pub(crate) lights: Lights,
    pub(crate) motor_until: Duration,
    pub(crate) update: Update,
    /// What an update brought; `None` is what it came with.
    version: Option<Box<str>>,
}

/// What one can see of a wearable.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WearableState {
    /// What it is busy with.
    pub activity: Activity,
    /// The colours of its LEDs, brightness applied.
    pub leds: [Rgb; LEDS],
    /// The colour that it was given.
    pub color: Rgb,
    /// What the LEDs do by themselves.
    pub pattern: Pattern,
    /// How bright they are, 0 to 255.
    pub brightness: u8,
    /// The spring of its pattern.
    pub spring: Spring,
    /// The motor runs.
    pub vibrating: bool,
    /// The version that an update brought; `None` is what it came with.
    pub version: Option<String>,
}

impl Wearable {
    /// As it comes from the box.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn inside(&mut self, now: Duration) -> &mut Inside {
        self.0.get_or_insert_with(|| Box::new(Inside::new(now)))
    }

    /// What it is busy with: only one that is running sends frames.
    #[must_use]
    pub fn activity(&self, now: Duration) -> Activity {
        self.0.as_ref().map_or(Activity::Running, |inside| inside.update.activity(now))
    }

    /// The version that an update brought; `None` is what it came with.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.0.as_ref()?.version.as_deref()
    }

    /// The image is flashed: it reboots, and is back after [`REBOOT`] with this version (its first 64 bytes) and everything else as
    /// from the box. Nothing happens to one that was not updating.
    pub fn updated(&mut self, version: &str, now: Duration) {
        let Some(inside) = self.fetching() else { return };
        let back = now.saturating_add(REBOOT);
        *inside = Inside::new(back);
        inside.update = Update::RebootsUntil(back);
        let end = version.floor_char_boundary(MAX_VERSION_BYTES);
        inside.version = Some(version.get(..end).unwrap_or_default().into());
    }

    /// The image could not be fetched, was no good, or is what it runs already (304): it goes on as before.
    pub fn update_failed(&mut self) {
        if let Some(inside) = self.fetching() {
            inside.update = Update::None;
        }
    }

    fn fetching(&mut self) -> Option<&mut Inside> {
        self.0.as_deref_mut().filter(|inside| inside.update == Update::Fetching)
    }

    /// What one can see of it.
    #[must_use]
    pub fn state(&self, now: Duration) -> WearableState {
        match &self.0 {
            Some(inside) => inside.state(now),
            None => Inside::new(now).state(now),
        }
    }

    pub(crate) fn led_line(&self, now: Duration) -> String {
        let state = self.state(now);
        state
            .leds
            .iter()
            .enumerate()
            .map(|(index, color)| format!("led {index}: {color}"))
            .collect::<Vec<_>>()
            .join(", ")
    }

    pub(crate) fn status_line(&self, now: Duration) -> String {
        let WearableState { color, pattern, brightness, vibrating, version, .. } = self.state(now);
        let version = version.as_deref().unwrap_or("stock");
        format!("version {version}, color {color}, pattern {pattern:?}, brightness {brightness}, vibrating {vibrating}")
            .to_lowercase()
    }
}

impl Inside {
    fn new(now: Duration) -> Self {
        Self { lights: Lights::new(now), motor_until: Duration::ZERO, update: Update::None, version: None }
    }

    fn state(&self, now: Duration) -> WearableState {
        let activity = self.update.activity(now);
        WearableState {
            activity,
            // One that reboots is dark.
            leds: if activity == Activity::Absent { [Rgb::BLACK; LEDS] } else { self.lights.shown(now) },
            color: self.lights.color,
            pattern: self.lights.pattern,
            brightness: self.lights.brightness,
            spring: self.lights.spring,
            vibrating: now < self.motor_until,
            version: self.version.as_deref().map(str::to_owned),
        }
    }
}
