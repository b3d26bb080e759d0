//! One body: where it is, how it is turned, and how each motion moves it.

use super::flock::Flock;
use super::math::{fraction, lanes, normals, stream, unit, wave};
use super::motion::Motion;
use super::sensors::{Forces, Readings, sense};
use super::settings::{Floor, WorldSettings};
use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::Rng;

/// The acceleration of gravity, in m/s².
const GRAVITY: f32 = 9.81;
/// Steps of a walk a second at [`WALKING_SPEED`], divided by two: one turn of a gait's phase is two steps.
const STRIDES_PER_SECOND: f32 = 0.95;
/// In m/s.
const WALKING_SPEED: f32 = 1.2;
/// A body this near its goal (m², squared) has arrived.
const ARRIVED: f32 = 0.25;
/// Deviation of a phase from the beat, in bars, over a crowd of dancers: nobody is exact.
const BEAT_SPREAD: f32 = 0.1;

/// What is the same for all bodies in one step.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// Length in seconds, over 0.
    pub(crate) dt: f32,
    /// Its square root: noise grows with that.
    pub(crate) root_dt: f32,
    /// From a change of velocity in this time to an acceleration in g.
    pub(crate) per_g: f32,
    /// The part of a bar (two beats) that goes by.
    pub(crate) bar: f32,
    /// A random 32-bit number below this is a tap.
    pub(crate) tap_below: u32,
    /// A random 16-bit number below this is a missing reading; up to 65,536.
    pub(crate) missing_below: u32,
    pub(crate) tap_seconds: f32,
    pub(crate) noise_db: f32,
    pub(crate) floor: Floor,
}

impl Step {
    pub(crate) fn new(settings: &WorldSettings, dt: f32) -> Self {
        let taps = f64::from(settings.taps.per_second) * f64::from(dt);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "probabilities are 0 to 1")]
        let (tap_below, missing_below) =
            (((1.0 - libm::exp(-taps)) * f64::from(u32::MAX)) as u32, (settings.radio.missing * 65_536.0) as u32);
        #[expect(clippy::cast_precision_loss, reason = "10,000 at most")]
        let tap_seconds = settings.taps.duration_ms as f32 / 1_000.0;
        Self {
            dt,
            root_dt: dt.sqrt(),
            per_g: 1.0 / (dt * GRAVITY),
            bar: settings.bpm / 120.0 * dt,
            tap_below,
            missing_below,
            tap_seconds,
            noise_db: settings.radio.noise_db,
            floor: settings.floor,
        }
    }
}

/// One body.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    noise: SplitMix64,
    /// Metres from the north-west corner, to the east and to the south.
    pub(crate) at: [f32; 2],
    /// In m/s.
    pub(crate) velocity: [f32; 2],
    goal: [f32; 2],
    /// From the device's axes to those of the room: a unit quaternion, real part first.
    attitude: [f32; 4],
    /// Radians a second about the device's axes.
    spin: [f32; 3],
    /// Of the gait or of the bar, in turns, 0 to below 1.
    phase: f32,
    /// How lively: 0.8 to below 1.2.
    tempo: f32,
    /// Seconds that a tap is still seen.
    tap_left: f32,
    /// Place in the crowd, 0 to below 1, by which its motion is picked.
    place: f32,
    pub(crate) motion: Motion,
}

impl Body {
    /// A body somewhere on the floor, turned anyhow; `bar` is where the music is.
    pub(crate) fn new(settings: &WorldSettings, device: u16, bar: f32) -> Self {
        let mut noise = stream(settings.seed, device);
        let Floor { width_m, depth_m } = settings.floor;
        let [east, south, goal_east, goal_south] = lanes(noise.next_u64()).map(unit);
        let [place, place_low, tempo, phase] = lanes(noise.next_u64()).map(unit);
        let [north, up, _, _] = normals(noise.next_u64());
        let attitude = unit_quaternion(normals(noise.next_u64())).unwrap_or([1.0, 0.0, 0.0, 0.0]);
        let mut body = Self {
            noise,
            at: [east * width_m, south * depth_m],
            velocity: [north * 0.5, up * 0.5],
            goal: [goal_east * width_m, goal_south * depth_m],
            attitude,
            spin: [0.0; 3],
            phase,
            tempo: 0.8 + tempo * 0.4,
            tap_left: 0.0,
            // Two draws: 65,536 places would be few for as many devices.
            place: (place + place_low / 65_536.0).min(0.999_999),
            motion: Motion::Rest,
        };
        body.turn_to(settings, bar);
        body
    }

    /// Takes up the motion that the mix has for it, and stays on the floor.
    pub(crate) fn turn_to(&mut self, settings: &WorldSettings, bar: f32) {
        let motion = settings.motion.pick(self.place);
        if motion != self.motion && motion == Motion::Dance {
            self.phase = fraction(bar + BEAT_SPREAD * fraction(self.place * 64.0));
        }
        self.motion = motion;
        self.stay_on(settings.floor);
    }

    /// Moves it and reads its sensors.
    #[inline]
    pub(crate) fn step(&mut self, step: &Step, flock: &Flock) -> Readings {
        // The same number of draws in each step, so that no parameter shifts the stream.
        let [beacons, missing, chance, acceleration, push] = std::array::from_fn(|_| self.noise.next_u64());
        let [tap_low, tap_high, east, south] = lanes(chance);
        let before = self.velocity;
        let push = normals(push);
        let [sway, lift] = match self.motion {
            Motion::Flock => self.flock(step, flock, push),
            Motion::Walk => self.walk(step, unit(east), unit(south)),
            Motion::Dance => self.dance(step, push),
            Motion::Rest => self.rest(step, push),
            Motion::Free => self.free(step, push, unit(east) - 0.5, unit(south) - 0.5),
        };
        self.turn(step.dt);
        let [vx, vy] = self.velocity;
        let per_g = step.per_g;
        let [before_x, before_y] = before;
        let pull = [(vx - before_x) * per_g + sway, (vy - before_y) * per_g, lift];
        let [x, y] = self.at;
        self.at = [x + vx * step.dt, y + vy * step.dt];
        self.stay_on(step.floor);

        let tap = (u32::from(tap_high) << 16 | u32::from(tap_low)) < step.tap_below;
        self.tap_left = if tap { step.tap_seconds } else { self.tap_left - step.dt };
        let forces = Forces { attitude: self.attitude, pull, tap, noise: normals(acceleration) };
        // Half a step less than nothing left: sums of steps are not exact.
        let tapped = tap || self.tap_left > 0.5 * step.dt;
        sense(step, self.at, &forces, [beacons, missing], tapped)
    }

    fn flock(&mut self, step: &Step, flock: &Flock, push: [f32; 4]) -> [f32; 2] {
        let [ax, ay] = flock.steer(step.floor, self.at, self.velocity);
        let [px, py, ..] = push;
        let [vx, vy] = self.velocity;
        let vx = vx + ax * step.dt + px * 0.15 * step.root_dt;
        let vy = vy + ay * step.dt + py * 0.15 * step.root_dt;
        let speed = (vx * vx + vy * vy).sqrt();
        let kept = speed.clamp(0.5 * WALKING_SPEED, 1.4 * WALKING_SPEED);
        // One that stands still exactly stays so until noise moves it.
        let scale = if speed > 0.0 { kept / speed } else { 0.0 };
        self.velocity = [vx * scale, vy * scale];
        self.stride(step, kept)
    }

    fn walk(&mut self, step: &Step, east: f32, south: f32) -> [f32; 2] {
        let [x, y] = self.at;
        let [goal_x, goal_y] = self.goal;
        let (dx, dy) = (goal_x - x, goal_y - y);
        let far = dx * dx + dy * dy;
        if far < ARRIVED {
            self.goal = [east * step.floor.width_m, south * step.floor.depth_m];
        }
        let wanted = self.tempo * WALKING_SPEED / (far + 0.01).sqrt();
        let ease = (2.0 * step.dt).min(1.0);
        let [vx, vy] = self.velocity;
        self.velocity = [vx + (dx * wanted - vx) * ease, vy + (dy * wanted - vy) * ease];
        self.stride(step, self.tempo * WALKING_SPEED)
    }

    /// The gait: each step lifts the body, each two swing the arm once.
    fn stride(&mut self, step: &Step, speed: f32) -> [f32; 2] {
        let pace = speed / WALKING_SPEED;
        self.phase = fraction(self.phase + STRIDES_PER_SECOND * pace * step.dt);
        let (sine, cosine) = (wave(self.phase), wave(self.phase + 0.25));
        self.spin = [0.0, 2.4 * pace * sine, 0.4 * pace * cosine];
        [0.0, 0.28 * pace * 2.0 * sine * cosine]
    }

    fn dance(&mut self, step: &Step, push: [f32; 4]) -> [f32; 2] {
        self.phase = fraction(self.phase + step.bar);
        let [px, py, ..] = push;
        self.drift(step, [px, py], 1.5, 0.4);
        // One turn of the phase is a bar: sideways once, up and down (the sine of the double) twice.
        let (sine, cosine) = (wave(self.phase), wave(self.phase + 0.25));
        self.spin = [2.0 * self.tempo * sine, 0.0, 1.5 * self.tempo * cosine];
        [0.25 * self.tempo * sine, 0.6 * self.tempo * 2.0 * sine * cosine]
    }

    fn rest(&mut self, step: &Step, push: [f32; 4]) -> [f32; 2] {
        let [a, b, c, d] = push;
        self.drift(step, [d, -d], 3.0, 0.005);
        self.spin_freely(step, [a, b, c], 3.0, 0.01);
        [0.0; 2]
    }

    fn free(&mut self, step: &Step, push: [f32; 4], east: f32, south: f32) -> [f32; 2] {
        self.drift(step, [east, south], 0.5, 0.6);
        let [a, b, c, _] = push;
        self.spin_freely(step, [a, b, c], 0.4, 0.7);
        [0.0; 2]
    }

    /// Velocity that dies away and is pushed anew.
    #[inline]
    fn drift(&mut self, step: &Step, push: [f32; 2], fade: f32, strength: f32) {
        let keep = (1.0 - fade * step.dt).max(0.0);
        let strength = strength * step.root_dt;
        for (velocity, push) in self.velocity.iter_mut().zip(push) {
            *velocity = *velocity * keep + push * strength;
        }
    }

    /// The same for turning.
    #[inline]
    fn spin_freely(&mut self, step: &Step, push: [f32; 3], fade: f32, strength: f32) {
        let keep = (1.0 - fade * step.dt).max(0.0);
        let strength = strength * step.root_dt;
        for (spin, push) in self.spin.iter_mut().zip(push) {
            *spin = *spin * keep + push * strength;
        }
    }

    /// Turns by the spin: the quaternion's derivative, and back to length 1.
    #[inline]
    fn turn(&mut self, dt: f32) {
        let [w, x, y, z] = self.attitude;
        let [a, b, c] = self.spin.map(|spin| spin * dt * 0.5);
        let turned = [
            w - x * a - y * b - z * c,
            x + w * a + y * c - z * b,
            y + w * b + z * a - x * c,
            z + w * c + x * b - y * a,
        ];
        self.attitude = unit_quaternion(turned).unwrap_or(self.attitude);
    }

    /// Walls: a body that has gone through one is put on it and comes back.
    #[inline]
    fn stay_on(&mut self, floor: Floor) {
        for ((at, velocity), end) in self.at.iter_mut().zip(&mut self.velocity).zip([floor.width_m, floor.depth_m]) {
            if *at < 0.0 {
                *at = 0.0;
                *velocity = velocity.abs();
            } else if *at > end {
                *at = end;
                *velocity = -velocity.abs();
            }
        }
    }

    /// How far over its usual height it is in this moment, in metres: the bounce of its motion.
    pub(crate) fn lift_m(&self) -> f32 {
        match self.motion {
            Motion::Dance => -0.05 * self.tempo * wave(2.0 * self.phase),
            Motion::Walk | Motion::Flock => -0.02 * self.tempo * wave(2.0 * self.phase),
            Motion::Rest | Motion::Free => 0.0,
        }
    }

    /// From the device's axes to those of the room: a unit quaternion, real part first.
    pub(crate) fn attitude(&self) -> [f32; 4] {
        self.attitude
    }
}

#[inline]
fn unit_quaternion(quaternion: [f32; 4]) -> Option<[f32; 4]> {
    let [w, x, y, z] = quaternion;
    let square = w * w + x * x + y * y + z * z;
    (square > 1e-6).then(|| {
        let scale = 1.0 / square.sqrt();
        [w * scale, x * scale, y * scale, z * scale]
    })
}
