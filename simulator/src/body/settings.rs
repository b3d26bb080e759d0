//! What makes a world what it is: plain values with their units and ranges, which can be changed while it runs.

use super::motion::MotionMix;
use serde::{Deserialize, Serialize};

/// What makes a world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorldSettings {
    /// The same seed and the same steps give the same frames.
    pub seed: u64,
    /// The room, with a beacon in each corner.
    pub floor: Floor,
    /// Who does what.
    pub motion: MotionMix,
    /// The beat of those who dance, in beats a minute, 20 to 300.
    pub bpm: f32,
    /// How often a device is tapped.
    pub taps: Taps,
    /// How well the beacons are heard.
    pub radio: Radio,
}

/// A floor in metres.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Floor {
    /// From west to east, 1 to 1,000 m.
    pub width_m: f32,
    /// From north to south, 1 to 1,000 m.
    pub depth_m: f32,
}

/// Taps of one device: a Poisson process.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Taps {
    /// Taps a second on average, 0 to 20.
    pub per_second: f32,
    /// How long one is seen, 0 to 10,000 ms; in one frame at least.
    pub duration_ms: u32,
}

/// The readings of the beacons.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Radio {
    /// Standard deviation of one reading, 0 to 30 dB.
    pub noise_db: f32,
    /// Probability that a reading is missing (0 on the wire), 0 to 1.
    pub missing: f32,
}

impl Default for WorldSettings {
    fn default() -> Self {
        Self {
            seed: 1,
            floor: Floor::default(),
            motion: MotionMix::default(),
            bpm: 120.0,
            taps: Taps::default(),
            radio: Radio::default(),
        }
    }
}

impl Default for Floor {
    fn default() -> Self {
        Self { width_m: 12.0, depth_m: 9.0 }
    }
}

impl Default for Taps {
    fn default() -> Self {
        Self { per_second: 0.1, duration_ms: 150 }
    }
}

impl Default for Radio {
    fn default() -> Self {
        Self { noise_db: 3.0, missing: 0.01 }
    }
}

/// A setting that is out of its range.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{name} is {value}, it must be {lowest} to {highest}")]
pub struct SettingError {
    /// The setting, as `radio.noise_db`.
    pub name: &'static str,
    /// What it is.
    pub value: f64,
    /// The least that it may be.
    pub lowest: f64,
    /// The most that it may be.
    pub highest: f64,
}

/// A setting's name, itself, and its range.
type Ranged<'a> = (&'static str, &'a mut f32, f32, f32);

/// The longest tap, in milliseconds.
const LONGEST_TAP_MS: u32 = 10_000;

impl WorldSettings {
    /// All settings that are out of their range, each with the range.
    ///
    /// # Errors
    /// The complaints, when there are any.
    pub fn validate(&self) -> Result<(), Vec<SettingError>> {
        let mut copy = self.clone();
        let mut errors: Vec<SettingError> = copy
            .ranged()
            .into_iter()
            .filter(|(_, value, lowest, highest)| !(*lowest..=*highest).contains(value))
            .map(|(name, value, lowest, highest)| SettingError {
                name,
                value: f64::from(*value),
                lowest: f64::from(lowest),
                highest: f64::from(highest),
            })
            .collect();
        let duration_ms = self.taps.duration_ms;
        if duration_ms > LONGEST_TAP_MS {
            let (value, highest) = (f64::from(duration_ms), f64::from(LONGEST_TAP_MS));
            errors.push(SettingError { name: "taps.duration_ms", value, lowest: 0.0, highest });
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// The nearest settings that are in range: what a world works with, whatever it is given.
    pub(crate) fn in_range(&self) -> Self {
        let mut copy = self.clone();
        for (_, value, lowest, highest) in copy.ranged() {
            *value = if value.is_nan() { lowest } else { value.clamp(lowest, highest) };
        }
        copy.taps.duration_ms = copy.taps.duration_ms.min(LONGEST_TAP_MS);
        copy
    }

    fn ranged(&mut self) -> [Ranged<'_>; 11] {
        let Self { floor, motion, bpm, taps, radio, .. } = self;
        [
            ("floor.width_m", &mut floor.width_m, 1.0, 1_000.0),
            ("floor.depth_m", &mut floor.depth_m, 1.0, 1_000.0),
            ("motion.flock", &mut motion.flock, 0.0, 1e6),
            ("motion.walk", &mut motion.walk, 0.0, 1e6),
            ("motion.dance", &mut motion.dance, 0.0, 1e6),
            ("motion.rest", &mut motion.rest, 0.0, 1e6),
            ("motion.free", &mut motion.free, 0.0, 1e6),
            ("bpm", bpm, 20.0, 300.0),
            ("taps.per_second", &mut taps.per_second, 0.0, 20.0),
            ("radio.noise_db", &mut radio.noise_db, 0.0, 30.0),
            ("radio.missing", &mut radio.missing, 0.0, 1.0),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_out_of_range_is_named_with_its_range() {
        assert_eq!(WorldSettings::default().validate(), Ok(()));
        let mut settings = WorldSettings::default();
        settings.floor.width_m = f32::NAN;
        settings.motion.dance = -1.0;
        settings.taps.duration_ms = 10_001;
        settings.radio.noise_db = 40.0;
        let errors = settings.validate().unwrap_err();
        let names: Vec<&str> = errors.iter().map(|error| error.name).collect();
        assert_eq!(names, ["floor.width_m", "motion.dance", "radio.noise_db", "taps.duration_ms"]);
        assert_eq!(errors[2].to_string(), "radio.noise_db is 40, it must be 0 to 30");
        assert_eq!(settings.in_range().validate(), Ok(()));
    }

    #[test]
    fn settings_are_read_with_defaults_for_what_is_missing() {
        let settings: WorldSettings =
            toml::from_str("seed = 7\n[floor]\nwidth_m = 40.0\n[motion]\ndance = 1.0").unwrap();
        assert_eq!((settings.seed, settings.floor.width_m, settings.floor.depth_m), (7, 40.0, 9.0));
        assert_eq!(settings.motion, MotionMix { dance: 1.0, ..MotionMix::NONE });
        assert!(toml::from_str::<WorldSettings>("sede = 7").unwrap_err().to_string().contains("sede"));
    }
}
