//! What the LEDs do by themselves: for each LED a light of 0 to 1 at any time since the pattern began.
//!
//! The firmware's registry gives the names; the shapes and periods here are ours.

use super::lights::LEDS;
use crate::body::wave;
use serde::Serialize;
use std::time::Duration;

/// One breath, in and out.
const BREATH: Duration = Duration::from_secs(4);
/// One heartbeat: two pulses and a pause.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Once around the six LEDs.
const ROUND: Duration = Duration::from_millis(1_200);
/// Light of the LED behind the leading one of a cycle.
const TAIL: f32 = 0.25;

/// What the LEDs do by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Pattern {
    /// Slowly up and down.
    Breathing,
    /// Two quick pulses and a pause.
    Heartbeat,
    /// One LED after another.
    Cycle,
    /// Swings out like a weight on a spring that was let go.
    Spring,
    /// Steadily lit.
    Solid,
    /// Dark.
    Off,
}

impl Pattern {
    /// By the name that the command has for it.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "breathing" => Self::Breathing,
            "heartbeat" => Self::Heartbeat,
            "cycle" => Self::Cycle,
            "spring" => Self::Spring,
            "solid" => Self::Solid,
            "off" => Self::Off,
            _ => return None,
        })
    }

    /// The light of each LED.
    pub(crate) fn light(self, since: Duration, spring: &Spring) -> [f32; LEDS] {
        match self {
            Self::Breathing => [0.5 - 0.5 * wave(phase(since, BREATH) + 0.25); LEDS],
            Self::Heartbeat => {
                let at = phase(since, HEARTBEAT);
                [pulse(at, 0.0).max(0.6 * pulse(at, 0.25)); LEDS]
            }
            Self::Cycle => cycle(phase(since, ROUND)),
            Self::Spring => [spring.swing(since).abs().min(1.0); LEDS],
            Self::Solid => [1.0; LEDS],
            Self::Off => [0.0; LEDS],
        }
    }
}

/// Where a period is, 0 to below 1. In whole microseconds, so that it is as exact after a year as in the beginning.
#[expect(clippy::cast_precision_loss, reason = "a period has few microseconds")]
fn phase(since: Duration, period: Duration) -> f32 {
    let period_us = period.as_micros().max(1);
    (since.as_micros() % period_us) as f32 / period_us as f32
}

/// Half a wave of a fifth of a period, from `start` on.
fn pulse(at: f32, start: f32) -> f32 {
    const LONG: f32 = 0.2;
    let into = at - start;
    if (0.0..LONG).contains(&into) { wave(into / LONG * 0.5) } else { 0.0 }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 5")]
fn cycle(at: f32) -> [f32; LEDS] {
    let leading = (at * 6.0) as usize % LEDS;
    std::array::from_fn(|led| match (leading + LEDS - led) % LEDS {
        0 => 1.0,
        1 => TAIL,
        _ => 0.0,
    })
}

/// A damped spring: `spring_param`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spring {
    /// Spring constant.
    pub constant: f32,
    /// Damping.
    pub damping: f32,
    /// Mass, over 0.
    pub mass: f32,
}

impl Spring {
    /// From the three bytes of the command: constant / 10, damping / 10, mass / 10 + 0.1.
    pub(crate) fn from_bytes(bytes: [u8; 3]) -> Self {
        let [constant, damping, mass] = bytes.map(|byte| f32::from(byte) / 10.0);
        Self { constant, damping, mass: mass + 0.1 }
    }

    /// How far out the weight is that was let go at 1.
    fn swing(&self, since: Duration) -> f32 {
        let (constant, damping, mass) = (f64::from(self.constant), f64::from(self.damping), f64::from(self.mass));
        let time = since.as_secs_f64();
        let fade = damping / (2.0 * mass);
        let stiff = constant / mass - fade * fade;
        let out = if stiff > 1e-9 {
            let turns = stiff.sqrt();
            libm::exp(-fade * time) * (libm::cos(turns * time) + fade / turns * libm::sin(turns * time))
        } else if stiff < -1e-9 {
            // Too damped to swing: it creeps back. Two falling exponentials, neither of which can overflow.
            let slow = (-stiff).sqrt();
            let share = fade / slow;
            0.5 * ((1.0 + share) * libm::exp((slow - fade) * time) + (1.0 - share) * libm::exp(-(slow + fade) * time))
        } else {
            libm::exp(-fade * time) * (1.0 + fade * time)
        };
        #[expect(clippy::cast_possible_truncation, reason = "a light needs no more")]
        let out = out as f32;
        if out.is_nan() { 0.0 } else { out }
    }
}

impl Default for Spring {
    fn default() -> Self {
        Self::from_bytes([0x64, 0x14, 0x0a])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(pattern: Pattern, ms: u64) -> [f32; LEDS] {
        pattern.light(Duration::from_millis(ms), &Spring::default())
    }

    #[test]
    fn a_breath_goes_up_and_down() {
        let [dark, half, light, again] = [0, 1_000, 2_000, 3_000].map(|ms| at(Pattern::Breathing, ms)[0]);
        assert!(dark < 0.01 && light > 0.99, "{dark} {light}");
        assert!((half - 0.5).abs() < 0.01 && (again - 0.5).abs() < 0.01);
    }

    #[test]
    fn a_heart_beats_twice_and_rests() {
        let [first, between, second, rest] = [100, 220, 350, 700].map(|ms| at(Pattern::Heartbeat, ms)[0]);
        assert!(first > 0.99 && (second - 0.6).abs() < 0.01);
        assert_eq!((between, rest), (0.0, 0.0));
    }

    #[test]
    fn a_cycle_lights_one_after_another() {
        assert_eq!(at(Pattern::Cycle, 0), [1.0, 0.0, 0.0, 0.0, 0.0, TAIL]);
        assert_eq!(at(Pattern::Cycle, 250), [TAIL, 1.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(at(Pattern::Cycle, 1_200), at(Pattern::Cycle, 0));
    }

    #[test]
    fn a_spring_swings_out_and_no_parameters_break_it() {
        let near = |ms| at(Pattern::Spring, ms)[0];
        assert!(near(0) > 0.999);
        assert!(near(653) < 0.01, "a quarter of a swing");
        assert!((0.2..0.8).contains(&near(1_060)), "half a swing, damped");
        assert!(near(20_000) < 0.001);
        for constant in [0, 1, 100, 255] {
            for damping in [0, 1, 20, 255] {
                for mass in [0, 10, 255] {
                    let spring = Spring::from_bytes([constant, damping, mass]);
                    for seconds in [0, 1, 60, 1_000_000] {
                        let out = spring.swing(Duration::from_secs(seconds));
                        assert!((-1.01..=1.01).contains(&out), "{spring:?} after {seconds} s: {out}");
                    }
                }
            }
        }
    }
}
