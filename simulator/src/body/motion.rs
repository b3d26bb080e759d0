//! What a body does, and how a crowd is made up.

use serde::{Deserialize, Serialize};

/// What a body does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Motion {
    /// Moves with its neighbours: alignment, cohesion, separation, bounds.
    Flock,
    /// Walks from one place to the next.
    Walk,
    /// Bounces and sways to the beat.
    Dance,
    /// Keeps nearly still.
    Rest,
    /// Turns slowly in any direction.
    Free,
}

/// How many bodies do what: shares of a whole that need not be 1. All 0 means that everybody rests.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default = "MotionMix::none", deny_unknown_fields)]
pub struct MotionMix {
    /// Share of [`Motion::Flock`].
    pub flock: f32,
    /// Share of [`Motion::Walk`].
    pub walk: f32,
    /// Share of [`Motion::Dance`].
    pub dance: f32,
    /// Share of [`Motion::Rest`].
    pub rest: f32,
    /// Share of [`Motion::Free`].
    pub free: f32,
}

impl MotionMix {
    /// No shares: a start for a mix.
    pub const NONE: Self = Self { flock: 0.0, walk: 0.0, dance: 0.0, rest: 0.0, free: 0.0 };

    // A mix that is read holds what it names and nothing of the default.
    fn none() -> Self {
        Self::NONE
    }

    /// Everybody does the same.
    #[must_use]
    pub fn only(motion: Motion) -> Self {
        let mut mix = Self::NONE;
        *match motion {
            Motion::Flock => &mut mix.flock,
            Motion::Walk => &mut mix.walk,
            Motion::Dance => &mut mix.dance,
            Motion::Rest => &mut mix.rest,
            Motion::Free => &mut mix.free,
        } = 1.0;
        mix
    }

    /// What the body at this place of the whole (0 to below 1) does. A body keeps its place, so a change of the mix changes as few
    /// bodies as it can.
    pub(crate) fn pick(&self, place: f32) -> Motion {
        let shares = [
            (Motion::Flock, self.flock),
            (Motion::Walk, self.walk),
            (Motion::Dance, self.dance),
            (Motion::Rest, self.rest),
            (Motion::Free, self.free),
        ];
        let whole: f32 = shares.iter().map(|(_, share)| share).sum();
        let mut left = place * whole;
        let mut last = Motion::Rest;
        for (motion, share) in shares {
            if share > 0.0 {
                if left < share {
                    return motion;
                }
                left -= share;
                last = motion;
            }
        }
        // Rounding can leave a little over: that belongs to the last one.
        last
    }
}

impl Default for MotionMix {
    fn default() -> Self {
        Self::only(Motion::Walk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_kept_whatever_their_sum() {
        let mix = MotionMix { walk: 3.0, rest: 1.0, ..MotionMix::NONE };
        let walking = (0..1_000u16).filter(|place| mix.pick(f32::from(*place) / 1_000.0) == Motion::Walk).count();
        assert_eq!(walking, 750);
        let mix = MotionMix { flock: 1.0, walk: 1.0, dance: 2.0, ..MotionMix::NONE };
        let of = |motion| (0..1_000u16).filter(|place| mix.pick(f32::from(*place) / 1_000.0) == motion).count();
        assert_eq!([Motion::Flock, Motion::Walk, Motion::Dance].map(of), [250, 250, 500]);
        assert_eq!(MotionMix::NONE.pick(0.5), Motion::Rest);
        assert_eq!(MotionMix::only(Motion::Free).pick(0.999_999_94), Motion::Free);
        assert_eq!(MotionMix { flock: 0.1, walk: 0.2, ..MotionMix::NONE }.pick(0.999_999_94), Motion::Walk);
    }

    #[test]
    fn a_mix_is_read_by_the_names_of_its_parts() {
        let mix: MotionMix = toml::from_str("dance = 0.75\nrest = 0.25").unwrap();
        assert_eq!(mix.dance, 0.75);
        assert!(toml::from_str::<MotionMix>("dnace = 1.0").unwrap_err().to_string().contains("dnace"));
    }
}
