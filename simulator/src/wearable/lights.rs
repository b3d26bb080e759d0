//! The six LEDs: a colour, a pattern that plays it, single LEDs that were set by hand, and a brightness over all.

use super::pattern::{Pattern, Spring};
use std::fmt;
use std::time::Duration;

/// LEDs of a wearable.
pub const LEDS: usize = 6;

/// A colour: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rgb(pub [u8; 3]);

impl Rgb {
    /// Dark.
    pub const BLACK: Self = Self([0; 3]);
    /// All there is.
    pub const WHITE: Self = Self([255; 3]);

    /// The colour at a light of 0 to 1.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts of floats stop at the ends")]
    pub(crate) fn dimmed(self, light: f32) -> Self {
        Self(self.0.map(|part| (f32::from(part) * light + 0.5) as u8))
    }
}

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "{red:02x}{green:02x}{blue:02x}")
    }
}

impl serde::Serialize for Rgb {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What the LEDs show, at any time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lights {
    pub(crate) color: Rgb,
    pub(crate) pattern: Pattern,
    pub(crate) brightness: u8,
    pub(crate) spring: Spring,
    /// When the pattern began.
    began: Duration,
    /// LEDs that were set one by one; they hide the pattern.
    by_hand: [Option<Rgb>; LEDS],
}

impl Lights {
    /// As after a start at `now`: dark, and white when a pattern is chosen.
    pub(crate) fn new(now: Duration) -> Self {
        Self {
            color: Rgb::WHITE,
            pattern: Pattern::Off,
            brightness: 255,
            spring: Spring::default(),
            began: now,
            by_hand: [None; LEDS],
        }
    }

    /// One colour for all LEDs. It colours the pattern that plays; dark LEDs are simply lit.
    pub(crate) fn set_color(&mut self, color: Rgb) {
        self.color = color;
        self.by_hand = [None; LEDS];
        if self.pattern == Pattern::Off {
            self.pattern = Pattern::Solid;
        }
    }

    pub(crate) fn play(&mut self, pattern: Pattern, now: Duration) {
        self.pattern = pattern;
        self.restart(now);
    }

    /// The pattern from its beginning, on all LEDs.
    pub(crate) fn restart(&mut self, now: Duration) {
        self.began = now;
        self.by_hand = [None; LEDS];
    }

    /// One LED by hand; `false` when there is no such LED.
    pub(crate) fn set(&mut self, index: i32, color: Rgb) -> bool {
        let led = usize::try_from(index).ok().and_then(|index| self.by_hand.get_mut(index));
        let Some(led) = led else { return false };
        *led = Some(color);
        true
    }

    pub(crate) fn all_off(&mut self) {
        self.pattern = Pattern::Off;
        self.by_hand = [None; LEDS];
    }

    /// The colours that one sees.
    pub(crate) fn shown(&self, now: Duration) -> [Rgb; LEDS] {
        let light = self.pattern.light(now.saturating_sub(self.began), &self.spring);
        let brightness = f32::from(self.brightness) / 255.0;
        let mut shown = [Rgb::BLACK; LEDS];
        for ((shown, by_hand), light) in shown.iter_mut().zip(self.by_hand).zip(light) {
            *shown = match by_hand {
                Some(color) => color.dimmed(brightness),
                None => self.color.dimmed(light * brightness),
            };
        }
        shown
    }
}
